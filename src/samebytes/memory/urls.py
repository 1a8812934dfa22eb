"""What a URL of an object is, and how it is shown: never with what may be a secret.

A query may hold a signature, which is as good as a password for who reads it in a log. So it is
used for requests, and left out wherever a URL is shown or kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["SCHEMES", "Url", "is_url", "parse_url", "refuse_collapsed"]

SCHEMES = ("https", "http", "s3", "gs")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_COLLAPSED = re.compile(r"(?:https?|s3|gs):/[^/]")


@dataclass(frozen=True)
class Url:
    """A URL of an object, taken apart.

    Attributes
    ----------
    text : str
        As it was given, without a fragment; with its query, so it is never shown.
    shown : str
        What messages call it: without its query.
    scheme : str
        ``http``, ``https``, ``s3`` or ``gs``.
    bucket, key : str
        Of object storage; of the web, the host and the path.
    query : str
        What stands behind the question mark, of the web alone.
    """

    text: str = field(repr=False)
    shown: str
    scheme: str
    bucket: str
    key: str
    query: str = field(repr=False)

    def __str__(self) -> str:
        """Return what messages call it."""
        return self.shown

    @property
    def on_web(self) -> bool:
        """Whether it is asked for as a browser would, rather than in a bucket."""
        return self.scheme in {"http", "https"}


def is_url(path: object) -> bool:
    """Return whether what was given to be opened is a URL, of whatever scheme.

    Examples
    --------
    >>> is_url("s3://bucket/x.npy"), is_url("part-*.npy"), is_url(3)
    (True, False, False)
    """
    return isinstance(path, str) and _SCHEME.match(path) is not None


def refuse_collapsed(path: object) -> None:
    """Refuse a ``pathlib.Path`` that was made of a URL: it has lost a slash.

    Raises
    ------
    ValueError
        If it is one.
    """
    if isinstance(path, Path) and _COLLAPSED.match(str(path)):
        message = (
            f"open was given the path {str(path).partition('?')[0]}, which was a URL before it "
            "became a path: expected the URL itself, as a string."
        )
        raise ValueError(message)


def parse_url(text: str) -> Url:
    """Return a URL taken apart; asks nobody.

    Raises
    ------
    ValueError
        If it is of another scheme, has a user or a password, or names no object.

    Examples
    --------
    >>> url = parse_url("https://example.org/x.npy?signature=secret")
    >>> url.shown, url.query
    ('https://example.org/x.npy?...', 'signature=secret')
    >>> parse_url("s3://bucket/folder/x.npy").key
    'folder/x.npy'
    """
    begin = _SCHEME.match(text)
    scheme = begin[1].lower() if begin else ""
    if begin is None or scheme not in SCHEMES:
        message = (
            f"open was given a URL that begins with {scheme}://: expected one that begins with "
            f"{', '.join(f'{name}://' for name in SCHEMES)}, or the path of a file. Download what "
            "lies elsewhere, and open the file."
        )
        raise ValueError(message)
    if scheme in {"http", "https"}:
        return _on_web(text.partition("#")[0], scheme)
    return _in_bucket(text, text[begin.end() :], scheme)


def _on_web(text: str, scheme: str) -> Url:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or any(ord(letter) < 33 for letter in text):
        message = (
            f"open was given a URL that begins with {scheme}:// and cannot be read: expected "
            f"{scheme}://host/path/x.npy, with %20 for a space."
        )
        raise ValueError(message)
    where = f"[{host}]" if ":" in host else host
    where += f":{port}" if port is not None else ""
    shown = f"{scheme}://{where}{parts.path}"
    if "@" in parts.netloc:
        raise _has_user(shown)
    if not parts.path.strip("/"):
        message = f"{shown} names a server and no file on it: expected {scheme}://host/path/x.npy."
        raise ValueError(message)
    return Url(text, shown + "?..." * bool(parts.query), scheme, where, parts.path[1:], parts.query)


def _in_bucket(text: str, rest: str, scheme: str) -> Url:
    bucket, _, key = rest.partition("/")
    key, asked, _ = key.partition("?")
    shown = f"{scheme}://{bucket.rpartition('@')[2]}/{key}"
    if "@" in bucket:
        raise _has_user(shown)
    if asked or "?" in bucket:
        message = (
            f"{shown.partition('?')[0]} is followed by ? and more: expected a bucket and a key "
            f"alone, {scheme}://bucket/folder/x.npy. What chooses a server or gives access comes "
            "from the environment."
        )
        raise ValueError(message)
    if not bucket or not key.strip("/") or "//" in key:
        message = (
            f"{shown} names no object: expected a bucket and a key without an empty part, "
            f"{scheme}://bucket/folder/x.npy."
        )
        raise ValueError(message)
    return Url(text, shown, scheme, bucket, key, "")


def _has_user(shown: str) -> ValueError:
    return ValueError(
        f"{shown} was given with a user or a password: expected a URL without them, since it is "
        "kept and shown. Credentials of object storage come from the environment; for the web, "
        "use a signed URL."
    )
