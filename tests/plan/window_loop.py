"""Windows by a plain Python loop over the rows of each group: what the arithmetic must equal."""

import numpy as np


def windows_by_loop(
    groups,
    length,
    stride=1,
    rate=1,
    horizon=None,
    offset=None,
    columns=None,
    align="right",
    padding=None,
    value=0,
):
    """Return (windows, targets) of lists of rows; targets is None without a horizon."""
    offset = rate if offset is None else offset
    xs, ys = [], []
    for group in groups:
        shown = [t * rate for t in range(length)]
        if horizon is None:
            wanted = [[]]
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

            def row(k, group=group, at=start - missing):
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
