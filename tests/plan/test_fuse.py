"""What joins the pass, what runs after it, and why."""

import keras
import numpy as np
import pytest
from running import assert_same_bytes, chain, made, pixels

import samebytes as sb

IMAGES, LABELS = pixels(12, 8, 6, 3), np.arange(12)
PAIR = sb.Dataset.from_tensor_slices((IMAGES, LABELS))


def first(dataset, count=12):
    with dataset.batch(count).iterate(0) as batches:
        return next(batches)


FOLDED = [
    (keras.layers.Rescaling(1 / 255, 1), [sb.Rescaling(1 / 255, 1)]),
    (keras.layers.Rescaling(np.array([1.0, 2, 3])), [sb.Rescaling((1, 2, 3))]),
    (keras.layers.CenterCrop(4, 5), [sb.CenterCrop(4, 5), sb.Cast("float32")]),
    (keras.layers.RandomCrop(4, 5, seed=3), [sb.RandomCrop(4, 5, seed=3), sb.Cast("float32")]),
    (
        keras.layers.RandomFlip("vertical", seed=3),
        [sb.RandomFlip("vertical", seed=3), sb.Cast("float32")],
    ),
    (keras.layers.Normalization(mean=3.0, variance=4.0), [sb.Normalization(3, 4)]),
    (
        keras.layers.Normalization(mean=[1.0, 2, 3], variance=[4.0, 5, 6]),
        [sb.Normalization((1, 2, 3), (4, 5, 6))],
    ),
    (keras.layers.Normalization(axis=None, mean=3.0, variance=4.0), [sb.Normalization(3, 4)]),
    (keras.layers.RandomBrightness(0.1, seed=3), [sb.RandomBrightness(0.1, seed=3)]),
    (
        keras.layers.RandomBrightness((0.1, 0.2), (0, 1), seed=3),
        [sb.RandomBrightness((0.1, 0.2), (0, 1), seed=3)],
    ),
    # Its single number means (0, factor).
    (keras.layers.RandomContrast(0.1, seed=3), [sb.RandomContrast((0, 0.1), seed=3)]),
]


@pytest.mark.parametrize(("layer", "expected"), FOLDED, ids=lambda one: type(one).__name__)
def test_known_layers_are_folded(layer, expected):
    dataset = PAIR.map(layer)
    assert dataset.plan.later == ()
    assert [step.transform for step in dataset.plan.components[0].steps] == expected
    x, y = made(dataset)
    assert x.dtype == np.float32
    assert_same_bytes(y, LABELS)


@pytest.mark.parametrize(
    "layer",
    [layer for layer, _ in FOLDED if type(layer).__name__ in {"Rescaling", "CenterCrop"}]
    + [layer for layer, _ in FOLDED if type(layer).__name__ == "Normalization"],
)
def test_folded_layers_give_their_own_values_and_dtype(layer):
    expected = np.asarray(layer(IMAGES))
    found = made(PAIR.map(layer))[0]
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-4)


def test_an_adapted_layer_is_folded_with_what_it_learned():
    layer = keras.layers.Normalization()
    layer.adapt(IMAGES)
    dataset = PAIR.map(layer)
    assert dataset.plan.later == ()
    np.testing.assert_allclose(made(dataset)[0], np.asarray(layer(IMAGES)), atol=1e-5)


class Rescaling(keras.layers.Rescaling):
    """Not Keras' own: nobody knows what it does."""


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Resizing(4, 5),
        keras.layers.Normalization(mean=3.0, variance=4.0, invert=True),
        keras.layers.Normalization(axis=(1, 3)),
        keras.layers.Rescaling(2, dtype="float16"),
        keras.layers.CenterCrop(4, 5, data_format="channels_first"),
        keras.layers.CenterCrop(9, 9),
        keras.layers.RandomRotation(0.0),
        Rescaling(2),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_other_layers_run_as_they_are_on_their_component(layer):
    if isinstance(layer, keras.layers.Normalization) and layer.axis == (1, 3):
        layer.adapt(IMAGES)
    dataset = PAIR.map(layer)
    (later,) = dataset.plan.later
    assert (later.function, later.why) == (layer, "a Keras layer that does not fold")
    x, y = first(dataset)
    expected = np.asarray(layer(IMAGES))
    assert x.dtype == expected.dtype == dataset.element_spec[0].dtype
    assert x.shape[1:] == dataset.element_spec[0].shape
    np.testing.assert_array_equal(x, expected)
    assert_same_bytes(y, LABELS)


def test_a_layer_takes_on_too():
    dataset = sb.Dataset.from_tensor_slices({"a": IMAGES, "b": IMAGES})
    found = first(dataset.map(keras.layers.Resizing(2, 2), on="b"))
    assert (found["a"].shape, found["b"].shape) == ((12, 8, 6, 3), (12, 2, 2, 3))
    found = first(dataset.map(keras.layers.CenterCrop(2, 2), on=("a", "b")))
    assert found["a"].shape == found["b"].shape == (12, 2, 2, 3)


def test_what_follows_a_function_runs_later_and_is_right():
    dataset = (
        PAIR.map(sb.Rescaling(2))
        .map(lambda x, y: {"y": y, "x": x + 1})
        .map(sb.CenterCrop(2, 2), on="x")
        .map(sb.Cast("uint8"), on="y")
    )
    plan = dataset.plan
    assert [later.why for later in plan.later] == [
        "a function, not a transform that folds",
        "follows <lambda>",
        "follows CenterCrop",
    ]
    found = first(dataset)
    assert_same_bytes(found["x"], (IMAGES * np.float32(2) + 1)[:, 3:5, 2:4])
    assert_same_bytes(found["y"], LABELS.astype(np.uint8))
    reference = dataset.reference(range(12))
    assert_same_bytes(found["x"], reference["x"])


def test_what_follows_a_function_still_draws_by_sample():
    flips = PAIR.map(lambda x, y: (x, y)).map(sb.RandomFlip(seed=3))
    whole, parts = first(flips)[0], flips.batch(5).iterate(0)
    assert_same_bytes(np.concatenate([x for x, _ in parts]), whole)
    direct = PAIR.map(sb.Cast("uint8")).map(sb.RandomFlip(seed=3))
    assert_same_bytes(whole, made(direct)[0])


def test_errors_of_what_runs_later_come_in_words():
    rounded = PAIR.map(sb.Rescaling(2)).map(sb.Cast("uint8")).map(sb.Rescaling(2))
    with pytest.raises(ValueError, match=r"^RandomCrop\(9, 9\) is larger than the images of 8 by"):
        rounded.map(sb.RandomCrop(9, 9))
    after = PAIR.map(lambda x, y: (x[:4], y)).map(sb.RandomCrop(6, 6)).batch(2)
    with pytest.raises(ValueError, match=r"^RandomCrop\(6, 6\) is larger than the images of 4 by"):
        next(iter(after))
    missing = PAIR.map(lambda x, y: {"x": x}).map(sb.Rescaling(2), on="image").batch(2)
    with pytest.raises(ValueError, match=r"^there is no component 'image'; expected some of x$"):
        next(iter(missing))


def test_components_are_named_by_key_place_and_path():
    source = {"x": {"image": IMAGES, "mask": IMAGES}, "y": (IMAGES, LABELS)}
    dataset = sb.Dataset.from_tensor_slices(source)
    assert dataset.structure.names == ("x.image", "x.mask", "y.0", "y.1")

    def cut(on):
        plan = dataset.map(sb.CenterCrop(2, 2), on=on).plan
        return [c.name for c in plan.components if c.steps]

    assert cut("x.image") == ["x.image"]
    assert cut("x") == ["x.image", "x.mask"]
    assert cut(("x.mask", "y.0")) == ["x.mask", "y.0"]
    assert cut(None) == ["x.image"]
    with pytest.raises(ValueError, match=r"^there is no component 'image'; expected some of x.im"):
        cut("image")
    with pytest.raises(ValueError, match=r"^on=\(\) names no component"):
        cut(())
    pair = PAIR.map(sb.Cast("float32"), on=1).map(sb.CenterCrop(2, 2), on=0)
    assert [component.spec.dtype.name for component in pair.plan.components] == ["uint8", "float32"]


def test_on_of_the_transform_and_of_map_are_the_same():
    assert PAIR.map(sb.Rescaling(2, on=1)) == PAIR.map(sb.Rescaling(2), on=1)
    assert chain(IMAGES, sb.Rescaling(2, on=0)).plan.later == ()
