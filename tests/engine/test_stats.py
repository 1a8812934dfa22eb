"""What an iterator says of its work, in text and in a notebook."""

from __future__ import annotations

import numpy as np
import pytest
from tests.seen_html import Seen, check_readable_anywhere

import samebytes as sb
from samebytes.engine.stats import Stats


def stats(batches, waiting, consuming):
    return Stats(batches, 32 * batches, 5_000_000, waiting, consuming, 2, 4, 6, 3_000_000, 9)


@pytest.mark.parametrize(
    ("waiting", "consuming", "durations", "who", "filled"),
    [
        (10.0, 30.0, ("10.0 s", "30.0 s"), "the input is the bottleneck", 160),
        (0.05, 0.95, ("50.0 ms", "950.0 ms"), "the consumer is the bottleneck", 32),
    ],
)
def test_a_notebook_is_shown_the_figures_and_who_waits(waiting, consuming, durations, who, filled):
    found = stats(1000, waiting, consuming)
    seen = Seen(found._repr_html_())
    assert seen.rows == [
        ["written", "5.0 MB by 2 threads"],
        ["memory", "6 blocks, 3.0 MB, 9 times reused"],
        ["made ahead", "4 batches"],
        ["waited", f"{durations[0]} for the input"],
        ["consumed", f"{durations[1]} between batches"],
    ]
    assert seen.text[0] == "1,000 batches, 32,000 samples"
    assert seen.text[-1] == found.verdict
    assert who in found.verdict
    assert next(float(value) for name, value in seen.attributes if name == "width") == filled
    check_readable_anywhere(seen)


def test_too_few_batches_have_no_bar():
    seen = Seen(stats(2, 1.0, 1.0)._repr_html_())
    assert "svg" not in seen.tags
    assert seen.text[-1] == "too few batches to tell who waits for whom"


def test_an_iterator_shows_what_it_did():
    iterator = sb.Dataset.from_tensor_slices(np.zeros((40, 4), "float32")).batch(8).iterate()
    assert sum(1 for _ in iterator) == 5
    seen = Seen(iterator.stats()._repr_html_())
    assert seen.text[0] == "5 batches, 40 samples"
    assert seen.rows[0][1].startswith("640 bytes by ")


def test_chunks_that_are_decoded_again_and_again_are_the_bottleneck():
    facts = {"threads": 2, "prefetch": 2, "blocks": 1, "pool_bytes": 1, "reused": 0}
    waited = {"seconds_waiting": 3.0, "seconds_consuming": 1.0, "seconds_waiting_for_storage": 2.5}
    made = Stats(10, 100, 1000, **waited, **facts, better_block_size=64)
    assert made.verdict == (
        "decoding chunks is the bottleneck: the consumer waited 75% of the time, and the input "
        "2.5 s for chunks; shuffle(block_size=64) decodes each once a window"
    )
