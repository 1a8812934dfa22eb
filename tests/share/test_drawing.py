"""The picture of a verdict: well-formed, escaped, with gaps only where there are gaps."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.seen_html import Seen, check_readable_anywhere

import samebytes as sb
from samebytes.share.drawing import MOST_ROWS, WIDTH, Runs, draw_layout, runs_of
from samebytes.share.layout import Layout

SVG = "{http://www.w3.org/2000/svg}"


def page(array, **options):
    return Seen(sb.explain(array, to="numpy", **options)._repr_html_())


def picture(array):
    return ET.fromstring(draw_layout(sb.layout(array)))  # noqa: S314 (ours)


def gaps(svg):
    return [rect for rect in svg.iter(f"{SVG}rect") if "stroke-dasharray" in rect.attrib]


def used(svg):
    return [rect for rect in svg.iter(f"{SVG}rect") if "stroke-dasharray" not in rect.attrib]


class TestRuns:
    @pytest.mark.parametrize(
        ("array", "runs"),
        [
            (np.zeros((4, 8), "f4"), Runs(128, 128, 1)),
            (np.zeros((4, 8), "f4").T, Runs(128, 128, 1)),
            (np.zeros((4, 8), "f4")[:, ::-1], Runs(128, 128, 1)),
            (np.zeros((4, 8), "f4")[:, 2:4], Runs(8, 32, 4)),
            (np.zeros((4, 8), "f4")[:, ::2], Runs(4, 8, 16)),
            (np.zeros((4, 8), "f4")[::2], Runs(32, 64, 2)),
            (np.broadcast_to(np.float32(1), (9, 9)), Runs(4, 4, 1)),
            (np.zeros((), "f4"), Runs(4, 4, 1)),
            (np.zeros((5, 1, 3), "u1")[:, :, :2], Runs(2, 3, 5)),
        ],
    )
    def test_are_what_lies_together(self, array, runs):
        assert runs_of(sb.layout(array)) == runs

    @given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3)), min_size=1, max_size=3))
    def test_cover_as_many_bytes_as_there_are(self, axes):
        array = np.zeros([length * step for length, step in axes], "u2")
        array = array[tuple(slice(None, None, step) for _, step in axes)]
        runs = runs_of(sb.layout(array))
        assert runs.nbytes * runs.count == array.nbytes
        assert runs.pitch >= runs.nbytes


class TestPicture:
    def test_a_packed_array_is_one_run_without_a_gap(self):
        svg = picture(sb.zeros((4, 8), "f4"))
        assert len(used(svg)) == 1
        assert gaps(svg) == []
        assert svg.find(f"{SVG}title").text == "one run of 128 bytes, begins on 64 bytes"

    def test_a_crop_has_a_gap_in_every_row(self):
        svg = picture(sb.zeros((4, 8), "f4")[:, :4])
        assert len(used(svg)) == len(gaps(svg)) == 4
        assert svg.find(f"{SVG}title").text == (
            "4 runs of 16 bytes, one each 32 bytes, begins on 64 bytes"
        )
        widths = {float(rect.get("width")) for rect in (*used(svg), *gaps(svg))}
        assert max(widths) == pytest.approx(min(widths), abs=0.2)

    def test_more_rows_than_fit_are_counted(self):
        svg = picture(sb.zeros((100, 8), "f4")[:, :4])
        assert len(used(svg)) == MOST_ROWS
        assert f"… {100 - MOST_ROWS} more like these" in [text.text for text in svg.iter()]

    def test_what_is_off_says_by_how_much(self, array_at):
        title = picture(array_at(20, (4,), "f4")).find(f"{SVG}title").text
        assert title == "one run of 16 bytes, begins 20 past a multiple of 64"

    def test_marks_stand_at_the_multiples_of_64(self, array_at):
        lines = list(picture(array_at(60, (100,), "u1")).iter(f"{SVG}line"))
        scale = (WIDTH - 96 - 8) / 100
        assert [float(line.get("x1")) for line in lines] == pytest.approx(
            [96 + 4 * scale, 96 + 68 * scale], abs=0.1
        )

    def test_marks_that_would_run_together_are_left_out(self):
        assert not list(picture(sb.zeros(1 << 20, "u1")).iter(f"{SVG}line"))

    @pytest.mark.parametrize("shape", [(0,), (3, 0)])
    def test_without_bytes_there_is_no_picture(self, shape):
        assert draw_layout(sb.layout(np.zeros(shape))) == ""

    def test_without_an_address_there_is_no_picture(self):
        facts = Layout("tf", None, (3,), (4,), np.dtype("f4"), True, "GPU:0")
        assert draw_layout(facts) == ""

    @given(
        st.lists(st.tuples(st.integers(1, 40), st.integers(-3, 3)), max_size=3),
        st.sampled_from(["u1", "f4", "S3", "V0"]),
    )
    def test_every_layout_is_well_formed_and_stays_inside(self, axes, dtype):
        facts = Layout(
            "x",
            1 << 20,
            tuple(length for length, _ in axes),
            tuple(step * 4 for _, step in axes),
            np.dtype(dtype),
            False,
        )
        svg = ET.fromstring(draw_layout(facts))  # noqa: S314
        _, _, width, height = map(float, svg.get("viewBox").split())
        for rect in svg.iter(f"{SVG}rect"):
            left, top = float(rect.get("x")), float(rect.get("y"))
            assert left + float(rect.get("width")) <= width
            assert top + float(rect.get("height")) <= height
        for text in svg.iter(f"{SVG}text"):
            assert float(text.get("y")) <= height


class TestPage:
    @pytest.mark.parametrize("array", [np.zeros((4, 8)), np.zeros((4, 8))[:, ::2], np.zeros(0)])
    def test_readable_in_both_themes_and_offline(self, array):
        check_readable_anywhere(page(array))

    def test_shared(self):
        html = sb.explain(sb.zeros((4, 8), "f4"), to="numpy")._repr_html_()
        seen = Seen(html)
        assert 'data-outcome="shared"' in html
        assert "li" not in seen.tags
        assert "float32 (4, 8) to NumPy: shared, no byte is copied" in seen.text

    @pytest.mark.parametrize(
        ("array", "outcome", "reasons"),
        [
            (sb.zeros((4, 8), "f4")[:, ::2], "copied", 2),
            (np.zeros(4, "M8[s]"), "impossible", 2),
        ],
    )
    def test_reasons_and_remedy_are_a_list(self, array, outcome, reasons):
        pytest.importorskip("tensorflow")
        html = sb.explain(array)._repr_html_()
        assert f'data-outcome="{outcome}"' in html
        assert Seen(html).tags.count("li") == reasons

    def test_hostile_names_are_text(self):
        name = "<script>alert('&')</script>\"><img src=x onerror=1>"
        hostile = type(name, (), {"__module__": "<b>evil</b>"})
        lender = hostile()
        lender.lent = np.zeros(3, [("<i>field</i>", "f4")])
        lender.__array_interface__ = lender.lent.__array_interface__
        seen = page(lender)
        assert not {"script", "img", "b", "i"} & set(seen.tags)
        assert "onerror" not in dict(seen.attributes)
        check_readable_anywhere(seen)
        assert any("<script>alert('&')</script>" in text for text in seen.text)

    def test_hostile_field_names_are_text(self):
        pytest.importorskip("tensorflow")
        seen = Seen(sb.explain(np.zeros(3, [("<i>field</i>", "f4")]))._repr_html_())
        assert "i" not in seen.tags
        assert any("<i>field</i>" in text for text in seen.text)
