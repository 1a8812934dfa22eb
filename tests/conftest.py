"""What every test gets: arrays at an alignment of its choosing, and TensorFlow kept quiet."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

MakeArray = Callable[..., npt.NDArray[Any]]


@pytest.fixture
def array_at() -> MakeArray:
    """Give a maker of plain ndarrays whose first byte lies `past` a multiple of 64."""

    def make(past: int, shape: tuple[int, ...], dtype: Any = np.float32) -> npt.NDArray[Any]:
        kind = np.dtype(dtype)
        nbytes = int(np.prod(shape)) * kind.itemsize
        room = np.zeros(nbytes + 128, np.uint8)
        start = (past - room.ctypes.data) % 64
        return room[start : start + nbytes].view(kind).reshape(shape)

    return make
