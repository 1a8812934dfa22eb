"""One process's part of a training: the parts together are what one process alone is given."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from tests.engine.feeding import all_same, images, usual

import samebytes as sb
from samebytes.engine.checkpoint import resume
from samebytes.engine.iterator import Iterator


def joined(parts):
    """Return the batches of all processes, slice beside slice."""
    rows = list(zip(*parts, strict=True))
    return [{name: np.concatenate([p[name] for p in row]) for name in row[0]} for row in rows]


def parts_of(dataset, ranks, epoch=0, state=None, remainder="drop"):
    """Return what each process gets of an epoch, perhaps from a state on."""
    found = []
    for index in range(ranks):
        with dataset.distribute(ranks, index, remainder).iterate(epoch) as iterator:
            if state is not None:
                iterator.load_state_dict(json.loads(json.dumps(state)))
            found.append(list(iterator))
    return found


def functions(**options):
    """Functions of the user's run after the pass, on the slice that the process has."""
    return (
        sb.Dataset.from_tensor_slices({"image": images(50), "label": np.arange(50)})
        .shuffle(seed=3)
        .map(lambda e: {**e, "odd": e["label"] % 2})
        .map(sb.RandomCrop(8, 6), seed=1)
        .batch(8)
        .map(lambda batch: {**batch, "twice": 2 * batch["label"]})
        .with_options(**options)
    )


CHAINS = {
    "plain": lambda: usual(),
    "functions": functions,
    "take and skip": lambda: usual().skip(1).take(4),
    "repeat": lambda: usual().repeat(3),
    "shuffled batches": lambda: usual().shuffle(seed=5).repeat(2),
    "sharded batches": lambda: usual(batch=4).shard(2, 1),
    "repeated samples": lambda: (
        sb.Dataset.from_tensor_slices({"label": np.arange(13)}).shuffle(seed=3).repeat(3).batch(8)
    ),
}


@pytest.mark.parametrize("ranks", [1, 2, 4])
@pytest.mark.parametrize("chain", CHAINS)
def test_the_parts_are_the_batches_of_one_process(chain, ranks):
    dataset = CHAINS[chain]()
    for epoch in (0, 2):
        expected = list(dataset.distribute(1, 0).iterate(epoch))
        all_same(joined(parts_of(dataset, ranks, epoch)), expected)
    assert len(dataset.distribute(ranks, 0)) == len(expected)
    if chain in {"plain", "functions", "repeated samples"}:
        all_same(expected, list(dataset.iterate(2))[: len(expected)])


def test_before_and_behind_distribute_is_the_same():
    before = usual().shuffle(seed=5).repeat(2).skip(1).take(7)
    later = usual().distribute(2, 1).shuffle(seed=5).repeat(2).skip(1).take(7)
    assert before.distribute(2, 1) == later
    all_same(before.distribute(2, 1).iterate(0), later.iterate(0))


@pytest.mark.parametrize("chain", ["plain", "functions", "shuffled batches"])
def test_any_process_saves_and_any_number_continues(chain):
    dataset = CHAINS[chain]()
    whole = list(dataset.distribute(1, 0).iterate(1))
    for ranks in (1, 2, 4, 8):
        states = []
        for index in range(ranks):
            with dataset.distribute(ranks, index).iterate(1) as iterator:
                mine = [iterator.state_dict()]
                mine += [iterator.state_dict() for _ in iterator]
            states.append(mine)
        assert all(mine == states[0] for mine in states)  # nothing in them tells of a process
        assert len(states[0]) == len(whole) + 1
        for place in (0, 2, len(whole)):
            for others in (1, 2, 8):
                found = joined(parts_of(dataset, others, 0, states[-1][place]))
                all_same(found, whole[place:])


def test_a_state_goes_to_an_undistributed_dataset_and_back():
    whole = list(usual().iterate(0))
    with usual().distribute(4, 2).iterate(0) as iterator:
        next(iterator)
        state = iterator.state_dict()
    with usual().iterate(0) as alone:
        alone.load_state_dict(state)
        all_same([next(alone)], whole[1:2])
        all_same(joined(parts_of(usual(), 2, 0, alone.state_dict())), whole[2:6])


def test_a_state_of_other_batches_continues_at_the_sample_where_they_stopped():
    labels = np.concatenate([batch["label"] for batch in usual().iterate(0)])
    with usual(batch=5).iterate(0) as iterator:
        next(iterator)
        state = iterator.state_dict()
    found = joined(parts_of(usual(batch=8), 4, 0, state))
    assert np.concatenate([b["label"] for b in found]).tolist() == labels[5:45].tolist()
    with usual(batch=8).distribute(4, 1).iterate(0) as iterator:
        iterator.load_state_dict(state)
        assert [iterator.state_dict()["position"] for _ in iterator] == [13, 21, 29, 37, 45]


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_what_is_filled_up_has_weights_of_zero(ranks):
    dataset = usual(count=21)
    whole = list(dataset.iterate(0))
    parts = parts_of(dataset, ranks, remainder="pad")
    assert {len(mine) for mine in parts} == {3}
    assert {len(b["label"]) for mine in parts for b in mine} == {8 // ranks}
    last = joined(parts)[-1]
    assert last["weights"].tolist() == [1] * 5 + [0] * 3
    assert last["weights"].dtype == np.float32
    np.testing.assert_array_equal(last["image"][:5], whole[-1]["image"])
    np.testing.assert_array_equal(last["image"][5:], whole[0]["image"][:3])
    assert all((b["weights"] == 1).all() for mine in parts for b in mine[:-1])


def test_weights_come_behind_a_tuple_and_behind_all_functions():
    x, y = np.arange(10.0), np.arange(10)
    dataset = sb.Dataset.from_tensor_slices((x, y)).batch(8)
    padded = dataset.distribute(2, 1, remainder="pad")
    assert [spec.shape for spec in padded.element_spec] == [(4,)] * 3
    assert [len(element) for element in padded] == [3, 3]
    mapped = padded.map(lambda x, y: {"sum": x + y})
    assert sorted(mapped.element_spec) == ["sum", "weights"]
    assert [b["weights"].tolist() for b in mapped] == [[1] * 4, [0] * 4]
    alone = sb.Dataset.from_tensor_slices(x).batch(8).distribute(1, 0, remainder="pad")
    assert [weights.sum() for _, weights in alone] == [8, 2]


def test_padded_batches_are_resumed_by_any_number():
    dataset = usual(count=21)
    whole = joined(parts_of(dataset, 1, remainder="pad"))
    with dataset.distribute(4, 3, remainder="pad").iterate(0) as iterator:
        states = [iterator.state_dict()] + [iterator.state_dict() for _ in iterator]
    assert [state["position"] for state in states] == [0, 8, 16, 21]
    for place, state in enumerate(states):
        found = joined(parts_of(dataset, 2, 0, state, remainder="pad"))
        all_same(found, whole[place:])


def test_weights_are_repeated_with_the_batches():
    dataset = usual(count=21).repeat(2).shard(2, 0)
    (mine,) = parts_of(dataset, 1, remainder="pad")
    assert [b["weights"].sum() for b in mine] == [8, 5, 8]


def test_an_element_that_has_weights_of_its_own_is_refused():
    ds = sb.Dataset.from_tensor_slices({"x": np.zeros(4), "weights": np.ones(4)}).batch(2)
    words = "already have a component 'weights', which distribute.remainder='pad'. would add"
    with pytest.raises(ValueError, match=words):
        next(ds.distribute(1, 0, remainder="pad").iterate(0))


def unseeded():
    return sb.Dataset.from_tensor_slices({"label": np.arange(64)}).shuffle().batch(8)


def test_drawn_seeds_are_refused_where_others_draw_others():
    words = "is process 0 of 2, but a seed was drawn.*one seed, ds.seed.0., or every"
    with pytest.raises(ValueError, match=words):
        next(iter(unseeded().distribute(2, 0)))
    cropped = sb.Dataset.from_tensor_slices(images()).map(sb.RandomCrop(4, 4)).batch(8)
    with pytest.raises(ValueError, match="random transform its own"):
        next(iter(cropped.distribute(2, 0)))
    assert len(list(unseeded().distribute(1, 0))) == 8  # alone, any seed will do
    flat = sb.Dataset.from_tensor_slices(images()).map(sb.Rescaling(0.5)).batch(8)
    assert len(list(flat.distribute(2, 0))) == 6  # nothing is drawn


def test_drawn_seeds_are_taken_from_a_state():
    with unseeded().iterate(0) as alone:
        next(alone)
        state = alone.state_dict()
        expected = list(alone)
    all_same(joined(parts_of(unseeded(), 2, 0, state)), expected)
    # Where the very dataset that drew them continues, the state is what others have too.
    dataset = unseeded()
    with dataset.iterate(0) as alone:
        next(alone)
        state = alone.state_dict()
        expected = list(alone)
    all_same(joined(parts_of(dataset, 2, 0, state)), expected)


def test_another_plan_is_refused_whoever_saved_it():
    with usual(seed=3).distribute(4, 1).iterate(0) as iterator:
        next(iterator)
        state = iterator.state_dict()
    with pytest.raises(ValueError, match=r"samples: 'shuffle\(seed=3\)' then, 'shuffle\(se"):
        usual(seed=4).distribute(2, 0).iterate(0).load_state_dict(state)
    chosen = usual().distribute(2, 0).repeat(2).iterate(0).state_dict()
    with pytest.raises(ValueError, match="batch_size: '8' then, '4' now"):
        usual(batch=4).distribute(2, 0).repeat(2).iterate(0).load_state_dict(chosen)
    with pytest.raises(ValueError, match="position 51, but the dataset has 50 samples"):
        usual().distribute(2, 0).iterate(0).load_state_dict({**state, "position": 51})


def test_processes_of_a_machine_divide_its_cores(monkeypatch):
    monkeypatch.setattr("samebytes.engine.iterator.available_cores", lambda: 8)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    dataset = usual()
    started = {
        "alone": dataset,
        "four": dataset.distribute(4, 0),
        "told": dataset.distribute(4, 0).with_options(threads=7),
        "threads first": dataset.with_options(threads=5).distribute(4, 0),
    }
    found = {name: Iterator(each.pipeline, 0).stats().threads for name, each in started.items()}
    assert found == {"alone": 8, "four": 2, "told": 7, "threads first": 5}
    monkeypatch.setattr("samebytes.engine.iterator.available_cores", lambda: 2)
    assert Iterator(dataset.distribute(4, 0).pipeline, 0).stats().threads == 1


def test_a_dataset_goes_to_another_process_as_the_part_that_it_is():
    part = usual().distribute(2, 1, remainder="pad")
    again = pickle.loads(pickle.dumps(part))
    assert again == part
    all_same(again.iterate(0), part.iterate(0))


def test_a_feed_that_cannot_begin_inside_of_a_batch_refuses_to():
    with usual(batch=5).iterate(0) as iterator:
        next(iterator)
        state = iterator.state_dict()
    with pytest.raises(ValueError, match="at sample 5, where none of the batches of 8 begins"):
        resume(usual(batch=8).distribute(4, 0).plan, state)
    at_the_end = {**state, "position": 50}
    assert resume(usual(batch=8).distribute(4, 0).plan, at_the_end).position == 12
    assert resume(usual(batch=8).distribute(4, 0, "pad").plan, at_the_end).position == 14
