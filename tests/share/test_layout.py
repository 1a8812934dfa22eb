"""Layouts: facts about bytes, read without touching one of them."""

from __future__ import annotations

import dataclasses
import importlib
import re
import time
import types
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import samebytes as sb

# NumPy 2 moved it.
BYTE_BOUNDS = getattr(np.lib, "array_utils", np).byte_bounds


@st.composite
def arrays(draw):
    """Draw arrays of up to four axes with steps, reversals, transposes and broadcasts."""
    lengths = draw(st.lists(st.integers(0, 4), max_size=4))
    kind = np.dtype(draw(st.sampled_from(["u1", ">i2", "f4", "c16", "S3"])))
    whole = np.zeros([3 * length + 1 for length in lengths], kind)
    parts = [slice(None, None, draw(st.sampled_from([-2, -1, 1, 2, 3]))) for _ in lengths]
    whole = whole[(*parts, ...)][(*(slice(0, length) for length in lengths), ...)]
    whole = whole.transpose(draw(st.permutations(range(whole.ndim))))
    if whole.ndim and draw(st.booleans()):
        whole = np.broadcast_to(whole, (draw(st.integers(1, 3)), *whole.shape))
    return whole


class TestFacts:
    @given(arrays())
    def test_are_numpys(self, array):
        facts = sb.layout(array)
        assert (facts.shape, facts.strides, facts.dtype) == (
            array.shape,
            array.strides,
            array.dtype,
        )
        assert facts.address == array.__array_interface__["data"][0]
        assert (facts.size, facts.nbytes) == (array.size, array.nbytes)
        assert facts.readonly is not array.flags.writeable
        assert facts.device == "CPU:0"
        assert facts.exporter == "numpy.ndarray"

    @given(arrays())
    def test_packed_means_c_contiguous(self, array):
        assert sb.layout(array).packed is array.flags.c_contiguous

    @given(arrays())
    def test_span_is_every_byte_from_the_first_to_the_last(self, array):
        facts = sb.layout(array)
        low, high = BYTE_BOUNDS(array) if array.size else (0, 0)
        base = facts.address if array.size else 0
        assert facts.span == (low - base, high - base)

    @pytest.mark.parametrize(
        ("past", "alignment"), [(0, 64), (1, 1), (2, 2), (12, 4), (16, 16), (32, 32)]
    )
    def test_alignment_is_the_power_of_two_that_divides_the_address(
        self, array_at, past, alignment
    ):
        found = sb.layout(array_at(past, (4,), "u1")).alignment
        assert found == alignment if past else found % 64 == 0
        assert sb.layout(sb.zeros(3)).alignment == 4096

    def test_a_layout_is_frozen_and_compares_by_value(self):
        array = np.zeros(3)
        facts = sb.layout(array)
        with pytest.raises(dataclasses.FrozenInstanceError):
            facts.address = 0
        assert facts == sb.layout(array)
        assert facts != sb.layout(array[1:])
        assert hash(facts) == hash(sb.layout(array))

    @pytest.mark.parametrize(
        ("make", "exporter"),
        [
            (lambda: b"abc", "bytes"),
            (lambda: memoryview(b"abc"), "memoryview"),
            (lambda: sb.zeros(3), "samebytes.Array"),
            (lambda: np.zeros(3).view(np.recarray), "numpy.recarray"),
        ],
    )
    def test_names_who_lends(self, make, exporter):
        assert sb.layout(make()).exporter == exporter

    @pytest.mark.parametrize(
        ("array", "text"),
        [
            (
                sb.zeros((2, 3), "f4"),
                (
                    "samebytes.Array: float32 (2, 3), strides (12, 4), 24 bytes, writable, "
                    "at 4096-byte alignment"
                ),
            ),
            (
                np.frombuffer(sb.zeros(64, "u1"), ">i2", 4, offset=2)[::-1],
                (
                    "numpy.ndarray: int16 (other byte order) (4,), strides (-2,), 8 bytes, "
                    "writable, at 8-byte alignment"
                ),
            ),
        ],
    )
    def test_prints_in_one_line(self, array, text):
        assert str(sb.layout(array)) == text

    def test_tensors_have_layouts(self):
        tf = pytest.importorskip("tensorflow")
        tensor = tf.zeros((2, 3), tf.bfloat16)
        facts = sb.layout(tensor)
        assert (facts.shape, facts.strides, facts.dtype.name) == ((2, 3), (6, 2), "bfloat16")
        assert facts.readonly
        assert facts.device == "CPU:0"
        assert "tensorflow" in facts.exporter

    def test_what_lends_nothing_has_none(self):
        with pytest.raises(sb.NotABuffer, match="list exports no memory"):
            sb.layout([1, 2])


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
class TestTouchesNothing:
    @staticmethod
    def resident() -> int:
        text = Path("/proc/self/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) << 10

    def check(self, make):
        sb.explain(np.zeros(3), to="numpy")  # imports done
        before, start = self.resident(), time.perf_counter()
        big = make()
        facts = sb.layout(big)
        verdict = sb.explain(big, to="numpy")
        array = sb.as_array(big)
        assert time.perf_counter() - start < 1
        assert self.resident() - before < 8 << 20
        assert facts.nbytes >= 100 << 30
        assert verdict.shared
        assert np.shares_memory(array[:1], sb.as_array(big)[:1])

    def test_a_file_of_100_gb(self, tmp_path):
        path = tmp_path / "sparse.raw"
        with path.open("wb") as file:
            file.truncate(100 << 30)
        self.check(lambda: sb.open(path, "u1", (-1, 1 << 20)))

    def test_a_view_of_a_terabyte(self):
        small = np.zeros(1, "u1")
        self.check(lambda: np.lib.stride_tricks.as_strided(small, (1 << 20, 1 << 20), (0, 0)))

    def test_memory_that_ends_the_process_when_it_is_touched(self, tmp_path):
        # Pages past the end of their file: reading one is a SIGBUS.
        path = tmp_path / "x.npy"
        np.save(path, np.zeros(1 << 16))
        mapped = sb.open(path)
        with path.open("r+b") as file:
            file.truncate(128)
        assert sb.layout(mapped[::-2]).shape == (1 << 15,)
        assert sb.explain(mapped, to="numpy").shared
        assert not sb.explain(sb.as_array(mapped)[::2].reshape(2, -1).T, to="numpy").reasons


def test_a_tensor_on_a_device_has_a_layout_without_an_address(monkeypatch):
    pytest.importorskip("tensorflow")
    module = importlib.import_module("samebytes.share.layout")
    elsewhere = types.SimpleNamespace(
        dtype=np.dtype("f4"), shape=(3, 2), backing_device="/job:localhost/device:GPU:1"
    )
    monkeypatch.setattr(module, "as_eager", lambda obj: obj if obj is elsewhere else None)
    facts = sb.layout(elsewhere)
    assert (facts.address, facts.device, facts.readonly) == (None, "GPU:1", True)
    assert (facts.shape, facts.strides, facts.packed) == ((3, 2), (8, 4), True)
    elsewhere.shape = ()
    assert sb.layout(elsewhere).strides == ()
    elsewhere.backing_device = ""  # the host, whose tensors lend their memory
    assert module.device_layout(elsewhere) is None
