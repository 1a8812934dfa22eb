"""Promise: whatever happens to a file while it is read, by any reader, costs an error at most."""

import os
import shutil
import sys

import numpy as np
import pytest

import samebytes as sb
from samebytes.engine.readers import registry

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="missing pages kill elsewhere")

READERS = ("map", "ahead", "read")
COUNT = 400
VALUES = (np.arange(COUNT * 8 * 512) % 251).astype(np.uint8).reshape(COUNT, 8, 512)


@pytest.fixture
def path(tmp_path):
    np.save(tmp_path / "x.npy", VALUES)
    return tmp_path / "x.npy"


@pytest.fixture(autouse=True)
def little_is_read_ahead(monkeypatch):
    """Let files change before all of them was read."""
    monkeypatch.setattr(registry, "AHEAD_BYTES", 1)


def dataset(path, reader):
    found = sb.Dataset.from_tensor_slices(sb.open(path)).batch(4).prefetch(0)
    return found.with_options(reader=reader, threads=2)


def assert_rest_is_right(batches, begun):
    rest = list(batches)
    assert len(rest) == COUNT // 4 - begun
    for number, batch in enumerate(rest, begun):
        assert (batch == VALUES[4 * number : 4 * number + 4]).all()


@pytest.mark.parametrize("reader", READERS)
def test_cut_short(path, reader):
    ds = dataset(path, reader)
    seen = []

    def consume():
        for number, batch in enumerate(ds):
            seen.append((batch == VALUES[4 * number : 4 * number + 4]).all())
            if number == 3:
                os.truncate(path, 128 + 4 * 8 * 512 * 5)

    with pytest.raises(sb.WrongSize, match=r"x\.npy was (cut short|not complete) while it was"):
        consume()
    assert all(seen)
    assert 4 <= len(seen) < COUNT // 4
    with pytest.raises(sb.WrongSize, match=r"x\.npy was cut short while it was mapped: expected"):
        next(iter(ds))


@pytest.mark.parametrize("reader", READERS)
def test_deleted(path, reader):
    ds = dataset(path, reader)
    batches = iter(ds)
    next(batches)
    path.unlink()
    assert_rest_is_right(batches, 1)
    if reader == "read":  # which has to open it anew
        with pytest.raises(FileNotFoundError, match=r"x\.npy"):
            next(iter(ds))
    else:
        assert_rest_is_right(iter(ds), 0)


@pytest.mark.parametrize("reader", READERS)
def test_replaced(path, reader):
    ds = dataset(path, reader)
    batches = iter(ds)
    next(batches)
    np.save(path.with_name("y.npy"), np.zeros_like(VALUES))
    path.with_name("y.npy").replace(path)
    assert_rest_is_right(batches, 1)
    if reader == "read":
        words = r"x\.npy is another file than the one that was opened: it was replaced since\. Open"
        with pytest.raises(sb.FileError, match=words):
            next(iter(ds))
    else:
        assert_rest_is_right(iter(ds), 0)


@pytest.mark.parametrize("reader", READERS)
def test_made_unreadable(run_script, path, reader):
    child = run_script(f"""
import os
import samebytes as sb
ds = sb.Dataset.from_tensor_slices(sb.open({str(path)!r})).batch(4)
ds = ds.with_options(reader={reader!r}, threads=2)
expected = [batch.copy() for batch in ds]
batches = iter(ds)
next(batches)
os.chmod({str(path)!r}, 0)
if os.geteuid() == 0:
    os.seteuid(65534)  # the superuser may read everything
assert all((a == b).all() for a, b in zip(batches, expected[1:], strict=True))
try:
    print("read", len(list(ds)))
except PermissionError as error:
    print("refused", error.filename)
""")
    assert (child.returncode, child.stderr) == (0, "")
    # What is mapped stays; what is read has to be opened anew.
    assert child.stdout == (f"refused {path}\n" if reader == "read" else "read 100\n")


@pytest.mark.parametrize("reader", READERS)
def test_grown(path, reader):
    ds = dataset(path, reader)
    batches = iter(ds)
    next(batches)
    with path.open("ab") as file:
        file.write(bytes(1 << 20))
    assert_rest_is_right(batches, 1)
    assert_rest_is_right(iter(ds), 0)


@pytest.mark.parametrize("reader", READERS)
def test_after_an_error_the_iterator_has_ended_and_holds_nothing(path, tmp_path, reader):
    ds = dataset(path, reader)
    batches = iter(ds)
    next(batches)
    os.truncate(path, 200)
    with pytest.raises(sb.WrongSize):
        list(batches)
    with pytest.raises(StopIteration):
        next(batches)
    np.save(tmp_path / "again.npy", VALUES)
    shutil.copyfile(tmp_path / "again.npy", path)
    assert_rest_is_right(iter(dataset(path, reader)), 0)


@pytest.mark.parametrize("reader", READERS)
def test_a_fork_goes_on_where_it_stood(run_script, path, reader):
    child = run_script(f"""
import os, warnings
warnings.simplefilter("ignore", DeprecationWarning)
import numpy as np, samebytes as sb
ds = sb.Dataset.from_tensor_slices(sb.open({str(path)!r})).shuffle(seed=0).batch(4)
ds = ds.with_options(reader={reader!r})
expected = [batch.copy() for batch in ds.iterate(0)]
it = ds.iterate(0)
next(it), next(it)
child = os.fork()
assert all((a == b).all() for a, b in zip(it, expected[2:], strict=True))
if child:
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
""")
    assert (child.returncode, child.stderr) == (0, "")
