"""Files that are not what they should be, made by hand."""

import io
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.ipc

MODES = ("r", "r+", "c")


def npy_bytes(array: npt.NDArray[Any], **options: Any) -> bytes:
    target = io.BytesIO()
    np.lib.format.write_array(target, array, **options)
    return target.getvalue()


def npy_with_header(
    header: str | bytes, data: bytes = b"", version: tuple[int, int] = (1, 0)
) -> bytes:
    text = header if isinstance(header, bytes) else header.encode()
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text + data


def header_of(*, descr: str = "'<f4'", fortran_order: str = "False", shape: str = "(2,)") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {fortran_order}, 'shape': {shape}, }}\n"


def safetensors_bytes(header: Mapping[str, object], data: bytes = b"", pad: int = 0) -> bytes:
    """A file whose data begins `pad` bytes past a multiple of 8."""
    text = json.dumps(header).encode()
    text += b" " * ((pad - len(text)) % 8)
    return struct.pack("<Q", len(text)) + text + data


def arrow_bytes(
    columns: Mapping[str, Any], rows: int | None = None, *, stream: bool = False, **options: Any
) -> bytes:
    """A table as an Arrow file of record batches of so many rows; 2-D columns as lists."""
    made = {
        name: pa.FixedSizeListArray.from_arrays(pa.array(column.ravel()), column.shape[1])
        if isinstance(column, np.ndarray) and column.ndim == 2
        else column
        for name, column in columns.items()
    }
    table, target = pa.table(made), io.BytesIO()
    writer = pa.ipc.new_stream if stream else pa.ipc.new_file
    with writer(target, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as file:
        for batch in table.to_batches(max_chunksize=rows):
            file.write_batch(batch)
    return target.getvalue()


def hdf5_bytes(**datasets: npt.ArrayLike) -> bytes:
    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        for name, values in datasets.items():
            file[name] = values
    return target.getvalue()


class Malicious:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self.path, "w")
