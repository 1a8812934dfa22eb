"""Hooks where Python gives tf.data what it made: generators, ``numpy_function``, ``py_function``.

TensorFlow aliases an array that a callback returns if it lies on a multiple of 64 bytes. If not,
it copies after the callback has returned, out of Python's sight, so that nothing can be timed.
"""

from __future__ import annotations

import inspect
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import CodeType, GeneratorType
from typing import Any

import numpy as np

from samebytes.auditing import remedies
from samebytes.auditing.call_site import CallSite, is_users
from samebytes.auditing.copies import Kind
from samebytes.auditing.hooks import Hook, Live
from samebytes.auditing.recording import is_large, note, timed
from samebytes.memory.aligned import address_of
from samebytes.share.doors import ALIGNMENT

__all__ = ["CALLBACKS"]

_Function = Callable[..., Any]
# Keras wraps a generator three deep; more than this is no wrapping but data.
_DEEPEST = 5
_MOST_SEEN = 60


class _Running(threading.local):
    """What runs on this thread: the callback, and the iterator it asked."""

    function: Any = None
    iterator: Any = None


_running = _Running()


def _call(original: _Function, live: Live) -> _Function:
    """Call back, as TensorFlow does for each element."""

    def call_back(self: Any, token: Any, device: Any, arguments: Any) -> Any:
        if not live.on:
            return original(self, token, device, arguments)
        site = _call_site  # for `call_site_on_stack`, see CALLING_BACK
        before = _running.function, _running.iterator
        _running.function, _running.iterator = self.get(token), None
        try:
            result = original(self, token, device, arguments)
            for array in result if isinstance(result, list) else [result]:
                if is_large(array) and address_of(array) % ALIGNMENT:
                    note(
                        Kind.YIELDED,
                        array,
                        nbytes=array.nbytes,
                        seconds=None,
                        way=f"{_what()}, not on a multiple of {ALIGNMENT} bytes",
                        remedy=_remedy_for(array),
                        site=site(),
                    )
        finally:
            _running.function, _running.iterator = before
        return result

    return call_back


def _convert(original: _Function, live: Live) -> _Function:
    """Make a plain array of the wanted type of what a callback gave back."""

    def convert(value: Any, dtype: Any = None) -> Any:
        array, seconds = timed(original, value, dtype)
        made = live.on and is_large(array) and isinstance(value, np.ndarray)
        if made and not np.may_share_memory(array, value):
            change = (
                "made row-major"
                if value.dtype == array.dtype
                else f"cast from {value.dtype.name} to {array.dtype.name}"
            )
            note(
                Kind.PREPARED,
                array,
                nbytes=array.nbytes,
                seconds=seconds,
                way=f"{_what()}, {change}",
                remedy=_remedy_for(array),
                site=_call_site(),
            )
        return array

    return convert


def _get_iterator(original: _Function, live: Live) -> _Function:
    """Remember which generator the running callback is about to ask."""

    def get_iterator(self: Any, iterator_id: Any) -> Any:
        iterator = original(self, iterator_id)
        if live.on:
            _running.iterator = iterator
        return iterator

    return get_iterator


CALLBACKS = (
    Hook("tensorflow.python.ops.script_ops", "FuncRegistry.__call__", _call),
    Hook("tensorflow.python.ops.script_ops", "FuncRegistry._convert", _convert),
    Hook(
        "tensorflow.python.data.ops.dataset_ops",
        "DatasetV2._GeneratorState.get_iterator",
        _get_iterator,
    ),
)


# ------------------------------------------------------------------------- whose line it is


# What makes the batches of each iterator, found once: the search takes longer than a small batch.
_sources: weakref.WeakKeyDictionary[Any, weakref.ref[Any]] = weakref.WeakKeyDictionary()


def _what() -> str:
    return "a numpy_function's result" if _running.iterator is None else "a yielded batch"


def _remedy_for(batch: Any) -> Callable[[str], str]:
    give = "return" if _running.iterator is None else "yield"
    return lambda _: remedies.for_batch(batch, give=give)


def _call_site() -> CallSite | None:
    """Return the line of the audited code that made what the running callback gives back.

    It has returned, so it is not on the stack; the generator that it is knows where it waits.
    """
    if _running.iterator is not None:
        source = _source_of(_running.iterator)
        return None if source is None else _own_call_site(source)
    # A py_function's is held by an EagerFunc.
    function = inspect.unwrap(getattr(_running.function, "_func", _running.function))
    code = getattr(function, "__code__", None)
    if code is None or not is_users(code):
        return None
    return CallSite(code.co_filename, code.co_firstlineno, "py_function", "tensorflow")


def _source_of(iterator: Any) -> Any:
    """Return what of the user's makes the batches that `iterator` gives, None if nothing does."""
    try:
        known = _sources.get(iterator)
        source = None if known is None else known()
        if source is None:
            source = _find_source(iterator)
            _sources[iterator] = weakref.ref(source)
    except TypeError:  # zip and the like, or None: nothing refers to them weakly
        return _find_source(iterator)
    return source


def _find_source(iterator: Any) -> Any:
    """Search an iterator, and what wraps what in it, for code of the user's, nearest first."""
    seen: set[int] = set()
    level: list[Any] = [iterator]
    for _ in range(_DEEPEST):
        inner: list[Any] = []
        for source in level:
            if id(source) in seen or len(seen) > _MOST_SEEN:
                continue
            seen.add(id(source))
            if _own_call_site(source) is not None:
                return source
            inner.extend(_held_by(source))
        level = inner
    return None


def _own_call_site(source: Any) -> CallSite | None:
    if isinstance(source, GeneratorType):
        code, frame = source.gi_code, source.gi_frame
        if is_users(code):
            line = code.co_firstlineno if frame is None else frame.f_lineno
            return CallSite(code.co_filename, line)
        return None
    for method in _MAKING:
        made_by: CodeType | None = getattr(getattr(type(source), method, None), "__code__", None)
        if made_by is not None and is_users(made_by):
            return CallSite(made_by.co_filename, made_by.co_firstlineno)
    return None


# How an object that a user wrote makes batches: an iterator, or a Keras PyDataset.
_MAKING = ("__next__", "__getitem__")


def _held_by(source: Any) -> Iterator[Any]:
    """Yield what a library's generator, function or adapter holds that may make batches."""
    held: Iterable[Any] = ()
    if isinstance(source, GeneratorType):
        held = () if source.gi_frame is None else tuple(source.gi_frame.f_locals.values())
    elif inspect.isfunction(source):
        held = []
        for cell in source.__closure__ or ():
            with suppress(ValueError):  # a cell that is still empty
                held.append(cell.cell_contents)
    elif inspect.ismethod(source):
        held = (source.__self__,)
    elif type(source).__module__.startswith("keras."):
        held = tuple(vars(source).values())
    for item in held:
        if not isinstance(item, np.ndarray | str | int | float | tuple | type):
            yield item
