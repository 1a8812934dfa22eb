"""Which chunks ranges lie in: every byte goes to where it belongs, by one piece."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from samebytes.engine.readers.chunk_grid import ChunkGrid


def grids(data):
    shape = tuple(data.draw(st.lists(st.integers(1, 7), min_size=1, max_size=4), label="shape"))
    chunks = tuple(data.draw(st.integers(1, n + 2)) for n in shape)
    item = data.draw(st.sampled_from([1, 2, 6]))
    return shape, chunks, item, ChunkGrid(shape, chunks, item)


@given(st.data())
def test_pieces_of_chunks_make_up_any_ranges(data):
    shape, _, item, grid = grids(data)
    values = np.random.default_rng(0).integers(0, 256, (*shape, item), np.uint8)
    content = values.reshape(-1)
    starts, sizes = [], []
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(content) - 1))
        starts.append(start)
        sizes.append(data.draw(st.integers(1, len(content) - start)))
    targets = np.cumsum([0, *sizes])[:-1]
    pieces = grid.pieces(np.array(starts), targets, np.array(sizes))
    found = np.full(sum(sizes), -1, np.int64)
    for number, offset, target, size in zip(*pieces, strict=True):
        where = tuple(slice(*each) for each in zip(*grid.box(int(number)), strict=True))
        chunk = values[where].reshape(-1)
        assert 0 <= offset < offset + size <= len(chunk)
        assert (found[target : target + size] == -1).all()  # each byte comes once
        found[target : target + size] = chunk[offset : offset + size]
    for start, target, size in zip(starts, targets, sizes, strict=True):
        assert (found[target : target + size] == content[start : start + size]).all()


@given(st.data())
def test_boxes_tile_the_array(data):
    shape, chunks, _, grid = grids(data)
    seen = np.zeros(shape, int)
    count = math.prod(-(-n // c) for n, c in zip(shape, chunks, strict=True))
    for number in range(count):
        seen[tuple(slice(*each) for each in zip(*grid.box(number), strict=True))] += 1
    assert (seen == 1).all()


def test_rows_that_lie_in_one_piece_of_a_chunk_are_one_piece():
    grid = ChunkGrid((100, 8, 3), (10, 8, 3), 1)
    pieces = grid.pieces(np.array([24 * 12]), np.array([0]), np.array([24 * 6]))
    assert [each.tolist() for each in pieces] == [[1], [48], [0], [144]]
