import io
import re
from html import unescape

import pytest
from rich.console import Console

from samebytes.report.console import print_comparison
from samebytes.report.html import render_html
from samebytes.report.markdown import render_markdown
from samebytes.report.ways import WAYS


@pytest.fixture(scope="module")
def page(comparison):
    return render_html(comparison)


def test_the_page_has_every_way(page):
    text = unescape(page)
    assert all(f'id="{way.key}"' in page for way in WAYS)
    assert all(way.code in text and way.given.name in text for way in WAYS)


def test_the_page_needs_nothing_beside_it(page):
    assert not re.search(r"http|src=|<link|<script|@import|url\(", page)


def test_the_page_is_for_light_and_dark_wide_and_narrow(page):
    assert "prefers-color-scheme: dark" in page
    assert 'name="viewport"' in page
    assert "max-width: 46rem" in page


def test_the_page_says_in_words_what_its_colours_say(page):
    words = re.findall(r'class="result \w+">([^<]+)<', page)
    assert len(words) == len(WAYS)
    assert {word.split()[1] for word in words} == {"shared", "copied", "refused", "process"}


def test_the_page_draws_bars_to_scale(page):
    lengths = [float(found) for found in re.findall(r'class="time" style="width: ([\d.]+)%', page)]
    assert max(lengths) == 100
    assert all(0 <= length <= 100 for length in lengths)


def test_markdown_has_every_way(comparison):
    text = render_markdown(comparison)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(f"`{way.code}`" in text for way in WAYS)
    assert len({line.count(" | ") + line.count("||") for line in rows[2:] if "**" not in line}) == 1
    assert "samebytes compare --size 8MB" in text


@pytest.mark.parametrize("width", [60, 100, 200])
def test_the_terminal_shows_every_way(comparison, width):
    written = io.StringIO()
    print_comparison(comparison, Console(file=written, width=width))
    text = written.getvalue()
    assert max(len(line) for line in text.splitlines()) <= width
    assert "copied" in text
    if width == 200:
        assert all(way.code in text for way in WAYS)
        assert "process killed (SIGABRT)" in text
