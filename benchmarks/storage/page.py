"""The section of the documentation's benchmark page on files that do not fit in memory."""

from __future__ import annotations

from benchmarks.storage.result import JobResult, Result, Role, StorageBenchmark
from benchmarks.storage.table import COLUMNS, cells
from samebytes.share.layout import as_bytes_text

__all__ = ["render_storage"]

_INTRODUCTION = """\
## Files that do not fit in memory

Printed by `{command}`, which took {minutes:.0f} minutes on {date}. Each turn is a process of its
own in a control group with {memory} of memory, for itself, its workers and the pages of files that
it reads; files are four times as large, unless it says otherwise, and nothing of them is in memory
when a turn begins. All ways of a job take turns, round by round; figures are medians over the
rounds. The first batches, or reads, of every turn are compared with what the file was written with,
when the clock has stopped.

What counts is the share of the **bare** rate: that of a program that reads the bytes and does
nothing with them, with the number of threads that is best for it.
**Of use** are the bytes that samples need; **from disk** is what the disk had to read for them.

{machine}; {disk}.
"""


def render_storage(benchmark: StorageBenchmark) -> str:
    """Return the section."""
    introduction = _INTRODUCTION.format(
        command=benchmark.command,
        minutes=max(1, benchmark.seconds / 60),
        date=benchmark.date,
        memory=as_bytes_text(benchmark.memory_bytes),
        machine=benchmark.machine,
        disk=benchmark.disk,
    )
    libraries = ", ".join(f"{name} {version}" for name, version in benchmark.packages.items())
    if libraries:
        introduction += f"Libraries: {libraries}.\n"
    return "\n".join([introduction, *map(_job, benchmark.jobs)])


def _job(job: JobResult) -> str:
    lines = [f"### {job.title}", ""]
    if job.left_out:
        return "\n".join([*lines, f"Not measured: {job.left_out}.", ""])
    size = f" of {as_bytes_text(job.source_bytes)}" if job.source_bytes else ""
    lines += [
        f"A sample needs {as_bytes_text(job.sample_bytes)} of a file{size}. {job.compared}",
        "",
        "| | " + " | ".join(COLUMNS).format(unit=job.unit) + " |",
        "|---|" + "--:|" * len(COLUMNS),
    ]
    for one in job.measured:
        name = f"**{one.name}**" if one.role is Role.OURS else one.name
        lines.append("| " + " | ".join((name, *cells(one, job))) + " |")
    lines += ["", *(f"- {bound}." for bound in job.bounds), ""]
    lines += [_left_out(one) for one in job.results if one not in job.measured]
    lines += ["How each is set up:", ""]
    return "\n".join([*lines, *_settings(job), ""])


def _settings(job: JobResult) -> list[str]:
    """Return who is set up how, those of the same words together."""
    names: dict[str, list[str]] = {}
    for one in job.measured:
        names.setdefault(one.settings, []).append(one.name)
    return [f"- {'; '.join(who)}: {settings}" for settings, who in names.items()]


def _left_out(one: Result) -> str:
    return f"{one.name} was left out: {one.outcome.value} ({one.detail}).\n"
