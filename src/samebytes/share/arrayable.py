"""Objects whose only way out is ``__array__``, as tables' is: shared if it shares, else a copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.share.guard import record
from samebytes.share.layout import layout_of_view
from samebytes.share.refusal import type_name
from samebytes.share.verdict import NUMPY, Code, Reason, Verdict, judge

__all__ = ["array_of", "is_arrayable"]


def is_arrayable(obj: object) -> bool:
    """Return whether `obj` makes an array when asked, and has no memory to be seen without that."""
    kind = type(obj)
    if isinstance(obj, np.ndarray | np.generic) or not hasattr(kind, "__array__"):
        return False
    lends = ("__array_interface__", "__dlpack__", "__buffer__")
    return not any(hasattr(kind, name) for name in lends)


def array_of(obj: Any, what: str) -> npt.NDArray[Any]:
    """Return what the ``__array__`` of `obj` gives; copies exactly where that does, and tells so.

    Parameters
    ----------
    obj : object
        A DataFrame, a Series, a DataArray, or anything else with ``__array__``.
    what : str
        Who it is, for errors.

    Raises
    ------
    CopyNeeded
        In a `no_copy` block, if ``__array__`` makes a new array.
    TypeError
        If that is an array of Python objects.
    """
    found = np.asarray(obj)
    if found.dtype.hasobject:
        raise TypeError(_objects(obj, found, what))
    facts = layout_of_view(found, type_name(obj))
    if _lends(obj, found):
        record(judge(facts, NUMPY))
    else:
        reason = Reason(Code.DOOR, "its __array__ makes a new array each time it is called")
        record(Verdict(facts, NUMPY.name, found.dtype, (reason,), "x = np.asarray(x), once"))
    return found


def _lends(obj: Any, found: npt.NDArray[Any]) -> bool:
    """Return whether `found` shows memory that `obj` holds, and would show again."""
    if found.nbytes == 0:
        return True
    try:
        again = np.asarray(obj[:1])  # a slice of it costs nothing where the whole is a copy
    except Exception:  # noqa: BLE001 (whatever a foreign class makes of a slice)
        again = np.asarray(obj)
    return again.nbytes > 0 and np.may_share_memory(found, again)


def _objects(obj: Any, found: npt.NDArray[Any], what: str) -> str:
    """Return why an array of objects is refused, with the columns that make it one."""
    names = _columns(obj)
    columns = f"; its columns that are not numbers: {', '.join(names)}" if names else ""
    way_out = (
        "pass the columns one by one, {'name': x['name']}, or only the numeric ones"
        if hasattr(obj, "columns")
        else "convert it first, x.astype('float32'), or for strings: np.array(x.tolist())"
    )
    return (
        f"{what} is a {type_name(obj)} that becomes an array of Python objects ({found.dtype})"
        f"{columns}; expected numbers of one kind: {way_out}"
    )


def _columns(obj: Any) -> list[str]:
    """Return the names of the columns that are no plain numbers, with their dtypes."""
    columns, dtypes = getattr(obj, "columns", None), getattr(obj, "dtypes", None)
    if columns is None or dtypes is None:
        return []
    pairs = zip(list(columns), list(dtypes), strict=False)
    return [
        f"{name!r} ({dtype})"
        for name, dtype in pairs
        if not (isinstance(dtype, np.dtype) and dtype.kind in "biufc")
    ]
