"""States that come from anywhere: taken, or refused in a sentence that names the key."""

from __future__ import annotations

import json
import re
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import samebytes as sb
from samebytes.engine.checkpoint import STATE

DATASET = sb.Dataset.from_tensor_slices(np.arange(100)).shuffle(seed=0).batch(8)
CHOSEN = DATASET.shuffle(seed=1)
STATE_OF = DATASET.iterate(3).state_dict()

deep = []
for _ in range(2 * sys.getrecursionlimit()):
    deep = [deep]

NONSENSE = [
    3.7, 3.0, "7", "", True, False, None, [], [1], deep, {}, {"a": 1}, b"7", object(), float("nan"),
    float("inf"), -1, -(1 << 70), 1 << 48, 1 << 70, 10**5000, np.float64(3), np.array([1, 2]),
]  # fmt: skip
INTEGER = "an integer from 0 to "


def refused(state, words, dataset=DATASET):
    iterator = dataset.iterate(0)
    with pytest.raises(ValueError, match=words) as caught:
        iterator.load_state_dict(state)
    assert len(str(caught.value)) < 500
    iterator.close()


@pytest.mark.parametrize(
    ("key", "expected"),
    [("epoch", INTEGER + "4,294,967,295"), ("position", INTEGER),
     ("counted_in", "'samples' or 'batches'"), ("version", "1")],
)  # fmt: skip
def test_wrong_values_are_refused_by_their_key(key, expected):
    for value in NONSENSE:
        words = rf"^this state has {key} .*: expected {re.escape(expected)}"
        refused({**STATE_OF, key: value}, words)


def test_wrong_plans_are_refused_by_their_key():
    for value in NONSENSE:
        if not isinstance(value, dict) or value == {"a": 1}:
            refused(
                {**STATE_OF, "plan": value}, "^this state has plan .*: expected a dict of strings"
            )
    for words in NONSENSE:
        if not isinstance(words, str):
            plan = {**STATE_OF["plan"], "samples": words}
            refused({**STATE_OF, "plan": plan}, "has plan of type dict: expected a dict of strings")
    for name in (7, None, (1, 2)):
        plan = {**STATE_OF["plan"], name: "words"}
        refused({**STATE_OF, "plan": plan}, "has plan of type dict: expected a dict of strings")
    for plan in ({}, {"a": "b"}, {k: v for k, v in STATE_OF["plan"].items() if k != "samples"}):
        refused({**STATE_OF, "plan": plan}, "belongs to another plan:\n(.*\n)*  samples: None then")


@pytest.mark.parametrize("key", STATE)
def test_missing_keys_are_named(key):
    state = {k: v for k, v in STATE_OF.items() if k != key}
    refused(state, f"^this state has no {key}: expected a dict with version, epoch, position")


def test_what_is_no_state_is_refused():
    for state in (v for v in NONSENSE if not isinstance(v, dict)):
        refused(
            state, "^this state is .*: expected a dict with version, epoch, position, counted_in"
        )


@pytest.mark.parametrize(
    ("dataset", "end"), [(DATASET, 100), (CHOSEN, 13), (DATASET.repeat(2), 26)]
)
def test_a_position_beyond_the_end_is_refused(dataset, end):
    state = dataset.iterate(0).state_dict()
    iterator = dataset.iterate(0)
    iterator.load_state_dict({**state, "position": end})
    assert list(iterator) == []
    unit = state["counted_in"]
    refused(
        {**state, "position": end + 1},
        f"^this state has position {end + 1}, but the dataset has {end} {unit}: expected an "
        f"integer from 0 to {end}$",
        dataset,
    )


@pytest.mark.parametrize("count", [1, 100])
def test_the_farthest_place_of_an_endless_dataset_is_reached(count):
    dataset = sb.Dataset.from_tensor_slices(np.arange(count)).shuffle(seed=0).repeat()
    for endless in (dataset, dataset.batch(8), dataset.shard(1000, 999).batch(8)):
        iterator = endless.iterate(0)
        farthest = {"position": (1 << 48) - 1, "epoch": (1 << 32) - 1}
        iterator.load_state_dict({**iterator.state_dict(), **farthest})
        found = np.atleast_1d(next(iterator))
        assert ((found >= 0) & (found < count)).all()
        iterator.close()


def test_integers_of_any_kind_are_taken():
    iterator = DATASET.iterate(0)
    for kind in (np.int64, np.uint8, np.array):
        iterator.load_state_dict({**STATE_OF, "epoch": kind(2), "position": kind(16)})
        found = iterator.state_dict()
        assert json.loads(json.dumps(found)) == {**STATE_OF, "epoch": 2, "position": 16}


def test_what_is_refused_changes_nothing():
    iterator = DATASET.iterate(0)
    first = next(iterator).tolist()
    for state in ({}, {**STATE_OF, "position": 101}, CHOSEN.iterate(0).state_dict()):
        with pytest.raises(ValueError, match=r"."):
            iterator.load_state_dict(state)
    assert [first, *(batch.tolist() for batch in iterator)] == [
        batch.tolist() for batch in DATASET.iterate(0)
    ]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([*STATE, "more"]), values)
def test_whatever_comes_is_refused_in_words_or_runs(key, value):
    iterator, refusal = DATASET.iterate(0), "this state "
    try:
        iterator.load_state_dict({**STATE_OF, key: value})
    except ValueError as error:
        refusal = str(error)
    left = 100 - iterator.state_dict()["position"]
    assert sum(map(len, iterator)) == left
    assert refusal.startswith("this state ")
