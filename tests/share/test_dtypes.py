"""Dtypes under all their names."""

from __future__ import annotations

import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest

from samebytes.share.dtypes import as_dtype

ML_DTYPES = ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3b11fnuz", "int4", "uint4"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("float32", "<f4"),
        (">f4", ">f4"),
        ("U3", "<U3"),
        (np.int8, "|i1"),
        (float, "<f8"),
        (bool, "|b1"),
        ("M8[s]", "<M8[s]"),
    ],
)
def test_numpys_names_mean_what_they_mean_to_numpy(name, expected):
    assert as_dtype(name).str == expected


def test_dtypes_are_given_back_as_they_are():
    for dtype in (np.dtype(">c16"), np.dtype([("a", "u1")]), np.dtype(ml_dtypes.bfloat16)):
        assert as_dtype(dtype) is dtype


@pytest.mark.parametrize("name", ML_DTYPES)
def test_names_of_ml_dtypes_work_as_text_as_class_and_as_dtype(name):
    expected = np.dtype(getattr(ml_dtypes, name))
    assert as_dtype(name) == expected
    assert as_dtype(getattr(ml_dtypes, name)) == expected
    assert as_dtype(expected) == expected


def test_the_first_use_of_such_a_name_needs_no_import_before_it():
    script = (
        "import sys, samebytes as sb; assert 'ml_dtypes' not in sys.modules;"
        "print(sb.empty(2, 'bfloat16').dtype.name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "bfloat16\n"


@pytest.mark.parametrize(
    "name",
    ["float32", "bfloat16", "half", "int4", "uint4", "bool", "complex128", "uint64"],
)
def test_tensorflows_dtypes_become_numpys(name):
    tf = pytest.importorskip("tensorflow")
    dtype = getattr(tf, name, None) or tf.as_dtype(name)
    found = as_dtype(dtype)
    assert isinstance(found, np.dtype)
    assert tf.as_dtype(found) == dtype


@pytest.mark.parametrize("name", ["float31", "finfo", "", "bfloat17"])
def test_what_nobody_knows_is_a_type_error(name):
    with pytest.raises(TypeError):
        as_dtype(name)
