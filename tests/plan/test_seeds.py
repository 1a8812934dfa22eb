"""One seed for a whole dataset: what follows from it, what it leaves alone, and where it counts."""

import itertools
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

import samebytes as sb
from samebytes.plan.seeds import MAP_SEEDS, ORDER_SEEDS, DrawnSeed, derived_seed

IMAGES = np.arange(40 * 6 * 6 * 3, dtype=np.uint8).reshape(40, 6, 6, 3)
VERBS = {
    "seed": lambda ds: ds.seed(7),
    "shuffle": lambda ds: ds.shuffle(),
    "crop": lambda ds: ds.map(sb.RandomCrop(4, 4)),
    "flip": lambda ds: ds.map(sb.RandomFlip()),
}


def values(dataset, epoch=0):
    return np.concatenate(list(dataset.batch(16).iterate(epoch)))


def made(names):
    dataset = sb.Dataset.from_tensor_slices(IMAGES)
    for name in names:
        dataset = VERBS[name](dataset)
    return dataset


def test_one_seed_gives_every_run_the_same_elements_wherever_it_stands():
    wanted = made(["seed", "shuffle", "crop", "flip"])
    for names in itertools.permutations(VERBS):
        if names.index("crop") < names.index("flip"):
            assert made(names).fingerprint() == wanted.fingerprint()
            np.testing.assert_array_equal(values(made(names)), values(wanted))
    assert (values(wanted, 0) != values(wanted, 1)).any()


def test_what_was_given_a_seed_keeps_it():
    source = sb.Dataset.from_tensor_slices(IMAGES)
    given = source.shuffle(seed=3).map(sb.RandomCrop(4, 4, seed=4)).map(sb.RandomFlip(), seed=5)
    assert given.seed(7).fingerprint() == given.fingerprint()
    assert source.seed(7).shuffle(seed=3).fingerprint() == source.shuffle(seed=3).fingerprint()
    # What stands beside it has the same seed as without it.
    mixed = source.shuffle(seed=3).shuffle().seed(7).samples
    assert mixed.parent.seed == 3
    assert mixed.seed == source.shuffle().shuffle().seed(7).samples.seed


def test_every_shuffle_and_transform_has_a_seed_of_its_own():
    dataset = made(["shuffle", "shuffle", "flip", "crop", "seed"]).batch(4).shuffle()
    seeds = [dataset.samples.seed, dataset.samples.parent.seed, dataset.batches.seed]
    seeds += [call.seed for call in dataset.maps]
    assert len(set(seeds)) == 5
    assert not any(isinstance(seed, DrawnSeed) for seed in seeds)


def test_another_seed_takes_the_place_of_one():
    again = made(["shuffle", "flip", "seed"]).seed(8)
    assert again.fingerprint() == made(["shuffle", "flip"]).seed(8).fingerprint()
    assert again.fingerprint() != made(["shuffle", "flip", "seed"]).fingerprint()


def test_phases_of_windows_follow_from_it_as_well():
    tokens = np.arange(500, dtype=np.uint16)
    one, two = (sb.TokenDataset(tokens, 8).seed(0) for _ in range(2))
    assert one.fingerprint() == two.fingerprint()
    assert one.windows.phase_seed != one.samples.seed


def test_processes_with_one_seed_make_one_batch():
    dataset = made(["shuffle", "flip", "crop"])
    with pytest.raises(ValueError, match=r"Give the dataset one seed, ds\.seed\(0\), or every"):
        next(iter(dataset.batch(8).distribute(2, 0)))
    whole = list(dataset.seed(0).batch(8))
    parts = [list(dataset.seed(0).batch(8).distribute(2, rank)) for rank in range(2)]
    for batch, *slices in zip(whole, *parts, strict=True):
        np.testing.assert_array_equal(batch, np.concatenate(slices))


def test_seeds_are_the_same_for_good():
    # States name them: another number would refuse the states that people have.
    assert derived_seed(0, ORDER_SEEDS, 0) == 4_478_390_462_337_751_910
    assert derived_seed(7, MAP_SEEDS, 3) == 3_697_014_640_377_529_712


def test_a_pickle_keeps_it():
    dataset = pickle.loads(pickle.dumps(made(["seed", "shuffle"])))
    assert dataset.fingerprint() == made(["seed", "shuffle"]).fingerprint()
    wanted = made(["seed", "shuffle", "flip"]).fingerprint()
    assert dataset.map(sb.RandomFlip()).fingerprint() == wanted


@pytest.mark.parametrize(
    ("seed", "error", "words"),
    [
        (-1, ValueError, r"seed -1: expected an integer from 0 to 2\*\*64 - 1"),
        (1 << 64, ValueError, r"expected an integer from 0 to 2\*\*64 - 1"),
        (0.5, TypeError, r"seed\(0\.5\): expected a whole number, got float"),
        (None, TypeError, r"seed\(None\): expected a whole number, got NoneType"),
    ],
)
def test_what_is_no_seed_is_refused(seed, error, words):
    with pytest.raises(error, match=words):
        made([]).seed(seed)


SCRIPT = """
import json, sys
import numpy as np
import samebytes as sb
x = np.arange(40 * 6 * 6 * 3, dtype=np.uint8).reshape(40, 6, 6, 3)
ds = sb.Dataset.from_tensor_slices(x).shuffle().map(sb.RandomCrop(4, 4)).map(sb.RandomFlip())
it = ds.batch(8).iterate(0)
if len(sys.argv) > 1:
    it.load_state_dict(json.loads(sys.argv[1]))
next(it)
print(json.dumps([it.state_dict(), [batch.tolist() for batch in it]]))
"""


def test_a_state_of_an_unseeded_dataset_goes_on_in_another_process():
    def run(*state):
        command = [sys.executable, "-c", SCRIPT, *state]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    state, rest = run()
    _, one_later = run(json.dumps(state))
    assert one_later == rest[1:]
    iterator = made(["shuffle", "crop", "flip"]).batch(8).iterate()
    iterator.load_state_dict(state)  # and in this one, which drew seeds of its own
    assert [batch.tolist() for batch in iterator] == rest
