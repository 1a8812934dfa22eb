"""select, filter, split and k_fold: what plain Python picks, in every epoch, place and process."""

import json
from itertools import chain

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samebytes as sb

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def flat(parts):
    return list(chain.from_iterable(parts))


def numbers(count):
    return sb.Dataset.from_tensor_slices(np.arange(count))


def listed(dataset, epoch=0):
    batched = dataset if dataset.batch_size else dataset.batch(64)
    found = list(batched.iterate(epoch))
    return np.concatenate(found).tolist() if found else []


def labelled(count=60, classes=3):
    x = np.arange(count)
    return sb.Dataset.from_tensor_slices({"x": x, "y": x % classes})


def ids(dataset, epoch=0):
    return [x for batch in dataset.batch(64).iterate(epoch) for x in batch["x"].tolist()]


def goes_on(dataset, again=None):
    """Stop at every batch, and go on from the state: in this process, and in slices of batches."""
    whole = dataset.batch(4)
    batches = [np.asarray(batch).tolist() for batch in whole.iterate(1)]
    states = []
    iterator = whole.iterate(1)
    for place in range(len(batches)):
        states.append(json.loads(json.dumps(iterator.state_dict())))
        assert next(iterator).tolist() == batches[place]
    for place, state in enumerate(states):
        resumed = (again or dataset).batch(4).iterate(0)
        resumed.load_state_dict(state)
        assert [batch.tolist() for batch in resumed] == batches[place:]
    full = [batch for batch in batches if len(batch) == 4]
    ranks = [list(whole.distribute(2, rank).iterate(1)) for rank in range(2)]
    assert [a.tolist() + b.tolist() for a, b in zip(*ranks, strict=True)] == full
    shards = [listed(dataset.shard(3, index), 1) for index in range(3)]
    assert sorted(flat(shards)) == sorted(flat(batches))


# ------------------------------------------------------------------------------------- select


@QUICK
@given(data=st.data(), count=st.integers(1, 50))
def test_select_is_a_list_of_places(data, count):
    places = data.draw(st.lists(st.integers(-count, count - 1), max_size=70))
    assert listed(numbers(count).select(places)) == [range(count)[place] for place in places]
    cut = slice(*(data.draw(st.none() | st.integers(-60, 60)) for _ in range(2)), 3)
    assert listed(numbers(count).select(cut)) == list(range(count))[cut]
    order = numbers(count).shuffle(seed=1)
    assert listed(order.select(places), 5) == [listed(order, 5)[place] for place in places]


def test_select_takes_batches_ranges_and_nothing():
    dataset = numbers(10)
    assert listed(dataset.batch(4).select([1, 0])) == [4, 5, 6, 7, 0, 1, 2, 3]
    assert listed(dataset.select(range(8, -1, -4))) == [8, 4, 0]
    assert listed(dataset.select(range(-2, 0))) == [8, 9]
    assert listed(dataset.select([])) == []
    assert listed(dataset.select(np.array([3], np.uint8)).repeat(2)) == [3, 3]


@pytest.mark.parametrize(
    ("indices", "error", "words"),
    [
        ([3, 10], IndexError, "no element 10, since there are 10; expected numbers from 0 to 9"),
        ([-11], IndexError, "no element -11"),
        (range(11), IndexError, "no element 10"),
        ([0.5], TypeError, "expected whole numbers along one axis; got float64"),
        (3, TypeError, r"got int64 of shape \(\)"),
        (np.ones(10, bool), TypeError, r"to choose by a mask, call filter\(mask\)"),
    ],
)
def test_what_select_cannot_find_is_refused(indices, error, words):
    with pytest.raises(error, match=words):
        numbers(10).select(indices)


def test_select_of_what_never_ends_is_refused():
    with pytest.raises(ValueError, match=r"call it before repeat\(\)"):
        numbers(10).repeat().select([1])


# ------------------------------------------------------------------------------------- filter


@QUICK
@given(count=st.integers(0, 200), divisor=st.integers(1, 80), size=st.integers(1, 30))
def test_filter_is_a_comprehension(count, divisor, size):
    mask = np.arange(count) % divisor == 0
    dataset = numbers(count)
    wanted = list(range(0, count, divisor))
    for kept in (dataset.filter(mask), dataset.filter(lambda x: x % divisor == 0)):
        assert listed(kept) == wanted
        assert listed(kept.repeat(2).batch(size)) == wanted * 2
    assert listed(dataset.repeat(2).filter(lambda x: x % divisor == 0)) == wanted * 2
    assert sorted(listed(dataset.shuffle(seed=0).filter(mask), 3)) == wanted
    some = dataset.skip(3).take(50).filter(lambda x: x % divisor == 0)
    assert listed(some) == [x for x in range(count)[3:53] if x % divisor == 0]


def test_filter_before_and_after_a_shuffle_is_the_same():
    dataset, mask = numbers(100), np.arange(100) % 3 == 0
    before, after = dataset.filter(mask).shuffle(seed=1), dataset.shuffle(seed=1).filter(mask)
    assert before.fingerprint() == after.fingerprint()
    assert listed(before, 0) != listed(before, 1)


def test_a_predicate_is_given_one_component_once_and_as_it_is_here():
    seen, pixels = [], np.arange(30, dtype=np.uint8).reshape(10, 3)
    unread = np.broadcast_to(np.float64(1), (10, 1 << 20))  # 80 MB, if anybody read it

    def bright(values):
        seen.append(values.copy())
        return values[:, 0] >= 4

    dataset = sb.Dataset.from_tensor_slices({"pixels": pixels, "unread": unread})
    kept = dataset.map(sb.Rescaling(0.5), on="pixels").filter(bright, on="pixels")
    assert [len(values) for values in seen] == [10]
    np.testing.assert_array_equal(np.concatenate(seen), pixels * np.float32(0.5))
    assert len(kept) == 7
    assert len(seen) == 1  # and not again
    windows = numbers(10).window(3).filter(lambda w: w.sum(1) > 12)
    assert [w.tolist() for w in windows] == [[4, 5, 6], [5, 6, 7], [6, 7, 8], [7, 8, 9]]


def test_what_a_filter_takes_is_shown():
    few = numbers(100_000).filter(np.arange(100_000) % 1000 == 0)
    many = numbers(1 << 22).filter(np.arange(1 << 22) % 3 > 0)
    assert "filter(100 by an index, 800 bytes (" in str(few)
    assert "filter(2,796,202 by a bitmap of 4,194,304, " in str(many)


def test_chosen_samples_go_on_anywhere():
    dataset = numbers(50).filter(np.arange(50) % 3 > 0)
    goes_on(dataset.shuffle(seed=2))
    goes_on(numbers(50).select([5, 3, 3, 9, 40, 2, 1, 0, 7, 7, 30]).shuffle(seed=3))
    goes_on(numbers(50).split(0.7, 0.3, seed=1)[0].shuffle(seed=3))
    goes_on(numbers(50).k_fold(4, seed=1, stratify=np.arange(50) % 5)[1][0].shuffle(seed=3))
    other = numbers(50).filter(np.arange(50) % 3 > 1).shuffle(seed=2).batch(4).iterate()
    with pytest.raises(ValueError, match=r"samples: 'filter\(33 by an index"):
        other.load_state_dict(dataset.shuffle(seed=2).batch(4).iterate().state_dict())


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda d: d.filter(lambda x: x > 1), ValueError, r"say which, on=\.\.\., one of x, y"),
        (lambda d: d.filter(len, on="z"), ValueError, "there is no component 'z'"),
        (lambda d: d.filter(np.sum, on="y"), TypeError, r"component y.*made int64 of shape \(\)"),
        (lambda d: d.filter(np.copy, on="y"), TypeError, r"expected a bool for each, the shape"),
        (lambda d: d.filter([1, 2]), TypeError, r"call select\(indices\)"),
        (lambda d: d.filter([True]), ValueError, r"each of the 60 samples.*got \(1,\)"),
        (lambda d: d.filter([True] * 60, on="x"), ValueError, "leave out on="),
        (lambda d: d.batch(4).filter([True]), ValueError, r"batches of 4: call it before batch"),
        (lambda d: d.repeat().skip(1).filter([]), ValueError, r"call it before repeat\(\)"),
        (lambda d: d.shuffle().take(9).filter([]), ValueError, r"call it before shuffle\(\)"),
        (lambda d: d.map(lambda e: e).filter(np.sum, on="x"), ValueError, "call it before map"),
    ],
)
def test_what_cannot_be_filtered_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call(labelled())


def test_a_component_that_is_another_each_epoch_is_refused():
    images = sb.Dataset.from_tensor_slices(np.zeros((4, 6, 6, 3), np.uint8))
    with pytest.raises(ValueError, match="RandomCrop makes it another in each epoch"):
        images.map(sb.RandomCrop(2, 2)).filter(lambda x: x[:, 0, 0, 0] > 0)
    tokens = sb.TokenDataset(np.arange(99, dtype=np.uint16), 4, seed=0)
    with pytest.raises(ValueError, match="where its windows begin makes it another"):
        tokens.filter(lambda x: x[:, 0] > 0, on=0)


# -------------------------------------------------------------------------------------- split


@QUICK
@given(
    count=st.integers(1, 300),
    shares=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    seed=st.integers(0, 5),
    random=st.booleans(),
)
def test_parts_share_nothing_and_have_all(count, shares, seed, random):
    shares = [share / sum(shares) for share in shares]
    parts = numbers(count).split(*shares, 0.0, seed=seed, shuffle=random)
    found = [listed(part, epoch=7) for part in parts]
    assert sorted(flat(found)) == list(range(count))
    for share, part in zip(shares, found, strict=False):
        assert abs(len(part) - share * count) <= 1
    if not random:
        assert flat(found) == list(range(count))
    assert found == [listed(part, epoch=8) for part in parts]


def test_a_split_is_the_same_before_and_after_shuffle_and_repeat():
    dataset = numbers(40).shuffle(seed=1).repeat()
    train, test = (set(listed(part.take(200))) for part in dataset.split(0.75, seed=3))
    assert (len(train), len(test)) == (30, 10)
    assert not train & test
    assert len(numbers(40).split(10, 25, 5)[1]) == 25


@QUICK
@given(data=st.data(), classes=st.integers(1, 5), count=st.integers(4, 200))
def test_every_part_has_its_share_of_each_class(data, classes, count):
    seed = data.draw(st.integers(0, 9))
    y = np.random.default_rng(seed).integers(0, classes, count)
    dataset = sb.Dataset.from_tensor_slices({"x": np.arange(count), "y": y})
    for given_ in ("y", y, y.astype(str), y.astype(float)):
        parts = [ids(part) for part in dataset.split(0.6, 0.3, 0.1, seed=seed, stratify=given_)]
        assert sorted(flat(parts)) == list(range(count))
        for share, part in zip((0.6, 0.3, 0.1), parts, strict=True):
            assert abs(len(part) - share * count) <= 1
            assert part == sorted(part)
            for one in range(classes):
                assert abs((y[part] == one).sum() - share * (y == one).sum()) < 3


@QUICK
@given(data=st.data(), count=st.integers(10, 200), groups=st.integers(3, 30))
def test_a_group_is_in_one_part(data, count, groups):
    seed = data.draw(st.integers(0, 9))
    ids_ = np.random.default_rng(seed).permutation(np.arange(count) % groups)
    parts = [listed(part) for part in numbers(count).split(0.5, 0.3, 0.2, seed=seed, groups=ids_)]
    if groups <= count:
        assert sorted(flat(parts)) == list(range(count))
        assert all(parts)
    for number, part in enumerate(parts):
        for other in parts[number + 1 :]:
            assert not set(ids_[part]) & set(ids_[other])


@pytest.mark.parametrize("more", [{}, {"stratify": "y"}, {"groups": "y"}, {"shuffle": False}])
def test_folds_validate_each_sample_once(more):
    dataset = labelled(61, 7)
    folds = dataset.k_fold(5, seed=2, **more)
    valid = [ids(part) for _, part in folds]
    assert sorted(flat(valid)) == list(range(61))
    for (train, _), part in zip(folds, valid, strict=True):
        assert sorted(ids(train) + part) == list(range(61))


def test_a_drawn_seed_of_a_split_is_taken_from_a_state():
    def make(**more):
        return sb.Dataset.from_tensor_slices(np.arange(60)).split(0.5, **more)[0].batch(7)

    for more in ({}, {"stratify": np.arange(60) % 4}, {"groups": np.arange(60) % 20}):
        iterator = make(**more).iterate(0)
        next(iterator)
        resumed = make(**more).iterate(0)
        resumed.load_state_dict(iterator.state_dict())
        assert [x.tolist() for x in iterator] == [x.tolist() for x in resumed]
        assert make(**more).seed(1).fingerprint() == make(**more).seed(1).fingerprint()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda d: d.split(0.8, 0.3), ValueError, "shares from 0 to 1 that add up to 1; got 1.1"),
        (lambda d: d.split(1.2), ValueError, "shares from 0 to 1"),
        (lambda d: d.split(), TypeError, r"split\(\): expected shares"),
        (lambda d: d.split("a"), TypeError, "expected shares, such as 0.8 and 0.2"),
        (lambda d: d.split(30, 20), ValueError, "these are 50 samples, but the dataset has 60"),
        (lambda d: d.split(70, -10), ValueError, "add up to that"),
        (lambda d: d.split(float("nan"), 0.5), ValueError, "add up to 1; got nan"),
        (lambda d: d.batch(2).split(0.5), ValueError, r"batches of 2: call it before batch\(\)"),
        (lambda d: d.split(0.5, stratify="y", groups="y"), ValueError, "pass one of them"),
        (lambda d: d.split(0.2, 0.8, stratify=[1]), ValueError, r"split\(stratify=\).*got \(1,\)"),
        (lambda d: d.split(0.5, groups=[np.nan] * 60), ValueError, "60 of 60 values are NaN"),
        (lambda d: d.split(0.5, groups=[1j] * 60), TypeError, "numbers, times or strings"),
        (lambda d: d.split(0.5, 0.2, 0.2, 0.1, groups="y"), ValueError, "4 parts cannot have"),
        (lambda d: d.k_fold(1), ValueError, r"k_fold\(1\): expected 2 or more"),
        (lambda d: d.k_fold(61), ValueError, "there are 60 samples"),
    ],
)
def test_what_cannot_be_divided_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call(labelled())
