"""Classes of packages that are imported already; asking imports nothing."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["loaded_class"]


def loaded_class(module: str, name: str) -> type[Any] | None:
    """Return class `name` of `module` if that is already imported, else None; imports nothing.

    An object of a framework cannot exist before the framework was imported, so what is not in
    ``sys.modules`` need not be asked about.

    Examples
    --------
    >>> loaded_class("pathlib", "Path"), loaded_class("never_imported", "Path")
    (<class 'pathlib...Path'>, None)
    """
    found = getattr(sys.modules.get(module), name, None)
    return found if isinstance(found, type) else None
