"""Promise: a position is a few words of JSON, and from there everything goes on bit for bit."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import samebytes as sb
from tests.engine.feeding import all_same, usual


def resumed(dataset, state):
    iterator = dataset.iterate(0)
    iterator.load_state_dict(json.loads(json.dumps(state)))
    return iterator


def states(dataset, epoch=2):
    """Give the state before each batch, and all batches."""
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


def test_where_verbs_choose_among_batches():
    dataset = usual().shuffle(seed=8).repeat(2).skip(1)
    found, batches = states(dataset)
    for place, state in enumerate(found):
        all_same(resumed(dataset.with_options(threads=1), state), batches[place:])
    with pytest.raises(ValueError, match="counts batches, this dataset samples"):
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
    with pytest.raises(ValueError, match="0 or more"):
        usual().iterate(0).load_state_dict({**state, "position": -1})


def test_other_seeds_are_refused_in_words_that_tell_them():
    state = usual(seed=None).iterate(0).state_dict()
    with pytest.raises(ValueError, match="Only seeds differ") as caught:
        usual(seed=None).iterate(0).load_state_dict(state)
    assert "seed=" in str(caught.value)
    seed = int(re.search(r"seed=(\d+)", str(state["plan"]["samples"]))[1])
    all_same(resumed(usual(seed=seed), state), list(usual(seed=seed).iterate(0)))


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
