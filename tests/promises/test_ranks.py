"""Promise: what a rank saved any number of ranks continue, sample for sample."""

from __future__ import annotations

import json

import pytest

from tests.promises.killed_ranks import BATCH, EPOCHS, REMAINDER, dataset, noted


@pytest.fixture(scope="module")
def alone():
    """Return what one process gets that nobody kills, by epoch and position."""
    found = {}
    for epoch in range(EPOCHS):
        with dataset().distribute(1, 0, REMAINDER).iterate(epoch) as batches:
            place = batches.state_dict()
            for batch in batches:
                found[epoch, place["position"]] = noted(batch)
                place = batches.state_dict()
    return found


def batches_in(folder, count):
    """Return the global batches that all of some ranks have noted, by epoch and position."""
    notes = [
        [
            json.loads(line)
            for line in path.read_text().splitlines(keepends=True)
            if line[-1] == "\n"
        ]
        for path in sorted(folder.glob("notes-*"))
    ]
    if len(notes) < count:
        return {}
    found = {}
    for step in zip(*notes, strict=False):
        ((epoch, position),) = {(epoch, position) for epoch, position, _ in step}
        found[epoch, position] = [sample for *_, samples in step for sample in samples]
    return found


def test_killed_ranks_are_continued_by_any_number(alone, run_with_tensorflow, tmp_path):
    done = run_with_tensorflow("tests.promises.killed_ranks", tmp_path, 0)
    assert done.returncode == 0, done.stderr
    rounds = sorted(tmp_path.iterdir())
    assert len(rounds) == 6  # the last of which nobody killed
    seen = {}
    for folder in rounds:
        for place, samples in batches_in(folder, int(folder.name[4:])).items():
            assert samples == alone[place]  # those that are done twice, too
            seen[place] = samples
    assert seen == alone
    assert all(len(samples) == BATCH for samples in seen.values())
