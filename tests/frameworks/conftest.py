"""The tests of a framework are collected where it is installed."""

from importlib.util import find_spec

FOLDERS = ("jax", "keras", "ray", "torch")

collect_ignore = [folder for folder in FOLDERS if find_spec(folder) is None]
