"""The jobs: what is asked of which source, by whom, and what is to be reached."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.storage.patterns.chunks import CHUNK_IMAGES, ChunkedCrops
from benchmarks.storage.patterns.images import IMAGE_BYTES, Crops, InOrder
from benchmarks.storage.patterns.pattern import Blocks, Pattern
from benchmarks.storage.patterns.rows import Tokens, Windows
from benchmarks.storage.result import Bound, Result, Role, Turn
from benchmarks.storage.way import Task, Way
from benchmarks.storage.ways.bare import BARE
from benchmarks.storage.ways.chunk_loop import HDF5_LOOP, ZARR_LOOP
from benchmarks.storage.ways.direct import BLOCKS, DIRECT
from benchmarks.storage.ways.grain import GRAIN_THREADS
from benchmarks.storage.ways.numpy import NUMPY
from benchmarks.storage.ways.obstore import OBSTORE
from benchmarks.storage.ways.ours import CHUNKED, OURS, READERS
from benchmarks.storage.ways.tensorflow import TF_DATA
from benchmarks.storage.ways.torch import TORCH_WORKERS
from benchmarks.storage.ways.warm import WARM, run_together

__all__ = ["JOBS", "Asked", "Job", "job_of"]

PEERS = (NUMPY, TF_DATA, GRAIN_THREADS, TORCH_WORKERS)
BLOCKED = Blocks(CHUNK_IMAGES, CHUNK_IMAGES * IMAGE_BYTES)


@dataclass(frozen=True)
class Asked:
    """What is to be reached by the library with its defaults.

    Attributes
    ----------
    least : float
        The least ratio of its rate and another.
    words : str
        What the other is.
    beside : str
        How the key of the other way begins, the best one's if several do; by default the best of
        the bare ones.
    counted : str
        What of a turn's counts is the ratio already.
    """

    least: float
    words: str
    beside: str = ""
    counted: str = ""

    def bound(self, results: tuple[Result, ...]) -> Bound | None:
        """Return what was reached, None where one of the two was not measured."""
        ours = next((one for one in results if one.key == OURS.key), None)
        others = [
            one
            for one in results
            if (one.key.startswith(self.beside) if self.beside else one.role is Role.BARE)
        ]
        if ours is None or not others:
            return None
        if self.counted:
            found = statistics.median(turn.counts[self.counted] for turn in ours.turns)
            return Bound(self.words, self.least, found)
        return Bound(self.words, self.least, ours.rate / max(one.rate for one in others))


@dataclass(frozen=True)
class Job:
    """One job.

    Attributes
    ----------
    key, title : str
        Stable, and one sentence for people.
    pattern : Pattern
        What is asked of the source.
    source : str
        Key of the source.
    ways : tuple of Way
        Bare reads first.
    asked : tuple of Asked
        What is to be reached.
    compared : str
        What bare reads are here, and why the comparison is fair.
    cold : bool
        Whether nothing of the source is in memory when a way begins.
    together : callable, optional
        Does all ways in one process, by their keys, where they are to be compared closely.
    """

    key: str
    title: str
    pattern: Pattern
    source: str
    ways: tuple[Way, ...]
    asked: tuple[Asked, ...]
    compared: str
    cold: bool = True
    together: Callable[[Task], dict[str, Turn]] | None = None


EXACT = (
    "Bare reads are of exactly the bytes that samples need, at places as random, with the number "
    "of threads that is best for them."
)
SEQUENTIAL = (
    "The file is read once from begin to end, by requests of the size and number that are best: "
    "directly, and by one thread that the system reads ahead of. "
)
ONCE = (
    "Only the bytes that samples need count, for both: a sequential reader is taken to get nothing "
    "else, so what is read beside them is at our expense."
)
LOOP = (
    "Decoded, the store is four times the memory. Bare is a loop over all chunks, which decodes "
    "each once and throws it away, with the number of threads that is best for it: in the order of "
    "the file, and shuffled, as the crops are. A crop needs all of its image, since a chunk is "
    "decoded as a whole."
)
BEST_BARE = "the best bare reads"
BEST_DIRECT = "the best direct sequential read"
BEST_SEQUENTIAL = "the best sequential read"
BEST_OF_BLOCKS = "the best bare reads of such blocks"
BEST_LOOP = "the best bare loop"
BEST_SHUFFLED_LOOP = "the best bare loop over shuffled chunks"


def _random(key: str, title: str, pattern: Pattern, *more: Asked) -> Job:
    asked = (Asked(0.8, BEST_BARE), *more)
    return Job(key, title, pattern, "images", (*BARE, *READERS, *PEERS), asked, EXACT)


def _blocks(key: str, title: str, pattern: Pattern) -> Job:
    asked = (
        Asked(0.7, BEST_DIRECT, beside="direct"),
        Asked(0.7, BEST_SEQUENTIAL),
        Asked(0.8, BEST_OF_BLOCKS, beside="blocks"),
    )
    ways = (*DIRECT, *BLOCKS, *READERS)
    return Job(key, title, pattern, "images", ways, asked, SEQUENTIAL + ONCE)


def _chunks(key: str, source: str, loops: tuple[Way, ...], stored: str) -> Job:
    title = f"256x256 crops of 512x512x3, shuffled by chunks: {stored} of {CHUNK_IMAGES} images"
    asked = (Asked(0.8, BEST_LOOP), Asked(0.8, BEST_SHUFFLED_LOOP, beside="shuffled"))
    return Job(key, title, ChunkedCrops(), source, (*loops, CHUNKED), asked, LOOP)


JOBS = (
    _random(
        "crops",
        "256x256 crops of 512x512x3 uint8, shuffled",
        Crops(),
        Asked(15, NUMPY.name, beside=NUMPY.key),
    ),
    Job(
        "in-order",
        "512x512x3 uint8 in the order of the file",
        InOrder(),
        "images",
        (*DIRECT, *READERS, *PEERS),
        (Asked(0.85, BEST_DIRECT, beside="direct"), Asked(0.85, BEST_SEQUENTIAL)),
        SEQUENTIAL.strip(),
    ),
    _random("windows", "Windows of 168x16 float32, shuffled", Windows()),
    _random("tokens", "Contexts of 1,024 tokens of 2 bytes, 64 in a batch, shuffled", Tokens()),
    _blocks(
        "crops-in-blocks",
        f"256x256 crops of 512x512x3 uint8, shuffled in blocks of {CHUNK_IMAGES} images",
        Crops(BLOCKED),
    ),
    _blocks(
        "windows-in-blocks",
        "Windows of 168x16 float32 side by side, shuffled in blocks of 2 MiB",
        Windows(blocks=True),
    ),
    _blocks(
        "tokens-in-blocks",
        "Contexts of 1,024 tokens side by side, shuffled in blocks of 2 MiB",
        Tokens(blocks=True),
    ),
    Job(
        "in-memory",
        "256x256 crops of 512x512x3 uint8, shuffled, from a file that is in memory",
        Crops(),
        "small",
        WARM,
        (Asked(0.97, "reader='map'", counted="beside_map"),),
        "All take turns of a fifth of a second in one process; the ratio is the median of pairs.",
        cold=False,
        together=run_together,
    ),
    Job(
        "http",
        "256x256 crops of 512x512x3 uint8, shuffled, from an HTTP server on this machine",
        Crops(),
        "served",
        (*OBSTORE, OURS),
        (Asked(0.8, "the best bare ranges"),),
        "Bare is obstore alone, with as many ranges at a time as is best. The server, nginx, has "
        "the file in memory, outside of the limit; it shares the processor's cores with both.",
        cold=False,
    ),
    _chunks("zarr", "zarr", ZARR_LOOP, "zarr chunks (zstd)"),
    _chunks("zarr-sharded", "zarr, sharded", ZARR_LOOP, "zarr shards of 4 chunks (zstd)"),
    _chunks("hdf5", "HDF5", HDF5_LOOP, "HDF5 chunks (as they are)"),
    _chunks("hdf5-gzip", "HDF5, gzip", HDF5_LOOP, "HDF5 chunks (gzip 1)"),
)


def job_of(key: str) -> Job:
    """Return the job with this key."""
    return next(job for job in JOBS if job.key == key)
