"""Stores of obstore, which asks servers and object storage; credentials are the environment's."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from samebytes.errors import MissingPackage
from samebytes.memory.urls import Url, parse_url

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PATIENT", "QUICK", "import_obstore", "store_of"]

MOST_STORES = 16
"""Buckets whose stores are kept; each keeps connections open."""

OLDEST_OBSTORE = 0, 11
"""The first with a timeout for servers that fall silent."""

CONNECT_SECONDS = 5.0
"""A handshake takes three round trips, of 0.3 s around the world; the rest is for lost packets."""

SILENT_SECONDS = 20.0
"""A server that says nothing for so long has lost the request: S3 begins to answer within 1 s."""

REQUEST_SECONDS = 600.0
"""The longest that one request may go on, however slowly: 4 MiB of it are 7 kB/s."""

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
"""Pauses between tries double from the first to the longest, as S3 asks for in its 503."""

PATIENT = 8
"""Tries more of a request during a run: some 30 s in all, in which a server starts anew."""

QUICK = 3
"""Tries more when something is opened: under 1 s, for a wrong name should be told soon."""

RETRY_SECONDS = 60.0
"""No try begins later than this after the first, so a run stops within minutes."""


def import_obstore(url: Url) -> Any:
    """Return the package that asks servers.

    Raises
    ------
    MissingPackage
        If it is not installed, or too old.
    """
    try:
        import obstore
    except ImportError as missing:
        message = (
            f"{url} is a URL, and reading it needs obstore, which is not installed: "
            'pip install "samebytes[remote]".'
        )
        raise MissingPackage(message) from missing
    found = tuple(int(part) for part in obstore.__version__.split(".")[:2])
    if found < OLDEST_OBSTORE:
        message = (
            f"{url} is a URL, and obstore {obstore.__version__} is too old to read it, since it "
            'waits forever for a server that falls silent: pip install -U "samebytes[remote]".'
        )
        raise MissingPackage(message)
    return obstore


def store_of(
    url: Url | str, *, headers: Mapping[str, str] | None = None, tries: int = PATIENT
) -> tuple[Any, str]:
    """Return a store of obstore and the path in it that a URL means; asks nobody yet.

    Parameters
    ----------
    url : Url or str
        Of a file, or of a folder such as a zarr store.
    headers : mapping of str to str, optional
        Headers of every request.
    tries : int
        How often a request is tried again after a failure that may pass: no connection, silence,
        and the statuses from 500 on.

    Returns
    -------
    tuple of obstore store and str
        On the web the store is the URL itself, as it was written, and the path is empty.

    Raises
    ------
    MissingPackage
        If obstore is not installed.
    ValueError
        If the URL cannot be read.
    """
    where = parse_url(url) if isinstance(url, str) else url
    import_obstore(where)
    if headers or where.on_web:
        return _make(where, headers, tries), "" if where.on_web else where.key
    # Making one takes 8 ms, most of it to read certificates; objects of a bucket share theirs.
    given = where.scheme, where.bucket, tries, hash(frozenset(os.environ.items()))
    with _making:
        if given not in _of_buckets:
            if len(_of_buckets) >= MOST_STORES:
                _of_buckets.clear()
            _of_buckets[given] = _make(where, None, tries)
        return _of_buckets[given], where.key


_of_buckets: dict[tuple[str, str, int, int], Any] = {}
"""Stores by bucket, patience, and the environment as it was then."""

_making = threading.Lock()


def _make(where: Url, headers: Mapping[str, str] | None, tries: int) -> Any:
    from obstore.store import GCSStore, HTTPStore, S3Store

    client: dict[str, Any] = {
        "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
        "read_timeout": timedelta(seconds=SILENT_SECONDS),
        "timeout": timedelta(seconds=REQUEST_SECONDS),
    }
    if headers:
        client["default_headers"] = dict(headers)
    if where.scheme == "http" or endpoint_of(where).startswith("http://"):
        client["allow_http"] = True  # whoever wrote http:// has said so
    again = {
        "max_retries": tries,
        "retry_timeout": timedelta(seconds=RETRY_SECONDS),
        "backoff": {
            "init_backoff": timedelta(seconds=FIRST_PAUSE_SECONDS),
            "max_backoff": timedelta(seconds=LONGEST_PAUSE_SECONDS),
            "base": 2,
        },
    }
    options: dict[str, Any] = {"client_options": client, "retry_config": again}
    if where.on_web:
        return HTTPStore(where.text, **options)
    kind: Any = S3Store if where.scheme == "s3" else GCSStore
    return kind(where.bucket, **options)


def endpoint_of(url: Url) -> str:
    """Return the server that the environment names for a bucket, an empty text if none.

    Two servers may have buckets of one name, so this is a part of what an object is.
    """
    if url.scheme != "s3":
        return ""
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
    return next((os.environ[name] for name in names if os.environ.get(name)), "")
