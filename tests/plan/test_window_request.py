"""What window refuses, in words, and how borders are told."""

import re

import numpy as np
import pytest

import samebytes as sb

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
                "no window fits: length=21 at sampling_rate=1 spans 21 rows, but the longest "
                "series has 20; ask for shorter windows, or pad short series: padding='left'"
            ),
        ),
        (
            (6, 1, 4),
            {"horizon": 1},
            (
                "no window fits: length=6 at sampling_rate=4 with its target spans 25 rows, but "
                "the longest series has 20; ask for shorter windows, or pad short series: "
                "padding='left'"
            ),
        ),
        (
            (4,),
            {"offset": 2},
            (
                "window(offset=, columns=, target=, align=) describe a target, and there is none: "
                "add horizon=1"
            ),
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
            {"horizon": 2, "align": "each", "padding": "left"},
            (
                "window(align='each', padding=...): a step near the end of a short series has "
                "targets that are only partly there; ask for horizon=1, or leave out padding="
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
    with pytest.raises(ValueError, match="component 0 has one value in each row, and no columns"):
        window(4, source=np.arange(9.0), horizon=1, columns=0)


def test_padding_must_be_a_value_of_the_source():
    with pytest.raises(
        ValueError, match=r"padding_value=-1 is not a value that component 0 \(uint8\)"
    ):
        window(4, source=np.zeros(9, np.uint8), padding="left", padding_value=-1)


def test_a_target_among_several_components_is_named():
    source = {"load": SERIES[:, 0], "weather": SERIES}
    with pytest.raises(
        ValueError, match=r"needs target=, .* expected one or more of load, weather"
    ):
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
    with pytest.raises(ValueError, match=r"^window must come first, and only once"):
        changed.window(2)


def test_the_plan_says_what_windows_are():
    dataset = window(4, 2, horizon=1, boundaries=[0, 3, 20], padding="right")
    assert "windows   8 of 5 rows, one every 2 rows, none across the borders of 2 groups" in str(
        dataset
    )
    assert "short series padded on the right" in str(dataset)
    assert "source    20 rows, 240 bytes" in str(dataset)


def test_plans_of_other_windows_differ():
    one = window(4, boundaries=[0, 10, 20])
    assert one == window(4, groups=[0] * 10 + [1] * 10)
    assert one != window(4)
    assert one != window(4, 2, boundaries=[0, 10, 20])
    assert hash(one.plan.windows) == hash(window(4, boundaries=[0, 10, 20]).plan.windows)
    state = one.batch(2).iterate().state_dict()
    with pytest.raises(ValueError, match=r"windows: 'windows\(span=4, stride=1, groups=2"):
        window(4, boundaries=[0, 11, 20]).batch(2).iterate().load_state_dict(state)
