"""What is handed out: the bytes that were made, one by one or all in one call."""

import numpy as np
import pytest
from tests.engine.feeding import all_same, usual

import samebytes as sb
from samebytes.plan import prefetch

tf = pytest.importorskip("tensorflow")


def address(tensor):
    return np.asarray(tensor).ctypes.data


def shaped(count, batch, size):
    """Batches of float32 whose size in bytes is the question, and of labels."""
    x = np.arange(count * size, dtype=np.float32).reshape(count, size)
    return sb.Dataset.from_tensor_slices((x, np.arange(count))).batch(batch)


@pytest.fixture(autouse=True, scope="module")
def first_call():
    tf.constant(0)  # the very first call of a process copies


@pytest.mark.parametrize("size", [16, 5], ids=["aligned", "with gaps"])
@pytest.mark.parametrize("count", [248, 245], ids=["even", "a smaller last one"])
def test_batches_made_together_are_tensors_on_one_block(size, count):
    dataset = shaped(count, 8, size)
    assert prefetch.batches_per_block(dataset.plan, 2) > 1
    expected = list(dataset.iterate(0))
    with sb.no_copy():  # which raises where anything of ours is copied
        found = list(dataset.with_format("tensorflow").iterate(0))
    for (x, y), (tx, ty) in zip(expected, found, strict=True):
        np.testing.assert_array_equal(tx, x)
        np.testing.assert_array_equal(ty, y)
        assert address(tx) % 64 == 0
    # Behind blocks of 1, 2, 4 and 8 comes one of 16.
    block = [address(tx) for tx, _ in found[15:]]
    step = -(-8 * size * 4 // 64) * 64
    assert [place - block[0] for place in block] == [step * k for k in range(16)]


def test_single_samples_are_tensors_on_the_block():
    dataset = sb.Dataset.from_tensor_slices(np.arange(640.0).reshape(40, 16))
    with sb.no_copy():
        found = list(dataset.with_format("tensorflow").iterate(0))
    np.testing.assert_array_equal(found, np.arange(640.0).reshape(40, 16))
    assert [address(one) - address(found[0]) for one in found[:32]] == [128 * k for k in range(32)]


def test_a_tensor_keeps_its_block_when_all_others_have_died():
    dataset = shaped(4096, 8, 64).with_format("tensorflow")
    iterator = dataset.iterate(0)
    kept, _ = next(iterator)
    value = np.array(kept)
    for _ in iterator:
        pass
    np.testing.assert_array_equal(kept, value)


@pytest.mark.parametrize("batch", [1, 3, 7, 64])
def test_batches_are_the_same_alone_and_together(batch, monkeypatch):
    together = list(usual(batch=batch).repeat(2).shuffle(seed=4).iterate(1))
    monkeypatch.setattr(prefetch, "BLOCK_BYTES", 0)
    all_same(together, usual(batch=batch).repeat(2).shuffle(seed=4).iterate(1))


def test_functions_see_the_batches_they_were_promised():
    seen = []
    dataset = shaped(20, 8, 4).map(lambda x, y: (seen.append(len(x)), (x, y))[1])
    assert prefetch.batches_per_block(dataset.plan, 2) == 1
    list(dataset.with_options(threads=1))
    assert seen == [8, 8, 4]


def test_nothing_is_made_together_where_nothing_is_to_be_ahead():
    dataset = shaped(64, 8, 4).prefetch(0)
    with dataset.iterate() as iterator:
        next(iterator)
        assert iterator.stats().pool_bytes == 2 * 4096
