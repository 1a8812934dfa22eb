"""Memory over time: who holds how much, each line with its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from samebytes.html.picture import Picture, make_picture
from samebytes.html.sheet import (
    BOLD,
    NARROW,
    NARROW_SCALE,
    SMALL,
    TEXT,
    TEXT_WIDTH,
    WIDE,
    Paint,
    Screen,
    Sheet,
    fold,
    scale_ticks,
)
from samebytes.share.layout import as_bytes_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Curve", "draw_memory"]

# In pixels: what stands left and right of the plot, above and below it.
_SCALE, _TOP, _FOOT = 78.0, 26.0, 46.0
_LEAST_HEIGHT, _LINE = 320.0, 18.0
_MOST_NAMES = 330.0
# Right of the plot: the way from a line's end to its name, the key, the figure of the peak.
_LINK, _KEY, _FIGURE = 22.0, 34.0, 90.0
_STRIP, _STRIP_GAP = 34.0, 12.0
_DESCENT = 4.5
# Every line has a hue, a dash and a mark, so that no two of the peers share more than one of the
# three; ours are of one hue, and thick.
_HUES = (Paint.HUE_1, Paint.HUE_2, Paint.HUE_3, Paint.HUE_4, Paint.HUE_5)
_DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (7, 2, 1.5, 2)))
_MARKS = ("o", "s", "^", "D", "v", "P", "X")


@dataclass(frozen=True)
class Curve:
    """What one held over time.

    Attributes
    ----------
    name : str
        Who.
    ours : bool
        Whether it is this library.
    points : tuple of (float, int)
        Seconds and bytes; not empty.
    peak : int
        The most, in bytes.
    """

    name: str
    ours: bool
    points: tuple[tuple[float, int], ...]
    peak: int


def draw_memory(name: str, words: str, curves: Sequence[Curve]) -> Picture:
    """Return a picture of bytes over seconds: one plot, or on a narrow screen a strip a line.

    Parameters
    ----------
    name, words
        See `make_picture`.
    curves : sequence of Curve
        Not empty.
    """

    def draw(screen: Screen) -> Sheet:
        return _strips(curves) if screen is Screen.NARROW else _plot(curves)

    return make_picture(name, words, draw)


def _style(position: int, *, ours: bool) -> dict[str, Any]:
    return {
        "color": Paint.OURS.value if ours else _HUES[position % len(_HUES)].value,
        "linewidth": 3.0 if ours else 1.75,
        "linestyle": _DASHES[position % len(_DASHES)],
        "marker": _MARKS[position % len(_MARKS)],
        "markersize": 5.5,
    }


def _most(curves: Sequence[Curve]) -> tuple[float, float]:
    """Return the longest time and the most bytes of all."""
    seconds = max(seconds for curve in curves for seconds, _ in curve.points)
    nbytes = max(max(curve.peak, *(held for _, held in curve.points)) for curve in curves)
    return seconds or 1.0, float(nbytes) or 1.0


def _plot(curves: Sequence[Curve]) -> Sheet:
    """Draw all in one plot; each name stands where its line ends, or as near as there is room."""
    height = max(_LEAST_HEIGHT, _LINE * len(curves))
    sheet = Sheet(WIDE, _TOP + height + _FOOT)
    names = min(_MOST_NAMES, max(_width(curve) for curve in curves))
    width = WIDE - _SCALE - _LINK - _KEY - names - _FIGURE
    seconds, nbytes = _most(curves)
    axes = sheet.plot(_SCALE, _TOP, width, height)
    axes.set_xlim(0, seconds)
    axes.set_ylim(0, nbytes * 1.03)
    scale_ticks(axes, "x", lambda value: f"{value:g}", width)
    axes.grid(visible=False, axis="x")
    scale_ticks(axes, "y", _tick, height)
    sheet.write(0, 13, "anonymous memory held", size=SMALL, paint=Paint.SOFT)
    below = _TOP + height + _FOOT - _DESCENT
    words = "seconds since the data was opened"
    sheet.write(_SCALE, below, words, size=SMALL, paint=Paint.SOFT)
    ends = [_TOP + height * (1 - curve.points[-1][1] / (nbytes * 1.03)) for curve in curves]
    places = spread_out(ends, _LINE, _TOP, _TOP + height)
    # Ours last, so that it lies on top.
    for position in sorted(range(len(curves)), key=lambda place: curves[place].ours):
        curve, style = curves[position], _style(position, ours=curves[position].ours)
        _draw_curve(axes, curve, style)
        until = _SCALE + width * curve.points[-1][0] / seconds
        link = ((until, _SCALE + width, _SCALE + width + _LINK - 4), ends[position])
        _name_curve(sheet, curve, style, link, places[position], names)
    return sheet


def _draw_curve(axes: Axes, curve: Curve, style: dict[str, Any]) -> None:
    xs, ys = zip(*curve.points, strict=True)
    # A mark now and then, to follow a line by; each at another step, so that they do not meet.
    every = max(1, len(xs) // 6)
    axes.plot(xs, ys, clip_on=False, markevery=(every // 2, every), **style)


def _name_curve(
    sheet: Sheet,
    curve: Curve,
    style: dict[str, Any],
    link: tuple[tuple[float, float, float], float],
    y: float,
    room: float,
) -> None:
    """Write a name at the height `y`, behind a key, and lead the eye there from the line's end."""
    (until, right, left), end = link
    dots = {"color": style["color"], "linewidth": 1, "linestyle": (0, (1, 2.5))}
    sheet.rule((until + 4, right, left), (end, end, y), **dots)
    left += 4
    sheet.rule((left, left + _KEY / 2, left + _KEY), (y, y, y), **{**style, "markevery": [1]})
    fits = _width(curve) <= room
    shown = curve.name if fits else curve.name[: int(room / _character(curve)) - 1] + "…"
    sheet.write(left + _KEY + 6, y + _DESCENT, shown, bold=curve.ours)
    peak = as_bytes_text(curve.peak)
    sheet.write(WIDE, y + _DESCENT, peak, align="right", bold=curve.ours)


def _strips(curves: Sequence[Curve]) -> Sheet:
    """Draw a strip for each, all to the same scale, with name and peak above."""
    names = [fold(curve.name, int((NARROW - _FIGURE - 6) / _character(curve))) for curve in curves]
    seconds, nbytes = _most(curves)
    text = sum(map(len, names)) * _LINE
    height = 2 * _LINE + 8 + text + len(curves) * (_STRIP + _STRIP_GAP)
    sheet = Sheet(NARROW, height, most_scale=NARROW_SCALE)
    scale = f"a strip: {_tick(nbytes)} high, {seconds:.3g} s"
    for y, words in ((13, "anonymous memory held, and its peak;"), (13 + _LINE, scale)):
        sheet.write(0, y, words, size=SMALL, paint=Paint.SOFT)
    top = 2 * _LINE + 8
    for curve, lines in zip(curves, names, strict=True):
        peak = as_bytes_text(curve.peak)
        sheet.write(NARROW, top + 15, peak, align="right", bold=curve.ours)
        for line in lines:
            sheet.write(0, top + 15, line, bold=curve.ours)
            top += _LINE
        _draw_strip(sheet.plot(0, top + 2, NARROW, _STRIP), curve, seconds, nbytes)
        top += _STRIP + _STRIP_GAP
    return sheet


def _draw_strip(axes: Axes, curve: Curve, seconds: float, nbytes: float) -> None:
    axes.set_xlim(0, seconds)
    axes.set_ylim(0, nbytes)
    axes.set_xticks([])
    axes.set_yticks([])
    fill, edge = (Paint.OURS, Paint.OURS) if curve.ours else (Paint.PEER, Paint.PEER_EDGE)
    xs, ys = zip(*curve.points, strict=True)
    axes.fill_between(xs, ys, color=fill.value, linewidth=0, clip_on=False)
    axes.plot(xs, ys, color=edge.value, linewidth=1.5, clip_on=False)
    axes.axhline(0, color=Paint.LINE.value, linewidth=1)


def _character(curve: Curve) -> float:
    return TEXT * TEXT_WIDTH * (BOLD if curve.ours else 1.0)


def _width(curve: Curve) -> float:
    return len(curve.name) * _character(curve)


def _tick(nbytes: float) -> str:
    return as_bytes_text(nbytes).replace(".0 ", " ")


def spread_out(wanted: Sequence[float], least: float, top: float, bottom: float) -> list[float]:
    """Return places near the `wanted` ones, in their order, at least `least` apart.

    They stay between `top` and `bottom` if there is room for all.

    Examples
    --------
    >>> spread_out([5.0, 90.0, 91.0], 10.0, 0.0, 100.0)
    [5.0, 90.0, 100.0]
    >>> spread_out([99.0, 98.0, 97.0], 10.0, 0.0, 100.0)
    [100.0, 90.0, 80.0]
    """
    order = sorted(range(len(wanted)), key=lambda position: wanted[position])
    places = list(wanted)
    lowest = top
    for position in order:
        places[position] = lowest = max(lowest, wanted[position])
        lowest += least
    highest = bottom
    for position in reversed(order):
        places[position] = highest = min(highest, places[position])
        highest -= least
    return places
