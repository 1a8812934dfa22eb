"""What samebytes makes is an `Array`, page-aligned or mapped."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

import samebytes as sb

PAGE = 4096


class TestEmptyAndZeros:
    @pytest.mark.parametrize("make", [sb.empty, sb.zeros])
    @pytest.mark.parametrize("shape", [(), 0, 7, (2, 0), (3, 5)], ids=str)
    @pytest.mark.parametrize("dtype", ["f4", ">i2", "bfloat16", "int4", "S3", "M8[s]", "u1,f4"])
    def test_gives_page_aligned_arrays(self, make, shape, dtype):
        array = make(shape, dtype)
        assert type(array) is sb.Array
        assert array.ctypes.data % PAGE == 0
        assert array.shape == np.empty(shape).shape

    def test_zeros_are_zeros(self):
        assert not sb.zeros((100, 100)).any()

    def test_is_float64_unless_told_otherwise(self):
        assert sb.empty(2).dtype == sb.zeros(2).dtype == np.float64

    def test_takes_tensorflows_dtypes_and_shapes(self):
        tf = pytest.importorskip("tensorflow")
        model = tf.zeros((2, 3), tf.bfloat16)
        array = sb.zeros(model.shape, model.dtype)
        assert (array.shape, array.dtype) == ((2, 3), np.dtype(ml_dtypes.bfloat16))

    def test_refuses_objects(self):
        with pytest.raises(sb.Unconvertible, match="references to Python objects"):
            sb.empty(2, object)

    def test_huge_pages_can_be_refused_by_argument(self, monkeypatch):
        asked = []
        pages = sb.memory.pages
        real = pages.wants_huge_pages

        def wants_huge_pages(**options):
            asked.append(options)
            return real(**options)

        monkeypatch.setattr(pages, "wants_huge_pages", wants_huge_pages)
        sb.empty(4 << 20, "u1", huge_pages=False)
        sb.zeros(4 << 20, "u1", huge_pages=True)
        sb.aligned(bytes(4 << 20), huge_pages=False)
        assert asked == [{"huge_pages": False}, {"huge_pages": True}, {"huge_pages": False}]


class TestAligned:
    def test_shares_what_is_aligned_already(self):
        array = sb.zeros((3, 4), "f4")
        assert np.shares_memory(sb.aligned(array), array)
        assert np.shares_memory(sb.aligned(memoryview(array)), array)

    @pytest.mark.parametrize(
        "source",
        [
            b"abcd",
            memoryview(np.arange(12).reshape(3, 4))[::2],
            [[1, 2], [3, 4]],
            3.5,
            np.float32(2),
            np.array(["a", "bc"], ">U2"),
            np.zeros(3, ">M8[s]"),
            np.zeros(3, [("a", "u1"), ("b", ">f8")]),
        ],
        ids=lambda source: type(source).__name__,
    )
    def test_takes_every_buffer_and_every_array_like(self, source):
        result = sb.aligned(source)
        expected = np.frombuffer(source, "u1") if isinstance(source, bytes) else np.asarray(source)
        assert type(result) is sb.Array
        np.testing.assert_array_equal(result, expected)
        assert result.ctypes.data % PAGE == 0
        assert result.dtype.isnative

    @pytest.mark.parametrize("dtype", ["f8", "bfloat16", ">i4", np.uint8])
    def test_converts_and_is_native(self, dtype):
        result = sb.aligned(np.arange(5, dtype="i2"), dtype)
        assert result.tolist() == [0, 1, 2, 3, 4]
        assert result.dtype.isnative

    @pytest.mark.parametrize(
        ("source", "dtype", "nbytes"),
        [
            (np.array(["ab", "c"], ">U2"), None, 16),
            (np.array(["ab", "c"]), "S3", 6),
            (np.zeros(3, ">M8[s]"), "i8", 24),
            (np.zeros(3, "M8[s]"), "f4", 12),
            (np.zeros(3, "u1,>f4"), None, 15),
        ],
        ids=str,
    )
    def test_counts_and_forbids_copies_of_texts_dates_and_structures_too(
        self, source, dtype, nbytes
    ):
        before = sb.stats()
        sb.aligned(source, dtype)
        after = sb.stats()
        assert after.copied - before.copied == 1
        assert after.bytes_copied - before.bytes_copied == nbytes
        with sb.no_copy(), pytest.raises(sb.CopyNeeded, match="page-aligned memory: copied"):
            sb.aligned(source, dtype)

    def test_dates_as_counts_are_a_copy_that_no_copy_forbids(self):
        dates = sb.zeros(4, "M8[s]")
        with sb.no_copy(), pytest.raises(sb.CopyNeeded, match="must become int64"):
            sb.aligned(dates, "int64")

    def test_converted_text_has_the_values_astype_gives(self):
        assert sb.aligned(np.array(["ab", "c"]), "S3").tolist() == [b"ab", b"c"]

    def test_objects_have_no_place(self):
        with pytest.raises(sb.Unconvertible, match="references to Python objects"):
            sb.aligned(object())


class TestOpen:
    @pytest.fixture
    def path(self, tmp_path):
        np.save(tmp_path / "x.npy", np.arange(12, dtype="f4").reshape(3, 4))
        return tmp_path / "x.npy"

    def test_npy_is_an_array_on_the_file(self, path):
        x = sb.open(path)
        assert type(x) is sb.Array
        assert x.tolist() == np.arange(12.0).reshape(3, 4).tolist()
        assert x.ctypes.data % 64 == 0
        assert sb.explain(x, to="numpy").shared

    def test_npz_is_a_dict_of_arrays(self, tmp_path):
        np.savez(tmp_path / "x.npz", images=np.ones((2, 2)), labels=np.arange(2))
        members = sb.open(tmp_path / "x.npz")
        assert list(members) == ["images", "labels"]
        assert all(type(member) is sb.Array for member in members.values())
        assert members["labels"].tolist() == [0, 1]

    @pytest.mark.parametrize("dtype", ["bfloat16", ml_dtypes.bfloat16])
    def test_raw_values_of_ml_dtypes(self, tmp_path, dtype):
        values = np.arange(6).astype(ml_dtypes.bfloat16)
        (tmp_path / "x.raw").write_bytes(b"head" + values.tobytes())
        x = sb.open(tmp_path / "x.raw", dtype, (2, -1), offset=4)
        assert type(x) is sb.Array
        assert x.astype("f4").tolist() == [[0, 1, 2], [3, 4, 5]]

    def test_raw_values_of_tensorflows_dtypes(self, tmp_path):
        tf = pytest.importorskip("tensorflow")
        (tmp_path / "x.raw").write_bytes(np.arange(3, dtype="f4").tobytes())
        assert sb.open(tmp_path / "x.raw", tf.float32).tolist() == [0, 1, 2]

    def test_read_only_files_refuse_writes(self, path):
        x = sb.open(path)
        with pytest.raises(ValueError, match="read-only"):
            x[0] = 1

    def test_r_plus_writes_to_the_file(self, path):
        x = sb.open(path, mode="r+")
        x[1, 2] = 99
        x[1:].flush()
        assert np.load(path)[1, 2] == 99

    def test_c_keeps_writes_to_itself(self, path):
        x = sb.open(path, mode="c")
        x[1, 2] = 99
        x.flush()
        assert x[1, 2] == 99
        assert np.load(path)[1, 2] == 6

    def test_other_modes_are_refused_in_words(self, path):
        with pytest.raises(ValueError, match=r"mode is 'w'.*expected 'r'"):
            sb.open(path, mode="w")

    def test_flush_of_an_array_in_memory_does_nothing(self):
        assert sb.zeros(3).flush() is None


def test_aligned_does_not_drop_a_mask_in_silence():
    with pytest.raises(sb.NotABuffer, match="mask"):
        sb.aligned(np.ma.masked_equal([1, 2, 3], 2))
