"""The front door: what is opened how, and which arguments fit together."""

import io
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from samebytes.errors import FileError, SamebytesError, UnknownFormat, WrongSize
from samebytes.memory.files import mapping_of, open_file

from .support import MODES, Malicious


def test_content_decides_not_the_name(tmp_path):
    npy, npz, raw = (tmp_path / name for name in ("a.npz", "b.raw", "c.npy"))
    with npy.open("wb") as file:
        np.save(file, np.arange(3))
    with npz.open("wb") as file:
        np.savez(file, x=np.arange(4))
    raw.write_bytes(bytes(12))
    assert open_file(npy).tolist() == [0, 1, 2]
    assert {name: array.tolist() for name, array in open_file(npz).items()} == {"x": [0, 1, 2, 3]}
    assert open_file(raw, "int32").tolist() == [0, 0, 0]


def test_paths_may_be_strings(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3))
    opened = open_file(str(tmp_path / "a.npy"))
    assert type(opened) is np.ndarray
    assert mapping_of(opened).path == tmp_path / "a.npy"


def test_unknown_content_says_what_to_pass(tmp_path):
    path = tmp_path / "a.dat"
    path.write_bytes(b"\x93NUMP")
    with pytest.raises(UnknownFormat, match=r"a\.dat begins neither .* pass dtype=, and shape="):
        open_file(path)
    with pytest.raises(UnknownFormat, match="pass dtype="):
        open_file(path, shape=(2,), offset=1)


@pytest.mark.parametrize("save", [np.save, np.savez])
def test_dtype_on_a_file_with_a_header_is_refused(tmp_path, save):
    path = tmp_path / "a.bin"
    with path.open("wb") as file:
        save(file, np.arange(3))
    with pytest.raises(UnknownFormat, match=r"a\.bin begins as .*header as data.* pass offset="):
        open_file(path, "uint8")
    assert open_file(path, "uint8", offset=1)[0] == path.read_bytes()[1]


def test_dtype_on_an_empty_archive_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path)
    with pytest.raises(UnknownFormat, match=r"\.npz files do"):
        open_file(path, "uint8")


@pytest.mark.parametrize("save", [np.save, np.savez])
@pytest.mark.parametrize("wrong", [{"shape": (3,)}, {"offset": 8}, {"order": "F"}])
def test_shape_and_offset_need_a_dtype(tmp_path, save, wrong):
    path = tmp_path / "a.bin"
    with path.open("wb") as file:
        save(file, np.arange(3))
    with pytest.raises(
        ValueError,
        match=r"neither shape= nor offset= nor order=\. Leave them out, or add dtype",
    ):
        open_file(path, **wrong)


@pytest.mark.parametrize("dtype", [None, "uint8"])
def test_missing_files_and_folders_are_the_ordinary_errors(tmp_path, dtype):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        open_file(tmp_path / "nowhere", dtype)
    with pytest.raises(IsADirectoryError):
        open_file(tmp_path, dtype)
    with pytest.raises(IsADirectoryError):
        open_file(tmp_path, dtype, 0 if dtype else None)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_without_waiting_for_its_other_end(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="pipe is a pipe or a device: expected a regular file"):
        open_file(tmp_path / "pipe")


@pytest.mark.parametrize("dtype", [None, "uint8"])
def test_other_modes_are_refused(tmp_path, dtype):
    np.save(tmp_path / "a.npy", np.arange(3))
    with pytest.raises(ValueError, match=r"mode is 'w\+': expected 'r' .* 'r\+' .* or 'c'"):
        open_file(tmp_path / "a.npy", dtype, mode="w+")


@pytest.mark.parametrize("dtype", [None, "uint8"])
def test_other_orders_are_refused(tmp_path, dtype):
    np.save(tmp_path / "a.npy", np.arange(3))
    with pytest.raises(ValueError, match=r"order is 'A': expected 'C' .* or 'F' "):
        open_file(tmp_path / "a.npy", dtype, order="A", offset=1 if dtype else 0)


def test_a_key_chooses_one_of_several(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(3), y=np.arange(4))
    assert open_file(tmp_path / "a.npz", key="y").tolist() == [0, 1, 2, 3]
    words = r"a\.npz has nothing named 'z': expected key= to be one of 'x', 'y'\."
    with pytest.raises(FileError, match=words):
        open_file(tmp_path / "a.npz", key="z")


def test_a_key_where_there_are_no_names_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3))
    with pytest.raises(
        ValueError, match=r"a\.npy is an \.npy file with a single array, but key= is"
    ):
        open_file(tmp_path / "a.npy", key="x")
    with pytest.raises(ValueError, match="key is 'x', but dtype= is given too, and a raw file has"):
        open_file(tmp_path / "a.npy", "u1", key="x")
    with pytest.raises(TypeError, match="key is of type int: expected the name of an array"):
        open_file(tmp_path / "a.npy", key=3)
    np.savez(tmp_path / "b.npz")
    with pytest.raises(FileError, match=r"b\.npz has nothing named 'x': .*; this one has none\."):
        open_file(tmp_path / "b.npz", key="x")


@pytest.mark.parametrize("dtype", [None, "uint8"])
def test_empty_files_are_refused_in_words(tmp_path, dtype):
    (tmp_path / "a.npy").touch()
    with pytest.raises(WrongSize, match=r"a\.npy is empty \(0 bytes\).*at least 1 byte"):
        open_file(tmp_path / "a.npy", dtype)


def _saved(folder, kind, values):
    path = folder / "values"
    with path.open("wb") as file:
        if kind == "npy":
            np.save(file, values)
        elif kind == "npz":
            np.savez(file, x=values)
        else:
            file.write(values.tobytes())
    return path


def _opened(path, kind, mode):
    if kind == "raw":
        return open_file(path, "int64", mode=mode)
    opened = open_file(path, mode=mode)
    return opened["x"] if kind == "npz" else opened


@pytest.mark.parametrize("kind", ["npy", "npz", "raw"])
class TestModes:
    def test_r_is_read_only(self, tmp_path, kind):
        array = _opened(_saved(tmp_path, kind, np.arange(5)), kind, "r")
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True

    def test_r_plus_reaches_the_file(self, tmp_path, kind):
        path = _saved(tmp_path, kind, np.arange(5))
        array = _opened(path, kind, "r+")
        array[0] = 77
        assert _opened(path, kind, "r").tolist() == [77, 1, 2, 3, 4]
        assert np.int64(77).tobytes() in path.read_bytes()

    def test_c_leaves_the_file_as_it_is(self, tmp_path, kind):
        path = _saved(tmp_path, kind, np.arange(5))
        before = path.read_bytes()
        path.chmod(0o444)
        array = _opened(path, kind, "c")
        array[0] = 77
        assert array.tolist() == [77, 1, 2, 3, 4]
        assert path.read_bytes() == before

    @pytest.mark.parametrize("mode", MODES)
    def test_the_array_outlives_the_name_of_its_file(self, tmp_path, kind, mode):
        path = _saved(tmp_path, kind, np.arange(5))
        array = _opened(path, kind, mode)
        path.unlink()
        assert array.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_ever_unpickled(tmp_path, mode):
    created, npy, npz = (tmp_path / name for name in ("created", "a.npy", "a.npz"))
    evil = np.array([Malicious(created)], dtype=object)
    np.save(npy, evil, allow_pickle=True)
    np.savez(npz, x=evil)
    bare = io.BytesIO()
    pickle.dump(Malicious(created), bare)
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        archive.writestr("x.npy", bare.getvalue())
    (tmp_path / "b.npy").write_bytes(bare.getvalue())
    for path in (npy, npz, tmp_path / "b.npz", tmp_path / "b.npy"):
        with pytest.raises(SamebytesError):
            open_file(path, mode=mode)
    assert not created.exists()
    np.load(npy, allow_pickle=True)[0].close()
    assert created.exists(), "the test can fail"


def test_opening_reads_no_data(tmp_path):
    path = tmp_path / "sparse.bin"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert open_file(path, "float32").nbytes == 1 << 40


def test_a_truncated_file_is_told_and_does_not_kill(tmp_path):
    code = """
import os, sys
import numpy as np
from samebytes.errors import WrongSize
from samebytes.memory.files import check_unshrunk, open_file
np.save(sys.argv[1], np.ones(100_000))
array = open_file(sys.argv[1])
os.truncate(sys.argv[1], 4096)
try:
    check_unshrunk(array)
except WrongSize:
    print("told", flush=True)
array.sum()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.npy")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONFAULTHANDLER": ""},
    )
    assert done.stdout == "told\n", done.stderr
    assert done.returncode < 0, "touching the pages was expected to kill: the test can fail"
