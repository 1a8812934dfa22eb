"""Every combination of samplers is what tf.data does, one element after the other."""

import itertools
import resource
import time
from itertools import islice

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samebytes as sb
from samebytes.plan.permutation import permute
from samebytes.plan.samplers import EPOCHS

SOME = 12
"""Elements that are looked at."""


def elements(dataset, epoch=0):
    with dataset.iterate(epoch) as found:
        return [np.asarray(one).tolist() for one in islice(found, SOME)]


class Plain:
    """tf.data's semantics over generators: ``make`` gives those of an epoch one by one.

    Only what is asked for is made: an endless stream inside of another would else take for ever.
    """

    def __init__(self, make, *, endless=False):
        self.make, self.endless = make, endless

    def shuffle(self, seed, reshuffle):
        def shuffled(epoch):
            came = list(self.make(epoch))
            if not came:
                return iter(())
            places = permute(np.arange(len(came)), len(came), seed, epoch if reshuffle else 0)
            return (came[place] for place in places)

        return Plain(shuffled)

    def shard(self, count, index):
        return Plain(lambda epoch: islice(self.make(epoch), index, None, count), **self._same())

    def take(self, count):
        return self if count < 0 else Plain(lambda epoch: islice(self.make(epoch), count))

    def skip(self, count):
        if count < 0:
            return Plain(lambda _: iter(()))
        return Plain(lambda epoch: islice(self.make(epoch), count, None), **self._same())

    def repeat(self, count):
        if self.endless and count != 0:
            return self
        if count is None or count < 0:
            if not list(islice(self.make(0), 1)):
                return self
            return self._chained(lambda epoch: itertools.count(epoch << 16), endless=True)
        return self._chained(lambda epoch: range(epoch * count, (epoch + 1) * count))

    def batch(self, size, drop):
        def batched(epoch):
            came = self.make(epoch)
            while one := list(islice(came, size)):
                if len(one) == size or not drop:
                    yield one

        return Plain(batched, **self._same())

    def _chained(self, epochs, *, endless=False):
        def chained(epoch):
            return itertools.chain.from_iterable(self.make(k % EPOCHS) for k in epochs(epoch))

        return Plain(chained, endless=endless)

    def _same(self):
        return {"endless": self.endless}


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
    ours, plain = sb.Dataset.from_tensor_slices(np.arange(size)), Plain(lambda _: iter(range(size)))
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
    if plain.endless:
        with pytest.raises(TypeError, match="endless"):
            len(ours)
    else:
        assert len(ours) == sum(1 for _ in plain.make(epoch))
    assert elements(ours, epoch) == list(islice(plain.make(epoch), SOME))


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


def test_endless_streams_inside_of_each_other_count_their_epochs_around():
    """Each has epochs of its own for every one of the next; behind 2**32 they begin again."""
    calls = [("shuffle", 0, True), ("repeat", None), ("take", 1), ("repeat", None)]
    deeper = [*calls, ("take", 2), ("repeat", None), ("take", 3), ("repeat", None)]
    for chosen in (calls, deeper):
        ours, plain, done = chains(12, chosen)
        assert done == chosen
        assert elements(ours, 3) == list(islice(plain.make(3), SOME))


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
                came = [int(one) for one in islice(found, 27)]
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
        first = [int(one) for one in islice(found, 50)]
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
    with pytest.raises(
        ValueError, match=r"^this dataset already has batches of 2; call batch\(\) once$"
    ):
        dataset.batch(2).batch(2)
    with pytest.raises(ValueError, match=r"^an endless dataset has no full order: shuffle before"):
        dataset.repeat().shuffle()
    with pytest.raises(
        TypeError,
        match=r"^this dataset is endless and has no length; take\(n\) gives a finite part",
    ):
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
