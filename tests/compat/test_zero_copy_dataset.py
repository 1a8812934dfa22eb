"""`ZeroCopyDataset`: the article's class, with tf.data's manners and the engine's speed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import samebytes as sb
from samebytes.feeds import tf_data

tf = pytest.importorskip("tensorflow")

from samebytes.compat.zero_copy_dataset import ZeroCopyDataset  # noqa: E402 (after the skip)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (50, 40, 48, 3), np.uint8)


def test_the_articles_chain(images):
    ds = ZeroCopyDataset(images, crop_size=(32, 24)).batch(16).prefetch(tf.data.AUTOTUNE)
    shapes = [tuple(batch.shape) for batch in ds]
    assert shapes == [(16, 32, 24, 3)] * 3 + [(2, 32, 24, 3)]
    batch = next(iter(ds))
    assert batch.dtype == tf.float32
    assert 0 <= batch.numpy().min() < 0.1 < 0.9 < batch.numpy().max() <= 1


def test_it_is_a_dataset_of_samples(images):
    ds = ZeroCopyDataset(images, crop_size=32, seed=0)
    assert isinstance(ds, tf.data.Dataset)
    assert isinstance(ds, ZeroCopyDataset)
    assert ds.element_spec == tf.TensorSpec((32, 32, 3), tf.float32)
    assert ds.cardinality() == len(ds) == 50
    found = [sample.numpy() for sample in ds]
    expected = ds.samples.iterate(0)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_crops_are_of_the_images_and_new_each_epoch(images):
    ds = ZeroCopyDataset(images, crop_size=16, scale=None, seed=0)
    first, second = ([x.numpy() for x in ds] for _ in range(2))
    windows = np.lib.stride_tricks.sliding_window_view(images[0], (16, 16), axis=(0, 1))
    assert (windows.transpose(0, 1, 3, 4, 2) == first[0]).all(axis=(2, 3, 4)).any()
    assert not all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def chain(ds):
    return ds.shuffle(1000, seed=5).skip(2).take(40).shard(2, 1).repeat(2)


def test_methods_before_batch_keep_the_engine(images, monkeypatch):
    ds = ZeroCopyDataset(images, crop_size=16, seed=1)
    chained = chain(ds)
    assert isinstance(chained, ZeroCopyDataset)
    expected = list(chain(ds.samples).batch(8).iterate(0))
    given = []
    plain = tf_data.hand_over

    def watched(pipeline, **how):
        given.append(pipeline.plan)
        return plain(pipeline, **how)

    monkeypatch.setattr(tf_data, "hand_over", watched)
    found = list(chained.batch(8))
    assert [one.batch_size for one in given] == [8]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_take_means_the_first_ones(images):
    ds = ZeroCopyDataset(images, crop_size=None, scale=None)
    np.testing.assert_array_equal(next(iter(ds.take(3).batch(3))), images[:3])
    np.testing.assert_array_equal(next(iter(ds.skip(tf.constant(4)).batch(3))), images[4:7])


def test_structures_and_labels(images):
    tensors = {"image": images, "label": np.arange(50)}
    ds = ZeroCopyDataset(tensors, crop_size=16).batch(np.int64(10), drop_remainder=True)
    assert ds.element_spec["image"].shape == (10, 16, 16, 3)
    assert np.concatenate([x["label"] for x in ds]).tolist() == list(range(50))


def test_other_methods_are_tf_datas(images):
    ds = ZeroCopyDataset((images, np.arange(50)), crop_size=16, seed=0)
    assert [int(y) for _, y in ds.filter(lambda _, y: y % 10 == 0)] == [0, 10, 20, 30, 40]
    assert next(iter(ds.map(lambda x, y: x * 2).batch(4))).shape == (4, 16, 16, 3)
    assert sum(1 for _ in ds.cache().repeat(2)) == 100
    assert sum(1 for _ in tf.data.Dataset.zip((ds, ds))) == 50
    assert sum(1 for _ in ds.concatenate(ds)) == 100
    assert ds.reduce(np.int64(0), lambda total, pair: total + pair[1]) == sum(range(50))
    assert next(ds.as_numpy_iterator())[0].shape == (16, 16, 3)
    assert next(iter(ds.prefetch(2).batch(50)))[1].shape == (50,)
    assert ds.enumerate().element_spec[0].dtype == tf.int64
    assert next(iter(ds.apply(lambda one: one.batch(7))))[1].shape == (7,)


def test_options_are_kept(images):
    options = tf.data.Options()
    options.deterministic = True
    ds = ZeroCopyDataset(images, crop_size=16).with_options(options)
    assert ds.options().deterministic
    assert sum(1 for _ in ds) == 50


def test_an_endless_one(images):
    ds = ZeroCopyDataset(images, crop_size=16).repeat().batch(8)
    assert ds.cardinality() == tf.data.INFINITE_CARDINALITY
    assert all(x.shape[0] == 8 for x in ds.take(20))


def test_fit_takes_it(images):
    import keras

    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    ds = ZeroCopyDataset((images, np.ones(50, "float32")), crop_size=16)
    assert len(model.fit(ds.batch(25), shuffle=False, epochs=2, verbose=0).history["loss"]) == 2
    model.predict(ds.batch(25), verbose=0)


def test_crops_that_do_not_fit_are_refused_in_words(images):
    with pytest.raises(ValueError, match="256"):
        ZeroCopyDataset(images)


def test_its_module_is_imported_without_tensorflow():
    script = (
        "import sys, samebytes.compat.zero_copy_dataset as module\n"
        "assert 'tensorflow' not in sys.modules\n"
        "try: module.nothing\n"
        "except AttributeError as error: assert 'nothing' in str(error)\n"
        "else: raise SystemExit(1)\n"
        "assert module.ZeroCopyDataset is module.ZeroCopyDataset\n"
        "assert 'tensorflow' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


def test_the_samples_are_a_dataset_of_ours(images):
    assert isinstance(ZeroCopyDataset(images, 16).samples, sb.Dataset)
