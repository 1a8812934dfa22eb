"""Memory by its address."""

from __future__ import annotations

import numpy as np
import pytest

from samebytes.memory.addresses import address_of
from samebytes.memory.raw_memory import SHORT_BYTES, copy_to_address, view_of_address


@pytest.mark.parametrize("count", [0, 1, SHORT_BYTES, SHORT_BYTES + 1])
def test_bytes_are_copied_to_an_address_and_nowhere_else(count):
    target = np.zeros(count + 2, np.uint8)
    copy_to_address(np.arange(count).astype(np.uint8).tobytes(), address_of(target) + 1)
    assert target[1:-1].tolist() == np.arange(count).astype(np.uint8).tolist()
    assert target[0] == target[-1] == 0


def test_a_view_of_an_address_shows_the_memory():
    array = np.arange(5, dtype=np.uint8)
    view = view_of_address(address_of(array) + 1, 3)
    assert bytes(view) == b"\1\2\3"
    view[0] = 9
    assert array.tolist() == [0, 9, 2, 3, 4]
