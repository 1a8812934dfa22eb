"""Files that are not what they should be, made by hand."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

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


class Malicious:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self.path, "w")
