"""Servers and networks in trouble: tried again where that helps, else told; never wrong bytes."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest
from tests.memory.remote.servers import (
    cut_after,
    late,
    reset_connection,
    send,
    shorter_by,
    status,
    with_headers,
)

import samebytes as sb
from samebytes.memory.remote import object_source, stores


@pytest.fixture
def values(served):
    made = np.random.default_rng(1).integers(0, 255, (200, 1000), np.uint8)
    np.save(served / "rows.npy", made)
    return made


@pytest.fixture(params=[False, True], ids=["", "cached"])
def opened(request, faulty, values, tmp_path):
    """Return what opens the rows, with and without a cache."""
    cache = tmp_path / "cache" if request.param else None
    return lambda query="": sb.open(f"{faulty.url}/rows.npy{query}", cache=cache)


@pytest.fixture
def rows(opened, faulty):
    found = opened()
    assert found[0].any()  # so that the server was asked whether it compares
    faulty.asked.clear()
    return found


ROWS = slice(50, 60)
FIRST, LAST = 128 + 50_000, 128 + 59_999


@pytest.mark.parametrize(
    "fault",
    [status(500), status(503), cut_after(0), cut_after(700), reset_connection],
    ids=lambda fault: fault.__name__,
)
def test_what_passes_is_tried_again(rows, values, faulty, fault):
    faulty.faults += [fault, fault]
    np.testing.assert_array_equal(rows[ROWS], values[ROWS])
    assert len(faulty.asked) >= 3


def test_bytes_of_two_answers_are_put_together_only_for_one_version(rows, values, faulty):
    faulty.faults += [cut_after(700), None]
    np.testing.assert_array_equal(rows[ROWS], values[ROWS])
    tags = {each.headers["if-match"] for each in faulty.asked}
    assert tags == {rows.source._identity.e_tag}


def test_an_answer_that_is_too_short_is_not_used(rows, values, faulty):
    faulty.faults += [shorter_by(1), shorter_by(1)]
    np.testing.assert_array_equal(rows[ROWS], values[ROWS])
    faulty.always = shorter_by(1)
    with pytest.raises(sb.WrongSize, match=r"rows.npy, bytes [\d,]+ to [\d,]+, came in the wrong"):
        rows[100:110]
    faulty.always = None
    np.testing.assert_array_equal(rows[100:110], values[100:110])


def test_a_server_that_falls_silent_is_asked_again(rows, values, faulty):
    faulty.faults += [late(0.8)]
    np.testing.assert_array_equal(rows[ROWS], values[ROWS])


def test_a_server_that_stays_silent(opened, faulty, monkeypatch):
    monkeypatch.setattr(stores, "SILENT_SECONDS", 0.05)
    monkeypatch.setattr(stores, "RETRY_SECONDS", 0.1)
    faulty.always = late(0.2)
    with pytest.raises(sb.RemoteError, match=r"did not come in time: the server stayed silent"):
        opened()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (status(403), r"were refused \(403 Forbidden\). Check the URL, or have it signed anew"),
        (status(401), r"were refused \(401 Unauthorized\)"),
        (status(404), r"are not there: the server knows no such object \(404\)"),
        (status(500), r"the server failed \(500 Internal Server Error\) each time it was asked"),
        (status(503), r"the server failed \(503 Service Unavailable\)"),
        (status(416), r"lie behind the end of the object \(416 .*cut short since it was opened"),
        (status(418), r"were refused \(418 I'm a Teapot\)"),
        (status(412), r"it was replaced since. Open it again"),
        (cut_after(3), r"did not come: the connection broke"),
        (reset_connection, r"did not come: the connection broke"),
    ],
)
def test_what_stays_is_told_with_the_url_and_the_bytes(rows, values, faulty, fault, words):
    faulty.always = fault
    where = r"^http://127.0.0.1:\d+/rows.npy, bytes [\d,]+ to [\d,]+, "
    with pytest.raises(sb.FileError, match=where + "(.*)" + words):
        rows[ROWS]
    faulty.always = None
    np.testing.assert_array_equal(rows[ROWS], values[ROWS])


def test_the_bytes_that_are_named_are_those_that_were_asked_for(faulty, values):
    rows = sb.open(f"{faulty.url}/rows.npy")
    faulty.always = status(403)
    with pytest.raises(sb.RemoteError, match=f"bytes {FIRST:,} to {LAST:,}, were refused"):
        rows[ROWS]


def test_of_many_ranges_the_one_that_failed_is_named(faulty, values):
    rows = sb.open(f"{faulty.url}/rows.npy")
    assert rows[0].any()
    refuse = status(403)

    def fault(handler, answer):
        (refuse if handler.headers["range"] == "bytes=7128-7137" else send)(handler, answer)

    faulty.always = fault
    with pytest.raises(sb.RemoteError, match="bytes 7,128 to 7,137, were refused"):
        rows[5:9, :10]


@pytest.mark.parametrize("code", [403, 404, 500])
def test_opening_says_the_same(opened, faulty, code):
    faulty.always = status(code)
    with pytest.raises(sb.RemoteError, match=f"rows.npy, bytes 0 to 16,383, .*{code}"):
        opened()


def test_opening_does_not_wait_long_for_a_server_that_is_not_there(monkeypatch):
    started = time.monotonic()
    with pytest.raises(sb.RemoteError, match="there was no connection to the server"):
        sb.open("http://127.0.0.1:9/x.npy")
    assert time.monotonic() - started < 5


def test_an_object_that_is_replaced_is_told_of(rows, served, faulty):
    _replace(served)
    with pytest.raises(sb.RemoteError, match="it was replaced since"):
        rows[ROWS]


def test_a_server_that_does_not_compare_is_seen_through(opened, values, faulty, served):
    faulty.hidden = {"if-match"}
    rows = opened()
    np.testing.assert_array_equal(rows[ROWS], values[ROWS])
    _replace(served)
    with pytest.raises(sb.RemoteError, match="it was replaced since"):
        rows[100:110]


@pytest.mark.parametrize(
    ("said", "later"),
    [
        ({"etag": 'W/"weak"'}, {"etag": 'W/"other"'}),
        ({"etag": 'W/"weak"'}, {"last_modified": "Mon, 01 Jan 2024 00:00:00 GMT"}),
        ({"etag": None}, {"last_modified": "Mon, 01 Jan 2024 00:00:00 GMT"}),
        ({"last_modified": None}, {"etag": '"another"'}),
    ],
)
def test_any_sign_of_the_version_will_do(opened, values, faulty, said, later):
    faulty.hidden = {"if-match"}
    faulty.always = with_headers(**said)
    rows = opened()
    np.testing.assert_array_equal(rows[ROWS], values[ROWS])
    faulty.always = with_headers(**{**said, **later})
    with pytest.raises(sb.RemoteError, match="it was replaced since"):
        rows[100:110]


def test_without_any_sign_of_the_version_it_is_refused(opened, faulty):
    faulty.always = with_headers(etag=None, last_modified=None)
    with pytest.raises(sb.RemoteError, match=r"came without an ETag or a time.*Download it"):
        opened()


def test_a_server_without_ranges_is_refused(opened, faulty):
    faulty.hidden = {"range"}
    with pytest.raises(sb.RemoteError, match=r"the server gives only the whole object.*Download"):
        opened()


def test_a_long_row_is_fetched_in_pieces(faulty, values, monkeypatch):
    monkeypatch.setattr(object_source, "PIECE_BYTES", 7001)
    monkeypatch.setattr(object_source, "GROUP_BYTES", 30_000)
    rows = sb.open(f"{faulty.url}/rows.npy")
    np.testing.assert_array_equal(rows, values)
    assert max(each.range[1] - each.range[0] for each in faulty.asked[2:]) == 7001
    assert faulty.asked[-1].range[1] == 128 + values.size


def test_a_process_that_was_forked_is_refused_and_does_not_wait(faulty, values):
    rows = sb.open(f"{faulty.url}/rows.npy")
    assert rows[0].any()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # what waits forever, no exception reaches
        signal.alarm(10)
        try:
            rows[3]
        except sb.RemoteError as refused:
            os.write(writer, str(refused).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        assert "cannot be read in a process that was forked" in told.read()
    os.waitpid(child, 0)


def _replace(served):
    """Put another array of the same size in place of the rows."""
    other = served / "other"
    other.write_bytes((served / "rows.npy").read_bytes()[::-1])
    os.utime(other, (1e9, 1e9))
    other.replace(served / "rows.npy")
