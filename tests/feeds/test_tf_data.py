"""`to_tf`: a real ``tf.data.Dataset``, on the engine's bytes."""

from __future__ import annotations

import functools
import gc
import itertools
import time
import weakref
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
import pytest

import samebytes as sb
from samebytes.engine import iterator as engine
from samebytes.feeds import tf_data
from samebytes.feeds.tf_data import GROUP_BYTES, MOST_PER_CALL, hand_over
from samebytes.memory.pool import Pool

tf = pytest.importorskip("tensorflow")


class Pair(NamedTuple):
    """A structure with names."""

    image: Any
    label: Any


def same(found, expected):
    found, expected = tf.nest.flatten(found), tf.nest.flatten(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def all_same(found, expected):
    for one, other in itertools.zip_longest(found, expected):
        same(one, other)


@pytest.fixture
def addresses(monkeypatch):
    """The ranges of memory of every batch the engine has handed out."""
    seen = []
    plain = engine.Iterator.__next__

    def noting(self):
        element = plain(self)
        leaves = tf.nest.flatten(element)
        seen.extend((x.ctypes.data, x.ctypes.data + x.nbytes) for x in leaves)
        return element

    monkeypatch.setattr(engine.Iterator, "__next__", noting)
    return seen


def inside(tensor, addresses):
    # A view of the raw bytes: not every dtype has a buffer.
    first = np.asarray(tensor).__array_interface__["data"][0]
    return any(low <= first < high for low, high in addresses)


# --------------------------------------------------------------------------- values


def test_gives_what_the_engine_gives_epoch_by_epoch(dataset):
    found = dataset.to_tf()
    for epoch in range(3):
        all_same(found, dataset.iterate(epoch))


def test_is_a_tf_data_dataset_of_known_shapes_and_length(dataset):
    found = dataset.to_tf()
    assert isinstance(found, tf.data.Dataset)
    image, label = found.element_spec
    assert image == tf.TensorSpec((None, 16, 16, 3), tf.float32)
    assert label == tf.TensorSpec((None,), tf.int64)
    assert found.cardinality() == len(dataset) == 13
    even = dataset.take(12).to_tf()
    assert even.cardinality() == 12


def test_even_batches_have_a_static_batch_axis(pictures):
    ds = sb.Dataset.from_tensor_slices(pictures).batch(8, drop_remainder=True)
    found = ds.to_tf()
    assert found.element_spec[0].shape == (8, 24, 24, 3)
    assert found.cardinality() == 12
    all_same(found, ds.iterate(0))


@pytest.mark.parametrize("batch", [None, 8])
def test_an_endless_dataset_is_infinite(pictures, batch):
    ds = sb.Dataset.from_tensor_slices(pictures).shuffle(seed=0).repeat()
    ds = ds if batch is None else ds.batch(batch)
    found = ds.to_tf()
    assert found.cardinality() == tf.data.INFINITE_CARDINALITY
    all_same(found.take(40), itertools.islice(ds.iterate(0), 40))


@pytest.mark.parametrize(
    "nest",
    [
        lambda x, y: x,
        lambda x, y: (x,),
        lambda x, y: (x, y),
        lambda x, y: ({"b": x, "a": y}, y),
        lambda x, y: {"image": x, "label": (y, y)},
        Pair,
    ],
)
@pytest.mark.parametrize("batch", [None, 8])
def test_structures_are_tf_datas(pictures, nest, batch):
    tensors = nest(*pictures)
    ours = sb.Dataset.from_tensor_slices(tensors)
    theirs = tf.data.Dataset.from_tensor_slices(tensors)
    if batch is not None:
        ours, theirs = ours.batch(batch), theirs.batch(batch)
    assert ours.to_tf().element_spec == theirs.element_spec
    all_same(ours.to_tf(), theirs)


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9])
def test_short_datasets(pictures, length):
    ds = sb.Dataset.from_tensor_slices(pictures).take(length)
    for one in (ds, ds.batch(8), ds.batch(8, drop_remainder=True)):
        found = one.to_tf()
        assert found.cardinality() == len(one)
        all_same(found, one.iterate(0))


@pytest.mark.parametrize(
    "methods",
    [
        lambda ds: ds.repeat(2),
        lambda ds: ds.take(5).repeat(3),
        lambda ds: ds.skip(3),
        lambda ds: ds.shuffle(seed=1),
        lambda ds: ds.shard(3, 1),
        lambda ds: ds.map(lambda x, y: (x + 1, y)),
    ],
)
def test_methods_after_batch_keep_their_order(dataset, methods):
    ds = methods(dataset)
    all_same(ds.to_tf(), ds.iterate(0))


def test_chains_on(dataset):
    found = dataset.to_tf().map(lambda x, y: (x * 2, y)).prefetch(2)
    for (x, _), (x1, _) in zip(found, dataset.iterate(0), strict=True):
        np.testing.assert_array_equal(x, x1 * 2)
    assert sum(1 for _ in dataset.to_tf().repeat(2)) == 26
    assert sum(1 for _ in dataset.to_tf().take(3)) == 3
    unbatched = dataset.to_tf().unbatch().batch(103)
    assert next(iter(unbatched))[0].shape == (103, 16, 16, 3)


def test_repeat_gives_each_repetition_an_epoch(dataset):
    first = [y.numpy() for _, y in dataset.to_tf().repeat(2)]
    assert sorted(np.concatenate(first[:13])) == sorted(np.concatenate(first[13:]))
    assert np.concatenate(first[:13]).tolist() != np.concatenate(first[13:]).tolist()


def test_cache_keeps_the_first_epoch(dataset):
    found = dataset.to_tf().cache()
    first = [y.numpy().tolist() for _, y in found]
    assert [y.numpy().tolist() for _, y in found] == first


def test_several_iterations_at_once_and_a_zip_of_itself(dataset):
    found = dataset.to_tf()
    steps = list(tf.data.Dataset.zip((found, found)))
    epochs = [np.concatenate([pair[side][1] for pair in steps]).tolist() for side in (0, 1)]
    expected = [np.concatenate([y for _, y in dataset.iterate(epoch)]).tolist() for epoch in (0, 1)]
    assert sorted(epochs) == sorted(expected)


def test_works_inside_a_tf_function(dataset):
    found = dataset.to_tf()

    @tf.function
    def total():
        result = tf.constant(0, tf.int64)
        for _, y in found:
            result += tf.reduce_sum(y)
        return result

    assert total() == sum(range(103))


# --------------------------------------------------------------------------- memory


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64", "uint8", "bool"])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("size", [8, 64])
def test_batches_lie_on_the_engines_bytes(addresses, dtype, planar, size):
    images = np.random.default_rng(0).integers(0, 2, (640, 24, 24, 3), np.uint8)
    labels = np.repeat(np.arange(640)[:, None], 8, axis=1)
    if dtype == "bool":
        images = images.astype(bool)
    ds = sb.Dataset.from_tensor_slices((images, labels)).shuffle(seed=0)
    if dtype not in {"bool", "uint8"}:
        ds = ds.map(sb.Cast(getattr(ml_dtypes, dtype, dtype))).map(sb.Rescaling(1 / 2))
    ds = ds.map(sb.ChannelsFirst()) if planar else ds
    kept = list(ds.batch(size).to_tf().prefetch(2))
    assert kept[0][0].dtype.name == dtype
    for element in kept:
        for part in element:
            assert inside(part, addresses)
    expected = ds.batch(size).iterate(0)
    all_same(kept, expected)


def test_large_batches_and_their_labels_are_shared(addresses):
    ds = sb.Dataset.from_tensor_slices((np.ones((96, 256, 256, 3), "float32"), np.arange(96)))
    ds = ds.batch(32)
    assert hand_over(ds).cut is None
    kept = list(ds.to_tf())
    assert all(inside(part, addresses) for element in kept for part in element)


def test_single_samples_are_shared_where_tensorflow_can(addresses):
    ds = sb.Dataset.from_tensor_slices(np.ones((64, 32, 32, 3), "float32"))
    assert all(inside(sample, addresses) for sample in ds.to_tf())


def test_memory_stays_bounded(monkeypatch):
    """TensorFlow lets go late; the pool must not grow for it."""
    made = {}
    plain = Pool.take

    def noting(self):
        made[id(self)] = self
        return plain(self)

    monkeypatch.setattr(Pool, "take", noting)
    monkeypatch.setattr(tf_data, "GROUP_BYTES", 1)  # small and fast: late releases pile up
    images = np.zeros((3200, 64, 64, 3), np.uint8)
    ds = sb.Dataset.from_tensor_slices(images).map(sb.Rescaling(1 / 255)).batch(32)
    assert hand_over(ds).cut is None
    blocks = [
        max(pool.stats().blocks for pool in made.values())
        for _ in ds.repeat(2).with_options(threads=2).to_tf()
    ]
    assert len(blocks) == 200
    assert max(blocks) <= 2 + 2 + 3  # threads, prefetch, three more


def test_a_kept_batch_is_never_rewritten(dataset):
    kept = list(dataset.to_tf())
    copies = [np.array(x) for x, _ in kept]
    for _ in range(3):
        for _ in dataset.to_tf():
            pass
    all_same([x for x, _ in kept], copies)


# --------------------------------------------------------------------------- grouping


def test_small_batches_go_over_together_and_large_ones_alone(pictures):
    small = sb.Dataset.from_tensor_slices(pictures).batch(8)
    each = 8 * (24 * 24 * 3 + 8)
    assert hand_over(small).per_call == min(GROUP_BYTES // each, MOST_PER_CALL)
    large = sb.Dataset.from_tensor_slices(np.zeros((64, 256, 256, 3), "float32")).batch(32)
    assert hand_over(large).per_call == 1
    assert hand_over(small.map(lambda x, y: (x, y))).per_call == 1
    assert hand_over(small.repeat(2)).per_call == hand_over(small).per_call
    assert hand_over(small.repeat(2).take(3)).per_call == 1


@pytest.mark.parametrize("length", [8 * 256, 8 * 256 + 1, 8 * 256 * 3 + 13, 8 * 256 * 3 + 16])
@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize("repeat", [None, 3])
def test_groups_are_cut_where_batches_end(length, drop, repeat):
    ds = sb.Dataset.from_tensor_slices(np.arange(length)).shuffle(seed=0).batch(8, drop)
    if repeat is not None:
        ds = ds.repeat(repeat)
    assert hand_over(ds).per_call == 256
    found = ds.to_tf()
    assert found.cardinality() == len(ds)
    all_same(found, ds.iterate(0))
    all_same(found, ds.iterate(1))


def test_groups_of_an_endless_repetition_are_those_of_its_epochs():
    ds = sb.Dataset.from_tensor_slices(np.arange(8 * 300 + 3)).shuffle(seed=0).batch(8).repeat()
    assert hand_over(ds).per_call == 256
    found = ds.to_tf()
    assert found.cardinality() == tf.data.INFINITE_CARDINALITY
    all_same(found.take(1000), ds.take(1000).iterate(0))


# --------------------------------------------------------------------------- the end


def test_abandoned_iterations_stop_their_threads(dataset, engine_threads):
    assert engine_threads() == 0
    found = dataset.repeat().to_tf()
    for _ in range(3):
        iterator = iter(found.prefetch(2))
        next(iterator)
        del iterator
    assert engine_threads() == 0


def test_a_finished_iteration_leaves_no_thread(dataset, engine_threads):
    for _ in dataset.to_tf():
        pass
    assert engine_threads() == 0


# --------------------------------------------------------------------------- refusals


def test_an_error_of_the_users_function_surfaces_with_its_text(dataset):
    def fails(x, y):
        if 42 in y:
            message = "the label 42 is not to be had"
            raise ValueError(message)
        return x, y

    with pytest.raises(tf.errors.OpError, match="the label 42 is not to be had"):
        list(dataset.map(fails).to_tf())


@pytest.mark.parametrize(
    "function",
    [
        tf.image.flip_left_right,
        functools.partial(tf.image.adjust_brightness, delta=0.1),
        tf.function(lambda x: x),
    ],
)
def test_tensorflow_inside_is_refused(function):
    ds = sb.Dataset.from_tensor_slices(np.zeros((4, 8, 8, 3), "float32"))
    with pytest.raises(ValueError, match=r"could wait for itself.*ds\.to_tf\(\)\.map"):
        ds.map(function).batch(2).to_tf()


def test_a_keras_layer_that_does_not_fold_is_refused():
    import keras

    ds = sb.Dataset.from_tensor_slices(np.zeros((4, 8, 8, 3), "float32"))
    with pytest.raises(ValueError, match=r"ds\.to_tf"):
        ds.map(keras.layers.Resizing(4, 4)).batch(2).to_tf()


def test_tf_data_service_is_refused_by_tensorflow_in_words(dataset):
    with pytest.raises(tf.errors.FailedPreconditionError, match=r"erializ"):
        tf.data.experimental.service.register_dataset("grpc://localhost:1", dataset.to_tf())


def test_a_saved_model_is_refused_by_tensorflow_in_words(dataset, tmp_path):
    found = dataset.to_tf()

    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.dataset = found

        @tf.function(input_signature=[])
        def count(self):
            return found.reduce(0, lambda count, _: count + 1)

    module = Module()
    assert module.count() == 13
    with pytest.raises(tf.errors.OpError, match=r"does not support serialization|is stateful"):
        tf.saved_model.save(module, str(tmp_path / "model"))


def test_a_distributed_fit_takes_it(dataset):
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    found = strategy.experimental_distribute_dataset(dataset.to_tf())
    assert sum(1 for _ in found) == 13


def test_an_iterator_outlives_the_name_of_its_dataset(dataset):
    iterator = iter(dataset.to_tf().prefetch(1))
    gc.collect()
    assert sum(1 for _ in iterator) == 13


def test_a_dataset_saved_with_its_elements_is_an_ordinary_one(dataset, tmp_path):
    dataset.to_tf().save(str(tmp_path / "saved"))
    again = tf.data.Dataset.load(str(tmp_path / "saved"))
    all_same(again, dataset.iterate(0))


def test_a_dataset_that_is_let_go_frees_its_arrays():
    # TensorFlow keeps each function given to numpy_function for ever, and so whatever that holds.
    found = []
    for _ in range(3):
        source = np.zeros((64, 16), np.float32)
        found.append(weakref.ref(source))
        for batched in (sb.Dataset.from_tensor_slices(source).batch(8), None):
            fed = (batched or sb.Dataset.from_tensor_slices(source)).to_tf().map(lambda x: x + 1)
            assert sum(1 for _ in fed) in {8, 64}
        del source, batched, fed
    gc.collect()
    assert [one() for one in found] == [None] * 3


def test_nothing_of_ours_is_tuned_and_what_is_put_behind_runs_in_parallel():
    """The thread that tunes makes who lets go of an iterator wait, about as long as it lived."""
    feed = sb.Dataset.from_tensor_slices(np.arange(64.0)).batch(4).to_tf()
    assert feed.options().autotune.enabled is False
    running, most = set(), []

    def slow(x):
        running.add(float(x[0]))
        time.sleep(0.02)
        most.append(len(running))
        running.discard(float(x[0]))
        return x

    def behind(x):
        return tf.ensure_shape(tf.numpy_function(slow, [x], tf.float64), (None,))

    chained = feed.map(behind, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    all_same(chained, feed)
    assert max(most) > 1
    assert chained.with_options(tuned()).options().autotune.enabled is True


def tuned():
    options = tf.data.Options()
    options.autotune.enabled = True
    return options
