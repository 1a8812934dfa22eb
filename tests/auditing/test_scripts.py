"""Scripts as tutorials write them: each copy over 1 MB is told of, to the byte, and no other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.forking import RunModule

pytest.importorskip("tensorflow")

SCRIPTS = Path(__file__).parent / "scripts"
PLANTED = re.compile(r"# copied: (.+)$")
TOLD_OF = 1_000_000
# What Keras windows holds: the array, the targets, and where each window begins, as int32.
BEGINS = len(range(0, 200_000 - 24 - 23, 8))
WINDOWS = {"WINDOWS": (200_000 - 24) * 4 * 4 + (200_000 - 24) * 4 + BEGINS * 4}


def planted(script: Path) -> dict[tuple[int, str], int]:
    """Give the bytes that the script's own comments say are copied, by line and kind."""
    found = {}
    for number, line in enumerate(script.read_text().splitlines(), 1):
        comment = PLANTED.search(line)
        for one in comment[1].split(", ") if comment else ():
            kind, _, nbytes = one.rpartition(" ")
            found[number, kind] = WINDOWS.get(nbytes) or int(nbytes)
    return found


def audited(run: RunModule, script: Path, tmp_path: Path) -> list[dict]:
    facts = tmp_path / "facts.json"
    done = run("samebytes.cli.main", "audit", "--json", facts, script)
    assert done.returncode == 0, done.stderr
    return json.loads(facts.read_text())["copies"]


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_each_copy_over_a_megabyte_and_no_other(run_with_tensorflow, script, tmp_path):
    copies = audited(run_with_tensorflow, script, tmp_path)
    large = [copy for copy in copies if copy["bytes"] > TOLD_OF]
    assert all(Path(copy["file"]) == script for copy in large)
    found = {(copy["line"], copy["kind"]): copy["bytes"] for copy in large}
    assert found == planted(script)
    assert len(found) == len(large)
    assert all(copy["remedy"] for copy in large)


def test_the_scripts_plant_copies_of_every_kind_but_our_own():
    kinds = {kind for script in SCRIPTS.glob("*.py") for _, kind in planted(script)}
    assert kinds == {
        "cast",
        "converted",
        "embedded",
        "operand",
        "prepared",
        "rewritten",
        "to numpy",
        "yielded",
    }
    assert not planted(SCRIPTS / "with_samebytes.py")
