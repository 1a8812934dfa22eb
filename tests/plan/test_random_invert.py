import numpy as np
import pytest
from running import assert_same_bytes, chain, made, pixels, units_of

import samebytes as sb

IMAGES = pixels(200, 3, 4, 3)


def test_chosen_samples_are_negatives():
    dataset = chain(IMAGES, sb.RandomInvert((0.2, 0.6)))
    chosen = units_of(dataset)[:, 0] < 0.4  # the middle: Keras draws the probability
    expected = np.where(chosen.reshape(-1, 1, 1, 1), 255 - IMAGES.astype(int), IMAGES)
    assert_same_bytes(made(dataset), expected.astype("float32"))
    assert 55 < chosen.sum() < 105


def test_a_range_that_does_not_begin_at_zero_is_kept():
    rows = np.float32([[-1, 0.5, 1]] * 50)
    assert {tuple(row) for row in made(chain(rows, sb.RandomInvert(1.0, (-1, 1))))} == {
        (-1.0, 0.5, 1.0),
        (1.0, -0.5, -1.0),
    }


def test_what_is_no_probability_is_refused():
    with pytest.raises(ValueError, match=r"^RandomInvert: factor 2; expected a range"):
        sb.RandomInvert(2)
