"""Linear transforms and clips, composed: what they do to a number."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from samebytes.plan.affine import Affine

NUMBER = st.floats(-4, 4, width=16)


@given(
    st.floats(-100, 100, width=16),
    st.lists(
        st.tuples(st.sampled_from(["affine", "standardize"]), NUMBER, NUMBER)
        | st.tuples(st.just("clip"), NUMBER)
    ),
)
def test_clips_move_behind_what_follows_them(value, steps):
    affine, expected = Affine.identity(1), value
    for name, *numbers in steps:
        if name == "clip":
            low, high = numbers[0], numbers[0] + 3
            affine.clip(low, high)
            expected = min(max(expected, low), high)
        elif name == "standardize":
            affine.subtract_multiply(*numbers)
            expected = (expected - numbers[0]) * numbers[1]
        else:
            affine.multiply_add(*numbers)
            expected = expected * numbers[0] + numbers[1]
    found = (value - affine.center) * affine.scale + affine.offset
    found = np.clip(found, affine.low, affine.high).item()
    size = (abs(affine.scale) * (abs(value) + abs(affine.center)) + abs(affine.offset)).item()
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * (size + 100))
    assert not np.isnan([affine.low, affine.high]).any()


def test_a_factor_of_zero_keeps_absent_bounds_absent():
    affine = Affine.identity(1)
    affine.multiply_add(0, 3)
    assert (affine.low, affine.high) == (-np.inf, np.inf)
    affine.clip(0, 1)
    affine.multiply_add(0, 3)
    assert (affine.low, affine.high) == (3, 3)


def test_samples_have_factors_of_their_own():
    affine = Affine.identity(1)
    affine.multiply_add(np.array([[1], [2], [3]]), 1)
    affine.multiply_add(2, np.array([[0], [1], [2]]))
    assert affine.scale.ravel().tolist() == [2, 4, 6]
    assert affine.offset.ravel().tolist() == [2, 3, 4]
