"""What gives access is in no text, no pickle and no file: neither credentials nor signed URLs."""

from __future__ import annotations

import pickle
import traceback

import numpy as np
import pytest
from tests.memory.remote.servers import cut_after, reset_connection, status

import samebytes as sb
from samebytes.memory.remote import stores

SECRET = "topsecret"  # noqa: S105 (not one)

GIVEN = {"path", "paths", "each", "urls", "url", "text", "args", "kwargs"}
"""What holds the URL as the caller wrote it, in the frames of `sb.open`."""


@pytest.fixture
def values(served):
    made = np.arange(5000)
    np.save(served / "signed.npy", made)
    return made


@pytest.fixture
def signed(faulty, values):
    return f"{faulty.url}/signed.npy?X-Amz-Signature={SECRET}&versionId=3"


def all_said_by(error):
    """Return all that a log shows of an error, and what is behind it."""
    text = "".join(traceback.format_exception(error)) + repr(error)
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if "samebytes" in frame.f_code.co_filename and "/tests/" not in frame.f_code.co_filename:
            # As what collects errors does; only a caller's own argument has what the caller gave.
            mine = {k: v for k, v in frame.f_locals.items() if k not in GIVEN}
            text += repr(mine)
    while error is not None:
        text += repr(error) + repr(error.args)
        error = error.__context__ or error.__cause__
    return text


def test_a_signed_url_works_and_is_not_shown(signed, values, tmp_path):
    array = sb.open(signed, cache=tmp_path)
    np.testing.assert_array_equal(array, values)
    array.source.release()
    assert array.name.endswith("/signed.npy?...")
    texts = [repr(array), str(array), array.name, repr(array.source), repr(array.source._url)]
    texts += [repr(array.source._object), repr(array.source._cache)]
    assert SECRET not in "".join(texts)
    for path in tmp_path.iterdir():
        assert SECRET not in path.name
        assert SECRET.encode() not in path.read_bytes()


def test_a_signed_url_is_not_pickled(signed):
    array = sb.open(signed)
    with pytest.raises(
        sb.RemoteError, match=r"signed.npy\?... cannot be pickled.*s3:// or gs"
    ) as e:
        pickle.dumps(array)
    assert SECRET not in all_said_by(e.value)
    with pytest.raises(sb.RemoteError, match="cannot be pickled"):
        pickle.dumps(sb.Dataset.from_tensor_slices(array).batch(3))


@pytest.mark.parametrize(
    "fault",
    [*map(status, (400, 401, 403, 404, 412, 416, 500)), cut_after(3), reset_connection],
    ids=lambda fault: fault.__name__,
)
def test_no_error_shows_a_signature(faulty, signed, fault):
    array = sb.open(signed)
    faulty.always = fault
    for action in (lambda: array[3:10], lambda: sb.open(signed)):
        with pytest.raises(sb.FileError, match=r"signed.npy\?..., bytes") as e:
            action()
        assert SECRET not in all_said_by(e.value)


def test_a_url_that_only_obstore_refuses_is_not_shown():
    with pytest.raises(sb.RemoteError, match=r"exa%zz.*no request can be made of the URL") as e:
        sb.open(f"https://exa%zz<mple/x.npy?{SECRET}")
    assert SECRET not in all_said_by(e.value)


def test_a_list_shows_no_signature(signed, faulty, served):
    np.save(served / "other.npy", np.zeros((3, 3)))
    with pytest.raises(ValueError, match="parts differ") as e:
        sb.open([signed, f"{faulty.url}/other.npy?{SECRET}"])
    assert SECRET not in all_said_by(e.value)


def test_no_connection_shows_no_signature(monkeypatch):
    with pytest.raises(sb.RemoteError, match=r"http://127.0.0.1:9/x.npy\?...") as e:
        sb.open(f"http://127.0.0.1:9/x.npy?{SECRET}")
    assert SECRET not in all_said_by(e.value)


def test_another_signature_goes_on_with_the_same_cache(signed, faulty, values, tmp_path):
    np.testing.assert_array_equal(sb.open(signed, cache=tmp_path), values)
    np.testing.assert_array_equal(sb.open(signed + "9&X-Amz-Date=7", cache=tmp_path), values)
    sb.open(signed.replace("versionId=3", "versionId=4"), cache=tmp_path)
    names = [path.name for path in tmp_path.iterdir()]
    assert len(names) == 3, "versionId chooses what is read"


def test_credentials_stay_in_the_environment(moto, tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", np.arange(100))
    store, path = stores.store_of("s3://bucket/secret-test.npy")
    store.put(path, tmp_path / "x.npy")
    array = sb.open("s3://bucket/secret-test.npy", cache=tmp_path / "cache")
    dataset = sb.Dataset.from_tensor_slices(array).batch(10)
    kept = pickle.dumps([array, dataset])
    texts = repr(array) + repr(dataset) + str(dataset)
    for secret in (SECRET, "AKIATESTTESTTEST"):
        assert secret.encode() not in kept
        assert secret not in texts
    again, _ = pickle.loads(kept)
    np.testing.assert_array_equal(again, np.arange(100))
    store.put(path, b"other")
    with pytest.raises(sb.FileError, match=r"s3://bucket/secret-test.npy") as e:
        pickle.loads(kept)
    assert SECRET not in all_said_by(e.value)
