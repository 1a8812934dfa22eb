"""Contenders that do not do what they should, each in its own way, and one that does."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers.contender import Contender, Package
from benchmarks.peers.jobs.tokens import Tokens

JOB = Tokens(count=20_000, context=8, sequences=64)

Batches = Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]


def batches(job: Tokens, folder: Path) -> Batches:
    tokens, numbers = job.tokens(folder), np.random.default_rng(0)
    while True:
        starts = numbers.integers(job.count - job.context, size=job.sequences)
        both = tokens[starts[:, None] + np.arange(job.context + 1)].astype(np.int64)
        yield both[:, :-1], both[:, 1:]


def wrong_values(job: Tokens, folder: Path) -> Batches:
    return ((x + 1, y + 1) for x, y in batches(job, folder))


def wrong_dtype(job: Tokens, folder: Path) -> Batches:
    return ((x.astype(np.int32), y) for x, y in batches(job, folder))


def wrong_shape(job: Tokens, folder: Path) -> Batches:
    return ((x[1:], y[1:]) for x, y in batches(job, folder))


def stale(job: Tokens, folder: Path) -> Batches:
    one = next(batches(job, folder))
    return iter(lambda: one, None)


def in_order(job: Tokens, folder: Path) -> Batches:
    tokens = job.tokens(folder)
    for first in range(0, job.count - 600, 512):
        rows = first + 8 * np.arange(64)[:, None] + np.arange(9)
        yield tokens[rows][:, :-1].astype(np.int64), tokens[rows][:, 1:].astype(np.int64)


def empty(job: Tokens, folder: Path) -> list[object]:
    return []


def raises(job: Tokens, folder: Path) -> None:
    message = "of no use\nto anyone"
    raise LookupError(message)


def hangs(job: Tokens, folder: Path) -> None:
    time.sleep(1000)


def hangs_in_its_turn(job: Tokens, folder: Path) -> Batches:
    for number, batch in enumerate(batches(job, folder)):
        if number == 3:
            time.sleep(1000)
        yield batch


def is_killed(job: Tokens, folder: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def is_killed_in_its_turn(job: Tokens, folder: Path) -> Batches:
    for number, batch in enumerate(batches(job, folder)):
        if number == 3:
            os.kill(os.getpid(), signal.SIGSEGV)
        yield batch


def exits(job: Tokens, folder: Path) -> None:
    sys.stderr.write("the last words\n")
    os._exit(7)


def chatters(job: Tokens, folder: Path) -> Batches:
    for batch in batches(job, folder):
        print("what would be taken for an answer")
        yield batch


def leaves_a_worker(job: Tokens, folder: Path) -> Batches:
    if os.fork() == 0:
        time.sleep(1000)
    return batches(job, folder)


def contender(start: Callable[[Tokens, Path], Any]) -> Contender:
    return Contender("tokens", start.__name__, start.__name__, "", start)


CONTENDERS = (
    *map(
        contender,
        (
            hangs,  # first, so that others are opened while one waits for it
            batches,
            wrong_values,
            wrong_dtype,
            wrong_shape,
            stale,
            in_order,
            empty,
            raises,
            hangs_in_its_turn,
            is_killed,
            is_killed_in_its_turn,
            exits,
            chatters,
            leaves_a_worker,
        ),
    ),
    Contender(
        "tokens", "absent", "absent", "", batches, Package("no_such.package", "no-such-package")
    ),
)
