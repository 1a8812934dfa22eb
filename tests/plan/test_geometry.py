"""Crops and flips, composed: where each pixel is read."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from samebytes.plan.geometry import Geometry


@given(
    st.lists(
        st.tuples(st.just("crop"), st.integers(0, 99), st.integers(0, 99))
        | st.tuples(st.just("flip"), st.booleans(), st.booleans()),
        max_size=8,
    )
)
def test_places_are_those_of_slices(steps):
    geometry, expected = Geometry.whole(9, 8), np.arange(72).reshape(9, 8)
    for name, one, other in steps:
        if name == "flip":
            geometry.flip(rows=np.array([one]), columns=np.array([other]))
            expected = expected[:: -1 if one else 1, :: -1 if other else 1]
        else:
            height, width = expected.shape
            cut = one % height, other % width
            geometry.crop(*cut, height - cut[0], width - cut[1])
            expected = expected[cut[0] :, cut[1] :]
    row, row_step, column, column_step = geometry.steps[0]
    rows = row + row_step * np.arange(geometry.height)
    columns = column + column_step * np.arange(geometry.width)
    np.testing.assert_array_equal(rows[:, None] * 8 + columns, expected)


def test_samples_have_places_of_their_own():
    geometry = Geometry.whole(5, 7)
    geometry.flip(rows=np.array([True, False, True]), columns=np.array([False, False, True]))
    geometry.crop(np.array([0, 1, 2]), 0, 2, 7)
    expected = [[4, -1, 0, 1], [1, 1, 0, 1], [2, -1, 6, -1]]
    np.testing.assert_array_equal(geometry.steps, expected)
