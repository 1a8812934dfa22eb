"""Gathering: the values of any array, once, on as many threads and in as good an order as pays."""

from __future__ import annotations

import threading
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samebytes.errors import WrongSize
from samebytes.memory import gather as module
from samebytes.memory.aligned import empty
from samebytes.memory.files import open_file
from samebytes.memory.gather import THREADED_BYTES, TILE_BYTES, gather

NUMBERS = ["u1", "i2", "f4", "f8", "?", ml_dtypes.bfloat16]
SOURCES = [*NUMBERS, ">i2", ">f4", ">f8", "c8", ">c16", "M8[s]", ">M8[s]", "S3", "U2", ">U2"]


@st.composite
def strided(draw, dtypes=SOURCES, most=7):
    """Draw an array of up to four axes with steps, reversals, broadcasts and transposes."""
    kind = np.dtype(draw(st.sampled_from(dtypes)))
    lengths = draw(st.lists(st.integers(0, most), max_size=4))
    values = np.arange(int(np.prod([3 * n + 1 for n in lengths], dtype=int))) % 120
    whole = values.astype(kind).reshape([3 * n + 1 for n in lengths])
    for axis, length in enumerate(lengths):
        step = draw(st.sampled_from([-3, -1, 1, 2, 3, 0]))
        if step == 0:
            first = np.take(whole, [0], axis=axis)
            target = [*whole.shape[:axis], length, *whole.shape[axis + 1 :]]
            whole = np.broadcast_to(first, target)
        else:
            part = slice(None, None, step)
            whole = whole[(slice(None),) * axis + (part,)]
            whole = whole[(slice(None),) * axis + (slice(0, length),)]
    return whole.transpose(draw(st.permutations(range(whole.ndim))))


def gathered(source, dtype=None, threads=None):
    out = empty(source.shape, source.dtype if dtype is None else dtype)
    gather(source, out, threads)
    return out


class TestValues:
    @settings(max_examples=200)
    @given(strided())
    def test_same_values_whatever_the_strides(self, source):
        np.testing.assert_array_equal(gathered(source), source)

    @settings(max_examples=200)
    @given(strided(dtypes=[*NUMBERS, ">i2", ">f4", ">f8"]), st.sampled_from([*NUMBERS, "c8"]))
    def test_converts_as_copyto_does(self, source, wanted):
        expected = np.empty(source.shape, wanted)
        np.copyto(expected, source, casting="unsafe")
        np.testing.assert_array_equal(gathered(source, wanted), expected)

    @settings(max_examples=150)
    @given(strided(dtypes=["u1", ">f4", "f8"]), st.integers(1, 4))
    def test_tiles_and_threads_change_nothing(self, source, threads):
        tile, threaded = module.TILE_BYTES, module.THREADED_BYTES
        module.TILE_BYTES, module.THREADED_BYTES = 16, 32
        try:
            np.testing.assert_array_equal(gathered(source, threads=threads), source)
        finally:
            module.TILE_BYTES, module.THREADED_BYTES = tile, threaded

    @pytest.mark.parametrize(
        "order",
        [(0, 1, 2), (2, 1, 0), (1, 2, 0), (0, 2, 1)],
        ids=str,
    )
    def test_large_arrays_of_every_order_of_axes(self, order):
        whole = np.arange(160 * 90 * 300, dtype="i4").reshape(160, 90, 300)
        source = whole.transpose(order)[::-1]
        np.testing.assert_array_equal(gathered(source), source)
        np.testing.assert_array_equal(gathered(source, "f8"), source.astype("f8"))


class Spy:
    """Notes which threads copied which blocks."""

    def __init__(self, monkeypatch):
        self.threads, self.blocks = set(), []
        real_copy, real_blocks = np.copyto, module._blocks
        together = threading.Barrier(2)

        def copyto(out, source, **options):
            # The first block of each of two threads waits for the other: a copy that ran on
            # one thread alone would time out here.
            if threading.get_ident() not in self.threads:
                self.threads.add(threading.get_ident())
                if len(self.threads) <= 2:
                    together.wait(timeout=20)
            real_copy(out, source, **options)

        def blocks(reader, writer, workers):
            self.blocks = list(real_blocks(reader, writer, workers))
            return iter(self.blocks)

        monkeypatch.setattr(np, "copyto", copyto)
        monkeypatch.setattr(module, "_blocks", blocks)


class TestPath:
    def test_large_copies_really_run_on_several_threads_at_once(self, monkeypatch):
        source = np.ones((2 * THREADED_BYTES,), "u1")
        spy = Spy(monkeypatch)
        gathered(source, threads=2)
        assert len(spy.threads) == 2
        assert threading.get_ident() in spy.threads
        assert len(spy.blocks) >= 2

    def test_transposed_copies_are_cut_into_tiles_that_fit_the_cache(self, monkeypatch):
        source = np.ones((2048, 1536), "f4").T
        spy = Spy(monkeypatch)
        gathered(source, threads=2)
        sides = {tuple(part.stop - part.start for part in block) for block in spy.blocks}
        assert len(spy.blocks) >= source.nbytes // TILE_BYTES
        assert all(4 * rows * columns <= TILE_BYTES for rows, columns in sides)
        # Tiles, not slivers: both axes are walked in runs longer than a cache line.
        assert all(min(side) * 4 >= 128 for side in sides)

    def test_small_copies_start_no_thread(self, monkeypatch):
        def start(thread):
            pytest.fail("a thread was started")

        monkeypatch.setattr(threading.Thread, "start", start)
        source = np.arange(THREADED_BYTES // 8 - 1)
        for view in (source, source[::-1], source[:9900].reshape(99, 100).T):
            np.testing.assert_array_equal(gathered(view, threads=8), view)

    def test_a_single_thread_is_enough_when_asked_for(self, monkeypatch):
        monkeypatch.setattr(threading.Thread, "start", lambda _: pytest.fail("started"))
        source = np.ones((1024, 2048), "f8").T
        np.testing.assert_array_equal(gathered(source, threads=1), source)

    def test_works_where_no_thread_can_be_started(self, monkeypatch):
        asked = []

        def start(thread):
            asked.append(thread)
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", start)
        source = np.arange(THREADED_BYTES, dtype="i4")
        np.testing.assert_array_equal(gathered(source, threads=4), source)
        assert len(asked) == 1

    def test_no_thread_is_left_behind(self):
        before = set(threading.enumerate())  # others' threads may end meanwhile
        gathered(np.ones(3 * THREADED_BYTES, "u1"), threads=4)
        assert not set(threading.enumerate()) - before


class TestBlocks:
    @settings(max_examples=200)
    @given(
        strided(dtypes=["u1", "f8"], most=9),
        st.integers(1, 5),
        st.integers(1, 200),
        st.integers(1, 800),
    )
    def test_write_every_element_exactly_once(self, source, workers, tile, threaded):
        written = np.zeros(source.shape, "i4")
        saved = module.TILE_BYTES, module.THREADED_BYTES
        module.TILE_BYTES, module.THREADED_BYTES = tile, threaded
        try:
            for block in module._blocks(source, np.empty(source.shape, source.dtype), workers):
                written[(*block, ...)] += 1
        finally:
            module.TILE_BYTES, module.THREADED_BYTES = saved
        assert (written == 1).all()

    @given(st.lists(st.integers(1, 2000), min_size=1, max_size=4), st.sampled_from([1, 3, 8, 200]))
    def test_are_never_larger_than_the_limit_unless_a_single_element_is(self, lengths, itemsize):
        lengths = [min(n, 40) if len(lengths) > 2 else n for n in lengths]
        limit = max(64, itemsize * int(np.prod(lengths)) // 200)
        whole = tuple(slice(0, n) for n in lengths)
        for block in module._halve(whole, itemsize, limit, keep=(0,)):
            size = int(np.prod([part.stop - part.start for part in block]))
            assert size * itemsize <= max(limit, itemsize)


class TestErrors:
    def test_what_fails_on_a_thread_is_raised_to_the_caller(self, monkeypatch):
        real, here = np.copyto, threading.get_ident()
        other_failed = threading.Event()

        def copyto(out, source, **options):
            if threading.get_ident() != here:
                other_failed.set()
                raise ZeroDivisionError("on a thread")
            other_failed.wait(20)
            real(out, source, **options)

        monkeypatch.setattr(np, "copyto", copyto)
        with pytest.raises(ZeroDivisionError, match="on a thread"):
            gathered(np.ones(2 * THREADED_BYTES, "u1"), threads=2)

    def test_values_that_cannot_be_converted_raise_as_numpy_does(self):
        with pytest.raises(ValueError, match="invalid literal"):
            gathered(np.full(THREADED_BYTES, "x", "U1"), "i4", threads=2)

    def test_the_first_failure_stops_the_other_blocks(self, monkeypatch):
        calls = []

        def copyto(out, source, **options):
            calls.append(out.nbytes)
            raise OverflowError("full")

        monkeypatch.setattr(np, "copyto", copyto)
        with pytest.raises(OverflowError, match="full"):
            gathered(np.ones(16 * THREADED_BYTES, "u1"), threads=2)
        assert len(calls) <= 2

    @pytest.mark.parametrize("threads", [1, 3])
    def test_the_callers_errstate_holds_on_every_thread(self, threads):
        source = np.full(THREADED_BYTES, 1e300)
        with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
            gathered(source, "f4", threads=threads)
        with np.errstate(over="ignore"):
            assert np.isinf(gathered(source, "f4", threads=threads)).all()


class TestMappedFiles:
    @pytest.fixture
    def cut(self, tmp_path):
        path = tmp_path / "values.npy"
        np.save(path, np.arange(1 << 16))
        mapped = open_file(path)
        with Path(path).open("r+b") as file:
            file.truncate(4096)
        return mapped

    @pytest.mark.parametrize(
        "view",
        [
            pytest.param(lambda x: x, id="whole"),
            pytest.param(lambda x: x[::-2], id="step"),
            pytest.param(lambda x: x.view("u1").reshape(256, -1).T, id="transpose"),
            pytest.param(
                lambda x: np.lib.stride_tricks.sliding_window_view(x, 9), id="sliding windows"
            ),
            pytest.param(lambda x: np.broadcast_to(x, (2, x.size)), id="broadcast"),
            pytest.param(lambda x: np.asarray(memoryview(x)), id="memoryview"),
        ],
    )
    def test_a_file_that_was_cut_short_is_refused_before_it_is_touched(self, cut, view):
        source = view(cut)
        with pytest.raises(WrongSize, match=r"values\.npy was cut short while it was mapped"):
            gathered(source)

    def test_a_whole_file_is_read(self, tmp_path):
        np.save(tmp_path / "x.npy", np.arange(100))
        assert gathered(open_file(tmp_path / "x.npy")[::7]).tolist() == list(range(0, 100, 7))
