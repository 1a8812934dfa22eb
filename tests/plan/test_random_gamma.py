import numpy as np
import pytest
from running import chain, made, pixels, units_of

import samebytes as sb

IMAGES = pixels(100, 4, 5, 3)


@pytest.mark.parametrize("dtype", ["u1", "i2", "f4"])
def test_values_are_the_power_that_was_drawn(dtype):
    dataset = chain(IMAGES.astype(dtype), sb.RandomGamma((0.5, 2)))
    gamma = 0.5 * 4 ** units_of(dataset)[:, 0]
    expected = 255 * (IMAGES / 255) ** gamma.reshape(-1, 1, 1, 1)
    np.testing.assert_allclose(made(dataset), expected, rtol=1e-5)
    assert 30 < (gamma < 1).sum() < 70


def test_one_number_is_as_often_brighter_as_darker():
    assert sb.RandomGamma(4) == sb.RandomGamma((0.25, 4)) == sb.RandomGamma(0.25)


def test_what_is_no_exponent_is_refused():
    for factor in (0, -1, (2, 1), (0, 1), 1000):
        with pytest.raises(ValueError, match=r"^RandomGamma: factor .*expected"):
            sb.RandomGamma(factor)
