"""Arrays behind URLs: on a web server, and in object storage."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.memory.remote.servers import send, status

import samebytes as sb
from samebytes.memory.lazy import LazyArray
from samebytes.memory.remote import stores


@pytest.fixture(scope="module")
def values():
    return np.random.default_rng(0).integers(0, 255, (300, 40, 3), np.uint8)


@pytest.fixture(scope="module")
def npy(served, nginx, values):
    np.save(served / "images.npy", values)
    return f"{nginx}/images.npy"


def test_a_npy_file(npy, values):
    images = sb.open(npy)
    assert isinstance(images, LazyArray)
    assert (images.shape, images.dtype, images.name) == (values.shape, values.dtype, npy)
    np.testing.assert_array_equal(images, values)
    np.testing.assert_array_equal(images[7:90:3, :, 1], values[7:90:3, :, 1])


def test_opening_makes_one_request_of_the_first_bytes_and_never_a_head(faulty, npy):
    images = sb.open(f"{faulty.url}/images.npy")
    assert [(each.method, each.range) for each in faulty.asked] == [("GET", (0, 16384))]
    assert images[0].shape == (40, 3)
    assert {each.method for each in faulty.asked} == {"GET"}


def test_a_server_that_refuses_head_is_no_obstacle(faulty, npy, values):
    refuse = status(403)

    def fault(handler, answer):
        (refuse if handler.command == "HEAD" else send)(handler, answer)

    faulty.always = fault
    np.testing.assert_array_equal(sb.open(f"{faulty.url}/images.npy"), values)


def test_each_request_for_data_says_which_version(faulty, npy, values):
    images = sb.open(f"{faulty.url}/images.npy")
    tag = images.source._identity.e_tag
    faulty.asked.clear()
    np.testing.assert_array_equal(images[3:5], values[3:5])
    np.testing.assert_array_equal(images[8], values[8])
    probe, *others = faulty.asked
    assert probe.headers["if-match"] != tag
    assert [each.headers["if-match"] for each in others] == [tag, tag]
    assert others[0].range == (128 + 3 * 120, 128 + 5 * 120)


def test_raw_values(served, nginx):
    values = np.arange(60, dtype=">i4")
    (served / "raw.bin").write_bytes(b"head" + values.tobytes())
    url = f"{nginx}/raw.bin"
    np.testing.assert_array_equal(sb.open(url, ">i4", offset=4), values)
    rows = sb.open(url, ">i4", (-1, 5), offset=4)
    np.testing.assert_array_equal(rows[2:4], values.reshape(-1, 5)[2:4])
    columns = sb.open(url, ">i4", (12, 5), offset=4, order="F")
    np.testing.assert_array_equal(columns[3:9, 2], values.reshape(12, 5, order="F")[3:9, 2])


def test_a_list_of_urls_and_files_is_one_source(npy, served, values, tmp_path):
    np.save(served / "more.npy", values[:10])
    np.save(tmp_path / "local.npy", values[:5])
    both = sb.open([npy, npy.replace("images", "more"), tmp_path / "local.npy"])
    assert both.shape == (315, 40, 3)
    np.testing.assert_array_equal(
        both[[299, 300, 309, 310]], [values[299], values[0], values[9], values[0]]
    )


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("a b.npy", "a%20b.npy"),
        ("ü+%.npy", "%C3%BC+%25.npy"),
        ("star*.npy", "star*.npy"),
        ("x[1].npy", "x[1].npy"),
        ("what.npy", "what.npy?version=3&sig=a%2Fb#part"),
        ("deep/folder/x.npy", "deep%2Ffolder/x.npy"),
    ],
)
def test_urls_are_asked_for_as_they_are_written(served, nginx, name, asked):
    (served / name).parent.mkdir(parents=True, exist_ok=True)
    np.save(served / name, np.arange(5))
    np.testing.assert_array_equal(sb.open(f"{nginx}/{asked}"), np.arange(5))


@pytest.mark.parametrize("name", ["x.npy", "a b/ü+%20#.npy", "part-*.npy"])
def test_s3(moto, values, tmp_path, name):
    np.save(tmp_path / "x.npy", values)
    store, path = stores.store_of(f"s3://bucket/{name}")
    store.put(path, tmp_path / "x.npy")
    images = sb.open(f"s3://bucket/{name}")
    assert images.name == f"s3://bucket/{name}"
    np.testing.assert_array_equal(images, values)
    np.testing.assert_array_equal(sb.open(f"s3://bucket/{name}", cache=tmp_path / "c"), values)


def test_s3_without_credentials_says_where_they_come_from(moto, monkeypatch):
    # Nobody answers where the machine's own credentials would be asked for.
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "false")
    monkeypatch.setattr(stores, "RETRY_SECONDS", 0.1)
    with pytest.raises(sb.RemoteError, match=r"s3://bucket/x.npy, bytes 0 to 16,383, "):
        sb.open("s3://bucket/x.npy")


def test_s3_missing_object(moto):
    with pytest.raises(sb.RemoteError, match=r"s3://bucket/no\*.npy.*404.*pass a list of URLs"):
        sb.open("s3://bucket/no*.npy")


def test_gs(served, nginx, values, tmp_path, monkeypatch):
    # Google's API for objects is plain enough that nginx can stand for it.
    account = {"gcs_base_url": nginx, "disable_oauth": True}
    account |= {"client_email": "", "private_key": "", "private_key_id": ""}
    (tmp_path / "account.json").write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(tmp_path / "account.json"))
    monkeypatch.setattr(stores, "endpoint_of", lambda url: "http://")
    (served / "bucket").mkdir()
    np.save(served / "bucket" / "images.npy", values)
    np.testing.assert_array_equal(sb.open("gs://bucket/images.npy"), values)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE html><title>Log in</title>", r"is a web page, not an array"),
        (b"\n <html>", r"is a web page, not an array"),
        (
            b"\x89HDF\r\n\x1a\n" + bytes(99),
            r"is an .h5 file, which is not read from afar.*Download",
        ),
        (b"PK\x03\x04" + bytes(99), r"is an .npz file, which is not read from afar.*np.save"),
        (b"ARROW1\0\0" + bytes(99), r"is an .arrow file, which is not read from afar"),
        (bytes(99), r"does not begin as a .npy file does.*dtype='float32'"),
    ],
)
def test_other_formats_say_what_to_do(served, nginx, content, words):
    (served / "other").write_bytes(content)
    with pytest.raises(sb.UnknownFormat, match=words):
        sb.open(f"{nginx}/other")


def test_sizes_that_do_not_fit(served, nginx, npy):
    (served / "empty.npy").write_bytes(b"")
    with pytest.raises(sb.WrongSize, match=r"empty.npy.*the object is empty \(0 bytes\)"):
        sb.open(f"{nginx}/empty.npy")
    (served / "cut.npy").write_bytes((served / "images.npy").read_bytes()[:-1])
    with pytest.raises(sb.WrongSize, match=r"cut.npy has a header that does not fit its data"):
        sb.open(f"{nginx}/cut.npy")
    with pytest.raises(sb.WrongSize, match=r"images.npy \(36,128 bytes\) does not fit shape"):
        sb.open(npy, "uint8", (-1, 11), offset=1)
    with pytest.raises(ValueError, match="offset is -1"):
        sb.open(npy, "uint8", offset=-1)


def test_pickled_data_is_refused(served, nginx):
    np.save(served / "objects.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(sb.PickledData, match=r"objects.npy"):
        sb.open(f"{nginx}/objects.npy")


def test_arguments_that_are_not_for_urls(npy, tmp_path):
    with pytest.raises(ValueError, match=r"mode is 'r\+', and http.* is a URL"):
        sb.open(npy, mode="r+")
    with pytest.raises(ValueError, match=r"key is 'x', and http.* is a URL"):
        sb.open(npy, key="x")
    with pytest.raises(ValueError, match="expected neither shape= nor offset= nor order="):
        sb.open(npy, shape=(3,))
    with pytest.raises(sb.UnknownFormat, match="dtype= would read its header as data"):
        sb.open(npy, "uint8")
    np.save(tmp_path / "x.npy", np.arange(3))
    with pytest.raises(ValueError, match=r"cache is '/c', and .*x.npy is no URL"):
        sb.open(tmp_path / "x.npy", cache="/c")


def test_a_path_that_was_a_url(npy):
    with pytest.raises(ValueError, match="was a URL before it became a path"):
        sb.open(Path("https://example.org/x.npy"))
    with pytest.raises(ValueError, match="was a URL before it became a path"):
        sb.open([Path("s3://bucket/x.npy")])


def test_without_obstore(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(sb.MissingPackage, match=r'pip install "samebytes\[remote\]"'):
        sb.open("https://example.org/x.npy")


def test_an_old_obstore(monkeypatch):
    monkeypatch.setattr("obstore.__version__", "0.10.1")
    with pytest.raises(sb.MissingPackage, match=r"obstore 0.10.1 is too old.*pip install -U"):
        sb.open("https://example.org/x.npy")


def test_a_dataset_of_a_url(npy, values):
    images = sb.open(npy)
    found = sb.Dataset.from_tensor_slices(images).shuffle(seed=3).batch(50).with_format("numpy")
    rows = np.concatenate([np.array(batch) for batch in found])
    ordered = rows.reshape(300, -1)[np.lexsort(rows.reshape(300, -1).T)]
    expected = values.reshape(300, -1)[np.lexsort(values.reshape(300, -1).T)]
    np.testing.assert_array_equal(ordered, expected)


def test_s3_empty_object(moto):
    store, path = stores.store_of("s3://bucket/empty.npy")
    store.put(path, b"")
    with pytest.raises(sb.WrongSize, match=r"empty.npy"):
        sb.open("s3://bucket/empty.npy")


def test_a_redirect_is_followed(faulty, npy, values):
    def move(handler, answer):
        handler.send_response(302)
        handler.send_header("location", npy)
        handler.send_header("content-length", "0")
        handler.end_headers()

    faulty.always = move
    images = sb.open(f"{faulty.url}/images.npy")
    assert images.name.startswith(faulty.url)
    np.testing.assert_array_equal(images[[3, 250]], values[[3, 250]])


def test_a_single_value(served, nginx):
    np.save(served / "single.npy", np.array(7.5))
    value = sb.open(f"{nginx}/single.npy")
    assert (value.shape, value[()], np.asarray(value).shape) == ((), 7.5, ())
