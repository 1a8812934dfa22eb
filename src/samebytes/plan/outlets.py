"""The one way up: what a dataset hands itself to, named here and loaded on first use.

A dataset only describes. What runs it lies above it in the house and is loaded when it is first
wanted, as an entry point is: so that describing needs neither compiler nor framework.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from samebytes.share.autograph import plain_python

__all__ = ["outlet"]

_OUTLETS = {
    "executor": "samebytes.engine.executor:compile_plan",
    "iterate": "samebytes.engine.iterator:iterate",
    "to_tf": "samebytes.feeds.tf_data:to_tf",
    "to_keras": "samebytes.feeds.keras:to_keras",
}


@plain_python
def outlet(name: str) -> Callable[..., Any]:
    """Return the function behind a method of `Dataset` that runs it or hands it on."""
    module, _, function = _OUTLETS[name].partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found
