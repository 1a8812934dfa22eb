"""Frameworks, imported when they are first needed; their absence told in words."""

from __future__ import annotations

import functools
import importlib
from typing import Any

from samebytes.errors import MissingPackage

__all__ = [
    "import_grain",
    "import_jax",
    "import_keras",
    "import_ray_data",
    "import_tensorflow",
    "import_torch",
]


def _import_framework(module: str, name: str, package: str = "samebytes[tensorflow-cpu]") -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as missing:
        message = (
            f"{name} is not installed, or cannot be imported here; install it: pip install "
            f"'{package}'"
        )
        raise MissingPackage(message) from missing


@functools.cache
def import_tensorflow() -> Any:
    """Return the tensorflow module.

    Raises
    ------
    MissingPackage
        If TensorFlow is not installed.
    """
    return _import_framework("tensorflow", "TensorFlow")


def import_keras() -> Any:
    """Return the keras module.

    Raises
    ------
    MissingPackage
        If Keras is not installed.
    """
    return _import_framework("keras", "Keras")


@functools.cache
def import_torch() -> Any:
    """Return the torch module.

    Raises
    ------
    MissingPackage
        If PyTorch is not installed.
    """
    return _import_framework("torch", "PyTorch", "samebytes[torch]")


@functools.cache
def import_jax() -> Any:
    """Return the jax module.

    Raises
    ------
    MissingPackage
        If JAX is not installed.
    """
    return _import_framework("jax", "JAX", "samebytes[jax]")


@functools.cache
def import_grain() -> Any:
    """Return the grain module.

    Raises
    ------
    MissingPackage
        If Grain is not installed.
    """
    return _import_framework("grain", "Grain", "grain>=0.2.18")


@functools.cache
def import_ray_data() -> Any:
    """Return the ray.data module.

    Raises
    ------
    MissingPackage
        If Ray is not installed, or without what its datasets need.
    """
    return _import_framework("ray.data", "Ray Data", "samebytes[ray]")
