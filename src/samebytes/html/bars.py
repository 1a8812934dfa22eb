"""Bars of one or two figures a row, with their names and values written out beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from samebytes.html.picture import Picture, make_picture
from samebytes.html.sheet import (
    BOLD,
    CODE_WIDTH,
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Bar", "Group", "Mark", "Panel", "draw_bars"]

# In pixels: the column of names on a wide screen, that of values, and what is above and below.
_NAMES, _NAMES_OF_CODE, _GAP = 264.0, 400.0, 24.0
_LEAST_VALUES = 84.0
_LINE, _BAR, _BETWEEN, _HEADING = 17.0, 14.0, 11.0, 16.0
_TOP, _FOOT = 4.0, 26.0
# From the middle of a line of text down to what its letters stand on.
_DESCENT = 4.5


@dataclass(frozen=True)
class Mark:
    """One figure of a row.

    Attributes
    ----------
    value : float or None
        How long the bar is; None where there is nothing to draw.
    text : str
        The value in words, or why there is none.
    spread : (float, float) or None
        Least and most that were measured.
    """

    value: float | None
    text: str
    spread: tuple[float, float] | None = None


@dataclass(frozen=True)
class Bar:
    """One row: a name, and a mark in each panel.

    Attributes
    ----------
    name, note : str
        Who it is, and what to know of it.
    marks : tuple of Mark
        As many as there are panels.
    ours : bool
        Whether it is this library.
    """

    name: str
    marks: tuple[Mark, ...]
    note: str = ""
    ours: bool = False


@dataclass(frozen=True)
class Group:
    """Rows under a heading, which may be empty."""

    heading: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Panel:
    """One scale.

    Attributes
    ----------
    title : str
        What is measured, with its unit.
    tick : callable
        Gives the words for a value on the scale.
    limit : (float, str) or None
        A line across all bars, and what it says.
    """

    title: str
    tick: Callable[[float], str]
    limit: tuple[float, str] | None = None


def draw_bars(
    name: str,
    words: str,
    panels: Sequence[Panel],
    groups: Sequence[Group],
    *,
    code: bool = False,
) -> Picture:
    """Return a picture with a row a bar: its name, and in each panel its length and value.

    Where the screen is narrow, the panels lie below one another in each row.

    Parameters
    ----------
    name, words
        See `make_picture`.
    panels : sequence of Panel
        One or two.
    groups : sequence of Group
        Not empty.
    code : bool
        Whether the names are code.
    """
    return make_picture(
        name, words, lambda screen: _Drawing(screen, panels, groups, code=code).sheet
    )


@dataclass(frozen=True)
class _Row:
    """A bar with its text folded, and the heights at which things lie."""

    bar: Bar
    names: list[str]
    notes: list[str]
    top: float
    middles: tuple[float, ...]


class _Drawing:
    """Places everything from the top down, and then draws it."""

    def __init__(
        self, screen: Screen, panels: Sequence[Panel], groups: Sequence[Group], *, code: bool
    ) -> None:
        self._narrow = screen is Screen.NARROW
        self._panels, self._code = panels, code
        self._width = NARROW if self._narrow else WIDE
        self._names = self._width if self._narrow else _NAMES_OF_CODE if code else _NAMES
        texts = [
            mark.text
            for group in groups
            for bar in group.bars
            for mark in bar.marks
            if mark.value is not None
        ]
        longest = max(map(len, texts), default=0) * TEXT * TEXT_WIDTH * BOLD
        self._values = max(_LEAST_VALUES, longest + 6)
        self._rooms = [self._room(position) for position in range(len(panels))]
        self._longest = [_longest(groups, position, panel) for position, panel in enumerate(panels)]
        self._top = _TOP + _LINE * self._lines_above()
        self._contrast = any(bar.ours for group in groups for bar in group.bars)
        self._headings: list[tuple[str, float]] = []
        self._rows: list[_Row] = []
        self._bottom = self._place(groups)
        # Two scales below the same bars would be read wrongly; the values are written anyway.
        self._scales = not self._narrow or len(panels) == 1
        foot = _FOOT if self._scales else _TOP
        self.sheet = Sheet(
            self._width, self._bottom + foot, most_scale=NARROW_SCALE if self._narrow else 1.0
        )
        self._draw()

    def _room(self, position: int) -> tuple[float, float]:
        """Return where the bars of a panel begin, and how long the longest is."""
        if self._narrow:
            return 0.0, self._width - self._values
        each = (self._width - self._names) / len(self._panels)
        left = self._names + position * each
        gap = _GAP if position else 0.0
        return left + gap, each - gap - self._values

    def _lines_above(self) -> int:
        titles = len(self._panels) if self._narrow else 1
        return titles + any(panel.limit is not None for panel in self._panels)

    def _place(self, groups: Sequence[Group]) -> float:
        room = self._names if self._narrow else self._names - _GAP
        width = TEXT * (CODE_WIDTH if self._code else TEXT_WIDTH)
        most_of_note = int(room / (SMALL * TEXT_WIDTH))
        most_of_heading = int(self._width / (TEXT * TEXT_WIDTH * 1.1))
        y = self._top + _BETWEEN / 2
        for group in groups:
            if group.heading:
                y += _HEADING
                for line in fold(group.heading, most_of_heading):
                    y += _LINE
                    self._headings.append((line, y - _DESCENT))
                y += _BETWEEN / 2
            for bar in group.bars:
                bold = BOLD if bar.ours and not self._code else 1.0
                names = fold(bar.name, int(room / (width * bold)))
                notes = fold(bar.note, most_of_note) if bar.note else []
                text = _LINE * (len(names) + len(notes))
                drawn = [mark for mark in bar.marks if mark.value is not None]
                bars = max(1, len(drawn)) * (_BAR + 4)
                first = y + (text if self._narrow else 0) + _LINE / 2
                step = _BAR + 4 if self._narrow else 0.0
                middles = tuple(first + step * position for position in range(len(bar.marks)))
                self._rows.append(_Row(bar, names, notes, y, middles))
                y += (text + bars if self._narrow else text) + _BETWEEN
        return y - _BETWEEN / 2

    def _draw(self) -> None:
        for position, panel in enumerate(self._panels):
            self._draw_panel(position, panel)
        for words, y in self._headings:
            self.sheet.write(0, y, words, bold=True)
        for row in self._rows:
            self._write(row)

    def _draw_panel(self, position: int, panel: Panel) -> None:
        left, length = self._rooms[position]
        y = _TOP + _LINE * (position + 1 if self._narrow else 1) - _DESCENT
        where = ("upper bar: ", "lower bar: ")[position] if not self._scales else ""
        self.sheet.write(left, y, where + panel.title, size=SMALL, paint=Paint.SOFT)
        axes = self.sheet.plot(left, self._top, length, self._bottom - self._top)
        axes.set_xlim(0, self._longest[position])
        axes.set_ylim(self._bottom, self._top)
        axes.set_yticks([])
        axes.set_xticks([])
        if self._scales:
            scale_ticks(axes, "x", panel.tick, length)
        if self._scales and self._narrow:
            axes.get_xticklabels()[0].set_horizontalalignment("left")  # no room left of it
        for row in self._rows:
            mark = row.bar.marks[position]
            if mark.value is not None:
                least = self._longest[position] / length  # one pixel is seen, nothing is not
                length_drawn = max(mark.value, least) if mark.value > 0 else 0.0
                solid = Paint.OURS if row.bar.ours else None if self._contrast else Paint.PEER_EDGE
                _draw_mark(axes, mark, row.middles[position], length_drawn, solid)
        if panel.limit is not None:
            self._draw_limit(*panel.limit, left, length / self._longest[position])

    def _draw_limit(self, value: float, words: str, left: float, scale: float) -> None:
        x = left + value * scale
        style = {"color": Paint.LIMIT.value, "linewidth": 1.5, "linestyle": (0, (5, 3))}
        self.sheet.rule((x, x), (self._top - 1, self._bottom), **style)
        width = len(words) * SMALL * TEXT_WIDTH * BOLD
        beyond_middle = value * scale > (self._width - left) / 2
        if beyond_middle and x >= width:
            place, align = x, "right"
        else:
            place, align = min(x, self._width - width), "left"
        above = self._top - _DESCENT
        self.sheet.write(place, above, words, size=SMALL, paint=Paint.LIMIT, align=align, bold=True)

    def _write(self, row: _Row) -> None:
        y = row.top
        for line in row.names:
            y += _LINE
            bold = row.bar.ours and not self._code
            self.sheet.write(0, y - _DESCENT, line, bold=bold, code=self._code)
        for line in row.notes:
            y += _LINE
            self.sheet.write(0, y - _DESCENT, line, size=SMALL, paint=Paint.SOFT)
        for position, mark in enumerate(row.bar.marks):
            left, length = self._rooms[position]
            base = row.middles[position] + _DESCENT
            if mark.value is None:
                self.sheet.write(left, base, mark.text, size=SMALL, paint=Paint.SOFT)
            else:
                x = left + length + self._values
                self.sheet.write(x, base, mark.text, align="right", bold=row.bar.ours)


def _longest(groups: Sequence[Group], position: int, panel: Panel) -> float:
    marks = [bar.marks[position] for group in groups for bar in group.bars]
    values = [mark.value or 0.0 for mark in marks]
    values += [most for mark in marks if mark.spread for most in mark.spread]
    if panel.limit is not None:
        values.append(panel.limit[0])
    return max(values) or 1.0


def _draw_mark(axes: Axes, mark: Mark, y: float, length: float, solid: Paint | None) -> None:
    """Draw one bar, solid or no more than an outline, and its spread across its end."""
    fill, edge = (solid or Paint.PEER), (solid or Paint.PEER_EDGE)
    colours = {"color": fill.value, "edgecolor": edge.value}
    axes.barh(y, length, _BAR, linewidth=1, clip_on=False, **colours)
    if mark.spread is None:
        return
    low, high = mark.spread
    style: dict[str, Any] = {"color": Paint.INK.value, "linewidth": 1.25, "clip_on": False}
    axes.plot((low, high), (y, y), **style)
    for end in (low, high):
        axes.plot((end, end), (y - 4, y + 4), **style)
