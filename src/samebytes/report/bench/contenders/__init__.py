"""Who takes part: this library and its peers, a file a family."""

from __future__ import annotations

from dataclasses import replace

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

# Variants of what is measured anyway; each costs an import of TensorFlow, the most of a short run.
_NOT_ALWAYS = frozenset(
    {
        ("images", "tf-data-shared"),
        ("images", "keras-pydataset"),
        ("windows", "samebytes-to-tf"),
        ("fit", "keras-pydataset"),
        ("fit", "samebytes-to-keras"),
    }
)

_ALL = (
    *samebytes.CONTENDERS,
    *tensorflow.CONTENDERS,
    *keras.CONTENDERS,
    *torch.CONTENDERS,
    *grain.CONTENDERS,
    *dali.CONTENDERS,
    *numpy.CONTENDERS,
)

CONTENDERS: tuple[Contender, ...] = tuple(
    replace(each, always=(each.job, each.key) not in _NOT_ALWAYS) for each in _ALL
)
"""Ours first, as results are shown."""
