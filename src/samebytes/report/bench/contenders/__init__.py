"""Who takes part: this library and its peers, a file a family."""

from __future__ import annotations

from samebytes.report.bench.contender import Contender
from samebytes.report.bench.contenders import samebytes, tensorflow

__all__ = ["CONTENDERS"]

CONTENDERS: tuple[Contender, ...] = (*samebytes.CONTENDERS, *tensorflow.CONTENDERS)
"""Ours first, as results are shown."""
