"""Where a buffer's bytes lie: facts, read without touching the data."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.memory.aligned import address_of
from samebytes.memory.text import as_bytes_text
from samebytes.share.buffer import type_name, view
from samebytes.share.dtypes import as_dtype
from samebytes.share.jax_arrays import jax_device_of
from samebytes.share.tensors import as_eager, device_of

__all__ = ["Layout", "as_bytes_text", "device_layout", "layout", "layout_of_view"]


@dataclass(frozen=True)
class Layout:
    """Address, shape, strides, dtype, byte order, read-only and device of a buffer.

    Attributes
    ----------
    exporter : str
        The type of the object that lends the bytes, such as ``memoryview``.
    address : int or None
        Address of the first element; None if the processor cannot access it.
    shape, strides : tuple of int
        Lengths in elements, and steps in bytes, of each axis.
    dtype : numpy.dtype
        Type of an element, with its byte order.
    readonly : bool
        Whether the exporter forbids writing.
    device : str
        ``CPU:0``, or the device on which the bytes lie.
    """

    exporter: str
    address: int | None
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]
    readonly: bool
    device: str = "CPU:0"

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the elements, packed."""
        return self.size * self.dtype.itemsize

    @property
    def packed(self) -> bool:
        """Whether the elements lie row-major without gaps, as a tensor's do."""
        if self.size == 0:
            return True
        expected = self.dtype.itemsize
        for length, step in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if length > 1 and step != expected:
                return False
            expected *= length
        return True

    @property
    def span(self) -> tuple[int, int]:
        """First byte and one past the last, relative to `address`."""
        if self.size == 0:
            return 0, 0
        reach = [(n - 1) * step for n, step in zip(self.shape, self.strides, strict=True)]
        low = sum(step for step in reach if step < 0)
        high = sum(step for step in reach if step > 0)
        return low, high + self.dtype.itemsize

    @property
    def alignment(self) -> int:
        """The largest power of two, up to 4096, that divides the address; 0 without one."""
        if self.address is None:
            return 0
        return math.gcd(self.address, 4096)

    def __str__(self) -> str:
        """Return the facts in one line."""
        where = self.device if self.address is None else f"at {self.alignment}-byte alignment"
        order = "" if self.dtype.isnative else " (other byte order)"
        rights = "read-only" if self.readonly else "writable"
        return (
            f"{self.exporter}: {self.dtype.name}{order} {self.shape}, strides {self.strides}, "
            f"{as_bytes_text(self.nbytes)}, {rights}, {where}"
        )


def layout_of_view(array: npt.NDArray[Any], exporter: str) -> Layout:
    """Return the layout of `array`, an ndarray that stands for `exporter`; touches no data."""
    return Layout(
        exporter=exporter,
        address=address_of(array),
        shape=array.shape,
        strides=array.strides,
        dtype=array.dtype,
        readonly=not array.flags.writeable,
    )


def device_layout(obj: object) -> Layout | None:
    """Return the layout of a tensor outside of host memory, None for anything else."""
    device, tensor = _device_and_tensor(obj)
    if device.startswith("CPU"):
        return None
    dtype = as_dtype(tensor.dtype)
    shape = tuple(tensor.shape)
    # Those of a packed array; one made empty has none but zeros.
    strides = np.empty(0, dtype).reshape((0, *shape)).strides[1:]
    return Layout(type_name(tensor), None, shape, strides, dtype, readonly=True, device=device)


def _device_and_tensor(obj: object) -> tuple[str, Any]:
    """Return where the bytes of a framework's tensor lie, and the tensor; CPU:0 of all else."""
    if "tensorflow" in sys.modules:
        tensor = as_eager(obj)
        if tensor is not None:
            return device_of(tensor), tensor
    return jax_device_of(obj) or "CPU:0", obj


def layout(obj: object) -> Layout:
    """Return where the bytes of `obj` lie; never copies, and never touches the data.

    Parameters
    ----------
    obj : buffer
        Anything `as_array` takes, and tensors on any device.

    Raises
    ------
    NotABuffer
        If `obj` exports no memory.

    Examples
    --------
    >>> rows = np.zeros((100, 64), np.float32)
    >>> facts = layout(memoryview(rows)[::2])
    >>> facts.shape, facts.strides, facts.packed, facts.readonly
    ((50, 64), (512, 4), False, False)
    """
    elsewhere = device_layout(obj)
    if elsewhere is not None:
        return elsewhere
    return layout_of_view(view(obj), type_name(obj))
