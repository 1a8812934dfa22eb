"""Every code block in the README and the other documents runs, and prints what it says.

One that cannot run here says why, in a comment that readers do not see, right above its fence::

    <!-- not run: needs PyTorch -->
"""

from __future__ import annotations

import doctest
import linecache
import os
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

import samebytes as sb

pytest.importorskip("tensorflow")

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
# An indented fence stands in a list, or in a tab of the site.
FENCE = re.compile(
    r"(?:^[ \t]*<!-- not run:(?P<excuse>[^\n]*)-->\n)?"
    r"^(?P<indent>[ \t]*)```[ ]*(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
# These commands run this very test; that make knows them is all that can be tried from inside.
RUNNING_NOW = {"make test", "make check"}


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, its language, its text, and why it does not run."""

    document: Path
    line: int
    language: str
    text: str
    excuse: str | None

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def blocks_of(document: Path, text: str) -> list[Block]:
    return [
        Block(
            document,
            text[: match.start("indent")].count("\n") + 1,
            match["language"],
            textwrap.dedent(match["text"]),
            match["excuse"],
        )
        for match in FENCE.finditer(text)
    ]


BLOCKS = [block for path in DOCUMENTS for block in blocks_of(path, path.read_text())]
PYTHON = [block for block in BLOCKS if block.language == "python" and block.excuse is None]
SHELL = [block for block in BLOCKS if block.language == "sh" and block.excuse is None]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_block_runs_or_says_why_not(block):
    if block.excuse is None:
        assert block.language in {"python", "sh"}, "name a language that a test can run, or say why"
    else:
        assert len(block.excuse.split()) > 1, "an excuse has a reason"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_block_escapes(document):
    fences = re.findall(r"^[ \t]*(?:```|~~~)", document.read_text(), re.MULTILINE)
    found = [block for block in BLOCKS if block.document == document]
    assert len(fences) == 2 * len(found), "each fence is of ``` and belongs to a block"


def test_blocks_are_found_in_tabs_and_with_their_excuses():
    text = (
        '=== "Ours"\n\n    ```python\n    >>> 1 + 1\n    2\n    ```\n\n'
        "<!-- not run: needs PyTorch -->\n```py\nimport torch\n```\n"
    )
    ours, theirs = blocks_of(ROOT / "some.md", text)
    assert (ours.line, ours.text, ours.excuse) == (3, ">>> 1 + 1\n2\n", None)
    assert (theirs.line, theirs.language, theirs.excuse) == (9, "py", " needs PyTorch ")


# Keras' saving of weights does not know NumPy 2's copy keyword yet.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_block_prints_what_it_says(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if ">>>" not in block.text:
        exec(compile(block.text, str(block), "exec"), {"__name__": "__main__"})  # noqa: S102
        return
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    names = {"__name__": "__main__"}
    test = doctest.DocTestParser().get_doctest(block.text, names, str(block), None, block.line)
    for number, example in enumerate(test.examples):
        # tf.function reads the source of what it traces, and looks for it here.
        lines = example.source.splitlines(keepends=True)
        place = f"<doctest {test.name}[{number}]>"
        monkeypatch.setitem(linecache.cache, place, (len(example.source), None, lines, place))
    results = doctest.DocTestRunner(optionflags=options).run(test)
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize("block", SHELL, ids=str)
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
    languages = {block.language for block in BLOCKS if block.document.name == "README.md"}
    assert languages == {"python", "sh"}


def test_every_public_name_is_in_the_reference_once():
    pages = "\n".join(path.read_text() for path in sorted(ROOT.glob("docs/reference/*.md")))
    shown = [path.rpartition(".")[2] for path in re.findall(r"^::: ([\w.]+)$", pages, re.MULTILINE)]
    assert set(sb.__all__) <= set(shown)
    assert len(shown) == len(set(shown))
