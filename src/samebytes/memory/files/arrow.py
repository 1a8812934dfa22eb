"""Columns of Arrow tables (IPC files, Feather version 2), on the bytes of a mapped file.

Pyarrow reads the table where it is mapped, and should copy nothing. That is checked, by the address
of each buffer: one outside the mapping was compressed.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from samebytes.errors import CompressedMember, FileError, MissingPackage, UnknownFormat, WrongSize
from samebytes.memory.files.file_format import FileFormat
from samebytes.memory.files.mapping import view_of
from samebytes.memory.text import bytes_in_words, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from samebytes.memory.files.file_format import Opened
    from samebytes.memory.files.mapping import MappedFile

__all__ = ["ARROW", "read_arrow"]

_MAGIC = b"ARROW1"
_OLD_FEATHER = b"FEA1"
_STREAM = b"\xff\xff\xff\xff"
"""How a stream in a file begins; Hugging Face's datasets are such files."""

_OLDEST = 15
"""Since 14.0.1, pyarrow reads files without unpickling anything; this is the next full version."""

_PLAINLY = "pyarrow.feather.write_feather(table, path, compression='uncompressed')"


def read_arrow(mapping: MappedFile) -> dict[str, Opened | FileError]:
    """Return the columns of a table by name; never copies.

    Parameters
    ----------
    mapping : MappedFile
        An Arrow IPC file (a Feather version 2 file is one too), or an ``.arrow`` file that holds an
        Arrow stream.

    Returns
    -------
    dict of str to numpy.ndarray
        Numbers as they are; times as NumPy's own if it has the type, otherwise as integers (days,
        seconds of the day); fixed-size lists and binaries with one more axis. A list of arrays for
        a column in several record batches. An error for a column that no array can show: strings,
        lists of variable length, dictionaries, bool (packed into bits), and columns with nulls.

    Raises
    ------
    MissingPackage
        If pyarrow is not installed, or too old to be safe.
    CompressedMember
        If the buffers are compressed.
    FileError
        If the file is damaged, or has two columns of one name.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pyarrow as pa
    >>> from samebytes.memory.files.mapping import map_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "table.arrow")
    ...     table = pa.table({"label": pa.array([3, 1, 2], "int32")})
    ...     with pa.ipc.new_file(path, table.schema) as file:
    ...         file.write_table(table)
    ...     print(read_arrow(map_file(path)))
    {'label': array([3, 1, 2], dtype=int32)}
    """
    first = mapping[: len(_MAGIC)]
    if first.startswith(_OLD_FEATHER):
        message = (
            f"{mapping.path} is a Feather version 1 file: expected version 2, which is an Arrow "
            f"IPC file. Read it with pyarrow and write it again: {_PLAINLY}."
        )
        raise UnknownFormat(message)
    pyarrow = _pyarrow(mapping)
    # What it was seen to raise for damaged files; its own errors derive from built-in ones.
    unreadable = (pyarrow.ArrowException, ArithmeticError, LookupError, MemoryError, OSError)
    try:
        return _Table(pyarrow, mapping, is_file=first.startswith(_MAGIC)).columns()
    except FileError:
        raise
    except (*unreadable, ValueError, TypeError, NotImplementedError) as error:
        message = (
            f"{mapping.path} begins like an Arrow file, but pyarrow cannot read it "
            f"({shortened(str(error)) or type(error).__name__}). It was cut short or damaged: "
            "write it again."
        )
        raise FileError(message) from error


def _pyarrow(mapping: MappedFile) -> Any:
    try:
        import pyarrow as pa
        import pyarrow.ipc
    except ImportError as missing:
        message = (
            f"{mapping.path} is an Arrow file, and reading its header needs pyarrow, which is not "
            "installed: pip install pyarrow."
        )
        raise MissingPackage(message) from missing
    if int(pa.__version__.split(".")[0]) < _OLDEST:
        message = (
            f"{mapping.path} is an Arrow file, and pyarrow {pa.__version__} may unpickle data from "
            f"files: expected version {_OLDEST} or newer. Run: pip install --upgrade pyarrow."
        )
        raise MissingPackage(message)
    return pa


class _Table:
    """A mapped table, while its columns are looked up."""

    def __init__(self, pyarrow: Any, mapping: MappedFile, *, is_file: bool) -> None:
        self._pyarrow = pyarrow
        self._mapping = mapping
        self._is_file = is_file
        self._memory = pyarrow.py_buffer(mapping)

    def columns(self) -> dict[str, Opened | FileError]:
        """Return each column's arrays, or an error if it can have none."""
        fields = list(self._open().schema)
        names = [field.name for field in fields]
        if len(set(names)) < len(names):
            twin = next(name for place, name in enumerate(names) if name in names[:place])
            message = (
                f"{self._mapping.path} has several columns named {shortened(twin)!r}: expected "
                "each name once, since only one of them could be returned. Rename them "
                "(table.rename_columns)."
            )
            raise FileError(message)
        why: dict[str, FileError | None] = {f.name: self._refusal(f) for f in fields}
        mappable = [place for place, field in enumerate(fields) if why[field.name] is None]
        found: dict[str, Any] = {names[place]: [] for place in mappable}
        for batch in self._batches() if mappable else ():
            for place in mappable:
                name = names[place]
                if why[name] is None:
                    try:
                        found[name] += self._view(name, batch.column(place))
                    except _Nulls as nulls:
                        why[name] = nulls.why
        return {
            field.name: why[field.name] or self._column(found[field.name], field.type)
            for field in fields
        }

    def _column(self, arrays: list[np.ndarray[Any, Any]], kind: Any) -> Opened:
        if len(arrays) > 1:
            return arrays
        return arrays[0] if arrays else self._nothing(kind)

    def _open(self) -> Any:
        ipc, source = self._pyarrow.ipc, self._pyarrow.BufferReader(self._memory)
        return (ipc.open_file if self._is_file else ipc.open_stream)(source)

    def _batches(self) -> Iterator[Any]:
        """Yield the record batches; refuses compressed ones before anything is decompressed."""
        # A file is its magic, and then a stream.
        start = 8 if self._is_file else 0
        messages = self._pyarrow.ipc.MessageReader.open_stream(self._memory.slice(start))
        try:
            while (message := messages.read_next_message()).type != "record batch":
                pass
            compressed = _is_compressed(memoryview(message.metadata))
        except (StopIteration, struct.error):
            compressed = False  # there is none, or what follows tells what is wrong with it
        if compressed:
            raise self._compressed()
        reader = self._open()
        if not self._is_file:
            yield from reader
            return
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)

    def _compressed(self) -> CompressedMember:
        return CompressedMember(
            f"{self._mapping.path} has columns that are compressed or of another byte order, so "
            "their bytes cannot be mapped: expected uncompressed buffers in native byte order. "
            f"Write the table again: {_PLAINLY}."
        )

    def _refusal(self, field: Any) -> FileError | None:
        """Return an error if no array can show a column of this type."""
        types, kind = self._pyarrow.types, _plain(self._pyarrow, field.type)
        while types.is_fixed_size_list(kind):
            kind = kind.value_type
        if self._dtype(kind) is not None or types.is_fixed_size_binary(kind):
            return None
        if types.is_boolean(kind):
            what = "packs eight values into a byte, while an array takes at least a byte for each"
            remedy = "Cast it: column.cast('uint8')"
        elif types.is_dictionary(kind):
            what = "holds indices of values that are stored elsewhere in the file"
            remedy = "Store the indices: column.combine_chunks().indices"
        elif types.is_null(kind):
            what, remedy = "holds only nulls", "Leave it out"
        else:
            what = "has no fixed size, or no counterpart in NumPy"
            remedy = "Convert it to numbers or fixed-size lists, and write the table again"
        return UnknownFormat(
            f"{self._name(field.name)} is of type {shortened(str(field.type), 60)}, which {what}: "
            f"expected numbers, times, or fixed-size lists of them. {remedy}."
        )

    def _view(self, name: str, column: Any) -> list[np.ndarray[Any, Any]]:
        """Return a column of a record batch as an array on the mapping, or none if it is empty."""
        pyarrow, kind = self._pyarrow, column.type
        row: tuple[int, ...] = ()
        axes: tuple[int, ...] | None = None
        if isinstance(column, pyarrow.ExtensionArray):
            row, axes = _tensor(kind)
            column, kind = column.storage, column.storage.type
        shape, offset = [len(column)], column.offset
        self._refuse_nulls(name, column)
        while pyarrow.types.is_fixed_size_list(kind):
            column, length = column.values, kind.list_size
            kind, offset = kind.value_type, offset * length + column.offset
            shape.append(length)
            self._refuse_nulls(name, column)
        dtype = self._dtype(kind)
        if dtype is None:  # a binary of fixed size
            shape.append(kind.byte_width)
            dtype, offset = np.dtype(np.uint8), offset * kind.byte_width
        if 0 in shape:
            return []
        buffer, nbytes = column.buffers()[1], math.prod(shape) * dtype.itemsize
        start = -1 if buffer is None else buffer.address - self._memory.address
        if buffer is not None and not 0 <= start <= len(self._mapping) - buffer.size:
            raise self._compressed()
        start += offset * dtype.itemsize
        room = 0 if buffer is None else buffer.size - offset * dtype.itemsize
        if room < nbytes:
            message = (
                f"{self._name(name)} has a record batch of shape {tuple(shape)} with a buffer that "
                f"is too small: expected {bytes_in_words(nbytes)}, found "
                f"{bytes_in_words(max(room, 0))}. The file is damaged: write it again."
            )
            raise WrongSize(message)
        if not row or math.prod(row) != math.prod(shape[1:]):
            return [view_of(self._mapping, start, tuple(shape), dtype)]
        array = view_of(self._mapping, start, (shape[0], *row), dtype)
        return [array if axes is None else array.transpose(axes)]

    def _refuse_nulls(self, name: str, column: Any) -> None:
        if column.null_count:
            raise _Nulls(
                FileError(
                    f"{self._name(name)} has nulls ({column.null_count:,} in a record batch of "
                    f"{len(column):,}), whose bytes have no meaning: expected a value in each row. "
                    "Fill them (column.fill_null(0)) or drop their rows, and write the table again."
                )
            )

    def _name(self, name: str) -> str:
        return f"{self._mapping.path}, column {shortened(name)!r},"

    def _nothing(self, kind: Any) -> np.ndarray[Any, Any]:
        """Return the array of a column in a table without rows."""
        row: list[int] = []
        if hasattr(kind, "storage_type"):
            row, kind = list(_tensor(kind)[0]), kind.storage_type
        inner: list[int] = []
        while self._pyarrow.types.is_fixed_size_list(kind):
            inner.append(kind.list_size)
            kind = kind.value_type
        dtype = self._dtype(kind)
        if dtype is None:
            inner.append(kind.byte_width)
        return view_of(self._mapping, 0, (0, *(row or inner)), dtype or np.dtype(np.uint8))

    def _dtype(self, kind: Any) -> np.dtype[Any] | None:
        """Return the dtype for the values of a type, None if NumPy has none of their size."""
        types = self._pyarrow.types
        if types.is_integer(kind) or types.is_floating(kind):
            dtype: np.dtype[Any] = np.dtype(kind.to_pandas_dtype())
            return dtype
        if types.is_date32(kind) or types.is_time(kind):
            return np.dtype(f"i{kind.bit_width // 8}")
        if types.is_date64(kind):
            return np.dtype("M8[ms]")
        if types.is_timestamp(kind):
            return np.dtype(f"M8[{kind.unit}]")
        if types.is_duration(kind):
            return np.dtype(f"m8[{kind.unit}]")
        return None


class _Nulls(Exception):
    """A column has nulls."""

    def __init__(self, why: FileError) -> None:
        super().__init__(why)
        self.why = why


def _is_compressed(metadata: memoryview) -> bool:
    """Return whether the message of a record batch says that its buffers are compressed.

    Pyarrow does not expose that. The message is a FlatBuffers table, whose third field is the
    record batch, a table whose fourth field says how it is compressed.
    """
    (root,) = struct.unpack_from("<I", metadata, 0)
    header = _field(metadata, root, 2)
    if header is None:
        return False
    (further,) = struct.unpack_from("<I", metadata, header)
    return _field(metadata, header + further, 3) is not None


def _field(metadata: memoryview, table: int, number: int) -> int | None:
    """Return where a field of a FlatBuffers table lies, None if it is left out."""
    (back,) = struct.unpack_from("<i", metadata, table)
    names = table - back
    if names < 0:
        return None
    (size,) = struct.unpack_from("<H", metadata, names)
    place = 4 + 2 * number
    if place >= size:
        return None
    (offset,) = struct.unpack_from("<H", metadata, names + place)
    return table + offset if offset else None


def _plain(pyarrow: Any, kind: Any) -> Any:
    """Return the type that an extension type is stored as, or the type itself."""
    return kind.storage_type if isinstance(kind, pyarrow.BaseExtensionType) else kind


def _tensor(kind: Any) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """Return the shape of a row of fixed-shape tensors as stored, and the order of its axes."""
    shape = tuple(getattr(kind, "shape", None) or ())
    order = getattr(kind, "permutation", None)
    return shape, (0, *(1 + axis for axis in order)) if order else None


def _matches(first: bytes, path: Path) -> bool:
    return first.startswith((_MAGIC, _OLD_FEATHER)) or (
        first.startswith(_STREAM) and path.suffix == ".arrow"
    )


ARROW = FileFormat("arrow", _matches, read_arrow)
