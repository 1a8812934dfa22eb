"""Datasets of ``.h5`` files: contiguous ones on the bytes of a mapped file, others by chunks.

The place of a contiguous dataset comes from h5py, but its bytes are never read through it. One that
is stored in chunks, compressed or not, lies in many places: it becomes a `LazyArray`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from samebytes.errors import CompressedMember, FileError, MissingPackage, UnknownFormat, WrongSize
from samebytes.memory.files.file_format import FileFormat, listed, missing_key
from samebytes.memory.files.hdf5_chunks import HDF5Source, open_for_reading
from samebytes.memory.files.mapping import map_file, view_of
from samebytes.memory.lazy import LazyArray
from samebytes.memory.text import bytes_in_words, dtype_in_words, shortened

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import numpy.typing as npt

    from samebytes.memory.files.file_format import Opened
    from samebytes.memory.files.mapping import MappedFile

__all__ = ["HDF5", "array_of_dataset", "is_dataset", "open_key", "read_hdf5"]

_MAGIC = b"\x89HDF\r\n\x1a\n"
_MATLAB = b"MATLAB 7.3 MAT-file"
"""What MATLAB writes first; the magic then begins at byte 512."""

_UNREADABLE = (
    ArithmeticError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What h5py was seen to raise for damaged files."""


def read_hdf5(mapping: MappedFile) -> Opened | dict[str, Opened | FileError]:
    """Return the datasets of an HDF5 file; never copies.

    Parameters
    ----------
    mapping : MappedFile
        The file.

    Returns
    -------
    ndarray or LazyArray, or dict of str to one of these
        The dataset, if it is the only one in the file; otherwise all of them by name, those in
        groups as ``"group/x"``. An error for a dataset without a fixed size.

    Raises
    ------
    MissingPackage
        If h5py is not installed.
    FileError
        If the file is damaged, or its only dataset cannot be mapped.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import h5py
    >>> from samebytes.memory.files.mapping import map_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "images.h5")
    ...     with h5py.File(path, "w") as file:
    ...         file["train/y"] = np.arange(3)
    ...     print(read_hdf5(map_file(path)))
    [0 1 2]
    """
    found: dict[str, Any] = {}
    with _opened(mapping) as file:
        for name in _names(mapping, file):
            found[name] = _view(mapping, name, file[name])
    if len(found) != 1:
        return found
    (only,) = found.values()
    if isinstance(only, FileError):
        raise only
    opened: Opened = only
    return opened


def open_key(mapping: MappedFile, key: str) -> npt.NDArray[Any] | LazyArray:
    """Return one dataset of an HDF5 file; never copies, and looks at no other dataset.

    Raises
    ------
    MissingPackage
        If h5py is not installed.
    FileError
        If there is no dataset of that name, or it cannot be mapped.
    """
    with _opened(mapping) as file:
        found = _view(mapping, key, _dataset(mapping, file, key))
    if isinstance(found, FileError):
        raise found
    return found


def is_dataset(obj: object) -> bool:
    """Return whether an object is an ``h5py.Dataset``; imports nothing."""
    kind = type(obj)
    return kind.__name__ == "Dataset" and kind.__module__.partition(".")[0] == "h5py"


def array_of_dataset(dataset: Any) -> npt.NDArray[Any] | LazyArray:
    """Return an ``h5py.Dataset`` as an array on its file, which is mapped for it; never copies.

    Whatever was written through h5py is flushed to the file first. One in chunks becomes a
    `LazyArray` that reads through this object as long as it is open.

    Raises
    ------
    FileError
        If it can be neither: it is closed, in memory or in several files.
    """
    if not dataset:
        message = "an h5py.Dataset is closed: expected an open one. Open its file again."
        raise FileError(message)
    name, file = str(dataset.name), dataset.file
    if file.driver not in ("sec2", "stdio"):
        message = (
            f"the h5py.Dataset {shortened(name)!r} is read by the HDF5 driver {file.driver!r}: "
            "expected a plain file, whose bytes can be mapped. Pass its values instead: x[...]."
        )
        raise FileError(message)
    file.flush()
    mapping = map_file(os.fsdecode(file.filename))
    _check_same(mapping, file)
    found = _view(mapping, name.strip("/"), dataset, keep=True)
    if isinstance(found, FileError):
        raise found
    return found


def _opened(mapping: MappedFile) -> AbstractContextManager[Any]:
    try:
        import h5py
    except ImportError as missing:
        message = (
            f"{mapping.path} is an HDF5 file, and finding its datasets needs h5py, which is not "
            "installed: pip install h5py."
        )
        raise MissingPackage(message) from missing
    return _File(h5py, mapping)


class _File:
    """A mapped HDF5 file, open in h5py for a block of code, whose errors it explains."""

    def __init__(self, h5py: Any, mapping: MappedFile) -> None:
        self._h5py = h5py
        self._mapping = mapping
        self._file: Any = None

    def __enter__(self) -> Any:
        try:
            self._file = open_for_reading(self._h5py, self._mapping.path)
        except _UNREADABLE as error:
            raise _unreadable(self._mapping, error) from error
        try:
            _check_same(self._mapping, self._file)
        except FileError:
            self._file.close()
            raise
        return self._file

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        self._file.close()
        if isinstance(error, _UNREADABLE) and not isinstance(error, FileError):
            raise _unreadable(self._mapping, error) from error


def _unreadable(mapping: MappedFile, error: BaseException) -> FileError:
    return FileError(
        f"{mapping.path} begins like an HDF5 file, but h5py cannot read it "
        f"({shortened(str(error)) or type(error).__name__}). It was cut short or damaged, or is "
        "still being written: write it again, or close it first."
    )


def _check_same(mapping: MappedFile, file: Any) -> None:
    """Refuse a file that has replaced the mapped one at its path."""
    found = os.fstat(file.id.get_vfd_handle())
    if (found.st_dev, found.st_ino) != mapping.identity:
        message = (
            f"{mapping.path} was replaced by another file after it was mapped: expected the same "
            "file. Open it again."
        )
        raise FileError(message)


def _names(mapping: MappedFile, file: Any) -> list[str]:
    """Return the name of each dataset, the first one if it has several."""
    found: list[str] = []

    def visit(name: Any, each: Any) -> None:
        if is_dataset(each):
            found.append(name)

    file.visititems(visit)
    twins = [name for name in found if not isinstance(name, str)]
    if twins:
        raise _unreadable(mapping, ValueError("a name is not text"))
    return found


def _dataset(mapping: MappedFile, file: Any, key: str) -> Any:
    """Return the dataset of a name; follows no links, least of all to another file."""
    group, name = file, key.strip("/")
    for part in name.split("/"):
        link = group.get(part, getlink=True) if part and hasattr(group, "get") else None
        if link is not None and (target := getattr(link, "path", None)) is not None:
            other = f" of {shortened(str(link.filename))}" if hasattr(link, "filename") else ""
            message = (
                f"{mapping.path} has, as {shortened(key)!r}, a link to {shortened(str(target))!r}"
                f"{other}: expected a dataset. Open that one{' in that file' * bool(other)}."
            )
            raise FileError(message)
        if link is None or part not in group:
            raise _missing(mapping, key, file)
        group = group[part]
    if not is_dataset(group):
        raise _missing(mapping, key, file)
    return group


def _missing(mapping: MappedFile, key: str, file: Any) -> FileError:
    """Return the error for a dataset that is not in a file; it lists those that are."""
    return missing_key(mapping, key, _names(mapping, file))


def _view(
    mapping: MappedFile, name: str, dataset: Any, *, keep: bool = False
) -> npt.NDArray[Any] | LazyArray | FileError:
    """Return the array of a dataset, or an error if it can have none."""
    what = f"{mapping.path}, dataset {shortened(name)!r}"
    shape, dtype = dataset.shape, dataset.dtype
    if shape is None:
        return FileError(f"{what}, is empty, without a shape: expected an array. Leave it out.")
    what += f" ({dtype_in_words(dtype)} {shortened(str(shape), 60)}),"
    why = _refusal(dataset)
    if why is not None:
        kind, reason = why
        return kind(f"{what} {reason}")
    kinds = dataset.id.get_type()
    if not _is_plain(kinds, dtype):
        return UnknownFormat(
            f"{what} is of an HDF5 type that no array can show as it is stored (variable length, "
            "references, or numbers of odd sizes): expected numbers, fixed-length strings or "
            "records. Read it with h5py, x[...], or write it as one of these."
        )
    plain = np.dtype(dtype.str) if dtype.names is None and dtype.subdtype is None else dtype
    if dataset.chunks is not None and 0 not in shape:
        source = HDF5Source(mapping.path, mapping.identity, len(mapping), name, dataset, keep=keep)
        return LazyArray(source, source.shape, source.dtype)
    if 0 in shape:
        return view_of(mapping, 0, shape, plain)
    return _placed(mapping, what, dataset, plain)


def _placed(
    mapping: MappedFile, what: str, dataset: Any, dtype: np.dtype[Any]
) -> npt.NDArray[Any] | FileError:
    start, nbytes = dataset.id.get_offset(), dataset.id.get_storage_size()
    if start is None or nbytes == 0:
        return FileError(
            f"{what} was created but never written to, so it has no place in the file: expected "
            "values. Write its values, or create it with data=np.zeros(shape)."
        )
    expected = dtype.itemsize * int(np.prod(dataset.shape, dtype=object))
    if nbytes < expected or start < 0 or start + expected > len(mapping):
        found = min(nbytes, max(len(mapping) - max(start, 0), 0))
        return WrongSize(
            f"{what} does not fit in its place in the file: expected {bytes_in_words(expected)}, "
            f"found {bytes_in_words(found)}. It was cut short or damaged: write it again."
        )
    return view_of(mapping, start, dataset.shape, dtype)


def _refusal(dataset: Any) -> tuple[type[FileError], str] | None:
    """Return why a dataset is not contiguous in this file, by how it was created."""
    if dataset.is_virtual:
        return FileError, (
            "is virtual, made of parts of other files: expected a dataset in this file. Open the "
            "parts and join them with sb.concat."
        )
    if dataset.external:
        return FileError, (
            f"lies in other files ({listed(str(each[0]) for each in dataset.external)}): expected "
            "a dataset in this file. Open those files raw, with dtype= and shape=."
        )
    missing = _missing_filters(dataset)
    if missing:
        return CompressedMember, (
            f"is stored in chunks with filters that this h5py does not have ({missing}): expected "
            "ones that it can decode. Install them (pip install hdf5plugin, and import it first), "
            "or write the dataset again with compression='gzip'."
        )
    return None


def _missing_filters(dataset: Any) -> str:
    import h5py

    made = dataset.id.get_create_plist()
    filters = [made.get_filter(number) for number in range(made.get_nfilters())]
    names = [name for code, *_, name in filters if not h5py.h5z.filter_avail(code)]
    return ", ".join(shortened(os.fsdecode(name), 60) or "without a name" for name in names)


def _is_plain(kind: Any, dtype: np.dtype[Any]) -> bool:
    """Return whether an HDF5 type has the same bytes as a dtype, in every part."""
    if dtype.hasobject or kind.get_size() != dtype.itemsize:
        return False
    if dtype.names is not None:
        members = {
            os.fsdecode(kind.get_member_name(number)): number
            for number in range(kind.get_nmembers())
        }
        return all(
            name in members
            and kind.get_member_offset(members[name]) == offset
            and _is_plain(kind.get_member_type(members[name]), part)
            for name, (part, offset, *_) in (dtype.fields or {}).items()
        )
    if dtype.subdtype is not None:
        return _is_plain(kind.get_super(), dtype.subdtype[0])
    if dtype.kind in "SV":
        return True  # bytes of the same size, as they are
    import h5py

    return bool(kind.equal(h5py.h5t.py_create(dtype, logical=True)))


HDF5 = FileFormat("h5", lambda first, _: first.startswith((_MAGIC, _MATLAB)), read_hdf5, open_key)
