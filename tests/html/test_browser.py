"""Each page in a real browser: quiet, alone, inside its width, and legible in both themes."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from tests.html.conftest import SCHEMES, WIDTHS

BODY_TEXT = 4.5
"""The least contrast that WCAG 2 asks of text at level AA."""
SMALLEST = 11.0
EVERY = pytest.mark.parametrize(
    "visit", list(product(("compare", "bench", "audit"), SCHEMES, WIDTHS)), ids=str
)
FIGURES = {"compare": 4, "bench": 8, "audit": 1}


def meeting(boxes):
    """Give the words of texts that lie on one another."""
    return [
        (one[0], other[0])
        for one, other in combinations(boxes, 2)
        if min(one[3], other[3]) - max(one[1], other[1]) > 1
        and min(one[4], other[4]) - max(one[2], other[2]) > 3  # line boxes are taller than letters
    ]


def leaving(picture):
    """Give the words of texts that stick out of their picture."""
    (left, top, right, bottom) = picture["boxes"][0]
    return [
        label[0]
        for label in picture["labels"]
        if label[1] < left - 1
        or label[2] < top - 1
        or label[3] > right + 1
        or label[4] > bottom + 1
    ]


@EVERY
def test_opens_without_a_word_and_asks_for_nothing(seen, visit):
    found = seen[visit]
    assert found["said"] == []
    (asked,) = found["asked"]
    assert asked.startswith("file:")
    assert asked.endswith(f"{visit[0]}.html")


@EVERY
def test_stays_inside_its_width(seen, visit):
    assert seen[visit]["wide"] <= seen[visit]["room"] == visit[2]
    assert seen[visit]["outside"] == []


@EVERY
def test_every_text_can_be_read(seen, visit):
    texts = seen[visit]["texts"]
    assert len(texts) > 40
    faint = [text for text in texts if text["contrast"] < BODY_TEXT]
    small = [text for text in texts if text["size"] < SMALLEST]
    assert (faint, small) == ([], [])


@EVERY
def test_shows_one_drawing_of_each_picture_and_that_for_its_width(seen, visit):
    pictures = seen[visit]["pictures"]
    assert len(pictures) == FIGURES[visit[0]]
    for picture in pictures:
        assert picture["kinds"] == ["narrow" if visit[2] == 360 else "wide"]
        ((left, top, right, bottom),) = picture["boxes"]
        assert right - left > 0.7 * min(visit[2], 960)
        assert bottom - top > 20
        assert len(picture["labels"]) > 1


@EVERY
def test_no_label_lies_on_another_or_leaves_its_picture(seen, visit):
    for picture in seen[visit]["pictures"]:
        assert meeting(picture["labels"]) == []
        assert leaving(picture) == []


@EVERY
def test_ids_are_one_of_a_kind_and_lead_somewhere(seen, visit):
    found = seen[visit]
    assert len(found["ids"]) == len(set(found["ids"]))
    assert found["dangling"] == []


def test_what_is_bad_is_noticed(seen):
    found = seen["bad", "light", 360]
    assert any("broken" in words for words in found["said"])
    assert len(found["asked"]) == 2
    assert found["wide"] > found["room"]
    assert any("faint" in text["words"] for text in found["texts"] if text["contrast"] < BODY_TEXT)
    assert meeting(found["pictures"][0]["labels"]) == [("one", "two")]
