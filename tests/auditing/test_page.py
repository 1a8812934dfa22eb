"""The page of an audit has every copy, its line, and what to write instead."""

from __future__ import annotations

import dataclasses

import pytest

import samebytes as sb
from samebytes.auditing.page import AuditFacts, render_audit_html
from samebytes.share.layout import as_bytes_text
from tests.html.page_facts import MACHINE, make_audit_facts
from tests.html.words import words_of


@pytest.fixture(scope="module")
def page():
    return render_audit_html(make_audit_facts())


def test_has_every_copy_with_its_figures(page):
    words = words_of(page)
    for copy in make_audit_facts().copies:
        assert f"train.py:{copy.line}" in words
        assert f"{copy.way} {copy.kind.value}: {copy.what}" in words
        assert copy.remedy is None or f"+ {copy.remedy}" in words
        assert f"{as_bytes_text(copy.bytes)} " in words
    assert "395.6 MB copied in 193 copies" in words
    assert words.index("train.py:31 +") < words.index("train.py:12 +")


def test_shows_the_line_itself(tmp_path):
    script = tmp_path / "<b>.py"
    script.write_text("\nt = tf.constant(x < y)  # <script>\n")
    copy = dataclasses.replace(make_audit_facts().copies[0], file=str(script), line=2)
    page = render_audit_html(AuditFacts((copy,), MACHINE, script=str(script)))
    assert "t = tf.constant(x &lt; y)  # &lt;script&gt;" in page
    assert "<b>.py" not in page
    assert "&lt;b&gt;.py:2" in page


def test_says_so_when_nothing_was_copied():
    page = render_audit_html(AuditFacts((), MACHINE))
    assert "No hidden copy" in page
    assert "<figure" not in page
    assert "Run it again" not in page


def test_tells_of_a_script_that_failed():
    page = render_audit_html(dataclasses.replace(make_audit_facts(), exit_code=3))
    assert "ended with the exit code 3" in words_of(page)


def test_a_block_in_a_program_makes_one_too():
    with sb.audit() as found:
        pass
    assert "No hidden copy" in found.to_html()
