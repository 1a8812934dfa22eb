"""Write the documentation's benchmark page: ``make benchmark-page``.

`benchmarks.peers` and `benchmarks.storage` measure; what the page shows of each lies beside it as
JSON. ``python -m benchmarks.documentation_page storage`` measures the one anew, and not the other.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.result import Benchmark, JobResult, Outcome, Result
from benchmarks.storage.page import render_storage
from benchmarks.storage.result import StorageBenchmark
from samebytes.measure.numbers import number_text
from samebytes.share.layout import as_bytes_text

DOCUMENTS = Path(__file__).parent.parent / "docs"
PAGE, FACTS = DOCUMENTS / "benchmark.md", DOCUMENTS / "benchmark.json"
STORAGE = DOCUMENTS / "benchmark-storage.json"

PARTS = ("peers", "storage")

_INTRODUCTION = """\
# Benchmark

Every figure on this page was printed by a command, those of this part by `{command}`, which took
{minutes:.0f} minutes on {date}; nothing was typed by hand.
Each contender runs in a process of its own, set up as well as we know how, and counts only if its
batches pass checks of shape, dtype, range and freshness. The contenders take turns, round by round;
figures are medians over the rounds, with the lowest and the highest.

The **limit** is memset: all cores write the same number of bytes into five batches in turn, and do
nothing else. If the last-level cache holds all five, as it does on a server processor, that is
faster than memory itself can be written.
**Memory** is memory not backed by a file: its peak, worker processes included, minus what the
process held before it opened the data.

{machine}.
"""


_HEAD = (
    "| | {unit} a second | lowest to highest | of the limit | our best is | CPU µs each | memory |"
)


def render(benchmark: Benchmark, storage: StorageBenchmark) -> str:
    """Return the page that shows both."""
    introduction = _INTRODUCTION.format(
        command=benchmark.command,
        minutes=max(1, benchmark.seconds / 60),
        date=benchmark.date,
        machine=benchmark.machine,
    )
    peers = ", ".join(f"{name} {version}" for name, version in benchmark.packages.items())
    if peers:
        introduction += f"Peers: {peers}.\n"
    again = (
        f"\nTo measure again, with pictures: `{benchmark.command} --html page.html`, and "
        f"`{storage.command}`\n"
    )
    parts = [introduction, *map(_job, benchmark.jobs), render_storage(storage)]
    return "\n".join(parts) + again


def _job(job: JobResult) -> str:
    measured = [one for one in job.results if one.outcome is Outcome.MEASURED]
    ours = max((one.rate for one in measured if one.ours), default=None)
    lines = [
        f"## {job.key.capitalize()}",
        "",
        f"{job.title}. The limit: {job.limit.rate:,.0f} {job.unit} a second.",
        "",
        _HEAD.format(unit=job.unit),
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for one in sorted(measured, key=lambda one: -one.rate):
        name = f"**{one.name}**" if one.ours else one.name
        times = "" if ours is None or one.ours else f"{number_text(ours / one.rate)} times as fast"
        cells = (
            name,
            f"{one.rate:,.0f}",
            f"{min(one.rates):,.0f} to {max(one.rates):,.0f}",
            f"{one.rate / job.limit.rate:.0%}",
            times,
            number_text(one.cpu_seconds_an_item * 1e6),
            as_bytes_text(one.peak_anonymous_bytes),
        )
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *map(_left_out, (one for one in job.results if one not in measured))]
    lines += ["How each is set up:", "", *(f"- {one.name}: {one.settings}" for one in measured), ""]
    return "\n".join(lines)


def _left_out(result: Result) -> str:
    return f"{result.name} was left out: {result.outcome.value} ({result.detail}).\n"


def _measured(module: str, *statuses: int) -> str:
    """Return the facts that a benchmark writes, which ends with one of some statuses."""
    with tempfile.TemporaryDirectory() as folder:
        facts = Path(folder, "measured.json")
        command = [sys.executable, "-m", module, "--json", str(facts)]
        done = subprocess.run(command, check=False)
        if done.returncode not in statuses or not facts.read_text():
            message = f"{module} ended with {done.returncode} and measured nothing for the page"
            raise SystemExit(message)
        return facts.read_text()


def main(parts: Sequence[str] = ()) -> None:
    """Measure all or some parts, store the results that the page shows, and write the page."""
    unknown = set(parts) - set(PARTS)
    if unknown:
        message = f"{', '.join(sorted(unknown))}: expected some of {', '.join(PARTS)}, or none"
        raise SystemExit(message)
    if "peers" in (parts or PARTS):
        measured = Benchmark.from_json(_measured("benchmarks.peers", 0))
        FACTS.write_text(measured.without_memory_curves().as_json())
    if "storage" in (parts or PARTS):
        # A bound that is missed is shown as such.
        STORAGE.write_text(_measured("benchmarks.storage", 0, 1))
    benchmark = Benchmark.from_json(FACTS.read_text())
    PAGE.write_text(render(benchmark, StorageBenchmark.from_json(STORAGE.read_text())))


if __name__ == "__main__":
    main(sys.argv[1:])
