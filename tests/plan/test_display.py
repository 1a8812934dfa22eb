"""What a dataset shows of itself: one line, the plan as text, the plan in a notebook."""

from __future__ import annotations

import numpy as np
import pytest
from tests.seen_html import Seen, check_readable_anywhere

import samebytes as sb

IMAGES, LABELS = np.zeros((1000, 64, 64, 3), "uint8"), np.arange(1000)


def datasets():
    plain = sb.Dataset.from_tensor_slices({"image": IMAGES, "label": LABELS})
    series = sb.Dataset.from_tensor_slices(np.zeros((50, 3), "float32"))
    return {
        "samples": plain,
        "endless": plain.shuffle(seed=1).repeat(),
        "folded": plain.shuffle(seed=0).map(sb.RandomCrop(32, 32)).map(sb.Rescaling(2)).batch(32),
        "run after": plain.map(lambda x: x, on="image").batch(7, drop_remainder=True),
        "windows": series.window(8, horizon=2).batch(4),
    }


@pytest.mark.parametrize("name", datasets())
def test_a_notebook_is_shown_all_that_print_says(name):
    dataset = datasets()[name]
    seen = Seen(dataset._repr_html_())
    printed = [line.strip().split("  ", 1) for line in str(dataset).splitlines()]
    assert seen.rows == [[name, fact.strip()] for name, fact in printed]
    assert seen.text[0] == f"Dataset: {repr(dataset)[len('<samebytes.Dataset: ') : -1]}"
    assert seen.classes() == ["samebytes-dataset"]
    check_readable_anywhere(seen)


def test_one_line_says_how_many_of_what():
    shown = {name: repr(dataset) for name, dataset in datasets().items()}
    assert shown["samples"] == "<samebytes.Dataset: 1,000 samples: image, label>"
    assert shown["endless"] == "<samebytes.Dataset: endless samples: image, label>"
    assert shown["folded"] == "<samebytes.Dataset: 32 batches of 32: image, label>"


def test_hostile_names_are_text():
    wild = "<script>alert('&')</script>"
    seen = Seen(sb.Dataset.from_tensor_slices({wild: LABELS})._repr_html_())
    check_readable_anywhere(seen)
    assert [row[0] for row in seen.rows].count(wild) == 2


def test_showing_reads_and_runs_nothing():
    dataset = datasets()["folded"]
    dataset._repr_html_()
    assert dataset.next_epoch() == 0
