"""What a URL is, how it is shown, and which are refused."""

from __future__ import annotations

import pytest

from samebytes.memory.files.paths import paths_of
from samebytes.memory.urls import is_url, parse_url


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://host/x.npy", "https://host/x.npy"),
        ("HTTPS://Host:81/x.npy?sig=secret#part", "https://host:81/x.npy?..."),
        ("http://[::1]:8/a/x.npy?", "http://[::1]:8/a/x.npy"),
        ("s3://bucket/a b/x#1*.npy", "s3://bucket/a b/x#1*.npy"),
        ("gs://bucket/x.npy", "gs://bucket/x.npy"),
    ],
)
def test_a_url_is_shown_without_its_query(text, shown):
    url = parse_url(text)
    assert url.shown == str(url) == shown
    assert "secret" not in repr(url)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ftp://host/x.npy", r"begins with ftp://: expected one that begins with https://, http"),
        ("file:///x.npy", r"begins with file://.*or the path of a file"),
        ("https://me:secret@host/x.npy", r"^https://host/x.npy was given with a user or a passw"),
        ("s3://key:secret@bucket/x.npy", r"^s3://bucket/x.npy was given with a user or a passw"),
        ("s3://bucket/x.npy?AWS_SECRET=secret", r"^s3://bucket/x.npy is followed by \? and more"),
        ("s3://bucket?secret", r"s3://bucket is followed by \? and more"),
        ("https://host", r"names a server and no file on it"),
        ("https://host/?secret", r"names a server and no file on it"),
        ("https:///x.npy", r"cannot be read: expected https://host/path/x.npy"),
        ("https://host:secret/x.npy", r"cannot be read"),
        ("https://host/a b.npy", r"with %20 for a space"),
        ("https://[secret/x.npy", r"cannot be read"),
        ("s3://bucket/", r"names no object"),
        ("s3:///x.npy", r"names no object"),
        ("gs://bucket/a//x.npy", r"names no object: expected a bucket and a key without an empty"),
    ],
)
def test_urls_that_are_refused(text, words):
    with pytest.raises(ValueError, match=words) as refused:
        parse_url(text)
    assert "secret" not in str(refused.value)
    assert refused.value.__context__ is None or "secret" not in str(refused.value.__context__)


def test_a_question_mark_in_a_url_is_no_pattern():
    url = "https://host/x*[1].npy?sig=a"
    assert is_url(url)
    assert paths_of(url) is None
    assert paths_of([url]) == [url]
