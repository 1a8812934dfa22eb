"""Keras, imported when it is first needed; its absence told in words."""

from __future__ import annotations

import importlib
from typing import Any

from samebytes.errors import MissingPackage

__all__ = ["import_keras"]


def import_keras() -> Any:
    """Return the keras module.

    Raises
    ------
    MissingPackage
        If it is not installed.
    """
    try:
        return importlib.import_module("keras")
    except ImportError as missing:
        message = (
            "Keras is not installed, or cannot be imported here; install it: pip install "
            "'samebytes[tensorflow-cpu]'"
        )
        raise MissingPackage(message) from missing
