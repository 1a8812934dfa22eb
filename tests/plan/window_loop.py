"""Windows by a plain Python loop over the rows of each group: what the arithmetic must equal."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def windows_by_loop(
    groups: Sequence[Array],
    length: int,
    stride: int = 1,
    rate: int = 1,
    horizon: int | None = None,
    offset: int | None = None,
    columns: Any = None,
    align: str = "right",
    padding: str | None = None,
    value: Any = 0,
) -> tuple[Array, Array | None]:
    """Return (windows, targets) of lists of rows; targets is None without a horizon."""
    offset = rate if offset is None else offset
    xs, ys = [], []
    for group in groups:
        shown = [t * rate for t in range(length)]
        if horizon is None:
            wanted: list[list[int]] = [[]]
        elif align == "right":
            wanted = [[shown[-1] + offset + h * rate for h in range(horizon)]]
        else:
            wanted = [[row + offset + h * rate for h in range(horizon)] for row in shown]
        span = max([shown[-1], *(row for some in wanted for row in some)]) + 1
        starts = list(range(0, len(group) - span + 1, stride))
        if len(group) < span:
            starts = [0] if padding and len(group) else []
        for start in starts:
            missing = max(span - len(group), 0) if padding == "left" else 0

            def row(k: int, group: Array = group, at: int = start - missing) -> Array:
                inside = 0 <= at + k < len(group)
                return group[at + k] if inside else np.full_like(group[0], value)

            xs.append([row(k) for k in shown])
            if horizon is not None:
                found = np.array([[row(k) for k in some] for some in wanted])
                found = found if columns is None else found[..., columns]
                if horizon == 1:
                    found = found[:, 0]
                ys.append(found if align == "each" else found[0])
    return np.array(xs), (None if horizon is None else np.array(ys))
