import json

import pytest

from samebytes.compare.comparison import SCHEMA, Outcome, fitting_bytes, measure_in_child
from samebytes.compare.way import Given, Kind, Way
from samebytes.compare.ways import WAYS

# Copies show up far above this, at 8 MB of data; what a thread or an iterator takes, below.
LITTLE = 2_000_000

EXPECTED = {
    "tf-constant": Outcome.COPIED,
    "tf-convert": Outcome.COPIED,
    "tnp-asarray": Outcome.COPIED,
    "tf-convert-memoryview": Outcome.REFUSED,
    "memoryview-slice": Outcome.REFUSED,
    "tf-convert-slice": Outcome.COPIED,
    "tf-data": Outcome.COPIED,
    "dlpack-ordinary": Outcome.KILLED,
    "dlpack-read-only": Outcome.REFUSED,
    "as-tensor-aligned": Outcome.SHARED,
    "as-tensor-mapped": Outcome.SHARED,
    "as-tensor-memoryview": Outcome.SHARED,
    "as-array-slice": Outcome.SHARED,
    "as-tensor-slice": Outcome.COPIED,
    "as-tensor-ordinary": Outcome.COPIED,
    "unchanged-convert": Outcome.SHARED,
    "unchanged-data-bare": Outcome.SHARED,
    "unchanged-data": Outcome.SHARED,
    "unchanged-constant": Outcome.COPIED,
    "back-numpy": Outcome.COPIED,
    "back-as-array": Outcome.SHARED,
}


@pytest.fixture(scope="module")
def rows(comparison):
    return {row.way.key: row for row in comparison.rows}


def test_every_way_is_there(rows):
    assert list(rows) == list(EXPECTED) == [way.key for way in WAYS]


@pytest.mark.timeout(200)
def test_every_way_ends_as_it_must(rows):
    assert {key: row.outcome for key, row in rows.items()} == EXPECTED


def test_what_shares_takes_no_memory(rows):
    extra = {
        key: rows[key].trial.extra_bytes
        for key, outcome in EXPECTED.items()
        if outcome is Outcome.SHARED and key != "unchanged-data"
    }
    assert max(extra.values()) < LITTLE, extra


def test_what_copies_takes_what_it_copied(rows):
    for key in ("tf-constant", "tf-convert", "tnp-asarray", "tf-data", "unchanged-constant"):
        trial = rows[key].trial
        assert trial.extra_bytes > 0.9 * trial.nbytes, key


def test_one_gather_takes_its_own_bytes(rows):
    for key in ("as-tensor-slice", "as-tensor-ordinary"):
        trial = rows[key].trial
        assert trial.nbytes <= trial.extra_bytes < trial.nbytes + LITTLE, key


def test_the_rewriting_of_tf_data_costs_a_copy(rows):
    assert rows["unchanged-data"].trial.extra_bytes > 0.9 * rows["unchanged-data"].trial.nbytes


def test_what_gives_a_tensor_keeps_the_shape(rows):
    trials = [row.trial for row in rows.values() if row.trial and row.trial.shape]
    assert len(trials) > len(rows) / 2
    assert all(trial.shape == trial.expected_shape for trial in trials)


def test_plain_dlpack_of_an_ordinary_array_kills_the_process(rows):
    assert rows["dlpack-ordinary"].detail == "SIGABRT"


@pytest.mark.parametrize(
    ("key", "error"),
    [("memoryview-slice", "NotImplementedError"), ("dlpack-read-only", "BufferError")],
)
def test_refusals_say_why(rows, key, error):
    assert rows[key].detail.startswith(f"{error}: ")


def test_json_holds_every_fact(comparison):
    facts = json.loads(comparison.as_json())
    assert facts["schema"] == SCHEMA
    assert set(facts["machine"]["versions"]) == {"Python", "NumPy", "TensorFlow", "samebytes"}
    rows = {row["key"]: row for row in facts["rows"]}
    assert rows["dlpack-ordinary"]["survived"] is False
    assert rows["as-tensor-aligned"]["outcome"] == "shared"
    assert rows["as-tensor-aligned"]["first_milliseconds"] > 0
    names = {frozenset(row) for row in rows.values()}
    assert len(names) == 1


def test_a_child_that_fails_is_a_row_too():
    unknown = Way("no-such-key", Kind.STOCK, "?", Given("?", lambda _: None), lambda _, x: x)
    row = measure_in_child(unknown, 1)
    assert row.outcome is Outcome.FAILED
    assert "StopIteration" in row.detail


def test_takes_what_was_asked_for_where_it_fits():
    assert fitting_bytes(1000) == (1000, "")
    nbytes, remark = fitting_bytes(10**18)
    assert nbytes < 10**18
    assert "instead of" in remark
