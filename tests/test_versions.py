"""Whoever tells the version tells the same one."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import samebytes as sb
from samebytes.measure.machine import this_machine

ROOT = Path(__file__).parent.parent


def only(pattern: str, file: str) -> str:
    (found,) = re.findall(pattern, (ROOT / file).read_text(), re.MULTILINE)
    return found


def test_the_package_the_project_and_the_citation_agree():
    assert only(r'^version = "(.+)"$', "pyproject.toml") == sb.__version__
    assert only(r"^version: (\S+)$", "CITATION.cff") == sb.__version__
    assert metadata.version("samebytes") == sb.__version__
    assert this_machine().versions["samebytes"] == sb.__version__


def test_the_changelog_begins_with_it():
    newest = re.search(r"^## \[(.+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == sb.__version__


def test_the_citation_has_what_its_format_asks_for():
    citation = (ROOT / "CITATION.cff").read_text()
    assert only(r"^cff-version: (\S+)$", "CITATION.cff") == "1.2.0"
    for key in ("message", "title", "authors", "license"):
        assert re.search(rf"^{key}:", citation, re.MULTILINE), key
    assert only(r"^license: (\S+)$", "CITATION.cff") == only(
        r'^license = "(.+)"$', "pyproject.toml"
    )
