"""Several files as one source: patterns and lists given to `open`."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest

import samebytes as sb
from samebytes.memory.files import mapping_of


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def saved(numbers, rows=lambda number: number + 1):
    for number in numbers:
        np.save(f"part-{number}.npy", np.full((rows(number), 3), number, "float32"))


def test_a_pattern_is_one_source_in_the_order_of_people(folder):
    saved([10, 2, 1])
    joined = sb.open("part-*.npy")
    assert type(joined) is sb.ConcatArray
    assert joined.shape == (16, 3)
    assert joined[np.arange(16)][:, 0].tolist() == [1] * 2 + [2] * 3 + [10] * 11
    assert [mapping_of(part).path.name for part in joined.arrays] == [
        "part-1.npy",
        "part-2.npy",
        "part-10.npy",
    ]


def test_a_list_is_one_source_in_its_order(folder):
    saved([1, 2])
    joined = sb.open(["part-2.npy", folder / "part-1.npy"])
    assert joined[np.arange(5)][:, 0].tolist() == [2, 2, 2, 1, 1]


def test_one_match_is_a_source_too(folder):
    saved([1])
    assert type(sb.open("part-*.npy")) is type(sb.open(["part-1.npy"])) is sb.ConcatArray


def test_a_dataset_reads_all_and_is_pickled_by_its_paths(folder):
    saved(range(12))
    dataset = sb.Dataset.from_tensor_slices(sb.open("part-*.npy")).shuffle(seed=0).batch(78)
    text = pickle.dumps(dataset)
    assert len(text) < 6000
    (batch,), (again,) = dataset, pickle.loads(text)
    np.testing.assert_array_equal(batch, again)
    assert np.bincount(batch[:, 0].astype(int)).tolist() == list(range(1, 13))


def test_raw_files(folder):
    for number in (2, 10):
        np.arange(number * 4, dtype="uint16").tofile(f"tokens-{number}.bin")
    joined = sb.open("tokens-*.bin", "uint16", (-1, 2), offset=4)
    assert (joined.shape, joined.dtype) == ((3 + 19, 2), np.uint16)
    assert joined[3].tolist() == [2, 3]


def test_modes(folder):
    saved([1, 2])
    sb.open("part-*.npy", mode="r+").arrays[1][0] = 9
    assert sb.open("part-*.npy")[2].tolist() == [9, 9, 9]
    assert not sb.open("part-*.npy").arrays[0].flags.writeable
    assert sb.open("part-*.npy", mode="c").arrays[0].flags.writeable


def test_files_of_several_arrays_are_joined_by_name(folder):
    for number in range(3):
        np.savez(f"{number}.npz", x=np.full((2, 3), number), y=np.arange(2))
    joined = sb.open("*.npz")
    assert {name: each.shape for name, each in joined.items()} == {"x": (6, 3), "y": (6,)}
    assert joined["x"][np.arange(6)][:, 0].tolist() == [0, 0, 1, 1, 2, 2]
    assert sb.open("*.npz", key="y")[np.arange(6)].tolist() == [0, 1] * 3


def test_files_whose_names_differ_are_refused(folder):
    np.savez("0.npz", x=np.zeros(3), y=np.zeros(3))
    np.savez("1.npz", x=np.zeros(3))
    np.save("2.npy", np.zeros(3))
    words = "1.npz holds arrays named 'x', but 0.npz holds arrays named 'x', 'y': expected the same"
    with pytest.raises(sb.FileError, match=f"^{re.escape(words)}.*key="):
        sb.open("*.npz")
    assert sb.open("*.npz", key="x").shape == (6,)
    with pytest.raises(sb.FileError, match=r"2\.npy holds a single array, but 1\.npz holds arrays"):
        sb.open(["1.npz", "2.npy"])
    np.savez("3.npz")
    with pytest.raises(sb.FileError, match=r"^3\.npz holds no arrays, but 1\.npz holds arrays"):
        sb.open(["1.npz", "3.npz"])


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (
            np.zeros((2, 4), "f4"),
            "part-1.npy has rows of float32 (3,), part-2.npy rows of float32 (4,)",
        ),
        (
            np.zeros((2, 3), "f8"),
            "part-1.npy has rows of float32 (3,), part-2.npy rows of float64 (3,)",
        ),
        (np.float32(3), "part-2.npy is a single value; expected an axis of rows"),
        (np.asfortranarray(np.zeros((2, 3), "f4")), "parts differ in how their rows lie in memory"),
    ],
)
def test_files_that_cannot_be_joined_are_named(folder, other, words):
    saved([1])
    np.save("part-2.npy", other)
    with pytest.raises(ValueError, match=re.escape(words)):
        sb.open("part-*.npy")


def test_what_is_not_there_is_named(folder):
    saved([1])
    with pytest.raises(FileNotFoundError, match=r"no file matches 'shard-\*\.npy' in "):
        sb.open("shard-*.npy")
    with pytest.raises(FileNotFoundError, match=r"part-2\.npy"):
        sb.open(["part-1.npy", "part-2.npy"])
    with pytest.raises(ValueError, match="an empty list: expected"):
        sb.open([])


def test_a_broken_file_among_many_is_named(folder):
    saved([1, 2])
    with open("part-2.npy", "r+b") as file:  # noqa: PTH123
        file.truncate(140)
    with pytest.raises(sb.WrongSize, match=r"^part-2\.npy has a header that does not fit its data"):
        sb.open("part-*.npy")


def test_concat_takes_patterns_and_what_is_joined_already(folder):
    saved([10, 2, 1])
    joined = sb.concat(["part-*.npy", np.full((2, 3), 7, "float32")])
    assert joined[np.arange(18)][:, 0].tolist() == [1] * 2 + [2] * 3 + [10] * 11 + [7] * 2
    again = sb.concat([joined, "part-1.npy"])
    assert len(again.arrays) == 5
