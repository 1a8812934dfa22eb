"""Promise: wherever values lie, mapped, in memory or in chunks, batches have the same bytes."""

from __future__ import annotations

import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import samebytes as sb
from samebytes.memory.lazy import LazyArray
from tests.chunked import KINDS, CountedBytes, lazy, write, zarr_or_skip

zarr_or_skip()

ROWS = 61
RECORD = np.dtype([("a", "<i2"), ("b", "<f4")])
DTYPES = ("u1", ">u2", "f4", "i8", RECORD)


def values_of(rows, row, dtype):
    dtype = np.dtype(dtype)
    content = np.random.default_rng(rows).integers(0, 120, math.prod((rows, *row)) * dtype.itemsize)
    return content.astype("u1").view(dtype).reshape(rows, *row)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Return what stores values, each kind of them once."""
    folder, made, numbers = tmp_path_factory.mktemp("stored"), {}, itertools.count()

    def store(kind, values, chunks):
        facts = kind, values.shape, values.dtype.str, chunks, values.tobytes()
        if kind == "bytes":
            return LazyArray(CountedBytes(values), values.shape, values.dtype)
        if kind == "source":
            return lazy(values, chunks)[0]
        if kind == "memory":
            return values
        if facts not in made:
            path = folder / str(next(numbers))
            if kind == "mapped":
                np.save(path.with_suffix(".npy"), values)
                made[facts] = path.with_suffix(".npy")
            else:
                made[facts] = write(path, kind, values, chunks)
        return sb.open(made[facts])

    return store


EVERY = ("mapped", "memory", "bytes", "source", *KINDS)
OF_RECORDS = ("mapped", "memory", "bytes", "source", "zarr2", "h5", "gzip")
"""Not zarr's third version, whose records have no final specification, and warn."""


def parts_of(data, stored, values):
    """The values in one piece, or in several ways of storing, end to end."""
    cuts = sorted(data.draw(st.lists(st.integers(1, len(values) - 1), max_size=2, unique=True)))
    edges = [0, *cuts, len(values)]
    found = []
    kinds = OF_RECORDS if values.dtype.names else EVERY
    if values.dtype.byteorder == ">" and cuts:
        kinds = OF_RECORDS  # zarr's third version knows no order of bytes, and parts have one dtype
    for start, stop in itertools.pairwise(edges):
        part = values[start:stop]
        chunks = tuple(data.draw(st.integers(-(-n // 4), n)) for n in part.shape)
        found.append(stored(data.draw(st.sampled_from(kinds)), part, chunks))
    return found[0] if len(found) == 1 else sb.concat(found)


def on_images(data, height, width):
    """Steps for images and numbers."""
    steps = []
    for step in data.draw(
        st.lists(st.sampled_from(["crop", "flip", "contrast", "rescale", "first"]), max_size=3)
    ):
        if step == "crop":
            height, width = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
            steps.append((sb.RandomCrop(height, width), 3))
        elif step == "flip":
            steps.append((sb.RandomFlip(), 4))
        elif step == "contrast":
            steps.append((sb.RandomContrast(0.4), 5))
        elif step == "rescale":
            steps.append((sb.Rescaling(0.5), None))
        else:
            steps.append((sb.ChannelsFirst(), None))
            break

    def make(source):
        dataset = sb.Dataset.from_tensor_slices((source, np.arange(ROWS)))
        for transform, seed in steps:
            dataset = dataset.map(transform, seed=seed)
        return dataset

    return make


def on_windows(data, width):
    """Windows, and perhaps targets of some columns."""
    asked = {
        "length": data.draw(st.integers(1, 12)),
        "sampling_rate": data.draw(st.integers(1, 3)),
        "stride": data.draw(st.integers(1, 5)),
        "padding": data.draw(st.sampled_from(["left", "right"])),
    }
    columns = st.lists(st.integers(0, width - 1), min_size=1, max_size=3)
    if data.draw(st.booleans()):
        asked |= {"horizon": 2, "columns": data.draw(columns)}
    return lambda source: sb.Dataset.from_tensor_slices(source).window(**asked)


def on_rows(data):
    chosen = data.draw(st.sampled_from([{}, {"block_size": 8, "window": 2}]))
    return lambda source: sb.Dataset.from_tensor_slices(source).shuffle(seed=2, **chosen)


def pair(data, stored):
    """The same dataset over what is stored in any way, and over what is in memory."""
    kind = data.draw(st.sampled_from(["images", "windows", "rows"]))
    dtype = data.draw(st.sampled_from(DTYPES if kind == "rows" else DTYPES[:4]))
    row = {"images": (7, 5, 3), "windows": (4,), "rows": (3,)}[kind]
    values = values_of(ROWS, row, dtype)
    source = parts_of(data, stored, values)
    if isinstance(source, sb.ConcatArray):  # whose windows cross no borders
        edges = source.borders.tolist()
        values = sb.concat([values[a:b] for a, b in itertools.pairwise(edges)])
    if kind == "images":
        make = on_images(data, 7, 5)
    else:
        make = on_windows(data, 4) if kind == "windows" else on_rows(data)
    order = data.draw(st.sampled_from([None, {}, {"block_size": 9, "window": 3}]))
    place, size = data.draw(st.integers(0, 1)), data.draw(st.integers(1, 30))
    prefetch, threads = data.draw(st.integers(0, 3)), data.draw(st.integers(1, 3))

    def finished(source):
        dataset = make(source)
        if order is not None:
            dataset = dataset.shuffle(seed=1, **order)
        dataset = dataset.shard(2, place).batch(size).prefetch(prefetch)
        return dataset.with_options(threads=threads)

    return finished(source), finished(values)


def leaves(element):
    found = element if isinstance(element, tuple) else (element,)
    return [(leaf.dtype, leaf.shape, leaf.tobytes()) for leaf in map(np.asarray, found)]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_batches_have_the_same_bytes(stored, data):
    dataset, expected = pair(data, stored)
    reader = data.draw(st.sampled_from(["auto", "map", "ahead", "read"]))
    epoch = data.draw(st.integers(0, 2))
    found = [leaves(each) for each in dataset.with_options(reader=reader).iterate(epoch)]
    assert found == [leaves(each) for each in expected.iterate(epoch)]


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_state_in_the_middle_goes_on_exactly(stored, data):
    dataset, expected = pair(data, stored)
    whole = [leaves(each) for each in expected.iterate(0)]
    taken = data.draw(st.integers(0, len(whole)))
    with dataset.iterate(0) as begun:
        found = [leaves(next(begun)) for _ in range(taken)]
        state = begun.state_dict()
    resumed = pickle.loads(pickle.dumps(dataset)).iterate(0)
    resumed.load_state_dict(state)
    assert found + [leaves(each) for each in resumed] == whole


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_the_reference_reads_the_same(stored, data):
    dataset, expected = pair(data, stored)
    indices = data.draw(st.lists(st.integers(0, dataset.samples.parent.length - 1), max_size=5))
    assert leaves(dataset.reference(indices)) == leaves(expected.reference(indices))
