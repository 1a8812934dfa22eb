"""The examples of the documentation that need JAX run here."""

from __future__ import annotations

import pytest

from tests.documents import BLOCKS, run

EXCUSE = "tests/frameworks/jax/test_documents.py runs it"
NEEDING_JAX = [block for block in BLOCKS if block.excuse and EXCUSE in block.excuse]


@pytest.mark.parametrize("block", NEEDING_JAX, ids=str)
def test_block_prints_what_it_says(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(block)
    assert ">>>" in block.text, "a session says what is printed"


def test_there_are_some():
    assert len(NEEDING_JAX) == 3
