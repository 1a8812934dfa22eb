import keras
import numpy as np
import pytest
from running import assert_same_bytes, chain, made, pixels

import samebytes as sb

IMAGES = pixels(6, 7, 9, 3)


def test_margins_are_numpys():
    found = made(chain(IMAGES, sb.Padding(((1, 2), (3, 4)), 9)))
    expected = np.pad(IMAGES, ((0, 0), (1, 2), (3, 4), (0, 0)), constant_values=9)
    assert_same_bytes(found, expected)
    zero = keras.layers.ZeroPadding2D((2, 3))(IMAGES.astype("f4"))
    assert_same_bytes(made(chain(IMAGES.astype("f4"), sb.Padding((2, 3)))), np.asarray(zero))


@pytest.mark.parametrize("dtype", ["u1", ">u2", "f8", "?"])
def test_any_dtype_is_moved_as_it_is(dtype):
    images = pixels(6, 7, 9, 2, dtype=dtype)
    dataset = chain(images, sb.RandomFlip(), sb.Padding(2, 1), sb.RandomCrop(6, 8), sb.RandomFlip())
    assert_same_bytes(made(dataset), dataset.reference(range(6)))


def test_margins_around_margins_and_what_was_cut_off():
    inner = chain(
        IMAGES, sb.CenterCrop(3, 3), sb.Padding(2, 5), sb.CenterCrop(5, 7), sb.Padding(1, 5)
    )
    expected = np.full((6, 7, 9, 3), 5, np.uint8)
    expected[:, 2:5, 3:6] = IMAGES[:, 2:5, 3:6]
    assert_same_bytes(made(inner), expected)


def test_random_crop_pads_first_as_people_do_for_cifar():
    dataset = chain(IMAGES, sb.RandomCrop(7, 9, padding=2, fill_value=(1, 2, 3)), sb.Rescaling(0.5))
    found = made(dataset)
    np.testing.assert_array_equal(found, dataset.reference(range(6)))
    assert found.shape == (6, 7, 9, 3)
    np.testing.assert_array_equal(made(chain(IMAGES, sb.RandomCrop(7, 9, padding=0))), IMAGES)


def test_what_means_something_else_runs_after_the_pass():
    for before in (sb.Rescaling(0.5), sb.Resizing(7, 9, "nearest"), sb.Padding(1, 3)):
        dataset = chain(IMAGES, before, sb.Padding(1, 2)).batch(6)
        assert len(dataset.plan.later) == 1
        np.testing.assert_array_equal(next(dataset.iterate(0)), dataset.reference(range(6)))


def test_what_is_no_margin_or_value_is_refused():
    for padding in (-1, (1, 2, 3), ((1, 2), (3, -4))):
        with pytest.raises(ValueError, match=r"Padding: padding .*: expected"):
            sb.Padding(padding)
    with pytest.raises(ValueError, match=r"Padding has 2 values of fill_value for 3 channels"):
        chain(IMAGES, sb.Padding(1, (1, 2))).element_spec  # noqa: B018
    with pytest.raises(ValueError, match=r"Padding: fill_value 0.5 is no value of uint8"):
        chain(IMAGES, sb.Padding(1, 0.5)).element_spec  # noqa: B018
