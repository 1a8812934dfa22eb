"""What windows and tokens must reach, beside Keras' windows, tf.data and nanoGPT's sampler.

Windows of 168 steps of 16 float32 features from 400,000 rows with their targets, batch 256,
shuffled; and 64 x 1024 tokens of a uint16 file as x and y of int64. Run as
``python -m benchmarks.promises.series``; exits with 1 when a figure is missed. The contenders run
in turn within one process; medians over the rounds.
"""

from __future__ import annotations

import ctypes
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

import samebytes as sb
from benchmarks.promises.figures import Figure, print_figures
from samebytes.measure.memory import anonymous_bytes
from samebytes.memory.cores import available_cores

ROWS, FEATURES, LENGTH, BATCH = 400_000, 16, 168, 256
TOKENS, CONTEXT, SEQUENCES = 20_000_000, 1024, 64
ROUNDS = 5
SECONDS = 1.0
"""How long a contender runs in a round, about: enough for its start not to count."""

Contender = Callable[[], Iterator[Any]]


def rates(contenders: dict[str, Contender], unit: str, each: int) -> dict[str, float]:
    """Return the median of elements a second for each, all in turn; and print them.

    `each` are in a batch. The loop does not ask the batches: ``x.shape`` of a tensor costs up to a
    tenth of making it. (Of Keras' function, and of ours in its place, the last batch of an epoch is
    smaller: one in 1,562, in favour of both.)
    """
    measured: dict[str, list[float]] = {name: [] for name in contenders}
    cost: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(ROUNDS + 1):
        for name, start in contenders.items():
            wall, cpu, count = time.perf_counter(), time.process_time(), 0
            while time.perf_counter() - wall < SECONDS:
                for batch in start():
                    count += each
                    if time.perf_counter() - wall > SECONDS:
                        x, y = batch
                        assert x.shape[0] == y.shape[0] > 0
                        break
            if number:  # the first round compiles, traces and touches pages
                measured[name].append(count / (time.perf_counter() - wall))
                cost[name].append((time.process_time() - cpu) / count * 1e6)
    for name, several in measured.items():
        print(
            f"  {name:<44} {statistics.median(several):>13,.0f} {unit}/s "
            f"({min(several):,.0f} to {max(several):,.0f}), "
            f"{statistics.median(cost[name]):.3g} CPU µs each"
        )
    return {name: statistics.median(several) for name, several in measured.items()}


# Windows ----------------------------------------------------------------------------------


def memset_windows() -> Contender:
    """Return the limit on one thread: the bytes of a batch and nothing else."""
    buffers = [sb.zeros((BATCH, LENGTH, FEATURES), "float32") for _ in range(5)]
    target = np.zeros(BATCH)

    def run() -> Iterator[Any]:
        for number in range(1000):
            buffer = buffers[number % 5]
            ctypes.memset(buffer.ctypes.data, 1, buffer.nbytes)
            yield buffers[number % 5], target

    return run


def windows(series: np.ndarray) -> list[Figure]:
    inputs, targets = series[:-LENGTH], series[LENGTH:, 0]
    ds = (
        sb.Dataset.from_tensor_slices(series)
        .window(LENGTH, horizon=1, columns=0)
        .shuffle(seed=0)
        .batch(BATCH, drop_remainder=True)
    )
    named: dict[str, Any] = {"batch_size": BATCH, "shuffle": True, "seed": 0}
    theirs = keras.utils.timeseries_dataset_from_array(inputs, targets, LENGTH, **named)
    ours = sb.timeseries_dataset_from_array(inputs, targets, LENGTH, **named)
    tensors, feed = ds.with_format("tensorflow"), ds.to_tf()
    check_windows(series, ds, feed, ours, theirs)
    rate = rates(
        {
            "memset, one thread": memset_windows(),
            "samebytes, NumPy": lambda: iter(ds),
            "samebytes, tensors": lambda: iter(tensors),
            "samebytes, to_tf()": lambda: iter(feed),
            "samebytes, timeseries_dataset_from_array": lambda: iter(ours),
            "keras.utils.timeseries_dataset_from_array": lambda: iter(theirs),
        },
        "windows",
        BATCH,
    )
    keras_rate = rate["keras.utils.timeseries_dataset_from_array"]

    def times(what: str, name: str, bound: float) -> Figure:
        return Figure(what, rate[name] / keras_rate, bound, at_least=True)

    return [
        times("windows as tensors: times Keras'", "samebytes, tensors", 80),
        times("  as a tf.data.Dataset", "samebytes, to_tf()", 25),
        times("  one import changed", "samebytes, timeseries_dataset_from_array", 25),
    ]


def check_windows(series: np.ndarray, *datasets: Any) -> None:
    """Hold values, dtype and freshness: each window is one of the series, with its target."""
    order = np.argsort(series[:, 1], kind="stable")
    for dataset in datasets:
        seen = []
        for x, y in dataset.take(2):
            x, y = np.array(x), np.array(y)
            assert x.shape == (BATCH, LENGTH, FEATURES)
            assert x.dtype == np.float32
            starts = order[np.searchsorted(series[order, 1], x[:, 0, 1])]
            for window, target, start in zip(x, y, starts, strict=True):
                np.testing.assert_array_equal(window, series[start : start + LENGTH])
                assert target == series[start + LENGTH, 0]
            seen.append(starts)
        one, other = seen
        assert len(np.intersect1d(one, other)) < BATCH // 4


# Tokens -----------------------------------------------------------------------------------


def get_batch(tokens: np.ndarray) -> Contender:
    """Return nanoGPT's sampler, its torch.from_numpy a tf.constant."""

    def batches() -> Iterator[Any]:
        while True:
            ix = np.random.randint(len(tokens) - CONTEXT, size=SEQUENCES)  # noqa: NPY002
            x = np.stack([tokens[i : i + CONTEXT].astype(np.int64) for i in ix])
            y = np.stack([tokens[i + 1 : i + 1 + CONTEXT].astype(np.int64) for i in ix])
            yield tf.constant(x), tf.constant(y)

    return batches


def tf_data_tokens(tokens: np.ndarray, epochs: int = 1) -> Contender:
    """Return tf.data slicing one tensor in a map; `benchmarks.peers` has it at its best."""
    shared = sb.as_tensor(sb.aligned(tokens))

    def pair(start: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        piece = tf.cast(shared[start : start + CONTEXT + 1], tf.int64)
        return piece[:-1], piece[1:]

    count = (len(tokens) - 1) // CONTEXT
    dataset = (
        tf.data.Dataset.range(0, count * CONTEXT, CONTEXT)
        .shuffle(count)
        .repeat(epochs)
        .map(pair, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(SEQUENCES, drop_remainder=True)
        .prefetch(tf.data.AUTOTUNE)
    )
    return lambda: iter(dataset)


def tokens(path: Path) -> list[Figure]:
    mapped = np.memmap(path, np.uint16, "r")
    samples = sb.TokenDataset(path, CONTEXT, seed=0)
    ds = samples.batch(SEQUENCES, drop_remainder=True)
    tensors, feed = ds.with_format("tensorflow"), ds.to_tf()
    # Token people count steps: get_batch knows no epochs, so neither do those beside it.
    endless = samples.repeat().batch(SEQUENCES).with_format("tensorflow")
    check_tokens(mapped, ds, feed, endless, get_batch(mapped)(), tf_data_tokens(mapped)())
    rate = rates(
        {
            "samebytes, NumPy": lambda: iter(ds),
            "samebytes, tensors": lambda: iter(endless),
            "  in epochs, tensors": lambda: iter(tensors),
            "samebytes, to_tf()": lambda: iter(feed),
            "nanoGPT's get_batch": get_batch(mapped),
            "tf.data": tf_data_tokens(mapped, epochs=-1),
            "  in epochs, tf.data": tf_data_tokens(mapped),
        },
        "tokens",
        SEQUENCES * CONTEXT,
    )
    ours = rate["samebytes, tensors"]
    in_epochs = rate["  in epochs, tensors"] / rate["  in epochs, tf.data"]
    print(f"  in epochs of {TOKENS:,} tokens, each begun anew: {in_epochs:.3g} times tf.data")
    return [
        Figure("tokens: times get_batch", ours / rate["nanoGPT's get_batch"], 10, at_least=True),
        Figure("  times tf.data", ours / rate["tf.data"], 30, at_least=True),
    ]


def check_tokens(mapped: np.ndarray, *datasets: Any) -> None:
    for dataset in datasets:
        x, y = (np.array(part) for part in next(iter(dataset)))
        assert x.shape == y.shape == (SEQUENCES, CONTEXT)
        assert x.dtype == y.dtype == np.int64
        np.testing.assert_array_equal(x[:, 1:], y[:, :-1])
        assert 0 <= x.min() < 100
        assert 50_000 < x.max() < 50_257
        for row in x[:3]:
            starts = np.flatnonzero(mapped[:-CONTEXT] == row[0])
            assert any((mapped[start : start + CONTEXT] == row).all() for start in starts)


# Memory -----------------------------------------------------------------------------------


def memory(folder: str) -> list[Figure]:
    """Windows over a sparse mapped file of 20 GB: only batches in flight are held."""
    path = Path(folder, "sparse.npy")
    rows = 20 * 10**9 // (FEATURES * 4)
    np.lib.format.open_memmap(path, "w+", np.float32, (rows, FEATURES)).flush()
    ds = sb.Dataset.from_tensor_slices(sb.open(path)).window(LENGTH, horizon=1).shuffle(seed=0)
    # Warm, so that neither compiled code nor tables of the interpreter count.
    for _ in ds.batch(BATCH).take(20):
        pass
    before, most = anonymous_bytes() or 0, 0
    iterator = ds.batch(BATCH).take(400).iterate()
    for number, _ in enumerate(iterator):
        if number % 20 == 0:
            most = max(most, (anonymous_bytes() or 0) - before)
    held, batch = iterator.stats().pool_bytes, BATCH * (LENGTH + 1) * FEATURES * 4
    print(f"  blocks {held / 1e6:.1f} MB, {held / batch:.1f} batches; grown by {most / 1e6:.1f} MB")
    return [
        Figure("20 GB of series: memory beside the file, in blocks of batches", most / held, 1.1),
        Figure(
            "  blocks of a component, threads + prefetch + 3 at most",
            iterator.stats().blocks / 2,
            7,
        ),
    ]


def main() -> int:
    print(f"TensorFlow {tf.__version__}, NumPy {np.__version__}, {available_cores()} cores")
    numbers = np.random.default_rng(0)
    series = numbers.random((ROWS, FEATURES), np.float32)
    series[:, 1] = np.arange(ROWS)  # which tells the windows apart
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "train.bin")
        numbers.integers(0, 50_257, TOKENS).astype(np.uint16).tofile(path)
        print(f"{LENGTH} x {FEATURES} windows of {ROWS:,} rows, {SEQUENCES} x {CONTEXT} tokens")
        reached = [
            print_figures("Windows", windows(series)),
            print_figures("Tokens", tokens(path)),
            print_figures("Memory", memory(folder)),
        ]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
