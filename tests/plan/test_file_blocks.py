"""Which blocks of a shuffle can be read from a file as wholes."""

from __future__ import annotations

import numpy as np
import pytest

import samebytes as sb
from samebytes.plan import file_blocks as module
from samebytes.plan.file_blocks import file_blocks


@pytest.fixture
def tokens(tmp_path):
    np.save(tmp_path / "tokens.npy", np.arange(10_000, dtype=np.uint16))
    return sb.open(tmp_path / "tokens.npy")


def shuffled(dataset, **options):
    return dataset.shuffle(seed=0, block_size=16, window=4, **options).batch(8).plan


def test_blocks_of_windows_hold_what_begins_in_them_whole(tokens):
    (found,) = file_blocks(shuffled(sb.Dataset.from_tensor_slices(tokens).window(33, stride=32)))
    assert (found.begin, found.end) == (128, 128 + 20_000)
    assert (found.nbytes, found.beyond) == (16 * 32 * 2, 2)


def test_blocks_of_rows_end_with_themselves(tokens):
    (found,) = file_blocks(shuffled(sb.Dataset.from_tensor_slices(tokens)))
    assert (found.nbytes, found.beyond) == (32, 0)


def test_what_lies_in_no_blocks_of_a_file_has_none(tokens, tmp_path):
    dataset = sb.Dataset.from_tensor_slices
    np.savez(tmp_path / "two.npz", x=np.zeros((50, 3)), y=np.zeros(50))
    large = np.lib.format.open_memmap(tmp_path / "large.npy", "w+", "u1", (40, 200_000))
    for plan in (
        dataset(tokens).batch(8).plan,
        dataset(tokens).shuffle(seed=0).batch(8).plan,
        shuffled(dataset(tokens).shard(2, 0)),
        shuffled(dataset(tokens).skip(3)),
        shuffled(dataset(tokens).shuffle(seed=1)),
        shuffled(dataset(tokens).window(9, boundaries=[0, 500, 10_000])),
        shuffled(dataset(tokens[::2])),
        shuffled(dataset(np.asarray(tokens).copy())),
        shuffled(dataset(sb.concat([tokens, tokens]))),
        shuffled(dataset(tuple(sb.open(tmp_path / "two.npz").values()))),
        shuffled(dataset(large)),
    ):
        assert file_blocks(plan) == ()


def test_a_window_that_is_too_large_for_the_memory_is_not_kept(tokens, monkeypatch):
    plan = shuffled(sb.Dataset.from_tensor_slices(tokens))
    monkeypatch.setattr(module, "available_memory", lambda **_: 6 * 4 * 32)
    assert len(file_blocks(plan)) == 1
    monkeypatch.setattr(module, "available_memory", lambda **_: 6 * 4 * 32 - 1)
    assert file_blocks(plan) == ()
