"""Promise: what is larger than the memory allowed is fed from within it, and nothing grows."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.storage.memory_limit import Unlimited, memory_limit
from tests.chunked import zarr_or_skip

ALLOWED = 512 << 20
IMAGES, SIDE = 1200, 512  # 943 MB

SCRIPT = """
import json, sys
from pathlib import Path
from benchmarks.storage.memory_limit import MemoryLimit
path, folder, reader = sys.argv[1:]
MemoryLimit(Path(folder)).enter()
import numpy as np, samebytes as sb
def anonymous():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))
images = sb.open(path)
ds = sb.Dataset.from_tensor_slices((images, np.arange(len(images)))).shuffle(seed=0)
ds = ds.map(sb.RandomCrop(64, 64), seed=1).batch(32).with_options(threads=2, reader=reader)
found = []
for epoch in range(3):
    batches = ds.iterate(epoch)
    for batch, numbers in batches:
        assert (batch == (numbers % 251)[:, None, None, None]).all()
    stats = batches.stats()
    found.append([stats.reader, stats.samples, stats.failed_advice, anonymous()])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "images.npy"
    images = np.lib.format.open_memmap(path, "w+", np.uint8, (IMAGES, SIDE, SIDE, 3))
    for number in range(IMAGES):
        images[number] = number % 251
    images.flush()
    yield path
    path.unlink()


def printed_within_limit(script, path, asked):
    """Return what a script prints that may have ALLOWED bytes; it gets a path, a group, a word."""
    try:
        with memory_limit(ALLOWED) as limit:
            done = subprocess.run(
                [sys.executable, "-c", script, path, limit.folder, asked],
                capture_output=True,
                text=True,
                timeout=200,
                check=False,
            )
    except Unlimited as why:
        pytest.skip(str(why))
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    return done.stdout


@pytest.mark.parametrize(("asked", "expected"), [("auto", "read"), ("ahead", "ahead")])
def test_epoch_after_epoch_within_512_mb(path, asked, expected):
    printed = printed_within_limit(SCRIPT, path, asked)
    epochs = json.loads(printed)
    for reader, samples, failed, _ in epochs:
        assert reader.startswith(f"{expected}: ")
        assert (samples, failed) == (IMAGES, 0)
    if asked == "auto":
        assert "images.npy (943.7 MB) will not stay in the" in epochs[0][0]
    first, *later = (anonymous for *_, anonymous in epochs)
    # What the allocator keeps differs from run to run, by far less than the file.
    assert max(later) < first + (64 << 20)


CHUNKS = """
import json, sys
from pathlib import Path
from benchmarks.storage.memory_limit import MemoryLimit
path, folder, size = sys.argv[1:]
MemoryLimit(Path(folder)).enter()
import numpy as np, samebytes as sb
images = sb.open(path)
options = {"block_size": images.chunks[0], "window": 2} if size == "blocks" else {}
numbers = np.arange(len(images))
ds = sb.Dataset.from_tensor_slices((images, images, numbers)).shuffle(seed=0, **options)
ds = ds.take(len(images) if options else 96).batch(32).prefetch(1000).with_options(threads=2)
peaks = []
for epoch in range(2):
    batches = ds.iterate(epoch)
    for batch, same, numbers in batches:
        for found in (batch, same):
            assert (found[:, ::97, ::101] == (numbers // 8 % 5)[:, None, None, None]).all()
    stats = batches.stats()
    peaks.append([stats.samples, stats.bytes_asked, images.nbytes])
print(json.dumps(peaks))
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    zarr = zarr_or_skip()
    path = tmp_path_factory.mktemp("large") / "images.zarr"
    shape, chunks = (IMAGES, SIDE, SIDE, 3), (8, SIDE, SIDE, 3)
    images = zarr.create_array(path, shape=shape, chunks=chunks, dtype="u1", fill_value=255)
    for number in range(5):
        images[8 * number : 8 * number + 8] = number
    for number in range(5, IMAGES // 8):  # to compress them all would take most of the time
        folder = path / "c" / str(number) / "0" / "0"
        folder.mkdir(parents=True)
        os.link(path / "c" / str(number % 5) / "0" / "0" / "0", folder / "0")
    return path


@pytest.mark.parametrize("order", ["blocks", "full"])
def test_chunks_that_are_larger_decoded_than_what_is_allowed(store, order):
    printed = printed_within_limit(CHUNKS, store, order)
    for samples, decoded, nbytes in json.loads(printed):
        assert samples == (IMAGES if order == "blocks" else 96)
        assert decoded == nbytes or order == "full"
