"""The same bytes from the same plan and state, whatever becomes of the source.

The digests were recorded before the source was moved to the house it lives in, and the states by
the release 0.1.0: both have to hold for as long as a state of that version is promised to load.
To record anew, on purpose: ``PYTHONPATH=src:tests python -m promises.test_golden``.
"""

import hashlib
import json
from itertools import islice
from pathlib import Path

import numpy as np
import optree
import pytest

from tests.promises.golden_plans import plans

FOLDER = Path(__file__).parent / "golden"
STATES = json.loads((FOLDER / "states-0.1.0.json").read_text())
DIGESTS_FILE = FOLDER / "digests.json"


def digest(elements):
    """What all bytes, dtypes and shapes of some elements come to."""
    total = hashlib.sha256()
    for leaf in optree.tree_leaves(elements):
        array = np.ascontiguousarray(leaf)
        total.update(f"{array.dtype.str} {array.shape};".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def whole_epoch(dataset):
    with dataset.iterate(3) as batches:
        return digest(list(batches))


def after_two(dataset):
    with dataset.iterate(3) as batches:
        return digest(list(islice(batches, 2, None)))


@pytest.mark.parametrize("name", STATES)
def test_an_epoch_has_the_bytes_that_were_recorded(name):
    recorded = json.loads(DIGESTS_FILE.read_text())
    assert whole_epoch(plans()[name]) == recorded[name]["epoch"]


@pytest.mark.parametrize("name", STATES)
def test_a_state_of_0_1_0_goes_on_with_the_bytes_that_were_recorded(name):
    recorded = json.loads(DIGESTS_FILE.read_text())
    with plans()[name].iterate() as batches:
        batches.load_state_dict(STATES[name])
        assert digest(list(batches)) == recorded[name]["after two"]


def test_every_plan_has_a_state_and_digests():
    assert plans().keys() == STATES.keys() == json.loads(DIGESTS_FILE.read_text()).keys()


if __name__ == "__main__":
    found = {
        name: {"epoch": whole_epoch(dataset), "after two": after_two(dataset)}
        for name, dataset in plans().items()
    }
    DIGESTS_FILE.write_text(json.dumps(found, indent=1) + "\n")
