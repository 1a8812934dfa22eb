"""Who waits for whom: what an iterator made, and in words where the bottleneck is."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from samebytes.memory.pool import PoolStats
from samebytes.share.layout import as_bytes_text

__all__ = ["Meter", "Stats"]


@dataclass(frozen=True)
class Stats:
    """What an iterator has done so far.

    Attributes
    ----------
    batches, samples : int
        How many were handed out.
    bytes_written : int
        Bytes written by the pass, each output byte once.
    seconds_waiting, seconds_consuming : float
        Time the consumer waited for data, and time it took between two batches.
    threads, prefetch : int
        The settings it runs with.
    blocks, pool_bytes : int
        Blocks of memory in use (by the consumer, in work or waiting), and their total size. A batch
        takes one block for each component; tokens and those that follow share one.
    reused : int
        How many times a block was reused instead of a new one being allocated.
    """

    batches: int
    samples: int
    bytes_written: int
    seconds_waiting: float
    seconds_consuming: float
    threads: int
    prefetch: int
    blocks: int
    pool_bytes: int
    reused: int

    @property
    def share_waited(self) -> float:
        """How much of the time the consumer waited for data: 0 to 1."""
        return self.seconds_waiting / max(self.seconds_waiting + self.seconds_consuming, 1e-9)

    @property
    def verdict(self) -> str:
        """Where the bottleneck is, and what to change."""
        if self.batches < 3:
            return "too few batches to tell who waits for whom"
        share = self.share_waited
        if share < 0.1:
            return (
                f"the consumer is the bottleneck: it waited {share:.0%} of the time; "
                "nothing in the input would make it faster"
            )
        return (
            f"the input is the bottleneck: the consumer waited {share:.0%} of the time; make it "
            "write less (a smaller crop, float16, or uint8 and a Rescaling in the model) or give "
            "it more threads: with_options(threads=...)"
        )

    def __str__(self) -> str:
        """Return the figures and the verdict."""
        return (
            f"{self.batches:,} batches, {self.samples:,} samples, "
            f"{as_bytes_text(self.bytes_written)} written by {self.threads} threads into "
            f"{self.blocks:,} blocks ({as_bytes_text(self.pool_bytes)}, {self.reused:,} times "
            f"reused); waited {self.seconds_waiting:.3f} s, consumed "
            f"{self.seconds_consuming:.3f} s: {self.verdict}"
        )

    def _repr_html_(self) -> str:
        """Show the figures in a notebook, with a bar of the time that the consumer waited."""
        from samebytes.share.notebook import card

        blocks = f"{self.blocks:,} blocks, {as_bytes_text(self.pool_bytes)}"
        waited = f"the consumer waited {self.share_waited:.0%} of the time"
        return card(
            "stats",
            f"{self.batches:,} batches, {self.samples:,} samples",
            [
                ("written", f"{as_bytes_text(self.bytes_written)} by {self.threads} threads"),
                ("memory", f"{blocks}, {self.reused:,} times reused"),
                ("made ahead", f"{self.prefetch:,} batches"),
                ("waited", f"{_duration(self.seconds_waiting)} for the input"),
                ("consumed", f"{_duration(self.seconds_consuming)} between batches"),
            ],
            # Before there is a pace to tell, a bar would tell one.
            bar=None if self.batches < 3 else (waited, self.share_waited),
            closing=self.verdict,
        )


def _duration(seconds: float) -> str:
    return f"{seconds:,.1f} s" if seconds >= 10 else f"{seconds * 1e3:,.1f} ms"


class Meter:
    """Counts what goes over the counter, and how long each side waits."""

    def __init__(self) -> None:
        self._batches = 0
        self._samples = 0
        self._bytes = 0
        self._waiting = 0.0
        self._consuming = 0.0
        self._asked = 0.0
        self._received: float | None = None

    def asked(self) -> None:
        """Note that the consumer asks for the next batch."""
        self._asked = time.perf_counter()
        if self._received is not None:
            self._consuming += self._asked - self._received
            self._received = None

    def received(self, nbytes: int, samples: int) -> None:
        """Note that it got one."""
        self._received = time.perf_counter()
        if self._batches:  # the first wait is the start, not the pace
            self._waiting += self._received - self._asked
        self._batches += 1
        self._samples += samples
        self._bytes += nbytes

    def stats(self, threads: int, prefetch: int, pools: Iterable[PoolStats]) -> Stats:
        """Return the figures so far."""
        memory = list(pools)
        return Stats(
            self._batches,
            self._samples,
            self._bytes,
            self._waiting,
            self._consuming,
            threads,
            prefetch,
            sum(pool.blocks for pool in memory),
            sum(pool.nbytes for pool in memory),
            sum(pool.reused for pool in memory),
        )
