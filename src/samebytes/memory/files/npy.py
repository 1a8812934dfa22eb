"""Arrays in the ``.npy`` format, on the bytes of a mapped file.

The header is read with the functions of `numpy.lib.format`, and nothing that it says is
believed before it is compared with the bytes that are really there.
"""

from __future__ import annotations

import ast
import io
import math
import struct
import sys
import tokenize
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.lib import format as numpy_format

from samebytes.errors import FileError, PickledData, UnknownFormat, WrongSize
from samebytes.memory.files.file_format import FileFormat
from samebytes.memory.files.mapping import view_of
from samebytes.memory.text import bytes_in_words, dtype_in_words, shortened

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from samebytes.memory.files.mapping import MappedFile

__all__ = ["NPY", "Header", "is_npy", "read_header", "read_npy"]

# NumPy's own limit: the parser of Python literals can be made to recurse without end.
_LONGEST_HEADER = 10_000
_MOST_DIMENSIONS = 64
_LENGTH_FORMATS = {(1, 0): "<H", (2, 0): "<I", (3, 0): "<I"}

# What NumPy's header readers and dtype constructor were seen to raise for garbage; Warning
# is among them because it is raised instead of shown where a program asks for that.
_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    tokenize.TokenError,
)


class Header(NamedTuple):
    """What a ``.npy`` file says of its array.

    Attributes
    ----------
    shape : tuple of int
        Its shape.
    fortran_order : bool
        Whether the first axis varies fastest.
    dtype : numpy.dtype
        Its dtype.
    """

    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]


def read_npy(mapping: MappedFile, start: int, stop: int, name: str) -> npt.NDArray[Any]:
    """Return the array of a ``.npy`` file as a view of its mapping; it never copies.

    Parameters
    ----------
    mapping : MappedFile
        The file, or the archive of which the ``.npy`` file is a member.
    start, stop : int
        Where in the mapping the ``.npy`` file begins and ends, in bytes.
    name : str
        What error messages call it.

    Returns
    -------
    numpy.ndarray
        With the shape, dtype, byte order and memory order that the header tells.

    Raises
    ------
    UnknownFormat
        If the bytes do not begin as a ``.npy`` file does.
    PickledData
        If the dtype has objects, which are pickled; they are never read.
    WrongSize
        If there are fewer or more bytes than the header says.
    FileError
        If the header is not one that ``np.save`` writes.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from samebytes.memory.files.mapping import map_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "three.npy")
    ...     np.save(path, np.arange(3))
    ...     mapping = map_file(path)
    ...     print(read_npy(mapping, 0, len(mapping), "three.npy"))
    [0 1 2]
    """
    header, data_start = read_header(mapping, start, stop, name)
    try:
        order: Any = "F" if header.fortran_order else "C"
        return view_of(mapping, data_start, header.shape, header.dtype, order)
    except ValueError as error:
        # Too many axes for this NumPy, or an axis too long beside one of length 0.
        message = (
            f"{name} has a header with the shape {header.shape}, which NumPy cannot make: "
            f"{shortened(str(error))}. Save the array again with np.save."
        )
        raise FileError(message) from error


def is_npy(first: bytes) -> bool:
    """Return whether a file begins as ``.npy`` files do."""
    return first.startswith(numpy_format.MAGIC_PREFIX)


def read_header(
    mapping: MappedFile | bytes, start: int, stop: int, name: str
) -> tuple[Header, int]:
    """Return what a ``.npy`` file says of its array, and where the data begins; copies no data.

    Parameters
    ----------
    mapping : MappedFile or bytes
        The file, or its first 10,012 bytes or more: as long as a header can be.
    start, stop, name
        As for `read_npy`.

    Raises
    ------
    UnknownFormat, PickledData, WrongSize, FileError
        As `read_npy` raises them.
    """
    version, header_start, data_start = _measure(mapping, start, stop, name)
    try:
        if version == (3, 0):
            header = _parse_version_3(mapping[header_start:data_start])
        else:
            after_magic = io.BytesIO(mapping[start + numpy_format.MAGIC_LEN : data_start])
            read_header = (
                numpy_format.read_array_header_1_0
                if version == (1, 0)
                else numpy_format.read_array_header_2_0
            )
            header = Header(*read_header(after_magic, max_header_size=_LONGEST_HEADER))
    except _UNREADABLE as error:
        message = (
            f"{name} has an invalid header ({_told_by(error)}). Expected descr, fortran_order and "
            "shape as np.save writes them. Save the array again with np.save, or open it raw with "
            f"dtype=, shape= and offset={data_start}."
        )
        raise FileError(message) from error
    _refuse_impossible(header, name)
    _refuse_wrong_size(header, stop - data_start, data_start, name)
    return header, data_start


def _measure(
    mapping: MappedFile | bytes, start: int, stop: int, name: str
) -> tuple[tuple[int, int], int, int]:
    """Return the version, and where the header's text and the data begin."""
    magic_stop = start + numpy_format.MAGIC_LEN
    try:
        version = numpy_format.read_magic(io.BytesIO(mapping[start : min(magic_stop, stop)]))
    except ValueError as error:
        message = (
            f"{name} does not begin with \\x93NUMPY and a version, as a .npy file does. Save the "
            "array again with np.save."
        )
        raise UnknownFormat(message) from error
    length_format = _LENGTH_FORMATS.get(version)
    if length_format is None:
        message = (
            f"{name} is a .npy file of version {version[0]}.{version[1]}: expected 1.0, 2.0 "
            "or 3.0. Save the array again with np.save."
        )
        raise FileError(message)
    header_start = magic_stop + struct.calcsize(length_format)
    data_start = header_start
    if header_start <= stop:
        data_start += struct.unpack(length_format, mapping[magic_stop:header_start])[0]
    if data_start > stop:
        message = (
            f"{name} ends within its header: expected {bytes_in_words(data_start - start)} or "
            f"more, found {bytes_in_words(stop - start)}. It was cut short: write it again."
        )
        raise WrongSize(message)
    if data_start - header_start > _LONGEST_HEADER:
        message = (
            f"{name} has a header of {bytes_in_words(data_start - header_start)}: expected at most "
            f"{bytes_in_words(_LONGEST_HEADER)}, as np.load does, since a longer one can exhaust "
            f"the parser. Open the data raw with dtype=, shape= and offset={data_start}."
        )
        raise FileError(message)
    return version, header_start, data_start


def _told_by(error: Exception) -> str:
    return shortened(str(error)) or type(error).__name__


def _parse_version_3(text: bytes) -> Header:
    """Read what NumPy reads, for the one version it has no public reader for."""
    told = ast.literal_eval(text.decode("utf-8"))
    if not isinstance(told, dict) or told.keys() != {"descr", "fortran_order", "shape"}:
        message = "not a dict of descr, fortran_order and shape"
        raise ValueError(message)
    shape, fortran_order = told["shape"], told["fortran_order"]
    if not isinstance(shape, tuple) or not all(isinstance(length, int) for length in shape):
        message = "shape is not a tuple of int"
        raise ValueError(message)
    if not isinstance(fortran_order, bool):
        message = "fortran_order is not a bool"
        raise ValueError(message)  # noqa: TRY004 - the caller catches what NumPy raises here
    return Header(shape, fortran_order, numpy_format.descr_to_dtype(told["descr"]))


def _refuse_impossible(header: Header, name: str) -> None:
    if header.dtype.hasobject:
        message = (
            f"{name} has the dtype {dtype_in_words(header.dtype)}, whose objects are pickled, and "
            "pickled data is never read, because it can run any code. Expected numbers or "
            "fixed-size strings and records. Save the array again with such a dtype."
        )
        raise PickledData(message)
    if header.dtype.subdtype is not None:
        message = (
            f"{name} has a header with the dtype {dtype_in_words(header.dtype)}, which is itself "
            "an array: expected its axes in the shape, as np.save writes them. Save the array "
            "again with np.save."
        )
        raise FileError(message)
    if len(header.shape) > _MOST_DIMENSIONS:
        message = (
            f"{name} has a header with a shape of {len(header.shape)} axes: expected at most "
            f"{_MOST_DIMENSIONS}. Save the array again with np.save."
        )
        raise FileError(message)
    if any(isinstance(n, bool) or not 0 <= n <= sys.maxsize for n in header.shape):
        message = (
            f"{name} has a header with the shape {shortened(repr(header.shape))}: expected lengths "
            "of 0 or more that fit in memory. Save the array again with np.save."
        )
        raise FileError(message)


def _refuse_wrong_size(header: Header, found: int, data_start: int, name: str) -> None:
    expected = math.prod(header.shape) * header.dtype.itemsize
    if found == expected:
        return
    message = (
        f"{name} has a header that does not fit its data (shape "
        f"{shortened(repr(header.shape))}, dtype {dtype_in_words(header.dtype)}): expected "
        f"{bytes_in_words(expected)}, found {bytes_in_words(found)}. "
    )
    if found < expected:
        message += "It was cut short: write it again."
    else:
        message += (
            "samebytes never ignores part of a file: open each part raw with dtype=, shape= and "
            f"offset=; the part that the header describes has offset={data_start}."
        )
    raise WrongSize(message)


NPY = FileFormat(
    "npy",
    lambda first, _: is_npy(first),
    lambda mapping: read_npy(mapping, 0, len(mapping), str(mapping.path)),
)
