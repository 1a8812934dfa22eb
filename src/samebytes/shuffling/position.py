"""Where an interrupted copy stands: a small file beside the unfinished one, true after a power cut.

It is written when the bytes that it counts have reached the disk. What was written behind that is
written again, the same bytes at the same places.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from samebytes.engine.saved_values import (
    LAST_POSITION,
    Check,
    Unexpected,
    check_saved,
    integer,
    list_of,
    one_of,
)
from samebytes.memory.files.durable import write_durably

__all__ = ["Position", "Task", "load_position", "save_position"]

VERSION = 1


@dataclass(frozen=True)
class Task:
    """What a copy is of: the position of one is good for no other.

    Attributes
    ----------
    source : list
        What identifies the files that are read.
    seed : int
        Of the order.
    dtype : str
        Of the rows.
    shape : list of int
        Of all of them.
    """

    source: list[Any]
    seed: int
    dtype: str
    shape: list[int]


@dataclass
class Position:
    """How far a copy is.

    Attributes
    ----------
    bucket_rows : int
        Rows in a bucket.
    read : int
        Rows of the source that are in their buckets.
    filled : list of int
        How many each bucket has.
    ordered : int
        Buckets that are in order, at their places.
    """

    bucket_rows: int
    read: int
    filled: list[int]
    ordered: int


def _anything(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        message = "a text"
        raise Unexpected(message)
    return value


_COUNT = integer(0, LAST_POSITION)
_TABLE: dict[str, Check] = {
    "version": one_of(VERSION),
    "source": _anything,
    "seed": integer(0, (1 << 64) - 1),
    "dtype": _text,
    "shape": list_of(_COUNT, "counts"),
    "bucket_rows": integer(1, LAST_POSITION),
    "read": _COUNT,
    "filled": list_of(_COUNT, "counts"),
    "ordered": _COUNT,
}


def save_position(path: Path, task: Task, position: Position) -> None:
    """Write where a copy stands; what it counts must have reached the disk."""
    text = json.dumps({"version": VERSION, **asdict(task), **asdict(position)})
    write_durably(path, lambda part: part.write_text(text, encoding="utf-8"))


def load_position(path: Path, task: Task) -> Position | str:
    """Return where the copy stands that was interrupted there, or why that is of no use."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        saved = check_saved("the position beside it", found, _TABLE)
    except OSError:
        return "its position was not written yet"
    except (ValueError, RecursionError) as refused:
        return f"its position cannot be read ({str(refused).splitlines()[0][:120]})"
    now = asdict(task)
    if saved["seed"] != task.seed:
        return f"it has the seed {saved['seed']}, not {task.seed}"
    if (saved["dtype"], saved["shape"]) != (now["dtype"], now["shape"]):
        return "it is of an array of another shape or dtype"
    if saved["source"] != now["source"]:
        return "it is of another source, or of one that was changed since"
    names = Position.__dataclass_fields__
    position = Position(**{name: saved[name] for name in names})
    return position if _is_possible(position, task.shape[0]) else "its position is damaged"


def _is_possible(position: Position, rows: int) -> bool:
    sizes = [position.bucket_rows] * (rows // position.bucket_rows)
    sizes += [rows % position.bucket_rows] * (rows % position.bucket_rows > 0)
    return (
        len(position.filled) == len(sizes)
        and all(filled <= size for filled, size in zip(position.filled, sizes, strict=True))
        and sum(position.filled) == position.read
        and (position.ordered == 0 or position.read == rows)
        and position.ordered <= len(sizes)
    )
