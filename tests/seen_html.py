"""HTML as a reader sees it: what tests of pictures and tables ask."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"br", "rect", "line"}
# What loads, runs or calls home has no place in what a notebook keeps.
OUTWARD = {"script", "style", "link", "img", "iframe", "object", "embed", "a", "form", "base"}


class Seen(HTMLParser):
    """Raises where tags do not nest, and notes tags, attributes, text, and the rows of tables."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open, self.tags, self.text, self.attributes, self.rows = [], [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "tr":
            self.rows.append([])
        if tag in {"th", "td"}:
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
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
