"""The transfer learning example runs as a user runs it, and prints what it promises to."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.conftest import EXAMPLES

pytest.importorskip("skimage")

INPUTS = ("samebytes", "tf.data")


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    # In a Python of its own: it sends what it measures, by pickle, from children of its own.
    done = subprocess.run(
        [sys.executable, EXAMPLES / "transfer_learning.py"],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        cwd=tmp_path_factory.mktemp("transfer"),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def row(printed, name):
    """Return the figures behind `name`, one an input."""
    (found,) = re.findall(rf"^{re.escape(name)}  +(\S.*)$", printed, re.MULTILINE)
    figures = re.findall(r"([\d,.]+)(?:%| MB)?(?:\s|$)", found)
    assert len(figures) == len(INPUTS), found
    return [float(figure.replace(",", "")) for figure in figures]


def test_a_column_is_headed_by_each_input(printed):
    assert tuple(printed.splitlines()[0].split()) == INPUTS


@pytest.mark.parametrize("name", ["accuracy with augmentation", "accuracy without"])
def test_what_was_learnt_is_far_better_than_chance(printed, name):
    chance = float(re.search(r"by chance it would be (\d+)%", printed)[1])
    for accuracy in row(printed, name):
        assert 2 * chance < accuracy <= 100


def test_both_inputs_are_timed(printed):
    assert all(rate > 0 for rate in row(printed, "images a second, the input alone"))


def test_both_inputs_are_weighed(printed):
    alone = row(printed, "peak memory, the input alone")
    everything = row(printed, "peak memory, training included")
    for least, most in zip(alone, everything, strict=True):
        assert 0 < least <= most


def test_what_augmentation_changed_is_told_for_each_round(printed):
    """The rounds' changes have the mean that the table's accuracies differ by."""
    (rounds,) = re.findall(r"means of (\d+) rounds", printed)
    told = re.findall(r"what augmentation changed with (\S+), a round: (.*) points", printed)
    assert tuple(way for way, _ in told) == INPUTS
    augmented, plain = (
        row(printed, name) for name in ("accuracy with augmentation", "accuracy without")
    )
    for (_, listed), more, less in zip(told, augmented, plain, strict=True):
        gains = [float(gain) for gain in listed.split(", ")]
        assert len(gains) == int(rounds)
        assert sum(gains) / len(gains) == pytest.approx(more - less, abs=0.2)  # all rounded
