"""Files that another library maps: read in place, guarded, and pickled by their path."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

import samebytes as sb
from samebytes.memory.files.hold import Hold

tifffile = pytest.importorskip("tifffile")

VALUES = np.random.default_rng(0).integers(0, 1 << 16, (40, 32, 48)).astype("u2")


@pytest.fixture(params=["<", ">"])
def path(request, tmp_path):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, VALUES, photometric="minisblack", byteorder=request.param)
    return path


def test_a_stack_of_tifffile_is_read_in_place(path):
    stack = tifffile.memmap(path, mode="r")
    assert isinstance(stack, np.memmap)
    with sb.no_copy():
        dataset = sb.Dataset.from_tensor_slices(stack)
    assert np.shares_memory(dataset.arrays[0], stack)
    np.testing.assert_array_equal(next(iter(dataset.batch(40))), VALUES)
    assert sb.explain(stack, to="numpy").shared


def test_a_crop_of_it_is_folded(path):
    stack = tifffile.memmap(path, mode="r")[..., np.newaxis]
    dataset = sb.Dataset.from_tensor_slices(stack).map(sb.CenterCrop(16, 16)).batch(40)
    assert dataset.plan.later == ()
    np.testing.assert_array_equal(next(iter(dataset))[..., 0], VALUES[:, 8:24, 16:32])


def test_it_goes_as_its_path(path):
    dataset = sb.Dataset.from_tensor_slices(tifffile.memmap(path, mode="r"))
    text = pickle.dumps(dataset)
    assert len(text) < 3000
    np.testing.assert_array_equal(next(iter(pickle.loads(text).batch(40))), VALUES)
    os.utime(path, ns=(1, 1))
    with pytest.raises(sb.FileError, match=r"stack\.tif has no header that would tell"):
        pickle.loads(text)


def test_a_cut_of_it_is_told(path):
    dataset = sb.Dataset.from_tensor_slices(tifffile.memmap(path, mode="r")).batch(4).prefetch(0)
    batches = iter(dataset)
    next(batches)
    os.truncate(path, 4096)
    with pytest.raises(sb.WrongSize, match=r"stack\.tif was cut short while it was mapped"):
        list(batches)
    with pytest.raises(sb.WrongSize, match=r"stack\.tif was cut short"):
        Hold(dataset.arrays)
