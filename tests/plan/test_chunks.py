"""What an order means to chunks, as print(ds) says it, and which blocks decode each once."""

import numpy as np
import pytest
from tests.chunked import lazy, rows_of

import samebytes as sb
from samebytes.plan.chunks import better_block_size, chunk_rows

ROWS, CHUNK = 640, 64


@pytest.fixture
def array():
    return lazy(rows_of(ROWS, 4), (CHUNK, 4))[0]


def dataset(array):
    return sb.Dataset.from_tensor_slices(array)


def told(ds):
    rows = chunk_rows(ds.plan)
    assert [name for name, _ in rows] == ["chunks"]
    ((_, text),) = rows
    assert f"  chunks  {text}" in str(ds)
    return text


def test_a_full_shuffle_needs_all_of_them_at_once(array):
    ds = dataset(array).shuffle(seed=0)
    assert told(ds) == (
        "of 64 rows, each decoded once only if memory holds all 2.6 kB of them; "
        "shuffle(block_size=64) decodes each once a window"
    )
    assert better_block_size(ds.plan) == CHUNK
    assert "shuffle(block_size=64) decodes each once a window" in ds._repr_html_()


@pytest.mark.parametrize(
    ("size", "text", "better"),
    [
        (64, "of 64 rows, each decoded once a window", None),
        (128, "of 64 rows, each decoded once a window", None),
        (50, "of 64 rows, cut by blocks; block_size=64 decodes each once a window", 64),
        (65, "of 64 rows, cut by blocks; block_size=128 decodes each once a window", 128),
    ],
)
def test_blocks_lie_along_their_borders_or_cut_them(array, size, text, better):
    ds = dataset(array).shuffle(seed=0, block_size=size)
    assert (told(ds), better_block_size(ds.plan)) == (text, better)


def test_in_order_each_is_decoded_once(array):
    assert told(dataset(array)) == "of 64 rows, each decoded once"
    assert better_block_size(dataset(array).plan) is None


def test_what_begins_elsewhere_cuts_some(array):
    ds = dataset(array).skip(10).shuffle(seed=0, block_size=64)
    assert told(ds) == "of 64 rows, each decoded about once a window"


def test_windows_and_shards_are_counted_in_samples(array):
    assert better_block_size(dataset(array).window(5, stride=4).shuffle(seed=0).plan) == 16
    assert better_block_size(dataset(array).window(5, stride=100).shuffle(seed=0).plan) == 1
    assert better_block_size(dataset(array).shard(4, 1).shuffle(seed=0).plan) == 16
    drawn = sb.TokenDataset(lazy(rows_of(640), (64,))[0], 8, replacement=True)
    assert told(drawn) == "of 64 rows, which lie apart, since windows are drawn"


def test_of_several_sources_the_largest_decides_and_of_none_nothing_is_said(array):
    labels = lazy(np.arange(ROWS), (100,))[0]
    wide = lazy(rows_of(ROWS, 16), (32, 16))[0]
    ds = sb.Dataset.from_tensor_slices((labels, array, wide)).shuffle(seed=0)
    assert better_block_size(ds.plan) == 32
    assert not chunk_rows(dataset(np.zeros((ROWS, 4))).shuffle(seed=0).plan)
    whole = lazy(rows_of(ROWS, 4), (ROWS, 2))[0]
    assert not chunk_rows(dataset(whole).shuffle(seed=0).plan)


def test_statistics_say_it_where_it_is_the_bottleneck(array):
    slow = lazy(rows_of(ROWS, 4), (CHUNK, 4), seconds=0.01)[0]
    for options, words in (
        ({}, r"decoding chunks is the bottleneck"),
        ({"block_size": 64}, r"the disk is the bottleneck"),
    ):
        batches = dataset(slow).shuffle(seed=0, **options).batch(40).prefetch(0).iterate(0)
        for _ in batches:
            pass
        verdict = batches.stats().verdict
        assert words in verdict or "the input is the bottleneck" in verdict
        assert ("shuffle(block_size=64)" in verdict) == (not options and words in verdict)
