"""The page of a benchmark: each job's rates against what the machine can write, and its memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.result import Benchmark, JobResult, Outcome, Result
from samebytes.html.bars import Bar, Group, Mark, Panel, draw_bars
from samebytes.html.lines import Curve, draw_memory
from samebytes.html.page import render
from samebytes.html.picture import Picture
from samebytes.measure.numbers import (
    number_text,
    percent_text,
    ratio_text,
    spread_text,
)
from samebytes.share.layout import as_bytes_text

__all__ = ["render_benchmark_html"]

_TEMPLATE = Path(__file__).with_name("templates") / "benchmark.html"

_NOTHING = "-"


def render_benchmark_html(benchmark: Benchmark) -> str:
    """Return the page: for each job bars of rates, memory over time, a table, and the settings.

    Raises
    ------
    MissingPackage
        If Jinja or Matplotlib is not installed.
    """
    return render(
        _TEMPLATE,
        machine=benchmark.machine,
        command=benchmark.command,
        date=benchmark.date,
        seconds=benchmark.seconds,
        benchmark=benchmark,
        sections=[_section(job, position) for position, job in enumerate(benchmark.jobs, 1)],
    )


@dataclass(frozen=True)
class _Cells:
    """One contender's line of a table, in words."""

    name: str
    ours: bool
    rate: str
    spread: str
    ratio: str
    share: str
    processor: str
    peak: str


@dataclass(frozen=True)
class _Glance:
    """A job in one line: the best of ours, and the best of the others."""

    name: str
    rate: str
    share: str
    peak: str
    best_name: str
    best_rate: str
    ratio: str


@dataclass(frozen=True)
class _Section:
    """All that the page shows of one job."""

    job: JobResult
    size: str
    glance: _Glance
    rates: Picture | None
    memory: Picture | None
    reference: str
    limit: str
    cells: list[_Cells]
    missing: list[Result]


def _section(job: JobResult, position: int) -> _Section:
    measured = [each for each in job.results if each.outcome is Outcome.MEASURED]
    ranked = sorted(measured, key=lambda each: -each.rate)
    ours = next((each for each in ranked if each.ours), None)
    curves = [
        Curve(each.name, each.ours, each.memory, each.peak_anonymous_bytes)
        for each in measured
        if each.memory
    ]
    return _Section(
        job=job,
        size=(
            f"{as_bytes_text(job.source_bytes)} of data; {job.unit} of "
            f"{as_bytes_text(job.item_bytes)} each, {job.batch_size:,} a batch"
        ),
        glance=_glance(job, ranked, ours),
        rates=_draw_rates(job, ranked, ours, f"rates-{position}") if measured else None,
        memory=_draw_curves(curves, f"memory-{position}") if curves else None,
        reference=ours.name if ours else "",
        limit=(
            f"{number_text(job.limit.rate)} {job.unit}/s, "
            f"{as_bytes_text(job.limit.rate * job.item_bytes)} a second"
        ),
        cells=[_cells(job, each, ours) for each in ranked],
        missing=[each for each in job.results if each.outcome is not Outcome.MEASURED],
    )


def _glance(job: JobResult, ranked: list[Result], ours: Result | None) -> _Glance:
    best = next((each for each in ranked if not each.ours), None)
    if ours is None:
        return _Glance(*(_NOTHING,) * 4, *_best(best), _NOTHING)
    best_name, best_rate = _best(best)
    return _Glance(
        name=ours.name,
        rate=number_text(ours.rate),
        share=percent_text(ours.rate / job.limit.rate),
        peak=as_bytes_text(ours.peak_anonymous_bytes),
        best_name=best_name,
        best_rate=best_rate,
        ratio=_NOTHING if best is None else ratio_text(ours.rate / best.rate),
    )


def _best(result: Result | None) -> tuple[str, str]:
    return (_NOTHING, _NOTHING) if result is None else (result.name, number_text(result.rate))


def _tick(rate: float) -> str:
    return f"{rate / 1e6:,g} million" if rate >= 1e6 else f"{rate:,g}"


def _cells(job: JobResult, result: Result, ours: Result | None) -> _Cells:
    return _Cells(
        name=result.name,
        ours=result.ours,
        rate=number_text(result.rate),
        spread=spread_text(result.rates),
        ratio=_NOTHING if ours is None else ratio_text(result.rate / ours.rate),
        share=percent_text(result.rate / job.limit.rate),
        processor=number_text(result.cpu_seconds_an_item * 1e6),
        peak=as_bytes_text(result.peak_anonymous_bytes),
    )


def _draw_rates(job: JobResult, ranked: list[Result], ours: Result | None, name: str) -> Picture:
    limit = f"memset on all cores: {number_text(job.limit.rate)}"
    panel = Panel(f"{job.unit} a second", _tick, (job.limit.rate, limit))
    bars = tuple(
        Bar(each.name, (Mark(each.rate, _value(each, ours), _spread(each)),), ours=each.ours)
        for each in ranked
    )
    told = "; ".join(f"{each.name} {number_text(each.rate)}" for each in ranked)
    words = f"{job.unit} a second, as bars: {told}. A line marks {limit}."
    return draw_bars(name, words, [panel], [Group("", bars)])


def _value(result: Result, ours: Result | None) -> str:
    rate = number_text(result.rate)
    return (
        rate
        if ours is None or result is ours
        else f"{rate} ({ratio_text(result.rate / ours.rate)})"
    )


def _spread(result: Result) -> tuple[float, float]:
    return min(result.rates), max(result.rates)


def _draw_curves(curves: list[Curve], name: str) -> Picture:
    told = "; ".join(f"{each.name} {as_bytes_text(each.peak)}" for each in curves)
    return draw_memory(name, f"Memory over time, as lines. Peaks: {told}.", curves)
