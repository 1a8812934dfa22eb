"""Prints, as JSON, how much longer each of some training scripts takes inside an audit.

With and without by turns, in one process; the figure is the median of what each pair took.
Beside it stands that of the fastest rounds, which others on the machine disturb least.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import time

ROUNDS = 9


def workloads():
    import numpy as np
    import tensorflow as tf

    x = np.ones((8_000, 784), np.float32)
    y = np.ones((8_000, 1), np.float32)

    def model():
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

    def batches():
        for start in range(0, 4_800, 32):
            yield x[start : start + 32], y[start : start + 32]

    def in_memory_fit():
        fitted.fit(x, y, batch_size=32, verbose=0)

    def generator_fit():
        generated.fit(batches(), verbose=0)

    def eager_loop():
        # The worst there is: each operation by itself, and each batch an array.
        for start in range(0, 1_600, 32):
            with tf.GradientTape() as tape:
                guess = eager(x[start : start + 32])
                loss = tf.reduce_mean(tf.square(guess - y[start : start + 32]))
            found = tape.gradient(loss, eager.trainable_variables)
            optimizer.apply_gradients(zip(found, eager.trainable_variables, strict=True))

    return in_memory_fit, generator_fit, eager_loop


def seconds(work, block) -> float:
    start = time.perf_counter()
    with block:
        work()
    return time.perf_counter() - start


def main() -> None:
    import samebytes as sb

    facts = {}
    for work in workloads():
        work()
        pairs = []
        for turn in range(ROUNDS):
            # Who goes first changes, or one would always find what the other left.
            if turn % 2:
                without = seconds(work, contextlib.nullcontext())
                within = seconds(work, sb.audit())
            else:
                within = seconds(work, sb.audit())
                without = seconds(work, contextlib.nullcontext())
            pairs.append((without, within))
        facts[work.__name__] = {
            "ratio": statistics.median(within / without for without, within in pairs),
            "ratio_of_the_fastest": min(within for _, within in pairs)
            / min(without for without, _ in pairs),
            "without": statistics.median(without for without, _ in pairs),
            "within": statistics.median(within for _, within in pairs),
        }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
