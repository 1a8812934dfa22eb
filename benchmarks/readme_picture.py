"""Draw the picture of the README from the figures last measured for the documentation.

``python -m benchmarks.readme_picture`` measures nothing: `benchmarks.documentation_page` does, and
keeps what it found in ``docs/benchmark.json``.
"""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.peers.result import Benchmark, JobResult, Outcome
from samebytes.html.bars import Bar, Group, Mark, Panel, draw_bars
from samebytes.measure.numbers import number_text
from samebytes.share.layout import as_bytes_text

DOCUMENTS = Path(__file__).parent.parent / "docs"
FACTS, PICTURE = DOCUMENTS / "benchmark.json", DOCUMENTS / "images-a-second.svg"
JOB = "images"
_MARGIN = 16

# A picture of its own has no page to take colours and fonts from; it follows the reader's theme.
_STYLE = """<style>
svg { --ink: #1b1d22; --soft: #565b66; --line: #dcdee3; --ours: #1765b8; --peer: #e4e6eb;
  --peer-edge: #7b818d; --limit: #a33c06; --ground: #ffffff; fill: var(--ink);
  background: var(--ground); }
@media (prefers-color-scheme: dark) { svg { --ink: #e8e9ed; --soft: #a7acb7; --line: #343840;
  --ours: #5d9ff0; --peer: #33373f; --peer-edge: #9298a4; --limit: #f0995c; --ground: #14161a; } }
text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
</style>"""


def draw(job: JobResult) -> str:
    """Return an SVG file: items a second of each contender, and the memory that it took."""
    measured = [each for each in job.results if each.outcome is Outcome.MEASURED]
    ranked = sorted(measured, key=lambda each: -each.rate)
    bars = tuple(
        Bar(
            each.name,
            (
                Mark(each.rate, number_text(each.rate)),
                Mark(each.peak_anonymous_bytes, as_bytes_text(each.peak_anonymous_bytes)),
            ),
            ours=each.ours,
        )
        for each in ranked
    )
    panels = (
        Panel(f"{job.unit} a second", lambda rate: f"{rate:,g}"),
        Panel("memory at the peak", lambda size: as_bytes_text(size).replace(".0 ", " ")),
    )
    told = "; ".join(f"{each.name} {number_text(each.rate)}" for each in ranked)
    words = f"{job.unit} a second: {told}."
    picture = draw_bars(JOB, words, panels, [Group(job.title, bars)]).wide
    head, _, body = picture.partition(">")
    width, height = re.findall(r"[\d.]+", head)[2:4]
    box = f"{-_MARGIN} {-_MARGIN} {float(width) + 2 * _MARGIN:g} {float(height) + 2 * _MARGIN:g}"
    head = re.sub('viewBox="[^"]+"', f'viewBox="{box}"', head)
    return f'{head} xmlns="http://www.w3.org/2000/svg">{_STYLE}{body}\n'


def main() -> None:
    """Draw the picture anew."""
    benchmark = Benchmark.from_json(FACTS.read_text())
    job = next(job for job in benchmark.jobs if job.key == JOB)
    PICTURE.write_text(draw(job))


if __name__ == "__main__":
    main()
