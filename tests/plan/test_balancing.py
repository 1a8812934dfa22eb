"""balance: each class as often as asked, every sample of it as often as any other."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samebytes as sb
from samebytes.plan.class_index import ClassIndex
from samebytes.plan.labels import as_labels

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def labelled(y):
    return sb.Dataset.from_tensor_slices({"x": np.arange(len(y)), "y": np.asarray(y)})


def columns(dataset, epoch=0):
    batches = list(dataset.batch(64).iterate(epoch))
    return [np.concatenate([batch[name] for batch in batches]) for name in "xy"]


@QUICK
@given(count=st.integers(1, 3000), classes=st.integers(1, 60), seed=st.integers(0, 9))
def test_the_index_finds_each_sample_of_each_class(count, classes, seed):
    y = np.random.default_rng(seed).integers(0, classes, count) ** 2 % classes
    index = ClassIndex(as_labels(y, count, "labels"))
    order = np.argsort(index.labels.codes, kind="stable")
    which = index.labels.codes[order].astype(np.int64)
    counts = index.labels.counts
    within = np.arange(count) - np.repeat(np.cumsum(counts) - counts, counts)
    np.testing.assert_array_equal(index.at(which, within), order)
    assert index.before.nbytes <= count / 8 + 8 * len(counts) + 8


@QUICK
@given(data=st.data(), classes=st.integers(1, 6), count=st.integers(1, 120))
def test_balance_is_plain_python(data, classes, count):
    y = np.array(data.draw(st.lists(st.integers(0, classes - 1), min_size=count, max_size=count)))
    there = np.unique(y)
    weights = [data.draw(st.integers(1, 5)) for _ in there]
    dataset = labelled(y).balance("y", weights)
    seen = np.zeros(count, int)
    for epoch in range(4):
        x, labels = columns(dataset, epoch)
        assert len(x) == count
        assert (y[x] == labels).all()
        for one, weight in zip(there, weights, strict=True):
            had = np.cumsum(labels == one)
            share = np.arange(1, count + 1) * weight / sum(weights)
            assert (np.abs(had - share) < 1).all()
        np.add.at(seen, x, 1)
    for one in there:
        assert np.ptp(seen[y == one]) <= 1  # as often as any other of its class


def test_rare_classes_are_as_frequent_as_others_and_go_on_anywhere():
    y = (np.arange(1000) % 100 == 7).astype(int)

    def make():
        return labelled(y).shuffle(seed=1).balance(y).batch(40)

    batches = [batch["x"].tolist() for batch in make().iterate(2)]
    assert sum(y[x] for batch in batches for x in batch) == 500
    iterator = make().iterate(2)
    for place in range(0, len(batches), 5):
        state = json.loads(json.dumps(iterator.state_dict()))
        resumed = make().iterate(0)
        resumed.load_state_dict(state)
        assert [batch["x"].tolist() for batch in resumed] == batches[place:]
        for _ in range(5):
            next(iterator)
    ranks = [[b["x"].tolist() for b in make().distribute(2, r).iterate(2)] for r in range(2)]
    assert [a + b for a, b in zip(*ranks, strict=True)] == batches


def test_classes_are_told_by_name_and_shown():
    y = np.array(["cat", "dog", "cat", "cow"])
    dataset = sb.Dataset.from_tensor_slices(np.arange(4)).balance(y, {"cat": 0, "dog": 1, "cow": 3})
    assert sorted(map(int, dataset)) == [1, 3, 3, 3]
    again = sb.Dataset.from_tensor_slices(np.arange(4)).balance(y, [0, 3, 1])
    assert again == dataset
    assert hash(again) == hash(dataset)
    assert "balance(classes 3 (" in str(dataset)
    assert len(labelled([]).balance("y")) == 0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda d: d.balance([1.0, np.nan, 2]), ValueError, r"1 of 3 values are NaN.*sample 1;"),
        (lambda d: d.balance([1, 2]), ValueError, r"each of the 3 samples.*got \(2,\)"),
        (lambda d: d.balance("z"), ValueError, "there is no component 'z'"),
        (lambda d: d.balance("y", {0: 1, 1: 1, 5: 2}), ValueError, "there is no class 5"),
        (lambda d: d.balance("y", {0: 1}), ValueError, "class 1 has none"),
        (lambda d: d.balance("y", [0, 0]), ValueError, "all weights are 0"),
        (lambda d: d.balance("y", [1, np.nan]), ValueError, "got nan for number 1"),
        (lambda d: d.balance("y", [1, 2, 3]), ValueError, "each of 2 classes; got"),
        (lambda d: d.batch(2).balance("y"), ValueError, r"call it before batch\(\)"),
    ],
)
def test_what_cannot_be_balanced_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call(labelled([0, 1, 1]))


def test_draws_follow_the_weights_and_are_the_same_anywhere():
    weights = np.array([0, 1, 2, 0, 5, 2, 0])
    numbers = sb.Dataset.from_tensor_slices(np.repeat(np.arange(7), 2000))

    def make():
        return numbers.weighted(np.repeat(weights, 2000), seed=3).batch(1000)

    batches = [batch.tolist() for batch in make().iterate(1)]
    counts = np.bincount(np.concatenate(batches), minlength=7)
    shares = weights / weights.sum()
    assert (np.abs(counts - 14_000 * shares) <= 5 * np.sqrt(14_000 * shares * (1 - shares))).all()
    assert batches != [batch.tolist() for batch in make().iterate(2)]
    iterator = make().iterate(1)
    next(iterator)
    resumed = make().iterate(0)
    resumed.load_state_dict(json.loads(json.dumps(iterator.state_dict())))
    assert [batch.tolist() for batch in resumed] == batches[1:]
    ranks = [[b.tolist() for b in make().distribute(2, r).iterate(1)] for r in range(2)]
    assert [a + b for a, b in zip(*ranks, strict=True)] == batches


def test_a_drawn_seed_of_weights_is_taken_from_a_state():
    def make():
        return sb.Dataset.from_tensor_slices(np.arange(50)).weighted(np.ones(50)).batch(10)

    iterator, resumed = make().iterate(0), make().iterate(0)
    resumed.load_state_dict(iterator.state_dict())
    assert [x.tolist() for x in iterator] == [x.tolist() for x in resumed]
    assert make().seed(1).fingerprint() == make().seed(1).fingerprint()


@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        ([1, 2], ValueError, r"each of the 3 samples, the shape \(3,\); got \(2,\)"),
        ([0, 0, 0], ValueError, "all weights are 0"),
        ([1, -1, 0], ValueError, "got -1.0 for sample 1"),
        ([1, 1, np.nan], ValueError, "got nan for sample 2"),
        ([np.inf, 1, 1], ValueError, "got inf for sample 0"),
        (["a", "b", "c"], TypeError, "expected numbers; got an array of <U1"),
    ],
)
def test_what_are_no_weights_is_refused(weights, error, words):
    dataset = labelled([0, 1, 1])
    with pytest.raises(error, match=words):
        dataset.weighted(weights)
    with pytest.raises(ValueError, match="once, whatever its weight; call shuffle"):
        dataset.weighted([1, 1, 1], replacement=False)
    with pytest.raises(ValueError, match=r"call it before shuffle\(\)"):
        dataset.weighted([1, 1, 1]).filter([True] * 3)
