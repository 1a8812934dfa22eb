"""A Keras layer gives its own values, folded or not: for any rank, dtype and shape of argument."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from running import BFLOAT, pixels

import samebytes as sb

DTYPES = ["uint8", "int16", "int64", "bool", "float16", "float32", "float64", BFLOAT]
IMAGES = pixels(12, 8, 6, 3)


def made(dataset, count):
    with dataset.batch(count).iterate(0) as batches:
        return next(batches)


def as_source(values):
    """Keras knows no NumPy array of bfloat16 as one."""
    return keras.ops.convert_to_tensor(values)


def same_as_called(layer, values, *maps):
    """Mapping gives what calling gives, or both refuse; returns the dataset."""
    dataset = sb.Dataset.from_tensor_slices(values)
    for one in maps:
        dataset = dataset.map(one)
    before = made(dataset, len(values)) if maps else values
    try:
        expected = layer(as_source(before))
    except (ValueError, TypeError, tf.errors.OpError) as failure:
        with pytest.raises(type(failure)):
            made(dataset.map(layer), len(values))
        return None
    dataset = dataset.map(layer)
    found = made(dataset, len(values))
    expected = np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    as_doubles = [np.asarray(one, np.float64) for one in (found, expected)]
    np.testing.assert_allclose(
        *as_doubles, rtol=2e-3 if found.dtype == np.float16 else 2e-5, atol=1e-3
    )
    return dataset


def folds(dataset):
    return dataset.plan.later == ()


@st.composite
def batches(draw):
    rank = draw(st.integers(1, 4))
    shape = tuple(draw(st.integers(1, 4)) for _ in range(rank))
    return pixels(*shape, dtype=draw(st.sampled_from(DTYPES)))


@st.composite
def broadcasting(draw, shape):
    """The shape of an array that broadcasts with `shape`, perhaps to more axes, or does not."""
    axes = draw(st.integers(0, len(shape) + 1))
    whole = (1, *shape)[len(shape) + 1 - axes :]
    return tuple(draw(st.sampled_from([size, 1, 2])) for size in whole)


def numbers(shape, seed):
    return np.random.default_rng(seed).uniform(0.5, 2, shape)


POLICIES = st.sampled_from([None, "float32", "float16", "float64", "mixed_bfloat16"])


@settings(max_examples=80, deadline=None)
@given(st.data(), batches(), POLICIES)
def test_rescaling_broadcasts_as_the_layer_does(data, values, policy):
    scale = numbers(data.draw(broadcasting(values.shape)), 1)
    offset = numbers(data.draw(broadcasting(values.shape)), 2)
    if data.draw(st.booleans()):
        scale, offset = scale.tolist(), offset.tolist()
    same_as_called(keras.layers.Rescaling(scale, offset, dtype=policy), values)


@settings(max_examples=60, deadline=None)
@given(st.data(), batches())
def test_normalization_goes_along_the_axes_of_the_layer(data, values):
    rank = values.ndim
    axis = data.draw(
        st.sampled_from([-1, None, (-1,), ()])
        | st.lists(
            st.integers(-rank, rank - 1),
            min_size=1,
            max_size=rank,
            unique_by=lambda one: one % rank,
        ).map(tuple)
    )
    invert = data.draw(st.booleans())
    adapts = data.draw(st.booleans())
    kept = () if axis is None else (axis,) if isinstance(axis, int) else axis
    shape = tuple(values.shape[one] for one in sorted(one % rank for one in kept))
    if adapts:
        layer = keras.layers.Normalization(axis=axis, invert=invert)
        layer.adapt(np.asarray(values, np.float32))
    else:
        shape = data.draw(st.sampled_from([shape, (), tuple(1 for _ in shape), shape[1:]]))
        given_numbers = {"mean": numbers(shape, 1), "variance": numbers(shape, 2)}
        layer = keras.layers.Normalization(axis=axis, invert=invert, **given_numbers)
    same_as_called(layer, values)


@settings(max_examples=30, deadline=None)
@given(
    values=batches(),
    height=st.integers(1, 5),
    width=st.integers(1, 5),
    data_format=st.sampled_from([None, "channels_last", "channels_first"]),
    policy=POLICIES,
)
def test_center_crop_cuts_where_the_layer_does(values, height, width, data_format, policy):
    layer = keras.layers.CenterCrop(height, width, data_format=data_format, dtype=policy)
    same_as_called(layer, values)


@pytest.mark.parametrize(
    ("scale", "folded"),
    [
        (2.0, True),
        ([2.0], True),
        ([[[[2.0]]]], True),
        ([1.0, 2, 3], True),
        ([[[1.0, 2, 3]]], True),
        (np.arange(6.0).reshape(6, 1), False),
        (np.arange(18.0).reshape(6, 3), False),
        ([[[[[2.0]]]]], False),  # gives batches an axis more
        (np.inf, False),
    ],
)
def test_what_differs_along_the_last_axis_alone_folds(scale, folded):
    for arguments in ((scale,), (1.5, scale)):
        dataset = same_as_called(keras.layers.Rescaling(*arguments), IMAGES)
        assert folds(dataset) == folded


def test_a_scale_of_three_by_one_is_no_scale_of_channels():
    values = pixels(2, 3, 3, dtype="float32")
    scale = np.float32([[1], [10], [100]])
    found = made(sb.Dataset.from_tensor_slices(values).map(keras.layers.Rescaling(scale)), 2)
    np.testing.assert_array_equal(found, values * scale)


LAYERS = {
    "scale a channel": lambda: keras.layers.Rescaling([1.0, 2, 3, 4, 5, 6]),
    "one scale": lambda: keras.layers.Rescaling(2.0, 1),
    "crop": lambda: keras.layers.CenterCrop(2, 4),
    "mean a channel": lambda: keras.layers.Normalization(mean=[1.0] * 6, variance=[2.0] * 6),
    "one mean": lambda: keras.layers.Normalization(axis=None, mean=1.0, variance=2.0),
}


@pytest.mark.parametrize("name", LAYERS)
def test_where_channels_come_first_a_layer_still_takes_the_last_axis(name):
    dataset = same_as_called(LAYERS[name](), pixels(4, 8, 6, 3), sb.ChannelsFirst())
    assert folds(dataset) == name.startswith("one")


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("dtype", ["float16", "float64", "uint8"])
def test_what_a_cast_chose_does_not_change_the_dtype_of_a_layer(name, dtype):
    same_as_called(LAYERS[name](), pixels(4, 8, 6, 6), sb.Cast(dtype))


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.RandomFlip("vertical", seed=1),
        keras.layers.RandomCrop(2, 2, seed=1),
        keras.layers.RandomContrast(0.5, seed=1),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_random_layers_that_go_by_place_do_not_fold_where_channels_come_first(layer):
    planar = sb.Dataset.from_tensor_slices(IMAGES).map(sb.ChannelsFirst())
    (later,) = planar.map(layer).plan.later
    assert later.function is layer
    bright = planar.map(keras.layers.RandomBrightness(0.5, seed=1))
    assert folds(bright)


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.RandomFlip("diagonal"),
        keras.layers.RandomBrightness((-2, 0.5)),
        keras.layers.RandomBrightness(0.5, (3, 3)),
        keras.layers.RandomContrast(0.5, (255, 0)),
        keras.layers.RandomFlip(dtype="float16"),
        keras.layers.RandomCrop(2, 2, data_format="channels_first"),
        keras.layers.BatchNormalization(),
        keras.layers.LayerNormalization(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_what_ours_refuse_stays_the_layer_it_is(layer):
    (later,) = sb.Dataset.from_tensor_slices(IMAGES).map(layer).plan.later
    assert later.function is layer


def test_settings_of_keras_count():
    scaled = keras.layers.Rescaling([1.0, 2, 3])
    narrow = keras.layers.Normalization(mean=1.0, variance=0.0)
    square = pixels(4, 3, 3, 3)
    try:
        keras.config.set_image_data_format("channels_first")
        keras.config.set_epsilon(0.1)
        assert not folds(same_as_called(scaled, square))
        assert not folds(same_as_called(narrow, square))
        crop = keras.layers.CenterCrop(2, 2)
        assert not folds(same_as_called(crop, square))
    finally:
        keras.config.set_image_data_format("channels_last")
        keras.config.set_epsilon(1e-7)
    assert folds(same_as_called(scaled, square))


def test_a_layer_built_for_images_is_not_for_rows():
    layer = keras.layers.Normalization()
    layer.adapt(IMAGES)
    assert folds(same_as_called(layer, IMAGES))
    layer = keras.layers.Normalization(mean=2.0, variance=4.0)
    layer(IMAGES)
    rows = sb.Dataset.from_tensor_slices(IMAGES[:, 0, 0])
    assert not folds(rows.map(layer))
    assert not folds(sb.Dataset.from_tensor_slices(IMAGES).map(lambda x: x).map(layer))


def test_negative_seeds_are_seeds():
    dataset = sb.Dataset.from_tensor_slices(IMAGES).map(keras.layers.RandomFlip(seed=-1))
    assert dataset.maps[0].seed == 2**64 - 1
    assert folds(dataset)


@pytest.mark.parametrize("values", [np.ones((3, 1)), [[1.0, 2.0]], np.ones((1, 1, 3))])
def test_our_own_take_one_axis_of_numbers(values):
    shape = np.shape(values)
    expected = rf"one a channel along a single axis; got the shape {re.escape(str(shape))}\. What"
    for make in (
        lambda: sb.Rescaling(values),
        lambda: sb.Rescaling(1, values),
        lambda: sb.Normalization(values, 1),
        lambda: sb.Normalization(0, values),
    ):
        with pytest.raises(ValueError, match=expected):
            make()


@pytest.mark.parametrize("pair", [(0.1, 0.2, 0.3), [[0.1, 0.2]], "ab", (1j, 2)])
def test_what_is_no_pair_is_refused_in_words(pair):
    for make in (
        lambda: sb.RandomBrightness(pair),
        lambda: sb.RandomContrast(pair),
        lambda: sb.RandomBrightness(0.1, pair),
        lambda: sb.RandomContrast(0.1, pair),
    ):
        with pytest.raises(ValueError, match=r"(factor|value_range) of shape .*: expected two num"):
            make()
