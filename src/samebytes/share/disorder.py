"""What is out of order in a layout, in words: why its elements do not lie as a framework wants."""

from __future__ import annotations

from itertools import pairwise

from samebytes.memory.text import as_bytes_text
from samebytes.share.layout import Layout

__all__ = ["disorder", "odd_step"]


def odd_step(layout: Layout) -> str | None:
    """Return which axis runs backwards, or by parts of an element, in words; None if none does."""
    size = layout.dtype.itemsize
    for axis, (length, step) in enumerate(zip(layout.shape, layout.strides, strict=True)):
        if length > 1 and step < 0:
            return f"axis {axis} runs backwards"
        if length > 1 and step % size:
            return f"axis {axis} steps {step} bytes, and an element has {size}"
    return None


def disorder(layout: Layout) -> str:
    """Return what keeps the elements from lying packed, in words."""
    axes = [
        (axis, length, step)
        for axis, (length, step) in enumerate(zip(layout.shape, layout.strides, strict=True))
        if length > 1
    ]
    for axis, _, step in axes:
        if step == 0:
            return f"axis {axis} repeats the same bytes (a broadcast)"
    for axis, _, step in axes:
        if step < 0:
            return f"axis {axis} runs backwards"
    if any(outer[2] < inner[2] for outer, inner in pairwise(axes)):
        return "its axes lie in another order (a transpose, or Fortran order)"
    expected = layout.dtype.itemsize
    for axis, length, step in reversed(axes):
        if step > expected:
            gap = as_bytes_text(step - expected)
            return f"axis {axis} leaves {gap} between its elements (a crop or a step)"
        expected = step * length
    return "its elements overlap"
