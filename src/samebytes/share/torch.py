"""PyTorch on the same bytes: what it demands, the way in, and the tensors made through it.

``torch.from_numpy`` takes NumPy's own dtypes at any address and in any order of axes. bfloat16 and
the float8 of ml_dtypes it does not know; these go in as integers and are read there as what they
are. Neither is believed: the first hand-over of each dtype sends a probe through, and only if the
tensor lies at the probe's address does the verdict say that bytes are shared.
"""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.aligned import address_of, empty
from samebytes.memory.files.origin import check_unshrunk
from samebytes.memory.gather import gather
from samebytes.memory.strided import as_strided
from samebytes.share.components import check_components
from samebytes.share.frameworks import import_torch
from samebytes.share.guard import record, record_shared
from samebytes.share.layout import Layout, layout_of_view
from samebytes.share.strings import is_string
from samebytes.share.verdict import Target, Verdict, judge

__all__ = [
    "check_torch_components",
    "judge_torch",
    "torch_tensor_of",
    "torch_tensors_on",
    "torch_tensors_on_rows",
]

Array = npt.NDArray[Any]

NARROW = ("bfloat16", "float8_")
"""How the names begin that ml_dtypes and PyTorch give the same numbers.

Their names for integers of less than a byte are alike too, but PyTorch does not compute with them.
"""


# --------------------------------------------------------------------------------- the door


@functools.cache
def _way_in(dtype: np.dtype[Any], char: str) -> tuple[np.dtype[Any], Any] | None:  # noqa: ARG001
    """Return as which dtype of NumPy's the bytes go in, and as which of PyTorch's they are read.

    The latter is None where the door makes the right one; there is no way in where PyTorch has no
    such dtype. Of two dtypes that compare equal, such as ``ulonglong``, PyTorch may know only one,
    so `char` is part of the key.
    """
    torch = import_torch()
    if dtype.names is None and dtype.name.startswith(NARROW):  # one of them is of kind f
        there = getattr(torch, dtype.name, None)
        if isinstance(there, torch.dtype) and there.itemsize == dtype.itemsize:
            return np.dtype(f"u{dtype.itemsize}"), there
        return None
    if dtype.kind not in "biufc":
        return None
    usual = np.dtype(dtype.newbyteorder("=").str)
    try:
        torch.from_numpy(np.zeros(1, usual))
    except TypeError:
        return None
    return usual, None


def _through_from_numpy(torch: Any, arrays: Sequence[Array]) -> list[Any]:
    """Return what ``torch.from_numpy`` makes of arrays of one dtype that the verdict lets pass."""
    dtype = arrays[0].dtype
    way = _way_in(dtype, dtype.char)
    if way is None:
        message = f"the verdict let {dtype} pass, but it has no way into PyTorch"
        raise TypeError(message)
    bits, there = way
    if bits is not dtype:
        arrays = [array.view(bits) for array in arrays]
    tensors = list(map(torch.from_numpy, arrays))
    return tensors if there is None else [tensor.view(there) for tensor in tensors]


def _with_plain_steps(array: Array) -> Array:
    """Return the same bytes with steps that PyTorch takes where nothing ever steps."""
    if array.size == 0:
        return np.empty(array.shape, array.dtype)
    pairs = list(zip(array.shape, array.strides, strict=True))
    if all(n > 1 or (step >= 0 and step % array.itemsize == 0) for n, step in pairs):
        return array
    return as_strided(array, array.shape, tuple(step if n > 1 else 0 for n, step in pairs))


_lock = threading.Lock()
_seen: dict[tuple[np.dtype[Any], bool], bool] = {}


def _has_door(dtype: np.dtype[Any], readonly: bool) -> bool:  # noqa: FBT001
    """Return whether the door was seen to share memory of `dtype`; probes once."""
    key = (dtype, readonly)
    with _lock:
        if key not in _seen:
            probe = empty((64,), dtype)
            probe.flags.writeable = not readonly
            _seen[key] = _shares(probe)
        return _seen[key]


def _shares(probe: Array) -> bool:
    """Return whether the tensor of `probe` lies at its address.

    Of read-only memory PyTorch warns once in a process, which is left to whoever shares some.
    """
    torch = import_torch()
    always = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (tensor,) = _through_from_numpy(torch, [probe])
    except (TypeError, ValueError, RuntimeError):
        return False  # a dtype that this version refuses
    finally:
        torch.set_warn_always(always)
    return bool(tensor.data_ptr() == address_of(probe) and tensor.numel() == probe.size)


# --------------------------------------------------------------------------------- deciding


def _supports(dtype: np.dtype[Any]) -> bool:
    if dtype.hasobject or dtype.names is not None or dtype.kind in "SUTmM":
        return False
    return _way_in(dtype, dtype.char) is not None


def _lacks(dtype: np.dtype[Any]) -> tuple[str, str | None] | None:
    """Return why PyTorch has no such dtype; None for what is true of every framework."""
    if is_string(dtype):
        return "PyTorch has no strings", "x = np.unique(x, return_inverse=True)[1]"
    if dtype.hasobject:
        sentence = "its elements are references to Python objects, not values"
        return sentence, "x = np.array(x.tolist())"
    return None


_TARGET = Target(
    "PyTorch",
    1,
    packed=False,
    native=True,
    supports=_supports,
    has_door=_has_door,
    lacks=_lacks,
    package="torch",
    forward=True,
)
_ELEMENTS = replace(_TARGET, writes=True)


def judge_torch(layout: Layout, dtype: np.dtype[Any] | None = None) -> Verdict:
    """Decide what the installed PyTorch can do with `layout`.

    Read-only memory it shares, with a warning, as a tensor that must not be written to.
    """
    import_torch()
    return judge(layout, _TARGET, dtype)


def check_torch_components(components: Iterable[tuple[str, np.dtype[Any]]]) -> None:
    """Refuse components whose dtype PyTorch does not have.

    Raises
    ------
    Unconvertible
        For the first that has none: strings, dates, records, extended precision.
    """
    import_torch()
    check_components(components, "PyTorch", _supports)


# ----------------------------------------------------------------------------------- acting


def torch_tensor_of(array: Array) -> Any:
    """Return a tensor that may be written to; shares `array`, and copies what forbids that.

    Parameters
    ----------
    array : ndarray
        Of a dtype that `check_torch_components` lets pass. What is read-only, runs backwards or has
        the other byte order is copied.

    Raises
    ------
    CopyNeeded
        If a `no_copy` block forbids a copy, and only a copy would do.
    """
    verdict = judge(layout_of_view(array, "numpy.ndarray"), _ELEMENTS)
    record(verdict)
    if verdict.shared:
        check_unshrunk(array)
        out = _with_plain_steps(array)
    else:
        out = empty(array.shape, verdict.dtype)
        gather(array, out)
    (tensor,) = _through_from_numpy(import_torch(), [out])
    return tensor


def torch_tensors_on(arrays: Sequence[Array]) -> list[Any]:
    """Return a tensor on the bytes of each array that the engine made; never copies.

    Parameters
    ----------
    arrays : sequence of ndarray
        Of one dtype; dense, writable, in this machine's byte order.
    """
    nbytes = sum(array.nbytes for array in arrays)
    if not nbytes or not _has_door(arrays[0].dtype, readonly=False):
        return [torch_tensor_of(array) for array in arrays]
    record_shared(len(arrays), nbytes)
    return _through_from_numpy(import_torch(), arrays)


def torch_tensors_on_rows(array: Array) -> list[Any]:
    """Return a tensor for each ``array[k]``; shares rows that may be written to."""
    rows = [array[k, ...] for k in range(len(array))]
    if array.flags.c_contiguous and array.flags.writeable and array.dtype.isnative:
        return torch_tensors_on(rows)
    return [torch_tensor_of(row) for row in rows]
