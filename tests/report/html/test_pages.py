"""What is on the pages: every figure of what was found, escaped, and nothing from elsewhere."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from html import unescape
from importlib import util

import pytest

import samebytes as sb
from samebytes.errors import MissingPackage
from samebytes.report.bench.result import Benchmark, Outcome
from samebytes.report.html import (
    Audited,
    render_audit_html,
    render_benchmark_html,
    render_comparison_html,
)
from samebytes.report.numbers import number_text, percent_text, ratio_text
from samebytes.report.ways import WAYS
from samebytes.report.wording import cells
from samebytes.share.layout import as_bytes_text
from tests.report.found import MACHINE, make_audited, make_benchmark, make_comparison

NAMES = ("compare", "bench", "audit")
MOST_BYTES = 2_000_000
EVIL = '<b onclick="alert(1)">&amp;</b><script>'


def words_of(page: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.replace("<wbr>", ""))))


class TestEveryPage:
    @pytest.mark.parametrize("name", NAMES)
    def test_is_one_small_file(self, pages, name):
        assert 10_000 < len(pages[name].encode()) < MOST_BYTES

    @pytest.mark.parametrize("name", NAMES)
    def test_needs_nothing_beside_it_and_says_so(self, pages, name):
        page = pages[name]
        assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
        assert not re.search(r"<script|<img|<iframe|<object|@import|\ssrc=", page)
        references = re.findall(r'(?:href|srcset|action)="([^"]*)"', page)
        assert references
        assert all(reference.startswith(("#", "data:,")) for reference in references)
        assert all(inside.startswith("#") for inside in re.findall(r"url\(([^)]*)\)", page))

    @pytest.mark.parametrize("name", NAMES)
    def test_tells_the_machine_the_versions_and_how_to_run_it_again(self, pages, name):
        words = words_of(pages[name])
        assert f"{MACHINE.processor}, 2 cores" in words
        assert all(f"{key} {version}" in words for key, version in MACHINE.versions.items())
        assert f"Run it again: samebytes {name}" in words

    @pytest.mark.parametrize("name", NAMES)
    def test_says_in_words_what_its_pictures_show(self, pages, name):
        told = re.findall(r'role="img" aria-label="([^"]+)"', pages[name])
        drawn = pages[name].count("<svg")
        titled = pages[name].count("<title>") - 1
        assert len(told) + titled == drawn > 0
        assert all(len(words) > 20 for words in told)
        assert pages[name].count("<figcaption>") == pages[name].count("<figure")

    def test_colours_are_the_themes(self, pages):
        pictures = "".join(re.findall(r"<svg viewBox.*?</svg>", pages["bench"], re.DOTALL))
        assert not re.search(r"#[0-9a-f]{6}\b", pictures)
        names = set(re.findall(r"var\((--[\w-]+)\)", pictures))
        style = pages["bench"].partition("</style>")[0]
        light, _, dark = style.partition("@media (prefers-color-scheme: dark)")
        assert {"--ours", "--limit", "--hue-5"} <= names
        assert all(f"{name}:" in light for name in names)
        assert all(f"{name}:" in dark for name in names - {"--code", "--text"})

    def test_is_the_same_each_time(self, pages):
        script = (
            "from tests.report.found import *; from samebytes.report.html import *; import sys;"
            "sys.stdout.reconfigure(encoding='utf-8');"
            "print(render_audit_html(make_audited()), end='')"
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
            timeout=100,
        )
        assert done.stdout.decode() == pages["audit"]
        assert render_comparison_html(make_comparison()) == pages["compare"]

    @pytest.mark.parametrize("name", ["jinja2", "matplotlib"])
    def test_without_its_packages_says_what_to_install(self, monkeypatch, name):
        find = util.find_spec
        monkeypatch.setattr(
            "samebytes.report.html.page.find_spec",
            lambda wanted: None if wanted == name else find(wanted),
        )
        with pytest.raises(MissingPackage, match=rf"needs {name}; .* 'samebytes\[cli\]'"):
            render_audit_html(make_audited())

    def test_a_readers_own_style_of_figures_changes_nothing(self, pages):
        import matplotlib as mpl

        with mpl.rc_context({"font.size": 40, "axes.grid": True, "axes.facecolor": "red"}):
            assert render_audit_html(make_audited()) == pages["audit"]
            assert mpl.rcParams["font.size"] == 40


class TestComparison:
    def test_what_was_measured_is_still_what_can_be_typed(self):
        assert [row.way.key for row in make_comparison().rows] == [way.key for way in WAYS]

    def test_has_every_way_with_its_figures(self, pages):
        words = words_of(pages["compare"])
        for row in make_comparison().rows:
            (place,) = re.findall(rf'<tr id="{row.way.key}".*?</tr>', pages["compare"], re.DOTALL)
            line = words_of(place)
            found = cells(row)
            assert row.way.code in line
            for cell in (found.result, found.shape, found.extra, found.first, found.again):
                assert cell in line
            assert row.way.note in words

    def test_says_in_words_what_its_colours_say(self, pages):
        results = re.findall(r'class="result \w+">([^<]+)<', pages["compare"])
        assert {result.split()[1] for result in results} == {
            "shared", "copied", "refused", "process", "can", "must",
        }  # fmt: skip

    def test_draws_bars_to_scale(self, pages):
        lengths = [
            float(found) for found in re.findall(r'style="width: ([\d.]+)%', pages["compare"])
        ]
        assert max(lengths) == 100
        assert all(0 <= length <= 100 for length in lengths)
        bars = sum(
            row.trial is not None and row.trial.error is None for row in make_comparison().rows
        )
        assert len(lengths) == 3 * bars

    def test_draws_why_one_is_shared_and_the_next_is_not(self, pages):
        words = words_of(pages["compare"])
        assert "✓ can be shared" in words
        assert "the first byte lies 16 past a multiple of 64" in words
        assert "axis 1 leaves 768 bytes between its elements" in words

    def test_tells_of_less_than_was_asked_for(self):
        less = dataclasses.replace(make_comparison(), remark="1 GB instead of 4 GB", rows=())
        assert "1 GB instead of 4 GB." in words_of(render_comparison_html(less))


class TestBenchmark:
    def test_has_every_contender_with_its_figures(self, pages):
        words = words_of(pages["bench"])
        for job in make_benchmark().jobs:
            assert job.title in words
            ours = max((each for each in job.results if each.ours), key=lambda each: each.rate)
            assert f"Ratios are to {ours.name}." in words
            for result in job.results:
                assert result.settings in words
                if result.outcome is not Outcome.MEASURED:
                    assert f"{result.name} : {result.outcome.value}, {result.detail}" in words
                    continue
                line = (
                    f"{result.name} {number_text(result.rate)} {number_text(min(result.rates))} to "
                    f"{number_text(max(result.rates))} {ratio_text(result.rate / ours.rate)} "
                    f"{percent_text(result.rate / job.limit.rate)} "
                    f"{number_text(result.cpu_seconds_an_item * 1e6)} "
                    f"{as_bytes_text(result.peak_anonymous_bytes)}"
                )
                assert line in words

    def test_draws_bars_as_long_as_the_rates(self, pages):
        job = make_benchmark().jobs[0]
        (section,) = re.findall(r'id="rates-1">.*?</svg>', pages["bench"], re.DOTALL)
        filled = re.findall(
            r'<path d="M ([\d.]+) [\d.]+ L ([\d.]+) [^"]+" style="fill: var\(--(?:ours|peer)\)',
            section,
        )
        lengths = sorted(float(end) - float(start) for start, end in filled)
        rates = sorted(result.rate for result in job.results if result.rounds)
        assert len(lengths) == len(rates) == 10
        shares = [length / lengths[-1] for length in lengths]
        assert shares == pytest.approx([rate / rates[-1] for rate in rates], abs=1e-3)

    def test_names_the_limit_in_every_picture_of_rates(self, pages):
        for job in make_benchmark().jobs:
            assert (
                pages["bench"].count(f">memset on all cores: {number_text(job.limit.rate)}<") == 2
            )

    def test_a_benchmark_that_travelled_as_json_makes_the_same_page(self):
        benchmark = make_benchmark(points=5)
        travelled = Benchmark.from_json(benchmark.as_json())
        assert render_benchmark_html(travelled) == render_benchmark_html(benchmark)

    @pytest.mark.parametrize("measured", [(), (True,), (False,)])
    def test_tells_of_jobs_that_few_could_do(self, measured):
        benchmark = make_benchmark(points=5)
        job = benchmark.jobs[0]
        kept = [
            next(result for result in job.results if result.rounds and result.ours is ours)
            for ours in measured
        ]
        absent = [result for result in job.results if not result.rounds]
        few = dataclasses.replace(job, results=(*kept, *absent))
        page = render_benchmark_html(dataclasses.replace(benchmark, jobs=(few,)))
        assert ("Nobody was measured." in page) is (not measured)
        assert all(f"{number_text(result.rate)}" in page for result in kept)


class TestAudit:
    def test_has_every_copy_with_its_figures(self, pages):
        words = words_of(pages["audit"])
        for copy in make_audited().copies:
            assert f"train.py:{copy.line}" in words
            assert f"{copy.way} {copy.kind.value}: {copy.what}" in words
            assert copy.remedy is None or f"+ {copy.remedy}" in words
            assert f"{as_bytes_text(copy.bytes)} " in words
        assert "395.6 MB copied in 193 copies" in words
        assert words.index("train.py:31 +") < words.index("train.py:12 +")

    def test_shows_the_line_itself(self, tmp_path):
        script = tmp_path / "<b>.py"
        script.write_text("\nt = tf.constant(x < y)  # <script>\n")
        copy = dataclasses.replace(make_audited().copies[0], file=str(script), line=2)
        page = render_audit_html(Audited((copy,), MACHINE, script=str(script)))
        assert "t = tf.constant(x &lt; y)  # &lt;script&gt;" in page
        assert "<b>.py" not in page
        assert "&lt;b&gt;.py:2" in page

    def test_says_so_when_nothing_was_copied(self):
        page = render_audit_html(Audited((), MACHINE))
        assert "No hidden copy" in page
        assert "<figure" not in page
        assert "Run it again" not in page

    def test_tells_of_a_script_that_failed(self):
        page = render_audit_html(dataclasses.replace(make_audited(), exit_code=3))
        assert "ended with the exit code 3" in words_of(page)

    def test_a_block_in_a_program_makes_one_too(self):
        with sb.audit() as found:
            pass
        assert "No hidden copy" in found.to_html()


class TestEscaping:
    def check(self, page):
        assert "<b onclick" not in page
        assert "<script" not in page
        assert "&lt;b onclick" in page

    def test_of_an_audit(self):
        (first, *_) = make_audited().copies
        evil = dataclasses.replace(first, file=EVIL, way=EVIL, what=EVIL, remedy=EVIL)
        self.check(
            render_audit_html(
                Audited((evil,), MACHINE, script=EVIL, command=EVIL, exit_code=1, date=EVIL)
            )
        )

    def test_of_a_comparison(self):
        comparison = make_comparison()
        rows = tuple(dataclasses.replace(row, detail=f"E: {EVIL}") for row in comparison.rows)
        machine = dataclasses.replace(
            MACHINE, processor=EVIL, versions={**MACHINE.versions, EVIL: EVIL}
        )
        self.check(
            render_comparison_html(
                dataclasses.replace(
                    comparison, rows=rows, remark=EVIL, command=EVIL, machine=machine
                )
            )
        )

    def test_of_a_benchmark(self):
        benchmark = make_benchmark(points=5)
        texts = dict.fromkeys(("key", "name", "settings", "detail"), EVIL)
        results = tuple(
            dataclasses.replace(result, **texts) for result in benchmark.jobs[0].results
        )
        job = dataclasses.replace(
            benchmark.jobs[0], results=results, title=EVIL, unit=EVIL, key=EVIL
        )
        self.check(
            render_benchmark_html(
                dataclasses.replace(benchmark, jobs=(job,), packages={EVIL: EVIL}, command=EVIL)
            )
        )
