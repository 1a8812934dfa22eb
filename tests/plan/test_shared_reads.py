"""Pairs: what is read together, and that it is what each alone would be."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import samebytes as sb
from samebytes.plan.shared_reads import groups_of, read_bytes

SERIES = np.random.default_rng(0).integers(0, 60_000, 3000).astype(np.uint16)


def leaves(dataset):
    return [group.leaves for group in groups_of(dataset.plan)]


def same_as_reference(dataset):
    """Every batch, by the engine and by plain slow NumPy."""
    size, plan = dataset.batch_size, dataset.plan
    count = plan.samples.length
    epochs = np.full(count, 2)
    _, order = plan.samples.locate(epochs, np.arange(count))
    batches = list(dataset.iterate(2))
    assert len(batches) == -(-count // size)
    for number, batch in enumerate(batches):
        expected = dataset.reference(order[number * size : (number + 1) * size], 2)
        for found, wanted in zip(batch, expected, strict=True):
            assert found.dtype == wanted.dtype
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    "source",
    [
        SERIES,
        SERIES[::-1],
        SERIES[::3],
        SERIES.astype(">u2"),
        SERIES.astype("int64"),
        sb.concat([SERIES[:700], SERIES[700:1500], SERIES[1500:]]),
    ],
    ids=["dense", "backwards", "with gaps", "big-endian", "not converted", "joined"],
)
@pytest.mark.parametrize("length", [2, 33, 64])
def test_tokens_and_what_follows_them_are_read_together(source, length):
    dataset = sb.TokenDataset(source, length, seed=4).batch(7)
    assert leaves(dataset) == [(0, 1)]
    assert read_bytes(dataset.plan) == (length + 1) * source.dtype.itemsize
    same_as_reference(dataset)


def test_mask_and_positions_stay_beside_the_pair():
    dataset = sb.TokenDataset(SERIES, 16, seed=0, boundaries=[0, 500, 1700, 3000], cross=True)
    assert leaves(dataset) == [(0,), (1, 2), (3,)]  # positions, x and y, mask
    for found, wanted in zip(
        _flat(next(dataset.batch(9).shuffle(seed=1).iterate(0))),
        _flat(_first(dataset.batch(9).shuffle(seed=1))),
        strict=True,
    ):
        np.testing.assert_array_equal(found, wanted)


def _first(dataset):
    plan = dataset.plan
    zero = np.zeros(1, np.int64)
    _, (batch,) = plan.batches.locate(zero, zero)
    positions = np.arange(9) + batch * 9
    _, indices = plan.samples.locate(np.zeros(9, np.int64), positions)
    return dataset.reference(indices, 0)


def _flat(element):
    if isinstance(element, dict):
        return [leaf for key in sorted(element) for leaf in _flat(element[key])]
    if isinstance(element, tuple):
        return [leaf for part in element for leaf in _flat(part)]
    return [element]


def windows(length, **named):
    return sb.Dataset.from_tensor_slices(SERIES.astype("float32")).window(length, **named)


@pytest.mark.parametrize(
    ("dataset", "why"),
    [
        (sb.TokenDataset(SERIES, 1, seed=0), "a single item is no line"),
        (sb.TokenDataset(SERIES, 8, seed=0, boundaries=[0, 5, 3000], padding=0), "rows missing"),
        (windows(5, horizon=5), "without a gap they would be one line"),
        (windows(5, horizon=1), "of different lengths"),
        (sb.TokenDataset(np.broadcast_to(np.uint16(5), (300,)), 16, seed=0), "all rows are one"),
        (windows(5, horizon=5).map(sb.Rescaling(2.0), on=0), "calculated with"),
        (sb.TokenDataset(SERIES, 8, seed=0).map(sb.Cast("int32"), on=0), "of different dtypes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_pair_stays_apart(dataset, why):
    assert (0, 1) not in leaves(dataset), why
    same_as_reference(dataset.batch(4))


@pytest.mark.parametrize("dtype", ["complex128", "S5", ">f4", "bool", "M8[s]"])
@pytest.mark.parametrize("step", [1, 2, -1])
def test_items_of_any_kind_are_moved_in_pairs(dtype, step):
    series = (SERIES[:200] if dtype != "bool" else SERIES[:200] % 2).astype("i8").astype(dtype)
    ds = sb.Dataset.from_tensor_slices(series[::step]).window(5, horizon=1, align="each")
    assert leaves(ds) == [(0, 1)]
    same_as_reference(ds.shuffle(seed=0).batch(7))


@settings(max_examples=40, deadline=None)
@given(
    length=st.integers(2, 40),
    rate=st.integers(1, 3),
    stride=st.integers(1, 50),
    offset=st.integers(0, 7),
    each=st.booleans(),
    size=st.integers(1, 70),
    threads=st.integers(1, 3),
    out=st.sampled_from(["uint16", "int32", "int64"]),
)
def test_windows_and_targets_of_one_length_are_what_each_alone_would_be(
    length, rate, stride, offset, each, size, threads, out
):
    horizon, align = (1, "each") if each else (length, "right")
    ds = sb.Dataset.from_tensor_slices(SERIES[:300]).window(
        length, stride, rate, horizon=horizon, offset=offset, align=align
    )
    ds = ds.map(sb.Cast(out), on=(0, 1)).shuffle(seed=1).with_options(threads=threads)
    stencils = [component.stencil for component in ds.plan.components]
    moved_on = stencils[1].offset - stencils[0].offset
    alike = stencils[0].axes == stencils[1].axes
    paired = alike and moved_on > 0 and moved_on != length * rate
    assert leaves(ds) == ([(0, 1)] if paired else [(0,), (1,)])
    same_as_reference(ds.batch(size))


def test_the_first_leaf_may_be_the_later_one():
    ds = windows(6, horizon=1, align="each").map(lambda x, y: (x, y))
    assert leaves(ds) == [(0, 1)]
    swapped = replace(ds.plan, components=ds.plan.components[::-1], later=())
    assert [group.leaves for group in groups_of(swapped)] == [(1, 0)]


@pytest.mark.parametrize("length", [5000, 70_000], ids=["streamed", "rows divided"])
@pytest.mark.parametrize("threads", [1, 3])
def test_large_pairs_are_divided_among_threads_and_streamed(length, threads):
    series = np.random.default_rng(1).integers(0, 60_000, 200_000).astype(np.uint16)
    ds = sb.TokenDataset(series, length, seed=0).with_options(threads=threads)
    assert leaves(ds) == [(0, 1)]
    same_as_reference(ds.batch(30))


def test_either_half_keeps_the_block_alive():
    dataset = sb.TokenDataset(SERIES, 64, seed=0).repeat(40).batch(8)
    iterator = dataset.iterate(0)
    kept = [(next(iterator)[which % 2],) for which in range(20)]
    copies = [(half.copy(),) for (half,) in kept]
    for _ in iterator:
        pass
    for (half,), (copy,) in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(half, copy)
