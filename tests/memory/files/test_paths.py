"""Several files under one name: patterns and lists."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samebytes.memory.files.paths import natural_key, paths_of


@pytest.fixture
def folder(tmp_path):
    for number in (1, 2, 9, 10, 11, 100):
        (tmp_path / f"part-{number}.npy").touch()
    (tmp_path / "other.npy").touch()
    return tmp_path


def names(paths):
    return [path.name for path in paths]


def test_a_path_is_a_path(folder):
    assert paths_of(folder / "other.npy") is None
    assert paths_of(str(folder / "nowhere.npy")) is None


@pytest.mark.parametrize("kind", [str, Path])
def test_a_pattern_is_what_it_matches_in_the_order_of_people(folder, kind):
    found = paths_of(kind(folder / "part-*.npy"))
    assert names(found) == [f"part-{number}.npy" for number in (1, 2, 9, 10, 11, 100)]
    assert names(paths_of(kind(folder / "part-?.npy"))) == [
        "part-1.npy",
        "part-2.npy",
        "part-9.npy",
    ]
    assert names(paths_of(kind(folder / "part-[12].npy"))) == ["part-1.npy", "part-2.npy"]


def test_two_stars_are_any_number_of_folders(folder):
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "part-3.npy").touch()
    assert "part-3.npy" in names(paths_of(folder / "**" / "part-*.npy"))


def test_patterns_are_of_this_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert paths_of("part-1*.npy")[0] == Path("part-1.npy")


def test_a_list_stays_in_its_order(folder):
    given = [folder / "part-10.npy", str(folder / "part-2.npy")]
    assert names(paths_of(given)) == names(paths_of(iter(given))) == ["part-10.npy", "part-2.npy"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder):
    (folder / "a[1]*.npy").touch()
    assert paths_of(folder / "a[1]*.npy") is None


def test_no_match_names_the_pattern(folder, monkeypatch):
    monkeypatch.chdir(folder)
    words = re.escape(f"no file matches 'shard-*.npy' in {folder}: expected at least one.")
    with pytest.raises(FileNotFoundError, match=f"^{words}"):
        paths_of("shard-*.npy")
    whole = str(folder / "shard-*.npy")
    with pytest.raises(FileNotFoundError, match=re.escape(f"no file matches {whole!r}: expected")):
        paths_of(whole)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (7, TypeError, "open was given int: expected the path of a file, a pattern"),
        (None, TypeError, "open was given NoneType: expected the path"),
        (b"a.npy", TypeError, "open was given bytes: expected the path"),
        (["a.npy", 7], TypeError, "a list whose item 1 is of type int: expected only paths"),
        ([], ValueError, "an empty list: expected at least one path"),
    ],
)
def test_what_is_no_path_is_refused(given, kind, words):
    with pytest.raises(kind, match=words):
        paths_of(given)


@given(st.lists(st.text("a0129-.", max_size=8), unique=True, max_size=8), st.randoms())
def test_the_order_is_one_whatever_came_first(names, randoms):
    shuffled = names.copy()
    randoms.shuffle(shuffled)
    assert sorted(names, key=natural_key) == sorted(shuffled, key=natural_key)


@given(st.lists(st.integers(0, 10**12), unique=True))
def test_numbers_are_sorted_by_their_value(numbers):
    mixed = [f"x{number}.npy" for number in numbers]
    random.Random(0).shuffle(mixed)  # noqa: S311
    expected = [f"x{number}.npy" for number in sorted(numbers)]
    assert sorted(mixed, key=natural_key) == expected
