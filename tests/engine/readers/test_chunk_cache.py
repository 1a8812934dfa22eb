"""Decoded chunks: each once, whoever asks first, and no more of them than there is room for."""

import gc
import threading
import time

import numpy as np
import pytest

from samebytes.engine.readers import chunk_cache
from samebytes.engine.readers.chunk_cache import ChunkCache


def counted():
    calls = []

    def decode(number, nbytes=100):
        calls.append(number)
        return np.full(nbytes, number, np.uint8)

    return calls, decode


def ask(cache, decode, number):
    found = cache.get(number, 100, lambda: decode(number))
    assert (found == number).all()


def test_a_chunk_is_decoded_once_while_there_is_room():
    calls, decode = counted()
    cache = ChunkCache(300)
    for number in (1, 2, 3, 2, 1, 3):
        ask(cache, decode, number)
    assert calls == [1, 2, 3]
    assert cache.nbytes == 300


def test_what_was_not_used_for_longest_goes_first():
    calls, decode = counted()
    cache = ChunkCache(300)
    for number in (1, 2, 3, 1, 4, 1, 3, 2):
        ask(cache, decode, number)
    assert calls == [1, 2, 3, 4, 2]
    assert cache.nbytes == 300


def test_what_will_be_asked_for_again_goes_last():
    calls, decode = counted()
    cache = ChunkCache(300)
    cache.announce([1, 1, 2, 3, 4, 4])
    for number in (1, 2, 3, 4, 1, 4):
        ask(cache, decode, number)
    assert calls == [1, 2, 3, 4]
    cache.announce([5, 6, 7, 8])  # all are wanted, and there is room for three
    for number in (5, 6, 7, 8):
        ask(cache, decode, number)
    assert cache.nbytes == 300


def test_one_that_is_larger_than_the_room_is_kept_alone():
    calls, decode = counted()
    cache = ChunkCache(10)
    for number in (1, 1, 2, 2, 1):
        ask(cache, decode, number)
    assert calls == [1, 2, 1]
    assert cache.nbytes == 100


def test_threads_that_ask_at_once_wait_for_one_of_them():
    calls, decode = counted()
    started, go = threading.Event(), threading.Event()

    def slowly():
        started.set()
        assert go.wait(10)
        return decode(7)

    cache = ChunkCache(1000)
    found = []

    def asking():
        found.append(cache.get(7, 1, slowly))

    first = threading.Thread(target=asking)
    first.start()
    assert started.wait(10)
    others = [
        threading.Thread(target=lambda: found.append(cache.get(7, 1, slowly))) for _ in range(3)
    ]
    for thread in others:
        thread.start()
    go.set()
    for thread in (first, *others):
        thread.join(10)
    assert calls == [7]
    assert len(found) == 4
    assert all(each is found[0] for each in found)


def test_a_failure_goes_to_all_who_wait_and_the_next_one_tries_again():
    started, go = threading.Event(), threading.Event()

    def fail():
        started.set()
        assert go.wait(10)
        message = "damaged"
        raise OSError(message)

    cache = ChunkCache(1000)
    failures = []

    def asking():
        try:
            cache.get(7, 1, fail)
        except OSError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=asking) for _ in range(3)]
    threads[0].start()
    assert started.wait(10)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(10)
    assert failures == ["damaged"] * 3
    calls, decode = counted()
    ask(cache, decode, 7)
    assert calls == [7]


def test_what_is_decoded_while_all_is_let_go_is_not_kept():
    _, decode = counted()
    cache = ChunkCache(1000)

    def while_it_is_cleared():
        cache.clear()
        return decode(7)

    assert (cache.get(7, 1, while_it_is_cleared) == 7).all()
    assert cache.nbytes == 0


@pytest.mark.parametrize("memory", [3000, None])
def test_caches_in_use_share_the_room(monkeypatch, memory):
    monkeypatch.setattr(chunk_cache, "available_memory", lambda swap: memory)
    monkeypatch.setattr(chunk_cache, "UNKNOWN_BYTES", 1000)
    gc.collect()
    monkeypatch.setattr(chunk_cache, "_open", type(chunk_cache._open)())
    _, decode = counted()
    one, other = ChunkCache(), ChunkCache()
    for number in range(20):
        ask(one, decode, number)
    assert one.nbytes == 500
    other.clear()
    for number in range(20):
        ask(one, decode, number)
    assert one.nbytes == 1000


@pytest.mark.parametrize(("room", "most"), [(16_000, 4), (8 * 2000, 4), (7999, 1), (0, 1)])
def test_what_is_decoded_at_a_time_has_its_room_too(room, most):
    cache = ChunkCache(room)
    lock, inside, largest = threading.Lock(), [], []

    def slowly():
        with lock:
            inside.append(1)
            largest.append(len(inside))
        time.sleep(0.01)
        with lock:
            inside.pop()
        return np.zeros(500, np.uint8)

    threads = [
        threading.Thread(target=cache.get, args=(number, 500, slowly)) for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert max(largest) <= most
    assert len(largest) == 12
