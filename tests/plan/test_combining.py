"""concat, zip, sample_from_datasets, choose_from_datasets: as plain Python, and going on."""

import json
import math
from itertools import chain, islice

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samebytes as sb
from samebytes.plan.proportions import fair_turns, whole_weights

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def numbers(count, first=0):
    return sb.Dataset.from_tensor_slices(np.arange(first, first + count))


def listed(dataset, epoch=0):
    found = [np.asarray(batch).tolist() for batch in dataset.batch(64).iterate(epoch)]
    return list(chain.from_iterable(found))


def goes_on(make):
    """Stop at every batch, and go on from the state, in this process and in slices of batches."""
    whole = make().batch(4)
    batches = [plain(batch) for batch in whole.iterate(1)]
    iterator = whole.iterate(1)
    states = []
    for _ in batches:
        states.append(json.loads(json.dumps(iterator.state_dict())))
        next(iterator)
    assert max(len(json.dumps(state)) for state in states) < 1000
    for place, state in enumerate(states):
        resumed = make().batch(4).iterate(0)
        resumed.load_state_dict(state)
        assert [plain(batch) for batch in resumed] == batches[place:]
    ranks = [list(whole.distribute(2, rank).iterate(1)) for rank in range(2)]
    both = [plain(a) + plain(b) for a, b in zip(*ranks, strict=True)]
    assert both == [batch for batch in batches if len(batch) == 4]
    shards = [listed(make().shard(3, index), 1) for index in range(3)]
    assert sorted(map(str, chain(*shards))) == sorted(map(str, chain(*batches)))


def plain(batch):
    return batch.tolist()


# ------------------------------------------------------------------------------------ turns


@QUICK
@given(weights=st.lists(st.integers(0, 40), min_size=1, max_size=7).filter(any))
def test_nobody_is_ever_a_whole_turn_from_the_share(weights):
    turns = fair_turns(weights)
    places = np.arange(3 * turns.period + 1)
    which, before = turns.at(places)
    for who, weight in enumerate(weights):
        mine = which == who
        had = np.cumsum(mine) - mine
        assert (np.abs(had - places * weight / sum(weights)) < 1).all()
        assert (before[mine] == np.arange(mine.sum())).all()
        assert turns.counts(len(places))[who] == mine.sum()
        if weight:
            assert turns.place(who, int(mine.sum()) - 1) == np.flatnonzero(mine)[-1]


@QUICK
@given(weights=st.lists(st.floats(0, 1e6), min_size=1, max_size=9).filter(any))
def test_weights_are_kept_to_one_of_65536(weights):
    whole = whole_weights(weights)
    for one, weight in zip(whole, weights, strict=True):
        assert abs(one / sum(whole) - weight / math.fsum(weights)) < len(weights) / 65_536
        assert (one > 0) == (weight / math.fsum(weights) > 0)
    assert whole_weights([0.85, 0.1, 0.05]) == (17, 2, 1)


# ---------------------------------------------------------------------------------- mixtures


@QUICK
@given(
    lengths=st.lists(st.integers(0, 20), min_size=1, max_size=4),
    data=st.data(),
    stop=st.booleans(),
)
def test_a_mixture_is_plain_python(lengths, data, stop):
    weights = [data.draw(st.integers(0, 5)) for _ in lengths]
    weights[0] += 1
    parts = [numbers(n, 100 * place) for place, n in enumerate(lengths)]
    left = [list(range(100 * place, 100 * place + n)) for place, n in enumerate(lengths)]
    wanted, now, turn = [], list(weights), 0
    turns = fair_turns(now)
    while any(now):
        who = int(turns.at(np.array([turn]))[0][0])
        turn += 1
        if left[who]:
            wanted.append(left[who].pop(0))
        elif stop:
            break
        else:  # the others begin anew
            now[who] = 0
            turns, turn = fair_turns(now) if any(now) else turns, 0
    mixture = sb.sample_from_datasets(parts, weights, stop)
    assert listed(mixture) == wanted
    assert len(mixture) == len(wanted)


@pytest.mark.parametrize("window", [10, 20, 500, 10_000])
def test_proportions_are_exact_over_every_window(window):
    weights = [0.7, 0.2, 0.1]
    parts = [numbers(1000, 1000 * n).shuffle(seed=n).repeat() for n in range(3)]
    which = np.array(listed(sb.sample_from_datasets(parts, weights).take(20_000))) // 1000
    for who, weight in enumerate(weights):
        counts = np.convolve(which == who, np.ones(window, int), "valid")
        assert (counts == round(window * weight)).all()  # windows of a multiple of 10
        odd = np.convolve(which == who, np.ones(window - 3, int), "valid")
        assert (np.abs(odd - (window - 3) * weight) < 2).all()


def test_each_comes_in_its_own_order_in_every_epoch():
    one, two = numbers(50).shuffle(seed=1), numbers(50, 100).shuffle(seed=2)
    mixture = sb.sample_from_datasets([one, two], [1, 1])
    for epoch in (0, 3):
        found = listed(mixture, epoch)
        assert [x for x in found if x < 100] == listed(one, epoch)
        assert [x for x in found if x >= 100] == listed(two, epoch)
    assert mixture.fingerprint()["samples"].startswith(
        "sample(50, 50; weights 1, 1) [shuffle(seed=1) | shuffle(seed=2)]"
    )


def test_choices_are_followed():
    one, two = numbers(4), numbers(3, 10).repeat()
    assert listed(sb.choose_from_datasets([one, two], [1, 0, 1, 1, 0])) == [10, 0, 11, 12, 1]
    again = numbers(2).repeat()
    assert listed(sb.choose_from_datasets([one, two], again)) == [0, 10, 1, 11, 2, 12, 3, 10]
    on = sb.choose_from_datasets([one, two], again, stop_on_empty=False)
    assert listed(on.take(11)) == [0, 10, 1, 11, 2, 12, 3, 10, 11, 12, 10]
    assert on.length is None


def test_parts_of_one_source_share_it():
    images = np.arange(60 * 12, dtype=np.uint8).reshape(60, 12)
    dataset = sb.Dataset.from_tensor_slices({"x": images, "y": np.arange(60) % 10})
    rare, other = (dataset.filter(np.arange(60) % 10 == 3), dataset.filter(np.arange(60) % 10 > 3))
    mixture = sb.sample_from_datasets([rare.repeat(), other], [0.5, 0.5], stop_on_empty=True)
    assert mixture.arrays[0] is dataset.arrays[0]
    batch = next(iter(mixture.batch(20)))
    assert (batch["y"] == 3).sum() == 10
    np.testing.assert_array_equal(batch["x"][batch["y"] == 3][:6], images[3::10])


def test_transforms_fold_over_a_mixture_as_over_one_source():
    images = np.random.default_rng(0).integers(0, 255, (30, 8, 8, 3), np.uint8)
    crop = sb.RandomCrop(5, 5, seed=3)
    halves = [sb.Dataset.from_tensor_slices(half).map(crop) for half in (images[:11], images[11:])]
    whole = sb.Dataset.from_tensor_slices(images).map(crop)
    for both in (sb.concat(halves), halves[0].concatenate(halves[1])):
        for a, b in zip(both.batch(7).iterate(2), whole.batch(7).iterate(2), strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(sb.concat(halves).reference([12, 3]), whole.reference([12, 3]))


def test_seeds_that_were_drawn_are_no_difference():
    images = np.zeros((6, 8, 8, 3), np.uint8)
    drawn, other = (sb.Dataset.from_tensor_slices(images).map(sb.RandomCrop(5, 5)) for _ in "ab")
    assert sb.concat([drawn, other]).maps == drawn.maps
    given_ = sb.Dataset.from_tensor_slices(images).map(sb.RandomCrop(5, 5), seed=9)
    assert sb.concat([drawn, given_]).maps[0].seed == 9


def test_windows_of_texts_mix():
    texts = [np.arange(n, dtype=np.uint16) + first for n, first in ((200, 0), (95, 1000))]
    parts = [sb.TokenDataset(text, 8, seed=1) for text in texts]
    both = sb.concat([part.take(99) for part in parts])
    seen = [(x, y) for x, y in both]
    assert len(seen) == len(parts[0]) + len(parts[1])
    assert all((y == x + 1).all() and x.max() - x.min() == 7 for x, y in seen)
    assert sum(x[0] >= 1000 for x, _ in seen) == len(parts[1])
    mixed = sb.sample_from_datasets([part.repeat() for part in parts], [0.75, 0.25]).batch(8)
    for x, _ in islice(mixed, 10):
        assert (x[:, 0] >= 1000).sum() == 2
    with_marks = [sb.TokenDataset(t, 8, documents=t // 50, cross=True, seed=0) for t in texts]
    for inputs, _, mask in sb.concat(with_marks):
        assert inputs["positions"][0] == inputs["tokens"][0] % 50
        assert (mask == (inputs["tokens"] % 50 < 49)).all()


def test_mixtures_go_on_anywhere():
    def parts():
        return numbers(30).shuffle(seed=1), numbers(20, 100).shuffle(seed=2).repeat(2)

    goes_on(lambda: sb.sample_from_datasets(parts(), [0.3, 0.7]))
    goes_on(lambda: sb.concat(parts()).shuffle(seed=5))
    goes_on(lambda: sb.choose_from_datasets(parts(), np.arange(40) % 2))


def test_drawn_seeds_of_a_mixture_are_taken_from_a_state():
    def make():
        parts = [numbers(30).shuffle(), numbers(30, 100).shuffle()]
        return sb.sample_from_datasets(parts, [0.3, 0.7]).batch(7)

    iterator, resumed = make().iterate(0), make().iterate(0)
    next(iterator)
    resumed.load_state_dict(iterator.state_dict())
    assert [x.tolist() for x in iterator] == [x.tolist() for x in resumed]
    assert make().seed(1).fingerprint() == make().seed(1).fingerprint()
    first, second = make().seed(1).samples.parents
    assert first.seed != second.seed


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda a: sb.sample_from_datasets([]), ValueError, "at least one dataset; got none"),
        (lambda a: sb.concat([a, np.arange(3)]), TypeError, "number 1 is of type ndarray"),
        (lambda a: sb.concat([a, a.batch(2)]), ValueError, "dataset 1 has batches of 2; expected"),
        (lambda a: sb.concat([a.enumerate()] * 2), ValueError, "call zip or enumerate on what"),
        (lambda a: sb.concat([a, numbers(3).window(2)]), ValueError, "dataset 1 has windows, and"),
        (
            lambda a: sb.concat([a, sb.Dataset.from_tensor_slices({"x": np.arange(3)})]),
            ValueError,
            "dataset 1 has the components x, and dataset 0 has 0; give all the same ones",
        ),
        (
            lambda a: sb.concat([a, sb.Dataset.from_tensor_slices(np.zeros((3, 2)))]),
            ValueError,
            r"component 0 of dataset 1 has samples of float64 \(2,\).*dataset 0 samples of int64",
        ),
        (
            lambda a: sb.concat([a, a.map(sb.Rescaling(2))]),
            ValueError,
            r"dataset 1 maps Rescaling.*, and dataset 0 nothing; do the same to all",
        ),
        (
            lambda a: sb.concat([sb.TokenDataset(np.arange(99), n) for n in (8, 16)]),
            ValueError,
            r"component 0 of dataset 1 has samples of int64 \(16,\).*\(8,\)",
        ),
        (
            lambda a: sb.concat([sb.TokenDataset(np.arange(99), 8, stride=n) for n in (2, 3)]),
            ValueError,
            "dataset 1 has windows of 9 rows, one every 3.*one every 2.*the same length, stride",
        ),
        (
            lambda a: sb.concat([sb.TokenDataset(np.arange(99), 8, replacement=True)] * 2),
            ValueError,
            "drawn with replacement from all of its rows",
        ),
        (lambda a: sb.sample_from_datasets([a, a], [1]), ValueError, "each of 2 datasets; got"),
        (lambda a: sb.sample_from_datasets([a], [-1]), ValueError, "from 0 on; got -1.0 for"),
        (lambda a: sb.sample_from_datasets([a], [np.nan]), ValueError, "got nan for number 0"),
        (lambda a: sb.sample_from_datasets([a], [np.inf]), ValueError, "got inf for number 0"),
        (lambda a: sb.sample_from_datasets([a], [0]), ValueError, "all weights are 0"),
        (lambda a: sb.choose_from_datasets([a], [1]), ValueError, "there is no dataset 1"),
        (lambda a: sb.choose_from_datasets([a], [0.5]), TypeError, "whole numbers along one axis"),
        (lambda a: sb.choose_from_datasets([a], a.shuffle()), ValueError, "shuffled anew in each"),
        (
            lambda a: sb.choose_from_datasets([a], a.repeat().skip(1)),
            ValueError,
            "these choices never end",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call(numbers(5))


# --------------------------------------------------------------------------------------- zip


def test_a_zip_is_pythons():
    one, two = numbers(9).shuffle(seed=1), numbers(30, 100).filter(lambda x: x % 3 == 0).repeat()
    for epoch in range(2):
        pairs = list(zip(listed(one, epoch), listed(two.take(9), epoch), strict=True))
        assert [(int(a), int(b)) for a, b in sb.zip(one, two).iterate(epoch)] == pairs
    nested = sb.zip({"a": one, "b": (two, one.shard(2, 1))})
    assert [int(element["b"][1]) for element in nested.iterate(0)] == listed(one.shard(2, 1))
    assert len(nested) == 4


def test_a_zip_can_be_shuffled_mapped_and_batched():
    images = np.random.default_rng(0).integers(0, 255, (30, 8, 8, 3), np.uint8)
    pictures = sb.Dataset.from_tensor_slices(images).shuffle(seed=1)
    both = sb.zip(numbers(30), pictures.map(sb.RandomCrop(5, 5, seed=2))).shuffle(seed=3)
    for place, pixels in both.batch(8).iterate(1):
        order = np.array(listed(numbers(30).shuffle(seed=1), 1))
        for one, crop in zip(order[place], pixels, strict=True):
            windows = np.lib.stride_tricks.sliding_window_view(images[one], (5, 5), (0, 1))
            assert (windows.transpose(0, 1, 3, 4, 2) == crop).all((2, 3, 4)).any()
    doubled = sb.zip(numbers(4).map(lambda x: x * 2), numbers(4)).batch(4)
    assert [a.tolist() for a in next(iter(doubled))] == [[0, 2, 4, 6], [0, 1, 2, 3]]
    expected = both.reference([5, 2])
    assert expected[0].tolist() == [5, 2]


def test_enumerate_counts_what_comes_and_keeps_what_follows():
    dataset = numbers(10).shuffle(seed=1).enumerate(-2).shuffle(seed=2)
    order = listed(numbers(10).shuffle(seed=1), 3)
    for place, x in dataset.iterate(3):
        assert place.dtype == np.int64
        assert order[place + 2] == x
    windows = sb.Dataset.from_tensor_slices(np.arange(6)).window(3).enumerate()
    assert [(int(n), w.tolist()) for n, w in windows][-1] == (3, [3, 4, 5])
    assert "counted from -2" in str(dataset)
    assert "10 samples, shuffle(seed=1)" in str(dataset)


def test_zips_go_on_anywhere():
    def make():
        return sb.zip(numbers(30).shuffle(seed=1), numbers(50).shuffle(seed=2)).enumerate()

    whole = make().batch(4)
    batches = list(whole.iterate(1))
    iterator = whole.iterate(1)
    for place in range(len(batches)):
        resumed = make().batch(4).iterate(0)
        resumed.load_state_dict(iterator.state_dict())
        for (n, (a, b)), (m, (c, d)) in zip(resumed, batches[place:], strict=True):
            assert (n.tolist(), a.tolist(), b.tolist()) == (m.tolist(), c.tolist(), d.tolist())
        next(iterator)
    halves = [list(whole.distribute(2, rank).iterate(1)) for rank in range(2)]
    for batch, *parts in zip(batches, *halves, strict=False):
        assert batch[1][0].tolist() == [*parts[0][1][0].tolist(), *parts[1][1][0].tolist()]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda a: sb.zip(()), ValueError, "at least one dataset; got none"),
        (lambda a: sb.zip(a, 3), TypeError, "1 is of type int"),
        (lambda a: sb.zip(a, a.batch(2)), ValueError, "dataset 1 has batches of 2"),
        (lambda a: a.batch(2).enumerate(), ValueError, "enumerate: dataset 1 has batches of 2"),
        (
            lambda a: sb.zip(a.window(2), numbers(7).window(2)),
            ValueError,
            "windows that begin at other rows; cut them together",
        ),
        (
            lambda a: sb.zip(a.map(lambda x: x).map(sb.Rescaling(2)), a),
            ValueError,
            "Rescaling follows a function in dataset 0; call map on what comes out",
        ),
        (lambda a: a.unbatch(), ValueError, "yields single samples"),
        (lambda a: a.batch(2).map(np.copy).unbatch(), ValueError, "copy, which takes whole"),
        (lambda a: a.batch(2).distribute(2, 0).unbatch(), ValueError, "call it before distribute"),
        (lambda a: a.batch(2).shuffle().unbatch(), ValueError, "has 1 samples, not 2"),
    ],
)
def test_what_cannot_be_taken_apart_or_zipped_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call(numbers(5))
