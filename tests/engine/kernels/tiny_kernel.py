"""A function that compiles in no time, and is run as at a start: from the cache, or anew."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from samebytes.engine.kernels.jit import cache_folder, compiled


def add(a: Any, b: Any) -> Any:
    return a + b


def entries() -> list[Path]:
    """Return the files of the cache."""
    folder = cache_folder()
    assert folder is not None
    return sorted(path for path in folder.rglob("*") if path.is_file())


def start(b: float = 2) -> list[Any]:
    """Compile, or load; give what came of it, whether it was loaded, and what was told."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        function = compiled(cache=True)(add)
        found = function(1, b)
    hits = sum(function.stats.cache_hits.values())
    return [found, hits, [f"{one.category.__name__}: {one.message}" for one in told]]
