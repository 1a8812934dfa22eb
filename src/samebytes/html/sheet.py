"""A sheet to draw on: in pixels, from the upper left corner, with paints that a theme mixes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "BOLD",
    "CODE_WIDTH",
    "NARROW",
    "NARROW_SCALE",
    "SMALL",
    "TEXT",
    "TEXT_WIDTH",
    "WIDE",
    "Paint",
    "Screen",
    "Sheet",
    "fold",
    "scale_ticks",
]

# Natural widths, in pixels of a page: what the style sheet leaves on a desk and on a small phone.
WIDE, NARROW = 960.0, 328.0
NARROW_SCALE = 1.4
TEXT, SMALL = 13.0, 12.0

# A character's width for its size, and how much more a bold one takes: those of Matplotlib's own
# font, wider than most that a reader has, so that what fits here fits there.
TEXT_WIDTH = 0.56
BOLD = 1.14
CODE_WIDTH = 0.61
_CODE_FAMILY = "DejaVu Sans Mono"
_POINTS_AN_INCH = 72
_MOST_TICKS = 6


class Screen(str, Enum):
    """What a picture is drawn for."""

    WIDE = "wide"
    NARROW = "narrow"


class Paint(str, Enum):
    """What a part of a picture is, as a colour that stands for the style sheet's of that name.

    No hue carries a fact alone: what differs in hue differs in form, or has its name beside it.
    """

    INK = "#010101"
    SOFT = "#010102"
    LINE = "#010103"
    OURS = "#010104"
    PEER = "#010105"
    PEER_EDGE = "#010106"
    LIMIT = "#010107"
    HUE_1 = "#010201"
    HUE_2 = "#010202"
    HUE_3 = "#010203"
    HUE_4 = "#010204"
    HUE_5 = "#010205"


class Sheet:
    """A drawing of some width and height, in pixels of a page at its natural size.

    Attributes
    ----------
    width, height : float
        In pixels.
    most_scale : float
        How much larger a page may show it.
    figure : matplotlib.figure.Figure
        What is drawn.
    """

    def __init__(self, width: float, height: float, *, most_scale: float = 1.0) -> None:
        from matplotlib.figure import Figure

        self.width, self.height, self.most_scale = width, height, most_scale
        inches = (width / _POINTS_AN_INCH, height / _POINTS_AN_INCH)
        self.figure = Figure(figsize=inches, dpi=_POINTS_AN_INCH, facecolor="none")

    def write(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = TEXT,
        paint: Paint = Paint.INK,
        align: str = "left",
        bold: bool = False,
        code: bool = False,
    ) -> None:
        """Write one line, whose letters stand on `y`."""
        self.figure.text(
            x / self.width,
            1 - y / self.height,
            words,
            fontsize=size,
            color=paint.value,
            horizontalalignment=align,
            verticalalignment="baseline",
            fontweight="bold" if bold else "normal",
            parse_math=False,
            **({"family": _CODE_FAMILY} if code else {}),
        )

    def rule(self, x: Sequence[float], y: Sequence[float], **style: Any) -> None:
        """Draw straight lines from point to point."""
        from matplotlib.lines import Line2D

        xs = [each / self.width for each in x]
        ys = [1 - each / self.height for each in y]
        line = Line2D(xs, ys, transform=self.figure.transFigure, **style)
        self.figure.add_artist(line)

    def plot(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return a plot with nothing but its two scales: no frame, no ground, no ticks."""
        box = (
            left / self.width,
            1 - (top + height) / self.height,
            width / self.width,
            height / self.height,
        )
        axes = self.figure.add_axes(box, facecolor="none")
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.tick_params(length=0, labelsize=SMALL, labelcolor=Paint.SOFT.value, pad=5)
        axes.set_axisbelow(True)
        return axes


def scale_ticks(
    axes: Axes, axis: Literal["x", "y"], text: Callable[[float], str], length: float
) -> None:
    """Mark round figures along `axis` from 0 on, in words that `text` gives, as many as have room.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        With its limits set.
    axis : {'x', 'y'}
        Along which words stand side by side, or one above the other.
    text : callable
        Gives the words for a figure; 0 needs none.
    length : float
        Of the axis, in pixels.
    """
    from matplotlib.ticker import MaxNLocator

    along, (_, end) = (
        (axes.xaxis, axes.get_xlim()) if axis == "x" else (axes.yaxis, axes.get_ylim())
    )
    for most in range(_MOST_TICKS, 0, -1):
        ticks = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(0, end)
        shown = [float(tick) for tick in ticks if 0 <= tick <= end * 1.001]
        words = ["0" if tick == 0 else text(tick) for tick in shown]
        widest = max(map(len, words)) * SMALL * TEXT_WIDTH + 12 if axis == "x" else 2 * SMALL
        if length * shown[-1] / end >= widest * (len(shown) - 1):
            break
    along.set_ticks(shown, words)
    axes.grid(visible=True, axis=axis, color=Paint.LINE.value, linewidth=1)


def fold(words: str, most: int) -> list[str]:
    """Return `words`, prose or code, in lines of at most `most` characters where that can be.

    Examples
    --------
    >>> fold("tf.experimental.dlpack.from_dlpack(x.__dlpack__())", 40)
    ['tf.experimental.dlpack.from_dlpack(', 'x.__dlpack__())']
    """
    lines = [""]
    for part in re.split(r"(?<=[\s(,/])|(?<=\.)(?!_)", words):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > most:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]
