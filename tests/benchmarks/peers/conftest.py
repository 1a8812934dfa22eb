from collections.abc import Callable

import pytest

from benchmarks.peers.process import Timeouts
from benchmarks.peers.race import Pace, measure
from benchmarks.peers.result import Benchmark
from tests.benchmarks.peers.misbehaving import CONTENDERS, JOB

PACE = Pace(rounds=2, seconds=0.05, lead=0.01, warm=0.01)


@pytest.fixture(scope="session")
def benchmark(measure_once: Callable[[str, Callable[[], Benchmark]], Benchmark]) -> Benchmark:
    """Measure, in real children, those who misbehave beside one who does not."""
    timeouts = Timeouts(opening=10, turn=1)

    def measure_all() -> Benchmark:
        command = "python -m benchmarks.peers"
        return measure([JOB], CONTENDERS, PACE, command=command, timeouts=timeouts)

    return measure_once("benchmark", measure_all)
