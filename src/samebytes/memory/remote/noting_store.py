"""A store of zarr's that notes what was not there; loaded only once zarr is."""

from __future__ import annotations

from typing import Any

from zarr.storage import WrapperStore

__all__ = ["NotingStore"]


class NotingStore(WrapperStore):  # type: ignore[misc]
    """The store that it wraps, read-only.

    Attributes
    ----------
    missing : bool
        Whether an object was not there since somebody last set this to False.
    """

    missing = False

    async def get(self, key: Any, prototype: Any, byte_range: Any = None) -> Any:
        """Return an object, or None where there is none."""
        found = await super().get(key, prototype, byte_range)
        if found is None:
            self.missing = True
        return found

    async def get_partial_values(self, prototype: Any, key_ranges: Any) -> Any:
        """Return parts of objects, None for each that is not there."""
        found = await super().get_partial_values(prototype, key_ranges)
        if any(part is None for part in found):
            self.missing = True
        return found
