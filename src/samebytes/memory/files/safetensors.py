"""Tensors in the ``.safetensors`` format, on the bytes of a mapped file.

The file begins with the length of its header, which is JSON. It is read here, by the rules of the
format's own reader: tensors lie side by side, without gaps or overlaps, from the header to the end
of the file. A file that breaks a rule is refused, so every byte has exactly one meaning.
"""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from samebytes.errors import FileError, UnknownFormat, WrongSize
from samebytes.memory.files.file_format import FileFormat
from samebytes.memory.files.mapping import view_of
from samebytes.memory.text import bytes_in_words, shortened

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from samebytes.memory.files.mapping import MappedFile

__all__ = ["SAFETENSORS", "read_safetensors"]

_LENGTH_BYTES = 8
_LONGEST_HEADER = 100_000_000
"""Bytes; the limit of the format's own reader."""

_MOST_DIMENSIONS = 64
_METADATA = "__metadata__"
_AGAIN = "Write the file again with safetensors' save_file."

_DTYPES = {
    "BOOL": "?",
    "U8": "u1",
    "I8": "i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
    "C64": "<c8",
}
_OF_ML_DTYPES = {
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
}
_BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}
"""Dtypes whose values share bytes, so no array can show the single values."""


class _Unreadable(ValueError):
    """The header is JSON, but not a valid header."""


def read_safetensors(mapping: MappedFile) -> dict[str, npt.NDArray[Any] | FileError]:
    """Return the tensors of a ``.safetensors`` file by name; never copies.

    Parameters
    ----------
    mapping : MappedFile
        The file.

    Returns
    -------
    dict of str to numpy.ndarray
        In the order in which they lie in the file. A tensor may be unaligned, depending on what
        lies before it. An error stands for a tensor whose values are smaller than a byte, or whose
        dtype this version of ml_dtypes does not have.

    Raises
    ------
    WrongSize
        If the file holds fewer or more bytes than its header says.
    FileError
        If the header is not a valid one.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from samebytes.memory.files.mapping import map_file
    >>> header = json.dumps({"x": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]}}).encode()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "model.safetensors")
    ...     _ = path.write_bytes(len(header).to_bytes(8, "little") + header + b"abc")
    ...     print(read_safetensors(map_file(path)))
    {'x': array([97, 98, 99], dtype=uint8)}
    """
    start, header = _header(mapping)
    places = {
        name: _place(mapping, name, facts) for name, facts in header.items() if name != _METADATA
    }
    order = sorted(places, key=lambda name: places[name][2:])
    _refuse_gaps(mapping, [(name, *places[name][2:]) for name in order], start)
    found: dict[str, npt.NDArray[Any] | FileError] = {}
    for name in order:
        kind, shape, begin, _ = places[name]
        what = f"{mapping.path}, tensor {shortened(name)!r},"
        dtype = _dtype(kind, what)
        if isinstance(dtype, FileError):
            found[name] = dtype
            continue
        try:
            found[name] = view_of(mapping, start + begin, shape, dtype)
        except ValueError as error:
            # Too many axes for this NumPy, or an axis too long next to one of length 0.
            message = (
                f"{what} has the shape {shortened(repr(shape))}, which NumPy does not support: "
                f"{shortened(str(error))}. {_AGAIN}"
            )
            raise FileError(message) from error
    return found


def _header(mapping: MappedFile) -> tuple[int, dict[str, Any]]:
    """Return where the data begins, and the contents of the header."""
    length = int.from_bytes(mapping[:_LENGTH_BYTES], "little")
    start = _LENGTH_BYTES + length
    if length > _LONGEST_HEADER:
        message = (
            f"{mapping.path} has a header of {bytes_in_words(length)}: expected at most "
            f"{bytes_in_words(_LONGEST_HEADER)}, the limit of safetensors itself, since a longer "
            f"one could exhaust memory. {_AGAIN}"
        )
        raise FileError(message)
    if start > len(mapping):
        message = (
            f"{mapping.path} ends within its header: expected {bytes_in_words(start)} or more, "
            f"found {bytes_in_words(len(mapping))}. It was cut short: write it again."
        )
        raise WrongSize(message)
    try:
        found = json.loads(
            mapping[_LENGTH_BYTES:start].decode("utf-8"), object_pairs_hook=_without_twins
        )
        if not isinstance(found, dict):
            raise _Unreadable("not an object with a name for each tensor")
    except (ValueError, RecursionError, MemoryError) as error:
        message = (
            f"{mapping.path} has an invalid header "
            f"({shortened(str(error)) or type(error).__name__}). Expected JSON, with dtype, shape "
            f"and data_offsets for each name. {_AGAIN}"
        )
        raise FileError(message) from error
    return start, found


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object, refused if it has a name twice, since readers would disagree on it."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twin = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        message = f"{shortened(twin, 60)!r} occurs twice"
        raise _Unreadable(message)
    return found


def _place(mapping: MappedFile, name: str, facts: Any) -> tuple[str, tuple[int, ...], int, int]:
    """Return a tensor's dtype, shape, first byte and end by the header."""
    what = f"{mapping.path}, tensor {shortened(name)!r},"
    if not isinstance(facts, dict) or not {"dtype", "shape", "data_offsets"} <= facts.keys():
        message = f"{what} lacks its dtype, shape or data_offsets in the header. {_AGAIN}"
        raise FileError(message)
    kind, shape, offsets = facts["dtype"], facts["shape"], facts["data_offsets"]
    if not isinstance(kind, str) or not _numbers(shape) or not _numbers(offsets):
        message = (
            f"{what} has the dtype {shortened(repr(kind), 60)}, the shape "
            f"{shortened(repr(shape), 60)} and the data_offsets {shortened(repr(offsets), 60)}: "
            f"expected a name, and two lists of whole numbers of 0 or more. {_AGAIN}"
        )
        raise FileError(message)
    if len(shape) > _MOST_DIMENSIONS:
        message = f"{what} has {len(shape):,} axes: expected at most {_MOST_DIMENSIONS}. {_AGAIN}"
        raise FileError(message)
    if len(offsets) != 2 or offsets[0] > offsets[1]:
        message = (
            f"{what} has the data_offsets {shortened(repr(offsets), 60)}: expected two, its first "
            f"byte and the byte after its last. {_AGAIN}"
        )
        raise FileError(message)
    begin, end = offsets
    bits = _bits(kind, what) * math.prod(shape)
    if bits % 8 or bits // 8 != end - begin:
        expected = f"{bytes_in_words(bits // 8)}{' and a part of one' if bits % 8 else ''}"
        message = (
            f"{what} has the shape {shortened(repr(tuple(shape)))} and the dtype {kind}, which do "
            f"not fit its data_offsets: expected {expected}, found {bytes_in_words(end - begin)}. "
            f"{_AGAIN}"
        )
        raise WrongSize(message)
    return kind, tuple(shape), begin, end


def _numbers(found: Any) -> bool:
    """Return whether this is a list of whole numbers that can be lengths or offsets."""
    return isinstance(found, list) and all(
        type(number) is int and 0 <= number <= sys.maxsize for number in found
    )


def _bits(kind: str, what: str) -> int:
    """Return how many bits a value takes."""
    if kind in _BITS:
        return _BITS[kind]
    if kind in _DTYPES:
        return 8 * np.dtype(_DTYPES[kind]).itemsize
    if kind in _OF_ML_DTYPES:
        return 16 if kind == "BF16" else 8
    message = (
        f"{what} has the dtype {shortened(kind, 60)!r}: expected one of "
        f"{', '.join((*_DTYPES, *_OF_ML_DTYPES))}. {_AGAIN}"
    )
    raise UnknownFormat(message)


def _dtype(kind: str, what: str) -> np.dtype[Any] | FileError:
    """Return the dtype of an array, or an error if no array can have it."""
    if kind in _DTYPES:
        return np.dtype(_DTYPES[kind])
    if kind in _BITS:
        return UnknownFormat(
            f"{what} has the dtype {kind}, whose values take {_BITS[kind]} bits each: expected "
            "whole bytes, since no array can show parts of a byte. Unpack it with the library that "
            "packed it."
        )
    import ml_dtypes  # only for its own dtypes: importing samebytes stays light

    found = getattr(ml_dtypes, _OF_ML_DTYPES[kind], None)
    if found is None:
        return UnknownFormat(
            f"{what} has the dtype {kind}, but this version of ml_dtypes has no "
            f"{_OF_ML_DTYPES[kind]}. Install a newer one: pip install --upgrade ml_dtypes."
        )
    dtype: np.dtype[Any] = np.dtype(found)
    return dtype


def _refuse_gaps(mapping: MappedFile, places: list[tuple[str, int, int]], start: int) -> None:
    """Refuse tensors that do not lie side by side, from the header to the end of the file."""
    behind, before = 0, ""
    for name, begin, end in places:
        if begin != behind:
            wrong = "overlaps" if begin < behind else "leaves a gap after"
            message = (
                f"{mapping.path}, tensor {shortened(name)!r}, {wrong} "
                f"{f'tensor {shortened(before)!r}' if before else 'the header'}: expected to begin "
                f"at byte {behind:,} of the data, found {begin:,}. {_AGAIN}"
            )
            raise FileError(message)
        behind, before = end, name
    found = len(mapping) - start
    if found != behind:
        message = (
            f"{mapping.path} has a header that does not fit its data: expected "
            f"{bytes_in_words(behind)}, found {bytes_in_words(found)}. "
        )
        message += (
            "It was cut short: write it again."
            if found < behind
            else f"samebytes never ignores part of a file. {_AGAIN}"
        )
        raise WrongSize(message)


def _matches(first: bytes, _: Path) -> bool:
    # There is no magic, only a length whose upper bytes are 0, and the beginning of a JSON object.
    length, text = first[:_LENGTH_BYTES], first[_LENGTH_BYTES:]
    rest = text[1:].lstrip(b" \t\r\n")
    return length[5:] == bytes(3) and text[:1] == b"{" and rest[:1] in (b'"', b"}", b"")


SAFETENSORS = FileFormat("safetensors", _matches, read_safetensors)
