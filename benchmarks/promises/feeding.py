"""What feeding must reach: random crops from a mapped file, beside tf.data and memset.

Random 256x256 crop of 512x512x3 uint8, shuffled, to float32 / 255, batch 32. Run as
``python -m benchmarks.promises.feeding``; exits with 1 when a figure is missed. The contenders run
in turn within one process, some epochs each a round; medians over the rounds.
"""

from __future__ import annotations

import ctypes
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

import samebytes as sb
from benchmarks.promises.figures import Figure, print_figures
from samebytes.memory.cores import available_cores

IMAGES, SIZE, CROP, BATCH = 1000, 512, 256, 32
ROUNDS = 5
# An epoch of 31 batches lasts 40 ms, and starting a tf.data iterator 10 to 30: rounds of several
# epochs show the pace, for every contender alike.
EPOCHS = 15


def write_images(folder: str) -> Path:
    """Write the source once, so that it is mapped and in the page cache."""
    path = Path(folder, "images.npy")
    file = np.lib.format.open_memmap(path, "w+", np.uint8, (IMAGES, SIZE, SIZE, 3))
    numbers = np.random.default_rng(0)
    for row in file:
        row[...] = numbers.integers(0, 256, row.shape, np.uint8)
    file.flush()
    return path


def memset_epochs() -> Callable[[], int]:
    """Return the limit: the same bytes, written by as many threads and nothing else."""
    buffers = [sb.zeros((BATCH, CROP, CROP, 3), "float32") for _ in range(5)]
    threads = available_cores()

    def write(part: int) -> None:
        for number in range(EPOCHS * (IMAGES // BATCH)):
            rows = BATCH // threads
            # The C function: ndarray.fill writes with a plain loop, at half its speed.
            place = buffers[number % 5][part * rows :]
            ctypes.memset(place.ctypes.data, 1, rows * place.strides[0])

    def epoch() -> int:
        workers = [threading.Thread(target=write, args=(part,)) for part in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return EPOCHS * (IMAGES // BATCH) * BATCH

    return epoch


def tf_data(images: np.ndarray) -> Callable[[], int]:
    """Return tf.data as its guides write it, all in one map; `benchmarks.peers` has its best."""

    def crop(image: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.image.random_crop(image, (CROP, CROP, 3)), tf.float32) * (1 / 255)

    dataset = (
        tf.data.Dataset.from_tensor_slices(images)
        .shuffle(IMAGES)
        .map(crop, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(BATCH, drop_remainder=True)
        .repeat(EPOCHS)
        .prefetch(tf.data.AUTOTUNE)
    )
    return lambda: consume(iter(dataset))


def article(images: np.ndarray) -> Callable[[], int]:
    """Return the article's own generator, its memoryview replaced by slicing."""

    def generate() -> Iterator[np.ndarray]:
        for index in np.random.permutation(IMAGES):  # noqa: NPY002 (as the article has it)
            top, left = np.random.randint(0, SIZE - CROP, 2)  # noqa: NPY002
            crop = images[index, top : top + CROP, left : left + CROP]
            yield crop.astype(np.float32) / 255.0

    signature = tf.TensorSpec((CROP, CROP, 3), tf.float32)
    dataset = tf.data.Dataset.from_generator(generate, output_signature=signature)
    batches = dataset.batch(BATCH, drop_remainder=True).prefetch(tf.data.AUTOTUNE)  # one epoch
    return lambda: consume(iter(batches))


ended: list[Iterator[object]] = []
"""Iterators that are through: tf.data's own may take long to die, which is not its pace."""


def consume(batches: Iterator[object]) -> int:
    """Take every batch and return the number of images."""
    count = 0
    for batch in batches:
        count += batch.shape[0]  # type: ignore[attr-defined]
    ended.append(batches)
    return count


def check_batches(batches: list[np.ndarray]) -> None:
    """Hold shape, dtype, range and freshness, or a fast contender could be an empty one."""
    for batch in batches:
        assert batch.shape == (BATCH, CROP, CROP, 3)
        assert batch.dtype == np.float32
        assert 0 <= float(batch.min()) < 0.1 < 0.9 < float(batch.max()) <= 1
    assert not np.array_equal(batches[0], batches[1])


def headline(path: Path) -> list[Figure]:
    mapped = sb.open(path)
    ds = (
        sb.Dataset.from_tensor_slices(mapped)
        .shuffle(seed=0)
        .map(sb.RandomCrop(CROP, CROP))
        .map(sb.Rescaling(1 / 255))
        .batch(BATCH, drop_remainder=True)
        .repeat(EPOCHS)
    )
    tensors, feed = ds.with_format("tensorflow"), ds.to_tf()
    chain = sb.ZeroCopyDataset(mapped, crop_size=(CROP, CROP)).shuffle(IMAGES)
    chain = chain.batch(BATCH, drop_remainder=True).repeat(EPOCHS).prefetch(tf.data.AUTOTUNE)
    contenders: dict[str, Callable[[], int]] = {
        "memset": memset_epochs(),
        "samebytes, NumPy": lambda: consume(ds.iterate()),
        "samebytes, tensors": lambda: consume(tensors.iterate()),
        "samebytes, to_tf()": lambda: consume(iter(feed)),
        "samebytes, ZeroCopyDataset": lambda: consume(iter(chain)),
        "tf.data": tf_data(np.asarray(mapped)),
        "the article's generator": article(np.asarray(mapped)),
    }
    check_batches([np.array(batch) for batch in ds.take(2)])
    check_batches([np.array(batch) for batch in feed.take(2)])
    check_batches([np.array(batch) for batch in chain.take(2)])
    epoch_images = IMAGES // BATCH * BATCH
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    processor: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(ROUNDS + 1):
        for name, epoch in contenders.items():
            wall, cpu = time.perf_counter(), time.process_time()
            images = epoch()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            ended.clear()
            assert images in {epoch_images, EPOCHS * epoch_images}, name
            if number:  # the first round compiles, traces and touches pages
                rates[name].append(images / wall)
                processor[name].append(cpu / images * 1e6)
    rate = {name: statistics.median(values) for name, values in rates.items()}
    cost = {name: statistics.median(values) for name, values in processor.items()}
    for name in contenders:
        low, high = min(rates[name]), max(rates[name])
        print(
            f"  {name:<28} {rate[name]:>8,.0f} images/s ({low:,.0f} to {high:,.0f}), "
            f"{cost[name]:,.0f} µs of processor an image"
        )
    best = max(rate["samebytes, NumPy"], rate["samebytes, tensors"])

    def times(what: str, name: str, other: str, bound: float) -> Figure:
        return Figure(what, rate[name] / rate[other], bound, at_least=True)

    return [
        times("tensors: times tf.data", "samebytes, tensors", "tf.data", 6),
        Figure("  share of memset", best / rate["memset"], 0.85, at_least=True),
        times("to_tf(): times tf.data", "samebytes, to_tf()", "tf.data", 4),
        times(
            "ZeroCopyDataset: times the article's generator",
            "samebytes, ZeroCopyDataset",
            "the article's generator",
            15,
        ),
        Figure(
            "processor time an image against tf.data's",
            cost["samebytes, tensors"] / cost["tf.data"],
            0.25,
        ),
    ]


def memory(path: Path) -> list[Figure]:
    prefetch = 2
    ds = (
        sb.Dataset.from_tensor_slices(sb.open(path))
        .shuffle(seed=0)
        .map(sb.RandomCrop(CROP, CROP))
        .map(sb.Rescaling(1 / 255))
        .batch(BATCH)
        .repeat(3)
        .prefetch(prefetch)
    )
    iterator = ds.iterate()
    for _ in iterator:
        pass
    blocks = iterator.stats().blocks
    bound = available_cores() + prefetch + 3
    return [Figure("batches of memory, threads + prefetch + 3 at most", blocks, bound)]


def huge_batch(path: Path) -> list[Figure]:
    mapped = sb.open(path)
    source = np.broadcast_to(mapped[:1], (5500, *mapped.shape[1:]))
    ds = (
        sb.Dataset.from_tensor_slices(source)
        .map(sb.RandomCrop(CROP, CROP))
        .map(sb.Rescaling(1 / 255))
        .batch(5500)
        .prefetch(0)
    )
    wall, cpu = time.perf_counter(), time.process_time()
    with ds.iterate() as iterator:
        batch = next(iterator)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        blocks = iterator.stats().blocks
    assert batch.shape == (5500, CROP, CROP, 3)
    return [
        Figure(
            f"a batch of {batch.nbytes / 1e9:.1f} GB: cores it keeps busy",
            cpu / wall,
            0.8 * available_cores(),
            at_least=True,
        ),
        Figure("  blocks it takes", blocks, 1),
    ]


def constant_cost() -> list[Figure]:
    def seconds(samples: int) -> float:
        source = np.broadcast_to(np.zeros((1, 32, 32, 3), np.uint8), (samples, 32, 32, 3))
        ds = sb.Dataset.from_tensor_slices(source).shuffle(seed=1).map(sb.Rescaling(1 / 255))
        start = time.perf_counter()
        # Batches that end there: what is made ahead of a longer run is thrown away, and no cost.
        for _ in ds.batch(32).take(30).iterate():
            pass
        return time.perf_counter() - start

    few, many = [], []
    seconds(1000)
    for _ in range(9):
        few.append(seconds(1000))
        many.append(seconds(10**9))
    ratio = statistics.median(many) / statistics.median(few)
    return [Figure("30 batches of 10^9 samples against 10^3", ratio, 1.5)]


SECOND_PROCESS = """
import json, sys, time
import numpy as np, tensorflow as tf
import samebytes as sb, samebytes.engine.iterator
path = sys.argv[1]
start = time.perf_counter()
ds = sb.Dataset.from_tensor_slices(sb.open(path)).shuffle(seed=0)
ds = ds.map(sb.RandomCrop(256, 256)).map(sb.Rescaling(1 / 255)).batch(32)
with ds.with_format("tensorflow").iterate() as iterator:
    batch = next(iterator)
print(json.dumps(time.perf_counter() - start))
"""


def second_process(path: Path) -> list[Figure]:
    seconds = []
    for _ in range(5):
        child = subprocess.run(
            [sys.executable, "-c", SECOND_PROCESS, str(path)],
            check=True,
            capture_output=True,
            text=True,
        )
        seconds.append(json.loads(child.stdout))
    return [Figure("first batch of a second process, s", statistics.median(seconds), 0.3)]


def main() -> int:
    print(f"TensorFlow {tf.__version__}, NumPy {np.__version__}, {available_cores()} cores")
    with tempfile.TemporaryDirectory() as folder:
        path = write_images(folder)
        print(f"{CROP}x{CROP} crops of {IMAGES} images, batch {BATCH}, {ROUNDS} rounds in turn")
        reached = [
            print_figures("Speed", headline(path)),
            print_figures("Memory", memory(path)),
            print_figures("One huge batch", huge_batch(path)),
            print_figures("Cost a sample", constant_cost()),
            print_figures("Start", second_process(path)),
        ]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
