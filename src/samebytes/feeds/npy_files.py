"""A folder of ``.npy`` files, one a component: what an epoch is, written once."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.element_spec import ArraySpec
from samebytes.plan.tree import flatten

__all__ = ["DESCRIPTION", "save"]

DESCRIPTION = "dataset.json"
"""The file that says how the components nest."""

BYTES_AT_A_TIME = 16 << 20
MOST_AT_A_TIME = 4096
"""Samples that are made, and written, together: so many, or about so many bytes of them."""


class _Component:
    """A file that rows are added to; how many there are, its header says at the end."""

    def __init__(self, path: Path, spec: ArraySpec) -> None:
        self.path = path
        self.spec = spec
        self.rows = 0
        # What NumPy's format does not know is written as bits, and named beside it.
        plain = spec.dtype.kind != "V" or spec.dtype.names is not None
        self.stored = spec.dtype if plain else np.dtype(f"u{spec.dtype.itemsize}")
        self.file: IO[bytes] = path.open("wb")
        self._write_header()

    def _write_header(self) -> None:
        # NumPy leaves room for the first axis to grow, so that each header is as long.
        header = {
            "shape": (self.rows, *self.spec.shape[1:]),
            "fortran_order": False,
            "descr": np.lib.format.dtype_to_descr(self.stored),
        }
        self.file.seek(0)
        np.lib.format.write_array_header_1_0(self.file, header)

    def write(self, rows: npt.NDArray[Any]) -> None:
        """Add rows."""
        self.file.write(np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data)
        self.rows += len(rows)

    def end(self) -> None:
        """Say how many there are, and see to it that the disk has them."""
        self._write_header()
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()


def save(dataset: Any, path: str | os.PathLike[str], epoch: int) -> None:
    """Write the samples of an epoch of a dataset to a new folder, whole or not at all.

    Raises
    ------
    FileExistsError
        If there is something at `path`.
    ValueError
        If the dataset is endless, or samples differ in shape.
    """
    target = Path(path).absolute()
    if target.exists() or target.is_symlink():
        message = f"save: there is something at {target} already; choose another path"
        raise FileExistsError(message)
    if dataset.length is None:
        message = "save: this dataset never ends; take(n) gives a part that does"
        raise ValueError(message)
    if dataset.batch_size is None:
        nbytes = sum(component.sample_bytes for component in dataset.plan.components)
        dataset = dataset.batch(max(1, min(BYTES_AT_A_TIME // max(nbytes, 1), MOST_AT_A_TIME)))
    specs, structure = flatten(dataset.element_spec)
    names = _file_names(structure.names)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        with contextlib.ExitStack() as files:
            made = [
                _Component(folder / name, spec) for name, spec in zip(names, specs, strict=True)
            ]
            for one in made:
                files.callback(one.file.close)
            with dataset.with_format("numpy").iterate(epoch) as elements:
                for element in elements:
                    for one, rows in zip(made, flatten(element)[0], strict=True):
                        one.write(rows)
            for one in made:
                one.end()
        told = {
            "version": 1,
            "elements": _nested(structure.rebuild(names)),
            "dtypes": {name: spec.dtype.name for name, spec in zip(names, specs, strict=True)},
        }
        (folder / DESCRIPTION).write_text(json.dumps(told, indent=1))
        folder.chmod(0o755)
        folder.rename(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _file_names(names: Sequence[str]) -> list[str]:
    """Return a file's name for each component: its own, where that can be one.

    Examples
    --------
    >>> _file_names(["image", "0", "a/b"]), _file_names(["x", "X"])
    (['image.npy', '1.npy', '2.npy'], ['0.npy', '1.npy'])
    """
    apart = len({name.lower() for name in names}) == len(names)
    plain = [re.fullmatch(r"\w[\w.-]{0,99}", name, re.ASCII) is not None for name in names]
    return [
        f"{name if apart and fits and not name.isdigit() else place}.npy"
        for place, (name, fits) in enumerate(zip(names, plain, strict=True))
    ]


def _nested(names: Any) -> Any:
    """Return how components nest as JSON has it: a list for a tuple."""
    if isinstance(names, dict):
        return {str(key): _nested(value) for key, value in names.items()}
    return [_nested(one) for one in names] if isinstance(names, tuple) else names
