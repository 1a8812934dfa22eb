"""Every code block in the README and the other documents runs, and prints what it says."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("tensorflow")

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# These commands run this very test; that make knows them is all that can be tried from inside.
RUNNING_NOW = {"make test", "make check"}


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, its language, its text."""

    document: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document.name}:{self.line}"


def blocks() -> list[Block]:
    return [
        Block(document, text[: match.start()].count("\n") + 1, match[1], match[2])
        for document in DOCUMENTS
        for text in [document.read_text()]
        for match in FENCE.finditer(text)
    ]


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_block_says_how_it_runs(block):
    assert block.language in {"python", "sh"}, "each block names a language that a test can run"


# Keras' saving of weights does not know NumPy 2's copy keyword yet.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("block", [b for b in blocks() if b.language == "python"], ids=str)
def test_python_block_prints_what_it_says(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if ">>>" not in block.text:
        exec(compile(block.text, str(block), "exec"), {"__name__": "__main__"})  # noqa: S102
        return
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    test = doctest.DocTestParser().get_doctest(block.text, {}, str(block), None, block.line)
    results = doctest.DocTestRunner(optionflags=options).run(test)
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize("block", [b for b in blocks() if b.language == "sh"], ids=str)
def test_shell_block_runs(block, tmp_path):
    for command in block.text.splitlines():
        words = command.split("#")[0].split()
        if not words:
            continue
        if words[0] == "make":
            # This environment stands for the one that make would build first.
            built = f"{sys.prefix}/.installed"
            words += ["-C", str(ROOT), f"VENV={sys.prefix}", "-o", built, "--no-print-directory"]
            if command in RUNNING_NOW:
                words.append("--dry-run")
        environment = os.environ | {"PATH": f"{sys.prefix}/bin:{os.environ['PATH']}"}
        subprocess.run(words, check=True, timeout=200, cwd=tmp_path, env=environment)


def test_the_readme_has_blocks_of_both_kinds():
    languages = {block.language for block in blocks() if block.document.name == "README.md"}
    assert languages == {"python", "sh"}
