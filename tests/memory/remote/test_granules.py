"""Which granules are there, and ranges rounded out to them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from samebytes.memory.remote.granules import (
    GRANULE_BYTES,
    bits_for,
    mark,
    missing_runs,
    whole_granules,
)

SIZES = st.integers(1, 40 * GRANULE_BYTES)


@st.composite
def ranges(draw, size):
    start = draw(st.integers(0, size - 1))
    return start, draw(st.integers(start + 1, size))


@given(st.data(), SIZES, st.sampled_from([0, 1, GRANULE_BYTES, 5 * GRANULE_BYTES]))
def test_after_what_is_missing_was_fetched_all_is_there(data, size, gap):
    bits, there = bits_for(size), np.zeros(size, bool)
    for _ in range(data.draw(st.integers(1, 4))):
        asked = sorted(data.draw(st.lists(ranges(size), min_size=1, max_size=5)))
        starts, stops = np.array(asked, np.int64).T
        lows, highs = missing_runs(bits, starts, stops, size, gap)
        assert (lows[1:] > highs[:-1] + gap // GRANULE_BYTES * GRANULE_BYTES).all()
        for low, high in zip(lows.tolist(), highs.tolist(), strict=True):
            assert low % GRANULE_BYTES == 0
            assert high % GRANULE_BYTES == 0 or high == size
            there[low:high] = True
            mark(bits, *whole_granules(low, high, size))
        assert all(there[start:stop].all() for start, stop in asked)
        assert not len(missing_runs(bits, starts, stops, size, gap)[0])
    # A mark stands for bytes that are there, and for no others.
    marked = np.unpackbits(bits, bitorder="little")[: -(-size // GRANULE_BYTES)]
    assert (np.repeat(marked, GRANULE_BYTES)[:size] == there).all()


@given(SIZES.flatmap(lambda size: st.tuples(st.just(size), ranges(size))))
def test_a_part_of_a_granule_is_no_granule(drawn):
    size, (start, stop) = drawn
    first, behind = whole_granules(start, stop, size)
    for number in range(first, behind):
        assert start <= number * GRANULE_BYTES
        assert stop >= min((number + 1) * GRANULE_BYTES, size)
    assert behind <= -(-size // GRANULE_BYTES)
