import numpy as np
import pytest
from running import BFLOAT, assert_same_bytes, chain, made, pixels

import samebytes as sb

VALUES = np.float32([-300, -1.5, -0.5, 0.5, 1.5, 2.5, 127.5, 254.5, 255.5, 1e20, np.inf, np.nan])


def test_integers_are_rounded_to_even_and_saturate():
    found = made(chain(VALUES, sb.Cast("uint8")))
    assert_same_bytes(found, np.uint8([0, 0, 0, 0, 2, 2, 128, 254, 255, 255, 255, 0]))
    found = made(chain(VALUES, sb.Cast("int16")))
    assert found.tolist() == [-300, -2, 0, 0, 2, 2, 128, 254, 256, 32767, 32767, 0]
    found = made(chain(np.int32([-7, 3, 300]), sb.Cast("uint8")))
    assert_same_bytes(found, np.uint8([0, 3, 255]))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", BFLOAT])
def test_floats_are_as_numpy_casts(dtype):
    with np.errstate(over="ignore"):
        assert_same_bytes(made(chain(VALUES[:-1], sb.Cast(dtype))), VALUES[:-1].astype(dtype))
    images = pixels(2, 3, 4, 3)
    assert_same_bytes(made(chain(images, sb.Cast(dtype))), images.astype(dtype))


@pytest.mark.parametrize("source", ["bool", ">i4", "int64", BFLOAT, "float64"])
def test_every_number_is_taken(source):
    values = pixels(6, 5, dtype=source)
    expected = values.astype(np.float64)
    assert_same_bytes(made(chain(values, sb.Cast("float32"))), expected.astype(np.float32))


def test_a_chosen_dtype_is_kept_by_what_calculates():
    for source, dtype in [("uint8", "float16"), ("uint8", BFLOAT), ("float64", "float64")]:
        images = pixels(3, 4, 4, 1, dtype=source)
        for order in [(sb.Cast(dtype), sb.Rescaling(0.5)), (sb.Rescaling(0.5), sb.Cast(dtype))]:
            found = made(chain(images, *order))
            assert found.dtype == dtype
            np.testing.assert_array_equal(found, (images * 0.5).astype(dtype))


def test_in_the_middle_of_floats_nothing_is_lost():
    values = np.float32([1.0001, 70000])
    found = made(chain(values, sb.Cast("float16"), sb.Cast("float32")))
    np.testing.assert_array_equal(found, values)
    dataset = chain(values, sb.Cast("float16"), sb.Cast("float32"))
    np.testing.assert_array_equal(dataset.reference([0, 1]), values)


def test_after_rounding_nothing_folds_any_more_and_the_values_are_still_right():
    images = pixels(3, 4, 4, 2, dtype="float32")
    dataset = chain(images, sb.Cast("uint8"), sb.Cast("uint8"), sb.Rescaling(2), sb.RandomFlip())
    assert [later.why for later in dataset.plan.later] == [
        "Rescaling follows a Cast to uint8, which has rounded already",
        "follows Rescaling",
    ]
    with dataset.batch(3).iterate(0) as batches:
        found = next(batches)
    assert found.dtype == dataset.element_spec.dtype == np.float32
    assert_same_bytes(found, dataset.reference(range(3)))
    rounded = np.rint(images).clip(0, 255).astype(np.float32) * 2
    np.testing.assert_array_equal(np.sort(found, axis=None), np.sort(rounded, axis=None))


def test_widening_integers_still_folds():
    dataset = chain(pixels(3, 4, 4, 2), sb.Cast("int16"), sb.Rescaling(-1), sb.Cast("int32"))
    np.testing.assert_array_equal(made(dataset), -pixels(3, 4, 4, 2).astype(np.int32))


def test_labels_are_cast_by_name():
    x, y = made(chain((pixels(3, 2, 2, 1), np.int64([1, 2, 300])), sb.Cast("uint8", on=1)))
    assert y.tolist() == [1, 2, 255]
    assert_same_bytes(x, pixels(3, 2, 2, 1))


def test_spec():
    assert chain(VALUES, sb.Cast(np.uint8)).element_spec.dtype == np.uint8
    assert sb.Cast(">f4") == sb.Cast(np.float32) == sb.Cast("float32")


def test_what_is_no_number_is_refused():
    for dtype in ("bool", "complex64", "S3", object):
        with pytest.raises(ValueError, match=r"^Cast\('.*'\): expected one of int8, "):
            sb.Cast(dtype)
    for dtype in ("complex64", np.longdouble, "S2"):
        with pytest.raises(ValueError, match=r"^Cast converts numbers; got"):
            chain(np.zeros(3, dtype), sb.Cast("float32"))
