"""Blocks: which samples each has, whoever asks for which, and what is located ahead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samebytes import Dataset, RandomBrightness, Rescaling
from samebytes.engine.executor import Executor
from samebytes.engine.schedule import LOOK_AHEAD, LOOK_FIRST, Schedule


def schedule_of(dataset: Any, elements: int, start: int = 0) -> tuple[Schedule, list[int]]:
    """Return the schedule of an epoch, and the list that counts the samples of each segment."""
    prepared: list[int] = []

    def prepare(_: Any, indices: Any) -> int:
        prepared.append(len(indices))
        return len(prepared)

    return Schedule(dataset.plan, 0, start, elements, prepare), prepared


def blocks_of(schedule: Schedule) -> list[tuple[list[int], tuple[int, ...], list[int]]]:
    """Return samples, counts and ends of all blocks, in order."""
    found, number = [], 0
    while (place := schedule.at(number)) is not None:
        segment, k = place
        samples = segment.indices[segment.cuts[k] : segment.cuts[k + 1]].tolist()
        found.append((samples, segment.counts[k], segment.ends[k].tolist()))
        number += 1
    return found


@given(
    samples=st.integers(1, 3000),
    size=st.integers(1, 40),
    elements=st.integers(1, 33),
    drop=st.booleans(),
)
def test_blocks_have_every_sample_once_and_in_order(
    samples: int, size: int, elements: int, drop: bool
) -> None:
    ds = Dataset.from_tensor_slices(np.zeros((samples, 1), np.uint8))
    ds = ds.batch(size, drop_remainder=drop)
    schedule, _ = schedule_of(ds, elements)
    found = blocks_of(schedule)
    every = [sample for block, _, _ in found for sample in block]
    assert every == list(range(samples))[: len(ds) * size]
    counts = [count for _, each, _ in found for count in each]
    assert counts == [min(size, samples - k * size) for k in range(len(ds))]
    for block, each, ends in found:
        assert ends == np.cumsum(each).tolist()
        assert len(block) == ends[-1]


def test_first_blocks_grow_so_that_nobody_waits_for_many_batches() -> None:
    schedule, _ = schedule_of(
        Dataset.from_tensor_slices(np.zeros((640, 1), np.uint8)).batch(10), 10
    )
    assert [len(each) for _, each, _ in blocks_of(schedule)] == [1, 2, 4, 8, 10, 10, 10, 10, 9]


@pytest.mark.parametrize("start", [0, 30])
def test_order_of_asking_changes_nothing(start: int) -> None:
    ds = Dataset.from_tensor_slices(np.zeros((4000, 1), np.uint8)).shuffle(seed=1).batch(3)
    forwards = blocks_of(schedule_of(ds, 4, start)[0])
    schedule, _ = schedule_of(ds, 4, start)
    for number in (len(forwards) - 1, 0, 7, 6, 200, 8):
        segment, k = schedule.at(number) or pytest.fail(f"no block {number}")
        samples = segment.indices[segment.cuts[k] : segment.cuts[k + 1]].tolist()
        assert samples == forwards[number][0]
    assert schedule.at(len(forwards)) is None


def test_a_segment_is_located_once_and_ahead_of_its_first_block() -> None:
    ds = Dataset.from_tensor_slices(np.zeros((40_000, 1), np.uint8)).batch(8)
    schedule, prepared = schedule_of(ds, 2)
    number = 0
    while schedule.at(number) is not None:
        if (upcoming := schedule.upcoming(number)) is not None:
            before = len(prepared)
            assert upcoming > number
            there = schedule.at(upcoming) is not None  # what a thread does meanwhile
            assert len(prepared) == before + there
            schedule.at(upcoming)
            assert len(prepared) == before + there
        number += 1
    assert sum(prepared) == 40_000
    assert prepared[0] <= LOOK_FIRST < LOOK_AHEAD
    assert max(prepared) <= LOOK_AHEAD
    assert prepared == sorted(prepared[:-2]) + prepared[-2:]


def test_fewer_samples_are_located_at_a_time_where_each_has_many_planes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Of reversed axes in turn, no two can be walked as one.
    tall = np.zeros((3000, 2, 9, 2, 9, 2, 9), np.uint8).transpose(0, 6, 2, 4, 5, 3, 1)
    ds = Dataset.from_tensor_slices(tall).batch(4)
    prepared, prepare = [], Executor.prepare

    def watched(self: Executor, epochs: Any, indices: Any) -> Any:
        prepared.append(len(indices))
        return prepare(self, epochs, indices)

    monkeypatch.setattr(Executor, "prepare", watched)
    assert sum(len(batch) for batch in ds.iterate(0)) == 3000
    assert sum(prepared) == 3000
    assert ds.pipeline.executor.numbers_per_sample > 16
    assert 4 <= max(prepared) <= LOOK_AHEAD // ds.pipeline.executor.numbers_per_sample


def test_fewer_samples_are_located_at_a_time_where_factors_are_drawn_for_each() -> None:
    rows = Dataset.from_tensor_slices(np.zeros((40, 512), np.float32))
    assert rows.map(RandomBrightness(0.2)).pipeline.executor.numbers_per_sample == 512
    assert rows.map(Rescaling(2.0)).pipeline.executor.numbers_per_sample == 1
