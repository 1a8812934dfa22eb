"""What a Ctrl-C leaves, wherever it strikes: what comes next is what the state says."""

import contextlib
import gc
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests.engine.feeding import no_threads_left

import samebytes as sb
from samebytes.engine import iterator, worker_pool
from samebytes.engine.formatting import numpy as as_arrays
from samebytes.engine.formatting import tensorflow as as_tensors

FORMATTERS = {as_arrays.__file__, as_tensors.__file__}
CONSUMER = {worker_pool.__file__, iterator.__file__, *FORMATTERS}
"""Where the consumer's thread goes; a signal raises in that thread alone."""


def consumed(dataset, strike):
    """All elements, with a KeyboardInterrupt at line `strike` that the consumer comes by.

    Also what the state said right behind it, with the number of elements before; None where
    there are not so many lines.
    """
    # In a thread of its own: what a trace function raises in the middle of a handler leaves an
    # exception behind that the interpreter takes for one in work, and chains to later ones.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_consumed, dataset, strike).result()


def _consumed(dataset, strike):
    left, found, said = strike, [], None

    def trace(frame, event, _):
        nonlocal left
        if frame.f_code.co_filename not in CONSUMER:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    # A finalizer, which would swallow the interrupt, does not run in between.
    gc.disable()
    with contextlib.closing(dataset.iterate(0)) as feed, contextlib.ExitStack() as after:
        after.callback(gc.enable)
        while True:
            sys.settrace(trace)
            try:
                element = next(feed)
            except StopIteration:
                break
            except ValueError as failure:
                element = [str(failure)]
            except KeyboardInterrupt:
                said = feed.state_dict()["position"], len(found)
                continue
            finally:
                sys.settrace(None)
            found.append(np.asarray(element).tolist())
    return found, said


def numbers():
    return sb.Dataset.from_tensor_slices(np.arange(24)).shuffle(seed=3).with_options(threads=2)


@pytest.mark.parametrize(
    ("dataset", "each"),
    [
        (numbers().batch(4), 4),
        (numbers().batch(4).prefetch(0), 4),
        (numbers().batch(4).with_format("tensorflow"), 4),
        (numbers().batch(4).shuffle(seed=1), 1),
        (numbers().map(np.negative).batch(6), 6),
        (numbers(), 1),
    ],
    ids=["batches", "one by one", "tensors", "batches in a shuffle", "mapped", "samples"],
)
def test_wherever_a_consumer_is_interrupted_what_comes_next_is_what_the_state_says(dataset, each):
    expected, none = consumed(dataset, strike=0)
    assert none is None
    assert len(expected) == len(dataset)
    strike, struck, on_its_way = 1, 0, 0
    while True:
        found, said = consumed(dataset, strike)
        if said is None:
            break
        position, before = said
        following = position // each
        assert found == expected[:before] + expected[following:], f"line {strike}"
        # But for the one element that is being handed over nothing is lost, and nothing twice.
        assert following - before in {0, 1}, f"line {strike}"
        strike, struck, on_its_way = strike + 1, struck + 1, on_its_way + following - before
    assert struck > 9 * len(expected)
    assert on_its_way <= 4 * len(expected)
    assert no_threads_left()


def fails_at_fourteen(x):
    if (x == 14).any():
        message = "fourteen"
        raise ValueError(message)
    return x


def test_wherever_a_consumer_is_interrupted_the_error_of_a_function_reaches_it():
    ordered = sb.Dataset.from_tensor_slices(np.arange(24)).batch(4).with_options(threads=2)
    dataset = ordered.map(fails_at_fourteen, batched=True).prefetch(1)
    expected, _ = consumed(dataset, strike=0)
    assert expected == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], ["fourteen"]]
    strike = 1
    while True:
        found, said = consumed(dataset, strike)
        if said is None:
            break
        # The error cannot be lost, but for where it is on its way itself.
        assert found[-1] == ["fourteen"] or said[1] == 3, f"line {strike}"
        strike += 1
    assert strike > 50


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs interval timers")
def test_a_handler_may_take_from_the_iterator_that_its_thread_is_taking_from():
    dataset = sb.Dataset.from_tensor_slices(np.arange(40_000)).batch(4)
    found, taken = [], []
    with dataset.iterate(0) as feed:

        def take(*_):
            taken.append(int(next(feed, [-1])[0]))

        before = signal.signal(signal.SIGALRM, take)
        try:
            for batch in feed:
                found.append(int(batch[0]))
                signal.setitimer(signal.ITIMER_REAL, 1e-4)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    taken = [first for first in taken if first >= 0]
    assert len(taken) > 20
    assert found == sorted(found)
    assert sorted(found + taken) == list(range(0, 40_000, 4))


def test_where_threads_cannot_be_started_one_consumer_is_told_and_the_others_go_on(monkeypatch):
    calls, start = [], worker_pool._Worker.start

    def fails_once(worker):
        calls.append(worker)
        if len(calls) == 2:
            message = "can't start new thread"
            raise RuntimeError(message)
        start(worker)

    monkeypatch.setattr(worker_pool._Worker, "start", fails_once)
    told, found = [], []
    with numbers().batch(4).iterate(0) as feed:

        def consume():
            try:
                found.extend(batch.tolist() for batch in feed)
            except RuntimeError as failure:
                told.append(str(failure))
                consume()

        consumers = [threading.Thread(target=consume) for _ in range(3)]
        for consumer in consumers:
            consumer.start()
        for consumer in consumers:
            consumer.join()
    assert told == ["can't start new thread"]
    assert sorted(np.concatenate(found).tolist()) == list(range(24))
    assert no_threads_left()


def test_a_handler_that_interrupts_the_start_of_the_threads_does_not_wait_for_them(monkeypatch):
    start = worker_pool._Worker.start
    with numbers().batch(4).with_options(threads=1).iterate(0) as feed:

        def interrupted(worker):  # as if a handler ran here
            with pytest.raises(RuntimeError, match="ask after the handler has returned"):
                next(feed)
            start(worker)

        monkeypatch.setattr(worker_pool._Worker, "start", interrupted)
        assert sorted(np.concatenate(list(feed)).tolist()) == list(range(24))
