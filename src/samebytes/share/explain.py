"""Questions about sharing: what would happen, and what did."""

from __future__ import annotations

from typing import Any

import numpy as np

from samebytes.errors import NotABuffer
from samebytes.share.autograph import plain_python
from samebytes.share.buffer import view
from samebytes.share.dtypes import as_dtype
from samebytes.share.jax import judge_jax
from samebytes.share.layout import device_layout, layout
from samebytes.share.tensorflow import judge_tensor
from samebytes.share.torch import judge_torch
from samebytes.share.verdict import NUMPY, Verdict, judge

__all__ = ["explain", "shares_memory"]


@plain_python
def explain(obj: object, *, to: str = "tensorflow", dtype: Any = None) -> Verdict:
    """Return a verdict on what happens to `obj` on its way to a framework, and why; never copies.

    The verdict is the one that `as_tensor` (or, with ``to="numpy"``, `as_array`, and with
    ``to="jax"``, ``with_format("jax")``) acts on; with ``to="torch"`` it says what
    ``torch.from_numpy`` can share. It prints as a short text, and draws the layout in a notebook.

    Parameters
    ----------
    obj : buffer
        Anything `as_array` takes, and tensors on any device.
    to : {'tensorflow', 'torch', 'jax', 'numpy'}
        The framework that the bytes would go to; to JAX, on the processor.
    dtype : dtype-like, optional
        The dtype wanted there.

    Raises
    ------
    NotABuffer
        If `obj` exports no memory.

    Examples
    --------
    >>> import samebytes as sb
    >>> images = sb.zeros((1000, 512, 512, 3), "uint8")
    >>> print(sb.explain(images))
    uint8 (1000, 512, 512, 3) to TensorFlow: shared, no byte is copied
    >>> print(sb.explain(images[:, 128:384, 128:384]))
    uint8 (1000, 256, 256, 3) to TensorFlow: copied, 196.6 MB, about ... ms
      strides: a tensor is row-major without gaps, but axis 1 leaves 768 bytes between its ...
      instead: x = sb.aligned(x)
    """
    facts = layout(obj)
    wanted = None if dtype is None else as_dtype(dtype)
    if to == "tensorflow":
        return judge_tensor(facts, wanted)
    if to == "torch":
        return judge_torch(facts, wanted)
    if to == "jax":
        return judge_jax(facts, wanted)
    if to == "numpy":
        return judge(facts, NUMPY, wanted)
    message = f"there is no verdict for to={to!r}; expected 'tensorflow', 'torch', 'jax' or 'numpy'"
    raise ValueError(message)


@plain_python
def shares_memory(a: object, b: object) -> bool:
    """Return whether `a` and `b` have a byte in common; never copies.

    Parameters
    ----------
    a, b : buffer, tf.Tensor, torch.Tensor or jax.Array
        Anything `as_array` takes.

    Raises
    ------
    NotABuffer
        If one of them exports no memory, or if both lie on an accelerator, where addresses cannot
        be compared.

    Examples
    --------
    >>> import samebytes as sb
    >>> x = sb.zeros(64, "float32")
    >>> sb.shares_memory(x, sb.as_tensor(x)), sb.shares_memory(x, sb.as_tensor(x, copy=True))
    (True, False)
    """
    places = device_layout(a), device_layout(b)
    if places == (None, None):
        return bool(np.shares_memory(view(a), view(b)))
    if a is b:
        return True
    devices = {"CPU:0" if place is None else place.device for place in places}
    if len(devices) == 2:
        return False
    message = f"addresses on {devices.pop()} cannot be compared; compare before moving there"
    raise NotABuffer(message)
