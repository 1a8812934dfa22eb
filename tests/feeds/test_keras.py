"""`to_keras`, and training on real photographs through every door."""

from __future__ import annotations

import inspect
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import samebytes as sb
from samebytes.feeds.keras import to_keras
from samebytes.feeds.keras_batches import WINDOW, RandomAccessBatches
from samebytes.feeds.tf_data import to_tf
from tests.feeds.fitting import as_bytes, linear

pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.fixture
def expected(dataset):
    return [list(dataset.iterate(epoch)) for epoch in range(3)]


# --------------------------------------------------------------------------- by number


def test_is_a_py_dataset(dataset):
    batches = dataset.to_keras()
    assert isinstance(batches, keras.utils.PyDataset)
    assert len(batches) == batches.num_batches == 13


def test_in_order_each_epoch_is_the_engines(dataset, expected):
    batches = dataset.to_keras()
    for epoch in range(3):
        for index in range(len(batches)):
            same(batches[index], expected[epoch][index])
        batches.on_epoch_end()


def test_any_order_gives_the_same(dataset, expected):
    batches = dataset.to_keras()
    order = np.random.default_rng(0).permutation(list(range(13)) * 3).tolist()
    for index in [*order, -1]:
        same(batches[index], expected[0][index])


def test_looking_at_the_first_two_changes_nothing(dataset, expected):
    batches = dataset.to_keras()
    for index in (0, 1, 0, 1, *range(13), *range(13)):
        same(batches[index], expected[0][index])


def test_batches_asked_for_in_order_are_made_ahead(dataset):
    epoch = RandomAccessBatches(dataset.pipeline, 0)
    for index in range(13):
        epoch.batch(index)
        assert (epoch._running is not None) == (index >= 2)
    epoch.close()


def test_shuffled_numbers_start_nothing_ahead(pictures):
    epoch = RandomAccessBatches(sb.Dataset.from_tensor_slices(pictures).batch(1).pipeline, 0)
    for index in (50, 3, 90, 20, 70):
        epoch.batch(index)
        assert epoch._running is None


@pytest.mark.parametrize("workers", [2, 4])
def test_many_threads_get_each_their_batch(pictures, workers):
    ds = sb.Dataset.from_tensor_slices(pictures).shuffle(seed=0).batch(2)
    expected = list(ds.iterate(0))
    batches = ds.to_keras()
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(batches.__getitem__, range(len(batches))))
    for one, other in zip(found, expected, strict=True):
        same(one, other)
    assert len(batches._epoch._kept) <= WINDOW


def test_methods_after_batch(dataset):
    ds = dataset.shuffle(seed=9).take(6)
    batches = ds.to_keras()
    for index, batch in enumerate(ds.iterate(0)):
        same(batches[5 - index], list(ds.iterate(0))[5 - index])
        same(batches[index], batch)


def test_an_endless_dataset_has_no_length(dataset):
    batches = dataset.repeat().to_keras()
    assert batches.num_batches is None
    same(batches[500], batches[500])


def test_numbers_beyond_the_end_are_refused(dataset):
    with pytest.raises(IndexError, match="batch 13 of 13"):
        dataset.to_keras()[13]


def test_single_samples_are_refused(pictures):
    with pytest.raises(ValueError, match=r"single samples: ds\.batch"):
        sb.Dataset.from_tensor_slices(pictures).to_keras()


def test_an_error_of_the_users_function_surfaces(dataset):
    def fails(x, y):
        raise LookupError("nothing to be had")

    batches = dataset.map(lambda x, y: (x, y) if 7 not in y else fails(x, y)).to_keras()
    with pytest.raises(LookupError, match="nothing to be had"):
        [batches[index] for index in range(13)]


def test_the_end_of_an_epoch_ends_its_threads(dataset, engine_threads):
    batches = dataset.to_keras()
    for index in range(5):
        batches[index]
    assert engine_threads(0, seconds=0.1) > 0
    batches.on_epoch_end()
    assert engine_threads() == 0


# --------------------------------------------------------------------------- training


def small_model(classes=4):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Conv2D(8, 5, strides=4, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


@pytest.fixture
def crops(photograph_task):
    """Crops of photographs, and of which each is."""
    return (
        sb.Dataset.from_tensor_slices(photograph_task)
        .shuffle(seed=0)
        .map(sb.RandomCrop(32, 32), seed=1)
        .map(sb.Rescaling(1 / 255))
        .batch(8)
    )


@pytest.mark.parametrize(
    "door",
    [
        lambda ds: {"x": ds.to_tf(), "shuffle": False},
        lambda ds: {"x": ds.to_keras()},
        lambda ds: {"x": ds.to_keras(), "shuffle": False},
    ],
    ids=["to_tf", "to_keras", "to_keras in order"],
)
def test_fit_learns_which_photograph_a_crop_is_of(crops, photograph_task, door, engine_threads):
    tiles, labels = photograph_task
    validation = sb.Dataset.from_tensor_slices((tiles, labels)).map(sb.CenterCrop(32, 32))
    validation = validation.map(sb.Rescaling(1 / 255)).batch(16)
    model = small_model()
    history = model.fit(
        **door(crops), validation_data=validation.to_tf(), epochs=12, verbose=0
    ).history
    assert history["loss"][-1] < 0.7 * history["loss"][0], history["loss"]
    assert history["val_accuracy"][-1] > 0.5, history["val_accuracy"]
    assert engine_threads() == 0


@pytest.mark.parametrize("door", ["to_tf", "to_keras"])
def test_sample_weights_and_dict_inputs(pictures, door):
    images, numbers = pictures
    inputs = {"picture": images.astype("float32"), "number": numbers.astype("float32")[:, None]}
    weights = np.where(numbers < 50, 0.0, 1.0).astype("float32")
    ds = sb.Dataset.from_tensor_slices((inputs, np.ones(103, "float32"), weights)).batch(16)
    picture = keras.Input((24, 24, 3), name="picture")
    number = keras.Input((1,), name="number")
    flat = keras.layers.Flatten()(picture)
    out = keras.layers.Dense(1)(keras.layers.Concatenate()([flat, number]))
    model = keras.Model({"picture": picture, "number": number}, out)
    model.compile(keras.optimizers.SGD(1e-9), "mse")
    history = model.fit(getattr(ds, door)(), shuffle=False, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    np.testing.assert_allclose(
        model.evaluate(getattr(ds, door)(), verbose=0),
        model.evaluate(inputs, np.ones(103), sample_weight=weights, batch_size=16, verbose=0),
        rtol=1e-4,
    )


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("options", [{}, {"workers": 3}, {"workers": 3, "max_queue_size": 1}])
def test_workers_of_keras_train_on_every_batch_once(pictures, options, shuffle):
    seen = []
    ds = sb.Dataset.from_tensor_slices(pictures).shuffle(seed=0).map(sb.CenterCrop(16, 16)).batch(8)
    linear(seen).fit(ds.to_keras(**options), epochs=2, shuffle=shuffle, verbose=0)
    expected = [as_bytes(batch) for epoch in range(3) for batch in ds.iterate(epoch)]
    places = [expected.index(batch) for batch in seen]
    # What newer versions of Keras look at before they train is an epoch of its own.
    first = min(places)
    assert first in {0, 13}
    in_order = list(range(first, first + 26))
    assert places == in_order if not shuffle else places != in_order
    assert sorted(places[:13]) + sorted(places[13:]) == in_order
    assert threading.active_count() < 50


def test_the_arguments_of_the_feed_are_those_of_the_method():
    for method, feed in ((sb.Dataset.to_keras, to_keras), (sb.Dataset.to_tf, to_tf)):
        _, *of_method = inspect.signature(method).parameters.values()
        _, _, *of_feed = inspect.signature(feed).parameters.values()  # pipeline, epochs
        assert of_method == of_feed


def test_arguments_reach_keras(dataset):
    batches = dataset.to_keras(workers=3)
    assert (batches.workers, batches.max_queue_size) == (3, 3)
    batches = dataset.to_keras(workers=2, max_queue_size=7)
    assert (batches.workers, batches.max_queue_size) == (2, 7)
    assert (dataset.to_keras().workers, dataset.to_keras().max_queue_size) == (1, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": -1}, r"to_keras\(workers=-1\): expected 0 or more"),
        (
            {"max_queue_size": 0},
            r"to_keras\(max_queue_size=0\): expected 1 or more; with less, Keras",
        ),
    ],
)
def test_numbers_that_mean_nothing_are_refused(dataset, options, message):
    with pytest.raises(ValueError, match=message):
        dataset.to_keras(**options)


def test_what_is_advised_in_another_process_is_there(dataset, monkeypatch):
    batches = dataset.to_keras()
    monkeypatch.setattr("os.getpid", lambda: -1)
    with pytest.raises(RuntimeError) as raised:
        batches[0]
    monkeypatch.undo()
    assert str(raised.value) == (
        "to_keras() works only in the process that made it, where threads already make its "
        "batches; leave use_multiprocessing=False, and if Keras must ask for them in n threads, "
        "write ds.to_keras(workers=n)"
    )
    assert dataset.to_keras(workers=2).workers == 2


def test_numbers_that_are_only_near_each_other_leave_nothing_ahead(pictures):
    epoch = RandomAccessBatches(sb.Dataset.from_tensor_slices(pictures).batch(1).pipeline, 0)
    for index in (5, 6, 7, 3, 9, 4):
        same(epoch.batch(index, 1, 1), [part[index : index + 1] for part in pictures])
    assert epoch._running is None
    assert not epoch._kept


def test_an_epoch_that_keras_begins_is_made_ahead_from_its_first_batch(dataset):
    epoch = RandomAccessBatches(dataset.pipeline, 0)
    epoch.batch(0, 1, 1)
    assert epoch._running is not None
    epoch.close()
