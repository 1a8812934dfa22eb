"""Pickles of arrays behind URLs: by the URL and the version, never with the data."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from tests.memory.remote.servers import status

import samebytes as sb


@pytest.fixture
def values(served):
    made = np.arange(40_000, dtype=np.int32).reshape(-1, 100)
    np.save(served / "pickled.npy", made)
    return made


def test_a_pickle_is_small_and_opens_the_same_array(nginx, values, tmp_path):
    array = sb.open(f"{nginx}/pickled.npy", cache=tmp_path / "cache")
    np.testing.assert_array_equal(array[3], values[3])
    kept = pickle.dumps(array.columns(slice(0, 10)))
    assert len(kept) < 2000
    again = pickle.loads(kept)
    assert (again.shape, again.dtype) == ((400, 10), values.dtype)
    np.testing.assert_array_equal(again, values[:, :10])
    assert again.source._cache.path == array.source._cache.path


def test_another_process_reads_it(nginx, values, tmp_path):
    (tmp_path / "kept").write_bytes(pickle.dumps(sb.open(f"{nginx}/pickled.npy")))
    script = "import pickle, sys; x = pickle.load(open(sys.argv[1], 'rb')); print(x[7].sum())"
    command = [sys.executable, "-W", "error", "-c", script, str(tmp_path / "kept")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == [str(values[7].sum())], done.stderr


def test_an_object_that_was_replaced_is_refused(nginx, values, served):
    kept = pickle.dumps(sb.open(f"{nginx}/pickled.npy"))
    np.save(served / "pickled.npy", values + 1)
    os.utime(served / "pickled.npy", (1e9, 1e9))
    words = r"pickled.npy is another object \(.*ETag.*\) than when it was pickled \(.*ETag"
    with pytest.raises(sb.FileError, match=words):
        pickle.loads(kept)


def test_an_object_that_is_gone_is_refused(faulty, values):
    kept = pickle.dumps(sb.open(f"{faulty.url}/pickled.npy"))
    faulty.always = status(404)
    with pytest.raises(sb.RemoteError, match=r"pickled.npy, bytes 0 to 0, are not there"):
        pickle.loads(kept)


def test_a_list_of_urls_is_pickled_part_by_part(nginx, values):
    both = sb.open([f"{nginx}/pickled.npy"] * 2)
    again = pickle.loads(pickle.dumps(both))
    np.testing.assert_array_equal(again[[401, 3]], values[[1, 3]])
