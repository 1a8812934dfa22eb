"""Hooks where arrays become tensors, and tensors arrays; each decides by address what happened."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.auditing import remedies
from samebytes.auditing.copies import Kind
from samebytes.auditing.hooks import Hook, Live
from samebytes.auditing.recording import LEAST_BYTES, is_large, note, timed
from samebytes.share.layout import layout_of_view
from samebytes.share.tensorflow import judge_tensor

__all__ = ["CONVERSIONS"]

_Function = Callable[..., Any]
# Of these types a copy is plain memory, so that a witness in their place changes nothing.
_WITNESSED = (np.ndarray, np.memmap)


_NUMPY = "t.numpy()"
_MAY_BE_OPERANDS = (np.ndarray, list)
# What Keras cast and still holds, by identity: the cure for what comes after is that of the cast.
_casts: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()


class _Witness(np.ndarray):
    """An array that remembers the copies TensorFlow asks it for; they are plain arrays."""

    made: list[npt.NDArray[Any]]

    def copy(self, order: Any = "C") -> npt.NDArray[Any]:
        """Return a plain copy, and remember it."""
        made: npt.NDArray[Any] = self.view(np.ndarray).copy(order)
        self.made.append(made)
        return made


def _on_host(tensor: Any) -> bool:
    return "CPU" in str(tensor.backing_device)


def _same_memory(tensor: Any, array: npt.NDArray[Any]) -> bool:
    """Return whether an eager tensor of the host lies on the bytes of `array`."""
    return _on_host(tensor) and bool(np.may_share_memory(np.asarray(tensor), array))


def _to_eager_tensor(original: _Function, live: Live) -> _Function:
    """Beneath tf.constant, tf.convert_to_tensor and every implicit conversion in Python.

    TensorFlow asks the array for a copy and makes a tensor of that: on its bytes if they lie
    on a multiple of 64, of a second copy if not. A witness sees both.
    """

    def convert_to_eager_tensor(value: Any, *rest: Any, **named: Any) -> Any:
        if not live.on or not is_large(value):
            return original(value, *rest, **named)
        if type(value) in _WITNESSED:
            witness = value.view(_Witness)
            witness.made = []
            tensor, seconds = timed(original, witness, *rest, **named)
            if not witness.made and _same_memory(tensor, value):
                return tensor
            second = _on_host(tensor) and not any(
                _same_memory(tensor, made) for made in witness.made
            )
            again = value.nbytes if second else 0
        else:
            tensor, seconds = timed(original, value, *rest, **named)
            if _same_memory(tensor, value):
                return tensor
            again = 0  # whether there was a second copy, nobody saw
        note(
            Kind.CONVERTED,
            value,
            nbytes=value.nbytes,
            seconds=seconds,
            again=again,
            remedy=lambda way: _remedy(value, way),
        )
        return tensor

    return convert_to_eager_tensor


def _remedy(value: npt.NDArray[Any], way: str) -> str:
    if _casts.get(id(value)) is value:
        return remedies.for_cast(value.dtype)
    return remedies.for_array(value, way)


def _to_constant(original: _Function, live: Live) -> _Function:
    """Where an array is met while a graph is traced: its bytes go into the graph itself."""

    def create_graph_constant(value: Any, *rest: Any, **named: Any) -> Any:
        if not live.on or not is_large(value):
            return original(value, *rest, **named)
        tensor, seconds = timed(original, value, *rest, **named)
        note(
            Kind.EMBEDDED,
            value,
            nbytes=value.nbytes,
            seconds=seconds,
            way="{} in a traced function",
            remedy=lambda _: remedies.for_array(value, ""),
        )
        return tensor

    return create_graph_constant


def _operation(original: _Function, live: Live) -> _Function:
    """Beneath every eager operation, which reads an array in place where it can.

    The tensor that it makes of an array is never seen here. Whether that lies on the array's
    bytes was probed by address for each dtype; the rest is alignment and strides.
    """

    def fast_path_execute(*arguments: Any) -> Any:
        result = original(*arguments)
        if not live.on:
            return result
        for argument in arguments:
            if isinstance(argument, _MAY_BE_OPERANDS):  # once: this runs for every operation
                for part in argument if isinstance(argument, list) else (argument,):
                    if isinstance(part, np.ndarray) and part.nbytes >= LEAST_BYTES:
                        _note_operand(part)
        return result

    return fast_path_execute


def _note_operand(operand: npt.NDArray[Any]) -> None:
    if not is_large(operand):
        return
    plain = operand.view(np.ndarray)
    if judge_tensor(layout_of_view(plain, "ndarray")).shared:
        return
    note(
        Kind.OPERAND,
        operand,
        nbytes=operand.nbytes,
        seconds=None,  # the operation's own work is in the same call
        remedy=lambda way: remedies.for_array(operand, way),
    )


def _to_numpy(original: _Function, live: Live) -> _Function:
    """Read a tensor as ``t.numpy()`` does, which copies what lies in host memory already."""

    def numpy(self: Any) -> Any:
        array, seconds = timed(original, self)
        if live.on and is_large(array) and not _same_memory(self, array):
            note(
                Kind.TO_NUMPY,
                array,
                nbytes=array.nbytes,
                seconds=seconds,
                direct=_NUMPY,
                remedy=lambda way: remedies.for_tensor() if way == _NUMPY else None,
            )
        return array

    return numpy


def _cast(original: _Function, live: Live) -> _Function:
    """Cast as Keras does all floats that are not its floatx, before it takes the first batch."""

    def cast(cls: type[Any], x: Any, dtype: Any) -> Any:
        result, seconds = timed(original, cls, x, dtype)
        made = np.asarray(result) if live.on and hasattr(result, "__array__") else None
        if made is not None and is_large(made) and not np.may_share_memory(made, np.asarray(x)):
            _casts[id(made)] = made
            note(
                Kind.CAST,
                made,
                nbytes=made.nbytes,
                seconds=seconds,
                way=f"{{}}: all of it cast to {made.dtype.name}",
                remedy=lambda _: remedies.for_cast(made.dtype),
            )
        return result

    return cast


def _gathered(original: _Function, live: Live) -> _Function:
    """Hand over as samebytes does, where only a copy would do."""

    def hand_over(tensorflow: Any, array: Any, verdict: Any, **named: Any) -> Any:
        tensor, seconds = timed(original, tensorflow, array, verdict, **named)
        if live.on and verdict.bytes_copied >= LEAST_BYTES:
            note(
                Kind.GATHERED,
                array,
                nbytes=verdict.bytes_copied,
                seconds=seconds,
                remedy=lambda _: verdict.remedy,
            )
        return tensor

    return hand_over


CONVERSIONS = (
    Hook("tensorflow.python.framework.constant_op", "convert_to_eager_tensor", _to_eager_tensor),
    Hook("tensorflow.python.framework.ops", "_create_graph_constant", _to_constant),
    Hook("tensorflow.python.framework.ops", "_EagerTensorBase.numpy", _to_numpy),
    Hook("tensorflow.python.pywrap_tfe", "TFE_Py_FastPathExecute", _operation),
    Hook("keras.src.trainers.data_adapters.array_slicing", "Sliceable.cast", _cast),
    Hook("samebytes.share.tensorflow", "_hand_over", _gathered),
)
