from concurrent.futures import ThreadPoolExecutor

import pytest

from samebytes.report.comparison import Comparison, measure_in_child
from samebytes.report.machine import this_machine
from samebytes.report.ways import WAYS

NBYTES = 8_000_000


@pytest.fixture(scope="session")
def comparison():
    """Measure every way once, in real children; two at a time, so the times mean nothing."""
    with ThreadPoolExecutor(2) as pool:
        rows = tuple(pool.map(lambda way: measure_in_child(way, NBYTES), WAYS))
    return Comparison(NBYTES, "", this_machine(), "samebytes compare --size 8MB", 1.0, rows)
