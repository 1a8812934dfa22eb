"""Datasets and plans in pickles: what is mapped goes as a path, never as its bytes."""

import copy
import hashlib
import operator
import os
import pickle
import re
import subprocess
import sys
from unittest import mock

import numpy as np
import pytest

import samebytes as sb
from samebytes.memory.files import mapping_of, pickling

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 64, 64, 3)).astype(np.uint8)


def assert_same_bytes(found, expected):
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert found.tobytes() == expected.tobytes()


def copied(value):
    text = pickle.dumps(value)
    return pickle.loads(text), len(text)


def batch(dataset):
    with dataset.batch(40).iterate(0) as found:
        return next(found)


VIEWS = {
    "whole": lambda x: x,
    "cut": lambda x: x[3:30, 2:, :50],
    "backwards": lambda x: x[::-1, :, ::-1],
    "every other, transposed": lambda x: x[::2].transpose(0, 2, 1, 3),
    "one channel": lambda x: x[..., 1],
}


@pytest.mark.parametrize("opened", [sb.open, lambda path: np.load(path, mmap_mode="r")])
@pytest.mark.parametrize("view", VIEWS)
def test_mapped_files_go_as_their_path(tmp_path, monkeypatch, opened, view):
    np.save(tmp_path / "images.npy", IMAGES)
    monkeypatch.chdir(tmp_path)
    source = VIEWS[view](opened("images.npy"))
    dataset = sb.Dataset.from_tensor_slices(source).shuffle(seed=1)
    texts = [pickle.dumps(dataset), pickle.dumps(dataset.plan)]
    assert max(map(len, texts)) < 3000
    monkeypatch.chdir("/")  # the path is kept as a whole one
    found, plan = map(pickle.loads, texts)
    assert found == dataset
    assert plan == dataset.plan
    assert_same_bytes(batch(found), batch(dataset))
    np.testing.assert_array_equal(plan.components[0].array, source)


def test_a_file_that_changed_its_size_is_refused(tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, IMAGES)
    text = pickle.dumps(sb.Dataset.from_tensor_slices(sb.open(path)))
    np.save(path, IMAGES[:20])
    with pytest.raises(sb.WrongSize, match=r"images.npy has 245.9 kB, but had 491.6 kB when the d"):
        pickle.loads(text)


def replaced(path, array, save=np.save, **arrays):
    """Put another file in its place, as careful writers do."""
    part = path.with_name("part" + path.suffix)
    save(part, *(() if array is None else (array,)), **arrays)
    part.replace(path)


def raw(path, array):
    array.tofile(path)


OPENED = {"open": sb.open, "np.load": lambda path: np.load(path, mmap_mode="r")}
OTHERS = {
    "dtype": IMAGES.view("int8"),
    "item size": IMAGES.reshape(40, 64, 192).view("<u2"),
    "byte order": IMAGES.reshape(40, 64, 192).view(">u4"),
    "shape": IMAGES.reshape(80, 32, 64, 3),
    "axes": IMAGES.reshape(40, -1),
    "memory order": np.asfortranarray(IMAGES),
}


@pytest.mark.parametrize("opened", OPENED.values(), ids=OPENED)
@pytest.mark.parametrize("other", OTHERS)
def test_a_file_of_the_same_size_that_holds_something_else_is_refused(tmp_path, opened, other):
    path, array = tmp_path / "images.npy", OTHERS[other]
    source = array.view("<u4") if other == "byte order" else IMAGES
    np.save(path, source)
    size = path.stat().st_size
    text = pickle.dumps(sb.Dataset.from_tensor_slices(opened(path)))
    replaced(path, array)
    assert path.stat().st_size == size
    words = re.escape(
        f"{path} holds {array.dtype} {array.shape}, but held {source.dtype} {source.shape} when "
        "the dataset was pickled; pickle it again"
    )
    with pytest.raises(sb.FileError, match=f"^{words}$"):
        pickle.loads(text)
    replaced(path, None, lambda part: part.write_bytes(bytes(size)))
    with pytest.raises(sb.FileError, match=r"images\.npy no longer says what it holds, but held"):
        pickle.loads(text)


@pytest.mark.parametrize("opened", OPENED.values(), ids=OPENED)
def test_a_file_with_the_same_header_is_the_same(tmp_path, opened):
    path = tmp_path / "images.npy"
    np.save(path, IMAGES)
    dataset = sb.Dataset.from_tensor_slices(opened(path)[3:])
    text = pickle.dumps(dataset)
    replaced(path, IMAGES[::-1])
    os.utime(path, ns=(1, 1))
    assert_same_bytes(pickle.loads(text).reference([0]), IMAGES[::-1][3:4])
    # Also where it was replaced before the dataset was pickled.
    assert_same_bytes(copied(dataset)[0].reference([0]), IMAGES[::-1][3:4])


@pytest.mark.parametrize("opened", OPENED.values(), ids=OPENED)
def test_a_file_that_was_replaced_while_it_was_mapped_is_refused(tmp_path, opened):
    path = tmp_path / "images.npy"
    np.save(path, IMAGES)
    dataset = sb.Dataset.from_tensor_slices(opened(path))
    replaced(path, IMAGES.view("int8"))
    with pytest.raises(sb.FileError, match=r"images\.npy was replaced by another file after it"):
        pickle.dumps(dataset)


def test_a_member_is_known_by_its_header(tmp_path):
    path = tmp_path / "pair.npz"
    np.savez(path, a=IMAGES, b=IMAGES)
    text = pickle.dumps(sb.Dataset.from_tensor_slices(sb.open(path)["b"]))
    replaced(path, None, np.savez, a=IMAGES.view("int8"), b=IMAGES[::-1])
    assert_same_bytes(pickle.loads(text).reference([0]), IMAGES[-1:])
    for members, words in (
        ({"a": IMAGES, "b": IMAGES.view("int8")}, "holds int8 (40, 64, 64, 3) in 'b', but held"),
        ({"a": IMAGES, "c": IMAGES}, "holds uint8 (40, 64, 64, 3) in 'c', but held uint8"),
    ):
        replaced(path, None, np.savez, **members)
        with pytest.raises(sb.FileError, match=re.escape(words)):
            pickle.loads(text)


RAW = {
    "open": lambda path: sb.open(path, "uint8", IMAGES.shape),
    "open behind a header": lambda path: sb.open(path, "uint8", (39, 64, 64, 3), offset=64),
    "np.memmap": lambda path: np.memmap(path, "uint8", "r", shape=IMAGES.shape),
    "np.memmap from far": lambda path: np.memmap(path, "uint8", "r", offset=100_000),
}


@pytest.mark.parametrize("opened", RAW.values(), ids=RAW)
def test_a_raw_file_is_known_by_its_time(tmp_path, opened):
    path = tmp_path / "images.bin"
    raw(path, IMAGES)
    dataset = sb.Dataset.from_tensor_slices(opened(path))
    text, time = pickle.dumps(dataset), path.stat().st_mtime_ns
    assert_same_bytes(pickle.loads(text).reference([3]), dataset.reference([3]))
    raw(path, IMAGES)
    os.utime(path, ns=(time, time + 1))
    words = (
        r"images\.bin has no header .* and was written to after the dataset was pickled; pickle it"
    )
    with pytest.raises(sb.FileError, match=words):
        pickle.loads(text)
    os.utime(path, ns=(time, time))
    assert_same_bytes(pickle.loads(text).reference([3]), dataset.reference([3]))


def test_a_raw_file_that_was_replaced_while_it_was_mapped_is_refused(tmp_path):
    path = tmp_path / "images.bin"
    raw(path, IMAGES)
    dataset = sb.Dataset.from_tensor_slices(RAW["open"](path))
    replaced(path, IMAGES, raw)
    with pytest.raises(sb.FileError, match=r"images\.bin was replaced by another file after it"):
        pickle.dumps(dataset)


@pytest.mark.parametrize("begin", [b"\x93NUMPY", b"PK\x03\x04"])
def test_a_file_that_only_begins_like_one_with_a_header_is_raw(tmp_path, begin):
    path = tmp_path / "images.bin"
    path.write_bytes(begin + IMAGES.tobytes())
    dataset = sb.Dataset.from_tensor_slices(sb.open(path, "uint8", offset=len(begin)))
    text = pickle.dumps(dataset)
    assert_same_bytes(pickle.loads(text).reference([3]), dataset.reference([3]))
    os.utime(path, ns=(1, 1))
    with pytest.raises(sb.FileError, match="was written to after"):
        pickle.loads(text)


def test_parts_that_are_joined_are_known_too(tmp_path):
    paths = [tmp_path / "a.npy", tmp_path / "b.npy"]
    for path in paths:
        np.save(path, IMAGES)
    text = pickle.dumps(sb.Dataset.from_tensor_slices(sb.concat(paths)))
    replaced(paths[1], IMAGES.view("int8"))
    with pytest.raises(sb.FileError, match=r"b\.npy holds int8"):
        pickle.loads(text)


def test_parts_of_one_file_come_back_on_one_mapping(tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, IMAGES)
    source = sb.open(path)
    dataset = sb.Dataset.from_tensor_slices(sb.concat([source[:3], source[5:], source[3:5]]))
    found = pickle.loads(pickle.dumps(dataset))
    again = pickle.loads(pickle.dumps(dataset))
    mappings = {id(mapping_of(part)) for each in (found, again) for part in each.arrays[0].arrays}
    assert len(mappings) == 1
    assert id(mapping_of(source)) not in mappings
    assert_same_bytes(found.reference([3]), IMAGES[5:6])
    replaced(path, IMAGES[::-1])
    assert_same_bytes(pickle.loads(pickle.dumps(dataset)).reference([0]), IMAGES[-1:])
    assert_same_bytes(found.reference([3]), IMAGES[5:6])


def test_a_thousand_parts_of_one_file_look_at_it_once(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    source = sb.open(tmp_path / "images.npy")
    with mock.patch.object(pickling, "_opened", wraps=pickling._opened) as opened:
        pickle.dumps(sb.Dataset.from_tensor_slices(sb.concat([source[:1]] * 1000)))
    assert opened.call_count == 1


@pytest.mark.parametrize("opened", OPENED.values(), ids=OPENED)
def test_a_file_that_is_out_of_reach_is_refused(tmp_path, monkeypatch, opened):
    np.save(tmp_path / "images.npy", IMAGES)
    monkeypatch.chdir(tmp_path)
    dataset = sb.Dataset.from_tensor_slices(opened("images.npy"))
    (tmp_path / "images.npy").unlink()
    monkeypatch.chdir("/")
    with pytest.raises(sb.WrongSize, match=r"images.npy is no longer the file of 491.6 kB that "):
        pickle.dumps(dataset)


def test_what_may_differ_from_its_file_goes_as_bytes(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    changed = sb.open(tmp_path / "images.npy", mode="c")
    changed[0] = 7
    found, size = copied(sb.Dataset.from_tensor_slices(changed))
    assert size > IMAGES.nbytes
    assert (batch(found)[0] == 7).all()


def test_broadcast_sources_go_once():
    dataset = sb.Dataset.from_tensor_slices(np.broadcast_to(IMAGES[0], (10**9, 64, 64, 3)))
    found, size = copied(dataset)
    assert size < 20_000
    assert len(found) == 10**9
    assert_same_bytes(found.reference([5]), IMAGES[:1])


def test_what_is_in_memory_goes_as_its_bytes():
    dataset = sb.Dataset.from_tensor_slices({"x": IMAGES, "y": np.arange(40)})
    dataset = dataset.shuffle(seed=3).map(sb.RandomCrop(9, 9, on="x")).map(operator.itemgetter("x"))
    found, _ = copied(dataset)
    assert_same_bytes(batch(found), batch(dataset))


def test_another_process_makes_the_same_batches(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    dataset = sb.Dataset.from_tensor_slices(sb.open(tmp_path / "images.npy"))
    dataset = dataset.shuffle().map(sb.RandomCrop(9, 9)).map(sb.Rescaling(2)).batch(7)
    (tmp_path / "dataset.pickle").write_bytes(pickle.dumps(dataset))
    code = (
        "import pickle, pathlib, hashlib\n"
        f"dataset = pickle.loads(pathlib.Path({str(tmp_path / 'dataset.pickle')!r}).read_bytes())\n"
        "print(hashlib.sha256(b''.join(x.tobytes() for x in dataset)).hexdigest())\n"
        "print(dataset.fingerprint())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    digest = hashlib.sha256(b"".join(x.tobytes() for x in dataset)).hexdigest()
    assert done.stdout.splitlines() == [digest, str(dataset.fingerprint())]


def test_a_copy_begins_with_the_first_epoch():
    dataset = sb.Dataset.from_tensor_slices(np.arange(30)).shuffle(seed=3)
    first = [int(one) for one in dataset]
    for other in (copied(dataset)[0], copy.copy(dataset), copy.deepcopy(dataset)):
        assert [int(one) for one in other] == first
    assert [int(one) for one in dataset] != first


def test_parts_in_memory_and_on_files_keep_one_order_of_bytes(tmp_path):
    values = np.arange(12, dtype=">u2").reshape(6, 2)
    np.save(tmp_path / "a.npy", values[:2])
    source = sb.concat([sb.open(tmp_path / "a.npy"), values[2:]])
    dataset = sb.Dataset.from_tensor_slices(source).batch(6)
    (batch,) = pickle.loads(pickle.dumps(dataset))
    assert batch.tolist() == values.tolist()
    repeated = np.broadcast_to(values[4], (3, 2))
    (batch,) = pickle.loads(pickle.dumps(sb.Dataset.from_tensor_slices(repeated).batch(6)))
    assert batch.tolist() == [values[4].tolist()] * 3
