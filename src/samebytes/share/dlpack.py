"""What speaks DLPack as an ndarray on its bytes; what its export leaves unsaid is asked first.

A capsule tells address, shape, strides and dtype. That a tensor's values are the negatives, or the
conjugates, of its bytes, or that it has no bytes at all, is nowhere in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.share.refusal import asked, refusal

__all__ = ["check_states", "view_of_dlpack"]

# DLPack device types whose memory the processor can read: CPU, CUDA and ROCm pinned host memory.
_HOST_DEVICES = frozenset({1, 3, 11})
_COPY = "Make a copy: np.array(x)"


@dataclass(frozen=True)
class _State:
    """What a tensor may be besides its bytes: the question, the answer in words, the way out."""

    question: str
    because: str
    instead: str


_STATES = (
    _State(
        "is_neg",
        "its negative bit is set, so its bytes hold the values with the opposite sign",
        "Resolve it: x.resolve_neg()",
    ),
    _State(
        "is_conj",
        "its conjugate bit is set, so its bytes hold the conjugates of its values",
        "Resolve it: x.resolve_conj()",
    ),
    _State(
        "requires_grad",
        "it requires a gradient, which would not notice what is written to its bytes",
        "Share the tensor behind it: x.detach()",
    ),
    _State(
        "is_meta", "it is on the device meta and has no data", "Create it on a device with memory"
    ),
    _State("is_nested", "it is nested, with rows of different lengths", "Share each: x.unbind()"),
    _State(
        "is_quantized",
        "it is quantized, so its bytes are not its values",
        "Share its integers: x.int_repr(); or convert it: x.dequantize()",
    ),
    _State("is_mkldnn", "its layout is oneDNN's own", "Copy it: x.to_dense()"),
    _State(
        "_is_zerotensor",
        "it only stands for zeros and has no bytes",
        "Make it real: x.clone()",
    ),
)


def check_states(obj: Any) -> None:
    """Refuse a tensor whose bytes are not its values.

    Raises
    ------
    NotABuffer
        With what it is instead, and the way out.
    """
    for state in _STATES:
        if _answers(obj, state.question):
            raise refusal(obj, state.because, state.instead)
    layout = str(getattr(obj, "layout", ""))
    if layout.startswith("torch.") and layout != "torch.strided":
        raise refusal(
            obj, f"its layout is {layout}, expected torch.strided", "Copy it: x.to_dense()"
        )


def view_of_dlpack(obj: Any) -> npt.NDArray[Any]:
    """Return an ndarray on the bytes of an object with ``__dlpack__``; never copies.

    Raises
    ------
    NotABuffer
        If it has none in host memory, they are not its values, or NumPy has no such dtype.
    """
    check_states(obj)
    device, index = asked(obj, lambda: tuple(obj.__dlpack_device__()))
    if device not in _HOST_DEVICES:
        because = f"it lies on DLPack device {int(device)}:{index}, not in host memory"
        raise refusal(obj, because, "Copy it: x.cpu()" if hasattr(obj, "cpu") else _COPY)
    try:
        found = np.from_dlpack(obj)
    except (ValueError, TypeError, BufferError, RuntimeError, AttributeError) as reason:
        raise refusal(obj, str(reason), _instead(obj)) from reason
    if found.size and _answers(obj, "data_ptr", otherwise=1) == 0:
        # NumPy allocates where it is given no address: these would be anybody's bytes.
        raise refusal(obj, "it has no memory behind it, like a fake tensor", "Make a real tensor")
    return found


def _answers(obj: Any, question: str, otherwise: Any = False) -> Any:  # noqa: FBT002
    """Return what `obj` says of itself, by an attribute or a method; `otherwise` if it has none."""
    answer = getattr(obj, question, otherwise)
    if callable(answer):
        answer = asked(obj, answer)
    return answer if isinstance(answer, bool | int) else otherwise


def _instead(obj: Any) -> str:
    """Return the way out for a dtype that DLPack, or NumPy's reading of it, does not have."""
    dtype = str(getattr(obj, "dtype", ""))
    name = dtype.removeprefix("torch.")
    if name == dtype or not hasattr(obj, "element_size"):
        return _COPY
    if name == "complex32":
        return "Share its real and imaginary parts: torch.view_as_real(x)"
    bits = f"uint{8 * obj.element_size()}"
    return f"Share its bits: sb.as_array(x.view(torch.{bits}), {name!r})"
