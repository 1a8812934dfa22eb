import copyreg
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from samebytes.compare.comparison import Comparison, _row_from, measure_in_child
from samebytes.compare.way import Way
from samebytes.compare.ways import WAYS
from samebytes.measure.machine import this_machine

NBYTES = 8_000_000
# In children of their own, as a comparison measures all: one that is killed, and one whose copy
# hides in memory that tf.data got for the one before. The rest do without 19 more imports of
# TensorFlow.
ALONE = ("dlpack-ordinary", "unchanged-data")
_TOGETHER = """
import json, sys
from dataclasses import asdict
from samebytes.compare.trial import measure_way
from samebytes.compare.way import Way
from samebytes.compare.ways import WAYS
nbytes, *others = sys.argv[1:]
for way in WAYS:
    if way.key not in others:
        print(json.dumps([way.key, asdict(measure_way(way, int(nbytes)))]))
"""


def _measure_together() -> dict[str, dict[str, Any]]:
    """Return the trials of all ways but those, by key.

    Every large block is mapped, and given back when it dies: no way finds memory of the one before.
    """
    done = subprocess.run(
        [sys.executable, "-c", _TOGETHER, str(NBYTES), *ALONE],
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"},
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    )
    return dict(json.loads(line) for line in done.stdout.splitlines())


@pytest.fixture(scope="session")
def comparison(measure_once: Callable[[str, Callable[[], Comparison]], Comparison]) -> Comparison:
    """Measure every way once, in real children; two at a time, so the times mean nothing."""
    return measure_once("comparison", _measure)


def _way(key: str) -> Way:
    return next(way for way in WAYS if way.key == key)


# A way has functions, which no pickle holds: it is sent by its key.
copyreg.pickle(Way, lambda way: (_way, (way.key,)))


def _measure() -> Comparison:
    ways = {way.key: way for way in WAYS}
    with ThreadPoolExecutor(2) as pool:
        together = pool.submit(_measure_together)
        alone = {key: pool.submit(measure_in_child, ways[key], NBYTES) for key in ALONE}
        rows = {key: _row_from(ways[key], facts) for key, facts in together.result().items()}
        rows.update((key, row.result()) for key, row in alone.items())
    in_order = tuple(rows[way.key] for way in WAYS)
    return Comparison(NBYTES, "", this_machine(), "samebytes compare --size 8MB", 1.0, in_order)
