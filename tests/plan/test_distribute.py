"""`distribute`: what it makes of a dataset, what it says of itself, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

import samebytes as sb


def batches(count=100, size=16):
    return sb.Dataset.from_tensor_slices(np.arange(count)).shuffle(seed=0).batch(size)


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "TF_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def test_fingerprints_tell_nothing_of_processes():
    prints = [batches().distribute(*numbers).fingerprint() for numbers in ((1, 0), (4, 0), (4, 3))]
    dropped = sb.Dataset.from_tensor_slices(np.arange(100)).shuffle(seed=0).batch(16, True)
    assert all(one == dropped.fingerprint() for one in prints)
    padded = batches().distribute(4, 1, remainder="pad").fingerprint()
    assert padded == batches().fingerprint()


def test_lengths_and_shapes_are_those_of_the_slice():
    part = batches().distribute(4, 3)
    assert (len(part), part.batch_size, part.element_spec.shape) == (6, 4, (4,))
    assert repr(part) == "<samebytes.Dataset: 6 batches of 4: 0>"
    assert len(batches().distribute(4, 3, remainder="pad")) == 7
    assert len(batches().repeat().distribute(4, 3).take(5)) == 5
    assert batches().distribute(4, 0) != batches().distribute(4, 1)


def test_it_says_what_was_found(monkeypatch):
    assert "process   0 of 1 (nothing tells of others)\n" in str(batches().distribute())
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    told = str(batches().distribute())
    assert (
        "process   2 of 4 (RANK and WORLD_SIZE); samples 8 to 11 of each 16; 2 of them share the "
        "cores of this machine\n"
    ) in told
    assert "order     shuffle(seed=0): 100 samples\n" in told
    assert "batch     4 samples, a smaller last batch is dropped; 6 batches\n" in told
    padded = str(batches().distribute(4, 2, "pad"))
    assert "process   2 of 4 (as told)" in padded
    assert "a smaller last batch is filled up, with weights of 0; 7 batches\n" in padded


@pytest.mark.parametrize(
    ("dataset", "numbers", "words"),
    [
        (batches(size=50), (4, 0), "batches of 50 cannot be sliced evenly among 4 processes"),
        (batches(size=50), (4, 0), r"multiple of 4, such as batch\(48\) or batch\(52\)"),
        (batches(size=2), (4, 0), r"multiple of 4, such as batch\(4\)$"),
        (batches().distribute(2, 1), (2, 0), "is process 1 of 2 already; call distribute.. once"),
        (
            sb.Dataset.from_tensor_slices(np.arange(9)),
            (2, 0),
            r"yields single samples: call batch\(n\).distribute\(\)",
        ),
        (batches(), (2, 2), r"distribute\(2, 2\): expected 0 <= index < num_workers"),
    ],
)
def test_wrong_numbers_are_refused_in_words(dataset, numbers, words):
    with pytest.raises(ValueError, match=words):
        dataset.distribute(*numbers)


def test_wrong_remainders_are_refused_in_words():
    with pytest.raises(ValueError, match=r"remainder='keep'\): expected 'drop' or 'pad'"):
        batches().distribute(2, 0, remainder="keep")
    dropping = sb.Dataset.from_tensor_slices(np.arange(9)).batch(4, drop_remainder=True)
    with pytest.raises(ValueError, match="leave out one of the two"):
        dropping.distribute(2, 0, remainder="pad")
    assert len(dropping.distribute(2, 0)) == 2


def test_more_than_can_be_counted_is_refused_by_the_size_of_all_processes():
    endless = batches(size=1 << 20).repeat
    with pytest.raises(ValueError, match="more than can be counted"):
        sb.Dataset.from_tensor_slices(np.arange(9)).repeat().batch(1 << 20).distribute(
            1 << 20, 0
        ).skip(1 << 45)
    assert len(endless(2).distribute(1 << 20, 0)) == 0
