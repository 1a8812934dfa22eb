"""Promise: a position is a few words of JSON, and from there everything goes on bit for bit."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import samebytes as sb
from tests.engine.feeding import all_same, images, usual


def resumed(dataset, state):
    iterator = dataset.iterate(0)
    iterator.load_state_dict(json.loads(json.dumps(state)))
    return iterator


def states(dataset, epoch=2):
    """Return the state before each batch, and all batches."""
    iterator = dataset.iterate(epoch)
    found, batches = [iterator.state_dict()], []
    for batch in iterator:
        batches.append(batch)
        found.append(iterator.state_dict())
    return found, batches


@pytest.mark.parametrize("threads", [1, 3])
def test_at_every_batch_on_any_number_of_threads(threads):
    found, batches = states(usual(threads=2))
    for place, state in enumerate(found):
        again = resumed(usual(threads=threads).prefetch(threads), state)
        all_same(again, batches[place:])


def test_in_other_batch_sizes():
    found, batches = states(usual(batch=8))
    labels = np.concatenate([batch["label"] for batch in batches])
    pixels = np.concatenate([batch["image"] for batch in batches])
    for place, state in enumerate(found[:-1]):
        for size in (1, 5, 8, 100):
            again = list(resumed(usual(batch=size), state))
            assert len(again[0]["label"]) == min(size, 50 - 8 * place)
            np.testing.assert_array_equal(
                np.concatenate([b["label"] for b in again]), labels[8 * place :]
            )
            np.testing.assert_array_equal(
                np.concatenate([b["image"] for b in again]), pixels[8 * place :]
            )


def test_single_samples():
    dataset = sb.Dataset.from_tensor_slices({"n": np.arange(90)}).shuffle(seed=1)
    found, samples = states(dataset)
    for place in (0, 1, 31, 32, 33, 89, 90):
        all_same(resumed(dataset, found[place]), samples[place:])


def test_where_samplers_choose_among_batches():
    dataset = usual().shuffle(seed=8).repeat(2).skip(1)
    found, batches = states(dataset)
    for place, state in enumerate(found):
        all_same(resumed(dataset.with_options(threads=1), state), batches[place:])
    with pytest.raises(ValueError, match="counts batches, but this dataset counts samples"):
        usual().iterate(0).load_state_dict(found[1])
    with pytest.raises(ValueError, match="batch_size"):
        usual(batch=4).shuffle(seed=8).repeat(2).skip(1).iterate(0).load_state_dict(found[1])


def test_an_endless_dataset():
    dataset = usual().take(1).repeat()  # one batch, again and again
    iterator = dataset.iterate(0)
    for _ in range(5):
        next(iterator)
    again = resumed(dataset, iterator.state_dict())
    for _ in range(3):
        np.testing.assert_array_equal(next(again)["image"], next(iterator)["image"])
    again.close()
    iterator.close()


def test_in_the_middle_of_running():
    dataset = usual()
    found, batches = states(dataset, epoch=0)
    iterator = dataset.iterate(0)
    for place in np.random.default_rng(0).integers(0, len(batches), 20):
        iterator.load_state_dict(found[place])
        np.testing.assert_array_equal(next(iterator)["image"], batches[place]["image"])
    iterator.close()
    iterator.load_state_dict(found[2])  # and a closed one opens again
    all_same(iterator, batches[2:])


def test_another_plan_is_refused_naming_what_differs():
    state = usual().iterate(0).state_dict()
    for other, words in (
        (usual(count=60), r"component image: .*\(50, 12, 12, 3\).* then, .*\(60, 12, 12, 3\)"),
        (usual().map(sb.Rescaling(2.0)), "component image"),
        (sb.Dataset.from_tensor_slices(np.arange(50)).batch(8), "component label"),
    ):
        with pytest.raises(ValueError, match=words):
            other.iterate(0).load_state_dict(state)
    for nonsense in ({}, {**state, "version": 0}, None):
        with pytest.raises(ValueError, match="version"):
            usual().iterate(0).load_state_dict(nonsense)
    with pytest.raises(ValueError, match="position -1: expected an integer from 0"):
        usual().iterate(0).load_state_dict({**state, "position": -1})


def unseeded(batch=8, given=None):
    """Everything that draws: shuffles of samples and of batches, maps in the pass and behind it."""
    return (
        sb.Dataset.from_tensor_slices({"image": images(50), "label": np.arange(50)})
        .shuffle(seed=given)
        .take(40)
        .shuffle()
        .map(sb.RandomCrop(8, 6))
        .map(sb.RandomFlip(on=("image",)))
        .map(dict)
        .map(sb.RandomBrightness(0.2, on="image"))
        .batch(batch)
        .shuffle()
        .repeat(2)
    )


def test_seeds_that_were_drawn_are_taken_from_the_state():
    found, batches = states(unseeded())
    for place in (0, 1, 4, 5, 9, 10):
        again = resumed(unseeded(), found[place])
        assert again.state_dict() == found[place]
        all_same(again, batches[place:])
    # By the iterator alone: a dataset is what it was.
    dataset = unseeded()
    before = dataset.fingerprint()
    resumed(dataset, found[3]).close()
    assert dataset.fingerprint() == before


def test_they_are_taken_again_by_an_iterator_that_took_others():
    iterator = unseeded().iterate(0)
    for _ in range(3):
        found, batches = states(unseeded(), epoch=1)
        iterator.load_state_dict(found[2])
        all_same(iterator, batches[2:])


WINDOWED = {
    "one each stride": lambda: sb.TokenDataset(np.arange(500, dtype="uint16"), 8, stride=4),
    "drawn": lambda: sb.TokenDataset(np.arange(500, dtype="uint16"), 8, replacement=True),
    "windows": lambda: sb.Dataset.from_tensor_slices(np.arange(90)).window(4).shuffle(),
}


@pytest.mark.parametrize("make", WINDOWED.values(), ids=WINDOWED)
def test_those_of_windows_are_taken_too(make):
    iterator = make().batch(7).iterate(3)
    next(iterator)
    again = resumed(make().batch(5), iterator.state_dict())

    def every(batches):
        return np.concatenate(
            [batch[0] if isinstance(batch, tuple) else batch for batch in batches]
        )

    np.testing.assert_array_equal(every(again), every(iterator))


def test_a_dataset_keeps_its_drawn_seeds_in_a_pickle_and_may_still_take_others():
    found, batches = states(unseeded())
    dataset = pickle.loads(pickle.dumps(unseeded()))
    all_same(resumed(dataset, found[3]), batches[3:])
    drawn = unseeded()
    same = pickle.loads(pickle.dumps(drawn))
    assert (same, hash(same)) == (drawn, hash(drawn))
    assert drawn != unseeded()


@pytest.mark.parametrize("name", ["seed 5", "shuffle(seed=7)", "(seed 9, stream 0)", "\\0" + "3"])
def test_names_that_look_like_seeds_are_names(name):
    def make():
        dataset = sb.Dataset.from_tensor_slices({name: images(50)})
        return dataset.shuffle().map(dict).map(sb.RandomFlip(on=name)).batch(8)

    iterator = make().iterate(0)
    first = [batch[name].copy() for batch in iterator]
    again = resumed(make(), {**iterator.state_dict(), "position": 0})
    assert all((a[name] == b).all() for a, b in zip(again, first, strict=True))


def test_a_state_of_given_seeds_is_taken_where_none_are_given():
    found, batches = states(unseeded(given=2**64 - 1))
    all_same(resumed(unseeded(), found[2]), batches[2:])
    state = found[2]
    plan = {n: words.replace(str(2**64 - 1), str(2**64)) for n, words in state["plan"].items()}
    for other in (plan, {n: words.replace("seed=", "seed=0") for n, words in plan.items()}):
        with pytest.raises(ValueError, match="belongs to another plan"):
            unseeded().iterate(0).load_state_dict({**state, "plan": other})


@pytest.mark.parametrize("then", [None, 7])
def test_other_seeds_than_those_given_are_refused_in_words(then):
    state = usual(seed=then).iterate(0).state_dict()
    with pytest.raises(ValueError, match="Only seeds differ, and this dataset was given") as caught:
        usual(seed=8).iterate(0).load_state_dict(state)
    text = str(caught.value)
    assert "or pass none, and they are taken from the state" in text
    seed = re.search(r"seed=(\d+)", str(state["plan"]["samples"]))[1]
    assert f"samples: 'shuffle(seed={seed})' then, 'shuffle(seed=8)' now" in text
    # One that differs among others that are drawn: only it is told of.
    state = unseeded(given=1).iterate(0).state_dict()
    with pytest.raises(ValueError, match=r"to another plan:\n  samples: .*\nOnly seeds"):
        unseeded(given=2).iterate(0).load_state_dict(state)


def test_keras_layers_that_draw_their_own_seed(tmp_path):
    keras = pytest.importorskip("keras")

    def make(seed=None):
        layer = keras.layers.RandomCrop(8, 6, seed=seed)
        return sb.Dataset.from_tensor_slices(images(50)).map(layer).batch(8)

    iterator = make().iterate(0)
    state = iterator.state_dict()
    assert all((a == b).all() for a, b in zip(resumed(make(), state), list(iterator), strict=True))
    with pytest.raises(ValueError, match="Only seeds differ"):
        make(seed=5).iterate(0).load_state_dict(state)


UNSEEDED = """
import hashlib, json, sys
import numpy as np, samebytes as sb
images = np.random.default_rng(0).integers(0, 256, (50, 12, 12, 3), np.uint8)
ds = sb.Dataset.from_tensor_slices(images).shuffle().map(sb.RandomCrop(8, 8)).batch(8)
iterator = ds.iterate(5)
if len(sys.argv) > 1:
    iterator.load_state_dict(json.loads(sys.argv[1]))
else:
    next(iterator)
state = iterator.state_dict()
print(json.dumps(state))
print(hashlib.sha256(b"".join(batch.tobytes() for batch in iterator)).hexdigest())
"""


def test_in_another_process():
    def run(*state):
        command = [sys.executable, "-c", UNSEEDED, *state]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
        return done.stdout.splitlines()

    state, digest = run()
    assert run(state) == [state, digest]


# As version 0.1.0 wrote it before drawn seeds were taken from states.
OLD = {
    "version": 1,
    "epoch": 1,
    "position": 8,
    "counted_in": "samples",
    "plan": {
        "component 0": "uint8 (50, 12, 12, 3)"
        " → RandomCrop(8, 8) (seed 724308975240202252, stream 0)",
        "samples": "shuffle(seed=8812215282349624761)",
        "batches": "as it is",
        "batch_size": "8",
        "drop_remainder": "False",
        "after the pass": "",
    },
}


def test_states_of_old_are_taken():
    def make(*seeds):
        order, crop = seeds or (None, None)
        dataset = sb.Dataset.from_tensor_slices(images(50)).shuffle(seed=order)
        return dataset.map(sb.RandomCrop(8, 8), seed=crop).batch(8)

    seeded = make(8812215282349624761, 724308975240202252)
    expected = list(seeded.iterate(1))[1:]
    for dataset in (seeded, make()):
        found = list(resumed(dataset, OLD))
        assert len(found) == len(expected) == 6
        assert all((a == b).all() for a, b in zip(found, expected, strict=True))


CHILD = """
import hashlib, json, os, sys, time
from tests.engine.feeding import usual
path, threads = sys.argv[1], int(sys.argv[2])
iterator = usual(count=400, batch=4, threads=threads).iterate(1)
if os.path.exists(path + ".state"):
    iterator.load_state_dict(json.load(open(path + ".state")))
log = open(path + ".log", "a")
for batch in iterator:
    digest = hashlib.sha256(batch["image"].tobytes() + batch["label"].tobytes()).hexdigest()
    state = iterator.state_dict()
    print(state["position"], digest, file=log, flush=True)
    with open(path + ".new", "w") as file:
        json.dump(state, file)
    os.replace(path + ".new", path + ".state")
    time.sleep(0.002)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_at_random_and_resumed(tmp_path):
    path, log = str(tmp_path / "run"), tmp_path / "run.log"
    log.touch()
    expected = {}
    for number, batch in enumerate(usual(count=400, batch=4).iterate(1)):
        digest = hashlib.sha256(batch["image"].tobytes() + batch["label"].tobytes())
        expected[(number + 1) * 4] = digest.hexdigest()
    dice = np.random.default_rng(7)
    kills = 0
    for attempt in range(12):
        threads = attempt % 3 + 1
        child = subprocess.Popen([sys.executable, "-c", CHILD, path, str(threads)])
        if attempt < 3:
            before = log.stat().st_size
            while child.poll() is None and log.stat().st_size == before:
                time.sleep(0.005)
            time.sleep(dice.uniform(0.0, 0.06))
            child.kill()
        if child.wait(60) == 0:
            break
        kills += 1
    assert kills >= 2
    lines = [line.split() for line in log.read_text().splitlines()]
    lines = [line for line in lines if len(line) == 2]  # killed while it wrote one
    assert {int(position) for position, _ in lines} == set(expected)
    assert all(expected[int(position)] == digest for position, digest in lines)
