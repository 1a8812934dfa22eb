"""PyTorch's tensors as memory, and memory on its way to PyTorch: by address, or not at all."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import samebytes as sb
from samebytes.share import torch as sharing
from tests.frameworks.processes import assert_silent, run_strictly

SHARED = [
    *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128", "longlong", "ulonglong"),
    *("bfloat16", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz"),
    "float8_e8m0fnu",
]
NARROW = [name for name in SHARED if name.startswith(("bfloat", "float8"))]


class TestExplain:
    @pytest.mark.parametrize("name", SHARED)
    def test_what_is_said_to_be_shared_lies_at_the_address(self, name):
        x = sb.zeros((6, 4), name)
        verdict = sb.explain(x, to="torch")
        assert verdict.shared
        assert str(verdict) == f"{x.dtype.name} (6, 4) to PyTorch: shared, no byte is copied"
        (tensor,) = sharing.torch_tensors_on([x])
        assert tensor.data_ptr() == x.ctypes.data
        assert str(tensor.dtype).removeprefix("torch.") == x.dtype.name
        assert sb.shares_memory(tensor, x)

    @pytest.mark.parametrize(
        "lay",
        [
            lambda x: x,
            lambda x: x.T,
            lambda x: x[::2, 1:],
            lambda x: x[:, ::-1],
            lambda x: x[::-1],
            lambda x: np.broadcast_to(x[0], x.shape),
            lambda x: x[:1, :1][::-1],
            lambda x: x[:0],
            lambda x: x.view("u1").ravel()[1:-7].view("f8"),
            lambda x: x.view("f4,i1,3u1")["f1"],
            lambda x: np.zeros((1, 1), "i1,f4")["f1"],
            lambda x: x.view(">f8"),
            lambda x: x.ravel()[:1].reshape(()),
        ],
    )
    def test_the_verdict_says_what_from_numpy_does(self, lay):
        x = lay(np.arange(48.0).reshape(6, 8))
        verdict = sb.explain(x, to="torch")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = torch.from_numpy(x)
        except ValueError:
            # What never steps it refuses too, where ours knows a way.
            assert verdict.shared == (x.size == 1)
        else:
            assert verdict.shared == (not x.size or theirs.data_ptr() == x.ctypes.data)

    @pytest.mark.parametrize("name", ["float32", "bfloat16"])
    def test_read_only_memory_is_shared_and_torch_still_warns_its_user(self, name):
        script = f"""
import warnings, numpy as np, torch, samebytes as sb
x = sb.zeros((4, 4), {name!r})
x.flags.writeable = False
assert sb.explain(x, to="torch").shared
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    torch.from_numpy(x.view("u1"))
assert "not writable" in str(caught[0].message)
"""
        assert_silent(run_strictly(script))

    def test_strides_in_words(self):
        x = np.zeros((4, 6))
        assert "PyTorch steps forward by whole elements, but axis 1 runs backwards" in str(
            sb.explain(x[:, ::-1], to="torch")
        )
        odd = np.zeros(4, "i1,f4")["f1"]
        assert "axis 0 steps 5 bytes, and an element has 4" in str(sb.explain(odd, to="torch"))
        assert sb.explain(x.astype(">f8"), to="torch").codes == (sb.Code.BYTE_ORDER,)
        assert sb.explain(x, to="torch", dtype="float32").codes == (sb.Code.DTYPE,)

    @pytest.mark.parametrize(
        ("x", "words"),
        [
            (np.array(["a"]), "PyTorch has no strings"),
            (np.array([b"a"]), "PyTorch has no strings"),
            (np.zeros(3, "M8[s]"), "PyTorch has no dates"),
            (np.zeros(3, [("a", "i4")]), r"a tensor has one dtype, and this has the fields \('a',"),
            (np.zeros(3, object), "references to Python objects"),
            (np.zeros(3, "longdouble"), "PyTorch has no float128"),
            (sb.zeros(3, "float8_e3m4"), "this version of PyTorch has no dtype float8_e3m4"),
            (sb.zeros(3, "int4"), "this version of PyTorch has no dtype int4"),
        ],
    )
    def test_what_torch_has_not_is_said(self, x, words):
        verdict = sb.explain(x, to="torch")
        assert (verdict.possible, verdict.codes) == (False, (sb.Code.UNSUPPORTED,))
        with pytest.raises(AssertionError, match=words):
            raise AssertionError(str(verdict))

    def test_what_never_steps_is_shared(self):
        for x in (np.ones(1)[::-1], np.ones((1, 1), "i1,f4")["f1"], sb.zeros(1, "f8")[::-1]):
            with sb.no_copy():
                tensor = sharing.torch_tensor_of(x)
            assert tensor.data_ptr() == x.ctypes.data
            assert tensor.shape == x.shape

    def test_dates_have_a_way_out(self):
        x = sb.zeros(3, "M8[s]")
        assert sb.explain(x, to="torch").remedy == "x = sb.as_array(x).view('int64')"
        assert sb.explain(sb.as_array(x).view("int64"), to="torch").shared

    def test_a_door_that_copies_is_not_believed(self, monkeypatch):
        monkeypatch.setattr(sharing, "_seen", {})
        monkeypatch.setattr(torch, "from_numpy", lambda array: torch.tensor(array))
        verdict = sb.explain(np.zeros(3), to="torch")
        assert verdict.codes == (sb.Code.DOOR,)
        assert verdict.remedy == "pip install --upgrade torch"
        with sb.no_copy(), pytest.raises(sb.CopyNeeded, match="no way into the installed PyTorch"):
            sharing.torch_tensors_on([np.zeros(3)])

    def test_computing_on_an_unaligned_tensor_is_right(self, array_at):
        for past in (1, 2, 3):
            x = array_at(past, (33, 17))
            x += np.arange(17, dtype="f4")
            tensor = sharing.torch_tensor_of(x)
            assert tensor.data_ptr() == x.ctypes.data
            np.testing.assert_array_equal((tensor @ tensor.T).numpy(), x @ x.T)
            assert float(tensor.exp().log().sum()) == pytest.approx(float(x.sum()), rel=1e-5)


class TestAsArray:
    @pytest.mark.parametrize("name", SHARED[:-6] + NARROW)
    def test_lies_on_the_same_bytes(self, name):
        name = {"longlong": "int64", "ulonglong": "uint64"}.get(name, name)
        values = torch.tensor([1, 2, 4, 8, 16, 32] * 2).reshape(3, 4)
        tensor = values.to(getattr(torch, name))
        for view in (tensor, tensor.T, tensor[1:, ::2], tensor[0, 0], tensor[:0]):
            with sb.no_copy():
                found = sb.as_array(view)
            assert found.dtype.name == name
            assert found.shape == tuple(view.shape)
            assert not found.size or found.ctypes.data == view.data_ptr()
            assert sb.explain(view, to="numpy").shared
        found = sb.as_array(tensor).astype("c16").real
        np.testing.assert_array_equal(found, values.bool() if name == "bool" else values)

    def test_what_is_written_shows(self):
        tensor = torch.zeros(4, dtype=torch.bfloat16)
        sb.as_array(tensor)[1] = 2.5
        assert tensor.tolist() == [0, 2.5, 0, 0]

    @pytest.mark.filterwarnings("ignore:ComplexHalf")
    def test_what_numpy_has_not_is_said(self):
        with pytest.raises(sb.NotABuffer, match=r"torch\.view_as_real\(x\)"):
            sb.as_array(torch.zeros(3, dtype=torch.complex32))

    @pytest.mark.parametrize("name", NARROW)
    def test_bits_that_are_no_values_are_refused_in_every_dtype(self, name):
        tensor = torch.ones(3, dtype=getattr(torch, name))
        with pytest.raises(sb.NotABuffer, match="device meta and has no data"):
            sb.as_array(tensor.to("meta"))
        if name == "bfloat16":
            with pytest.raises(sb.NotABuffer, match=r"requires a gradient.* x\.detach\(\)"):
                sb.as_array(tensor.requires_grad_())
            with pytest.raises(sb.NotABuffer, match="negative bit is set"):
                sb.as_array(torch._neg_view(tensor.detach()))

    def test_memory_lives_as_long_as_the_array(self):
        found = sb.as_array(torch.full((1 << 16,), 7, dtype=torch.bfloat16))
        others = [torch.zeros(1 << 16, dtype=torch.bfloat16) for _ in range(8)]
        assert float(found.astype("f4").min()) == 7
        del others


def test_shares_memory_sees_views():
    x = torch.zeros(8, 8)
    assert sb.shares_memory(x, x[2:])
    assert sb.shares_memory(x.view(torch.int32), x.numpy())
    assert not sb.shares_memory(x, x.clone())
    assert not sb.shares_memory(x[:4], x[4:])


def test_a_tensor_is_a_source():
    x = torch.arange(10, dtype=torch.float32)
    (batch,) = sb.Dataset.from_tensor_slices(x).batch(10)
    np.testing.assert_array_equal(batch, x.numpy())


def test_samebytes_never_imports_torch_by_itself():
    script = """
import sys, numpy as np, samebytes as sb
x = np.zeros((8, 4), "f4")
list(sb.Dataset.from_tensor_slices(x).batch(2)); sb.explain(x, to="numpy"); sb.as_array(b"x")
sb.Dataset.from_tensor_slices(x).with_format("torch")
assert "torch" not in sys.modules
sb.explain(x, to="torch")
assert "torch" in sys.modules and "tensorflow" not in sys.modules
"""
    assert_silent(run_strictly(script))
