"""A dataset of `to_tf` lives as long as TensorFlow has it, wherever it was made, and no longer."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import samebytes as sb

tf = pytest.importorskip("tensorflow")

BATCHES = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]


class Source(np.ndarray):
    """An array that tells when it dies."""


def make():
    """Return a dataset and what tells that it is gone."""
    source = np.arange(6.0).view(Source)
    ds = sb.Dataset.from_tensor_slices(source).batch(2)
    # What the feed holds of it, and nobody else: how its components nest, beside their arrays.
    return ds, weakref.ref(ds.structure)


def gone(reference):
    for _ in range(5):
        gc.collect()
        tf.constant(0)  # TensorFlow lets go of arrays when it next makes a tensor
        if reference() is None:
            return True
    return False


def listed(dataset):
    return [element.tolist() for element in dataset.as_numpy_iterator()]


WAYS = {
    "interleave": lambda ds: tf.data.Dataset.range(2).interleave(lambda _: ds().to_tf()),
    "flat_map": lambda ds: tf.data.Dataset.range(2).flat_map(lambda _: ds().to_tf()),
    "mapped": lambda ds: tf.data.Dataset.range(2).flat_map(
        lambda _: ds().to_tf().map(lambda x: x + 0).prefetch(1)
    ),
    "nested": lambda ds: tf.data.Dataset.range(2).flat_map(lambda _: WAYS["flat_map"](ds).take(3)),
    "from_tensors": lambda ds: tf.data.Dataset.from_tensors(ds().to_tf()).flat_map(lambda x: x),
    "element of a dataset": lambda ds: next(iter(tf.data.Dataset.from_tensors(ds().to_tf()))),
    "variant": lambda ds: tf.data.experimental.from_variant(
        tf.data.experimental.to_variant(ds().to_tf()), tf.TensorSpec((None,), tf.float64)
    ),
    "zip": lambda ds: tf.data.Dataset.zip(ds().to_tf(), tf.data.Dataset.range(3)).map(
        lambda x, _: x
    ),
    "concatenate": lambda ds: (
        tf.data.Dataset.range(0).map(lambda x: tf.zeros(2, tf.float64)).concatenate(ds().to_tf())
    ),
    "choose_from_datasets": lambda ds: tf.data.Dataset.choose_from_datasets(
        [ds().to_tf()], tf.data.Dataset.from_tensors(np.int64(0)).repeat(3)
    ),
    "sample_from_datasets": lambda ds: tf.data.Dataset.sample_from_datasets([ds().to_tf()]),
    "window": lambda ds: ds().to_tf().window(2).flat_map(lambda x: x),
    "cached": lambda ds: ds().to_tf().map(lambda x: x + 0).cache().repeat(1),
    "with_options": lambda ds: tf.data.Dataset.range(1).flat_map(
        lambda _: ds().to_tf().with_options(tf.data.Options())
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_made_of_it_keeps_it_and_lets_it_go(way):
    ds, reference = make()
    place = [ds]
    found = WAYS[way](lambda: place[0])
    place.clear()
    del ds
    gc.collect()
    tf.constant(0)
    for _ in range(2):
        batches = listed(found)
        assert batches[:3] == BATCHES or sorted(batches) == sorted(BATCHES * 2), batches
    assert reference() is not None
    del found
    assert gone(reference)


def test_a_function_keeps_what_it_iterates():
    ds, reference = make()
    place = [ds]

    @tf.function
    def total():
        found = tf.constant(0.0, tf.float64)
        for batch in place[0].to_tf():
            found += tf.reduce_sum(batch)
        return found

    concrete = total.get_concrete_function()
    place.clear()
    del ds, total
    gc.collect()
    assert [float(concrete()) for _ in range(3)] == [15.0] * 3
    del concrete
    assert gone(reference)


def test_a_function_that_makes_a_pipeline_of_it_keeps_it():
    ds, reference = make()
    place = [ds]

    @tf.function
    def total():
        fed = tf.data.Dataset.range(2).interleave(lambda _: place[0].to_tf())
        return fed.reduce(tf.constant(0.0, tf.float64), lambda sum_, x: sum_ + tf.reduce_sum(x))

    assert float(total()) == 30.0
    place.clear()
    del ds
    gc.collect()
    assert [float(total()) for _ in range(3)] == [30.0] * 3
    del total
    assert gone(reference)


def test_a_module_keeps_it():
    ds, reference = make()
    module = tf.Module()
    module.fed = ds.to_tf()
    del ds
    assert listed(module.fed) == BATCHES
    del module
    assert gone(reference)


def test_a_distributed_dataset_keeps_it():
    ds, reference = make()
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    found = strategy.experimental_distribute_dataset(ds.to_tf())
    del ds
    gc.collect()
    assert [batch.numpy().tolist() for batch in found] == BATCHES
    assert reference() is not None
    del found, strategy
    assert gone(reference)


def test_a_replicated_dataset_made_for_each_worker_keeps_it():
    ds, reference = make()
    place = [ds]
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    found = strategy.distribute_datasets_from_function(lambda _: place[0].to_tf())
    place.clear()
    del ds
    gc.collect()
    assert [batch.numpy().tolist() for batch in found] == BATCHES
    del found, strategy
    assert gone(reference)


def test_an_iterator_keeps_it():
    ds, reference = make()
    iterator = iter(ds.to_tf())
    del ds
    gc.collect()
    assert [batch.numpy().tolist() for batch in iterator] == BATCHES
    del iterator
    assert gone(reference)


def test_a_hundred_made_one_after_the_other_do_not_add_up():
    references = []
    for turn in range(100):
        ds, reference = make()
        fed = ds.to_tf()
        if turn % 20 == 0:
            assert listed(fed) == BATCHES
        references.append(reference)
        del ds, fed
        tf.constant(0)
    gc.collect()
    tf.constant(0)
    assert sum(reference() is not None for reference in references) <= 1


def test_many_made_in_traces_do_not_add_up():
    references = []
    for _ in range(10):
        ds, reference = make()
        place = [ds]
        fed = tf.data.Dataset.range(1).flat_map(lambda _, place=place: place[0].to_tf())
        assert listed(fed) == BATCHES
        references.append(reference)
        place.clear()
        del ds, fed
    assert all(gone(reference) for reference in references)
