"""Refusals of what lends no memory, in words: what came, why, and the way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from samebytes.errors import NotABuffer

__all__ = ["asked", "refusal", "type_name"]

_Answer = TypeVar("_Answer")


def type_name(obj: object) -> str:
    """Return the type's name as a person would write it, ``numpy.ndarray`` or ``list``."""
    kind = type(obj)
    module = kind.__module__
    if module == "builtins" or not isinstance(module, str):
        return kind.__qualname__
    return f"{module.split('.')[0]}.{kind.__qualname__}"


def asked(obj: object, question: Callable[[], _Answer]) -> _Answer:
    """Return the answer of a foreign protocol, its errors turned into ours."""
    try:
        return question()
    except (ValueError, TypeError, BufferError, RuntimeError, AttributeError) as reason:
        raise refusal(obj, str(reason)) from reason


def refusal(
    obj: object, because: str | None, instead: str = "Make a copy: np.array(x)"
) -> NotABuffer:
    """Return the error for `obj`, which lends no memory at all where there is no reason."""
    what = type_name(obj)
    if because is None:
        return NotABuffer(
            f"{what} exports no memory; expected an array, or a buffer such as a memoryview, "
            f"bytes, a memory map, shared memory or an Arrow array. Make one: np.asarray(x)"
        )
    return NotABuffer(f"{what} does not lend its memory: {because.rstrip('.')}. {instead}")
