"""Which formatters there are; each is loaded when it is first asked for."""

from __future__ import annotations

import importlib

from samebytes.engine.formatting.formatter import Formatter

__all__ = ["check_format", "formatter_of", "register"]

_FORMATTERS: dict[str, str | Formatter] = {
    "jax": "samebytes.engine.formatting.jax",
    "numpy": "samebytes.engine.formatting.numpy",
    "tensorflow": "samebytes.engine.formatting.tensorflow",
    "torch": "samebytes.engine.formatting.torch",
}
"""By name, the formatter or the module that has it as ``FORMATTER``."""


def register(formatter: object) -> None:
    """Make a formatter known by its name, for ``Dataset.with_format``.

    Raises
    ------
    TypeError
        If it is not a `Formatter`.
    ValueError
        If another formatter already has the name.
    """
    if not isinstance(formatter, Formatter):
        message = f"register: expected a samebytes.engine.formatting.Formatter; got {formatter!r}"
        raise TypeError(message)
    known = _FORMATTERS.setdefault(formatter.name, formatter)
    if known is not formatter:
        message = (
            f"there already is a formatter named {formatter.name!r}; give this one another name"
        )
        raise ValueError(message)


def check_format(name: str) -> None:
    """Refuse a name that no formatter has.

    Raises
    ------
    ValueError
        If there is none; the message says which there are.
    """
    if name not in _FORMATTERS:
        message = f"with_format({name!r}): expected one of {', '.join(_FORMATTERS)}"
        raise ValueError(message)


def formatter_of(name: str) -> Formatter:
    """Return the formatter of a name that `check_format` has let pass."""
    found = _FORMATTERS[name]
    if isinstance(found, Formatter):
        return found
    formatter: Formatter = importlib.import_module(found).FORMATTER
    return formatter
