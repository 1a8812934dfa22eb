"""The file of a position: refused in words unless we wrote it, and never another file touched."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import samebytes as sb
from samebytes.compat.position_files import read_position, write_position
from tests.memory.files.flushing import recorded

STATE = sb.Dataset.from_tensor_slices(np.arange(100)).shuffle(seed=0).batch(5).iterate(1)
PLACE = {"epoch": 1, "batch": 0, "state": STATE.state_dict(), "seeds": [[1, 2]]}


def save(path, before=None, text="weights", **place):
    return write_position(path, PLACE | place, before, lambda part: part.write_text(text))


def test_what_was_written_is_read(tmp_path):
    path = tmp_path / "deep" / "run"
    assert read_position(path) is None
    written = save(path)
    assert read_position(path) == written == {
        "version": 1, "weights": "run-1-0.weights.h5", **PLACE
    }  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [("fold.1", "fold.2"), ("a", "a.json"), ("a", "a.part"), ("a.json", "a.json.part"),
     ("a.b", "a.b.c"), ("a", "a-1"), ("run.json", "run.txt")],
)  # fmt: skip
def test_runs_in_one_folder_keep_to_their_own(tmp_path, names):
    saved = {name: save(tmp_path / name, text=f"{name} 0") for name in names}
    for batch in (1, 2):
        for name in names:
            saved[name] = save(tmp_path / name, saved[name], f"{name} {batch}", batch=batch)
    for name in names:
        assert read_position(tmp_path / name) == saved[name]
        assert (tmp_path / saved[name]["weights"]).read_text() == f"{name} 2"
    assert len(list(tmp_path.iterdir())) == 2 * len(names)


def test_weights_are_named_as_before_still(tmp_path):
    """And stay: those of another position may go by the same name."""
    path, old = tmp_path / "fold.1", tmp_path / "fold-1-0.weights.h5"
    saved = {"version": 1, **PLACE, "weights": old.name}
    path.write_text(json.dumps(saved))
    old.touch()
    assert read_position(path) == saved
    save(path, read_position(path), epoch=2)
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "fold-1-0.weights.h5", "fold.1", "fold.1-2-0.weights.h5"
    ]  # fmt: skip


def names_of_others(tmp_path):
    return [
        "../precious.txt",
        str(tmp_path / "precious.txt"),
        "precious.txt",
        "sub/run-1-0.weights.h5",
        "./run-1-0.weights.h5",
        "sub\\run-1-0.weights.h5",
        "",
        ".",
        "..",
        "run",
        "other-1-0.weights.h5",
        "run-1-1.weights.h5",
        "run-01-0.weights.h5",
        "run-1-0.weights.h5\0",
        "run-1-0.weights.h5 ",
    ]


def test_the_name_of_another_file_is_refused_and_the_file_stays(tmp_path):
    folder = tmp_path / "runs"
    (folder / "sub").mkdir(parents=True)
    path = folder / "run"
    for name in names_of_others(tmp_path):
        others = [folder / name, tmp_path / "precious.txt"]
        for other in others:
            if "\0" not in name and not other.exists():
                other.write_text("precious")
        path.write_text(json.dumps({"version": 1, **PLACE, "weights": name}))
        expected = r"it has weights .*: expected 'run-1-0\.weights\.h5', beside it; pass another"
        with pytest.raises(ValueError, match=expected):
            read_position(path)
        # Nor is it touched where somebody saves in spite of it.
        before = {"version": 1, **PLACE, "weights": name}
        save(tmp_path / "copy" / "run", before, epoch=2)
        save(path, before, epoch=2)
        assert all("\0" in name or other == path or other.exists() for other in others), name


def test_links_are_neither_followed_nor_removed(tmp_path):
    precious, path = tmp_path / "precious", tmp_path / "run"
    precious.write_text("precious")
    link = tmp_path / "run-1-0.weights.h5"
    link.symlink_to(precious)
    path.write_text(json.dumps({"version": 1, **PLACE, "weights": link.name}))
    with pytest.raises(ValueError, match=r"its weights run-1-0\.weights\.h5 are a link: expected"):
        read_position(path)
    save(path, {"version": 1, **PLACE, "weights": link.name}, epoch=2)
    assert link.is_symlink()
    saved = save(path)  # the very name: the link goes, what it led to stays
    assert not link.is_symlink()
    assert (tmp_path / saved["weights"]).read_text() == "weights"
    assert precious.read_text() == "precious"


def test_without_weights_none_are_touched(tmp_path):
    path = tmp_path / "run"
    saved = save(path)
    saved = write_position(path, PLACE | {"epoch": 2, "seeds": []}, saved, None)
    assert saved["weights"] is None
    assert (tmp_path / "run-1-0.weights.h5").exists()
    assert read_position(path) == saved


def test_the_weights_reach_the_disk_before_what_names_them(tmp_path):
    path = tmp_path / "run"
    before = save(path)
    with recorded() as steps:
        save(path, before, epoch=2)
    new, old = tmp_path / "run-2-0.weights.h5", tmp_path / "run-1-0.weights.h5"
    assert steps == [
        ("flush", new), ("rename", new), ("flush", tmp_path),
        ("flush", path), ("rename", path), ("flush", tmp_path),
        ("remove", old),
    ]  # fmt: skip


def test_a_save_that_fails_leaves_the_one_before(tmp_path):
    path = tmp_path / "run"
    before = save(path)

    def full(part):
        part.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_position(path, PLACE | {"epoch": 2}, before, full)
    assert read_position(path) == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["run", "run-1-0.weights.h5"]


WHOLE = "an integer from 0 to "
NONSENSE = [3.7, "7", True, None, [1], {}, float("nan"), float("inf"), -1, 1 << 70, -(1 << 70)]
WRONG = [
    *(("epoch", value, WHOLE + "4,294,967,295") for value in [*NONSENSE, 1 << 32]),
    *(("batch", value, WHOLE) for value in NONSENSE),
    *(("version", value, "1") for value in [*NONSENSE, 1.0, 0, 2, "1"]),
    *(("weights", value, "the name of a file, or null") for value in (7, True, ["a"], {}, 3.5)),
    *(("seeds", value, "a list of lists of integers")
      for value in (None, 7, "7", {}, [1], [None], [[1.5]], [[True]], [["1"]], [[1 << 64]],
                    [[float("nan")]], [[[1]]])),
    *(("state", value, "a dict with version, epoch, position, counted_in, plan")
      for value in (None, 7, "7", [1], True)),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "expected"), WRONG)
def test_wrong_values_are_refused_by_their_key(tmp_path, key, value, expected):
    path = tmp_path / "run"
    path.write_text(json.dumps({"version": 1, "weights": None, **PLACE, key: value}))
    begin = f"{path} is not a position that SavePosition wrote: it"
    with pytest.raises(ValueError, match=rf"{key}.*: expected {re.escape(expected)}") as caught:
        read_position(path)
    assert str(caught.value).startswith(begin)
    assert str(caught.value).endswith("; pass another path")


@pytest.mark.parametrize("key", ["version", "epoch", "batch", "state", "weights", "seeds"])
def test_missing_keys_are_named(tmp_path, key):
    path = tmp_path / "run"
    saved = {"version": 1, "weights": None, **PLACE}
    del saved[key]
    path.write_text(json.dumps(saved))
    with pytest.raises(ValueError, match=f"wrote: it has no {key}: expected a dict with "):
        read_position(path)


@pytest.mark.parametrize("key", ["version", "epoch", "position", "counted_in", "plan"])
def test_keys_of_the_state_inside_are_checked_too(tmp_path, key):
    path = tmp_path / "run"
    for state, words in (
        ({k: v for k, v in PLACE["state"].items() if k != key}, f"no {key}"),
        (PLACE["state"] | {key: 3.7}, f"{key} 3.7"),
    ):
        path.write_text(json.dumps({"version": 1, "weights": None, **PLACE, "state": state}))
        with pytest.raises(ValueError, match=f"wrote: its state has {words}: expected "):
            read_position(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is not JSON"),
        (b"no json", "it is not JSON"),
        (b'{"version": 1', "it is not JSON"),
        (b"\xff\xfe\x00", "it is not JSON"),
        (b'{"epoch": ' + b"9" * 5000 + b"}", "it is not JSON"),
        (b"[" * 200_000, "its lists are nested too deeply"),
        (b'{"a":' * 200_000, "its lists are nested too deeply"),
        (b"null", "it is None: expected a dict with version, epoch"),
        (b"[1]", "it is of type list: expected a dict"),
        (b"7", "it is 7: expected a dict"),
        (b"NaN", "it is nan: expected a dict"),
        (b"{}", "it has no version: expected a dict with version, epoch"),
    ],
)
def test_files_of_something_else_are_refused_in_words(tmp_path, content, words):
    path = tmp_path / "run"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=f"^{path} is not a position that SavePosition wrote: {words}"
    ):
        read_position(path)


def test_what_is_no_file_is_refused_in_words(tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(
        ValueError, match=r"run is not a position .* read \(Is a directory\); pass an"
    ):
        read_position(tmp_path / "run")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"cannot be read \(Not a directory\)"):
        read_position(tmp_path / "file" / "run")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(ValueError, match=r"cannot be read \(Too many levels"):
        read_position(loop)
