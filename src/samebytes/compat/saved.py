"""`load`: the way back from `Dataset.save`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from samebytes.dataset import Dataset
from samebytes.errors import FileError
from samebytes.feeds.npy_files import DESCRIPTION
from samebytes.share.creation import open as open_file
from samebytes.share.dtypes import as_dtype

__all__ = ["load"]


def load(path: str | os.PathLike[str]) -> Dataset:
    """Return the dataset that `Dataset.save` wrote to a folder, its files mapped; never copies.

    Raises
    ------
    FileError
        If it is no such folder.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> folder = getfixture("tmp_path") / "halves"
    >>> sb.Dataset.from_tensor_slices(np.arange(4.0)).map(sb.Rescaling(0.5)).save(folder)
    >>> [float(x) for x in sb.load(folder).skip(2)]
    [1.0, 1.5]
    """
    folder = Path(path)
    described = folder / DESCRIPTION
    try:
        told = json.loads(described.read_text())
        elements, dtypes = told["elements"], told["dtypes"]
    except (OSError, ValueError, KeyError, TypeError) as failure:
        message = (
            f"{folder} is no folder that Dataset.save wrote: {described.name} is not there, or "
            "cannot be read"
        )
        raise FileError(message) from failure

    def opened(nested: Any) -> Any:
        if isinstance(nested, dict):
            return {name: opened(value) for name, value in nested.items()}
        if isinstance(nested, list):
            return tuple(map(opened, nested))
        array: Any = open_file(folder / nested)
        dtype = as_dtype(dtypes[nested]) if array.dtype.kind == "u" else array.dtype
        return array if array.dtype == dtype else array.view(dtype)

    return Dataset.from_tensor_slices(opened(elements))
