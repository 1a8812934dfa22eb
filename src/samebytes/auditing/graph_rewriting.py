"""The hook where a dataset gets its first iterator, and tf.data writes what it holds to a graph.

By default tf.data optimises the graph of a dataset before its first iterator is made, once for
each dataset object. To do so it writes the graph out, and with it every tensor that the dataset
holds. C++ does that, and no address shows it: it is told by the one option it hangs on, by being
the first time, and by the time it took. The tests hold that against the memory it takes.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

from samebytes.auditing import remedies
from samebytes.auditing.copies import Kind
from samebytes.auditing.hooks import Hook, Live
from samebytes.auditing.recording import LEAST_BYTES, note, timed

__all__ = ["REWRITING"]

_Function = Callable[..., Any]

# No memory is written faster than this by one thread; what took less time copied nothing.
_FASTEST_BYTES_PER_SECOND = 50e9

_done: weakref.WeakSet[Any] = weakref.WeakSet()


def _create_iterator(original: _Function, live: Live) -> _Function:
    """Make an iterator of a dataset."""

    def create_iterator(self: Any, dataset: Any) -> Any:
        if not live.on or dataset in _done:
            return original(self, dataset)
        result, seconds = timed(original, self, dataset)
        _done.add(dataset)
        if dataset.options().experimental_optimization.apply_default_optimizations is False:
            return result
        held = {id(tensor): tensor for tensor in _held(dataset, set())}.values()
        sizes = [(_nbytes(tensor), tensor) for tensor in held]
        large = [(size, tensor) for size, tensor in sizes if size >= LEAST_BYTES]
        nbytes = sum(size for size, _ in large)
        if large and seconds >= nbytes / _FASTEST_BYTES_PER_SECOND:
            note(
                Kind.REWRITTEN,
                max(large, key=lambda pair: pair[0])[1],
                nbytes=nbytes,
                seconds=seconds,
                way="{}: what the dataset holds written into its graph",
                remedy=lambda _: remedies.for_rewriting(),
            )
        return result

    return create_iterator


def _held(dataset: Any, seen: set[int]) -> Iterator[Any]:
    """Yield the tensors that `dataset` and all it is made of hold."""
    if id(dataset) in seen:
        return
    seen.add(id(dataset))
    yield from getattr(dataset, "_tensors", ())
    for function in dataset._functions():  # noqa: SLF001 (tf.data's own walk over its parts)
        yield from function.function.captured_inputs
    for part in dataset._inputs():  # noqa: SLF001
        yield from _held(part, seen)


def _nbytes(tensor: Any) -> int:
    """Return the bytes of an eager tensor of plain values, 0 for variants and resources."""
    if not hasattr(tensor, "_numpy") or tensor.dtype.name in {"variant", "resource", "string"}:
        return 0
    return int(tensor.dtype.size * (tensor.shape.num_elements() or 0))


REWRITING = (
    Hook(
        "tensorflow.python.data.ops.iterator_ops",
        "OwnedIterator._create_iterator",
        _create_iterator,
    ),
)
