"""Bytes, times and long texts in words."""

from __future__ import annotations

import numpy as np
import pytest

from samebytes.memory.text import (
    as_bytes_text,
    as_time_text,
    bytes_in_words,
    dtype_in_words,
    shortened,
)


def test_bytes_to_the_last_one():
    assert [bytes_in_words(n) for n in (0, 1, 4096)] == ["0 bytes", "1 byte", "4,096 bytes"]
    assert bytes_in_words(10**5000) == "more bytes than a computer can address"


def test_what_is_long_is_cut_to_its_width():
    assert shortened("a\nb") == "a b"
    assert shortened("x" * 500, 10) == "xxxxxxx..."
    many = np.dtype([(f"field{number}", "f4") for number in range(99)])
    assert len(dtype_in_words(many)) == 80
    assert dtype_in_words(np.dtype(">f4")) == ">f4"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0.0004, "0.000 ms"), (0.5, "0.500 ms"), (1, "1.0 ms"), (99.9, "99.9 ms"), (100, "100 ms")],
)
def test_times_have_the_digits_that_mean_something(milliseconds, text):
    assert as_time_text(milliseconds) == text


def test_each_function_is_one_object_wherever_it_is_imported_from():
    from samebytes.share import layout

    assert layout.as_bytes_text is as_bytes_text


@pytest.mark.parametrize(
    ("nbytes", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (786_432_000, "786.4 MB"),
        (4e9, "4.0 GB"),
        (1.5e12, "1.5 TB"),
        (2e15, "2000.0 TB"),
    ],
)
def test_sizes_are_written_in_decimal_units(nbytes, text):
    assert as_bytes_text(nbytes) == text
