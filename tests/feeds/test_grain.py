"""`to_grain`: the engine's elements by index, in Grain's threads and processes, the same bytes."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import samebytes as sb

grain = pytest.importorskip("grain")

ONE = grain.ReadOptions(num_threads=1, prefetch_buffer_size=2)
MANY = grain.ReadOptions(num_threads=16, prefetch_buffer_size=16)


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        for x, y in zip(one, other, strict=True):
            np.testing.assert_array_equal(x, y)


@pytest.fixture
def expected(dataset):
    return [list(dataset.iterate(epoch)) for epoch in range(3)]


def test_is_a_map_dataset(dataset, expected):
    found = dataset.to_grain()
    assert isinstance(found, grain.MapDataset)
    assert len(found) == 13
    same([found[k] for k in (5, 0, 12, 5)], [expected[0][k] for k in (5, 0, 12, 5)])
    same(found, expected[0])


def test_each_repetition_is_an_epoch(dataset, expected):
    same(dataset.to_grain().repeat(3), [batch for epoch in expected for batch in epoch])


@pytest.mark.parametrize("options", [ONE, MANY], ids=["one thread", "many threads"])
def test_in_threads(dataset, expected, options):
    found = dataset.to_grain().repeat(2).to_iter_dataset(options)
    same(found, expected[0] + expected[1])


def test_slices_and_orders_of_grains(dataset, expected):
    found = dataset.to_grain()
    same(found[1::4], expected[0][1::4])
    ours = sorted(y.tolist() for _, y in found.shuffle(seed=1))
    assert ours == sorted(y.tolist() for _, y in expected[0])


def test_continues_where_grain_stood(dataset, expected):
    iterator = iter(dataset.to_grain().repeat(2).to_iter_dataset(ONE))
    for _ in range(15):
        next(iterator)
    again = iter(dataset.to_grain().repeat(2).to_iter_dataset(ONE))
    again.set_state(iterator.get_state())
    same(again, expected[1][2:])


def test_single_samples_are_made_together(pictures):
    single = sb.Dataset.from_tensor_slices(pictures).shuffle(seed=3).map(sb.RandomFlip(), seed=1)
    expected = list(single.iterate(0)) + list(single.iterate(1))
    found = single.to_grain()
    same(
        found._getitems([4, 5, 6, 1, 102, 103, 104]),
        [expected[k] for k in (4, 5, 6, 1, 102, 103, 104)],
    )
    batched = list(found.batch(10, drop_remainder=True))
    same(batched, list(single.batch(10, drop_remainder=True).iterate(0)))


def test_is_pickled_as_its_dataset(tmp_path, expected):
    np.save(tmp_path / "x.npy", np.arange(4096.0).reshape(512, 8))
    ds = sb.Dataset.from_tensor_slices(sb.open(tmp_path / "x.npy")).shuffle(seed=0).batch(16)
    data = pickle.dumps(ds.to_grain())
    assert len(data) < 4096
    np.testing.assert_array_equal(pickle.loads(data)[3], ds.to_grain()[3])


def test_an_endless_dataset_is_refused(dataset):
    with pytest.raises(
        ValueError, match="to_grain\\(\\) needs a length, and this dataset is endle"
    ):
        dataset.take(3).repeat().to_grain()


def test_an_empty_dataset_has_nothing(dataset):
    found = dataset.take(0).to_grain()
    assert len(found) == 0
    with pytest.raises(IndexError, match="element 0 of a dataset that has none"):
        found[0]
