"""Which version of an object it is, by what its server says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from samebytes.memory.text import bytes_in_words

__all__ = ["Identity", "identity_of"]


@dataclass(frozen=True)
class Identity:
    """What tells one version of an object from another.

    Attributes
    ----------
    size : int
        Bytes of the whole object.
    e_tag : str or None
        The server's name for these very bytes.
    modified : datetime or None
        When they were written, to the second.
    """

    size: int
    e_tag: str | None
    modified: datetime | None

    @property
    def strong_tag(self) -> str | None:
        """The ETag, where it promises that every byte is the same; a weak one does not."""
        return None if self.e_tag is None or self.e_tag.startswith("W/") else self.e_tag

    @property
    def tells(self) -> bool:
        """Whether it could tell two versions of one size apart."""
        return self.e_tag is not None or self.modified is not None

    def same_as(self, other: Identity) -> bool:
        """Return whether another answer was of the same version.

        Servers that share their work may differ in the time, so an exact tag is enough.

        Examples
        --------
        >>> ours = Identity(8, '"a"', None)
        >>> ours.same_as(Identity(8, '"a"', None)), ours.same_as(Identity(8, '"b"', None))
        (True, False)
        """
        if self.size != other.size or self.e_tag != other.e_tag:
            return False
        return self.strong_tag is not None or self.modified == other.modified

    def __str__(self) -> str:
        """Return it in words."""
        said = [bytes_in_words(self.size)]
        if self.e_tag is not None:
            said.append(f"ETag {self.e_tag}")
        elif self.modified is not None:
            said.append(f"of {self.modified:%Y-%m-%d %H:%M:%S}")
        return ", ".join(said)


def identity_of(meta: Mapping[str, Any]) -> Identity:
    """Return the version of an object, by what obstore read in the headers of an answer."""
    modified: datetime | None = meta["last_modified"]
    if modified is not None and modified.timestamp() == 0:
        modified = None  # what obstore says for a server that says nothing
    return Identity(int(meta["size"]), meta["e_tag"], modified)
