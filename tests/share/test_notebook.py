"""A card of facts in HTML: escaped, nested, the notebook's own colours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.seen_html import Seen, check_readable_anywhere

from samebytes.share.guard import SharingStats
from samebytes.share.notebook import card


def bar_widths(seen):
    return [float(value) for name, value in seen.attributes if name == "width"]


def test_headline_rows_and_closing_are_in_order():
    seen = Seen(card("facts", "what it is", [("one", "1"), ("two", "2")], closing="so it is"))
    assert seen.rows == [["one", "1"], ["two", "2"]]
    assert seen.text == ["what it is", "one", "1", "two", "2", "so it is"]
    assert seen.classes() == ["samebytes-facts"]
    check_readable_anywhere(seen)


def test_a_name_that_begins_with_spaces_is_indented():
    plain, inner = (card("facts", "", [(name, "x")]) for name in ("name", "  name"))
    assert Seen(plain).rows == Seen(inner).rows == [["name", "x"]]
    styles = [dict(Seen(html).attributes)["style"] for html in (plain, inner)]
    assert styles[0] == styles[1]  # of the cell of the fact, the last one
    assert "0.1em 0.5em;font-weight" in plain
    assert "0.1em 1.5em;font-weight" in inner


@pytest.mark.parametrize(
    ("filled", "widths"), [(0.25, [160, 480]), (0, [0, 640]), (7, [640, 0]), (-1, [0, 640])]
)
def test_a_bar_is_filled_as_far_as_told_and_never_further(filled, widths):
    seen = Seen(card("facts", "", [], bar=("a part", filled)))
    assert bar_widths(seen) == widths
    assert "a part" in seen.text
    check_readable_anywhere(seen)


@given(st.lists(st.text(), min_size=5, max_size=5))
def test_every_text_is_text(texts):
    kind, headline, name, fact, closing = texts
    wild = "<script>alert('&')</script>\"><img src=x onerror=1>"
    plain = Seen(card("facts", "x", [("x", "x")], bar=("x", 0.5), closing="x"))
    seen = Seen(
        card(kind + wild, headline + wild, [(name + wild, fact + wild)], bar=(wild, 0.5),
             closing=closing + wild)
    )  # fmt: skip
    assert seen.tags == plain.tags
    assert [name for name, _ in seen.attributes] == [name for name, _ in plain.attributes]
    assert seen.rows[0][0].endswith(wild)
    assert seen.rows[0][1].endswith(wild)


def test_sharing_stats_show_how_many_bytes_were_shared():
    seen = Seen(SharingStats(3, 1, 3_000_000, 1_000_000)._repr_html_())
    assert seen.rows == [["shared", "3, 3.0 MB"], ["copied", "1, 1.0 MB"]]
    assert seen.text[0] == "4 hand-overs in this process"
    assert seen.text[-1] == "75% of the bytes were shared"
    assert bar_widths(seen) == [480, 160]
    check_readable_anywhere(seen)


def test_sharing_stats_of_nothing_have_no_bar():
    seen = Seen(SharingStats()._repr_html_())
    assert "svg" not in seen.tags
    assert seen.text[-1] == "nothing has been handed over yet"
