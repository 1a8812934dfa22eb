"""Arrays in an uncompressed ``.npz`` archive, all on one mapping of it."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from typing import TYPE_CHECKING, Any

from samebytes.errors import CompressedMember, FileError, UnknownFormat, WrongSize
from samebytes.memory.files.file_format import FileFormat
from samebytes.memory.files.npy import read_npy
from samebytes.memory.text import bytes_in_words, shortened

if TYPE_CHECKING:
    import numpy.typing as npt

    from samebytes.memory.files.mapping import MappedFile

__all__ = ["NPZ", "read_npz"]

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_LOCAL_MAGIC = b"PK\x03\x04"
# How an archive without any member begins: with the end of its directory.
_END_MAGIC = b"PK\x05\x06"
_ENCRYPTED = 0x1
_METHODS = {
    zipfile.ZIP_DEFLATED: "deflate",
    zipfile.ZIP_BZIP2: "bzip2",
    zipfile.ZIP_LZMA: "lzma",
}

# zipfile promises BadZipFile, and lets these escape for some damaged archives.
_BROKEN = (
    zipfile.BadZipFile,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    ValueError,
    struct.error,
)


def read_npz(mapping: MappedFile) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of an uncompressed ``.npz`` file by name; it never copies.

    Only the directory and the headers are read: the checksums of the members are not
    verified, since that would read all data.

    Parameters
    ----------
    mapping : MappedFile
        The archive, as ``np.savez`` writes it.

    Returns
    -------
    dict of str to numpy.ndarray
        In the order of the archive, without the ``.npy`` of the member names. The arrays
        are often unaligned, since zip members begin at any byte.

    Raises
    ------
    CompressedMember
        If a member is compressed or encrypted.
    UnknownFormat
        If a member is no ``.npy`` file.
    PickledData
        If a member holds pickled objects; they are never read.
    WrongSize
        If a member holds fewer or more bytes than its header says.
    FileError
        If the archive is damaged.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from samebytes.memory.files.mapping import map_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "pair.npz")
    ...     np.savez(path, images=np.zeros((2, 3)), labels=np.arange(2))
    ...     arrays = read_npz(map_file(path))
    ...     print({name: array.shape for name, array in arrays.items()})
    {'images': (2, 3), 'labels': (2,)}
    """
    try:
        # The mapping, not the path: the path may by now name another file.
        with zipfile.ZipFile(_AsFile(mapping)) as archive:
            members = archive.infolist()
    except _BROKEN as error:
        message = (
            f"{mapping.path} begins like an .npz file, but is a broken zip archive "
            f"({shortened(str(error)) or type(error).__name__}). It was cut short or damaged: "
            "write it again with np.savez."
        )
        raise FileError(message) from error
    arrays: dict[str, npt.NDArray[Any]] = {}
    for member in members:
        name = f"{mapping.path}, member {shortened(member.filename)!r},"
        _refuse_unmappable(member, name)
        key = member.filename.removesuffix(".npy")
        if key in arrays:
            message = (
                f"{name} occurs twice: expected each name once, since only one of the two could be "
                "returned. Write the file again with np.savez."
            )
            raise FileError(message)
        start = _data_start(mapping, member, name)
        arrays[key] = read_npy(mapping, start, start + member.file_size, name)
    return arrays


def _refuse_unmappable(member: zipfile.ZipInfo, name: str) -> None:
    """Refuse a member whose bytes in the file are not those of a ``.npy`` file."""
    if member.flag_bits & _ENCRYPTED:
        how = "encrypted"
    elif member.compress_type != zipfile.ZIP_STORED:
        method = _METHODS.get(member.compress_type, f"method {member.compress_type}")
        how = f"compressed ({method})"
    else:
        how = ""
    if how:
        message = (
            f"{name} is {how}, so its bytes cannot be mapped: expected a stored member. "
            "Write the file with np.savez instead of np.savez_compressed."
        )
        raise CompressedMember(message)
    if not member.filename.endswith(".npy"):
        message = (
            f"{name} is not a .npy file: expected only members whose names end in .npy, as "
            "np.savez writes them. Remove the others from the archive."
        )
        raise UnknownFormat(message)
    if member.file_size != member.compress_size:
        message = (
            f"{name} is stored uncompressed, but the zip directory gives its size as "
            f"{bytes_in_words(member.compress_size)}: expected {bytes_in_words(member.file_size)}. "
            "The archive is damaged: write it again with np.savez."
        )
        raise FileError(message)


def _data_start(mapping: MappedFile, member: zipfile.ZipInfo, name: str) -> int:
    """Return the offset of a member's first byte, by its local header and within bounds."""
    header_start = member.header_offset
    header_stop = header_start + _LOCAL_HEADER.size
    inside = header_start >= 0 and header_stop <= len(mapping)
    header = mapping[header_start:header_stop] if inside else b""
    if not header.startswith(_LOCAL_MAGIC):
        message = (
            f"{name} is not at the offset {header_start:,} that the zip directory gives. The "
            "archive is damaged: write it again with np.savez."
        )
        raise FileError(message)
    # The extra field here is often longer than the one in the directory (zip64 sizes).
    _, name_length, extra_length = _LOCAL_HEADER.unpack(header)
    start: int = header_stop + name_length + extra_length
    if start + member.file_size > len(mapping):
        message = (
            f"{name} reaches past the end of the file: expected "
            f"{bytes_in_words(start + member.file_size)} or more, found "
            f"{bytes_in_words(len(mapping))}. The archive is damaged: write it again with np.savez."
        )
        raise WrongSize(message)
    return start


class _AsFile(io.RawIOBase):
    """A mapping as zipfile expects a file to behave, which a mapping itself does not quite."""

    def __init__(self, mapping: MappedFile) -> None:
        self._mapping = mapping
        self._position = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: len(self._mapping)}
        position = origin[whence] + offset
        if position < 0:
            message = f"position {position} is before the beginning"
            raise OSError(message)
        self._position = position
        return position

    def tell(self) -> int:
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        rest = max(len(self._mapping) - self._position, 0)
        wanted = rest if size is None or size < 0 else min(size, rest)
        found = self._mapping[self._position : self._position + wanted]
        self._position += wanted
        return found


NPZ = FileFormat("npz", lambda first, _: first.startswith((_LOCAL_MAGIC, _END_MAGIC)), read_npz)
