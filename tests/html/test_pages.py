"""What is on the pages: every figure of what was found, escaped, and nothing from elsewhere."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from importlib import util

import pytest

from benchmarks.peers.page import render_benchmark_html
from samebytes.auditing.page import AuditFacts, render_audit_html
from samebytes.compare.page import render_comparison_html
from samebytes.errors import MissingPackage
from tests.html.page_facts import MACHINE, make_audit_facts, make_benchmark, make_comparison
from tests.html.words import words_of

COMMANDS = {
    "compare": "samebytes compare",
    "bench": "python -m benchmarks.peers",
    "audit": "samebytes audit",
}
NAMES = tuple(COMMANDS)
MOST_BYTES = 2_000_000
EVIL = '<b onclick="alert(1)">&amp;</b><script>'


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
        assert f"Run it again: {COMMANDS[name]}" in words

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
            "import sys; from tests.html.page_facts import make_audit_facts;"
            "from samebytes.auditing.page import render_audit_html;"
            "sys.stdout.reconfigure(encoding='utf-8');"
            "print(render_audit_html(make_audit_facts()), end='')"
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
            "samebytes.html.page.find_spec",
            lambda wanted: None if wanted == name else find(wanted),
        )
        with pytest.raises(MissingPackage, match=rf"needs {name}; .* 'samebytes\[cli\]'"):
            render_audit_html(make_audit_facts())

    def test_a_readers_own_style_of_figures_changes_nothing(self, pages):
        import matplotlib as mpl

        with mpl.rc_context({"font.size": 40, "axes.grid": True, "axes.facecolor": "red"}):
            assert render_audit_html(make_audit_facts()) == pages["audit"]
            assert mpl.rcParams["font.size"] == 40


class TestEscaping:
    def check(self, page):
        assert "<b onclick" not in page
        assert "<script" not in page
        assert "&lt;b onclick" in page

    def test_of_an_audit(self):
        (first, *_) = make_audit_facts().copies
        evil = dataclasses.replace(first, file=EVIL, way=EVIL, what=EVIL, remedy=EVIL)
        self.check(
            render_audit_html(
                AuditFacts((evil,), MACHINE, script=EVIL, command=EVIL, exit_code=1, date=EVIL)
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
