"""Several arrays and files as one source."""

import pickle
import re

import numpy as np
import pytest

import samebytes as sb


def parts():
    return [np.arange(n * 2, dtype=np.float32).reshape(n, 2) + 100 * n for n in (5, 0, 1, 7)]


def test_rows_are_counted_through():
    joined = sb.concat(parts())
    whole = np.concatenate(parts())
    assert (joined.shape, joined.dtype, joined.ndim, len(joined)) == ((13, 2), np.float32, 2, 13)
    assert joined.borders.tolist() == [0, 5, 5, 6, 13]
    assert repr(joined) == "<samebytes.ConcatArray: float32 (13, 2) in 4 arrays>"
    np.testing.assert_array_equal(joined[np.arange(13)], whole)
    np.testing.assert_array_equal(joined[7], whole[7])
    np.testing.assert_array_equal(joined.columns(1)[np.arange(13)], whole[:, 1])


def test_samples_of_all_parts_come_in_one_batch():
    joined, whole = sb.concat(parts()), np.concatenate(parts())
    dataset = sb.Dataset.from_tensor_slices((joined, np.arange(13))).shuffle(seed=3).batch(13)
    rows, numbers = next(iter(dataset))
    np.testing.assert_array_equal(rows, whole[numbers])
    assert "13 samples, 208 bytes" in str(dataset)
    assert "4 parts" in str(dataset)


def test_files_are_opened(tmp_path):
    for number, part in enumerate(parts()[:1] + parts()[3:]):
        np.save(tmp_path / f"{number}.npy", part)
    joined = sb.concat(sorted(tmp_path.glob("*.npy")))
    dataset = sb.Dataset.from_tensor_slices(joined).window(3).shuffle(seed=1)
    assert "0.npy and others, 2 parts" in str(dataset)
    stored = pickle.dumps(dataset)
    assert len(stored) < 3000  # the files' places, not their bytes
    again = pickle.loads(stored)
    assert again == dataset
    for one, other in zip(dataset.iterate(1), again.iterate(1), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_part_that_is_cut_short_is_refused_before_it_is_read(tmp_path):
    for number in range(2):
        np.save(tmp_path / f"{number}.npy", np.zeros((50_000, 2), np.float32))
    joined = sb.concat(sorted(tmp_path.glob("*.npy")))
    dataset = sb.Dataset.from_tensor_slices(joined).window(3).batch(4)
    with open(tmp_path / "1.npy", "r+b") as file:  # noqa: PTH123
        file.truncate(4096)
    with pytest.raises(sb.WrongSize, match=r"1\.npy was cut short"):
        next(iter(dataset))


def test_views_with_the_same_strides_are_joined():
    whole = np.arange(120.0).reshape(20, 6)
    joined = sb.concat([whole[:8, ::2], whole[12:, ::2], whole[8:9, ::2]])
    found = next(iter(sb.Dataset.from_tensor_slices(joined).batch(17)))
    np.testing.assert_array_equal(found, np.r_[whole[:8], whole[12:], whole[8:9]][:, ::2])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "concat needs at least one array; got none"),
        (
            [np.zeros((2, 3)), np.zeros((2, 4))],
            (
                "parts differ: part 0 has rows of float64 (3,), part 1 rows of float64 (4,); give "
                "all parts the same dtype and row shape"
            ),
        ),
        (
            [np.zeros(2, "u1"), np.zeros(2, "i4")],
            (
                "parts differ: part 0 has rows of uint8 (), part 1 rows of int32 (); give all "
                "parts the same dtype and row shape"
            ),
        ),
        (
            [np.zeros((4, 3)), np.asfortranarray(np.zeros((4, 3)))],
            (
                "parts differ in how their rows lie in memory (strides (24, 8), (8, 32)); pack "
                "those that are views: sb.aligned(x)"
            ),
        ),
        ([np.float64(3)], "part 0 is a single value; expected an axis of rows"),
    ],
)
def test_what_cannot_be_joined_is_refused_in_words(given, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        sb.concat(given)


def test_a_file_of_several_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "both.npz", a=np.zeros(3), b=np.zeros(3))
    with pytest.raises(ValueError, match=r"both\.npz, holds several arrays; open it and pass one"):
        sb.concat([tmp_path / "both.npz"])


def test_the_name_it_had_before_warns():
    with pytest.warns(
        DeprecationWarning, match=r"^samebytes\.join is now called samebytes\.concat$"
    ):
        joined = sb.join(parts())
    np.testing.assert_array_equal(joined[range(13)], sb.concat(parts())[range(13)])


def test_rows_that_are_all_one_row_in_memory_do_not_pass_for_rows_side_by_side():
    rows = np.arange(12, dtype="u2").reshape(6, 2)
    with pytest.raises(ValueError, match=r"differ in how their rows lie.*\(0, 2\)"):
        sb.concat([rows[:2], np.broadcast_to(rows[4], (3, 2))])
    alike = sb.concat([np.broadcast_to(rows[number], (3, 2)) for number in (1, 4)])
    assert np.asarray(alike[[0, 5]]).tolist() == [rows[1].tolist(), rows[4].tolist()]


@pytest.mark.parametrize("view", [np.s_[:, 1:3], np.s_[::-1], np.s_[::2, ::-1], np.s_[:, 1]])
def test_a_pickle_keeps_how_rows_lie_in_memory_as_they_do_in_files(tmp_path, view):
    values = np.arange(80, dtype="i4").reshape(20, 4)
    np.save(tmp_path / "a.npy", values[:8])
    source = sb.concat([sb.open(tmp_path / "a.npy")[view], values[8:][view]])
    again = pickle.loads(pickle.dumps(source))
    assert [part.strides for part in again.arrays] == [part.strides for part in source.arrays]
    expected = np.concatenate([values[:8][view], values[8:][view]])
    (batch,) = sb.Dataset.from_tensor_slices(again).batch(20)
    np.testing.assert_array_equal(batch, expected)
