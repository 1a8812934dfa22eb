"""Keeping AutoGraph out of functions that are plain Python, also inside a ``tf.function``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["plain_python"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def plain_python(function: _Function) -> _Function:
    """Return `function` marked so that ``tf.function`` calls it instead of rewriting it.

    AutoGraph rewrites every function that a ``tf.function`` reaches, line by line and for each
    trace. What decides about addresses has nothing in it for a graph. The mark is the one that
    ``tf.autograph.experimental.do_not_convert`` leaves, set without importing TensorFlow.
    """
    function.autograph_info__ = {}  # type: ignore[attr-defined]
    return function
