"""Measure every way from NumPy to a tensor, and write the tables and the picture: ``make readme``.

The whole table is a page of the documentation; the README shows five lines of it side by side, and
the picture that `benchmarks.readme_picture` draws.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks import readme_picture
from samebytes.compare.cells import cells
from samebytes.compare.comparison import Comparison, Row, compare
from samebytes.compare.markdown import render_markdown
from samebytes.share.layout import as_bytes_text

ROOT = Path(__file__).parent.parent
README, PAGE = ROOT / "README.md", ROOT / "docs" / "compare.md"
BEGIN, END = "<!-- compare: begin -->\n", "<!-- compare: end -->"
NBYTES = 3_000_000_000

PAIRS = (
    ("an array", "tf-convert", "unchanged-convert"),
    ("a dataset of its rows, and the first row", "tf-data", "unchanged-data-bare"),
    ("a memoryview", "tf-convert-memoryview", "as-tensor-memoryview"),
    ("a crop, which no tensor can share", "tf-convert-slice", "as-tensor-slice"),
    ("a tensor back to NumPy", "back-numpy", "back-as-array"),
)
"""What is handed over, and the keys of two ways to do it: TensorFlow's, and with samebytes."""


def render_summary(comparison: Comparison) -> str:
    """Return the five lines of the README, with the machine beneath them."""
    rows = {row.way.key: row for row in comparison.rows}
    lines = ["| handed over | stock TensorFlow | with samebytes |", "|---|---|---|"]
    for what, stock, ours in PAIRS:
        lines.append(f"| {what} | {_cell(rows[stock])} | {_cell(rows[ours])} |")
    told = (
        f"{as_bytes_text(comparison.nbytes)} of images: what happens to the bytes, extra RAM at "
        f"the peak, and the time of the first call and of the next. {comparison.machine}."
    )
    return "\n".join([*lines, "", told, ""])


def _cell(row: Row) -> str:
    words = cells(row)
    code = f"`{row.way.code}`"
    if words.first == "-":
        return f"{code}<br>{words.result}"
    return f"{code}<br>{words.result}, {words.extra}, {words.first}, then {words.again}"


def put_between_marks(path: Path, text: str) -> None:
    """Write `text` to where the marks in `path` are."""
    before, rest = path.read_text().split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}{text}{END}{after}")


def main() -> None:
    """Measure, write both tables, and draw the picture."""
    size = f"{NBYTES // 10**9}GB"
    comparison = compare(NBYTES, command=f"samebytes compare --size {size}")
    put_between_marks(PAGE, render_markdown(comparison))
    put_between_marks(README, render_summary(comparison))
    readme_picture.main()


if __name__ == "__main__":
    main()
