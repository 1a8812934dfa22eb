"""The first ``model(x)`` of a process, 800 MB of float32: what a script that runs once pays.

Run as ``python -m benchmarks.promises.first_call ours|stock``; prints the seconds of the first call
and the median of the later ones as JSON. A first call cannot be repeated in one process: TensorFlow
keeps the memory it grew by, and is faster the second time.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

import samebytes as sb

ROWS, WIDTH = 200_000, 1000


def main(contender: str) -> None:
    """Call a small Dense model on one kind of array and print the times."""
    model = tf.keras.Sequential([tf.keras.layers.Input((WIDTH,)), tf.keras.layers.Dense(1)])
    make = sb.empty if contender == "ours" else np.empty
    x = make((ROWS, WIDTH), "float32")
    x[...] = 0.01
    model(x[:32])  # builds the model and starts TensorFlow; the array itself is not handed over
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        result = model(x)
        seconds.append(time.perf_counter() - start)
        assert result.shape == (ROWS, 1)
    print(json.dumps({"first": seconds[0], "later": statistics.median(seconds[1:])}))


if __name__ == "__main__":
    main(sys.argv[1])
