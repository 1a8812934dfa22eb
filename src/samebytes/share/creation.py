"""New arrays that need no copy later: page-aligned, or mapped from files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from samebytes.errors import NotABuffer
from samebytes.memory import aligned as pages
from samebytes.memory.aligned import Shape
from samebytes.memory.files import open_file
from samebytes.share.array import Array
from samebytes.share.autograph import plain_python
from samebytes.share.buffer import type_name, view
from samebytes.share.dtypes import as_dtype
from samebytes.share.guard import record
from samebytes.share.layout import layout_of_view
from samebytes.share.verdict import Target, judge

if TYPE_CHECKING:
    from samebytes.memory.files.mapping import Mode

__all__ = ["aligned", "empty", "open", "zeros"]

_PAGES = Target(
    "page-aligned memory",
    pages.PAGE_BYTES,
    packed=True,
    native=True,
    supports=lambda dtype: not dtype.hasobject,
    has_door=lambda *_: True,
    casts=True,
)


@plain_python
def empty(shape: Shape, dtype: Any = "float64", *, huge_pages: bool | None = None) -> Array:
    """Return a page-aligned `Array` whose values do not matter yet; never copies.

    Parameters
    ----------
    shape : int or sequence of int
        Lengths of the axes; ``()`` and 0 are allowed.
    dtype : dtype-like
        Any dtype of NumPy, ml_dtypes or TensorFlow, except object.
    huge_pages : bool, optional
        Whether arrays of 2 MiB or more ask the kernel for huge pages, which makes first use about
        five times as fast. Yes by default, unless the environment variable ``SAMEBYTES_HUGE_PAGES``
        is 0.

    Raises
    ------
    Unconvertible
        For dtypes that hold references to Python objects.

    Examples
    --------
    >>> batch = empty((32, 256, 256, 3), "bfloat16")
    >>> batch.ctypes.data % 4096, batch.dtype.name
    (0, 'bfloat16')
    """
    return pages.empty(shape, as_dtype(dtype), huge_pages=huge_pages).view(Array)


@plain_python
def zeros(shape: Shape, dtype: Any = "float64", *, huge_pages: bool | None = None) -> Array:
    """Return a page-aligned `Array` of zeros; never copies, and costs no memory until touched.

    Parameters and errors are those of `empty`.

    Examples
    --------
    >>> zeros(3, "int16")
    Array([0, 0, 0], dtype=int16)
    """
    return empty(shape, dtype, huge_pages=huge_pages)  # pages fresh from the system are zeros


@plain_python
def aligned(array: Any, dtype: Any = None, *, huge_pages: bool | None = None) -> Array:
    """Return `array` page-aligned, row-major and native; copies once, unless it already is.

    Every later hand-over then shares the bytes: pay once here for an array that is used often.

    Parameters
    ----------
    array : buffer or array-like
        Anything that `as_array` or ``np.asarray`` takes.
    dtype : dtype-like, optional
        Convert to this dtype in the same pass, as ``astype`` does.
    huge_pages : bool, optional
        See `empty`.

    Raises
    ------
    NotABuffer
        If it has a mask, is a memoryview that cannot be read, or cannot become an array at all.
    CopyNeeded
        In a `no_copy` block, if it is not aligned yet.

    Examples
    --------
    >>> import samebytes as sb
    >>> crop = sb.zeros((8, 64, 64, 3), "uint8")[:, 16:48, 16:48]
    >>> sb.explain(crop).shared, sb.explain(sb.aligned(crop)).shared
    (False, True)
    """
    try:
        source = view(array)
    except NotABuffer as refused:
        # np.asarray would drop the mask in silence, and end the process on a false memoryview.
        if isinstance(array, np.ma.MaskedArray | memoryview):
            raise
        try:
            source = np.asarray(array)
        except (TypeError, RuntimeError, BufferError):
            raise refused from None
    wanted = None if dtype is None else as_dtype(dtype)
    native = None if wanted is None else wanted.newbyteorder("=")
    record(judge(layout_of_view(source, type_name(array)), _PAGES, native))
    return pages.aligned(source, wanted, huge_pages=huge_pages).view(Array)


@overload
def open(
    path: str | os.PathLike[str],
    dtype: None = None,
    shape: None = None,
    *,
    offset: int = 0,
    mode: Mode = "r",
) -> Array | Any: ...


@overload
def open(
    path: str | os.PathLike[str],
    dtype: Any,
    shape: Shape | None = None,
    *,
    offset: int = 0,
    mode: Mode = "r",
) -> Array: ...


@plain_python
def open(
    path: str | os.PathLike[str],
    dtype: Any = None,
    shape: Shape | None = None,
    *,
    offset: int = 0,
    mode: Mode = "r",
) -> Any:
    """Return the array or arrays in a file as mapped `Array`; never copies, and reads no data.

    Parameters
    ----------
    path : path
        A ``.npy`` file, an uncompressed ``.npz``, or, with `dtype`, raw values.
    dtype : dtype-like, optional
        Dtype of raw values; leave it out for a file whose header says it.
    shape : int or sequence of int, optional
        Shape of raw values; one length may be -1. By default, 1-D over the rest of the file.
    offset : int
        Raw values begin at this many bytes into the file.
    mode : {'r', 'r+', 'c'}
        As in NumPy: read-only; writes go to the file; writes go to private copies of its pages.

    Returns
    -------
    Array or dict of str to Array
        For ``.npz`` files, a dict by member name.

    Raises
    ------
    FileError
        If the file is not what it should be: its subclasses `WrongSize`, `CompressedMember`,
        `PickledData` and `UnknownFormat` say how. Nothing is ever unpickled.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "images.npy")
    >>> np.save(path, np.arange(6, dtype="float32").reshape(2, 3))
    >>> open(path)[1]
    Array([3., 4., 5.], dtype=float32)
    >>> open(path, "float32", (2, 3), offset=128)[1]
    Array([3., 4., 5.], dtype=float32)
    >>> folder.cleanup()
    """
    wanted = None if dtype is None else as_dtype(dtype)
    found = open_file(path, wanted, shape, offset=offset, mode=mode)
    if isinstance(found, dict):
        return {name: member.view(Array) for name, member in found.items()}
    return found.view(Array)
