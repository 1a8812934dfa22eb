"""Batches for a training loop in JAX: arrays on the pooled bytes, or on their way to devices.

On the processor JAX takes the bytes where they lie. To anything else it has to move them, and does
so in its own time: the next batch is therefore sent before the present one is handed out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from samebytes.engine.epoch_counter import EpochCounter
from samebytes.engine.formatting.jax import arrays_of
from samebytes.engine.iterator import Iterator
from samebytes.engine.pipeline import Pipeline
from samebytes.feeds.places import CountedPlaces, Places, Progress
from samebytes.feeds.resumable import Iteration, ResumableBatches
from samebytes.plan import samplers
from samebytes.plan.element_spec import element_spec
from samebytes.plan.plan import Plan
from samebytes.plan.tree import flatten
from samebytes.share.frameworks import import_jax
from samebytes.share.jax import check_jax_components, stays_on_the_processor

__all__ = ["JaxBatches", "OneAhead", "to_jax"]

Send = Callable[[Any], Any]


class OneAhead:
    """Elements as they are sent off, each before the one in front of it is handed out.

    Parameters
    ----------
    elements : Iterator
        What comes.
    send : callable
        Sends an element on its way, and returns it as it will be there.

    Examples
    --------
    >>> sent = []
    >>> ahead = OneAhead(iter("abc"), lambda one: (sent.append(one), one)[1])
    >>> next(ahead), sent
    ('a', ['a', 'b'])
    """

    def __init__(self, elements: Any, send: Send) -> None:
        self._elements = elements
        self._send = send
        self._lock = threading.Lock()
        self._sent: list[Any] = []
        self._failed: Exception | None = None

    def __next__(self) -> Any:
        """Return the next element; what goes wrong behind it is raised when its turn has come."""
        with self._lock:
            while len(self._sent) < 2 and self._failed is None:
                self._send_another()
            if self._sent:
                return self._sent.pop(0)
            failed, self._failed = self._failed, StopIteration()
            raise failed or StopIteration

    def _send_another(self) -> None:
        try:
            self._sent.append(self._send(next(self._elements)))
        except Exception as failure:  # noqa: BLE001 (raised in its turn)
            self._failed = failure

    def close(self) -> None:
        """Stop the threads, and let go of what was sent and not handed out."""
        self._elements.close()
        with self._lock:
            self._sent.clear()


class JaxBatches(ResumableBatches):
    """The elements of a pipeline as JAX's arrays, a new epoch at each iteration.

    Parameters
    ----------
    pipeline : Pipeline
        What to hand out.
    places : Places
        Where iterations begin.
    shardings : sequence, optional
        Where each component goes; None for all where JAX puts everything.
    """

    def __init__(
        self, pipeline: Pipeline, places: Places, shardings: Sequence[Any] | None = None
    ) -> None:
        form = "jax" if shardings is None else "numpy"
        super().__init__(pipeline.with_options(format=form), places)
        self._shardings = shardings

    def begin(self, iteration: Iteration, progress: Progress | None) -> tuple[Any, Progress]:
        """Begin an epoch, whose elements are sent on their way one ahead."""
        check_jax_components(_components(self._pipeline.plan))
        iterator, begun = super().begin(iteration, progress)
        shardings = self._shardings
        if shardings is None:
            if stays_on_the_processor(None):
                return iterator, begun
            return OneAhead(iterator, lambda element: element), begun

        def send(element: Any) -> Any:
            return _sent(element, shardings)

        if all(stays_on_the_processor(one) for one in shardings):
            return _Sent(iterator, send), begun
        return OneAhead(iterator, send), begun


class _Sent:
    """Elements sent when they are asked for: where nothing moves, nothing is gained by haste."""

    def __init__(self, elements: Iterator, send: Send) -> None:
        self._elements = elements
        self._send = send

    def __next__(self) -> Any:
        return self._send(next(self._elements))

    def close(self) -> None:
        self._elements.close()


def to_jax(pipeline: Pipeline, epochs: EpochCounter, sharding: Any = None) -> JaxBatches:
    """Return the elements of a pipeline as JAX's arrays, again and again; rarely copies.

    On the processor they lie on the pooled bytes, read-only; to an accelerator, each batch is on
    its way before the one in front of it is handed out. Each iteration is a new epoch, counted when
    its first element is asked for. It has ``len``, ``set_epoch``, ``state_dict``,
    ``load_state_dict`` and ``close``.

    Parameters
    ----------
    pipeline : Pipeline
        What to hand out.
    sharding : jax.sharding.Sharding or jax.Device, or those nested like an element, optional
        Where the arrays go, by default where JAX puts everything. If it spans several processes,
        each passes the batches of its own part of the dataset, and gets global arrays
        (``jax.make_array_from_process_local_data``).

    Raises
    ------
    MissingPackage
        If JAX is not installed.
    ValueError
        If a batch, or the smaller last one, does not divide among the devices.
    Unconvertible
        At the first element: if JAX has no dtype for a component, such as int64 without
        ``jax_enable_x64``.
    """
    import_jax()
    if sharding is None:
        return JaxBatches(pipeline, CountedPlaces(epochs))
    shardings = _shardings_of(pipeline.plan, sharding)
    _check_shapes(pipeline.plan, shardings)
    return JaxBatches(pipeline, CountedPlaces(epochs), shardings)


def _components(plan: Plan) -> list[tuple[str, Any]]:
    """Return names and dtypes where they are known beforehand: functions may give anything."""
    return [] if plan.later else [(c.name, c.spec.dtype) for c in plan.components]


def _is_sharding(given: Any) -> bool:
    jax = import_jax()
    return isinstance(given, (jax.sharding.Sharding, jax.Device))


def _shardings_of(plan: Plan, sharding: Any) -> list[Any]:
    """Return where each component goes.

    Raises
    ------
    TypeError
        If what came is no sharding.
    ValueError
        If shardings are nested in another way than the elements.
    """
    names = flatten(element_spec(plan))[1].names
    if _is_sharding(sharding):
        return [sharding] * len(names)
    leaves, structure = flatten(sharding)
    for name, leaf in zip(structure.names, leaves, strict=True):
        if not _is_sharding(leaf):
            of = f" of {name}" if len(leaves) > 1 else ""
            message = (
                f"to_jax(sharding=){of}: expected a jax.sharding.Sharding or a jax.Device, got "
                f"{type(leaf).__name__}"
            )
            raise TypeError(message)
    if structure.names != names:
        message = (
            f"to_jax(sharding=) has the components {', '.join(structure.names)}, and the elements "
            f"{', '.join(names)}: expected one sharding for all, or one for each"
        )
        raise ValueError(message)
    return leaves


def _check_shapes(plan: Plan, shardings: Sequence[Any]) -> None:
    """Refuse batches that cannot be divided, if it is known beforehand."""
    leaves, structure = flatten(element_spec(plan))
    for name, spec, sharding in zip(structure.names, leaves, shardings, strict=True):
        if not getattr(sharding, "is_fully_addressable", False):
            continue  # a device takes all there is; how large global arrays are, only JAX knows
        for count in _batch_sizes(plan):
            shape = spec.shape if count is None else (count, *spec.shape[1:])
            if None not in shape:
                _check_shape(name, shape, sharding, last=count != plan.batch_size)


def _batch_sizes(plan: Plan) -> list[int | None]:
    """Return how many samples batches have: most of them, and the last one."""
    if plan.batch_size is None:
        return [None]
    count = plan.samples.length
    rest = 0 if count is None or plan.drop_remainder else count % plan.batch_size
    # Whoever chooses among batches may have left the last one out.
    chosen = not isinstance(plan.batches, (samplers.Sequential, samplers.Repeat))
    return [plan.batch_size, *([rest] if rest and not chosen else [])]


def _check_shape(name: str, shape: tuple[int, ...], sharding: Any, *, last: bool) -> None:
    if not _divides(shape, sharding):
        raise ValueError(_refusal(name, shape, sharding, last=last))


def _divides(shape: tuple[int, ...], sharding: Any) -> bool:
    """Return whether a sharding, or a device, takes arrays of a shape."""
    try:
        getattr(sharding, "shard_shape", tuple)(shape)
    except (ValueError, IndexError):
        return False
    return len(getattr(sharding, "spec", ())) <= len(shape)


def _refusal(name: str, shape: tuple[int, ...], sharding: Any, *, last: bool) -> str:
    spec = getattr(sharding, "spec", None)
    placed = f"{type(sharding).__name__}" + ("" if spec is None else f" P{tuple(spec)}")
    message = (
        f"component {name} of shape {shape} does not divide among {len(sharding.device_set)} "
        f"devices by {placed}"
    )
    if last:
        return f"{message}: the last batch is smaller; leave it out, batch(n, drop_remainder=True)"
    return (
        f"{message}: expected axes that are multiples of the devices along them; another batch "
        "size, or a sharding for each component: to_jax(sharding=(a, b))"
    )


def _sent(element: Any, shardings: Sequence[Any]) -> Any:
    """Return an element on its way to its shardings; what lies well on the processor stays."""
    jax = import_jax()
    if all(getattr(one, "is_fully_addressable", True) for one in shardings):
        try:
            return arrays_of(element, list(shardings))
        except ValueError as refused:
            raise _explained(element, shardings, refused) from refused
    leaves, structure = flatten(arrays_of(element, None, send=False))
    made = jax.make_array_from_process_local_data
    return structure.rebuild([made(s, leaf) for s, leaf in zip(shardings, leaves, strict=True)])


def _explained(element: Any, shardings: Sequence[Any], refused: ValueError) -> ValueError:
    """Return the error of a component that does not divide, in words; else the error itself."""
    leaves, structure = flatten(element)
    for name, leaf, sharding in zip(structure.names, leaves, shardings, strict=True):
        if not _divides(leaf.shape, sharding):
            return ValueError(_refusal(name, leaf.shape, sharding, last=True))
    return refused
