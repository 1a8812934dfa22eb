"""`explain` and `shares_memory`: questions that copy nothing and change nothing."""

from __future__ import annotations

import numpy as np
import pytest

import samebytes as sb


class TestExplain:
    def test_an_unknown_target_is_named(self):
        with pytest.raises(ValueError, match="no verdict for to='mxnet'; expected 'tensorflow', "):
            sb.explain(np.zeros(3), to="mxnet")

    def test_numpy_needs_no_tensorflow(self):
        verdict = sb.explain(np.zeros((3, 4)).T, to="numpy")
        assert str(verdict) == "float64 (4, 3) to NumPy: shared, no byte is copied"

    @pytest.mark.parametrize("thing", [None, [1, 2], "text"])
    def test_what_lends_nothing_has_no_verdict(self, thing):
        with pytest.raises(sb.NotABuffer, match="exports no memory"):
            sb.explain(thing, to="numpy")

    def test_asking_counts_as_nothing_and_is_allowed_everywhere(self):
        pytest.importorskip("tensorflow")
        crop = sb.zeros((8, 8))[:, ::2]
        before = sb.stats()
        with sb.no_copy():
            assert not sb.explain(crop).shared
            assert sb.explain(crop, dtype="float32").bytes_copied == 128
        assert sb.stats() == before

    @pytest.mark.parametrize("dtype", ["float32", np.float32, "tensorflow"])
    def test_takes_dtypes_under_all_their_names(self, dtype):
        tf = pytest.importorskip("tensorflow")
        dtype = tf.float32 if dtype == "tensorflow" else dtype
        verdict = sb.explain(sb.zeros(4, "u1"), dtype=dtype)
        assert verdict.codes == (sb.Code.DTYPE,)
        assert verdict.dtype == np.float32

    def test_prints_the_crop_of_the_article(self):
        pytest.importorskip("tensorflow")
        text = str(sb.explain(sb.zeros((4, 512, 512, 3), "u1")[:, 128:384, 128:384]))
        lines = text.splitlines()
        assert lines[0].startswith("uint8 (4, 256, 256, 3) to TensorFlow: copied, 786.4 kB, ")
        assert lines[1] == (
            "  strides: a tensor is row-major without gaps, but axis 1 leaves 768 bytes between "
            "its elements (a crop or a step)"
        )
        assert lines[-1] == "  instead: x = sb.aligned(x)"


class TestSharesMemory:
    x = np.arange(24.0)

    @pytest.mark.parametrize(
        ("a", "b", "expected"),
        [
            (x, x, True),
            (x[:5], x[4:], True),
            (x[:5], x[5:], False),
            (x[::2], x[1::2], False),
            (x, memoryview(x)[3:], True),
            (memoryview(x), sb.as_array(x), True),
            (x, x.copy(), False),
            (x[:0], x, False),
        ],
    )
    def test_means_a_byte_in_common(self, a, b, expected):
        assert sb.shares_memory(a, b) is expected
        assert sb.shares_memory(b, a) is expected

    def test_works_across_numpy_and_tensorflow(self):
        tf = pytest.importorskip("tensorflow")
        x = sb.zeros((4, 64), "f4")
        tensor = sb.as_tensor(x)
        assert sb.shares_memory(x, tensor)
        assert sb.shares_memory(tensor[1:2], x)
        assert sb.shares_memory(tensor, tf.reshape(tensor, (-1,)))
        assert not sb.shares_memory(x, tensor + 1)
        assert not sb.shares_memory(x, tf.constant(x))

    def test_refuses_what_lends_nothing(self):
        with pytest.raises(sb.NotABuffer, match="list exports no memory"):
            sb.shares_memory([1], np.zeros(1))


def test_tensors_on_one_accelerator_cannot_be_compared(monkeypatch):
    import importlib

    explain = importlib.import_module("samebytes.share.explain")
    there = sb.layout(np.zeros(3))
    there = type(there)("tf", None, (3,), (8,), there.dtype, True, "GPU:0")
    monkeypatch.setattr(explain, "device_layout", lambda obj: there if obj in "ab" else None)
    with pytest.raises(sb.NotABuffer, match="addresses on GPU:0 cannot be compared"):
        sb.shares_memory("a", "b")
