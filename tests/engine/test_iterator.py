import gc
import itertools
import json
import linecache
import signal
import sys
import threading
import time
import weakref

import numpy as np
import pytest
from tests.engine.feeding import all_same, images, no_threads_left, usual

import samebytes as sb
from samebytes.engine import iterator as module
from samebytes.memory.aligned import address_of


@pytest.fixture(autouse=True)
def _threads_end():
    yield
    gc.collect()
    assert no_threads_left()


def numbers(count=40, batch=4, function=None, **options):
    dataset = sb.Dataset.from_tensor_slices(np.arange(count)).with_options(**options)
    if function is not None:
        dataset = dataset.map(function)
    return dataset.batch(batch)


def fails_at(sample, failure):
    def function(x):
        if x == sample:
            raise failure
        return x

    return function


def test_values_are_those_of_the_reference():
    dataset = usual()
    for batch in dataset.iterate(epoch=2):
        expected = dataset.reference(batch["label"], epoch=2)
        np.testing.assert_allclose(batch["image"], expected["image"], atol=1e-6)


def test_single_samples_come_one_by_one():
    dataset = sb.Dataset.from_tensor_slices((np.arange(70), images(70))).shuffle(seed=1)
    found = list(dataset)
    assert sorted(int(n) for n, _ in found) == list(range(70))
    assert found[0][1].shape == (12, 12, 3)


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("prefetch", [0, 1, 4])
def test_a_failure_comes_once_unchanged_and_in_its_place(threads, prefetch):
    failure = KeyError("mine")
    dataset = numbers(function=fails_at(13, failure), threads=threads).prefetch(prefetch)
    iterator = iter(dataset)
    assert [next(iterator).tolist() for _ in range(3)][-1] == [8, 9, 10, 11]
    with pytest.raises(KeyError) as caught:
        next(iterator)
    assert caught.value is failure
    assert failure.__context__ is None  # it would be printed with it
    assert no_threads_left()
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(iterator)


def test_the_failing_sample_is_noted():
    with pytest.raises(ZeroDivisionError) as caught:
        list(numbers(function=lambda x: 1 // (int(x) - 13)))
    if sys.version_info >= (3, 11):
        assert "sample 13" in str(caught.value.__notes__)


def test_a_failure_while_filling_waits_for_the_pieces_in_flight(monkeypatch):
    from samebytes.engine import executor

    inside, real = [], executor.fill

    def fill(job, start, stop):
        inside.append(1)
        try:
            time.sleep(0.02)
            if start == 0:
                raise MemoryError
            real(job, start, stop)
        finally:
            inside.pop()

    monkeypatch.setattr(executor, "fill", fill)
    big = sb.Dataset.from_tensor_slices(np.zeros((4, 512, 512, 3), np.float32)).batch(4)
    with pytest.raises(MemoryError):
        next(iter(big.with_options(threads=4)))
    assert not inside


def test_stop_iteration_in_a_function_does_not_end_the_loop_in_silence():
    def function(x):
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"):
        list(numbers(function=function))


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_even_what_ends_a_program_reaches_the_consumer(kind):
    with pytest.raises(kind):
        list(numbers(function=fails_at(3, kind())))


def test_a_source_that_shrinks_becomes_an_error(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, images(400, 32))
    dataset = sb.Dataset.from_tensor_slices(sb.open(path)).batch(4).prefetch(0)
    iterator = iter(dataset)
    next(iterator)
    with path.open("r+b") as file:
        file.truncate(5000)
    with pytest.raises(sb.WrongSize, match="was cut short"):
        list(iterator)


# ---------------------------------------------------------------------------------- the end


def test_close_is_final_may_come_twice_and_before_the_start():
    for taken in (0, 1, 3):
        iterator = iter(usual())
        for _ in range(taken):
            next(iterator)
        iterator.close()
        iterator.close()
        assert no_threads_left()
        with pytest.raises(StopIteration):
            next(iterator)


def test_a_with_block_closes():
    with iter(usual()) as iterator:
        next(iterator)
    assert no_threads_left()


def test_single_samples_end_with_close_too():
    iterator = iter(sb.Dataset.from_tensor_slices(np.arange(100)))
    next(iterator)
    iterator.close()
    with pytest.raises(StopIteration):
        next(iterator)


def test_closing_wakes_a_consumer_that_waits():
    hold, results = threading.Event(), []

    def function(x):
        hold.wait(20)
        return x

    iterator = iter(numbers(function=function, threads=2))
    consumers = [threading.Thread(target=lambda: results.append(list(iterator))) for _ in range(3)]
    for consumer in consumers:
        consumer.start()
    time.sleep(0.1)
    closer = threading.Thread(target=iterator.close)
    closer.start()
    for consumer in consumers[:1]:
        consumer.join(0.2)
    hold.set()
    closer.join(10)
    for consumer in consumers:
        consumer.join(10)
    assert results == [[], [], []]


@pytest.mark.parametrize("cycle", [False, True])
@pytest.mark.parametrize("taken", [0, 1, 2])
def test_collecting_an_unfinished_iterator_stops_its_threads_and_frees_its_blocks(cycle, taken):
    iterator = iter(usual(count=400))
    kept = [next(iterator) for _ in range(taken)]
    if cycle:
        iterator.itself = iterator
    gone = weakref.ref(iterator)
    pools = [weakref.ref(pool) for pool in iterator._pools.pools] if taken else []
    pool_cache = iterator._pool_cache
    del iterator, kept
    gc.collect()
    assert gone() is None
    assert no_threads_left()
    pool_cache._cached.clear()
    del pool_cache
    gc.collect()
    assert [pool() for pool in pools] == [None] * len(pools)


def test_collected_in_a_worker_of_another_iterator():
    """The last reference dies in a mapped function, on a thread that must not wait for itself."""
    box = []

    def function(x):
        if box:
            box.clear()
            gc.collect()
        return x

    for _ in range(5):
        victim = iter(usual(count=200))
        next(victim)
        victim.itself = victim
        box.append(victim)
        del victim
        assert len(list(numbers(function=function, threads=2))) == 10


def test_closed_by_a_function_on_its_own_thread():
    box = []

    def function(x):
        box[0].close()
        return x

    box.append(iter(numbers(function=function, threads=3)))
    assert list(box[0]) == []
    box.clear()


# ------------------------------------------------------------------------------- many at once


def test_many_iterators_from_many_threads():
    expected = list(usual().iterate(0))
    wrong = []

    def work():
        try:
            for _ in range(5):
                all_same(usual().iterate(0), expected)
        except Exception as failure:  # noqa: BLE001 (shown by the main thread)
            wrong.append(failure)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_two_consumers_share_one_iterator():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for prefetch in (0, 2):
            iterator = iter(numbers(400, 4, threads=2).prefetch(prefetch))
            taken = [[], [], []]

            def consume(mine, iterator=iterator):
                mine.extend(tuple(batch.tolist()) for batch in iterator)

            threads = [threading.Thread(target=consume, args=(mine,)) for mine in taken]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(itertools.chain(*taken)) == [
                tuple(range(k, k + 4)) for k in range(0, 400, 4)
            ]
            assert all(mine == sorted(mine) for mine in taken)
            assert iterator.state_dict()["position"] == 400
    finally:
        sys.setswitchinterval(interval)


def test_a_function_may_read_from_another_iterator():
    inner = iter(numbers(200, 1, threads=1))
    outer = numbers(function=lambda x: x + 0 * next(inner)[0], threads=2)
    assert np.concatenate(list(outer)).tolist() == list(range(40))
    inner.close()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_an_interrupted_consumer_has_lost_nothing():
    def function(x):
        time.sleep(0.01)
        return x

    def interrupt(_, frame):
        # While it waits, which is what is promised: a late alarm can also find the batch taken and
        # on its way here, and nothing in Python could then give it back.
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        if line.strip() == "head.gate.acquire()":
            raise KeyboardInterrupt
        signal.setitimer(signal.ITIMER_REAL, 0.008)

    iterator = iter(numbers(20, 2, function=function, threads=1).prefetch(0))
    found, interrupts = [], 0
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        while len(found) < 10:
            signal.setitimer(signal.ITIMER_REAL, 0.008)
            try:
                batch = next(iterator)
                signal.setitimer(signal.ITIMER_REAL, 0)
                found.append(batch.tolist())
            except KeyboardInterrupt:
                interrupts += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert interrupts > 5
    assert found == [[k, k + 1] for k in range(0, 20, 2)]


# ------------------------------------------------------------------------------------- stats


def test_stats_tell_what_was_done():
    iterator = iter(usual(count=1600, batch=8, threads=2))
    for _ in range(160):
        next(iterator)
    stats = iterator.stats()
    assert (stats.batches, stats.samples, stats.threads) == (160, 1280, 2)
    assert stats.bytes_written == 1280 * (8 * 6 * 3 * 4 + 8)
    assert stats.pool_bytes >= stats.blocks * 4096
    assert stats.reused > 0
    assert "160 batches, 1,280 samples" in str(stats)
    assert "bottleneck" in stats.verdict
    iterator.close()


def test_stats_name_the_slow_side():
    def slow(x):
        time.sleep(0.002)
        return x

    iterator = iter(numbers(function=slow, threads=1))
    list(iterator)
    assert iterator.stats().verdict.startswith("the input is the bottleneck")
    iterator = iter(numbers())
    for _ in iterator:
        time.sleep(0.005)
    assert iterator.stats().verdict.startswith("the consumer is the bottleneck")
    assert "too few" in iter(numbers()).stats().verdict


def test_the_state_is_small_json():
    iterator = iter(usual())
    next(iterator)
    assert len(json.dumps(iterator.state_dict())) < 2000
    iterator.close()


def test_one_huge_image_is_shared_by_all_threads(monkeypatch):
    from samebytes.engine import executor

    names, real = [], executor.fill

    def fill(job, start, stop):
        names.append((threading.current_thread().name, stop - start))
        real(job, start, stop)
        time.sleep(0.01)

    monkeypatch.setattr(executor, "fill", fill)
    huge = np.zeros((1, 3000, 1000, 3), np.uint8)
    dataset = sb.Dataset.from_tensor_slices(huge).map(sb.Rescaling(1.0)).batch(1)
    next(iter(dataset.with_options(threads=4)))
    assert len({name for name, _ in names if name.startswith("samebytes-")}) == 4


def test_the_first_failure_of_threads_that_cannot_start(monkeypatch):
    from samebytes.engine import worker_pool

    def start(self):
        raise RuntimeError("can't start new thread")

    iterator = iter(usual())
    monkeypatch.setattr(worker_pool._Worker, "start", start)
    with pytest.raises(RuntimeError, match="start new thread"):
        next(iterator)
    monkeypatch.undo()
    iterator.close()


def test_warming_up_once():
    assert usual().plan
    before = set(module._warmed)
    iter(usual())
    iter(usual())
    assert len(module._warmed - before) <= 2


def test_blocks_of_an_epoch_serve_the_next_however_far_that_one_looks_ahead():
    ds = sb.Dataset.from_tensor_slices(np.zeros((8, 1 << 20), np.float32)).batch(8)
    with ds.prefetch(0).iterate(0) as iterator:
        address = address_of(next(iterator))
    with ds.prefetch(2).iterate(0) as iterator:
        assert address_of(next(iterator)) == address
