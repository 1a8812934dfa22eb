"""Tables of what was chosen: each number's position, and the bytes they take."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samebytes.plan.index_tables import Bitmap, IndexList, IndexRange, table_of_mask


@given(
    size=st.integers(0, 3000), seed=st.integers(0, 99), share=st.sampled_from([0, 0.002, 0.5, 1])
)
def test_a_mask_is_what_numpy_finds_in_it(size, seed, share):
    mask = np.random.default_rng(seed).random(size) < share
    wanted = np.flatnonzero(mask)
    for table in (Bitmap(mask), table_of_mask(mask), IndexList(wanted)):
        assert len(table) == len(wanted)
        numbers = np.random.default_rng(seed).permutation(len(wanted))
        np.testing.assert_array_equal(table.at(numbers), wanted[numbers])


@pytest.mark.parametrize("divisor", [2, 99])
def test_a_mask_takes_a_bit_each_or_8_bytes_for_each_that_is_kept(divisor):
    mask = np.arange(3 << 20) % divisor == 0
    table = table_of_mask(mask)
    nbytes = sum(value.nbytes for value in vars(table).values() if isinstance(value, np.ndarray))
    assert nbytes <= min(8 * mask.sum(), len(mask) / 8 * 1.25 + 128)


def test_all_takes_nothing():
    assert table_of_mask(np.ones(99, bool)).text == "range(0, 99)"


def test_a_range_is_arithmetic():
    assert IndexRange(range(9, 0, -4)).at(np.array([2, 0])).tolist() == [1, 9]


def test_tables_compare_by_their_positions():
    mask = np.arange(5000) % 2 == 0
    assert Bitmap(mask) == Bitmap(mask.copy())
    assert hash(Bitmap(mask)) == hash(Bitmap(mask.copy()))
    assert Bitmap(mask) != Bitmap(~mask)
    assert Bitmap(mask).text.startswith("2,500 by a bitmap of 5,000, 808 bytes")
    assert IndexList(np.array([1, 2])) != IndexList(np.array([2, 1]))
