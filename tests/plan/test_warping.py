"""Affine and projective maps: Keras' values with our draws, and any chain as one map."""

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import UNIT, assert_same_bytes, assert_within, chain, made, pixels, units_of

import samebytes as sb

IMAGES = pixels(6, 31, 44, 3)
MODES = ["reflect", "wrap", "nearest", "constant"]
EACH_MODE = pytest.mark.parametrize("mode", MODES)


def smooth(count=6, height=31, width=44):
    """Images on which a place that is a little off changes little."""
    y, x = np.indices((height, width)).astype(np.float32)
    each = [np.sin(y / 9 + n) * 50 + np.cos(x / 11 - n) * 60 + 128 for n in range(3)]
    return np.stack([np.stack(each, -1)] * count) + np.arange(count)[:, None, None, None].astype(
        "f4"
    )


def between(units, low, high):
    return (low + (high - low) * units).astype(np.float32)


def assert_near(found, expected):
    """Nearly all are: a place within a rounding of where a fill begins may fall on either side."""
    apart = np.abs(found - np.asarray(expected)).max(-1)
    assert np.mean(apart > 0.2) < 0.005
    assert np.median(apart) < 0.01


@EACH_MODE
def test_rotation_is_keras(mode):
    images = smooth()
    dataset = chain(images, sb.RandomRotation((-0.3, 0.2), fill_mode=mode, fill_value=9))
    layer = keras.layers.RandomRotation((-0.3, 0.2), fill_mode=mode, fill_value=9)
    zeros, ones = np.zeros(6, "f4"), np.ones(6, "f4")
    angle = between(units_of(dataset)[:, 0], -0.3 * 360, 0.2 * 360)
    matrix = layer._compute_affine_matrix(0.5, 0.5, angle, zeros, zeros, ones, zeros, zeros, 31, 44)
    assert_near(made(dataset), layer.transform_images(images, {"rotation_matrix": matrix}))


@EACH_MODE
def test_zoom_is_keras(mode):
    images = smooth()
    dataset = chain(images, sb.RandomZoom((-0.5, 0.5), (-0.2, 0.9), fill_mode=mode, fill_value=9))
    layer = keras.layers.RandomZoom((-0.5, 0.5), (-0.2, 0.9), fill_mode=mode, fill_value=9)
    units = units_of(dataset)
    zooms = {
        "height_zoom": between(units[:, :1], 0.5, 1.5),
        "width_zoom": between(units[:, 1:], 0.8, 1.9),
        "input_shape": images.shape,
    }
    assert_near(made(dataset), layer.transform_images(images, zooms))


@EACH_MODE
def test_translation_is_keras(mode):
    images = smooth()
    dataset = chain(images, sb.RandomTranslation(0.3, (0.1, 0.9), fill_mode=mode, fill_value=9))
    layer = keras.layers.RandomTranslation(0.3, (0.1, 0.9), fill_mode=mode, fill_value=9)
    units = units_of(dataset)
    moved = between(units[:, 1], 0.1, 0.9) * 44, between(units[:, 0], -0.3, 0.3) * 31
    given = {"translations": np.stack(moved, -1), "input_shape": images.shape}
    assert_near(made(dataset), layer.transform_images(images, given))


@EACH_MODE
def test_shear_is_keras(mode):
    images = smooth()
    dataset = chain(images, sb.RandomShear(0.4, (0.1, 0.3), fill_mode=mode, fill_value=9))
    layer = keras.layers.RandomShear(0.4, (0.1, 0.3), fill_mode=mode, fill_value=9)
    units = units_of(dataset)
    sign = np.where(units[:, 0] > 0.5, -1, 1).astype("f4")
    factors = sign * between(units[:, 1], -0.4, 0.4), sign * between(units[:, 2], 0.1, 0.3)
    given = {"shear_factor": np.stack(factors, -1), "input_shape": images.shape}
    assert_near(made(dataset), layer.transform_images(images, given))


def test_perspective_is_keras():
    images = smooth()
    dataset = chain(images, sb.RandomPerspective(0.6, 0.5, fill_value=9))
    layer = keras.layers.RandomPerspective(0.6, 0.5, fill_value=9)
    units = units_of(dataset)
    starts = np.array([[[0, 0], [43, 0], [0, 30], [43, 30]]] * 6, np.float32)
    shares = between(units[:, 2:].reshape(6, 4, 2), -0.25, 0.25)
    given = {
        "apply_perspective": units[:, 0] < 0.6 * units[:, 1],
        "start_points": starts,
        "end_points": starts + starts * shares,
        "input_shape": images.shape,
    }
    assert given["apply_perspective"].any()
    assert_near(made(dataset), layer.transform_images(images, given))


def torchvisions_matrix(angle, translate, scale, shear, height, width):
    """The inverse of torchvision's product of matrices: about the middle, then moved."""
    angle, x_shear, y_shear = np.radians([angle, *shear])
    turn = np.array(
        [
            [np.cos(angle - y_shear) / np.cos(y_shear), 0],
            [np.sin(angle - y_shear) / np.cos(y_shear), 0],
        ]
    )
    turn[0, 1] = -turn[0, 0] * np.tan(x_shear) - np.sin(angle)
    turn[1, 1] = -turn[1, 0] * np.tan(x_shear) + np.cos(angle)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    forward = np.eye(3)
    forward[:2, :2] = scale * turn
    forward[:2, 2] = middle + translate - forward[:2, :2] @ middle
    return np.linalg.inv(forward)


def test_affine_is_torchvisions_map():
    transform = sb.RandomAffine((-20, 40), (0.1, 0.3), (0.5, 2), (-5, 10, 3, 8))
    units = np.random.default_rng(0).random((20, transform.draws))
    found = transform.matrices(units, 31, 44)
    for one, (turn, x, y, scale, x_shear, y_shear) in zip(found, units, strict=True):
        expected = torchvisions_matrix(
            -20 + 60 * turn,
            ((2 * x - 1) * 0.1 * 44, (2 * y - 1) * 0.3 * 31),
            0.5 + 1.5 * scale,
            (-5 + 15 * x_shear, 3 + 5 * y_shear),
            31,
            44,
        )
        np.testing.assert_allclose(one, expected, atol=1e-9)


def test_a_turn_of_a_quarter_moves_pixels():
    square = pixels(4, 20, 20, 3)
    quarter = sb.RandomRotation((0.25, 0.25), interpolation="nearest")
    assert_same_bytes(made(chain(square, quarter)), np.rot90(square, 1, (1, 2)).copy())


CHAINS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def warps(data, interpolation):
    """A random map."""
    given = {
        "interpolation": interpolation,
        "fill_mode": data.draw(st.sampled_from(MODES)),
        "fill_value": data.draw(st.sampled_from([0, 7])),
    }
    return data.draw(
        st.sampled_from(
            [
                sb.RandomRotation(0.4, **given),
                sb.RandomZoom(0.6, 0.3, **given),
                sb.RandomTranslation(0.7, 0.4, **given),
                sb.RandomShear(0.5, 0.2, **given),
                sb.RandomAffine(90, (0.2, 0.3), (0.4, 3), 20, **given),
                sb.RandomPerspective(0.8, **given),
            ]
        )
    )


def steps_of(data, height, width, interpolation):
    """Random steps with at least one map."""
    steps, planar = [], False
    kinds = st.sampled_from(["warp", "resize", "part", "crop", "flip", "turn"])
    for kind in [
        *data.draw(st.lists(kinds, max_size=3)),
        "warp",
        *data.draw(st.lists(kinds, max_size=3)),
    ]:
        if kind == "warp":
            steps.append(warps(data, interpolation))
        elif kind in ("resize", "part"):
            height, width = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 30))
            way = {"interpolation": interpolation, "antialias": False}
            make = sb.Resizing if kind == "resize" else sb.RandomResizedCrop
            steps.append(make(height, width, **way))
        elif kind == "crop":
            height, width = (data.draw(st.integers(1, size)) for size in (height, width))
            steps.append(sb.RandomCrop(height, width))
        elif kind == "flip":
            steps.append(sb.RandomFlip())
        else:
            planar = not planar
            steps.append(sb.ChannelsFirst() if planar else sb.ChannelsLast())
    return steps


@CHAINS
@given(data=st.data(), channels=st.sampled_from([1, 3, 5]))
def test_any_chain_is_one_map(data, channels):
    shape = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 24), st.integers(1, 24)))
    source = pixels(*shape, channels)
    steps = steps_of(data, *shape[1:], "bilinear")
    both = [chain(source, *steps, sb.Rescaling(0.5), sb.Cast(to)) for to in ("float32", "float64")]
    assert_within(made(both[0]), both[1].reference(range(len(source))), 40 * UNIT * 300)


@CHAINS
@given(data=st.data(), channels=st.sampled_from([1, 3]))
def test_any_chain_by_nearest_moves_pixels(data, channels):
    shape = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 24), st.integers(1, 24)))
    source = pixels(*shape, channels, dtype=">u2")
    dataset = chain(source, *steps_of(data, *shape[1:], "nearest"))
    assert_same_bytes(made(dataset), dataset.reference(range(len(source))))


def test_a_value_to_fill_with_is_one_of_where_it_stands():
    steps = (
        sb.Rescaling(0.5, (1, 2, 3)),
        sb.RandomTranslation((1, 1), 0, fill_mode="constant", fill_value=(7, 8, 9)),
    )
    found = made(chain(IMAGES, *steps))
    np.testing.assert_allclose(found[:, 0, 0], [[7, 8, 9]] * 6, rtol=1e-6)


def test_what_cannot_be_one_map_runs_after_the_pass():
    cases = {
        "with antialias already": sb.RandomResizedCrop(20, 20),
        "a step that pads": sb.Padding(2),
        "a step that clips": sb.RandomBrightness(0.1),
    }
    for why, before in cases.items():
        dataset = chain(IMAGES, before, sb.RandomRotation(0.1)).batch(6)
        assert why in dataset.plan.later[0].why
        np.testing.assert_allclose(next(dataset.iterate(0)), dataset.reference(range(6)), atol=1e-3)


def test_what_is_no_map_is_refused():
    with pytest.raises(ValueError, match=r"RandomRotation: factor 2: expected -1 <= lower"):
        sb.RandomRotation(2)
    with pytest.raises(ValueError, match=r"RandomZoom: height_factor \(-1, 0\): expected"):
        sb.RandomZoom((-1, 0))
    with pytest.raises(ValueError, match=r"RandomShear: x_factor \(-1.5, 0\): expected -1 <="):
        sb.RandomShear((-1.5, 0))
    with pytest.raises(ValueError, match=r"RandomAffine: scale \(0, 1\) is no pair"):
        sb.RandomAffine(3, scale=(0, 1))
    with pytest.raises(ValueError, match=r"RandomAffine: translate \(2, 0\): expected shares"):
        sb.RandomAffine(3, translate=(2, 0))
    with pytest.raises(ValueError, match=r"RandomPerspective: scale 2: expected a number"):
        sb.RandomPerspective(scale=2)
    with pytest.raises(ValueError, match=r"fill_mode='mirror'\): expected one of"):
        sb.RandomRotation(0.1, fill_mode="mirror")
    with pytest.raises(ValueError, match=r"interpolation='bicubic'\): expected 'bilinear'"):
        sb.RandomRotation(0.1, interpolation="bicubic")
    filled = sb.RandomRotation(0.1, interpolation="nearest", fill_mode="constant", fill_value=0.5)
    with pytest.raises(ValueError, match=r"fill_value 0.5 is no value of uint8"):
        chain(IMAGES, filled).element_spec  # noqa: B018
