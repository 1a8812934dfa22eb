"""The examples that need PyTorch run here: those of the documentation, and those of docstrings."""

from __future__ import annotations

import doctest
import importlib
import warnings

import pytest

from tests.documents import BLOCKS, run

EXCUSE = "tests/frameworks/torch/test_documents.py runs it"
NEEDING_TORCH = [block for block in BLOCKS if block.excuse and EXCUSE in block.excuse]
MODULES = ("samebytes.feeds.torch", "samebytes.feeds.torch_dataset")


@pytest.mark.parametrize("block", NEEDING_TORCH, ids=str)
def test_block_prints_what_it_says(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    warnings.filterwarnings("ignore", ".*set_vital")
    assert run(block)
    assert ">>>" in block.text, "a session says what is printed"


def test_there_are_some():
    assert len(NEEDING_TORCH) > 3


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name):
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(importlib.import_module(name), optionflags=options).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_modules_list_what_they_export(name):
    module = importlib.import_module(name)
    assert module.__all__
    assert all(hasattr(module, exported) for exported in module.__all__)
