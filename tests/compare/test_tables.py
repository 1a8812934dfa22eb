import io

import pytest
from rich.console import Console

from samebytes.compare.markdown import render_markdown
from samebytes.compare.table import print_comparison
from tests.html.page_facts import make_comparison


@pytest.fixture(scope="module")
def comparison():
    return make_comparison()


def test_markdown_has_every_way(comparison):
    text = render_markdown(comparison)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(f"`{row.way.code}`" in text for row in comparison.rows)
    assert len({line.count(" | ") + line.count("||") for line in rows[2:] if "**" not in line}) == 1
    assert "samebytes compare --size 200MB" in text


@pytest.mark.parametrize("width", [60, 100, 200])
def test_the_terminal_shows_every_way(comparison, width):
    written = io.StringIO()
    print_comparison(comparison, Console(file=written, width=width))
    text = written.getvalue()
    assert max(len(line) for line in text.splitlines()) <= width
    assert "copied" in text
    if width == 200:
        assert all(row.way.code in text for row in comparison.rows)
        assert "process killed (SIGABRT)" in text
