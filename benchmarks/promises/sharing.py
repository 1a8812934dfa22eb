"""What sharing must reach: hand-overs, gathers, and unchanged TensorFlow and Keras code.

Run as ``python -m benchmarks.promises.sharing``; exits with 1 when a figure is missed. Ratios are
taken within one process, the contenders in turn, medians over the repeats.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

import samebytes as sb
from benchmarks.promises.figures import Figure, in_turn, measured, print_figures
from samebytes.measure.memory import available_bytes

MB = 1e6
HALF = 0.505  # one copy beside two; the kernel counts pages in batches, so within a percent


def plain(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Return an ordinary ndarray, as NumPy allocates it, every page touched."""
    array = np.empty(shape, dtype)
    array[...] = 1
    return array


def hand_over() -> list[Figure]:
    nbytes = min(4_000_000_000, (available_bytes() or 8 << 30) // 3)
    big = sb.empty(nbytes, "uint8")
    big[...] = 1
    sb.as_array(sb.as_tensor(sb.zeros(64, "uint8")))  # the doors are probed once a process
    (there_and_back,) = in_turn(
        9,
        (
            lambda: sb.as_array(sb.as_tensor(big, copy=False), copy=False),
            lambda back: back.ctypes.data == big.ctypes.data,
        ),
    )
    small = sb.zeros(1024, "float32")
    calls = 2000
    rounds = []
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(calls):
            tensor = sb.as_tensor(small)
        rounds.append((time.perf_counter() - start) / calls)
    assert sb.shares_memory(tensor, small)
    return [
        Figure(f"{nbytes / 1e9:.1f} GB to a tensor and back, ms", there_and_back.seconds * 1e3, 1),
        Figure("  its extra memory, MB", there_and_back.extra_bytes / MB, 8),
        Figure("a small hand-over, µs", statistics.median(rounds) * 1e6, 30),
    ]


def gathers() -> list[Figure]:
    images = plain((1000, 512, 512, 3), "uint8")
    matrix = plain((12_000, 12_000), "float32")
    return [
        *gather("256x256 crop of 786 MB uint8", images[:, 128:384, 128:384]),
        *gather("transposed 576 MB float32", matrix.T),
    ]


def gather(name: str, view: np.ndarray) -> list[Figure]:
    def right(tensor: tf.Tensor) -> bool:
        array = sb.as_array(tensor)
        return array.shape == view.shape and bool((array[-1] == view[-1]).all())

    ours, stock = in_turn(
        5,
        (lambda: sb.as_tensor(view), right),
        (lambda: tf.convert_to_tensor(np.ascontiguousarray(view)), right),
    )
    return [
        Figure(f"{name}: times as fast as stock", stock.seconds / ours.seconds, 2, at_least=True),
        Figure("  its peak memory against stock's", ours.extra_bytes / stock.extra_bytes, HALF),
    ]


def small_model(width: int) -> tf.keras.Model:
    model = tf.keras.Sequential([tf.keras.layers.Input((width,)), tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def unchanged_code() -> list[Figure]:
    rows, width = 200_000, 1000
    x = sb.empty((rows, width), "float32")
    x[...] = 0.01
    y = sb.zeros((rows, 1), "float32")
    ordinary, labels = plain((rows, width), "float32"), np.zeros((rows, 1), "float32")
    ordinary[...] = x

    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False

    def first_row(array: np.ndarray) -> tf.Tensor:
        return next(iter(tf.data.Dataset.from_tensor_slices(array).with_options(options)))

    first_row(sb.zeros((2, 64), "float32"))
    (mine,) = in_turn(5, (lambda: first_row(x), lambda row: sb.shares_memory(row, x)))
    stock_slices = measured(lambda: first_row(ordinary), lambda row: row.shape == (width,))

    small_model(width).fit(x[:64], y[:64], verbose=0)  # what only the first fit of a process does
    # Each repeat is a first epoch: of a new model, through a new dataset.
    fit, stock_fit = in_turn(
        3,
        (lambda: fit_once(width, x, y), np.isfinite),
        (lambda: fit_once(width, ordinary, labels), np.isfinite),
    )
    return [
        Figure("from_tensor_slices(x) and its first row, ms", mine.seconds * 1e3, 50),
        Figure("  its extra memory, MB", mine.extra_bytes / MB, 8),
        Figure("  (stock: seconds)", stock_slices.seconds, float("inf")),
        Figure("  (stock: MB)", stock_slices.extra_bytes / MB, float("inf")),
        Figure(
            "first fit epoch: times as fast as stock",
            stock_fit.seconds / fit.seconds,
            2,
            at_least=True,
        ),
        Figure("  its extra memory against stock's", fit.extra_bytes / stock_fit.extra_bytes, 0.15),
    ]


def first_calls() -> list[Figure]:
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "stock": []}
    for _ in range(3):  # in turn, each in a new process: a first call happens once
        for contender, kept in runs.items():
            command = [sys.executable, "-m", "benchmarks.promises.first_call", contender]
            child = subprocess.run(command, check=True, capture_output=True, text=True)
            kept.append(json.loads(child.stdout))

    def ratio(when: str) -> float:
        stock, ours = (
            statistics.median(run[when] for run in runs[name]) for name in ("stock", "ours")
        )
        return stock / ours

    return [
        Figure("model(x), first call: times as fast as stock", ratio("first"), 10, at_least=True),
        # Both read the 800 MB once; stock's copies are all that is left to save.
        Figure("  later calls", ratio("later"), 0, at_least=True),
    ]


def fit_once(width: int, x: np.ndarray, y: np.ndarray) -> float:
    history = small_model(width).fit(x, y, batch_size=4096, verbose=0)
    return float(history.history["loss"][0])


def main() -> int:
    print(f"TensorFlow {tf.__version__}, NumPy {np.__version__}, {os.cpu_count()} processors")
    reached = [
        print_figures("Hand-overs", hand_over()),
        print_figures(
            "Gathers (in turn with tf.convert_to_tensor(np.ascontiguousarray(x)))", gathers()
        ),
        print_figures(
            "Unchanged code on 800 MB of float32 (in turn with an ordinary array)", unchanged_code()
        ),
        print_figures("The first model(x) of a process (three pairs of processes)", first_calls()),
    ]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
