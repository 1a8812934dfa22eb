"""Prints, as JSON, how much longer each of some training scripts takes inside an audit.

With and without by turns, in one process; each figure is the median of the pairs' ratios.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

ROUNDS = 7

Work = Callable[[], None]


def workloads() -> tuple[Work, ...]:
    import numpy as np
    import tensorflow as tf

    x = np.ones((8_000, 784), np.float32)
    y = np.ones((8_000, 1), np.float32)

    def model() -> Any:  # TensorFlow has no types
        made = tf.keras.Sequential(
            [
                tf.keras.Input((784,)),
                tf.keras.layers.Dense(64, activation="relu"),
                tf.keras.layers.Dense(1),
            ]
        )
        made.compile(optimizer="sgd", loss="mse")
        return made

    fitted, generated, eager = model(), model(), model()
    optimizer = tf.keras.optimizers.SGD()

    def batches() -> Iterator[tuple[npt.NDArray[np.float32], ...]]:
        for start in range(0, 4_800, 32):
            yield x[start : start + 32], y[start : start + 32]

    def in_memory_fit() -> None:
        fitted.fit(x, y, batch_size=32, verbose=0)

    def generator_fit() -> None:
        generated.fit(batches(), verbose=0)

    def eager_loop() -> None:
        # The worst there is: each operation by itself, and each batch an array.
        for start in range(0, 1_600, 32):
            with tf.GradientTape() as tape:
                guess = eager(x[start : start + 32])
                loss = tf.reduce_mean(tf.square(guess - y[start : start + 32]))
            found = tape.gradient(loss, eager.trainable_variables)
            optimizer.apply_gradients(zip(found, eager.trainable_variables, strict=True))

    return in_memory_fit, generator_fit, eager_loop


@dataclass(frozen=True)
class Cost:
    """Seconds by the wall clock, and of the processor, which others on the machine stretch less."""

    wall: float
    processor: float


def cost(work: Work, block: AbstractContextManager[object]) -> Cost:
    wall, processor = time.perf_counter(), time.process_time()
    with block:
        work()
    return Cost(time.perf_counter() - wall, time.process_time() - processor)


def main() -> None:
    import samebytes as sb

    facts = {}
    for work in workloads():
        work()
        pairs = []
        for turn in range(ROUNDS):
            # Who goes first changes, or one would always find what the other left.
            if turn % 2:
                without = cost(work, contextlib.nullcontext())
                within = cost(work, sb.audit())
            else:
                within = cost(work, sb.audit())
                without = cost(work, contextlib.nullcontext())
            pairs.append((without, within))
        facts[work.__name__] = {
            "wall": statistics.median(b.wall / a.wall for a, b in pairs),
            "processor": statistics.median(b.processor / a.processor for a, b in pairs),
            "seconds": statistics.median(a.wall for a, _ in pairs),
        }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
