import numpy as np
import pytest

import samebytes as sb
from samebytes.compare import images


@pytest.mark.parametrize("count", [2, 3, 40])
def test_ordinary_memory_is_what_tensorflow_cannot_share(count):
    for make in (images.ordinary, images.read_only):
        array = make(count)
        assert array.ctypes.data % 64 == 16
        assert array.flags.writeable is (make is images.ordinary)
        assert type(array) is np.ndarray


def test_all_hold_the_same_values():
    arrays = [make(3) for make in (images.ordinary, images.aligned, images.mapped)]
    assert all(np.array_equal(array, arrays[0]) for array in arrays)
    assert not np.array_equal(arrays[0][0], arrays[0][1])


def test_aligned_and_mapped_are_what_samebytes_makes():
    for array in (images.aligned(2), images.mapped(2)):
        assert type(array) is sb.Array
        assert array.ctypes.data % 64 == 0
    assert not array.flags.writeable
