"""Datasets and plans in pickles: what is mapped goes as a path, never as its bytes."""

import copy
import hashlib
import operator
import pickle
import subprocess
import sys

import numpy as np
import pytest
from running import assert_same_bytes, pixels

import samebytes as sb

IMAGES = pixels(40, 64, 64, 3)


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
    with pytest.raises(sb.WrongSize, match=r"images.npy has 245.9 kB, and had 491.6 kB when the d"):
        pickle.loads(text)


def test_a_file_that_is_out_of_reach_is_refused(tmp_path, monkeypatch):
    np.save(tmp_path / "images.npy", IMAGES)
    monkeypatch.chdir(tmp_path)
    dataset = sb.Dataset.from_tensor_slices(sb.open("images.npy"))
    monkeypatch.chdir("/")
    with pytest.raises(sb.WrongSize, match=r"^/images.npy is no longer the file of 491.6 kB that "):
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
