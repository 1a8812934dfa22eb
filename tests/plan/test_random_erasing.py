import numpy as np
import pytest
from running import chain, made, pixels

import samebytes as sb

FLAT = np.full((300, 20, 30, 3), 100, np.uint8)


def test_a_rectangle_of_the_drawn_size_lies_anywhere_inside():
    found = made(chain(FLAT, sb.RandomErasing((1, 1), (0.1, 0.3), (1, 2, 3))))
    erased = (found == (1, 2, 3)).all(-1)
    assert ((found == 100).all(-1) | erased).all()
    shares = erased.mean((1, 2))
    assert 0.06 < shares.min() < 0.14
    assert 0.25 < shares.max() < 0.36
    rows, columns = erased.any(2), erased.any(1)
    # A rectangle, and no other form.
    assert (erased == rows[:, :, np.newaxis] & columns[:, np.newaxis]).all()
    assert rows[:, 0].any()
    assert rows[:, -1].any()
    middle = (columns * np.arange(30)).sum(1) / columns.sum(1)
    assert abs(middle.mean() - 14.5) < 1


def test_by_default_half_of_the_images_are_filled_with_noise_within_the_range():
    found = made(chain(FLAT, sb.RandomErasing()))
    erased = (found != 100).any((1, 2, 3))
    assert 110 < erased.sum() < 190
    values = found[found != 100]
    assert (values.min(), values.max()) == (0, 255)
    assert len(np.unique(values)) > 1000


@pytest.mark.parametrize("fill_value", [None, 7.0])
def test_what_follows_moves_the_rectangle_with_the_image(fill_value):
    erasing = sb.RandomErasing((1, 1), (0.2, 0.6), fill_value)
    steps = sb.RandomFlip(), erasing, sb.RandomCrop(9, 8), sb.RandomFlip(), sb.RandomContrast(0.5)
    dataset = chain(pixels(30, 12, 13, 3), *steps)
    np.testing.assert_allclose(made(dataset), dataset.reference(range(30)), atol=1e-3)


def test_what_is_no_share_or_colour_is_refused():
    with pytest.raises(ValueError, match=r"^RandomErasing: factor 2; expected a range"):
        sb.RandomErasing(2)
    with pytest.raises(ValueError, match=r"^RandomErasing: scale \(0.5, 0.2\); expected"):
        sb.RandomErasing(1, (0.5, 0.2))
    with pytest.raises(ValueError, match=r"^RandomErasing has 2 values of fill_value for 3 chann"):
        chain(FLAT, sb.RandomErasing(1, fill_value=(1, 2)))


def test_a_cut_out_is_as_large_as_asked_for_unless_at_the_border():
    found = made(chain(FLAT, sb.CutOut(8, 6, 5)))
    rows, columns = ((found == 5).any((axis, 3)).sum(1) for axis in (2, 1))
    assert (rows.max(), columns.max()) == (8, 6)
    assert rows.min() == 4
    assert columns.min() == 3
    dataset = chain(pixels(30, 12, 13, 3), sb.CutOut(5, 6, (1, 2, 3)), sb.RandomFlip())
    np.testing.assert_array_equal(made(dataset), dataset.reference(range(30)))


def test_what_is_no_size_or_colour_to_cut_out_is_refused():
    with pytest.raises(ValueError, match=r"^CutOut\(0, 3\): expected a height"):
        sb.CutOut(0, 3)
    with pytest.raises(ValueError, match=r"^CutOut: fill_value must be a finite number"):
        sb.CutOut(2, 3, np.nan)
    with pytest.raises(ValueError, match=r"^CutOut has 2 values of fill_value for 3 channels"):
        chain(FLAT, sb.CutOut(2, 3, (1, 2)))
