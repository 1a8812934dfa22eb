"""The page of a comparison has every way, its figures, and why it ends so."""

from __future__ import annotations

import dataclasses
import re

import pytest

from samebytes.compare.cells import cells
from samebytes.compare.page import render_comparison_html
from samebytes.compare.ways import WAYS
from tests.html.page_facts import make_comparison
from tests.html.words import words_of


@pytest.fixture(scope="module")
def page():
    return render_comparison_html(make_comparison())


def test_what_was_measured_is_still_what_can_be_typed():
    assert [row.way.key for row in make_comparison().rows] == [way.key for way in WAYS]


def test_has_every_way_with_its_figures(page):
    words = words_of(page)
    for row in make_comparison().rows:
        (place,) = re.findall(rf'<tr id="{row.way.key}".*?</tr>', page, re.DOTALL)
        line = words_of(place)
        found = cells(row)
        assert row.way.code in line
        for cell in (found.result, found.shape, found.extra, found.first, found.again):
            assert cell in line
        assert row.way.note in words


def test_says_in_words_what_its_colours_say(page):
    results = re.findall(r'class="result \w+">([^<]+)<', page)
    assert {result.split()[1] for result in results} == {
        "shared", "copied", "refused", "process", "can", "must",
    }  # fmt: skip


def test_draws_bars_to_scale(page):
    lengths = [float(found) for found in re.findall(r'style="width: ([\d.]+)%', page)]
    assert max(lengths) == 100
    assert all(0 <= length <= 100 for length in lengths)
    bars = sum(row.trial is not None and row.trial.error is None for row in make_comparison().rows)
    assert len(lengths) == 3 * bars


def test_draws_why_one_is_shared_and_the_next_is_not(page):
    words = words_of(page)
    assert "✓ can be shared" in words
    assert "the first byte lies 16 past a multiple of 64" in words
    assert "axis 1 leaves 768 bytes between its elements" in words


def test_tells_of_less_than_was_asked_for():
    less = dataclasses.replace(make_comparison(), remark="1 GB instead of 4 GB", rows=())
    assert "1 GB instead of 4 GB." in words_of(render_comparison_html(less))
