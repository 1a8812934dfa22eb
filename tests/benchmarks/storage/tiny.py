"""Sources and paces that take no time."""

from __future__ import annotations

from benchmarks.storage.measured import Pace
from benchmarks.storage.race import Scale

PACE = Pace(lead=0.01, seconds=0.05)

MEMORY = 26 << 20
"""Four times this are more than two batches of images."""

SCALE = Scale(MEMORY, 2, PACE)
