"""How pictures are drawn: nothing lost on the way from Matplotlib into a page."""

from __future__ import annotations

import itertools
import re
import sys
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samebytes.html.bars import Bar, Group, Mark, Panel, draw_bars
from samebytes.html.lines import Curve, draw_memory, spread_out
from samebytes.html.sheet import fold


def texts(svg: str) -> list[str]:
    return [element.text for element in ET.fromstring(svg).iter("text")]  # noqa: S314 (ours)


def draw(name="p", label="a $x$ <b> & 'c'", value=3.0):
    bar = Bar(label, (Mark(value, "three", (2.0, 4.0)),), note="of note", ours=True)
    return draw_bars(name, "words", [Panel("title", str, (5.0, "limit"))], [Group("", (bar,))])


class TestBars:
    @pytest.mark.parametrize("screen", ["wide", "narrow"])
    def test_write_what_they_are_told(self, screen):
        written = texts(getattr(draw(), screen))
        assert {"title", "a $x$ <b> & 'c'", "of note", "three", "limit"} <= set(written)

    def test_of_nothing_are_drawn_too(self):
        assert "three" in texts(draw(value=0.0).wide)

    def test_write_why_there_is_no_bar(self):
        bar = Bar("it", (Mark(None, "refused"), Mark(None, "")))
        panels = [Panel("left", str), Panel("right", str)]
        picture = draw_bars("p", "words", panels, [Group("group", (bar,))])
        assert {"group", "it", "refused", "left", "right"} <= set(texts(picture.wide))
        assert "upper bar: left" in texts(picture.narrow)


class TestSvg:
    def test_is_part_of_a_page_and_of_no_other_picture(self):
        one, other = draw("one").wide, draw("other").wide
        assert not re.search(r"xmlns|<metadata|<style|<!DOCTYPE|DejaVu", one)
        ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (one, other)]
        assert not ids[0] & ids[1]
        references = set(re.findall(r'(?:href="|url\()#([^")]+)', one))
        assert references == ids[0]

    def test_draws_without_the_state_of_pyplot(self, monkeypatch):
        monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
        draw()
        assert "matplotlib.pyplot" not in sys.modules


class TestMemory:
    curves = (
        Curve("samebytes", ours=True, points=((0.0, 0), (1.0, 10**8)), peak=10**8),
        Curve("another", ours=False, points=((0.0, 0), (2.0, 4 * 10**9)), peak=4 * 10**9),
    )

    @pytest.mark.parametrize("screen", ["wide", "narrow"])
    def test_names_every_line_and_its_peak(self, screen):
        written = set(texts(getattr(draw_memory("m", "words", self.curves), screen)))
        assert {"samebytes", "100.0 MB", "another", "4.0 GB"} <= written

    def test_of_one_moment_without_a_byte_is_drawn(self):
        curve = Curve("idle", ours=False, points=((0.0, 0),), peak=0)
        assert "idle" in texts(draw_memory("m", "words", [curve]).wide)


class TestPlaces:
    @given(st.lists(st.floats(0, 300), min_size=1, max_size=16))
    def test_are_apart_inside_and_in_order(self, wanted):
        places = spread_out(wanted, 18, 0, 300)
        assert all(-1e-6 <= place <= 300 + 1e-6 for place in places)
        ordered = sorted(places)
        assert all(b - a >= 18 - 1e-6 for a, b in itertools.pairwise(ordered))
        order = sorted(range(len(wanted)), key=lambda position: wanted[position])
        assert [places[position] for position in order] == ordered


class TestFolding:
    @given(st.text(st.sampled_from("abc .(,/"), min_size=1, max_size=60), st.integers(5, 30))
    def test_loses_nothing_but_spaces(self, words, most):
        lines = fold(words, most)
        assert "".join("".join(lines).split()) == "".join(words.split())
        # Only what has no place to break may be longer.
        assert all(len(line) <= most or not re.search(r"[\s(.,/].", line.strip()) for line in lines)
