"""The .safetensors format: every tensor is mapped, and a header that lies is refused in words."""

from __future__ import annotations

import json
import math
import pickle

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import samebytes as sb
from samebytes.errors import FileError, SamebytesError, UnknownFormat, WrongSize
from samebytes.memory.files import mapping_of, open_file

from .support import MODES, safetensors_bytes


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.safetensors"


def tensor(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def write(path, header, data=bytes(8)):
    path.write_bytes(safetensors_bytes(header, data))


# ------------------------------------------------------------------------------- what is there

DTYPES = [
    *("?", "u1", "i1", "<u2", "<i2", "<f2", "<u4", "<i4", "<f4", "<u8", "<i8", "<f8", "<c8"),
    *("bfloat16", "float8_e4m3fn", "float8_e5m2"),
]


def as_dtype(name):
    return np.dtype(getattr(ml_dtypes, name, name))


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=8).filter(lambda name: name != "__metadata__"),
        st.tuples(st.sampled_from(DTYPES), st.lists(st.integers(0, 4), max_size=4)),
        max_size=5,
    )
)
def test_what_its_own_writer_wrote(tmp_path_factory, kinds):
    numpy = pytest.importorskip("safetensors.numpy")
    path = tmp_path_factory.mktemp("tensors") / "a.safetensors"
    draw = np.random.default_rng(0)
    arrays = {
        name: draw.integers(0, 100, shape).astype(as_dtype(dtype))
        for name, (dtype, shape) in kinds.items()
    }
    numpy.save_file(arrays, path, metadata={"format": "np"})
    opened = open_file(path)
    assert opened.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (opened[name].dtype, opened[name].shape) == (array.dtype, array.shape)
        assert opened[name].tobytes() == array.tobytes()
    assert len({id(mapping_of(array)) for array in opened.values()}) <= 1


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("BF16", "bfloat16"),
        ("F8_E4M3", "float8_e4m3fn"),
        ("F8_E5M2", "float8_e5m2"),
        ("F8_E4M3FNUZ", "float8_e4m3fnuz"),
        ("F8_E5M2FNUZ", "float8_e5m2fnuz"),
    ],
)
def test_small_floats(path, kind, name):
    values = np.array([0, 1, -2, 1.5], getattr(ml_dtypes, name))
    write(path, {"x": tensor(kind, (2, 2), (0, values.nbytes))}, values.tobytes())
    assert sb.open(path)["x"].astype("f4").tolist() == [[0, 1], [-2, 1.5]]


def test_a_dtype_that_is_newer_than_ml_dtypes_is_told(path, monkeypatch):
    write(path, {"x": tensor("F8_E8M0", (8,)), "y": tensor("U8", (1,), (8, 9))}, bytes(9))
    monkeypatch.delattr(ml_dtypes, "float8_e8m0fnu", raising=False)
    with pytest.raises(
        UnknownFormat, match=r"'x', has the dtype F8_E8M0, but this version of ml_d"
    ):
        sb.open(path)
    assert sb.open(path, key="y").shape == (1,)


@pytest.mark.parametrize("kind", ["F4", "F6_E2M3", "F6_E3M2"])
def test_values_smaller_than_a_byte_are_told_and_the_others_opened_by_name(path, kind):
    bits = {"F4": 4}.get(kind, 6)
    header = {"small": tensor(kind, (8,), (0, bits)), "x": tensor("U8", (2,), (bits, bits + 2))}
    write(path, header, bytes(bits + 2))
    words = rf"a\.safetensors, tensor 'small', has the dtype {kind}, whose values take {bits} bits"
    with pytest.raises(
        UnknownFormat, match=rf"{words}.* To open another array, .* key=: 'x' \(uint8"
    ):
        sb.open(path)
    with pytest.raises(UnknownFormat, match=words):
        sb.open(path, key="small")
    assert sb.open(path, key="x").shape == (2,)
    write(path, {"small": tensor(kind, (7,), (0, bits))}, bytes(bits))
    with pytest.raises(WrongSize, match="and a part of one, found"):
        sb.open(path)


def test_metadata_and_spaces_are_no_tensors(path):
    text = b'  \n{"__metadata__": {"format": "pt"}, "x": ' + json.dumps(tensor()).encode() + b"}  "
    path.write_bytes((len(text) - 3).to_bytes(8, "little") + text[3:] + bytes(8))
    assert list(sb.open(path)) == ["x"]
    write(path, {"__metadata__": {}}, b"")
    assert sb.open(path) == {}


def test_a_misaligned_tensor_is_shared_and_explained(path):
    path.write_bytes(safetensors_bytes({"x": tensor()}, np.float32([1, 2]).tobytes(), pad=3))
    found = sb.open(path)["x"]
    assert found.tolist() == [1, 2]
    assert found.ctypes.data % 4 == 3
    assert sb.explain(found, to="numpy").shared
    assert "at 1-byte alignment" in str(sb.layout(found))
    (batch,) = sb.Dataset.from_tensor_slices(found).batch(2)
    assert batch.tolist() == [1, 2]


def test_what_a_misaligned_tensor_costs_is_told(path):
    pytest.importorskip("tensorflow")
    path.write_bytes(safetensors_bytes({"x": tensor()}, bytes(8), pad=3))
    verdict = sb.explain(sb.open(path)["x"])
    assert verdict.codes == (sb.Code.ALIGNMENT,)
    past = (path.stat().st_size - 8) % 64
    assert f"the first byte lies {past} past a multiple of 64, and Tensor" in str(verdict)
    assert verdict.remedy == "x = sb.aligned(x)"


@pytest.mark.parametrize("mode", MODES)
def test_modes(path, mode):
    write(path, {"x": tensor()})
    found = sb.open(path, mode=mode)["x"]
    assert found.flags.writeable == (mode != "r")
    if mode != "r":
        found[1] = 7
    assert sb.open(path)["x"].tolist() == [0, 7 if mode == "r+" else 0]


def test_a_dataset_goes_as_its_path(path):
    write(
        path, {"x": tensor(shape=(250,), offsets=(0, 1000))}, np.arange(250, dtype="<f4").tobytes()
    )
    dataset = sb.Dataset.from_tensor_slices(sb.open(path, key="x"))
    text = pickle.dumps(dataset)
    assert np.arange(100, 110, dtype="<f4").tobytes() not in text
    assert pickle.loads(text).reference([249]).tolist() == [249]
    write(path, {"y": tensor(shape=(250,), offsets=(0, 1000))}, bytes(1000))
    with pytest.raises(
        FileError, match=r"holds float32 \(250,\) in 'y', but held float32 .* in 'x'"
    ):
        pickle.loads(text)


def test_a_model_in_several_files(tmp_path):
    for number in (2, 10):
        header = {"x": tensor("U8", (number, 2), (0, number * 2))}
        write(tmp_path / f"{number}.safetensors", header, bytes([number]) * number * 2)
    joined = sb.open(tmp_path / "*.safetensors", key="x")
    assert joined[np.arange(12)][:, 0].tolist() == [2] * 2 + [10] * 10


# ---------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("header", "kind", "words"),
    [
        ({"x": tensor(offsets=(0, 4))}, WrongSize, "expected 8 bytes, found 4 bytes"),
        ({"x": tensor(shape=(3,))}, WrongSize, "expected 12 bytes, found 8 bytes"),
        ({"x": tensor(shape=(2**62, 2**62))}, WrongSize, "expected more bytes than a computer can"),
        ({"x": tensor(shape=(2**63,))}, FileError, "expected a name, and two lists of whole num"),
        ({"x": tensor(shape=(-2,))}, FileError, r"shape \[-2\] and the data_offsets"),
        ({"x": tensor(shape=(2.0,))}, FileError, "lists of whole numbers of 0 or"),
        ({"x": tensor(shape=(True, 2))}, FileError, "lists of whole numbers of 0 or"),
        ({"x": tensor(shape=("2",))}, FileError, "lists of whole numbers of 0 or"),
        ({"x": tensor(dtype=3)}, FileError, "the dtype 3, the shape"),
        ({"x": tensor(dtype="F31")}, UnknownFormat, "the dtype 'F31': expected one of BOOL, U8"),
        (
            {"x": tensor(offsets=(8, 0))},
            FileError,
            "expected two, its first byte and the byte after",
        ),
        ({"x": tensor(offsets=(0,))}, FileError, "expected two, its first byte and the byte after"),
        ({"x": tensor(offsets=(0, 8, 9))}, FileError, "expected two, its first byte and the"),
        ({"x": tensor(offsets=(8, 16))}, FileError, "leaves a gap after the header: .* 0 of the"),
        (
            {"x": tensor(shape=(4,), offsets=(0, 16))},
            WrongSize,
            "16 bytes, found 8 bytes. It was c",
        ),
        (
            {"x": tensor(shape=(1,), offsets=(0, 4))},
            WrongSize,
            "4 bytes, found 8 bytes. samebytes n",
        ),
        (
            {"x": tensor(shape=(0,) * 99, offsets=(0, 0))},
            FileError,
            "has 99 axes: expected at most",
        ),
        ({"x": 3}, FileError, "lacks its dtype, shape or data_offsets"),
        ({"x": {"dtype": "F32"}}, FileError, "lacks its dtype, shape or data_offsets"),
        (
            {"x": tensor(), "y": tensor()},
            FileError,
            "'y', overlaps tensor 'x': .* 8 of the data, f",
        ),
        (
            {"x": tensor("U8", (3,), (0, 3)), "y": tensor("U8", (4,), (4, 8))},
            FileError,
            "tensor 'y', leaves a gap after tensor 'x': expected to begin at byte 3 of the data,",
        ),
    ],
)
def test_headers_that_lie(path, header, kind, words):
    write(path, header)
    with pytest.raises(kind, match=words) as refusal:
        sb.open(path)
    assert str(refusal.value).startswith(str(path))
    assert len(str(refusal.value)) < 600


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"x": }', "Expecting value"),
        (b'{"x": 1', "Expecting ',' delimiter"),
        (b'{"a": ' + b"[" * 200_000, "recursion"),
        (b'{"a": ' + b'{"a": ' * 200_000, "recursion"),
        (b'{"a": ' + b"9" * 5000 + b"}", "Exceeds the limit"),
        (b'{"\xff": 1}', "utf-8"),
        (b'{"x": {"dtype": "U8", "dtype": "I8"}}', "'dtype' occurs twice"),
        (b'{"x": 1, "y": 2, "x": 3}', "'x' occurs twice"),
        (b'{"__metadata__": {}, "__metadata__": {}}', "'__metadata__' occurs twice"),
        (b'{"x" : NaN}', "lacks its"),
    ],
)
def test_headers_that_are_no_header(path, text, words):
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(FileError, match=rf"^{path}.*{words}") as refusal:
        sb.open(path)
    assert len(str(refusal.value)) < 600


def test_huge_headers(path):
    path.write_bytes((100_000_001).to_bytes(8, "little") + b'{"x')
    with pytest.raises(
        FileError, match=r"has a header of 100,000,001 bytes: expected at most 100,"
    ):
        sb.open(path)
    path.write_bytes((100_000_000).to_bytes(8, "little") + b'{"x')
    with pytest.raises(
        WrongSize, match=r"ends within its header: expected 100,000,008 bytes or mo"
    ):
        sb.open(path)
    path.write_bytes((2**63).to_bytes(8, "little") + b'{"x')
    with pytest.raises(UnknownFormat, match=r"begins neither as"):
        sb.open(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
OFFSETS = st.integers(-1, 20) | JSON
FACTS = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["U8", "F32", "BF16", "F4", "X"]) | JSON,
        "shape": st.lists(st.integers(-1, 5), max_size=3) | JSON,
        "data_offsets": st.lists(OFFSETS, min_size=2, max_size=2) | JSON,
    }
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(max_size=5), FACTS | JSON, min_size=1), st.binary(max_size=24))
def test_whatever_the_header_says_it_is_within_the_file_or_refused(tmp_path_factory, header, data):
    path = tmp_path_factory.getbasetemp() / "hostile.safetensors"
    write(path, header, data)
    try:
        opened = open_file(path)
    except SamebytesError:
        with pytest.raises(SamebytesError, match=str(path)):
            open_file(path)
        return
    assert sum(array.nbytes for array in opened.values()) == len(data)
    assert b"".join(array.tobytes() for array in opened.values()) == data
    for name, array in opened.items():
        assert array.size == math.prod(header[name]["shape"])


@pytest.mark.parametrize(
    "values",
    [
        np.array([100, ord("{"), 34, 34], "<i8"),
        np.full(100, 0.5, "<f4"),
        np.arange(300).astype("u1"),
        np.zeros(100, "u1"),
    ],
)
def test_raw_numbers_are_not_taken_for_it(path, values):
    values.tofile(path)
    assert open_file(path, values.dtype).tolist() == values.tolist()
