"""What window refuses, in words, and how borders are told."""

import re

import numpy as np
import pytest

import samebytes as sb
from samebytes.dataset.windowing import PIECE, borders_of

SERIES = np.arange(60, dtype=np.float32).reshape(20, 3)


def window(*arguments, source=SERIES, **named):
    return sb.Dataset.from_tensor_slices(source).window(*arguments, **named)


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        ((0,), {}, "window(length=0): expected 1 or more"),
        ((4, 0), {}, "window(stride=0): expected 1 or more"),
        ((4, -1), {}, "window(stride=-1): expected 1 or more"),
        ((4, 1, 0), {}, "window(sampling_rate=0): expected 1 or more"),
        ((4,), {"horizon": 0}, "window(horizon=0): expected 1 or more"),
        ((4,), {"horizon": 1, "offset": -1}, "window(offset=-1): expected 0 or more"),
        ((4,), {"horizon": 1, "align": "left"}, "window(align='left'): expected 'right' or 'each'"),
        ((4,), {"padding": "both"}, "window(padding='both'): expected None, 'left' or 'right'"),
        (
            (21,),
            {},
            (
                "no window fits: length=21 at sampling_rate=1 spans 21 rows, the longest series "
                "has 20; ask for shorter windows, or fill short ones up: padding='left'"
            ),
        ),
        (
            (6, 1, 4),
            {"horizon": 1},
            (
                "no window fits: length=6 at sampling_rate=4 with its target spans 25 rows, the "
                "longest series has 20; ask for shorter windows, or fill short ones up: "
                "padding='left'"
            ),
        ),
        (
            (4,),
            {"offset": 2},
            "window(offset=, columns=, target=, align=) are of a target: add horizon=1",
        ),
        (
            (4,),
            {"horizon": 1, "columns": [3]},
            "window(columns=[3]): component 0 has 3 columns, expected some of 0 to 2",
        ),
        (
            (4,),
            {"horizon": 1, "columns": []},
            "window(columns=[]): component 0 has 3 columns, expected some of 0 to 2",
        ),
        (
            (4,),
            {"groups": [0, 10, 15]},
            (
                "groups of 3 offsets do not cover the 20 rows: expected them ascending from 0 to "
                "20, or an id for each row"
            ),
        ),
        (
            (4,),
            {"groups": [0, 15, 10, 20]},
            (
                "groups of 4 offsets do not cover the 20 rows: expected them ascending from 0 to "
                "20, or an id for each row"
            ),
        ),
        (
            (4,),
            {"groups": ["a", "b"]},
            (
                "groups has 2 ids of <U1 for 20 rows; expected one for each row, or the integer "
                "offsets at which groups begin and the last one ends"
            ),
        ),
        (
            (4,),
            {"groups": np.zeros((20, 1))},
            "groups of shape (20, 1): expected one axis, of ids or of border offsets",
        ),
        (
            (4,),
            {"horizon": 2, "align": "each", "padding": "left"},
            (
                "window(align='each', padding=...): a step near the end of a short series has "
                "targets that are partly there; ask for horizon=1, or leave padding away"
            ),
        ),
    ],
)
def test_what_cannot_be_is_refused_in_words(arguments, named, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        window(*arguments, **named)


def test_arguments_are_whole_numbers():
    with pytest.raises(TypeError):
        window(2.5)


def test_columns_need_columns():
    with pytest.raises(ValueError, match="component 0 has one value a row, no columns"):
        window(4, source=np.arange(9.0), horizon=1, columns=0)


def test_padding_must_be_a_value_of_the_source():
    with pytest.raises(
        ValueError, match=r"padding_value=-1 is no value that component 0 \(uint8\)"
    ):
        window(4, source=np.zeros(9, np.uint8), padding="left", padding_value=-1)


def test_a_target_among_several_components_is_named():
    source = {"load": SERIES[:, 0], "weather": SERIES}
    with pytest.raises(ValueError, match=r"needs target=, .* expected some of load, weather"):
        window(4, source=source, horizon=1)
    dataset = window(4, source=source, horizon=2, target="load")
    (inputs, target), *_ = dataset
    assert (inputs["load"].shape, inputs["weather"].shape) == ((4,), (4, 3))
    np.testing.assert_array_equal(target, SERIES[4:6, 0])
    both = window(4, source=source, horizon=1, target=("weather", "load"))
    (_, (weather, load)), *_ = both
    np.testing.assert_array_equal(weather, SERIES[4])
    assert load == SERIES[4, 0]


@pytest.mark.parametrize(
    "change",
    [
        lambda ds: ds.shuffle(seed=1),
        lambda ds: ds.take(5),
        lambda ds: ds.map(sb.Rescaling(2)),
        lambda ds: ds.batch(2),
        lambda ds: ds.window(2),
    ],
)
def test_window_comes_first(change):
    changed = change(sb.Dataset.from_tensor_slices(SERIES))
    with pytest.raises(ValueError, match=r"^window comes first, and once"):
        changed.window(2)


def test_ids_are_read_in_pieces():
    ids = np.zeros(2 * PIECE + 5, np.int8)
    ids[[PIECE, 2 * PIECE + 1]] = 1  # the first row of a piece, and the second of the next
    found = borders_of(ids, len(ids)).tolist()
    assert found == [0, PIECE, PIECE + 1, 2 * PIECE + 1, 2 * PIECE + 2, 2 * PIECE + 5]


def test_gaps_are_borders_and_so_are_steps_back():
    times = np.array(["2026-01-01T00", "2026-01-01T01", "2026-01-01T05", "2025-12-31T23"], "M8[h]")
    hour = np.timedelta64(1, "h")
    assert sb.borders_at_gaps(times, hour).tolist() == [0, 2, 3, 4]
    assert sb.borders_at_gaps(np.uint8([1, 2, 9, 3]), 6).tolist() == [0, 2, 3, 4]
    assert sb.borders_at_gaps([], 1).tolist() == [0]
    gaps = sb.borders_at_gaps(np.r_[:10, 50:60], 1)
    ids = np.repeat(["a", "b"], [5, 15])
    assert len(window(3, groups=gaps)) == 16
    assert len(window(3, groups=(gaps, ids))) == 3 + 3 + 8


def test_gaps_need_times_that_compare():
    with pytest.raises(ValueError, match=r"^times of <U1 and shape \(2,\): expected one axis of"):
        sb.borders_at_gaps(["a", "b"], 1)


def test_the_plan_says_what_windows_are():
    dataset = window(4, 2, horizon=1, groups=[0, 3, 20], padding="right")
    assert "windows   8 of 5 rows, one every 2 rows, none across the borders of 2 groups" in str(
        dataset
    )
    assert "short ones padded on the right" in str(dataset)
    assert "source    20 rows, 240 bytes" in str(dataset)


def test_plans_of_other_windows_differ():
    one = window(4, groups=[0, 10, 20])
    assert one == window(4, groups=[0] * 10 + [1] * 10)
    assert one != window(4)
    assert one != window(4, 2, groups=[0, 10, 20])
    assert hash(one.plan.windows) == hash(window(4, groups=[0, 10, 20]).plan.windows)
    state = one.batch(2).iterate().state_dict()
    with pytest.raises(ValueError, match=r"windows: 'windows\(span=4, stride=1, groups=2"):
        window(4, groups=[0, 11, 20]).batch(2).iterate().load_state_dict(state)
