import numpy as np
import pytest

from benchmarks.peers.jobs.job import WrongBatchError
from benchmarks.storage.content import bytes_at, offset_of, words


def test_every_place_is_found_again():
    for offset in (0, 1, 7, 8, 12_345_677, (1 << 40) + 3):
        assert offset_of(bytes_at(np.array([offset]), 64)[0], 1 << 41) == offset


def test_places_are_cut_from_one_run_of_words():
    whole = words(np.arange(100)).view(np.uint8)
    found = bytes_at(np.array([0, 5, 700]), 33)
    for start, row in zip((0, 5, 700), found, strict=True):
        np.testing.assert_array_equal(row, whole[start : start + 33])


@pytest.mark.parametrize("byte", [0, 20, 63])
def test_a_wrong_byte_is_nowhere(byte):
    sample = bytes_at(np.array([4096]), 64)[0].copy()
    sample[byte] ^= 1
    with pytest.raises(WrongBatchError, match="nowhere in the file"):
        offset_of(sample, 1 << 20)


def test_what_lies_behind_the_end_is_nowhere():
    with pytest.raises(WrongBatchError):
        offset_of(bytes_at(np.array([4096]), 64)[0], 4096 + 63)
