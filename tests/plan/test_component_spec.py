"""Tables of a batch, composed: what each step does to a number and to a place."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from samebytes.plan.component_spec import open_spec, open_tables

NUMBER = st.floats(-4, 4, width=16)


def opened(height=5, width=7, count=1):
    spec = open_spec((height, width, 1), np.dtype(np.uint8))
    return open_tables(replace(spec, linear=True))


def test_tables_that_no_step_changes_cost_nothing():
    tables = open_tables(open_spec((5, 7, 3), np.dtype(np.uint8)))
    assert len(tables.geometry) == 1
    assert tables.scale.size == tables.offset.size == 0


@given(
    st.floats(-100, 100, width=16),
    st.lists(
        st.tuples(st.sampled_from(["affine", "standardize"]), NUMBER, NUMBER)
        | st.tuples(st.just("clip"), NUMBER)
    ),
)
def test_clips_move_behind_what_follows_them(value, steps):
    tables, expected = opened(), value
    for name, *numbers in steps:
        if name == "clip":
            low, high = numbers[0], numbers[0] + 3
            tables.clip(low, high)
            expected = min(max(expected, low), high)
        elif name == "standardize":
            tables.subtract_multiply(*numbers)
            expected = (expected - numbers[0]) * numbers[1]
        else:
            tables.multiply_add(*numbers)
            expected = expected * numbers[0] + numbers[1]
    found = (value - tables.center) * tables.scale + tables.offset
    found = np.clip(found, tables.low, tables.high).item()
    size = (abs(tables.scale) * (abs(value) + abs(tables.center)) + abs(tables.offset)).item()
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * (size + 100))
    assert not np.isnan([tables.low, tables.high]).any()


def test_a_factor_of_zero_keeps_absent_bounds_absent():
    tables = opened()
    tables.multiply_add(0, 3)
    assert (tables.low, tables.high) == (-np.inf, np.inf)
    tables.clip(0, 1)
    tables.multiply_add(0, 3)
    assert (tables.low, tables.high) == (3, 3)


@given(
    st.lists(
        st.tuples(st.just("crop"), st.integers(0, 99), st.integers(0, 99))
        | st.tuples(st.just("flip"), st.booleans(), st.booleans()),
        max_size=8,
    )
)
def test_places_are_those_of_slices(steps):
    tables, expected = opened(9, 8), np.arange(72).reshape(9, 8)
    for name, one, other in steps:
        if name == "flip":
            tables.flip(rows=np.array([one]), columns=np.array([other]))
            expected = expected[:: -1 if one else 1, :: -1 if other else 1]
        else:
            height, width = expected.shape
            cut = one % height, other % width
            tables.crop(*cut, height - cut[0], width - cut[1])
            expected = expected[cut[0] :, cut[1] :]
    row, row_step, column, column_step = tables.geometry[0]
    rows = row + row_step * np.arange(tables.height)
    columns = column + column_step * np.arange(tables.width)
    np.testing.assert_array_equal(rows[:, None] * 8 + columns, expected)


def test_samples_have_numbers_of_their_own():
    tables = opened(count=3)
    tables.multiply_add(np.array([[1], [2], [3]]), 1)
    tables.multiply_add(2, np.array([[0], [1], [2]]))
    assert tables.scale.ravel().tolist() == [2, 4, 6]
    assert tables.offset.ravel().tolist() == [2, 3, 4]
    tables.flip(rows=np.array([True, False, True]), columns=np.array([False, False, True]))
    tables.crop(np.array([0, 1, 2]), 0, 2, 7)
    expected = [[4, -1, 0, 1], [1, 1, 0, 1], [2, -1, 6, -1]]
    np.testing.assert_array_equal(tables.geometry, expected)
