import io

import pytest
from rich.console import Console

from benchmarks.storage import race
from benchmarks.storage.jobs import job_of
from benchmarks.storage.knobs import KNOBS, turn_knobs
from benchmarks.storage.sweep import Runner, print_sweep
from tests.benchmarks.storage.tiny import SCALE


def test_knobs_are_where_they_are_said_to_be(monkeypatch):
    for name, (place, attribute) in KNOBS.items():
        monkeypatch.setattr(place, attribute, getattr(place, attribute))
        turn_knobs({name: 12345})
        assert getattr(place, attribute) == 12345


def test_a_child_turns_them(sources):
    (turn,) = race.run_way(
        job_of("tokens"), "read", sources("images"), SCALE, limit=None, knobs={"read-threads": 1}
    ).values()
    assert turn.samples > 0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_prints_a_table_of_all_values(count):
    class Fixed(Runner):
        def rate(self, way, knobs):
            if way != "auto":
                return 100.0
            return 50.0 * knobs["read-threads"] if knobs["read-threads"] < 4 else None

    knobs = {"read-threads": [1, 2, 4], "ahead-bytes": [10, 20], "gap-bytes": [0, 1]}
    chosen = dict(list(knobs.items())[:count])
    text = io.StringIO()
    runner = Fixed(job_of("tokens"), "images.npy", SCALE, None)
    print_sweep(runner, "auto", chosen, Console(file=text, width=120))
    printed = text.getvalue()
    cells = {1: 1, 2: 2, 3: 4}[count]
    assert printed.count("50 (0.50)") == printed.count("100 (1.00)") == cells
    assert printed.count("failed") == cells
    assert ("gap-bytes=1" in printed) is (count == 3)
