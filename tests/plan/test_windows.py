"""Windows of any length, stride, rate, horizon, group and padding are those of a plain loop."""

import itertools

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from window_loop import windows_by_loop

import samebytes as sb
from samebytes.plan.windows import PHASE_COST, Windows

BFLOAT = np.dtype(ml_dtypes.bfloat16)

WINDOWS = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))

LAYOUTS = {
    "C": lambda x: x,
    "Fortran": np.asfortranarray,
    "backwards": lambda x: x[::-1].copy()[::-1],
    "every other row": lambda x: np.repeat(x, 2, 0)[::2],
    "columns backwards": lambda x: x[..., ::-1].copy()[..., ::-1] if x.ndim > 1 else x,
    "off its alignment": lambda x: (
        np.frombuffer(b"." + x.tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape)
    ),
}


def numbered(rows, row, dtype):
    """Rows whose every item is another number, as far as the dtype can tell them apart."""
    values = np.arange(rows * int(np.prod(row))).reshape(rows, *row)
    return (values % 251).astype(dtype)


@st.composite
def series(draw, row, dtype):
    """A source in one piece or several, and the list of its groups."""
    lengths = draw(st.lists(st.integers(0, 40), min_size=1, max_size=4).filter(any))
    whole = numbered(sum(lengths), row, dtype)
    pieces = np.split(whole, np.cumsum(lengths)[:-1])
    layout = LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))]
    told = draw(st.sampled_from(["ids", "offsets", "parts", "both"]))
    if told == "ids":
        ids = np.repeat(draw(st.permutations(range(len(lengths)))), lengths)
        return layout(whole), {"groups": ids}, [piece for piece in pieces if len(piece)]
    if told == "offsets":
        return layout(whole), {"boundaries": np.cumsum([0, *lengths])}, pieces
    source = sb.concat([np.ascontiguousarray(piece) for piece in pieces])
    if told == "parts":
        return source, {}, pieces
    middle = len(whole) // 2
    borders = sorted({0, middle, len(whole), *np.cumsum(lengths).tolist()})
    groups = [whole[a:b] for a, b in itertools.pairwise(borders)]
    return source, {"boundaries": (np.array([0, middle, len(whole)]),)}, groups


@st.composite
def asked(draw, row):
    """What window is asked for, as its arguments."""
    found = {
        "length": draw(st.integers(1, 9)),
        "stride": draw(st.integers(1, 5)),
        "sampling_rate": draw(st.integers(1, 3)),
        "padding": draw(st.sampled_from([None, "left", "right"])),
        "padding_value": draw(st.sampled_from([0, 7])),
    }
    if draw(st.booleans()):
        found["horizon"] = draw(st.integers(1, 4))
        found["offset"] = draw(st.none() | st.integers(0, 6))
        if found["padding"] is None or found["horizon"] == 1:
            found["align"] = draw(st.sampled_from(["right", "each"]))
        if row:
            some = st.lists(st.integers(-row[-1], row[-1] - 1), min_size=1, max_size=5)
            found["columns"] = draw(st.none() | st.integers(0, row[-1] - 1) | some)
    return found


def by_loop(groups, found):
    renamed = {"sampling_rate": "rate", "padding_value": "value"}
    return windows_by_loop(groups, **{renamed.get(k, k): v for k, v in found.items()})


def windowed(source, told, found):
    """The dataset, or None where no window fits, which must then be refused."""
    dataset = sb.Dataset.from_tensor_slices(source)
    try:
        return dataset.window(**told, **found)
    except ValueError as refused:
        assert str(refused).startswith("no window fits")  # noqa: PT017
        return None


def made(dataset):
    """All windows as one batch, by the engine, which must have folded everything."""
    assert dataset.plan.later == ()
    with dataset.batch(len(dataset)).iterate(0) as batches:
        return next(batches)


@pytest.mark.parametrize("dtype", ["f4", ">i2", "c8", "S3", BFLOAT], ids=str)
@WINDOWS
@given(data=st.data(), row=st.lists(st.integers(1, 4), max_size=4))
def test_windows_are_those_of_a_plain_loop(dtype, data, row):
    source, told, groups = data.draw(series(row, dtype))
    found = data.draw(asked(row))
    if dtype == "S3":
        found["padding_value"] = 0
    if np.dtype(dtype).kind == "S":
        found["padding"] = None
        groups = [np.asarray(group) for group in groups]
    dataset = windowed(source, told, found)
    expected, targets = by_loop(groups, found)
    if dataset is None:
        assert len(expected) == 0
        return
    assert len(dataset) == len(expected)
    result = made(dataset)
    plain = dataset.reference(range(len(dataset)))
    pairs = [(result, plain, expected)] if targets is None else []
    if targets is not None:
        pairs = list(zip(result, plain, (expected, targets), strict=True))
    for one, reference, loop in pairs:
        # Numbers come out in the machine's order of bytes.
        native = loop.astype(one.dtype)
        assert one.dtype == reference.dtype
        assert one.shape == native.shape
        assert one.tobytes() == native.tobytes() == reference.tobytes()


@pytest.mark.parametrize("pair", [("u1", "float32"), ("f4", "float32"), ("u2", "int64")], ids=str)
@WINDOWS
@given(data=st.data(), row=st.lists(st.integers(1, 4), max_size=3))
def test_what_calculates_is_the_reference(pair, data, row):
    dtype, out = pair
    source, told, groups = data.draw(series(row, dtype))
    found = data.draw(asked(row))
    dataset = windowed(source, told, found)
    if dataset is None:
        return
    places = tuple(range(len(dataset.structure.names)))
    if out == "int64":
        steps = [sb.Cast(out, on=places)]
    else:
        factors = tuple(range(1, row[-1] + 1)) if row else 2.0
        steps = [sb.Rescaling(factors, -3.0, on=0), sb.Rescaling(0.5, on=places)]
    for step in steps:
        dataset = dataset.map(step)
    result = made(dataset)
    plain = dataset.reference(range(len(dataset)))
    expected, targets = by_loop(groups, found)
    several = isinstance(result, tuple)
    assert several == (targets is not None)
    for one, reference in zip(result, plain, strict=True) if several else [(result, plain)]:
        assert one.dtype == out
        np.testing.assert_allclose(one, reference, rtol=1e-6)
    values = np.array(expected, np.float64)
    if out == "int64":
        np.testing.assert_array_equal(result[0] if several else result, values)
    else:
        scaled = (values * factors - 3) / 2
        np.testing.assert_allclose(result[0] if several else result, scaled, rtol=1e-6)


@pytest.mark.parametrize("rows", range(1, 26))
@pytest.mark.parametrize("length", [1, 2, 5])
@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("rate", [1, 2])
def test_the_number_of_windows_at_every_edge(rows, length, stride, rate):
    source = np.arange(rows)
    expected = [start for start in range(0, rows, stride) if start + (length - 1) * rate < rows]
    dataset = sb.Dataset.from_tensor_slices(source)
    if not expected:
        with pytest.raises(ValueError, match="no window fits"):
            dataset.window(length, stride, rate)
        return
    dataset = dataset.window(length, stride, rate)
    assert len(dataset) == len(expected)
    assert [window[0] for window in dataset] == expected


def test_no_window_crosses_a_border_in_a_million():
    lengths = np.random.default_rng(0).integers(1, 90, 40_000)
    ids = np.repeat(np.arange(len(lengths)), lengths)
    rows = np.stack([ids, np.arange(len(ids))], 1).astype(np.int32)
    dataset = sb.Dataset.from_tensor_slices(rows).window(20, groups=ids).shuffle(seed=3)
    assert len(dataset) > 1_000_000
    seen = 0
    for batch in dataset.batch(4096):
        assert (batch[:, :, 0] == batch[:, :1, 0]).all()
        assert (np.diff(batch[:, :, 1]) == 1).all()
        seen += len(batch)
    assert seen == len(dataset)


def test_windows_cost_nothing_but_groups():
    virtual = np.broadcast_to(np.float32(1), (1 << 40,))
    dataset = sb.Dataset.from_tensor_slices(virtual).window(1000, horizon=3).shuffle(seed=1)
    assert len(dataset) == (1 << 40) - 1002
    x, y = next(iter(dataset.batch(8)))
    assert x.shape == (8, 1000)
    assert y.shape == (8, 3)
    assert (x == 1).all()


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=5),
    st.integers(1, 7),
    st.integers(1, 9),
    st.integers(0, 2**63),
)
def test_a_phase_moves_windows_but_not_their_number(lengths, span, stride, seed):
    borders = np.cumsum([0, *lengths])
    windows = Windows(borders, span, stride, phase_seed=seed)
    every = np.arange(len(windows))
    for epoch in range(4):
        starts = windows.rows(np.full(len(every), epoch), every).starts
        groups = np.searchsorted(borders, starts, "right") - 1
        assert (starts + span <= borders[groups + 1]).all()
        same = groups[1:] == groups[:-1]
        assert (np.diff(starts)[same] == stride).all()
        for group in range(len(lengths)):
            mine = starts[groups == group]
            room = lengths[group] - span + 1
            assert len(mine) >= room // stride - (room // stride >= PHASE_COST - 1)
            if len(mine):
                assert 0 <= mine[0] - borders[group] < stride


def test_phases_are_even_and_new_each_epoch():
    windows = Windows(np.array([0, 10_000]), span=8, stride=10, phase_seed=5)
    epochs = np.arange(5000)
    starts = windows.rows(epochs, np.zeros(5000, np.int64)).starts
    counts = np.bincount(starts, minlength=10)
    assert len(counts) == 10
    assert abs(counts - 500).max() < 110  # five deviations of a binomial


def test_drawn_windows_are_even_over_all_groups():
    windows = Windows(np.array([0, 3, 20, 24, 60]), span=4, start_seed=5)
    allowed = [start for a, b in ((3, 20), (20, 24), (24, 60)) for start in range(a, b - 3)]
    indices = np.arange(48_000)
    starts = windows.rows(np.zeros_like(indices), indices).starts
    values, counts = np.unique(starts, return_counts=True)
    assert values.tolist() == allowed
    assert abs(counts - 1000).max() < 160
    again = windows.rows(np.ones_like(indices), indices).starts
    assert (again != starts).any()
