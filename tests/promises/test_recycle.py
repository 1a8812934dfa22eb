"""Promise: a block is written again only when its last alias has died, and there are few."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

import samebytes as sb
from samebytes.plan import prefetch
from tests.engine.feeding import usual

THREADS, PREFETCH = 2, 3


@pytest.fixture(params=["alone", "together"], autouse=True)
def grouping(request, monkeypatch):
    """Small batches are made many at a time, in one block, unless it is said here that not."""
    if request.param == "alone":
        monkeypatch.setattr(prefetch, "BLOCK_BYTES", 0)
    return request.param


def dataset(count=1600, form="numpy"):
    source = {"x": (np.arange(count * 64).reshape(count, 64), np.arange(count))}
    made = sb.Dataset.from_tensor_slices(source).batch(4).prefetch(PREFETCH).with_format(form)
    return made.with_options(threads=THREADS)


KEEP = {
    "the batch": lambda element: element["x"][0],
    "a view": lambda element: element["x"][0][1:3, ::2],
    "a memoryview": lambda element: memoryview(element["x"][0]),
    "a slice inside a dict": lambda element: {"deep": [{"er": element["x"][0][-1]}]},
    "the whole element": lambda element: element,
}


def flat(kept):
    if isinstance(kept, dict):
        return np.concatenate([flat(part) for part in kept.values()])
    if isinstance(kept, (list, tuple)):
        return np.concatenate([flat(part) for part in kept])
    return np.asarray(kept).ravel()


@pytest.mark.parametrize("name", KEEP)
def test_what_is_kept_stays(name):
    keep = KEEP[name]
    kept, values = [], []
    for element in dataset():
        part = keep(element)
        kept.append(part)
        values.append(flat(part).copy())
        del element, part
    for part, value in zip(kept, values, strict=True):
        np.testing.assert_array_equal(flat(part), value)


def test_tensors_that_are_kept_stay():
    tf = pytest.importorskip("tensorflow")
    kept = []
    for number, element in enumerate(dataset(form="tensorflow")):
        tensor = element["x"][0]
        kept.append(tensor[1:3] if number % 2 else tf.reshape(tensor, [-1])[64:192])
        del element, tensor
    for number, tensor in enumerate(kept):
        first = (number * 4 + 1) * 64
        np.testing.assert_array_equal(tf.reshape(tensor, [-1]), np.arange(first, first + 128))


@pytest.mark.parametrize("form", ["numpy", "tensorflow"])
def test_who_keeps_nothing_needs_few_blocks(form, grouping):
    if form == "tensorflow":
        pytest.importorskip("tensorflow")
    components, most = 2, THREADS + PREFETCH + 3
    iterator = iter(dataset(form=form))
    for number, _ in enumerate(iterator):
        if number > 20:
            assert iterator.stats().blocks <= components * most
    stats = iterator.stats()
    assert stats.batches == 400
    made = 400 if grouping == "alone" else -(-400 // prefetch.MOST_BATCHES_PER_BLOCK)
    assert stats.reused >= components * (made - most - 5)


def test_whoever_let_go_of_many_is_back_to_few(grouping):
    iterator = iter(dataset())
    kept = [next(iterator) for _ in range(100)]
    assert iterator.stats().blocks >= (200 if grouping == "alone" else 8)
    del kept
    gc.collect()
    for _ in range(5):
        next(iterator)
    assert iterator.stats().blocks <= 2 * (THREADS + PREFETCH + 3)
    iterator.close()


def test_the_next_epoch_takes_the_blocks_of_the_last(grouping):
    data = usual(count=200)
    addresses = [
        {batch["image"].ctypes.data for batch in data.iterate(epoch)} for epoch in range(4)
    ]
    # Together, the 25 batches of an epoch lie in one block.
    most = data.options.prefetch + 8 if grouping == "alone" else 2 * 25
    assert len(set.union(*addresses)) <= most
    iterator = data.iterate(9)
    next(iterator)
    iterator.close()
    assert iterator.stats().reused > (20 if grouping == "alone" else 3)


def test_kept_over_the_end_of_the_iterator_and_into_the_next_epoch():
    data = usual(count=64)
    first = list(data.iterate(0))
    copies = [{name: value.copy() for name, value in batch.items()} for batch in first]
    gc.collect()
    for epoch in range(1, 6):
        list(data.iterate(epoch))
    for batch, copy in zip(first, copies, strict=True):
        for name in copy:
            np.testing.assert_array_equal(batch[name], copy[name])


def test_let_go_on_other_threads():
    wrong = []

    def use(part, first):
        if not (part == np.arange(first, first + 64)).all():
            wrong.append(first)

    for number, element in enumerate(dataset()):
        row = element["x"][0][2]
        threading.Thread(target=use, args=(row, (number * 4 + 2) * 64)).start()
        del element, row
    assert not wrong
