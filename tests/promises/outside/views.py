"""A formatter from outside: elements as memoryviews on the pooled bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from samebytes.engine.formatting import Formatter, register
from samebytes.plan.tree import flatten


def element(arrays: Any) -> Any:
    """Return an element with a memoryview on the bytes of each array."""
    leaves, structure = flatten(arrays)
    return structure.rebuild([np.asarray(leaf).data for leaf in leaves])


def rows(batch: Any, count: int) -> list[Any]:
    """Return the samples of a batch, each with views of its own."""
    leaves, structure = flatten(batch)
    return [
        structure.rebuild([np.asarray(leaf[row]).data for leaf in leaves]) for row in range(count)
    ]


VIEWS = Formatter("views", element, rows)
register(VIEWS)
