"""A real ``tf.data.Dataset`` on the engine's bytes: known cardinality, static shapes, no copy.

Each iteration TensorFlow begins is an epoch of its own, and runs three functions of ours: one
that begins it, one that fetches the next arrays, one that ends it, also when it was abandoned.
``from_generator`` is built on the same op. Used directly the op costs half as much to start, and
``numpy_function`` hands aligned arrays over as they are in every TensorFlow version, where
``from_generator`` copies them in 2.18.

A call into Python costs as much as filling a megabyte, so small batches and single samples are
made and handed over many at a time; tf.data then cuts them apart, on the same bytes.
"""

from __future__ import annotations

import functools
import itertools
import math
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from samebytes.engine.epoch_counter import EpochCounter
from samebytes.engine.iterator import Iterator
from samebytes.engine.pipeline import Pipeline
from samebytes.feeds.keepalive import keepalive_tensor
from samebytes.feeds.tf_strategy import distributed_dataset
from samebytes.plan import samplers
from samebytes.plan.distribute import check_seeds
from samebytes.plan.element_spec import element_spec
from samebytes.plan.plan import Plan
from samebytes.plan.tree import flatten
from samebytes.share.autograph import plain_python
from samebytes.share.components import check_components
from samebytes.share.frameworks import import_tensorflow
from samebytes.share.strings import as_utf8, is_string

__all__ = ["Handover", "hand_over", "to_tf"]

GROUP_BYTES = 8 << 20
"""Small batches, and single samples, are handed over several at a time, up to this much.

Measured on two busy cores, a batch of 32 in µs of CPU, one by one and up to 1, 4 and 16 MB at a
time: 24 KB 750, 250, 210, 210; 384 KB 740, 560, 300, 430; 1.5 MB 900, 950, 860, 510; of 6 MB and
more the call is the lesser part. Single samples of 768 KB: 260 one by one, 180 up to 8 MB.
"""

MOST_PER_CALL = 256
"""Elements handed over in one call at most: more gains nothing that can be measured."""


@dataclass(frozen=True)
class Handover:
    """How elements go over: the pipeline that runs, and what tf.data makes of each array.

    Attributes
    ----------
    pipeline : Pipeline
        Whose elements are handed over whole, one a call.
    per_call : int
        Elements of the dataset to come that one call hands over.
    cut : int or None
        Samples of each element that tf.data cuts an array into; 0 cuts single samples, None
        leaves it whole.
    """

    pipeline: Pipeline
    per_call: int
    cut: int | None


def hand_over(pipeline: Pipeline, *, resumes: bool = False) -> Handover:
    """Decide how many elements one call hands over.

    Only what nothing runs after is grouped: functions see the batches they were promised, and
    their errors come when their batch does. Samplers after ``batch`` choose whole batches, which
    need not lie side by side, so these go over one by one as well; but for a ``repeat``, which
    leaves them where they are. Of epochs that are resumed (`resumes`) a state may tell of a batch
    in the middle of a group.

    Examples
    --------
    >>> import numpy as np
    >>> from samebytes import Dataset
    >>> small = Dataset.from_tensor_slices(np.zeros((10_000, 16), "float32")).batch(32)
    >>> way = hand_over(small.pipeline)
    >>> way.pipeline.plan.batch_size, way.per_call, way.cut
    (8192, 256, 32)
    """
    plan, options = pipeline.plan, pipeline.options
    sample_bytes = max(1, sum(component.sample_bytes for component in plan.components))
    size = plan.batch_size
    per_call = min(max(GROUP_BYTES // (sample_bytes * (size or 1)), 1), MOST_PER_CALL)
    repeat = plan.batches if isinstance(plan.batches, samplers.Repeat) and not resumes else None
    once = plan.batches if repeat is None else repeat.parent
    if plan.later or per_call == 1 or hasattr(once, "parent"):
        return Handover(pipeline, 1, None)
    samples, group = plan.samples, per_call * (size or 1)
    whole = None if once is None or not plan.drop_remainder else once.length
    if size is not None and whole is not None:
        samples = samplers.Take(samples, whole * size)
    count = samples.length
    batches: samplers.Sampler = samplers.Sequential(None if count is None else -(-count // group))
    if repeat is not None:
        batches = samplers.Repeat(batches, repeat.count)
    grouped = replace(
        plan, samples=samples, batch_size=group, drop_remainder=False, batches=batches
    )
    ahead = replace(options, prefetch=math.ceil(options.prefetch / per_call))
    return Handover(Pipeline(grouped, ahead), per_call, size or 0)


@plain_python
def to_tf(pipeline: Pipeline, epochs: EpochCounter, strategy: Any = None) -> Any:
    """Return a ``tf.data.Dataset`` of the elements of a pipeline, on the same bytes; never copies.

    It can be chained like any other dataset (``map``, ``cache``, ``prefetch``) and iterated by
    several consumers at once, and each iteration is a new epoch. It works only in the process that
    made it: the tf.data service and saved graphs cannot carry Python along, and TensorFlow says so.
    Under ``tf.distribute`` pass the strategy, ``ds.to_tf(strategy)``; without it, a batch is split
    among the replicas of a machine as usual.

    Strings are encoded in UTF-8, which copies them.

    Raises
    ------
    Unconvertible
        If no tensor can hold a component's dtype: dates, extended precision, records.
    ValueError
        If a Keras layer or a TensorFlow function runs after the pass: called from inside
        TensorFlow, it could wait for itself. Move it behind ``to_tf``: ``ds.to_tf().map(layer)``.
        If `strategy` has several workers, and the dataset is not distributed among them.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> images, labels = np.zeros((100, 64, 64, 3), "uint8"), np.arange(100)
    >>> ds = sb.Dataset.from_tensor_slices((images, labels)).map(sb.Rescaling(1 / 255)).batch(32)
    >>> found = ds.to_tf()
    >>> [spec.shape.as_list() for spec in found.element_spec], int(found.cardinality())
    ([[None, 64, 64, 3], [None]], 4)
    """
    tensorflow = import_tensorflow()
    plan = pipeline.plan
    check_seeds(plan)
    if strategy is not None:
        return distributed_dataset(pipeline, epochs, strategy, to_tf)
    _refuse_tensorflow_inside(plan)
    leaves, structure = flatten(element_spec(plan))
    check_components((name, spec.dtype) for name, spec in zip(structure.names, leaves, strict=True))
    signature = [
        tensorflow.TensorSpec(
            spec.shape, tensorflow.string if is_string(spec.dtype) else spec.dtype
        )
        for spec in leaves
    ]
    way = hand_over(pipeline, resumes=epochs.resumes)
    texts = [
        (place, f"component {name}")
        for place, (name, spec) in enumerate(zip(structure.names, leaves, strict=True))
        if is_string(spec.dtype)
    ]
    iterations = _Iterations(way, epochs, structure.treespec, texts)
    length = plan.length
    count = tensorflow.data.INFINITE_CARDINALITY if length is None else length
    with tensorflow.init_scope():
        if way.cut is None:
            found = _generated(tensorflow, iterations, signature, structure.rebuild)
        else:
            whole = [
                tensorflow.TensorSpec((None, *_row(spec, way.cut)), spec.dtype)
                for spec in signature
            ]
            cut = _cutter(tensorflow, signature, structure.rebuild, way.cut)
            # The next group is fetched while this one is consumed: else who trains waits for two
            # changes of thread and for the interpreter at the start of each.
            found = _generated(tensorflow, iterations, whole, tuple).prefetch(1).flat_map(cut)
        found = found.apply(tensorflow.data.experimental.assert_cardinality(count))
        return found.with_options(_options(tensorflow))


def _options(tensorflow: Any) -> Any:
    """Return the options of every dataset of ours; whoever comes behind may set others."""
    options = tensorflow.data.Options()
    # tf.distribute would look for files to share out among workers, and fail: there are none.
    options.experimental_distribute.auto_shard_policy = (
        tensorflow.data.experimental.AutoShardPolicy.OFF
    )
    # tf.data puts a prefetch of its own at the end of a pipeline and lets it grow. The engine
    # makes ahead already; so 4 batches are alive instead of up to 11, and nothing is slower.
    options.experimental_optimization.inject_prefetch = False
    # There is nothing to tune in it, and the thread that tunes is told of the end of an epoch too
    # late, one time in three or so: the iterator's death then waits for its next look, which comes
    # after about as long as the epoch lasted (0.5 s after 0.8 s, 2.1 s after 3 s). What a user
    # puts behind with AUTOTUNE runs in as many calls as there are cores.
    options.autotune.enabled = False
    return options


class _Iterations:
    """The engine's iterators behind one ``tf.data.Dataset``, by the number of the iteration."""

    def __init__(
        self, way: Handover, epochs: EpochCounter, treespec: Any, texts: list[tuple[int, str]]
    ) -> None:
        self._pipeline = way.pipeline.with_options(format="numpy")
        self._epochs = epochs
        self._treespec = treespec
        self._texts = texts
        self._running: dict[int, Iterator] = {}
        self._numbers = itertools.count()

    def begin(self, _: Any) -> Any:
        """Begin an epoch, and give the number it goes by."""
        number, epoch = next(self._numbers), self._epochs.next_epoch()
        self._running[number] = Iterator(self._pipeline, epoch, self._epochs.position_in(epoch))
        return np.int64(number)

    def fetch(self, number: Any) -> list[Any]:
        """Return the next arrays of an iteration; ends with StopIteration."""
        arrays: list[Any] = self._treespec.flatten_up_to(next(self._running[int(number)]))
        for place, what in self._texts:
            arrays[place] = as_utf8(np.asarray(arrays[place]), what)
        return arrays

    def end(self, number: Any) -> Any:
        """Stop the threads of an iteration."""
        self._running.pop(int(number)).close()
        return np.int64(0)


def _generated(
    tensorflow: Any, iterations: _Iterations, signature: list[Any], nest: Callable[..., Any]
) -> Any:
    """Return the dataset of what `iterations` fetch, nested as it is to be."""
    integer = tensorflow.TensorSpec((), tensorflow.int64)

    def traced(function: Callable[[Any], Any], specs: list[Any]) -> Any:
        def call(number: Any) -> list[Any]:
            found = tensorflow.numpy_function(function, [number], [one.dtype for one in specs])
            for part, one in zip(found, specs, strict=True):
                part.set_shape(one.shape)
            return list(found)

        return tensorflow.function(call, autograph=False).get_concrete_function(integer)

    # TensorFlow keeps every function given to numpy_function for ever, in its default graph.
    # Held weakly from there, a dataset with its arrays and pools goes when its user lets it go.
    reference = weakref.ref(iterations)
    functions = {
        "init_func": traced(lambda number: [_alive(reference).begin(number)], [integer]),
        "next_func": traced(lambda number: _alive(reference).fetch(number), signature),
        "finalize_func": traced(lambda number: [_end(reference(), number)], [integer]),
    }
    variant = tensorflow.raw_ops.GeneratorDataset(
        # TensorFlow's own dataset holds them with this argument: in a graph it was made in, in a
        # dataset of datasets, wherever Python's dataset of that name is long gone. The functions
        # it knows by name only, and forgets them when they die.
        init_func_other_args=[keepalive_tensor((functions, iterations))],
        next_func_other_args=[],
        finalize_func_other_args=[],
        **functions,
        output_types=[one.dtype for one in signature],
        output_shapes=[one.shape for one in signature],
    )
    found = tensorflow.data.experimental.from_variant(variant, nest(signature))
    # Where the argument could only be a copy, every dataset made of this one in Python holds them.
    found.samebytes_functions = functions, iterations
    return found


def _alive(reference: weakref.ref[_Iterations]) -> _Iterations:
    found = reference()
    if found is None:
        message = (
            "the dataset of to_tf() is gone; keep it, or a dataset made from it, for as long as it "
            "is iterated"
        )
        raise ReferenceError(message)
    return found


def _end(iterations: _Iterations | None, number: Any) -> Any:
    """End an iteration; where the dataset went first, its iterators ended with it."""
    return np.int64(0) if iterations is None else iterations.end(number)


def _row(spec: Any, cut: int) -> list[int | None]:
    """Return the shape of a sample, from that of an element."""
    shape: list[int | None] = spec.shape.as_list()
    return shape if cut == 0 else shape[1:]


def _cutter(
    tensorflow: Any, signature: list[Any], nest: Callable[[list[Any]], Any], cut: int
) -> Callable[..., Any]:
    """Return what cuts a group apart, on the same bytes: a function for ``flat_map``."""
    slices = tensorflow.data.Dataset.from_tensor_slices
    even = all(spec.shape.rank and spec.shape[0] == cut for spec in signature)

    @plain_python
    def samples(*parts: Any) -> Any:
        return slices(nest(list(parts)))

    @plain_python
    def batches(*parts: Any) -> Any:
        count = tensorflow.shape(parts[0], tensorflow.int64)[0]
        full = count - count % cut
        found = slices(
            nest(
                [
                    tensorflow.reshape(part[:full], (-1, cut, *_row(spec, 1)))
                    for part, spec in zip(parts, signature, strict=True)
                ]
            )
        )
        if even:
            return found
        rest = [part[full:] for part in parts]
        for part, spec in zip(rest, signature, strict=True):
            part.set_shape(spec.shape)
        there = tensorflow.data.Dataset.range(tensorflow.minimum(count - full, 1))
        return found.concatenate(there.map(plain_python(lambda _: nest(rest))))

    return samples if cut == 0 else batches


def _refuse_tensorflow_inside(plan: Plan) -> None:
    for later in plan.later:
        function = later.function
        while isinstance(function, functools.partial):
            function = function.func
        owner = getattr(function, "__self__", function)
        modules = {str(getattr(one, "__module__", "")) for one in (function, owner, type(owner))}
        if {name.partition(".")[0] for name in modules} & {"keras", "tensorflow", "tf_keras"}:
            name = getattr(function, "__name__", type(function).__name__)
            message = (
                f"{name} is TensorFlow code that runs after the pass; called from inside tf.data, "
                "it could wait for itself. Move it behind to_tf(): ds.to_tf().map(...)"
            )
            raise ValueError(message)
