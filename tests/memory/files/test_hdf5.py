"""HDF5 files: what lies in one piece is mapped, what has no fixed size or place is refused."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import samebytes as sb
from samebytes.errors import FileError, MissingPackage, UnknownFormat, WrongSize
from samebytes.memory.files import hdf5, map_file, mapping_of, open_file

from .support import MODES

VALUES = np.arange(24, dtype="f4").reshape(2, 3, 4)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.h5"


def write(path, datasets, **options):
    with h5py.File(path, "w", **options) as file:
        for name, values in datasets.items():
            file[name] = values
    return path


# ------------------------------------------------------------------------------- what is there


@pytest.mark.parametrize(
    "dtype",
    [
        *("?", "u1", "<i2", ">i2", "<f2", ">f4", "f8", "<u8", "c8", ">c16", "S5", "V3"),
        *("u1,<i4", "S3,?", "i2,(2,3)>f8"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"libver": "latest"}, {"userblock_size": 0}], ids=str)
def test_equals_what_h5py_reads(path, dtype, options):
    values = np.frombuffer(bytes(range(1, 97)) * 60, "u1")[: 12 * np.dtype(dtype).itemsize]
    values = (values % 2 if "?" in dtype else values).view(dtype).reshape(3, 4)
    found = open_file(write(path, {"x": values}, **options))
    with h5py.File(path) as file:
        expected = file["x"][...]
    assert (found.dtype, found.shape) == (values.dtype, (3, 4))
    assert found.tobytes() == expected.tobytes() == values.tobytes()
    assert mapping_of(found).path == path


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.text("abcé.", min_size=1, max_size=3).filter(lambda name: name.strip(".")),
        st.lists(st.integers(0, 3), max_size=3),
        min_size=2,
        max_size=5,
    ),
    st.sampled_from(MODES),
)
def test_several_are_a_dict(tmp_path_factory, shapes, mode):
    path = tmp_path_factory.getbasetemp() / "several.h5"
    values = {f"group/{name}": np.full(shape, len(name), "i2") for name, shape in shapes.items()}
    found = sb.open(write(path, values), mode=mode)
    assert found.keys() == values.keys()
    for name, array in found.items():
        assert type(array) is sb.Array
        np.testing.assert_array_equal(array, values[name])
        assert array.flags.writeable == (mode != "r")
        np.testing.assert_array_equal(sb.open(path, key=name), values[name])


def test_a_single_one_is_that(path):
    write(path, {"deep/in/groups/x": VALUES})
    np.testing.assert_array_equal(sb.open(path), VALUES)
    np.testing.assert_array_equal(sb.open(path, key="/deep/in/groups/x"), VALUES)
    assert sb.open(write(path, {})) == {}


def test_single_values_and_nothing(path):
    write(path, {"one": 3.5, "none": np.zeros((0, 3))})
    found = sb.open(path)
    assert (found["one"].shape, float(found["one"])) == ((), 3.5)
    assert found["none"].shape == (0, 3)


def test_enumerations_are_their_numbers(path):
    kind = h5py.enum_dtype({"cat": 1, "dog": 2}, "i2")
    found = sb.open(write(path, {"x": np.array([1, 2], kind)}))
    assert (found.dtype, found.tolist()) == (np.dtype("i2"), [1, 2])
    assert found.dtype.metadata is None


def test_files_of_matlab_begin_with_a_text(path):
    write(path, {"x": VALUES}, userblock_size=512)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64")
    np.testing.assert_array_equal(sb.open(path), VALUES)
    with h5py.File(path, "a") as file:
        file.create_dataset("late", (3,))
    with pytest.raises(
        FileError, match=r"'late' \(float32 \(3,\)\), was created but never written to"
    ):
        sb.open(path, key="late")


def test_what_is_written_reaches_the_file(path):
    write(path, {"x": VALUES})
    sb.open(path, mode="r+")[1, 2, 3] = 77
    sb.open(path, mode="c")[0, 0, 0] = 99
    with h5py.File(path) as file:
        assert (file["x"][1, 2, 3], file["x"][0, 0, 0]) == (77, 0)


def test_a_dataset_goes_as_its_path(path):
    write(path, {"x": VALUES, "y": VALUES + 1})
    with h5py.File(path, "a") as file:
        file.create_dataset("chunked", data=VALUES, chunks=True)
    dataset = sb.Dataset.from_tensor_slices(sb.open(path, key="y")).batch(2)
    text = pickle.dumps(dataset)
    assert VALUES[1].tobytes() not in text
    np.testing.assert_array_equal(next(iter(pickle.loads(text))), VALUES + 1)
    write(path, {"x": VALUES, "z": VALUES + 1})
    with h5py.File(path, "a") as file:
        file.create_dataset("chunked", data=VALUES, chunks=True)
    with pytest.raises(FileError, match=r"in 'z', but held float32 \(2, 3, 4\) in 'y' when the d"):
        pickle.loads(text)


def test_where_h5py_is_missing_a_pickle_says_so_and_a_raw_view_is_fine(path, monkeypatch):
    write(path, {"x": VALUES})
    with h5py.File(path) as file:
        start = file["x"].id.get_offset()
    text = pickle.dumps(sb.Dataset.from_tensor_slices(sb.open(path)))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingPackage, match=r"pip install h5py\.$"):
        pickle.loads(text)
    raw = sb.open(path, "f4", (2, 12), offset=start)
    found = pickle.loads(pickle.dumps(sb.Dataset.from_tensor_slices(raw)))
    np.testing.assert_array_equal(found.arrays[0], VALUES.reshape(2, 12))


# ---------------------------------------------------------------------------- what is refused


def external(file):
    file.create_dataset("bad", (4,), "f4", external=[("other.bin", 0, 16)])


def virtual(file):
    layout = h5py.VirtualLayout((2, 3, 4), "f4")
    layout[0] = h5py.VirtualSource(file.filename, "x", (2, 3, 4))[0]
    file.create_virtual_dataset("bad", layout)


def odd_float(file):
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(15, 7, 8, 0, 7)
    kind.set_size(2)
    kind.set_ebias(127)
    h5py.h5d.create(file.id, b"bad", kind, h5py.h5s.create_simple((3,)))


def odd_integer(file):
    kind = h5py.h5t.STD_I32LE.copy()
    kind.set_precision(24)
    h5py.h5d.create(file.id, b"bad", kind, h5py.h5s.create_simple((3,)))


REFUSED = {
    "elsewhere": (external, FileError, r"\(float32 \(4,\)\), lies in other files \('other\.bin'\)"),
    "virtual": (virtual, FileError, "is virtual, made of parts of other files"),
    "text": (lambda file: file.update(bad=["a", "bb"]), UnknownFormat, "variable length, ref"),
    "float": (odd_float, UnknownFormat, "or numbers of odd sizes"),
    "integer": (odd_integer, UnknownFormat, "or numbers of odd sizes"),
    "unwritten": (lambda file: file.create_dataset("bad", (9,)), FileError, "never written to"),
    "empty": (
        lambda file: file.update(bad=h5py.Empty("f4")),
        FileError,
        "is empty, without a shape",
    ),
    "references": (
        lambda file: file.update(bad=np.array([file["x"].ref], h5py.ref_dtype)),
        UnknownFormat,
        "references",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_lies_in_no_one_piece_is_named_and_the_rest_opened_by_name(path, name):
    make, kind, words = REFUSED[name]
    write(path, {"x": VALUES})
    with h5py.File(path, "a") as file:
        make(file)
    whole = rf"^{path}, dataset 'bad'.*{words}"
    others = r"To open another array, pass its name as key=: 'x' \(float32 \(2, 3, 4\)\)\.$"
    with pytest.raises(kind, match=rf"{whole}.*{others}"):
        sb.open(path)
    with pytest.raises(kind, match=whole):
        sb.open(path, key="bad")
    np.testing.assert_array_equal(sb.open(path, key="x"), VALUES)
    if name not in ("virtual", "references"):
        with h5py.File(path, "w") as file:
            make(file)
        with pytest.raises(kind, match=whole):
            sb.open(path)


def test_a_key_that_is_not_there_lists_those_that_are(path):
    write(path, {"x": VALUES, "group/y": VALUES})
    for key in ("z", "group", "group/", "x/y", "group/x", "", "/", "group//y"):
        with pytest.raises(FileError, match=r"has nothing named .* to be one of 'group/y', 'x'\.$"):
            sb.open(path, key=key)
    with pytest.raises(FileError, match=r"this one has none\.$"):
        sb.open(write(path, {}), key="x")


def test_of_thousands_of_datasets_one_is_looked_up_and_the_first_are_listed(path):
    write(path, {f"{number:04}": np.zeros(1) for number in range(2000)})
    assert sb.open(path, key="1999").shape == (1,)
    with pytest.raises(FileError, match=r"'0000', '0001', .*'0019' and 1,980 more\.$") as refusal:
        sb.open(path, key="2000")
    assert len(str(refusal.value)) < 600


def test_links_are_not_followed(path, tmp_path):
    write(tmp_path / "other.h5", {"x": VALUES})
    write(path, {"group/x": VALUES})
    with h5py.File(path, "a") as file:
        file["soft"] = h5py.SoftLink("/group/x")
        file["folder"] = h5py.SoftLink("/group")
        file["away"] = h5py.ExternalLink("other.h5", "/x")
        file["hard"] = file["group/x"]
        file["round"] = file["group"]
        file["group/round"] = file["/"]
    with pytest.raises(
        FileError, match=r"has, as 'soft', a link to '/group/x': expected a dataset"
    ):
        sb.open(path, key="soft")
    with pytest.raises(FileError, match=r"has, as 'folder/x', a link to '/group': expected a data"):
        sb.open(path, key="folder/x")
    words = r"has, as 'away', a link to '/x' of other\.h5: .* Open that one in that file\.$"
    with pytest.raises(FileError, match=words):
        sb.open(path, key="away")
    for key in ("hard", "group/x", "round/x", "group/round/group/x"):
        np.testing.assert_array_equal(sb.open(path, key=key), VALUES)
    np.testing.assert_array_equal(sb.open(path), VALUES)  # one dataset, whatever its names


def test_files_that_h5py_cannot_read(path):
    write(path, {"x": VALUES})
    content = path.read_bytes()
    for cut in (8, 100, 900):
        path.write_bytes(content[:cut])
        with pytest.raises(FileError, match=rf"^{path} begins like an HDF5 file, but h5py cannot"):
            sb.open(path)


def test_a_place_behind_the_end_is_told(path):
    write(path, {"x": np.full(2000, 0.5)})
    with h5py.File(path) as file:
        start, size = (
            file["x"].id.get_offset().to_bytes(8, "little"),
            (16_000).to_bytes(8, "little"),
        )
    content = path.read_bytes()
    assert content.count(start + size) == 1
    wrong = (len(content) - 8).to_bytes(8, "little")
    path.write_bytes(content.replace(start + size, wrong + size))
    with pytest.raises(FileError, match=r"likely file corruption|does not fit in its place"):
        sb.open(path)


@pytest.mark.parametrize(("start", "size"), [(100, 16), (2**60, 24), (-24, 24), (1000, 24)])
def test_a_place_that_hdf5_believes_and_the_file_has_not_is_told(path, start, size):
    path.write_bytes(bytes(1000))
    place = SimpleNamespace(get_offset=lambda: start, get_storage_size=lambda: size)
    dataset = SimpleNamespace(id=place, shape=(3,))
    refusal = hdf5._placed(map_file(path), "x", dataset, np.dtype("f8"))
    assert isinstance(refusal, WrongSize)
    assert str(refusal).startswith(
        "x does not fit in its place in the file: expected 24 bytes, found "
    )


def test_without_h5py_it_says_what_to_install(path, monkeypatch):
    write(path, {"x": VALUES})
    monkeypatch.setitem(sys.modules, "h5py", None)
    for key in (None, "x"):
        with pytest.raises(
            MissingPackage, match=rf"^{path} is an HDF5 file.*: pip install h5py\.$"
        ):
            sb.open(path, key=key)


def test_a_file_that_was_replaced_while_it_was_mapped_is_refused(path, tmp_path):
    mapping = map_file(write(path, {"x": VALUES}))
    write(tmp_path / "other.h5", {"x": VALUES}).replace(path)
    with pytest.raises(FileError, match="was replaced by another file after it was mapped"):
        hdf5.read_hdf5(mapping)


# ------------------------------------------------------------------------- files that are open


@pytest.mark.parametrize("locking", [None, True, False])
@pytest.mark.parametrize("mode", ["r", "a"])
def test_a_file_that_this_process_has_open(path, mode, locking):
    write(path, {"x": VALUES})
    with h5py.File(path, mode, locking=locking) as file:
        np.testing.assert_array_equal(sb.open(path), VALUES)
        np.testing.assert_array_equal(file["x"], VALUES)
    with h5py.File(path, "a"):
        pass  # no handle is left that would forbid it


WRITER = """
import h5py, sys
with h5py.File(sys.argv[1], "a") as file:
    print("open", flush=True)
    sys.stdin.readline()
"""


def test_a_file_that_another_process_has_open(path):
    write(path, {"x": VALUES})
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout.readline() == b"open\n"
        np.testing.assert_array_equal(sb.open(path), VALUES)
        writer.communicate(b"\n")
    assert writer.returncode == 0


# ---------------------------------------------------------------------- datasets that are given


@pytest.mark.parametrize("mode", ["r", "a"])
def test_a_dataset_of_h5py_is_mapped(path, mode):
    write(path, {"group/x": VALUES})
    with h5py.File(path, mode) as file:
        if mode == "a":
            file["group/x"][0, 0, 0] = 77
        dataset = sb.Dataset.from_tensor_slices((file["group/x"], np.arange(2))).batch(2)
        array = dataset.arrays[0]
        assert mapping_of(array).path == path
        assert array[0, 0, 0] == (77 if mode == "a" else 0)
    ((found, _),) = dataset  # also when the file is closed
    np.testing.assert_array_equal(found, array)
    assert f"mapped from {path.name}" in str(dataset)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(dataset)).arrays[0], array)


def test_no_byte_of_a_dataset_of_h5py_is_copied(path):
    with h5py.File(write(path, {"x": VALUES})) as file, sb.no_copy():
        sb.Dataset.from_tensor_slices(file["x"])


def test_a_dataset_of_h5py_that_cannot_be_mapped_is_refused(path):
    write(path, {"x": VALUES})
    with h5py.File(path, "a") as file:
        external(file)
        with pytest.raises(FileError, match=r"dataset 'bad' \(float32 .* lies in other files"):
            sb.Dataset.from_tensor_slices(file["bad"])
        dataset = file["x"]
    with pytest.raises(FileError, match=r"an h5py\.Dataset is closed: expected an open one"):
        sb.Dataset.from_tensor_slices(dataset)
    with h5py.File("nowhere.h5", "w", driver="core", backing_store=False) as file:
        file["x"] = VALUES
        with pytest.raises(
            FileError, match=r"'/x' is read by the HDF5 driver 'core': expected a pl"
        ):
            sb.Dataset.from_tensor_slices(file["x"])
    assert not os.path.exists("nowhere.h5")  # noqa: PTH110
