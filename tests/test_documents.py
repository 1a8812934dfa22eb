"""Every code block in the README and the other documents runs, and prints what it says.

One that cannot run here says why, in a comment that readers do not see, right above its fence::

    <!-- not run: needs PyTorch -->
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

import samebytes as sb
from tests.documents import (
    BLOCKS,
    DOCUMENTS,
    PYTHON,
    ROOT,
    RUNNING_NOW,
    SHELL,
    Block,
    blocks_of,
    run,
)

pytest.importorskip("tensorflow")


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


@pytest.fixture(scope="module")
def found():
    command = [sys.executable, "-m", "tests.documents"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=220, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = map(json.loads, done.stdout.splitlines())
    return {name: (well, printed) for name, well, printed in lines}


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_block_prints_what_it_says(block, found):
    well, printed = found[str(block)]
    assert well, printed


@pytest.mark.parametrize("text", [">>> 1 + 1\n3\n", ">>> 1 / 0\n", ">>> # nothing\n"])
def test_a_block_that_prints_something_else_is_told_of(text):
    assert not run(Block(ROOT / "some.md", 1, "python", text, None))


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
