"""The pages, made once, and what a real browser sees of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers.page import render_benchmark_html
from samebytes.auditing.page import render_audit_html
from samebytes.compare.page import render_comparison_html
from tests.html import visiting
from tests.html.page_facts import make_audit_facts, make_benchmark, make_comparison

SCHEMES, WIDTHS = ("light", "dark"), (360, 1280)
# What a page must not do; that each is noticed is what makes the others' silence mean something.
BAD = """<!doctype html><title>bad</title><body style="background: #fff">
<p style="color: #aaa">faint</p><p style="width: 3000px">wide</p>
<img src="http://127.0.0.1:9/never.png">
<figure><div class="wide"><svg viewBox="0 0 100 100"><text y="50">one</text>
<text y="51">two</text></svg></div></figure><script>throw new Error("broken")</script>"""


@pytest.fixture(scope="session")
def pages() -> dict[str, str]:
    """Return the page of each kind."""
    return {
        "compare": render_comparison_html(make_comparison()),
        "bench": render_benchmark_html(make_benchmark()),
        "audit": render_audit_html(make_audit_facts()),
    }


@pytest.fixture(scope="session")
def seen(
    pages: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Return what the browser sees of each page, in each colour scheme, at each width."""
    if visiting.find_browser() is None:
        words = f"no browser here: none of {', '.join(visiting.BROWSERS)} is on the path"
        if "CI" in os.environ:
            pytest.fail(words)
        pytest.skip(words)
    folder = tmp_path_factory.mktemp("pages")
    for name, text in {**pages, "bad": BAD}.items():
        Path(folder, f"{name}.html").write_text(text, encoding="utf-8")
    visits = [*product(pages, SCHEMES, WIDTHS), ("bad", "light", 360)]
    asked = [[str(folder / f"{name}.html"), scheme, width] for name, scheme, width in visits]
    done = subprocess.run(
        [sys.executable, visiting.__file__],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(visits, json.loads(done.stdout), strict=True))
