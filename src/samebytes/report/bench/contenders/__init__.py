"""Who takes part: this library and its peers, a file a family."""

from __future__ import annotations

from samebytes.report.bench.contender import Contender
from samebytes.report.bench.contenders import (
    dali,
    grain,
    keras,
    numpy,
    samebytes,
    tensorflow,
    torch,
)

__all__ = ["CONTENDERS"]

CONTENDERS: tuple[Contender, ...] = (
    *samebytes.CONTENDERS,
    *tensorflow.CONTENDERS,
    *keras.CONTENDERS,
    *torch.CONTENDERS,
    *grain.CONTENDERS,
    *dali.CONTENDERS,
    *numpy.CONTENDERS,
)
"""Ours first, as results are shown."""
