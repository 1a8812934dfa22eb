"""`to_keras`, and training on real photographs through every door."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import samebytes as sb
from samebytes.feeds.keras import WINDOW, AnyOrder

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
    epoch = AnyOrder(dataset, 0)
    for index in range(13):
        epoch.batch(index)
        assert (epoch._running is not None) == (index >= 2)
    epoch.close()


def test_shuffled_numbers_start_nothing_ahead(pictures):
    epoch = AnyOrder(sb.Dataset.from_tensor_slices(pictures).batch(1), 0)
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


def test_verbs_after_batch(dataset):
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


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_of_keras(dataset, workers):
    from samebytes.feeds.keras import to_keras

    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(to_keras(dataset, workers=workers), epochs=2, verbose=0)
    assert threading.active_count() < 50
