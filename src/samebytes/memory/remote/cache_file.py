"""The file of a cache: a head that says of which version of which object, marks, and the bytes.

All in one sparse file, so that marks never outlive the bytes that they speak of. It is there whole
from the start, under a name that depends on the object and its version.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
from pathlib import Path
from urllib.parse import parse_qsl

from samebytes.errors import FileError
from samebytes.memory.files.durable import flush_folder
from samebytes.memory.files.filesystem import filesystem_of
from samebytes.memory.remote.granules import GRANULE_BYTES, bits_for
from samebytes.memory.remote.identity import Identity
from samebytes.memory.remote.stores import endpoint_of
from samebytes.memory.text import as_bytes_text
from samebytes.memory.urls import Url

__all__ = ["HEAD_BYTES", "file_length", "first_byte_at", "open_cache_file"]

HEAD_BYTES = 4096
_MAGIC = "samebytes cache 1"

_INCOHERENT = frozenset({"afs", "cifs", "nfs", "nfs4", "smb3", "smbfs", "fuse.sshfs"})
"""File systems on which one machine may see the marks of another and not yet its bytes."""

_SIGNING = re.compile(
    r"X-(Amz|Goog)-.*|Signature|Expires|Policy|Key-Pair-Id|AWSAccessKeyId|GoogleAccessId"
)
"""Parts of a query that give access, and choose nothing: signed anew, it is the same object."""


def first_byte_at(size: int) -> int:
    """Return where in its cache file the first byte of an object of some size lies."""
    return HEAD_BYTES + -(-len(bits_for(size)) // GRANULE_BYTES) * GRANULE_BYTES


def file_length(size: int) -> int:
    """Return how long the cache file of an object of some size is."""
    return first_byte_at(size) + size


def open_cache_file(folder: Path, url: Url, identity: Identity) -> tuple[int, Path]:
    """Return a descriptor and the path of a cache file, made if need be; copies nothing.

    Raises
    ------
    FileError
        If the folder is on a file system that several machines see differently, or what has the
        name is no such file.
    OSError
        As the system says it, for example if the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kind = filesystem_of(folder)
    if kind in _INCOHERENT:
        message = (
            f"cache={str(folder)!r} is on {kind}, where another machine could see that bytes are "
            "there before it sees the bytes: expected a folder on a disk of this machine."
        )
        raise FileError(message)
    head = _head_of(url, identity)
    path = folder / _name_of(url, identity)
    with contextlib.suppress(FileNotFoundError):
        return _open(path, head, identity.size), path
    _make(path, head, identity.size)
    return _open(path, head, identity.size), path


def _name_of(url: Url, identity: Identity) -> str:
    """Return a name that no other object and no other version has."""
    asked = [
        pair
        for pair in parse_qsl(url.query, keep_blank_values=True)
        if not _SIGNING.fullmatch(pair[0])
    ]
    what = [url.scheme, endpoint_of(url), url.bucket, url.key, asked]
    which = [identity.size, identity.e_tag, str(identity.modified)]
    if identity.strong_tag is not None:
        which.pop()
    digest = hashlib.sha256(json.dumps([what, which]).encode()).hexdigest()
    readable = re.sub(r"[^A-Za-z0-9._-]", "_", url.key.rpartition("/")[2])[-60:]
    return f"{readable}-{digest[:32]}.cache"


def _head_of(url: Url, identity: Identity) -> bytes:
    said = {
        "url": url.shown[:1000],
        "bytes": identity.size,
        "etag": identity.e_tag,
        "modified": None if identity.modified is None else str(identity.modified),
        "granule": GRANULE_BYTES,
    }
    if identity.strong_tag is not None:
        del said["modified"]  # which servers of one object may tell differently
    head = f"{_MAGIC}\n{json.dumps(said)}\n".encode()
    if len(head) > HEAD_BYTES:
        message = f"{url} has an ETag that is too long to be kept: open it without cache=."
        raise FileError(message)
    return head.ljust(HEAD_BYTES, b"\0")


def _make(path: Path, head: bytes, size: int) -> None:
    """Put an empty cache file in its place at once, unless another process has just done so."""
    part = path.with_name(f".{secrets.token_hex(8)}.{path.name}")
    try:
        with part.open("xb") as file:
            file.write(head)
            file.truncate(file_length(size))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(part)
        except FileExistsError:
            pass
        except OSError:
            part.replace(
                path
            )  # no links here; another process may then go on with a file of its own
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
    flush_folder(path.parent)


def _open(path: Path, head: bytes, size: int) -> int:
    file = os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
    found, length = os.pread(file, HEAD_BYTES, 0), os.fstat(file).st_size
    if found == head and length == file_length(size):
        return file
    os.close(file)
    message = (
        f"{path} is not the cache file that its name says (expected "
        f"{as_bytes_text(file_length(size))}, found {as_bytes_text(length)}): it was cut short or "
        "written by others. Delete it."
    )
    raise FileError(message)
