"""A memoryview of any strides is shared; one that contradicts itself is refused, never fatal."""

from __future__ import annotations

import gc
import struct
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.share.ownerless import ownerless

import samebytes as sb
from samebytes.share.buffer import view

WRONG = {
    "larger items": "ownerless(b'i', 8, [3])",
    "smaller items": "ownerless(b'd', 4, [3])",
    "larger items of a format NumPy does not read": "ownerless(b'P', 16, [3])",
    "no items": "ownerless(b'B', 0, [3])",
    "an unpadded record": "ownerless(b'3L1Bfb', 33, [3])",
    "another record": "ownerless(b'T{i:a:d:b:}', 12, [3])",
    "no format at all": "ownerless(b'', 4, [3])",
    "nonsense for a format": "ownerless(b'nonsense', 4, [3])",
    "too many axes for the format": "ownerless(b'(2,3)i', 4, [3])",
    "fewer bytes than the shape takes": "ownerless(b'i', 4, [3], nbytes=8)",
    "more bytes than the shape takes": "ownerless(b'i', 4, [3], nbytes=800)",
    "suboffsets": "ownerless(b'i', 4, [2, 2], suboffsets=[0, -1])",
    "no axes and larger items": "ownerless(b'i', 8, [])",
    "a negative length": "ownerless(b'i', 4, [-3], [4], nbytes=-12)",
    "two negative lengths": "ownerless(b'i', 4, [-3, -1], [4, 4], nbytes=12)",
    "64 axes and smaller items": "ownerless(b'd', 4, [1] * 64)",
}


def test_what_contradicts_itself_is_refused_and_ends_no_process():
    script = ["import samebytes as sb", "from tests.share.ownerless import ownerless"]
    for name, wrong in WRONG.items():
        script += [
            f"try: found = {wrong}",
            "except ValueError: print('refused by Python')",
            "else:",
            "    for call in (sb.as_array, sb.layout, sb.aligned, sb.Dataset.from_tensor_slices):",
            "        try: print(call(found), 'was taken')",
            "        except sb.NotABuffer: print('refused')",
            f"        except Exception as error: print({name!r}, repr(error))",
        ]
    script = "\n".join(script)
    child = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert (child.returncode, child.stderr) == (0, "")
    assert set(child.stdout.splitlines()) <= {"refused", "refused by Python"}
    assert child.stdout.splitlines().count("refused") > 2 * len(WRONG)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ((b"i", 8, [3]), r"format 'i' does not make items of 8 bytes.*sb\.as_array\(bytes"),
        ((b"i", 4, [3], None, 8), r"shape \(3,\) takes 12 bytes with items of 4, but it reports 8"),
        ((b"i", 4, [2, 2], None, None, [0, -1]), r"rows lie apart, behind pointers"),
        ((b"B", 0, [3]), "format 'B' does not make items of 0 bytes"),
    ],
    ids=["itemsize", "length", "suboffsets", "no bytes"],
)
def test_the_sentence_says_what_contradicts_what(wrong, sentence):
    with pytest.raises(sb.NotABuffer, match=sentence):
        view(ownerless(*wrong))


@pytest.mark.parametrize("form", ["i", "=q", "<d", "?", "e", "P", "n", "ib3x", "bi", "T{i:a:f:b:}"])
@pytest.mark.parametrize("shape", [[], [3], [2, 3], [1] * 32], ids=len)
def test_views_without_an_owner_that_tell_the_truth_are_shared(form, shape):
    itemsize = 8 if "T{" in form else struct.calcsize(form)
    exported = ownerless(form.encode(), itemsize, shape)
    found = view(exported)
    assert (found.shape, found.dtype.itemsize) == (tuple(shape), itemsize)
    assert found.tobytes() == b"\7" * exported.nbytes


class TestRecordsWithoutPadding:
    @pytest.fixture
    def make(self):
        tested = pytest.importorskip("_testbuffer")
        return lambda items, form: tested.ndarray(items, shape=[len(items)], format=form)

    @pytest.mark.parametrize(
        ("form", "item"), [("3L1Bfb", (1, 2, 3, 4, 5.0, 6)), ("lb", (1, 2)), ("@lb", (1, 2))]
    )
    @pytest.mark.parametrize("wrap", [lambda x: x, memoryview, lambda x: memoryview(x)[::2]])
    def test_are_refused_with_the_way_out(self, make, form, item, wrap):
        records = wrap(make([item] * 4, form))
        with pytest.raises(
            sb.NotABuffer, match=r"padding behind them.*dtype that lists the fields"
        ):
            sb.as_array(records)
        fields = {"3L1Bfb": "3u8,u1,V3,f4,i1", "lb": "i8,i1", "@lb": "i8,i1"}[form]
        found = sb.as_array(bytes(records), np.dtype(fields))
        assert len(found) == len(memoryview(records))
        assert found[-1]["f0"].tolist() == ([1, 2, 3] if "3L" in form else 1)

    def test_with_padding_they_are_shared(self, make):
        assert sb.as_array(make([(1, 2)] * 4, "bl")).tolist() == [(1, 2)] * 4

    def test_an_exporter_that_gives_no_format_is_refused(self):
        tested = pytest.importorskip("_testbuffer")
        numbers = tested.ndarray(list(range(12)), shape=[3, 4], format="L")
        for flags in (tested.PyBUF_SIMPLE, tested.PyBUF_STRIDES, tested.PyBUF_ND):
            with pytest.raises(sb.NotABuffer, match="does not lend its memory"):
                sb.as_array(tested.ndarray(numbers, getbuf=flags))


# ----------------------------------------------------------- formats NumPy does not read


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=4).flatmap(
        lambda shape: st.tuples(st.just(tuple(shape)), st.tuples(*map(st.slices, shape)))
    )
)
def test_any_strides_of_a_pointer_format_are_shared(shape_and_index):
    tested = pytest.importorskip("_testbuffer")
    shape, index = shape_and_index
    numbers = np.arange(np.prod(shape), dtype=np.uintp).reshape(shape)
    exporter = tested.ndarray(
        numbers.ravel().tolist(), shape=list(shape), format="P", flags=tested.ND_WRITABLE
    )
    expected = numbers[index]
    if expected.size == 0:
        return
    part = exporter[index] if len(shape) > 1 else exporter[index[0]]
    found = view(part)
    np.testing.assert_array_equal(found, expected)

    found[...] = 5
    assert np.all(np.array(memoryview(part).tolist()) == 5)


def test_strided_pointers_keep_read_only_and_the_owner():
    tested = pytest.importorskip("_testbuffer")

    class Exporter(bytearray):
        pass

    memory = Exporter(struct.pack("6P", *range(6)))
    exported = memoryview(memory).cast("P", (2, 3))
    found = view(exported[::-1])
    assert found.tolist() == [[3, 4, 5], [0, 1, 2]]
    frozen = tested.ndarray(list(range(6)), shape=[2, 3], format="P")[:, ::2]
    assert not view(frozen).flags.writeable
    watch = weakref.ref(memory)
    exported.release()
    del memory
    gc.collect()
    assert watch() is not None
    assert found[0, 0] == 3
    del found
    gc.collect()
    assert watch() is None
