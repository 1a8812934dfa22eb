"""Every combination of the verbs is what tf.data does, one element after the other."""

import itertools
import resource
import time

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samebytes as sb
from samebytes.dataset.order import permute

SOME = 12
"""Elements that are looked at."""

ENOUGH = 2500
"""Elements that the plain stand-in for an endless stream has: more than two shards of three, a
batch of five and a few skips can use up before `SOME` have come."""


def elements(dataset, epoch=0):
    with dataset.iterate(epoch) as found:
        return [np.asarray(one).tolist() for one in itertools.islice(found, SOME)]


# A plain simulation: a stream is a function from an epoch to (length or None, element at).
class Plain:
    """tf.data's semantics over lists; an endless stream is a list that is long enough."""

    def __init__(self, make, *, endless=False):
        self.make, self.endless = make, endless

    def shuffle(self, seed, reshuffle):
        def shuffled(epoch):
            came = self.make(epoch)
            if not came:
                return []
            places = permute(np.arange(len(came)), len(came), seed, epoch if reshuffle else 0)
            return [came[place] for place in places]

        return Plain(shuffled)

    def shard(self, count, index):
        return Plain(lambda epoch: self.make(epoch)[index::count], endless=self.endless)

    def take(self, count):
        if count < 0:
            return self
        return Plain(lambda epoch: self.make(epoch)[:count])

    def skip(self, count):
        if count < 0:
            return Plain(lambda _: [])
        return Plain(lambda epoch: self.make(epoch)[count:], endless=self.endless)

    def repeat(self, count):
        if self.endless and count != 0:
            return self
        if count is None or count < 0:
            if not self.make(0):
                return self

            def endless(epoch):
                times = ENOUGH // len(self.make(0)) + 1
                return [one for k in range(times) for one in self.make((epoch << 16) + k)]

            return Plain(endless, endless=True)
        return Plain(lambda e: [one for k in range(count) for one in self.make(e * count + k)])

    def batch(self, size, drop):
        def batched(epoch):
            came = self.make(epoch)
            found = [came[k : k + size] for k in range(0, len(came), size)]
            return [one for one in found if len(one) == size or not drop]

        return Plain(batched, endless=self.endless)


SMALL = st.integers(0, 12)
CALLS = st.one_of(
    st.tuples(st.just("shuffle"), st.integers(0, 5), st.booleans()),
    st.integers(1, 3).flatmap(
        lambda n: st.tuples(st.just("shard"), st.just(n), st.integers(0, n - 1))
    ),
    st.tuples(st.just("take"), st.integers(-1, 12)),
    st.tuples(st.just("skip"), st.integers(-1, 5)),
    st.tuples(st.just("repeat"), st.integers(-1, 3) | st.none()),
    st.tuples(st.just("batch"), st.integers(1, 5), st.booleans()),
)
COMBINED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def chains(size, calls):
    """Our dataset and the plain one after the calls that are possible."""
    ours, plain = sb.Dataset.from_tensor_slices(np.arange(size)), Plain(lambda _: list(range(size)))
    done = []
    for name, *arguments in calls:
        if name == "batch" and ours.batch_size is not None:
            continue
        if name == "shard" and sum(one == "shard" for one, *_ in done) == 2:
            continue
        if name == "shuffle":
            if plain.endless:
                with pytest.raises(ValueError, match="endless dataset has no full order"):
                    ours.shuffle(seed=arguments[0])
                continue
            ours = ours.shuffle(seed=arguments[0], reshuffle_each_iteration=arguments[1])
        else:
            ours = getattr(ours, name)(*arguments)
        plain = getattr(plain, name)(*arguments)
        done.append((name, *arguments))
    return ours, plain, done


@COMBINED
@given(SMALL, st.lists(CALLS, max_size=6), st.integers(0, 3))
def test_every_combination_is_the_plain_one(size, calls, epoch):
    ours, plain, _ = chains(size, calls)
    expected = plain.make(epoch)
    if plain.endless:
        with pytest.raises(TypeError, match="endless"):
            len(ours)
    else:
        assert len(ours) == len(expected)
    assert elements(ours, epoch) == expected[:SOME]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(SMALL, st.lists(CALLS.filter(lambda call: call[0] != "shuffle"), max_size=5))
def test_unshuffled_combinations_are_real_tf_data(size, calls):
    ours, plain, done = chains(size, calls)
    theirs = tf.data.Dataset.from_tensor_slices(np.arange(size))
    for name, *arguments in done:
        theirs = getattr(theirs, name)(*arguments)
    expected = [one.tolist() for one in theirs.take(SOME).as_numpy_iterator()]
    assert elements(ours) == expected
    if not plain.endless:
        assert len(ours) == len(list(theirs))


def test_batches_that_are_shuffled_stay_together():
    dataset = sb.Dataset.from_tensor_slices(np.arange(20)).batch(3).shuffle(seed=1)
    found = elements(dataset)
    assert sorted(map(tuple, found)) == [tuple(range(k, min(k + 3, 20))) for k in range(0, 20, 3)]
    assert found != sorted(found)


def test_epochs_differ_when_reshuffling_and_only_then():
    source = sb.Dataset.from_tensor_slices(np.arange(30))
    fresh = source.shuffle(seed=1)
    orders = [[int(one) for one in fresh] for _ in range(3)]
    assert len({tuple(order) for order in orders}) == 3
    assert all(sorted(order) == list(range(30)) for order in orders)
    still = source.shuffle(seed=1, reshuffle_each_iteration=False)
    first, second = ([int(one) for one in still] for _ in range(2))
    assert first == second == orders[0]
    repeated = [int(one) for one in source.shuffle(seed=1).repeat(3)]
    assert [repeated[k : k + 30] for k in (0, 30, 60)] == orders


def test_what_is_repeated_goes_on_with_new_epochs_in_the_next_iteration():
    shuffled = sb.Dataset.from_tensor_slices(np.arange(9)).shuffle(seed=1)
    for repeated in (shuffled.repeat(3), shuffled.repeat()):
        orders = set()
        for epoch in range(3):
            with repeated.iterate(epoch) as found:
                came = [int(one) for one in itertools.islice(found, 27)]
            orders |= {tuple(came[k : k + 9]) for k in (0, 9, 18)}
        assert len(orders) == 9
    still = sb.Dataset.from_tensor_slices(np.arange(9)).shuffle(
        seed=1, reshuffle_each_iteration=False
    )
    came = [int(one) for one in still.repeat(2)]
    assert came[:9] == came[9:]


def test_shards_of_one_shuffle_are_a_partition_in_every_epoch():
    shuffled = sb.Dataset.from_tensor_slices(np.arange(31)).shuffle(seed=3)
    for epoch in range(3):
        parts = [elements(shuffled.shard(4, k), epoch) for k in range(4)]
        assert sorted(itertools.chain(*parts)) == list(range(31))
        assert [len(part) for part in parts] == [8, 8, 8, 7]


def test_shuffling_as_in_tf_data_is_full():
    dataset = sb.Dataset.from_tensor_slices(np.arange(5000)).shuffle(100, seed=2)
    with dataset.iterate(0) as found:
        first = [int(one) for one in itertools.islice(found, 50)]
    assert max(first) > 4000


def test_what_has_no_elements_ends_at_once():
    empty = sb.Dataset.from_tensor_slices(np.zeros((0, 4)))
    for dataset in (
        empty,
        empty.shuffle().repeat(),
        empty.batch(3),
        empty.shuffle().batch(2).shuffle(),
        sb.Dataset.from_tensor_slices(np.arange(4)).take(0),
        sb.Dataset.from_tensor_slices(np.arange(4)).repeat().repeat(0),
        sb.Dataset.from_tensor_slices(np.arange(4)).batch(5, drop_remainder=True),
        sb.Dataset.from_tensor_slices(np.arange(4)).skip(9).batch(2).take(3),
    ):
        assert len(dataset) == 0
        assert elements(dataset) == []


def test_what_cannot_be_is_refused():
    dataset = sb.Dataset.from_tensor_slices(np.arange(4))
    with pytest.raises(ValueError, match=r"^shard\(3, 3\): expected 0 <= index < num_shards$"):
        dataset.shard(3, 3)
    with pytest.raises(ValueError, match=r"^shard\(0, 0\)"):
        dataset.shard(0, 0)
    with pytest.raises(ValueError, match=r"^batch\(0\): expected 1 or more$"):
        dataset.batch(0)
    with pytest.raises(ValueError, match=r"^this dataset has batches of 2 already; batch once$"):
        dataset.batch(2).batch(2)
    with pytest.raises(ValueError, match=r"^an endless dataset has no full order: shuffle before"):
        dataset.repeat().shuffle()
    with pytest.raises(TypeError, match=r"^this dataset is endless; take\(n\) gives a part"):
        len(dataset.repeat())
    with pytest.raises(ValueError, match=r"^seed -1: expected an integer from 0"):
        dataset.shuffle(seed=-1)
    for call in (dataset.take, dataset.skip, dataset.repeat, dataset.batch):
        with pytest.raises(TypeError):
            call(2.5)


def test_a_billion_samples_start_as_fast_as_a_thousand_and_take_no_memory():
    def first_batch(samples):
        blank = np.broadcast_to(np.uint8(0), (samples, 8, 8, 1))
        start = time.perf_counter()
        dataset = sb.Dataset.from_tensor_slices(blank).shuffle(seed=0).map(sb.RandomCrop(4, 4))
        with dataset.batch(32).iterate(0) as batches:
            assert next(batches).shape == (32, 4, 4, 1)
        return time.perf_counter() - start

    first_batch(1000)  # compiles
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    few = min(first_batch(10**3) for _ in range(5))
    many = min(first_batch(10**9) for _ in range(5))
    assert many < 5 * few + 0.01
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB
