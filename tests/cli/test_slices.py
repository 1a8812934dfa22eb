import re

import numpy as np
import pytest

from samebytes.cli.slices import parse_slice


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("3", np.s_[3,]),
        ("-1", np.s_[-1,]),
        (":", np.s_[:,]),
        ("10:20, :, ::2", np.s_[10:20, :, ::2]),
        ("::-1", np.s_[::-1,]),
        ("5:", np.s_[5:,]),
        (":-5", np.s_[:-5,]),
        (" 1 : 2 : 3 ", np.s_[1:2:3,]),
        ("..., 0", np.s_[..., 0]),
        ("None, :", np.s_[None, :]),
        (":, newaxis", np.s_[:, np.newaxis]),
        ("+2, np.newaxis", np.s_[2, np.newaxis]),
    ],
)
def test_reads_what_numpy_reads(text, index):
    assert parse_slice(text) == index


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing before, after or between"),
        ("1,", "nothing before, after or between"),
        (",1", "nothing before, after or between"),
        ("a", "'a' is not part of a slice"),
        ("1.5", "'1.5' is not part of a slice"),
        ("[1:2]", "'[1:2]' is not part of a slice"),
        ("1:b", "'1:b' is not part of a slice"),
        ("--1", "'--1' is not part of a slice"),
        ("1_000", "'1_000' is not part of a slice"),
        ("٣", "is not part of a slice"),
        ("__import__('os')", "is not part of a slice"),
        ("1" * 40, "is not part of a slice"),
        ("1:2:3:4", "'1:2:3:4' has 4 bounds"),
        ("::0", "has a step of 0"),
        ("..., ...", "more than one '...'"),
    ],
)
def test_refuses_everything_else(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_slice(text)
