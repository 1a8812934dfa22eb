import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import assert_same_bytes, chain, made, pixels, units_of
from scipy import ndimage

import samebytes as sb

IMAGES = pixels(12, 14, 11, 3)


def test_values_are_those_of_scipy_with_the_drawn_width():
    dataset = chain(IMAGES, sb.GaussianBlur(7, (0.5, 3)))
    found = made(dataset)
    for image, one, (unit,) in zip(IMAGES, found, units_of(dataset), strict=True):
        weights = np.exp(-0.5 * (np.arange(-3, 4) / (0.5 + 2.5 * unit)) ** 2)
        expected = image.astype(float)
        for axis in (0, 1):  # "mirror" is what torchvision calls reflect
            expected = ndimage.correlate1d(expected, weights / weights.sum(), axis, mode="mirror")
        np.testing.assert_allclose(one, expected, atol=1e-3)


def test_sharpness_is_torchvisions_blend_inside_and_keeps_the_border():
    dataset = chain(IMAGES, sb.RandomSharpness(1.0))
    found = made(dataset)
    kernel = np.ones((3, 3, 1))
    kernel[1, 1] = 5
    for image, one, (unit,) in zip(IMAGES, found, units_of(dataset), strict=True):
        smooth = ndimage.correlate(image.astype(float), kernel / 13)
        expected = image.astype(float)
        inner = slice(1, -1), slice(1, -1)
        expected[inner] = (2 * unit * image + (1 - 2 * unit) * smooth)[inner]
        np.testing.assert_allclose(one, expected.clip(0, 255), atol=1e-3)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_chain_with_neighbours_is_what_plain_numpy_makes_of_it(data):
    height, width = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 12))
    source = pixels(3, height, width, data.draw(st.integers(1, 4)))
    reach = st.integers(0, min(min(height, width) - 1, 5))
    kinds = {
        "blur": lambda: sb.GaussianBlur(2 * data.draw(reach) + 1, (0.3, 4)),
        "sharp": lambda: sb.RandomSharpness(1.0),
        "flip": sb.RandomFlip,
        "erase": lambda: sb.RandomErasing((1, 1)),
        "contrast": lambda: sb.RandomContrast(0.5),
        "light": lambda: sb.RandomBrightness(0.2),
    }
    wanted = data.draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=5))
    steps = [sb.GaussianBlur(1), *(kinds[kind]() for kind in wanted)]
    dataset = chain(source, *steps)
    np.testing.assert_allclose(made(dataset), dataset.reference(range(3)), atol=0.02)


def test_blocks_of_rows_and_threads_change_no_byte():
    tall = pixels(2, 900, 220, 3)  # several blocks of rows a sample
    dataset = chain(tall, sb.GaussianBlur(9, 2), sb.RandomSharpness(1.0))
    one = next(dataset.with_options(threads=1).batch(2).iterate(0))
    assert_same_bytes(next(dataset.with_options(threads=4).batch(2).iterate(0)), one)
    np.testing.assert_allclose(one, dataset.reference(range(2)), atol=1e-3)


def test_a_blur_is_mixed_with_the_blur_of_another():
    dataset = chain(IMAGES, sb.RandomSharpness(1.0), sb.GaussianBlur(5), sb.CutMix())
    np.testing.assert_allclose(made(dataset), dataset.reference(range(12)), atol=1e-3)


def test_a_crop_behind_a_blur_runs_after_the_pass_and_is_right():
    dataset = chain(IMAGES, sb.GaussianBlur(5), sb.RandomCrop(5, 6))
    (later,) = dataset.plan.later
    assert later.why == "RandomCrop leaves out neighbours that were blurred in"
    found = next(dataset.batch(12).iterate(0))
    np.testing.assert_allclose(found, dataset.reference(range(12)), atol=1e-3)


def test_more_than_the_pass_can_hold_runs_after_it():
    dataset = chain(IMAGES, *[sb.RandomSharpness((0.4, 0.6))] * 17)
    (later,) = dataset.plan.later
    assert later.why == "RandomSharpness is one too many that take from neighbours"
    found = next(dataset.batch(12).iterate(0))
    np.testing.assert_allclose(found, dataset.reference(range(12)), atol=0.02)


def test_what_is_no_kernel_or_factor_is_refused():
    for size in (0, 4, -3, 257):
        with pytest.raises(ValueError, match=r"^GaussianBlur: kernel_size .*expected an odd"):
            sb.GaussianBlur(size)
    for sigma in (0, -1, (3, 2)):
        with pytest.raises(ValueError, match=r"^GaussianBlur: sigma .*expected"):
            sb.GaussianBlur(3, sigma)
    with pytest.raises(ValueError, match=r"^GaussianBlur reaches 11 pixels, beyond images of 14"):
        chain(IMAGES, sb.GaussianBlur(23))
    with pytest.raises(ValueError, match=r"^RandomSharpness: factor 2; expected"):
        sb.RandomSharpness(2)
