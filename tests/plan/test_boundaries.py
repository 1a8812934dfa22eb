"""Series are told by ids or by boundaries, each by an argument of its own, never by its values."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import samebytes as sb
from samebytes.plan.boundaries import PIECE, borders_of

SERIES = np.arange(60, dtype=np.float32).reshape(20, 3)


def window(*arguments, source=SERIES, **named):
    return sb.Dataset.from_tensor_slices(source).window(*arguments, **named)


def shown(dataset):
    return [one.tolist() for one in dataset]


def test_ids_stay_ids_whatever_their_values():
    rows = np.arange(3)
    for ids in ([0, 0, 3], [1, 1, 4], ["a", "a", "b"], [False, False, True]):
        assert shown(window(2, source=rows, groups=ids)) == [[0, 1]]
    assert shown(window(1, source=rows, groups=[0, 0, 3])) == [[0], [1], [2]]


@settings(deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=5).filter(any), st.data())
def test_windows_of_ids_are_those_of_a_loop_over_pairs_of_rows(lengths, data):
    numbers = st.integers(0, 9)
    names = data.draw(st.lists(numbers, min_size=len(lengths), max_size=len(lengths), unique=True))
    ids = np.repeat(names, lengths)
    expected = [[a, a + 1] for a in range(len(ids) - 1) if ids[a] == ids[a + 1]]
    rows = np.arange(len(ids))
    for told in (ids, ids.astype("f4"), ids.astype("S2"), ids.astype("M8[s]"), ids.tolist()):
        if not expected:
            with pytest.raises(ValueError, match="no window fits"):
                window(2, source=rows, groups=told)
        else:
            assert shown(window(2, source=rows, groups=told)) == expected


@pytest.mark.parametrize(
    "ids",
    [
        np.repeat([3, 1], 10),
        np.repeat(np.uint64([2**64 - 1, 0]), 10),
        np.repeat([0.5, -np.inf], 10),
        np.repeat([1j, 2], 10),
        np.repeat(["x", "y"], 10),
        np.repeat([b"x", b"y"], 10),
        np.repeat(np.array(["x", None], object), 10),
        np.repeat(np.array([("x", 1), ("x", 2)], "U2,i4"), 10),
        np.repeat(np.array(["2026", "2025"], "M8[Y]"), 10),
        np.repeat([True, False], 10),
    ],
    ids=lambda ids: str(ids.dtype),
)
def test_ids_are_of_any_dtype_that_compares(ids):
    assert borders_of(20, ids, None).tolist() == [0, 10, 20]


NOT_ITSELF = (
    "window(groups=): the id of row 2 ({}) is not equal to itself, as NaN and NaT are not, so the "
    "series of that row is unknown; give such rows an id, or leave them out"
)
RETURNED = (
    "window(groups=): the id of row {} occurred before, with another id in between. Put the rows "
    "of a series together first: order = np.argsort(ids, kind='stable'), then x[order] and "
    "ids[order]; or, where every run of an id is a series of its own, pass boundaries=np.r_[0, "
    "np.flatnonzero(ids[1:] != ids[:-1]) + 1, len(ids)]"
)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (
            {"groups": [0, 10, 20]},
            (
                "window(groups=) takes an id for each of the 20 rows; these 3 numbers are offsets "
                "at which series begin: pass them as boundaries="
            ),
        ),
        (
            {"groups": [0, 10, 15]},
            (
                "window(groups=): 3 ids for 20 rows; expected one for each. To give the offsets at "
                "which series begin, use boundaries="
            ),
        ),
        (
            {"groups": ["a", "b"]},
            "window(groups=): 2 ids for 20 rows; expected one for each",
        ),
        (
            {"groups": np.zeros((20, 1))},
            (
                "window(groups=) of shape (20, 1): expected one axis, an id for each row; for "
                "several such arrays, pass a tuple"
            ),
        ),
        (
            {"groups": (0, 10, 20)},
            (
                "window(groups=) of shape (): expected one axis, an id for each row; for several "
                "such arrays, pass a tuple"
            ),
        ),
        ({"groups": [0, 0, np.nan, *[1.0] * 17]}, NOT_ITSELF.format("float64")),
        (
            {"groups": np.array(["2026", "2026", "NaT", *["2027"] * 17], "M8[s]")},
            NOT_ITSELF.format("datetime64[s]"),
        ),
        (
            {"groups": np.array(["a", "a", float("nan"), *["b"] * 17], object)},
            NOT_ITSELF.format("object"),
        ),
        ({"groups": [1, 2] * 10}, RETURNED.format(2)),
        ({"groups": np.repeat(["a", "b", "a"], [5, 5, 10])}, RETURNED.format(10)),
        ({"groups": (np.repeat([1, 2], 10), np.tile([1, 2], 10))}, RETURNED.format(2)),
        (
            {"boundaries": [0, 10, 15]},
            (
                "window(boundaries=): 3 offsets do not cover the 20 rows; expected them ascending "
                "from 0 to 20. To give an id for each row, use groups="
            ),
        ),
        (
            {"boundaries": [0, 15, 10, 20]},
            (
                "window(boundaries=): 4 offsets do not cover the 20 rows; expected them ascending "
                "from 0 to 20. To give an id for each row, use groups="
            ),
        ),
        (
            {"boundaries": [0.0, 20.0]},
            (
                "window(boundaries=) of float64 and shape (2,): expected one axis of integers, the "
                "rows at which series begin, and the number of rows last"
            ),
        ),
        (
            {"boundaries": [True] * 20},
            (
                "window(boundaries=) of bool and shape (20,): expected one axis of integers, the "
                "rows at which series begin, and the number of rows last"
            ),
        ),
    ],
)
def test_what_tells_no_series_is_refused_in_words(named, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        window(4, **named)


def test_ids_that_do_not_hash_or_compare_are_refused_in_words():
    lists = np.empty(20, object)
    lists[:] = [[number // 5] for number in range(20)]
    with pytest.raises(ValueError, match=r"^window\(groups=\): .*; expected ids that are numbers"):
        window(4, groups=lists)


def test_of_several_ids_a_series_has_one_in_each():
    station, year = np.repeat([7, 8], 10), np.tile(np.repeat([1, 2], 5), 2)
    both = window(3, groups=(station, year))  # years come back, but of another station
    assert both == window(3, boundaries=[0, 5, 10, 15, 20])
    with pytest.raises(ValueError, match="occurred before"):
        window(3, groups=year)


def test_behind_a_boundary_ids_are_new_ones():
    ids = np.tile(np.repeat([1, 2], 5), 2)
    cut = window(3, groups=ids, boundaries=[0, 10, 20])
    assert cut == window(3, boundaries=[0, 5, 10, 15, 20])
    parts = sb.concat([SERIES[:10], SERIES[10:]])
    assert len(window(3, source=parts, groups=ids)) == len(cut) == 12
    # A boundary inside of a run of one id divides it.
    assert len(window(3, groups=np.repeat(1, 20), boundaries=[0, 7, 20])) == 5 + 11


def test_boundaries_may_be_several_and_series_empty():
    several = window(3, boundaries=([0, 8, 20], [0, 8, 8, 12, 20]))
    assert several == window(3, boundaries=[0, 8, 12, 20])
    assert len(window(3, boundaries=np.uint8([0, 0, 20, 20]))) == 18


def test_the_way_out_of_a_refusal_is_one():
    ids = np.array([1, 1, 2, 2, 2, 1, 1, 1])
    rows = np.arange(8)
    with pytest.raises(ValueError, match="occurred before"):
        window(2, source=rows, groups=ids)
    boundaries = np.r_[0, np.flatnonzero(ids[1:] != ids[:-1]) + 1, len(ids)]
    runs = shown(window(2, source=rows, boundaries=boundaries))
    assert runs == [[0, 1], [2, 3], [3, 4], [5, 6], [6, 7]]
    order = np.argsort(ids, kind="stable")
    together = shown(window(2, source=rows[order], groups=ids[order]))
    assert together == [[0, 1], [1, 5], [5, 6], [6, 7], [2, 3], [3, 4]]


def test_ids_are_read_in_pieces():
    ids = np.zeros(2 * PIECE + 5, np.int8)
    ids[PIECE:] = 1  # the first row of a piece
    ids[2 * PIECE + 1 :] = 2  # and the second of the next
    assert borders_of(len(ids), ids, None).tolist() == [0, PIECE, 2 * PIECE + 1, 2 * PIECE + 5]


def test_gaps_are_borders_and_so_are_steps_back():
    times = np.array(["2026-01-01T00", "2026-01-01T01", "2026-01-01T05", "2025-12-31T23"], "M8[h]")
    hour = np.timedelta64(1, "h")
    assert sb.borders_at_gaps(times, hour).tolist() == [0, 2, 3, 4]
    assert sb.borders_at_gaps(np.uint8([1, 2, 9, 3]), 6).tolist() == [0, 2, 3, 4]
    assert sb.borders_at_gaps([], 1).tolist() == [0]
    gaps = sb.borders_at_gaps(np.r_[:10, 50:60], 1)
    ids = np.repeat(["a", "b"], [5, 15])
    assert len(window(3, boundaries=gaps)) == 16
    assert len(window(3, groups=ids, boundaries=gaps)) == 3 + 3 + 8


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8"])
def test_a_gap_wider_than_the_dtype_holds_is_one(dtype):
    limits = np.iinfo(dtype)
    times = np.array([limits.min, limits.min + 1, limits.max - 1, limits.max], dtype)
    assert sb.borders_at_gaps(times, 1).tolist() == [0, 2, 4]
    assert sb.borders_at_gaps(times, 1.5).tolist() == [0, 2, 4]


@settings(deadline=None)
@given(st.lists(st.integers(-128, 127), min_size=1, max_size=20), st.integers(0, 255))
def test_gaps_are_those_of_plain_numbers(times, longest):
    steps = [later - earlier for earlier, later in itertools.pairwise(times)]
    expected = [row + 1 for row, step in enumerate(steps) if step < 0 or step > longest]
    found = sb.borders_at_gaps(np.array(times, np.int8), longest)
    assert found.tolist() == [0, *expected, len(times)]


def test_gaps_need_times_that_compare():
    with pytest.raises(ValueError, match=r"^times of <U1 and shape \(2,\): expected one axis of"):
        sb.borders_at_gaps(["a", "b"], 1)
    for unknown in ([0, np.nan, 1], np.array(["2026", "NaT", "2027"], "M8[Y]")):
        with pytest.raises(ValueError, match=r"^the time of row 1 is not known \(NaN or NaT\)"):
            sb.borders_at_gaps(unknown, np.timedelta64(1, "Y") if unknown[0] else 1)
