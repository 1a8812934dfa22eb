"""The numbers by which readers are set, to be tried with others: by `benchmarks.storage.sweep`."""

from __future__ import annotations

from typing import Any

from samebytes.engine.readers import ahead, file_fetcher, registry

__all__ = ["KNOBS", "turn_knobs"]

KNOBS: dict[str, tuple[Any, str]] = {
    "ahead-bytes": (registry, "AHEAD_BYTES"),
    "most-ahead": (registry, "MOST_AHEAD"),
    "share": (registry, "SHARE"),
    "ahead-threads": (ahead.Ahead, "threads"),
    "advice-bytes": (ahead, "ADVICE_BYTES"),
    "read-threads": (file_fetcher.FileFetcher, "threads"),
    "task-bytes": (file_fetcher, "TASK_BYTES"),
    "gap-bytes": (file_fetcher.FileFetcher, "gap_bytes"),
}
"""Where each stands."""


def turn_knobs(values: dict[str, int]) -> None:
    """Set some of them in this process."""
    for name, value in values.items():
        place, attribute = KNOBS[name]
        setattr(place, attribute, value)
