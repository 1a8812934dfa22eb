"""Who waits for whom: what an iterator made, and in words where the bottleneck is."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from samebytes.engine.readers.reader import Reader
from samebytes.memory.pool import PoolStats
from samebytes.share.layout import as_bytes_text

__all__ = ["Meter", "Stats"]


STORAGE_SHARE = 0.5
"""Of the time that the consumer waited, what storage has to account for to be the bottleneck."""


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
    reader : str
        How bytes of the sources came into memory, and why that way.
    bytes_useful, bytes_asked : int
        Bytes of files that the pass needed, and bytes that were asked of storage for them: more
        where whole pages or gaps had to be read, less where pages were in memory. Counted only by
        readers that ask ahead.
    faults : int
        Pages that the whole process had to wait for since the iterator began, because nobody had
        asked for them.
    failed_advice : int
        Requests for pages that the system refused; those pages came by faults.
    advice_error : str
        Why it refused the last of them.
    seconds_waiting_for_storage : float
        Time in which batches could not be begun because their bytes were not there.
    better_block_size : int, optional
        With which blocks a shuffle would have each chunk of the sources decoded once a window.
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
    reader: str = "map"
    bytes_useful: int = 0
    bytes_asked: int = 0
    faults: int = 0
    failed_advice: int = 0
    advice_error: str = ""
    seconds_waiting_for_storage: float = 0.0
    better_block_size: int | None = None

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
        if self.seconds_waiting_for_storage > STORAGE_SHARE * self.seconds_waiting:
            if self.better_block_size is not None:
                return (
                    f"decoding chunks is the bottleneck: the consumer waited {share:.0%} of the "
                    f"time, and the input {self.seconds_waiting_for_storage:.1f} s for chunks; "
                    f"shuffle(block_size={self.better_block_size}) decodes each once a window"
                )
            return (
                f"the disk is the bottleneck: the consumer waited {share:.0%} of the time, and the "
                f"input {self.seconds_waiting_for_storage:.1f} s for storage; read neighbours "
                "together, shuffle(block_size=...), or copy the file once in random order, "
                "sb.shuffled_copy(...)"
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
            f"{self.seconds_consuming:.3f} s{self._storage}: {self.verdict}"
        )

    @property
    def _storage(self) -> str:
        """What there is to say of storage, where anything was asked of it."""
        if not self.bytes_useful:
            return ""
        refused = (
            f", {self.failed_advice:,} requests refused ({self.advice_error})"
            if self.failed_advice
            else ""
        )
        return (
            f"; asked storage for {as_bytes_text(self.bytes_asked)} to get "
            f"{as_bytes_text(self.bytes_useful)}, waited "
            f"{self.seconds_waiting_for_storage:.3f} s for it, {self.faults:,} page faults"
            f"{refused} (reader {self.reader})"
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
                *([("storage", self._storage.removeprefix("; "))] if self._storage else []),
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
        self._faults = _major_faults()

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

    def stats(
        self, threads: int, prefetch: int, pools: Iterable[PoolStats], reader: Reader | None = None
    ) -> Stats:
        """Return the figures so far."""
        storage: dict[str, Any] = {}
        if reader is not None:
            counts = reader.counts
            storage = {
                "reader": str(reader.choice),
                "bytes_useful": counts.bytes_useful,
                "bytes_asked": counts.bytes_asked,
                "faults": _major_faults() - self._faults,
                "failed_advice": counts.failed,
                "advice_error": os.strerror(counts.error) if counts.failed else "",
                "seconds_waiting_for_storage": counts.seconds_waiting,
                "better_block_size": reader.choice.better_block_size,
            }
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
            **storage,
        )


def _major_faults() -> int:
    """Return how many pages this process has waited for so far; 0 where nobody counts."""
    if sys.platform == "win32":
        return 0
    import resource  # not there on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt
