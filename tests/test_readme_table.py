"""The tables of the README and of the page behind it are what was measured; so is the picture."""

from __future__ import annotations

import re

from benchmarks.peers.result import Benchmark, Outcome
from benchmarks.readme import BEGIN, END, PAGE, PAIRS, README, put_between_marks
from benchmarks.readme_first_touch import WAYS as REPEATED
from benchmarks.readme_picture import FACTS, JOB, PICTURE, draw
from samebytes.compare.ways import WAYS
from samebytes.measure.numbers import number_text
from samebytes.share.layout import as_bytes_text


def _table(path):
    return path.read_text().split(BEGIN)[1].split(END)[0]


TABLE, SUMMARY = _table(PAGE), _table(README)
JOB_RESULT = next(job for job in Benchmark.from_json(FACTS.read_text()).jobs if job.key == JOB)


def test_every_way_is_in_the_table_once_in_order():
    codes = re.findall(r"^\| `(.+?)`", TABLE, re.MULTILINE)
    assert codes == [way.code for way in WAYS]


def test_the_table_names_its_machine_and_how_to_print_it_again():
    assert "TensorFlow 2." in TABLE
    assert "Measure it again: `samebytes compare" in TABLE


def test_what_samebytes_promises_to_share_was_measured_as_shared():
    shared = [line for line in TABLE.splitlines() if "✓ shared" in line]
    assert any("`sb.as_tensor(x)` | `sb.open" in line for line in shared)
    assert any("`tf.convert_to_tensor(x)` | `sb.Array`" in line for line in shared)


def test_the_readme_has_the_figures_of_the_whole_table():
    lines = dict(zip((way.key for way in WAYS), _lines(TABLE), strict=True))
    summary = [line.strip("| ").split(" | ") for line in SUMMARY.splitlines()[2:7]]
    assert [what for what, _, _ in summary] == [what for what, _, _ in PAIRS]
    for (_, *cells), (_, *keys) in zip(summary, PAIRS, strict=True):
        for cell, key in zip(cells, keys, strict=True):
            figures = [part.strip() for part in lines[key].strip("| ").split(" | ")]
            code, result, extra, first, again = (figures[at] for at in (0, 2, 4, 5, 6))
            assert code.startswith(cell.partition("<br>")[0])
            told = result if first == "-" else f"{result}, {extra}, {first}, then {again}"
            assert cell.endswith(f"<br>{told}")


def _lines(table):
    return [line for line in table.splitlines() if line.startswith("| `")]


def test_the_table_of_repeated_copies_has_each_way():
    page = PAGE.read_text()
    for way in REPEATED:
        assert (
            len(re.findall(rf"^\| .*{re.escape(way)}`? \| \d \| [\d,]+ ms ", page, re.MULTILINE))
            == 4
        )


def test_what_lies_outside_of_the_marks_stays(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}old\n{END}\nafter\n")
    put_between_marks(page, "new\n")
    assert page.read_text() == f"before\n{BEGIN}new\n{END}\nafter\n"


def test_the_picture_shows_the_figures_that_were_measured():
    shown, drawn = (
        re.findall(r"<text[^>]*>([^<]+)<", svg) for svg in (PICTURE.read_text(), _drawn())
    )
    assert shown == drawn
    for each in JOB_RESULT.results:
        if each.outcome is Outcome.MEASURED:
            figures = (each.name, number_text(each.rate), as_bytes_text(each.peak_anonymous_bytes))
            assert set(figures) <= set(shown)


def _drawn():
    return draw(JOB_RESULT)


def test_every_paint_of_the_picture_has_a_light_and_a_dark_colour():
    svg = PICTURE.read_text()
    light, dark = svg.split("</style>")[0].split("@media (prefers-color-scheme: dark)")
    paints = set(re.findall(r"var\((--[\w-]+)\)", svg))
    assert paints
    for theme in (light, dark):
        assert paints <= set(re.findall(r"(--[\w-]+): #", theme))
