"""What went wrong with a request, in words of ours: those of others may show a signed URL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from samebytes.errors import FileError, RemoteError, WrongSize
from samebytes.memory.text import bytes_in_words
from samebytes.memory.urls import Url

__all__ = [
    "CHANGED",
    "EMPTY",
    "NAMELESS",
    "NO_RANGES",
    "NO_REQUEST",
    "Failure",
    "came_short",
    "failure_of",
]

_STATUS = re.compile(r"(?:status code|error response): (\d{3})\b")
_METADATA_SERVERS = ("169.254.169.254", "metadata.google.internal", "169.254.170.2")

_ADVICE = {
    "https": "Check the URL, or have it signed anew if its signature has run out.",
    "s3": (
        "Credentials come from the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
        "AWS_SKIP_SIGNATURE=true for a public bucket; AWS_REGION and AWS_ENDPOINT_URL choose the "
        "server."
    ),
    "gs": (
        "Credentials come from the environment: GOOGLE_APPLICATION_CREDENTIALS names their file; "
        "GOOGLE_SKIP_SIGNATURE=true is for a public bucket."
    ),
}


@dataclass(frozen=True)
class Failure:
    """Why some bytes did not come.

    Attributes
    ----------
    what : str
        Continues "URL, bytes 0 to 9, ...".
    advice : str
        What to do, in a sentence or more.
    passing : bool
        Whether the same request may well succeed when it is made again; not where obstore has made
        it again and again already.
    kind : type
        Of the error to raise.
    """

    what: str
    advice: str
    passing: bool = False
    kind: type[FileError] = RemoteError

    def error(self, url: Url, start: int, stop: int) -> FileError:
        """Return the error for a range of an object."""
        return self.kind(f"{url}, bytes {start:,} to {stop - 1:,}, {self.what}. {self.advice}")


CHANGED = Failure(
    "are no longer those of the object that was opened: it was replaced since",
    "Open it again, and have writers write to a new name.",
)

EMPTY = Failure(
    "are not there: the object is empty (0 bytes)",
    "Check that it was written completely.",
    kind=WrongSize,
)

NAMELESS = Failure(
    "came without an ETag or a time, so another version could not be told from this one",
    "Expected a server that says either. Download it, and open the file.",
)

NO_REQUEST = Failure("could not be asked for: no request can be made of the URL", "Check it.")

NO_RANGES = Failure(
    "could not be asked for by themselves: the server gives only the whole object",
    "Expected one that answers range requests, as object storage and web servers do for files. "
    "Download it, and open the file.",
)


def came_short(expected: int, found: int) -> Failure:
    """Return what is said of an answer with too few or too many bytes."""
    return Failure(
        f"came in the wrong length: expected {bytes_in_words(expected)}, found "
        f"{bytes_in_words(found)}",
        "The object was cut short, or a proxy on the way is broken. None of it was used.",
        passing=True,
        kind=WrongSize,
    )


def failure_of(error: Exception, url: Url) -> Failure:
    """Return what an error of obstore means, without a word of its text."""
    name, text = type(error).__name__, str(error)
    advice = _ADVICE.get(url.scheme, _ADVICE["https"])
    if isinstance(error, FileNotFoundError):
        return Failure("are not there: the server knows no such object (404)", _missing(url))
    if name == "PreconditionError":
        return CHANGED
    if name == "NotSupportedError":
        return NO_RANGES
    if name in {"PermissionDeniedError", "UnauthenticatedError"}:
        status = 403 if name == "PermissionDeniedError" else 401
        return Failure(f"were refused ({_in_words(status)})", advice)
    if any(server in text for server in _METADATA_SERVERS):
        return Failure("could not be asked for: no credentials were found", advice)
    found = _STATUS.search(text)
    if found is not None:
        return _of_status(int(found[1]), advice)
    if name in {"InvalidPathError", "ValueError", "TypeError"}:
        return NO_REQUEST
    return _of_connection(text.lower())


def _of_connection(text: str) -> Failure:
    """Return what happened where no answer came, by the kind of error that obstore prints."""
    if "timedout" in text or "timed out" in text:
        return Failure(
            "did not come in time: the server stayed silent",
            "Check the network, and whether the server is well.",
        )
    if "invalidcertificate" in text:
        return Failure(
            "could not be asked for: the server's certificate is not trusted",
            "Check the name in the URL. The environment variable SSL_CERT_FILE names a file with "
            "the certificates of an authority of your own.",
        )
    if re.search(r"kind: connect\b|\bdns\b", text):
        return Failure(
            "could not be asked for: there was no connection to the server",
            "Check the name in the URL, and the network.",
        )
    if "kind: builder" in text:
        return NO_REQUEST
    return Failure(
        "did not come: the connection broke, or the answer made no sense",
        "Check the network, and whether the server is well.",
        passing=True,
    )


def _of_status(status: int, advice: str) -> Failure:
    said = _in_words(status)
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return Failure(
            f"lie behind the end of the object ({said})",
            "It is empty, or was cut short since it was opened: write it again.",
            kind=WrongSize,
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Failure(
            f"did not come: the server failed ({said}) each time it was asked",
            "Try again later, or ask whoever runs the server.",
        )
    return Failure(f"were refused ({said})", advice)


def _in_words(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _missing(url: Url) -> str:
    if "*" in url.key:
        return "Patterns are for files: pass a list of URLs in place of one with *."
    return "Check its name, or write it first."
