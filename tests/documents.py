"""The code blocks of the README and the other documents; as a program, runs those of Python.

All in one process, none of pytest's: what a test before left behind (a captured standard output,
a framework half set up) is not what a reader has. For each block a line of JSON: whether it ran and
printed what it says, and else what happened.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import json
import linecache
import os
import re
import sys
import tempfile
import textwrap
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

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


def main() -> None:
    """Run all, each in a folder of its own, and tell of each on standard output."""
    importlib.import_module("tensorflow")  # its import has warnings of its own

    warnings.simplefilter("error")
    # Keras' saving of weights does not know NumPy 2's copy keyword yet.
    warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
    answers = sys.stdout
    for block in PYTHON:
        printed = io.StringIO()
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(printed):
            os.chdir(folder)
            try:
                well = run(block)
            except Exception:  # noqa: BLE001 (told of, and the other blocks are run all the same)
                well = False
                traceback.print_exc(file=printed)
            os.chdir(ROOT)
        answers.write(json.dumps([str(block), well, printed.getvalue()]) + "\n")
        answers.flush()


def run(block: Block) -> bool:
    """Run a block, and tell whether it printed what it says."""
    if ">>>" not in block.text:
        exec(compile(block.text, str(block), "exec"), {"__name__": "__main__"})  # noqa: S102
        return True
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    names = {"__name__": "__main__"}
    test = doctest.DocTestParser().get_doctest(block.text, names, str(block), None, block.line)
    for number, example in enumerate(test.examples):
        # tf.function reads the source of what it traces, and looks for it here.
        lines = example.source.splitlines(keepends=True)
        place = f"<doctest {test.name}[{number}]>"
        linecache.cache[place] = (len(example.source), None, lines, place)
    results = doctest.DocTestRunner(optionflags=options).run(test)
    return results.attempted > 0 and results.failed == 0


if __name__ == "__main__":
    main()
