"""Promise: a shuffle in blocks is exact, and resumes, shares out and repeats as a full one."""

import itertools
import json
import pickle
import resource

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import samebytes as sb

TEN = sb.Dataset.from_tensor_slices(np.arange(10))
SOME = st.tuples(st.integers(1, 200), st.integers(1, 30), st.integers(1, 12), st.integers(0, 9))


def numbers(count):
    return sb.Dataset.from_tensor_slices(np.arange(count))


def shown(dataset, epoch=0):
    with dataset.iterate(epoch) as elements:
        return [np.asarray(one).tolist() for one in elements]


def flat(batches):
    return list(itertools.chain.from_iterable(batches))


@settings(max_examples=40, deadline=None)
@given(SOME, st.integers(1, 50))
def test_every_sample_once_in_batches_of_any_size(some, batch):
    count, size, window, seed = some
    shuffled = numbers(count).shuffle(seed=seed, block_size=size, window=window)
    found = flat(shown(shuffled.batch(batch), epoch=3))
    assert sorted(found) == list(range(count))
    assert found == shown(shuffled, epoch=3)


@settings(max_examples=40, deadline=None)
@given(SOME, st.integers(1, 9))
def test_ranks_share_one_order_out(some, ranks):
    count, size, window, seed = some
    whole = numbers(count).shuffle(seed=seed, block_size=size, window=window)
    parts = [shown(whole.shard(ranks, rank), epoch=2) for rank in range(ranks)]
    order = shown(whole, epoch=2)
    assert parts == [order[rank::ranks] for rank in range(ranks)]
    batches = whole.batch(4)  # the same by whole batches
    parts = [shown(batches.shard(ranks, rank), epoch=2) for rank in range(ranks)]
    assert parts == [shown(batches, epoch=2)[rank::ranks] for rank in range(ranks)]


@settings(max_examples=30, deadline=None)
@given(SOME, st.integers(1, 9), st.integers(1, 9), st.data())
def test_resumed_anywhere_it_goes_on_exactly(some, batch, again, data):
    count, size, window, seed = some
    shuffled = numbers(count).shuffle(seed=seed, block_size=size, window=window).repeat(2)
    order = shown(shuffled, epoch=1)
    place = data.draw(st.integers(0, 2 * count // batch))
    with shuffled.batch(batch).iterate(1) as batches:
        for _ in range(place):
            next(batches)
        state = json.loads(json.dumps(batches.state_dict()))
    with pickle.loads(pickle.dumps(shuffled.batch(again))).iterate(0) as batches:
        batches.load_state_dict(state)
        assert flat(one.tolist() for one in batches) == order[place * batch :]


def test_each_epoch_has_an_order_of_its_own():
    shuffled = numbers(300).shuffle(seed=1, block_size=10, window=4)
    orders = [shown(shuffled, epoch) for epoch in range(5)]
    assert len({tuple(order) for order in orders}) == 5
    blocks = [list(dict.fromkeys(k // 10 for k in order)) for order in orders]
    assert len({tuple(order) for order in blocks}) == 5
    assert flat(shown(shuffled.repeat(3).batch(7))) == flat(orders[:3])
    still = numbers(300).shuffle(seed=1, reshuffle_each_iteration=False, block_size=10, window=4)
    assert shown(still, 0) == shown(still, 1) == orders[0]


def test_samples_of_a_window_come_from_its_blocks():
    order = np.array(shown(numbers(1000).shuffle(seed=1, block_size=10, window=5)))
    for window in (order // 10).reshape(20, 50):
        assert len(set(window.tolist())) == 5
        assert len({*window[:10].tolist()}) > 1  # mixed, and not block after block


def test_without_a_window_there_are_64_blocks_in_one():
    assert shown(numbers(999).shuffle(seed=1, block_size=3)) == shown(
        numbers(999).shuffle(seed=1, block_size=3, window=64)
    )


def test_windows_over_a_series_are_the_samples():
    series = np.arange(100, dtype=np.float32)
    windows = sb.Dataset.from_tensor_slices(series).window(5, stride=2)
    shuffled = windows.shuffle(seed=3, block_size=4, window=2)
    starts = [int(one[0]) // 2 for one in shown(shuffled)]
    assert sorted(starts) == list(range(48))
    assert {start // 4 for start in starts[:8]} == {start // 4 for start in starts[:8:3]}
    assert len({start // 4 for start in starts[:8]}) == 2


def test_batches_are_shuffled_in_blocks_of_batches():
    shuffled = numbers(60).batch(3).shuffle(seed=3, block_size=4, window=1)
    found = shown(shuffled)
    assert sorted(found) == shown(numbers(60).batch(3))
    assert [{one[0] // 12 for one in found[k : k + 4]} for k in range(0, 20, 4)] == [
        {found[k][0] // 12} for k in range(0, 20, 4)
    ]


def test_on_any_number_of_threads_and_by_the_reference():
    images = np.random.default_rng(0).integers(0, 256, (90, 12, 12, 3), np.uint8)
    dataset = (
        sb.Dataset.from_tensor_slices((images, np.arange(90)))
        .shuffle(seed=0, block_size=8, window=3)
        .map(sb.RandomCrop(8, 8), seed=1)
        .batch(16)
    )
    one = list(dataset.with_options(threads=1).iterate(2))
    several = list(dataset.with_options(threads=3).prefetch(4).iterate(2))
    for many, (x, y) in zip(several, one, strict=True):
        np.testing.assert_array_equal(many[0], x)
        np.testing.assert_array_equal(dataset.reference(y, 2)[0], x)


def test_a_billion_samples_take_no_memory():
    blank = sb.Dataset.from_tensor_slices(np.broadcast_to(np.uint8(0), (10**9,)))
    for size, window in ((1, 10**6), (64, 64), (10**6, 10**3), (3, 2)):
        with blank.shuffle(seed=0, block_size=size, window=window).batch(32).iterate(0) as found:
            next(found)  # compiles
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for size, window in ((1, 10**6), (64, 64), (10**6, 10**3), (3, 2), (10**9, 1), (1, 10**9)):
        with blank.shuffle(seed=1, block_size=size, window=window).batch(32).iterate(0) as found:
            next(found)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kB


def test_a_state_of_other_blocks_is_refused_in_words():
    dataset = TEN.shuffle(seed=0, block_size=4, window=2)
    state = dataset.iterate(0).state_dict()
    for other, now in (
        (TEN.shuffle(seed=0, block_size=3, window=2), ", block_size=3, window=2"),
        (TEN.shuffle(seed=0, block_size=4, window=3), ", block_size=4, window=3"),
        (TEN.shuffle(seed=0, block_size=4), ", block_size=4, window=64"),
        (TEN.shuffle(seed=0), ""),
    ):
        words = (
            "this state belongs to another plan:\n"
            "  samples: 'shuffle(seed=0, block_size=4, window=2)' then, "
            f"'shuffle(seed=0{now})' now"
        )
        with pytest.raises(ValueError, match=r"^this state belongs to another plan") as refused:
            other.iterate(0).load_state_dict(state)
        assert str(refused.value) == words
    assert shown(TEN.shuffle(seed=0)) != shown(dataset)


def test_a_drawn_seed_is_taken_from_the_state():
    first, second = (TEN.shuffle(block_size=2, window=2) for _ in range(2))
    with first.iterate(4) as elements:
        state, expected = elements.state_dict(), [int(one) for one in elements]
    with second.iterate(0) as elements:
        elements.load_state_dict(state)
        assert [int(one) for one in elements] == expected


def test_what_cannot_be_is_refused_in_words():
    with pytest.raises(ValueError, match=r"^shuffle\(block_size=0\): expected 1 or more$"):
        TEN.shuffle(block_size=0)
    with pytest.raises(TypeError, match=r"^shuffle\(block_size=2.5\): expected a whole number"):
        TEN.shuffle(block_size=2.5)
    with pytest.raises(ValueError, match=r"^shuffle\(window=0\): expected 1 or more$"):
        TEN.shuffle(block_size=2, window=0)
    with pytest.raises(ValueError, match=r"^shuffle\(window=4\): a window is so many blocks, and"):
        TEN.shuffle(window=4)
    words = (
        r"^shuffle\(1000, block_size=64\): there is no buffer; pass window=, the blocks whose "
        r"samples are mixed, instead: window=16 for as many samples$"
    )
    with pytest.raises(ValueError, match=words):
        TEN.shuffle(1000, block_size=64)
    with pytest.raises(ValueError, match="endless dataset has no full order"):
        TEN.repeat().shuffle(block_size=4)


def test_what_has_no_elements_ends_at_once():
    assert shown(numbers(0).shuffle(seed=0, block_size=4)) == []
    assert shown(TEN.take(0).shuffle(seed=0, block_size=4).batch(3)) == []
    assert shown(numbers(1).shuffle(seed=0, block_size=4).repeat(3)) == [0, 0, 0]
