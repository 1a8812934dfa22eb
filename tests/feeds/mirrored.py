"""Two replicas of one process: what each is given, and that Keras trains as on one."""

from __future__ import annotations

import itertools
import sys
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import samebytes as sb


def labels_of(strategy: Any, distributed: Any) -> list[list[int]]:
    """Return the labels of each batch, replica beside replica."""
    batches = []
    for _, labels, *_ in distributed:
        parts = [part.numpy().tolist() for part in strategy.experimental_local_results(labels)]
        assert len({len(part) for part in parts}) == 1
        batches.append(list(itertools.chain.from_iterable(parts)))
    return batches


def trained(strategy: Any, data: Any) -> list[float]:
    """Return the losses of a fit, and the weighted error that an evaluation finds."""
    keras.utils.set_random_seed(0)
    with strategy.scope():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.1), "mse", weighted_metrics=["mae"])
    history = model.fit(data, epochs=2, shuffle=False, verbose=0)
    _, error = model.evaluate(data, verbose=0)
    return [*history.history["loss"], error]


def main() -> None:
    """Compare them; everything that differs raises."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(52, 4)).astype("float32"), np.arange(52, dtype="float32") / 52
    ds = sb.Dataset.from_tensor_slices((x, labels)).shuffle(seed=1).batch(8)

    dropped = ds.distribute(1, 0)
    for whole in (dropped, dropped.repeat(2).shuffle(seed=3), dropped.take(3).repeat(2)):
        expected = [y.tolist() for _, y in whole.iterate(0)]
        found = whole.to_tf(strategy)
        assert isinstance(found, tf.distribute.DistributedDataset)
        assert int(found.cardinality) == len(whole) == len(expected)
        assert labels_of(strategy, found) == expected
    whole = sb.Dataset.from_tensor_slices((x, labels)).batch(8, drop_remainder=True)
    assert labels_of(strategy, whole.to_tf(strategy)) == [y.tolist() for _, y in whole.iterate(0)]

    # In the order of the source: Keras, under a strategy, looks at a batch before it begins, and
    # each look at a shuffled dataset is an epoch.
    plain = sb.Dataset.from_tensor_slices((x, labels)).batch(8).distribute(1, 0, remainder="pad")
    one = trained(tf.distribute.get_strategy(), plain.to_tf())
    two = trained(strategy, plain.to_tf(strategy))
    np.testing.assert_allclose(one, two, atol=1e-5)

    def refused(dataset: sb.Dataset) -> None:
        try:
            dataset.to_tf(strategy)
        except ValueError as failure:
            print(failure)
        else:
            sys.exit("nothing was refused")

    refused(ds)
    refused(ds.distribute(8, 0).map(sb.Rescaling(1.0)))
    refused(sb.Dataset.from_tensor_slices((x, labels)).batch(5).distribute(1, 0))
    refused(sb.Dataset.from_tensor_slices((x, labels)))


if __name__ == "__main__":
    main()
