"""Why copies happen, drawn: the bytes of an array that is shared, and of two that are not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import samebytes as sb
from samebytes.compare import images
from samebytes.share.doors import ALIGNMENT
from samebytes.share.drawing import draw_layout
from samebytes.share.layout import Layout
from samebytes.share.verdict import Reason, Target, judge

__all__ = ["Drawn", "draw_places"]

# What TensorFlow asks of the place of bytes. Whether the installed one has a door to the dtype
# is not asked here, so that a page can be made without importing it.
_TENSORFLOW = Target(
    "TensorFlow",
    ALIGNMENT,
    packed=True,
    native=True,
    supports=lambda _: True,
    has_door=lambda *_: True,
)
_FIRST_BYTES = 256
# In pixels, and a page shows them a little larger: their letters are small.
_WIDE, _NARROW = 840, 296


@dataclass(frozen=True)
class Drawn:
    """One layout, and what TensorFlow can do with it.

    Attributes
    ----------
    code : str
        How the array is made.
    about : str
        What the drawing shows of it.
    shared : bool
        Whether it becomes a tensor on the same bytes.
    reasons : tuple of Reason
        Why not.
    wide, narrow : str
        The drawing of `samebytes.explain`, as SVG, for two widths.
    """

    code: str
    about: str
    shared: bool
    reasons: tuple[Reason, ...]
    wide: str
    narrow: str


def draw_places(nbytes: int) -> list[Drawn]:
    """Return the arrays that the ways of a comparison of `nbytes` are given, drawn.

    Only two images are made: where their bytes lie is where those of all lie.
    """
    count = max(2, nbytes // images.IMAGE_BYTES)
    whole = _layout_of(sb.empty((2, *images.IMAGE_SHAPE), "uint8"), count)
    crop = _layout_of(sb.empty((2, *images.IMAGE_SHAPE), "uint8")[images.CROP], count)
    ordinary = _layout_of(images.ordinary(2), count)
    return [
        _drawn("sb.empty(shape)", f"its first {_FIRST_BYTES} bytes", whole, _first(whole)),
        _drawn("np.empty(shape)", f"its first {_FIRST_BYTES} bytes", ordinary, _first(ordinary)),
        _drawn("sb.empty(shape)[:, 128:384, 128:384]", "its first rows", crop, crop),
    ]


def _layout_of(array: object, count: int) -> Layout:
    few = sb.layout(array)
    return replace(few, shape=(count, *few.shape[1:]))


def _first(layout: Layout) -> Layout:
    return replace(layout, shape=(_FIRST_BYTES,), strides=(1,))


def _drawn(code: str, about: str, layout: Layout, shown: Layout) -> Drawn:
    verdict = judge(layout, _TENSORFLOW)
    wide, narrow = (draw_layout(shown, width=width) for width in (_WIDE, _NARROW))
    return Drawn(code, about, verdict.shared, verdict.reasons, wide, narrow)
