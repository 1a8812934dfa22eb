"""A ``ray.data.Dataset`` whose read tasks run the engine over ranges of positions, on any node.

A task is told which batches are its own, and works out all else from the plan: no sample travels
before it is in a batch. A mapped file travels as its path; an array in memory once, through Ray's
object store, where all tasks of a node read the same bytes.
"""

from __future__ import annotations

import functools
import inspect
import os
import weakref
from collections.abc import Iterator as Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from samebytes.engine.iterator import Iterator
from samebytes.engine.pipeline import Pipeline
from samebytes.engine.schedule import position_of
from samebytes.errors import Unconvertible
from samebytes.plan import arguments, samplers
from samebytes.plan.element_spec import element_spec
from samebytes.plan.plan import Plan
from samebytes.plan.tree import flatten
from samebytes.share.frameworks import import_ray_data
from samebytes.share.strings import is_string

__all__ = ["to_ray"]

BLOCK_BYTES = 8 << 20
"""Single samples are put into blocks of up to this much."""

TASKS_PER_CORE = 4
"""Read tasks for each core of the cluster, so that all end at about the same time."""

COLUMN = "data"
"""The column of a component that has no name, as ``ray.data.from_numpy`` has it."""


@dataclass(frozen=True)
class _Range:
    """What a read task makes: the batches from `begin` to `end` of an epoch."""

    reference: Any
    epoch: int
    begin: int
    end: int
    threads: int

    def __call__(self) -> Iterable[Any]:
        """Yield each batch as a block of Arrow on the pooled bytes; Ray copies it to its store."""
        from ray.data.block import BlockAccessor

        pipeline = _pipeline_of(self.reference, self.threads)
        columns = _columns_of(pipeline.plan)
        plan = pipeline.plan
        ended = replace(plan, batches=samplers.Take(_batches_of(plan), self.end))
        elements = Iterator(
            Pipeline(ended, pipeline.options), self.epoch, position_of(ended, self.begin)
        )
        with elements:
            for element in elements:
                leaves, _ = flatten(element)
                yield BlockAccessor.batch_to_block(dict(zip(columns, leaves, strict=True)))


_pipelines: dict[Any, Pipeline] = {}


def _pipeline_of(reference: Any, threads: int) -> Pipeline:
    """Return the pipeline behind a reference; kept, with its pools, for a worker's next task."""
    key = reference, threads
    found = _pipelines.get(key)
    if found is None:
        import ray

        dataset = ray.get(reference)
        options = {"format": "numpy", "threads": dataset.options.threads or threads}
        _pipelines.clear()
        found = _pipelines[key] = dataset.pipeline.with_options(**options)
    return found


_references: weakref.WeakKeyDictionary[Any, tuple[str, Any]] = weakref.WeakKeyDictionary()


def _reference_to(dataset: Any) -> Any:
    """Return a dataset in Ray's object store, where it lies once for all its epochs."""
    import ray

    session = ray.get_runtime_context().get_job_id()
    found = _references.get(dataset)
    if found is None or found[0] != session:
        found = _references[dataset] = session, ray.put(dataset)
    return found[1]


_blocked: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


def _in_blocks(dataset: Any, size: int) -> Any:
    """Return a dataset of single samples as batches; the same one each time."""
    found = _blocked.get(dataset)
    if found is None:
        found = _blocked[dataset] = dataset.batch(size)
    return found


def _batches_of(plan: Plan) -> samplers.Sampler:
    if plan.batches is None:
        message = "a plan without batches has no blocks"
        raise ValueError(message)
    return plan.batches


def _columns_of(plan: Plan) -> list[str]:
    names = flatten(element_spec(plan))[1].names
    return [COLUMN] if len(names) == 1 and not names[0].isidentifier() else list(names)


@functools.cache
def _source_class() -> Any:
    import_ray_data()
    from ray.data.block import BlockMetadata
    from ray.data.datasource import Datasource, ReadTask

    class SamebytesSource(Datasource):  # type: ignore[misc]
        """Batches of one epoch of a samebytes dataset."""

        def __init__(self, dataset: Any, epoch: int, threads: int) -> None:
            super().__init__()
            self._reference = _reference_to(dataset)
            self._epoch = epoch
            self._threads = threads
            plan = dataset.pipeline.plan
            self._length = plan.length
            self._size = plan.batch_size
            self._samples = plan.samples.length
            self._bytes = _batch_bytes(plan)

        def get_name(self) -> str:
            return "samebytes"

        def estimate_inmemory_data_size(self) -> int:
            """Return how many bytes all batches have."""
            return int(self._length * self._bytes)

        def get_read_tasks(
            self, parallelism: int, per_task_row_limit: int | None = None, **_: Any
        ) -> list[Any]:
            """Return tasks that make ranges of batches, side by side and about equally long."""
            count = max(min(parallelism, self._length), 1)
            cuts = [self._length * place // count for place in range(count + 1)]
            tasks = []
            for begin, end in pairwise(cuts):
                if begin == end:
                    continue
                metadata = BlockMetadata(
                    num_rows=None,
                    size_bytes=(end - begin) * self._bytes,
                    input_files=None,
                    exec_stats=None,
                )
                made = _Range(self._reference, self._epoch, begin, end, self._threads)
                tasks.append(ReadTask(made, metadata, per_task_row_limit=per_task_row_limit))
            return tasks

    return SamebytesSource


def _batch_bytes(plan: Plan) -> int:
    specs = flatten(element_spec(plan))[0]
    sizes = [(spec.shape[1:], spec.dtype.itemsize) for spec in specs]
    sample = sum(int(np.prod([n or 1 for n in shape])) * size for shape, size in sizes)
    nbytes: int = max(sample, 1) * (plan.batch_size or 1)
    return nbytes


def _has_column(dtype: np.dtype[Any]) -> bool:
    return is_string(dtype) or (dtype.kind in "biuf" and dtype.itemsize <= 8)


def _check(plan: Plan) -> None:
    """Refuse what Arrow has no column for.

    Raises
    ------
    Unconvertible
        For the first component of another package's dtype, complex numbers, records or dates.
    """
    leaves, structure = flatten(element_spec(plan))
    for name, spec in zip(structure.names, leaves, strict=True):
        if spec.dtype.type.__module__ == "numpy" and _has_column(spec.dtype):
            continue
        instead = "sb.Cast('float32')" if spec.dtype.name == "bfloat16" else "its bits or parts"
        message = (
            f"component {name} of {spec.dtype.name} cannot become a column of Ray: Arrow's tensors "
            f"have integers, booleans and floats of up to 64 bits. Pass instead: {instead}"
        )
        raise Unconvertible(message)


def to_ray(
    dataset: Any,
    *,
    epoch: int | None = None,
    num_cpus: int = 1,
    override_num_blocks: int | None = None,
    **options: Any,
) -> Any:
    """Return a ``ray.data.Dataset`` of one epoch of a dataset, made by tasks on any node.

    Its rows are samples, its columns the components, by name; its blocks are the batches, in the
    dataset's order, the same bytes as here. With ``batch_size=None``, ``iter_batches`` and
    ``iter_torch_batches`` give the batches as they were made; ``ray.train`` takes it as any other.
    Every node must see mapped files under the same path. An array in memory is copied once into
    Ray's object store, and so is each batch.

    Parameters
    ----------
    dataset : Dataset
        Of batches; single samples are put together here, by their size.
    epoch : int, optional
        Which epoch, by default the next one; iterating it again gives the same epoch again.
    num_cpus : int
        Cores that a read task takes, and threads that it has.
    override_num_blocks : int, optional
        How many read tasks, by default four for each core of the cluster.
    **options
        Others of ``ray.data.read_datasource``, such as ``concurrency``.

    Raises
    ------
    MissingPackage
        If Ray is not installed.
    ValueError
        If the dataset is endless.
    Unconvertible
        If Arrow has no column for a component's dtype.
    """
    data = import_ray_data()
    import ray

    plan = dataset.pipeline.plan
    if plan.length is None:
        message = (
            "to_ray() makes one epoch, and this dataset is endless: leave out repeat(), and call "
            "to_ray() for each epoch"
        )
        raise ValueError(message)
    _check(plan)
    number = dataset.next_epoch() if epoch is None else arguments.as_epoch(epoch, "to_ray(epoch=")
    if plan.batch_size is None:
        dataset = _in_blocks(dataset, max(BLOCK_BYTES // _batch_bytes(plan), 1))
    cores = arguments.whole_number(num_cpus, "to_ray(num_cpus=", least=1)
    source = _source_class()(dataset, number, cores)
    there = int(ray.cluster_resources().get("CPU", os.cpu_count() or 1))
    tasks = override_num_blocks or max(there // cores, 1) * TASKS_PER_CORE
    found = data.read_datasource(
        source,
        # Of more tasks than batches, Ray would split the batches.
        override_num_blocks=max(min(tasks, dataset.pipeline.plan.length), 1),
        **_remote_options(data, cores),
        **options,
    )
    # Of this dataset alone: blocks in their order, and as they were made.
    found.context.execution_options.preserve_order = True
    found.context.target_max_block_size = _batch_bytes(dataset.pipeline.plan)
    return found


def _remote_options(data: Any, cores: int) -> dict[str, Any]:
    """Return how this version of Ray is told how many cores a task takes."""
    if "num_cpus" in inspect.signature(data.read_datasource).parameters:
        return {"num_cpus": cores}
    return {"ray_remote_args": {"num_cpus": cores}}
