"""Who takes part: this library and its peers, a file a family."""

from __future__ import annotations

from benchmarks.peers.contender import Contender
from benchmarks.peers.contenders import (
    dali,
    grain,
    keras,
    numpy,
    samebytes,
    tensorflow,
    torch,
)

__all__ = ["CONTENDERS", "QUICK_CONTENDERS"]

# Variants of what is measured anyway; each costs an import of TensorFlow, the most of a short run.
_LEFT_OUT = frozenset(
    {
        ("images", "tf-data-shared"),
        ("images", "keras-pydataset"),
        ("windows", "samebytes-to-tf"),
        ("fit", "keras-pydataset"),
        ("fit", "samebytes-to-keras"),
    }
)

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

QUICK_CONTENDERS = tuple(each for each in CONTENDERS if (each.job, each.key) not in _LEFT_OUT)
