"""What two datasets are the same by, and how many elements one has."""

from __future__ import annotations

from typing import Any

from samebytes.plan.describe import fingerprint

__all__ = ["IdentityMixin"]


class IdentityMixin:
    """Equality, length and fingerprint of a `Dataset`, for it to inherit; nothing is read for them.

    ``self`` is a `Dataset`, which lies above this file.
    """

    def fingerprint(self: Any) -> dict[str, str]:
        """Return what decides about the values and their order, in words: the key of a state."""
        return fingerprint(self.plan)

    def __len__(self: Any) -> int:
        """Return the number of elements.

        Raises
        ------
        TypeError
            If the dataset is endless.
        """
        length: int | None = self.length
        if length is None:
            message = "this dataset is endless and has no length; take(n) gives a finite part"
            raise TypeError(message)
        return length

    def __eq__(self: Any, other: object) -> bool:
        """Return whether both do the same: equal plans, over arrays of equal shapes and dtypes."""
        return isinstance(other, type(self)) and (self.plan, self.options) == (
            other.plan,
            other.options,
        )

    def __hash__(self: Any) -> int:
        """Return a hash of the order and batch."""
        return hash((self.structure.names, self.samples, self.batch_size))
