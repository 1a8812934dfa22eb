"""The words of a page, as who reads it sees them."""

from __future__ import annotations

import re
from html import unescape


def words_of(page: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.replace("<wbr>", ""))))
