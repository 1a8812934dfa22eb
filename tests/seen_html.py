"""HTML as a reader sees it: what tests of pictures and tables ask."""

from __future__ import annotations

from html.parser import HTMLParser

Attributes = list[tuple[str, str | None]]

VOID = {"br", "rect", "line"}
# What loads, runs or calls home has no place in what a notebook keeps.
OUTWARD = {"script", "style", "link", "img", "iframe", "object", "embed", "a", "form", "base"}


class Seen(HTMLParser):
    """Raises where tags do not nest, and notes tags, attributes, text, and the rows of tables."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.rows: list[list[str]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag == "tr":
            self.rows.append([])
        if tag in {"th", "td"}:
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.open and self.open[-1] in {"th", "td"}:
            self.rows[-1][-1] += data

    def classes(self) -> list[str]:
        return [value for name, value in self.attributes if name == "class"]


def check_readable_anywhere(seen: Seen) -> None:
    """Hold what both themes and a machine without a network need."""
    assert not OUTWARD & set(seen.tags)
    for name, value in seen.attributes:
        assert not name.startswith("on"), name
        assert name not in {"src", "href", "xlink:href", "id"}, name
        assert "url(" not in value
        if name == "style":
            properties = {part.partition(":")[0].strip() for part in value.split(";")}
            assert not {"color", "background", "background-color"} & properties, value
        # Blue is read on white and on black; all else is the notebook's own colour.
        if name in {"fill", "stroke"}:
            assert value in {"none", "currentColor", "#3b82c4"}, value
