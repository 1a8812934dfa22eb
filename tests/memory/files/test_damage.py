"""Damaged files of every kind give an array or one of our errors, never anything else."""

import io
import random
import sys

import numpy as np
import pytest

from samebytes.errors import SamebytesError
from samebytes.memory.files import open_file
from samebytes.memory.files.file_format import parts_of

from .support import MODES, arrow_bytes, hdf5_bytes, npy_bytes, safetensors_bytes


def _npz_bytes(save):
    target = io.BytesIO()
    save(target, a=np.arange(5), b=np.ones((2, 3), "u1,>f4"), c=np.array(["text"]))
    return target.getvalue()


WHOLE = {
    "plain": npy_bytes(np.arange(6.0).reshape(2, 3)),
    "fortran": npy_bytes(np.asfortranarray(np.ones((3, 2), ">i2")), version=(2, 0)),
    "structured": npy_bytes(np.zeros(3, [("é", "u1"), ("b", "f4", (2,))]), version=(3, 0)),
    "objects": npy_bytes(np.array([[1], "two"], dtype=object), allow_pickle=True),
    "npz": _npz_bytes(np.savez),
    "compressed": _npz_bytes(np.savez_compressed),
    "safetensors": safetensors_bytes(
        {
            "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
            "b": {"dtype": "BF16", "shape": [3], "data_offsets": [24, 30]},
        },
        bytes(range(30)),
    ),
    "arrow": arrow_bytes({"a": np.arange(6.0), "b": np.ones((6, 2), "u2")}, rows=4),
    "h5": hdf5_bytes(x=np.arange(6.0), records=np.ones((2, 3), "u1,>f4")),
    "compressed arrow": arrow_bytes({"a": np.arange(600.0)}, compression="zstd"),
}


def damaged(whole, draw):
    content = bytearray(whole)
    # Most of the damage where it matters: in headers, and in the directory at the end.
    places = (range(min(len(content), 140)), range(len(content)), range(-200, 0))
    for _ in range(draw.randint(1, 4)):
        place = draw.choice(draw.choice(places)) % len(content)
        kind = draw.randrange(5)
        if kind == 0:
            content[place] ^= 1 << draw.randrange(8)
        elif kind == 1:
            content[place] = draw.randrange(256)
        elif kind == 2:
            content[place] = draw.choice(b"0123456789L-,()[]{}'\"\\OTVSU<>|#\n \0\xff")
        elif kind == 3:
            del content[place : place + draw.randint(1, 3)]
        elif draw.randrange(4) == 0:
            del content[place + 1 :]
        if not content:
            break
    return bytes(content)


@pytest.mark.parametrize("kind", WHOLE)
def test_damaged_files(tmp_path, kind):
    draw = random.Random(f"samebytes {kind}")  # noqa: S311 - the same damage in every run
    path = tmp_path / "damaged"
    refusals, count_opened = [], 0
    for step in range(2000):
        content = damaged(WHOLE[kind], draw)
        path.write_bytes(content)
        try:
            opened = open_file(path, mode=MODES[step % 3])
        except SamebytesError as error:
            refusals.append(str(error))
            continue
        named = opened.values() if isinstance(opened, dict) else [opened]
        for array in (part for each in named for part in parts_of(each)):
            assert type(array) is np.ndarray
            assert not array.dtype.hasobject
            assert sys.getsizeof(array.tobytes()) <= len(content) + 100
        count_opened += 1
    assert refusals
    assert all(str(path) in refusal and len(refusal) < 1500 for refusal in refusals)
    assert count_opened or kind in ("objects", "compressed", "compressed arrow")


@pytest.mark.parametrize("kind", WHOLE)
def test_every_truncation(tmp_path, kind):
    path = tmp_path / "cut"
    for length in range(len(WHOLE[kind])):
        path.write_bytes(WHOLE[kind][:length])
        with pytest.raises(SamebytesError, match="cut"):
            open_file(path)
