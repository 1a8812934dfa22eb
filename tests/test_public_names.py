"""The front door: what is promised is importable, and what is importable is promised."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import re
import types
from pathlib import Path

import pytest

import samebytes as sb

ROOT = Path(__file__).parent.parent


def test_all_is_sorted_and_complete():
    assert sb.__all__ == sorted(sb.__all__)
    public = {
        name
        for name, value in vars(sb).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    } - {"Any"}
    late = set(sb._LAZY)  # classes that derive from a framework's, made when first asked for
    assert public | late | {"__version__"} == set(sb.__all__)


@pytest.mark.parametrize("name", sb.__all__)
def test_every_public_name_exists_and_says_what_it_gives(name):
    value = getattr(sb, name)
    if callable(value):
        assert inspect.getdoc(value)


@pytest.mark.parametrize("name", ["as_tensor", "as_array", "empty", "zeros", "aligned", "open"])
def test_a_hand_over_says_in_its_first_line_whether_it_copies(name):
    first = inspect.getdoc(getattr(sb, name)).splitlines()[0]
    assert re.search(r"cop(y|ies)", first), first


NEED = {"samebytes.feeds.torch_dataset": "torch"}
"""Modules that are only imported where a framework is: tests/frameworks looks at them there."""


def test_every_module_lists_what_it_exports():
    for module in pkgutil.walk_packages(sb.__path__, "samebytes."):
        if module.name in NEED and importlib.util.find_spec(NEED[module.name]) is None:
            continue
        loaded = importlib.import_module(module.name)
        if module.ispkg and not hasattr(loaded, "__all__"):
            continue
        for name in loaded.__all__:
            assert hasattr(loaded, name), (module.name, name)


def test_the_version_is_the_changelogs_and_the_projects():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    project = (ROOT / "pyproject.toml").read_text()
    assert re.search(r"^## \[(.+?)\]", changelog, re.MULTILINE).group(1) == sb.__version__
    assert f'version = "{sb.__version__}"' in project


def test_files_hold_one_idea():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "src").rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert not long


def test_errors_are_drawn_and_derive_from_what_numpy_would_raise():
    from samebytes import errors

    for name in errors.__all__:
        kind = getattr(errors, name)
        assert issubclass(kind, errors.SamebytesError)
        assert name in errors.__doc__
    assert issubclass(errors.CopyNeeded, ValueError)
    assert issubclass(errors.NotABuffer, TypeError)
