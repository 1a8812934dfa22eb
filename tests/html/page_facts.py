"""What pages are made of in these tests: a comparison as it was measured, the rest made up."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from benchmarks.peers.result import Benchmark, JobResult, Limit, Outcome, Result, Round
from samebytes.auditing.copies import Copy, Kind
from samebytes.auditing.page import AuditFacts
from samebytes.compare.comparison import Comparison, Row
from samebytes.compare.comparison import Outcome as WayOutcome
from samebytes.compare.trial import Trial
from samebytes.compare.ways import WAYS
from samebytes.measure.machine import Machine

MACHINE = Machine(
    processor="Intel(R) Xeon(R) Processor",
    system="Linux",
    cores=2,
    memory_bytes=25_300_000_000,
    versions={
        "Python": "3.11.7",
        "NumPy": "2.4.6",
        "TensorFlow": "2.21.0",
        "samebytes": "0.1.0",
    },
)
_MEASURED = Path(__file__).with_name("compare.json")
_TRIAL = ("nbytes", "first_milliseconds", "again_milliseconds", "extra_bytes", "error")


def make_comparison() -> Comparison:
    """Return what `samebytes compare --size 200MB --json compare.json` measured."""
    facts = json.loads(_MEASURED.read_text())
    ways = {way.key: way for way in WAYS}
    rows = tuple(
        Row(ways[row["key"]], WayOutcome(row["outcome"]), _trial(row), row["detail"])
        for row in facts["rows"]
    )
    machine = Machine(**facts["machine"])
    return Comparison(
        facts["nbytes"], facts["remark"], machine, facts["command"], facts["seconds"], rows
    )


def _trial(row: dict[str, Any]) -> Trial | None:
    if not row["survived"]:
        return None
    shape, expected = row["shape"] and tuple(row["shape"]), tuple(row["expected_shape"])
    plain = {name: row[name] for name in _TRIAL}
    return Trial(
        expected_shape=expected,
        shape=shape,
        shared=row["shared"],
        values_equal=row["values_equal"],
        **plain,
    )


# Name, rate as a share of our best, spread, peak in bytes, and how memory goes: it climbs to a
# peak at once, over time, or to and fro.
_OURS = (
    ("samebytes, NumPy", 1.0, 0.03, 96_000_000, "at once"),
    ("samebytes, to_tf()", 0.76, 0.06, 101_000_000, "at once"),
    ("samebytes.timeseries_dataset_from_array", 0.55, 0.05, 133_000_000, "over time"),
)
_PEERS = (
    ("tf.data from_tensor_slices", 0.47, 0.06, 12_900_000_000, "at once"),
    ("tf.data from_generator", 0.11, 0.04, 640_000_000, "to and fro"),
    ("keras.utils.timeseries_dataset_from_array", 0.24, 0.10, 1_400_000_000, "to and fro"),
    ("torch DataLoader, 2 workers, pinned", 0.31, 0.12, 2_100_000_000, "over time"),
    ("grain", 0.29, 0.05, 980_000_000, "over time"),
    ("NVIDIA DALI", 0.83, 0.03, 1_700_000_000, "at once"),
    ("NumPy, one thread", 0.16, 0.02, 410_000_000, "to and fro"),
)
_JOBS = (
    (
        "images",
        "Random crops of images, flipped and scaled to float32",
        "images",
        786_432,
        32,
        4100.0,
    ),
    ("images-uint8", "Center crops of images as they are", "images", 196_608, 32, 21000.0),
    (
        "series",
        "Windows of a series with 24 steps and their targets",
        "windows",
        1_540,
        256,
        910000.0,
    ),
    (
        "tokens",
        "64x1024 tokens at random places of a file of 20,000,000 uint16, y one token ahead",
        "tokens",
        16,
        65_536,
        473_000_000.0,
    ),
)


def make_benchmark(*, points: int = 200) -> Benchmark:
    """Return four jobs of twelve contenders, ten of them measured; the same each time."""
    chance = random.Random(0)  # noqa: S311 (no secret)
    return Benchmark(
        machine=MACHINE,
        packages={"torch": "2.13.0+cpu", "grain": "0.2.18", "nvidia-dali-cuda120": "2.4.0"},
        command="python -m benchmarks.peers --json bench.json --html bench.html",
        date="2026-11-27",
        seconds=1987.0,
        jobs=tuple(_job(chance, points, *job) for job in _JOBS),
    )


def _job(
    chance: random.Random,
    points: int,
    key: str,
    title: str,
    unit: str,
    item_bytes: int,
    batch: int,
    rate: float,
) -> JobResult:
    def result(name: str, share: float, spread: float, peak: int, course: str) -> Result:
        rounds = tuple(_round(chance, rate * share, spread) for _ in range(5))
        memory = _memory(chance, points, peak, course)
        settings = f"{name} with its workers at the number of cores, which was its best of 1, 2, 4."
        return Result(
            key=name.partition(",")[0].replace(" ", "-").lower(),
            name=name,
            ours=name.startswith("samebytes"),
            settings=settings,
            outcome=Outcome.MEASURED,
            rounds=rounds,
            peak_anonymous_bytes=peak,
            memory=memory,
        )

    ours = [result(*each) for each in _OURS]
    others = [
        result(name, min(0.97, share * chance.uniform(0.7, 1.15)), spread, peak, course)
        for name, share, spread, peak, course in _PEERS
    ]
    absent = Result(
        "petastorm", "petastorm", False, "As in its guide.", Outcome.ABSENT, "pip install petastorm"
    )
    failed = Result(
        "mosaic",
        "MosaicML streaming",
        False,
        "Local, 2 workers.",
        Outcome.FAILED,
        "OSError: [Errno 28] No space left on device: '/dev/shm/000001_locals'",
    )
    return JobResult(
        key=key,
        title=title,
        unit=unit,
        item_bytes=item_bytes,
        batch_size=batch,
        source_bytes=4_000_000_000,
        limit=Limit(tuple(rate * chance.uniform(1.2, 1.3) for _ in range(5))),
        results=(*ours, *others, absent, failed),
    )


def _round(chance: random.Random, rate: float, spread: float) -> Round:
    items = 20_000
    seconds = items / (rate * chance.uniform(1 - spread, 1 + spread))
    return Round(items, seconds, seconds * chance.uniform(1.4, 1.95))


def _memory(
    chance: random.Random, points: int, peak: int, course: str
) -> tuple[tuple[float, int], ...]:
    length = chance.uniform(24, 31)
    held = []
    for point in range(points):
        part = point / (points - 1)
        if course == "at once":
            share = min(1.0, part * 12) * (1 if part < 0.3 else 0.94)
        elif course == "over time":
            share = min(1.0, 0.2 + part)
        else:
            share = min(1.0, part * 20) * (0.8 + 0.2 * ((point // 5) % 2))
        held.append((round(part * length, 3), int(peak * share * chance.uniform(0.985, 1.0))))
    return tuple(held)


def make_audit_facts() -> AuditFacts:
    """Return what an audit of a tutorial's script found, and a copy it could not time."""
    script = "/tutorial/train.py"

    def copy(line: int, kind: Kind, way: str, what: str, nbytes: int, **rest: Any) -> Copy:
        facts = {"count": 1, "seconds": 0.0121, "bytes_again": 0, "remedy": "x = sb.aligned(x)"}
        return Copy(script, line, kind, way, what, nbytes, **{**facts, **rest})

    rewriting = (
        "options = tf.data.Options(); "
        "options.experimental_optimization.apply_default_optimizations = False; "
        "ds = ds.with_options(options)"
    )
    return AuditFacts(
        copies=(
            copy(
                31,
                Kind.REWRITTEN,
                "a pass over the dataset",
                "float32 (60000, 28, 28, 1)",
                188_160_000,
                remedy=rewriting,
                seconds=None,
                count=3,
            ),
            copy(
                12,
                Kind.CONVERTED,
                "Dataset.from_tensor_slices",
                "float32 (60000, 28, 28, 1)",
                188_160_000,
                bytes_again=188_160_000,
            ),
            copy(
                40,
                Kind.YIELDED,
                "Dataset.from_generator",
                "float32 (32, 28, 28)",
                18_816_000,
                count=187,
                seconds=None,
                remedy="batch = sb.empty((32, 28, 28), 'float32'); batch[:] = ...; yield batch",
            ),
            copy(
                52,
                Kind.TO_NUMPY,
                "t.numpy()",
                "float32 (10000, 10)",
                400_000,
                remedy="sb.as_array(t)",
            ),
            copy(57, Kind.CAST, "model.fit", "float64 (10000, 10)", 80_000, remedy=None),
        ),
        machine=MACHINE,
        script=script,
        command="samebytes audit train.py --epochs 3",
        exit_code=0,
        date="2026-11-27",
        seconds=21.4,
    )
