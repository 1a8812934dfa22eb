"""A dataset under one of TensorFlow's strategies: each replica of each worker gets its own part.

A strategy that is given a plain ``tf.data.Dataset`` cuts its batches apart once more, on every
worker, whatever part of the data the worker has. ``distribute_datasets_from_function`` leaves them
alone: every worker makes its own dataset, whose elements go to its replicas in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from samebytes.engine.epoch_counter import EpochCounter
from samebytes.engine.pipeline import Pipeline
from samebytes.engine.schedule import counted_in
from samebytes.plan.plan import Plan
from samebytes.plan.rank_slice import RankSlice
from samebytes.plan.replicas import per_replica
from samebytes.share.autograph import plain_python

__all__ = ["distributed_dataset"]


def distributed_dataset(
    pipeline: Pipeline,
    epochs: EpochCounter,
    strategy: Any,
    to_tf: Callable[[Pipeline, EpochCounter], Any],
) -> Any:
    """Return a ``tf.distribute.DistributedDataset`` of a pipeline; copies nothing itself.

    Each of its elements is a batch of the dataset, cut among the replicas of this process. `to_tf`
    makes the ``tf.data.Dataset`` of a worker.

    Raises
    ------
    TypeError
        If `strategy` is no strategy of TensorFlow's.
    ValueError
        If there are other workers and the dataset is not distributed among so many, or its batches
        cannot be cut evenly among the replicas, or begin at a saved position that counts them.
    """
    distribute: Callable[..., Any] | None = getattr(
        strategy, "distribute_datasets_from_function", None
    )
    if distribute is None:
        message = (
            f"to_tf(strategy={strategy!r}): expected a strategy of tf.distribute, such as "
            "MirroredStrategy() or MultiWorkerMirroredStrategy()"
        )
        raise TypeError(message)
    replicas = 1

    @plain_python
    def dataset_of(context: Any) -> Any:
        nonlocal replicas
        _check_worker(pipeline.plan, context)
        replicas = context.num_replicas_in_sync // context.num_input_pipelines
        if replicas > 1 and epochs.resumes and counted_in(pipeline.plan) == "batches":
            message = (
                "a saved position that counts batches cannot begin among the parts of batches that "
                f"{replicas} replicas get: leave out take, skip, shard, shuffle and repeat behind "
                "batch(), so that it counts samples"
            )
            raise ValueError(message)
        plan = per_replica(pipeline.plan, replicas)
        ahead = replace(pipeline.options, prefetch=pipeline.options.prefetch * replicas)
        return to_tf(Pipeline(plan, ahead), epochs)

    found = distribute(dataset_of)
    if replicas > 1 and getattr(found, "_cardinality", -1) > 0:
        # TensorFlow tells those of one dataset, of which a step takes one for each replica; Keras
        # would wait for so many steps.
        found._cardinality //= replicas  # noqa: SLF001
    return found


def _check_worker(plan: Plan, context: Any) -> None:
    """Refuse a dataset that has not this worker's part of every batch."""
    workers, worker = context.num_input_pipelines, context.input_pipeline_id
    mine = plan.samples
    count, index = (mine.num_workers, mine.index) if isinstance(mine, RankSlice) else (1, 0)
    if (count, index) == (workers, worker):
        return
    is_part = f"process {index} of {count}" if isinstance(mine, RankSlice) else "not distributed"
    message = (
        f"the strategy says that this is worker {worker} of {workers}, but the dataset is "
        f"{is_part}: all workers would train on the wrong samples. Expected "
        f"ds.batch(n).distribute({workers}, {worker}), or distribute(), which finds that out, with "
        "n being the samples of all workers together"
    )
    raise ValueError(message)
