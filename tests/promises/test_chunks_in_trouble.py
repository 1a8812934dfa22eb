"""Promise: whatever happens to a store while it is read costs an error in words at most."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import samebytes as sb
from samebytes.engine.readers import registry
from tests.chunked import KINDS, rows_of, write, zarr_or_skip
from tests.engine.feeding import no_threads_left

zarr_or_skip()
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

COUNT, CHUNK, WIDTH = 120, 4, 64
VALUES = rows_of(COUNT, WIDTH)
FOLDERS = KINDS[:3]
HDF5 = KINDS[4:]
READERS = ("map", "ahead", "read")


@pytest.fixture(autouse=True)
def little_is_read_ahead(monkeypatch):
    """Let stores change before all of them was read."""
    monkeypatch.setattr(registry, "AHEAD_BYTES", 1)


@pytest.fixture
def stored(tmp_path):
    return lambda kind: write(tmp_path / "x", kind, VALUES, (CHUNK, WIDTH))


def dataset(path, reader="auto"):
    found = sb.Dataset.from_tensor_slices((sb.open(path), np.arange(COUNT))).batch(2).prefetch(0)
    return found.with_options(threads=2, reader=reader)


def consume(batches, then, at=3):
    """Take batches, which must be right, and do something after some of them."""
    seen = 0
    for batch, numbers in batches:
        assert (batch == VALUES[numbers]).all()
        seen += 1
        if seen == at:
            then()
    return seen


def assert_ended(batches):
    with pytest.raises(StopIteration):
        next(batches)
    assert no_threads_left()


def open_files(path):
    links = list(Path("/proc/self/fd").iterdir())
    return sum(link.is_symlink() and str(link.readlink()).startswith(str(path)) for link in links)


def chunks_of(path):
    """The files of chunks of a folder, or the file that they all lie in."""
    if path.is_file():
        return [path]
    return sorted(each for each in path.rglob("*") if each.is_file() and each.name[0].isdigit())


def last_place_of(path):
    with h5py.File(path) as file:
        dataset = file["x"]
        return max(dataset.id.get_chunk_info(n).byte_offset for n in range(COUNT // CHUNK))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", KINDS)
def test_cut_short(stored, kind, reader):
    path = stored(kind)

    def cut():
        if kind in FOLDERS:
            for each in chunks_of(path):
                os.truncate(each, 3)
        else:
            os.truncate(path, last_place_of(path) if kind in HDF5 else 100)

    batches = iter(dataset(path, reader))
    before = open_files(path)
    words = (
        r"was cut short after it was opened" if kind in HDF5 else r"could not be read|written anew"
    )
    with pytest.raises(sb.FileError, match=words) as refusal:
        consume(batches, cut)
    assert str(path) in str(refusal.value)
    assert_ended(batches)
    assert open_files(path) == before


@pytest.mark.parametrize("kind", KINDS)
def test_deleted(stored, kind):
    path = stored(kind)
    ds = dataset(path)
    batches = iter(ds)
    delete = path.unlink if path.is_file() else lambda: shutil.rmtree(path)
    if kind in HDF5:  # what is open stays
        assert consume(batches, delete) == COUNT // 2
    else:
        with pytest.raises(sb.FileError, match=r"was deleted after it was opened"):
            consume(batches, delete)
        assert_ended(batches)
    with pytest.raises((sb.FileError, FileNotFoundError), match=str(path)):
        next(iter(ds))


@pytest.mark.parametrize("kind", KINDS)
def test_replaced(stored, kind, tmp_path):
    path = stored(kind)
    other = write(tmp_path / "other", kind, VALUES + 1, (CHUNK, WIDTH))

    def replace():
        if path.is_dir():
            shutil.rmtree(path)
        other.rename(path)

    ds = dataset(path)
    batches = iter(ds)
    if kind in HDF5:
        assert consume(batches, replace) == COUNT // 2
    else:
        with pytest.raises(sb.FileError, match=r"was replaced or written anew after it was opened"):
            consume(batches, replace)
        assert_ended(batches)
    with pytest.raises(sb.FileError, match=r"was replaced"):
        next(iter(ds))


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_chunk_that_is_gone_is_one_that_was_never_written(stored, kind):
    # So says the format: nothing tells the two apart.
    path = stored(kind)
    for each in chunks_of(path):
        each.unlink()
    for batch, _ in dataset(path):
        assert not batch.any()


@pytest.mark.parametrize("kind", KINDS)
def test_made_unreadable(run_script, stored, kind):
    path = stored(kind)
    child = run_script(f"""
import os
import samebytes as sb
from tests.promises.test_chunks_in_trouble import chunks_of
from pathlib import Path
from samebytes.engine.readers import registry
registry.AHEAD_BYTES = 1
path = Path({str(path)!r})
ds = sb.Dataset.from_tensor_slices(sb.open(path)).batch(2).prefetch(0).with_options(threads=2)
expected = [batch.copy() for batch in ds]
batches = iter(ds)
next(batches)
for each in chunks_of(path):
    os.chmod(each, 0)
if os.geteuid() == 0:
    os.seteuid(65534)  # the superuser may read everything
seen = 1
try:
    for batch, other in zip(batches, expected[1:], strict=True):
        assert (batch == other).all()
        seen += 1
    for batch, other in zip(ds, expected, strict=True):
        assert (batch == other).all()
    print("read", seen)
except (sb.FileError, PermissionError) as error:
    print("refused", error)
""")
    assert (child.returncode, child.stderr) == (0, "")
    assert child.stdout.startswith("refused ")
    assert str(path) in child.stdout
    assert "Permission denied" in child.stdout


@pytest.mark.parametrize("kind", [*FOLDERS, *HDF5])  # a zip file is not written in place
def test_written_while_it_is_read(stored, kind):
    path = stored(kind)

    def overwrite():
        import zarr

        if kind in HDF5:
            with h5py.File(path, "r+", locking=False) as file:
                file["x"][...] = 7
        else:
            zarr.open(path, mode="r+")[...] = 7

    seen = 0
    try:
        for batch, numbers in dataset(path):
            assert all(
                (row == VALUES[n]).all() or (row == 7).all()
                for row, n in zip(batch, numbers, strict=True)
            )
            seen += 1
            if seen == 3:
                overwrite()
    except (sb.FileError, OSError) as refusal:
        assert str(path) in str(refusal) or "open" in str(refusal)  # noqa: PT017
    assert no_threads_left()


# ------------------------------------------------------------------------ processes


@pytest.mark.parametrize("kind", KINDS)
def test_a_fork_goes_on_where_it_stood(run_script, stored, kind):
    child = run_script(f"""
import os, warnings
warnings.simplefilter("ignore", DeprecationWarning)
import numpy as np, samebytes as sb
array = sb.open({str(stored(kind))!r})
ds = sb.Dataset.from_tensor_slices(array).shuffle(seed=0).batch(4)
expected = [batch.copy() for batch in ds.iterate(0)]
for _ in range(2):
    it = ds.iterate(0)
    next(it), next(it)
    child = os.fork()
    assert all((a == b).all() for a, b in zip(it, expected[2:], strict=True))
    assert (array[7] == np.asarray(array)[7]).all()
    assert all((a == b).all() for a, b in zip(ds.iterate(0), expected, strict=True))
    if not child:
        break
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
""")
    assert (child.returncode, child.stderr) == (0, "")


def sums(dataset):
    """Sum what another process reads."""
    return [int(batch.sum()) for batch in dataset]


def test_another_process_that_is_spawned_reads_the_same(stored, run_script):
    paths = [str(stored(kind)) for kind in ("zarr3", "zip", "gzip")]
    child = run_script(f"""
import multiprocessing, sys
import samebytes as sb
from tests.promises.test_chunks_in_trouble import sums
sets = [sb.Dataset.from_tensor_slices(sb.open(path)).batch(7) for path in {paths!r}]
with multiprocessing.get_context("spawn").Pool(1) as pool:
    assert pool.map(sums, sets) == [sums(each) for each in sets]
    print("same")
""")
    assert (child.returncode, child.stdout) == (0, "same\n"), child.stderr


@pytest.mark.parametrize("kind", ["zarr3", "zip", "gzip"])
def test_the_process_ends_in_the_middle_and_at_once(run_script, stored, kind):
    child = run_script(f"""
import atexit, time
import samebytes as sb
import samebytes.engine.iterator  # before zarr, which ends its own threads at exit
ended = []
atexit.register(lambda: print(time.monotonic() - ended[0] < 5))
ds = sb.Dataset.from_tensor_slices(sb.open({str(stored(kind))!r})).shuffle(seed=0)
it = iter(ds.batch(2).repeat())
for _ in range(30):
    next(it)
ended.append(time.monotonic())
""")
    assert (child.returncode, child.stdout, child.stderr) == (0, "True\n", "")
