"""`as_tensor`: TensorFlow on the same bytes."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.errors import Unconvertible
from samebytes.memory.aligned import empty
from samebytes.memory.files.origin import check_unshrunk
from samebytes.memory.gather import gather
from samebytes.share.autograph import plain_python
from samebytes.share.buffer import type_name
from samebytes.share.buffer import view as view_of_buffer
from samebytes.share.doors import ALIGNMENT, Door, door_for
from samebytes.share.dtypes import as_dtype
from samebytes.share.frameworks import import_tensorflow
from samebytes.share.guard import record
from samebytes.share.layout import Layout, layout_of_view
from samebytes.share.strings import as_utf8
from samebytes.share.tensors import device_of, tensor_class
from samebytes.share.verdict import Code, Reason, Target, Verdict, judge

__all__ = [
    "as_tensor",
    "convert",
    "judge_tensor",
    "string_tensor",
    "supports",
]


# ------------------------------------------------------------------------------ deciding


@functools.cache
def supports(dtype: np.dtype[Any]) -> bool:
    """Return whether the installed TensorFlow has `dtype` in tensors whose bytes can be shared."""
    if dtype.hasobject or dtype.names is not None or dtype.kind in "SUT":
        return False
    tensorflow = import_tensorflow()
    try:
        return bool(as_dtype(tensorflow.as_dtype(dtype.newbyteorder("="))) == dtype)
    except TypeError:
        return False


def _has_door(dtype: np.dtype[Any], readonly: bool) -> bool:  # noqa: FBT001
    return door_for(dtype, readonly=readonly) is not None


_EAGER = Target(
    "TensorFlow",
    ALIGNMENT,
    packed=True,
    native=True,
    supports=supports,
    has_door=_has_door,
    holds_strings=True,
)
_GRAPH = replace(_EAGER, in_graph=True)


def _target(tensorflow: Any) -> Target:
    if tensorflow.executing_eagerly():
        return _EAGER
    with tensorflow.init_scope():  # leaves a tf.function, whose captures share; a Graph it can't
        return _EAGER if tensorflow.executing_eagerly() else _GRAPH


def judge_tensor(
    layout: Layout, dtype: np.dtype[Any] | None = None, *, copy: bool | None = None
) -> Verdict:
    """Decide what the installed TensorFlow can do with `layout`, here and now."""
    return judge(layout, _target(import_tensorflow()), dtype, copy=copy)


# -------------------------------------------------------------------------------- acting


@plain_python
def as_tensor(obj: object, dtype: Any = None, *, copy: bool | None = None) -> Any:
    """Return a ``tf.Tensor`` on the bytes of `obj`; may copy, and never does with ``copy=False``.

    If TensorFlow cannot share the bytes, the values are gathered once, on several threads, into
    page-aligned memory that TensorFlow shares, and are converted in the same pass. `explain` says
    beforehand which of the two happens, and why. Strings become a ``tf.string`` tensor, each
    encoded in UTF-8, which is always a copy.

    Inside a ``tf.function``, the tensor is captured, not copied into the graph. The tensor is on
    ``CPU:0`` even if there are GPUs. A writable array stays writable: whatever is written to it
    later shows in the tensor, which TensorFlow assumes to be constant.

    Parameters
    ----------
    obj : buffer
        Anything that `as_array` takes, or a tensor.
    dtype : dtype-like, optional
        Dtype of the tensor, converted as by ``astype``; by default that of `obj`, in this machine's
        byte order.
    copy : bool, optional
        None shares, and copies only if it must; False shares or raises; True always copies.

    Returns
    -------
    tf.Tensor
        A tensor of the same shape, which keeps the owner of the bytes alive.

    Raises
    ------
    CopyNeeded
        If ``copy=False`` (or a `no_copy` block) forbids a copy, and only a copy would do.
    Unconvertible
        If no tensor can hold the dtype: objects, dates, structures.
    NotABuffer
        If `obj` exports no memory.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> images = sb.zeros((8, 64, 64, 3), "uint8")
    >>> tensor = sb.as_tensor(images, copy=False)
    >>> sb.shares_memory(images, tensor)
    True
    """
    tensorflow = import_tensorflow()
    wanted = None if dtype is None else as_dtype(dtype)
    kind = tensor_class()
    if isinstance(obj, tensorflow.Variable):
        obj = tensorflow.convert_to_tensor(obj)
    if kind is not None and isinstance(obj, kind):
        return _as_tensor_from_tensor(tensorflow, obj, wanted, copy=copy)
    array = view_of_buffer(obj)
    verdict = judge(layout_of_view(array, type_name(obj)), _target(tensorflow), wanted, copy=copy)
    return _hand_over(tensorflow, array, verdict, copy=copy)


def _as_tensor_from_tensor(
    tensorflow: Any, tensor: Any, wanted: np.dtype[Any] | None, *, copy: bool | None
) -> Any:
    came = as_dtype(tensor.dtype)
    same = wanted is None or wanted == came
    if same and not copy:
        return tensor
    if hasattr(tensor, "_numpy") and device_of(tensor).startswith("CPU"):
        array = view_of_buffer(tensor)
        facts = layout_of_view(array, type_name(tensor))
        return _hand_over(tensorflow, array, judge_tensor(facts, wanted, copy=copy), copy=copy)
    # Symbolic or on a device: TensorFlow copies there itself, in one pass of its own. Axes
    # whose length is not known yet count as empty.
    shape = tuple(length or 0 for length in tensor.shape)
    strides = (0,) * len(shape)
    facts = Layout(
        type_name(tensor), None, shape, strides, came, readonly=True, device="TensorFlow"
    )
    if same:
        reason = Reason(Code.REQUESTED, "copy=True asks for bytes of its own")
    else:
        reason = Reason(Code.DTYPE, f"{came.name} must become {wanted}, element by element")
    record(Verdict(facts, "TensorFlow", wanted or came, (reason,), None), copy=copy)
    return tensorflow.identity(tensor) if same else tensorflow.cast(tensor, wanted)


def refusal_error(verdict: Verdict) -> Unconvertible:
    """Return the error for a verdict that allows no result at all."""
    sentences = "; ".join(reason.sentence for reason in verdict.reasons)
    cure = f". Instead: {verdict.remedy}" if verdict.remedy else ""
    facts = verdict.layout
    return Unconvertible(
        f"{facts.exporter} of {facts.dtype.name} {facts.shape} cannot become a tensor of "
        f"{verdict.dtype.name}: {sentences}{cure}"
    )


def _hand_over(
    tensorflow: Any, array: npt.NDArray[Any], verdict: Verdict, *, copy: bool | None
) -> Any:
    """Do what `verdict` says: put `array`, or one gather of it, through the door."""
    if not verdict.possible:
        raise refusal_error(verdict)
    record(verdict, copy=copy)
    if verdict.dtype.kind == "O":
        check_unshrunk(array)
        return string_tensor(array)
    if verdict.shared:
        check_unshrunk(array)
        # The same bits under the wanted name: dates are read as their counts.
        out = array if array.dtype == verdict.dtype else array.view(verdict.dtype)
    else:
        out = empty(array.shape, verdict.dtype)
        gather(array, out)
    if Code.GRAPH in verdict.codes:
        return tensorflow.constant(out)
    door = door_for(verdict.dtype, readonly=not out.flags.writeable)
    if tensorflow.executing_eagerly():
        return _open(tensorflow, door, out)
    with tensorflow.init_scope():
        return _open(tensorflow, door, out)


def string_tensor(array: npt.NDArray[Any], what: str = "this array") -> Any:
    """Return a ``tf.Tensor`` of the strings of `array`, or of objects that are strings; copies."""
    tensorflow = import_tensorflow()
    encoded = as_utf8(array, what)
    with contextlib.ExitStack() as scopes:
        if _target(tensorflow) is _EAGER:
            scopes.enter_context(tensorflow.init_scope())
        scopes.enter_context(tensorflow.device("CPU:0"))
        return tensorflow.constant(encoded, tensorflow.string)


def _open(tensorflow: Any, door: Door | None, out: npt.NDArray[Any]) -> Any:
    if door is not None:
        return door(tensorflow, out)
    with tensorflow.device("CPU:0"):
        return tensorflow.constant(out)


def convert(array: npt.NDArray[Any], dtype: Any, name: str | None) -> Any:
    """Return what TensorFlow's conversion of `array` shall be: shared, or copied as it would.

    This is what stands behind ``__tf_tensor__``. What no tensor can hold (dates, objects) is
    left to TensorFlow, so that every value and every error stays what it is for an ndarray.
    """
    tensorflow = import_tensorflow()
    plain = array.view(np.ndarray)
    facts = layout_of_view(plain, type_name(array))
    wanted = None if dtype is None else as_dtype(dtype)
    verdict = judge(facts, _target(tensorflow), wanted)
    if not verdict.possible:
        return tensorflow.convert_to_tensor(plain, dtype=dtype, name=name)
    return _hand_over(tensorflow, plain, verdict, copy=None)
