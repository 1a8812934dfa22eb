import sys

import numpy as np
import pytest

from samebytes.measure.cost import measure
from samebytes.measure.memory import anonymous_bytes, available_bytes

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
MEGABYTE = 1_000_000


@linux
def test_the_peak_counts_what_was_let_go_again():
    def fill_and_let_go():
        return int(np.ones(80 * MEGABYTE, np.uint8)[-1])

    for _ in range(2):  # an earlier peak as high does not hide a later one
        measured = measure(fill_and_let_go)
        assert measured.result == 1
        assert 75 * MEGABYTE < measured.extra_bytes < 100 * MEGABYTE


@linux
def test_doing_nothing_takes_nothing():
    assert measure(lambda: None).extra_bytes < MEGABYTE


@linux
def test_anonymous_memory_grows_with_what_is_held():
    before = anonymous_bytes()
    held = np.ones(40 * MEGABYTE, np.uint8)
    assert anonymous_bytes() - before > 35 * MEGABYTE
    assert held[0] == 1


@linux
def test_something_is_available():
    assert available_bytes() > MEGABYTE
