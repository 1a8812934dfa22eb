"""Pictures that Matplotlib draws, as SVG inside a page: its colours, its fonts, its themes."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from samebytes.html.page import check_packages
from samebytes.html.sheet import Paint, Screen, Sheet

__all__ = ["Picture", "make_picture"]

# Text stays text, so that it can be match, copied and read out; ids do not depend on chance.
_SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "samebytes", "path.snap": False}
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))
_REFERENCE = re.compile(r"url\(#([^)]+)\)|^#(.+)$")
_NUMBER = re.compile(r"-?\d+\.\d{3,}")


@dataclass(frozen=True)
class Picture:
    """One picture, drawn twice.

    Attributes
    ----------
    wide, narrow : str
        SVG for a desk's screen and for a phone's, of which a page shows one.
    """

    wide: str
    narrow: str


def make_picture(name: str, words: str, draw: Callable[[Screen], Sheet]) -> Picture:
    """Return what `draw` draws for each kind of screen.

    Parameters
    ----------
    name : str
        Of letters, digits and hyphens, and no other picture's on the page: its ids begin so.
    words : str
        What who cannot see the picture is told instead.
    draw : callable
        Gives a sheet for a screen.

    Raises
    ------
    MissingPackage
        If Matplotlib is not installed.
    """
    with _plain_matplotlib():
        wide, narrow = (
            _as_svg(draw(screen), f"{name}-{screen.value}", words)
            for screen in (Screen.WIDE, Screen.NARROW)
        )
    return Picture(wide, narrow)


@contextmanager
def _plain_matplotlib() -> Iterator[None]:
    """Draw as Matplotlib does by default, whatever style the user has set for his own figures."""
    check_packages()
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def _as_svg(sheet: Sheet, name: str, words: str) -> str:
    """Return the sheet as an element of a page, which brings namespaces, fonts and colours."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    written = io.StringIO()
    FigureCanvasSVG(sheet.figure).print_svg(written, metadata=_NO_METADATA)
    root = ET.fromstring(written.getvalue())  # noqa: S314 (Matplotlib wrote it)
    _drop(root, "metadata", "style")
    wanted = {reference for element in root.iter() for reference in _references(element)}
    for element in root.iter():
        _settle(element, name, wanted)
    root.attrib = {
        "viewBox": f"0 0 {sheet.width:g} {sheet.height:g}",
        "role": "img",
        "aria-label": words,
        "style": f"max-width: {sheet.width * sheet.most_scale:g}px",
    }
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)


def _drop(root: ET.Element, *tags: str) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in tags:
                parent.remove(child)


def _references(element: ET.Element) -> Iterator[str]:
    for value in element.attrib.values():
        for match in _REFERENCE.finditer(value):
            yield match[1] or match[2]


def _settle(element: ET.Element, name: str, wanted: set[str]) -> None:
    """Take off one element what only a file of its own needs."""
    element.tag = element.tag.rpartition("}")[2]
    element.text = element.text if element.tag == "text" else None
    element.tail = None
    attributes = {}
    for key, value in element.attrib.items():
        key = key.rpartition("}")[2]
        if key == "id":
            if value not in wanted:
                continue
            value = f"{name}-{value}"
        elif key == "style":
            value = _style(value)
        elif key == "transform" and value.startswith("rotate(-0 "):
            continue
        value = _REFERENCE.sub(lambda match: _renamed(match, name), value)
        attributes[key] = _NUMBER.sub(lambda match: f"{float(match[0]):.2f}", value)
    if "d" in attributes:
        attributes["d"] = " ".join(attributes["d"].split())
    element.attrib = attributes


def _renamed(match: re.Match[str], name: str) -> str:
    return f"url(#{name}-{match[1]})" if match[1] else f"#{name}-{match[2]}"


def _style(style: str) -> str:
    kept = []
    for declaration in style.split(";"):
        key, _, value = declaration.strip().partition(": ")
        if key == "font-family":
            # Code is set in the page's font for code; all other text in the page's own.
            if "Mono" not in value:
                continue
            value = "var(--code)"
        kept.append(f"{key}: {_PAINTS.get(value, value)}")
    return "; ".join(kept)


_PAINTS = {paint.value: f"var(--{paint.name.lower().replace('_', '-')})" for paint in Paint}
