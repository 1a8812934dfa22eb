"""Which bytes a batch reads: all that it needs, and hardly any others."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided

from samebytes.engine.kernels.job import prepare
from samebytes.engine.readers.byte_ranges import coalesce, ranges_of, whole_ranges_of
from samebytes.memory.addresses import address_of

PAGE = 4096


def jobs(data):
    """A job over samples of any strides, and the addresses of all bytes that it reads."""
    draw = data.draw
    item = draw(st.sampled_from([1, 2, 4, 8]), label="item")
    shape = [draw(st.integers(1, most)) for most in (3, 6, 6, 3)]
    order = draw(st.permutations(range(4)), label="order")
    strides, reach = [0] * 4, item
    for axis in order:
        reach += draw(st.sampled_from([0, 0, 7, 5_000, 20_000]))
        strides[axis] = reach * draw(st.sampled_from([1, -1]))
        reach *= shape[axis]
    # Only addresses are looked at, so the memory need not be there.
    source = as_strided(np.empty(1, f"u{item}"), shape, strides, writeable=False)
    count, height, width = (
        draw(st.integers(1, 4)),
        *(draw(st.integers(1, size)) for size in shape[1:3]),
    )
    geometry = []
    for _ in range(count):
        row = []
        for size, length in ((shape[1], height), (shape[2], width)):
            first, step = draw(st.integers(0, size - length)), draw(st.sampled_from([1, -1]))
            row += [first if step > 0 else first + length - 1, step]
        geometry.append(row)
    indices = np.array(draw(st.lists(st.integers(0, shape[0] - 1), min_size=count, max_size=count)))
    out = np.empty((count, height, width, shape[3]), source.dtype)
    job = prepare(source, indices, np.array(geometry), out)
    read = []
    for index, (y, dy, x, dx) in zip(indices, geometry, strict=True):
        ys, xs = y + dy * np.arange(height), x + dx * np.arange(width)
        place = address_of(source) + index * strides[0]
        place = place + ys[:, None, None] * strides[1] + xs[:, None] * strides[2]
        places = place + np.arange(shape[3]) * strides[3]
        read.append((places[..., None] + np.arange(item)).reshape(-1))
    return job, read


@given(st.data())
def test_every_byte_that_is_read_is_in_a_range_and_gaps_are_less_than_a_page(data):
    job, read = jobs(data)
    found = ranges_of(job)
    for starts, stops, places in zip(found.starts, found.stops, read, strict=True):
        inside = (places >= starts[:, None]) & (places < stops[:, None])
        assert inside.any(axis=0).all()
        for start, stop in zip(starts, stops, strict=True):
            mine = np.unique(places[(places >= start) & (places < stop)])
            assert (mine[0], mine[-1] + 1) == (start, stop)
            assert np.diff(mine).max(initial=1) <= PAGE + job.source.itemsize


@given(st.data())
def test_a_whole_range_begins_and_ends_with_what_is_read(data):
    job, read = jobs(data)
    found = whole_ranges_of(job)
    assert found.starts.shape == (len(read), 1)
    assert found.starts[:, 0].tolist() == [places.min() for places in read]
    assert found.stops[:, 0].tolist() == [places.max() + 1 for places in read]


def test_rows_that_are_not_there_are_not_read():
    source = np.zeros((4, 10, 2, 1), np.uint16)
    spans = np.array([[0, 10, 0, 2], [3, 5, 0, 2], [0, 0, 0, 2], [0, 10, 1, 2]])
    whole = np.array([[0, 1, 0, 1]])
    out = np.empty((4, 10, 2, 1), np.uint16)
    job = prepare(source, np.arange(4), whole, out, spans=spans, padding=np.zeros(1, np.uint16))
    found = ranges_of(job)
    begins = (found.starts - address_of(source))[:, 0] - 40 * np.arange(4)
    sizes = (found.stops - found.starts)[:, 0]
    assert sizes.tolist() == [40, 8, 0, 38]
    assert begins[[0, 1, 3]].tolist() == [0, 12, 2]


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), min_size=1, max_size=12),
    st.integers(0, 10),
)
def test_coalescing_joins_what_is_near_and_nothing_else(ranges, gap):
    starts = np.array([start for start, _ in ranges])
    stops = starts + np.array([size for _, size in ranges])
    begins, ends = coalesce(starts, stops, gap)
    which = np.searchsorted(begins, starts, "right") - 1
    assert (begins[which] <= starts).all()
    assert (stops <= ends[which]).all()
    assert (begins[1:] - ends[:-1] > gap).all()
    assert set(begins) <= set(starts)
    assert set(ends) <= set(stops)
    everything = np.zeros(200, bool)
    for start, stop in zip(starts, stops, strict=True):
        everything[start:stop] = True
    for begin, end in zip(begins, ends, strict=True):
        missing = "".join(" " if there else "x" for there in everything[begin:end])
        assert max(map(len, missing.split()), default=0) <= gap


def test_without_nearness_only_what_is_read_is_in_a_range():
    images = np.zeros((4, 8, 8, 3), np.uint8)
    crop = np.array([[2, 1, 3, 1]])
    job = prepare(images, np.array([1]), crop, np.empty((1, 2, 4, 3), np.uint8))
    exact, usual = ranges_of(job, near=0), ranges_of(job)
    begin = address_of(images[1]) + 2 * 24 + 9
    assert (exact.starts - begin).tolist() == [[0, 24]]
    assert (exact.stops - exact.starts).tolist() == [[12, 12]]
    assert (usual.stops - usual.starts).tolist() == [[36]]
