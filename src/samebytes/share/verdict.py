"""What a target can do with a layout: shared, or copied because of these reasons, at this cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from samebytes.memory.text import as_bytes_text
from samebytes.share.cost import milliseconds_to_encode, milliseconds_to_gather
from samebytes.share.disorder import disorder, odd_step
from samebytes.share.layout import Layout
from samebytes.share.strings import is_string

__all__ = ["NUMPY", "Code", "Reason", "Target", "Verdict", "judge"]


class Code(str, Enum):
    """Why bytes cannot be shared: a closed set, stable for programs to compare with."""

    ALIGNMENT = "alignment"
    STRIDES = "strides"
    BYTE_ORDER = "byte-order"
    DTYPE = "dtype"
    DEVICE = "device"
    REQUESTED = "requested"
    DOOR = "door"
    GRAPH = "graph"
    UNSUPPORTED = "unsupported"
    READ_ONLY = "read-only"

    def __str__(self) -> str:
        """Return the code itself, as ``StrEnum`` does from Python 3.11 on."""
        return self.value


@dataclass(frozen=True)
class Reason:
    """One reason against sharing: a stable code, and the sentence for people."""

    code: Code
    sentence: str


@dataclass(frozen=True)
class Target:
    """What a framework asks of memory that it shall share.

    Attributes
    ----------
    name : str
        As prose names it.
    alignment : int
        The address must be a multiple of this many bytes.
    packed : bool
        Whether elements must lie row-major and without gaps.
    native : bool
        Whether numbers must be in this machine's byte order.
    supports : callable
        Whether the framework has this dtype at all.
    has_door : callable
        Whether the installed version was seen to share memory of this dtype (and, where the
        second argument says so, read-only memory).
    casts : bool
        Whether NumPy's own casts do, those of strings, dates and structures too.
    in_graph : bool
        Whether a legacy graph is being built, which holds constants only.
    holds_strings : bool
        Whether it has strings, of its own making: nothing of them is ever shared.
    lacks : callable
        Why the framework has no such dtype, and what to do instead, where only the framework
        knows; None leaves it to what is true of all.
    package : str
        What is installed anew for a better door.
    forward : bool
        Whether each step must be a whole number of elements, and none may run backwards.
    writes : bool
        Whether its tensors are there to be written to, so that nothing read-only is shared.
    """

    name: str
    alignment: int
    packed: bool
    native: bool
    supports: Callable[[np.dtype[Any]], bool]
    has_door: Callable[[np.dtype[Any], bool], bool]
    casts: bool = False
    in_graph: bool = False
    holds_strings: bool = False
    lacks: Callable[[np.dtype[Any]], tuple[str, str | None] | None] = lambda _: None
    package: str = "tensorflow"
    forward: bool = False
    writes: bool = False


NUMPY = Target(
    "NumPy", 1, packed=False, native=False, supports=lambda _: True, has_door=lambda *_: True
)


@dataclass(frozen=True)
class Verdict:
    """What happens to a buffer on its way to a target, why, what it costs, and what to do instead.

    Attributes
    ----------
    layout : Layout
        The facts that the verdict is based on.
    target : str
        The framework that the bytes would go to, as named in text.
    dtype : numpy.dtype
        Dtype of the result.
    reasons : tuple of Reason
        Empty exactly when the bytes are shared.
    remedy : str or None
        A line of code after which ``x`` is shared; None when there is nothing to do.

    Examples
    --------
    >>> import samebytes as sb
    >>> print(sb.explain(sb.zeros((4, 64), "float32")))
    float32 (4, 64) to TensorFlow: shared, no byte is copied
    """

    layout: Layout
    target: str
    dtype: np.dtype[Any]
    reasons: tuple[Reason, ...]
    remedy: str | None

    @property
    def shared(self) -> bool:
        """Whether the result lies on the same bytes."""
        return not self.reasons

    @property
    def possible(self) -> bool:
        """Whether there can be any result at all, shared or copied."""
        return all(reason.code is not Code.UNSUPPORTED for reason in self.reasons)

    @property
    def codes(self) -> tuple[Code, ...]:
        """The codes of the reasons."""
        return tuple(reason.code for reason in self.reasons)

    @property
    def bytes_copied(self) -> int:
        """Bytes that the copy writes; 0 if shared or impossible."""
        if self.shared or not self.possible:
            return 0
        if self.dtype.kind == "O":  # strings, encoded one by one
            return self.layout.nbytes
        return self.layout.size * self.dtype.itemsize

    def estimate_milliseconds(self) -> float:
        """Return how long the copy takes on this machine; 0 if shared or impossible.

        The first estimate in a process measures the machine, which takes 32 MiB and 10 ms.
        """
        if self.shared or not self.possible:
            return 0.0
        if self.dtype.kind == "O":  # strings, encoded one by one
            return milliseconds_to_encode(self.layout.size)
        return milliseconds_to_gather(self.bytes_copied)

    def __str__(self) -> str:
        """Return the verdict in one line, then one line for each reason, then the remedy."""
        what = f"{self.layout.dtype.name} {self.layout.shape} to {self.target}"
        if self.shared:
            return f"{what}: shared, no byte is copied"
        if not self.possible:
            cost = "impossible"
        else:
            estimate = self.estimate_milliseconds()
            about = f"about {estimate:,.0f}" if estimate >= 1 else "under 1"
            cost = f"copied, {as_bytes_text(self.bytes_copied)}, {about} ms"
        lines = [f"{what}: {cost}"]
        lines += [f"  {reason.code}: {reason.sentence}" for reason in self.reasons]
        if self.remedy is not None:
            lines.append(f"  instead: {self.remedy}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the verdict for a notebook, its layout drawn: bytes used, gaps, alignment."""
        from samebytes.share.drawing import draw_verdict  # only notebooks draw

        outcome = "shared" if self.shared else "copied" if self.possible else "impossible"
        return draw_verdict(outcome, str(self), self.layout)


def judge(
    layout: Layout, target: Target, dtype: np.dtype[Any] | None = None, *, copy: bool | None = None
) -> Verdict:
    """Decide what `target` can do with `layout`; pure, touches no data.

    This is the one place that decides: `as_tensor`, `as_array` and `Array` act on what it
    says, `explain` shows it. Memory that the engine made needs no verdict (`share/pooled.py`).

    Parameters
    ----------
    layout : Layout
        Where the bytes lie.
    target : Target
        Who shall share them.
    dtype : numpy.dtype, optional
        The wanted dtype; by default the layout's own, in this machine's byte order.
    copy : bool, optional
        True asks for a copy, whatever could be shared.
    """
    native = _native(layout.dtype) if target.native else layout.dtype
    wanted = native if dtype is None else dtype
    if (
        target.holds_strings
        and is_string(layout.dtype)
        and (dtype is None or dtype.kind == "O" or is_string(dtype))
    ):
        return Verdict(layout, target.name, np.dtype(object), (_STRINGS,), None)
    refusal = _refusal(layout, target, wanted)
    if refusal is not None:
        reason, remedy = refusal
        return Verdict(layout, target.name, wanted, (reason,), remedy)
    reasons = tuple(_reasons(layout, target, wanted, copy=copy))
    remedy = _remedy(reasons, wanted, layout, target)
    return Verdict(layout, target.name, wanted, reasons, remedy)


_STRINGS = Reason(
    Code.DTYPE, "strings live in tensors of their own kind, each encoded in UTF-8 by itself"
)


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return `dtype` in this machine's byte order; strings of any length have none."""
    return dtype if dtype.kind == "T" else dtype.newbyteorder("=")


def _refusal(
    layout: Layout, target: Target, wanted: np.dtype[Any]
) -> tuple[Reason, str | None] | None:
    """Return why there can be no result at all, and what to do, or None when there can."""
    came = layout.dtype
    # What ml_dtypes adds is of kind V too, but not of type void.
    plain = came.names is None and came.kind not in "OSUT" and came.type is not np.void
    if came.kind in "mM":
        plain = _same_bits(came, wanted)
    if target.supports(wanted) and (plain or target.casts or came == wanted):
        return None
    own = target.lacks(_native(wanted)) or target.lacks(_native(layout.dtype))
    sentence, remedy = own or _unsupported(layout, target, wanted)
    return Reason(Code.UNSUPPORTED, sentence), remedy


def _unsupported(layout: Layout, target: Target, wanted: np.dtype[Any]) -> tuple[str, str | None]:
    """Return why a target has no such values, and what to do, as far as all targets agree."""
    came = layout.dtype
    kind, name = came.kind, target.name
    remedy: str | None
    if kind in "SUT":
        sentence = "strings live in tensors of their own kind"
        remedy = f"x = x.astype({wanted.name!r})" if target.holds_strings else "x = tf.constant(x)"
    elif came.hasobject:
        sentence = "its elements are references to Python objects, not values"
        remedy = "x = tf.constant(x.tolist())"
    elif came.names is not None:
        sentence = f"a tensor has one dtype, and this has the fields {came.names}"
        path = _first_values(came)
        remedy = f"x = sb.aligned(sb.as_array(x){path})" if path else None
    elif kind in "mM":
        sentence = f"{name} has no dates; their 64-bit counts share the same bytes"
        remedy = _bits_as(layout, target, "int64")
    elif kind in "fc" and came.itemsize > 8 * (1 + (kind == "c")):
        sentence = f"{name} has no {came.name}; the next narrower dtype loses digits"
        remedy = f"x = sb.aligned(x, '{'float64' if kind == 'f' else 'complex128'}')"
    elif target.supports(_native(came)):
        sentence, remedy = f"{name} has no dtype {wanted.name}", None
    else:
        sentence = f"this version of {name} has no dtype {came.name}; its bits can be shared"
        remedy = None
        if came.itemsize in (1, 2, 4, 8):
            remedy = _bits_as(layout, target, f"uint{8 * came.itemsize}")
    return sentence, remedy


def _first_values(kind: np.dtype[Any]) -> str:
    """Return the subscripts that lead from a structure to its first field of plain values."""
    path = ""
    while kind.names:
        path += f"[{kind.names[0]!r}]"
        kind = kind[0].base
    return path


def _bits_as(layout: Layout, target: Target, name: str) -> str:
    """Return the line that reads the bits as another dtype, in a place where they are shared."""
    lies_well = layout.address is not None and not _reasons_of_place(layout, target)
    return f"x = sb.{'as_array' if lies_well else 'aligned'}(x).view({name!r})"


def _reasons(
    layout: Layout, target: Target, wanted: np.dtype[Any], *, copy: bool | None
) -> list[Reason]:
    reasons = []
    if copy:
        reasons.append(Reason(Code.REQUESTED, "copy=True asks for bytes of its own"))
    if layout.address is None:
        reasons.append(Reason(Code.DEVICE, f"the bytes lie on {layout.device}, not in host memory"))
    if target.in_graph:
        reasons.append(
            Reason(Code.GRAPH, "a graph under construction holds constants, which are copies")
        )
    if layout.size == 0:
        return reasons  # no byte, so nothing that could lie wrong
    if not target.in_graph and not target.has_door(wanted, layout.readonly):
        kind = f"read-only {wanted.name}" if layout.readonly else wanted.name
        sentence = f"no way into the installed {target.name} was seen to share {kind}"
        reasons.append(Reason(Code.DOOR, sentence))
    if _native(wanted) != _native(layout.dtype) and not (
        _same_bits(layout.dtype, wanted) and not target.casts
    ):
        sentence = f"{layout.dtype.name} must become {wanted.name}, element by element"
        reasons.append(Reason(Code.DTYPE, sentence))
    if target.writes and layout.readonly:
        sentence = f"it may not be written to, and a tensor of {target.name} can be"
        reasons.append(Reason(Code.READ_ONLY, sentence))
    if layout.address is not None:
        reasons += _reasons_of_place(layout, target)
    return reasons


def _reasons_of_place(layout: Layout, target: Target) -> list[Reason]:
    """Return the reasons that lie in how and where the bytes lie."""
    reasons = []
    if target.native and not layout.dtype.isnative:
        order = "big" if layout.dtype.str[0] == ">" else "little"
        sentence = f"its numbers are {order}-endian, this machine's are not"
        reasons.append(Reason(Code.BYTE_ORDER, sentence))
    if target.packed and not layout.packed:
        sentence = f"a tensor is row-major without gaps, but {disorder(layout)}"
        reasons.append(Reason(Code.STRIDES, sentence))
    step = odd_step(layout) if target.forward else None
    if step is not None:
        sentence = f"{target.name} steps forward by whole elements, but {step}"
        reasons.append(Reason(Code.STRIDES, sentence))
    past = (layout.address or 0) % target.alignment
    if past:
        sentence = (
            f"the first byte lies {past} past a multiple of {target.alignment}, "
            f"and {target.name} shares only what begins on one"
        )
        reasons.append(Reason(Code.ALIGNMENT, sentence))
    return reasons


def _same_bits(came: np.dtype[Any], wanted: np.dtype[Any]) -> bool:
    """Return whether reading `came` as `wanted` needs no conversion: dates are 64-bit counts."""
    return came.kind in "mM" and wanted == np.dtype(np.int64)


_ON_THE_PROCESSOR = {"jaxlib": "jax.default_device(jax.devices('cpu')[0])"}
"""By who lends the bytes: the scope in which it makes them where they can be shared."""


def _remedy(
    reasons: tuple[Reason, ...], wanted: np.dtype[Any], layout: Layout, target: Target
) -> str | None:
    codes = {reason.code for reason in reasons}
    if not codes:
        return None
    if Code.DEVICE in codes:
        owner = layout.exporter.partition(".")[0]
        scope = _ON_THE_PROCESSOR.get(owner, "tf.device('CPU:0')")
        return f"keep it on the processor: with {scope}: ..."
    if Code.GRAPH in codes:
        return "make the tensor outside of the graph, or in a tf.function"
    if Code.DOOR in codes:
        return f"pip install --upgrade {target.package}"
    if codes == {Code.REQUESTED}:
        return "leave out copy=True"
    if codes == {Code.READ_ONLY}:
        return "x = np.array(x)"
    if Code.DTYPE in codes:
        return f"x = sb.aligned(x, {wanted.name!r})"
    return "x = sb.aligned(x)"
