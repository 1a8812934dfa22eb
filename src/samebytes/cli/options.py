"""Options whose text must be parsed, and what is said where it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import typer

__all__ = ["parsed"]

_Parsed = TypeVar("_Parsed")


def parsed(parse: Callable[[str], _Parsed], text: str, option: str) -> _Parsed:
    """Return what `parse` makes of `text`, its ValueError turned into one about the option."""
    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
