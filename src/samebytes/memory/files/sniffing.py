"""What a file is, by its first bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from samebytes.memory.files.mapping import MappedFile

__all__ = ["format_of"]

_NPY_MAGIC = b"\x93NUMPY"
# The second one is how a zip without any member begins.
_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")


def format_of(mapping: MappedFile) -> Literal["npy", "npz"] | None:
    """Return the format that the first bytes announce; it never copies the data.

    Parameters
    ----------
    mapping : MappedFile
        The file; its name plays no part.

    Returns
    -------
    {'npy', 'npz', None}
        None when the first bytes are those of neither.
    """
    first = mapping[: len(_NPY_MAGIC)]
    if first == _NPY_MAGIC:
        return "npy"
    if first.startswith(_ZIP_MAGICS):
        return "npz"
    return None
