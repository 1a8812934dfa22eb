"""The file of a position, and the weights beside it: how they are named, written and read.

A position names its weights, and a kill or a power cut between any two steps leaves one that
names weights which are there: they reach the disk before it, and old ones go after it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from samebytes.engine.checkpoint import STATE
from samebytes.engine.saved_values import (
    EPOCH,
    LAST_POSITION,
    Check,
    Unexpected,
    check_saved,
    integer,
    list_of,
    one_of,
)
from samebytes.memory.files.durable import write_durably

__all__ = ["check_weights", "read_position", "weights_beside", "write_position"]

VERSION = 1


def _text_or_none(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        message = "the name of a file, or null"
        raise Unexpected(message)
    return value


def _state(value: Any) -> dict[str, Any]:
    return check_saved("its state", value, STATE)


POSITION: Mapping[str, Check] = {
    "version": one_of(VERSION),
    "epoch": EPOCH,
    "batch": integer(0, LAST_POSITION),
    "state": _state,
    "weights": _text_or_none,
    "seeds": list_of(list_of(integer(-(1 << 63), (1 << 64) - 1), "integers"), "lists of integers"),
}
"""The keys of a position, and what is expected of each."""


def weights_beside(path: Path, epoch: int, batch: int) -> Path:
    """Return where the weights of the position at `path` lie.

    The whole name of the position is in theirs, so that those of ``fold.1`` and ``fold.2``, of
    ``run`` and ``run.json`` are others.
    """
    return path.with_name(_weights_name(path.name, epoch, batch))


def _weights_name(begin: str, epoch: int, batch: int) -> str:
    return f"{begin}-{epoch}-{batch}.weights.h5"


def read_position(path: Path) -> dict[str, Any] | None:
    """Return what `write_position` wrote, or None where there is nothing.

    Raises
    ------
    ValueError
        If it is something else: the message says what came and what was expected.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(path, f"it cannot be read ({error.strerror})") from error
    except RecursionError as error:
        raise _refused(path, "its lists are nested too deeply") from error
    except ValueError as error:
        raise _refused(path, f"it is not JSON ({_first_words(error)})") from error
    try:
        saved = check_saved("it", found, POSITION)
    except ValueError as error:
        raise _refused(path, str(error)) from error
    _check_name(path, saved)
    return saved


def _first_words(error: Exception) -> str:
    """Return what an error says, without the data that some of them repeat."""
    return str(error).partition("\n")[0][:80]


def _refused(path: Path, why: str) -> ValueError:
    return ValueError(f"{path} is not a position that SavePosition wrote: {why}; pass another path")


def _check_name(path: Path, saved: dict[str, Any]) -> None:
    """Refuse weights that are not those of this position; they are never loaded or deleted."""
    name = saved["weights"]
    if name is None:
        return
    place = saved["epoch"], saved["batch"]
    own = _weights_name(path.name, *place)
    # As they were named before, when ``fold.1`` and ``fold.2`` named theirs alike.
    if name not in {own, _weights_name(path.stem, *place)}:
        raise _refused(path, f"it has weights {name[:60]!r}: expected {own!r}, beside it")
    if path.with_name(name).is_symlink():
        raise _refused(path, f"its weights {name} are a link: expected the file itself")


def check_weights(path: Path, saved: dict[str, Any]) -> None:
    """Refuse a position whose weights are gone.

    Raises
    ------
    ValueError
        If they are not beside it.
    """
    if saved["weights"] is not None and not path.with_name(saved["weights"]).is_file():
        message = (
            f"{path} names the weights {saved['weights']}, but there is no such file beside it; "
            "put it back, pass another path, or pass weights=False to load others yourself"
        )
        raise ValueError(message)


def write_position(
    path: Path,
    saved: dict[str, Any],
    before: dict[str, Any] | None,
    save_weights: Callable[[Path], object] | None,
) -> dict[str, Any]:
    """Write a position and its weights in place of those before, and give what was written.

    Parameters
    ----------
    path : Path
        Of the position.
    saved : dict
        The keys of `POSITION` but for its version and weights.
    before : dict, optional
        What is at `path` by now.
    save_weights : callable, optional
        Writes the weights at the path it is given; None leaves all weights alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = None
    if save_weights is not None:
        weights = weights_beside(path, saved["epoch"], saved["batch"])
        write_durably(weights, save_weights)
    written = {"version": VERSION, **saved, "weights": None if weights is None else weights.name}
    text = json.dumps(written)
    write_durably(path, lambda part: part.write_text(text, encoding="utf-8"))
    if weights is not None and before is not None and before["weights"] is not None:
        old = weights_beside(path, before["epoch"], before["batch"])
        # Named as before this naming they may be those of another position too: they stay.
        if old.name == before["weights"] and old != weights and not old.is_symlink():
            old.unlink(missing_ok=True)
    return written
