"""`to_tf(strategy)`: each replica its part of every batch, and what is refused in words."""

from __future__ import annotations

import types

import numpy as np
import pytest

import samebytes as sb

pytest.importorskip("tensorflow")


def strategy_of(workers, worker, replicas=1):
    """Return what asks for a dataset as a strategy with so many workers does."""
    context = types.SimpleNamespace(
        num_input_pipelines=workers,
        input_pipeline_id=worker,
        num_replicas_in_sync=workers * replicas,
    )
    return types.SimpleNamespace(distribute_datasets_from_function=lambda make: make(context))


def batches(size=8):
    return sb.Dataset.from_tensor_slices(np.arange(32)).shuffle(seed=0).batch(size)


def test_two_replicas_of_one_process(run_with_tensorflow):
    done = run_with_tensorflow("tests.feeds.mirrored")
    assert done.returncode == 0, done.stderr
    last, part, odd, single = done.stdout.splitlines()
    assert last.startswith("the last batch has 4 of 8 samples, and would be cut unevenly among 2")
    assert "fill it up: distribute(remainder='pad')" in last
    assert part.startswith("the strategy says that this is worker 0 of 1, but the dataset is proc")
    assert odd.startswith("batches of 5 cannot be cut evenly among the 2 replicas")
    assert single.startswith("this dataset yields single samples, which cannot be cut among 2 rep")


def test_each_worker_gets_its_slice():
    expected = [batch.tolist() for batch in batches().iterate(0)]
    found = [
        [
            batch.numpy().tolist()
            for batch in batches().distribute(2, index).to_tf(strategy_of(2, index))
        ]
        for index in range(2)
    ]
    assert [[*one, *other] for one, other in zip(*found, strict=True)] == expected


def test_each_replica_of_each_worker_gets_its_part():
    expected = [batch.tolist() for batch in batches().iterate(0)]
    parts = [
        list(batches().distribute(2, index).to_tf(strategy_of(2, index, replicas=2)))
        for index in range(2)
    ]
    for number, batch in enumerate(expected):
        turns = [part for mine in parts for part in mine[2 * number : 2 * number + 2]]
        assert np.concatenate(turns).tolist() == batch


@pytest.mark.parametrize(
    ("dataset", "workers", "words"),
    [
        (
            batches(),
            (2, 1),
            r"worker 1 of 2, but the dataset is not distributed.*distribute\(2, 1\)",
        ),
        (batches().distribute(4, 1), (2, 1), "worker 1 of 2, but the dataset is process 1 of 4"),
        (batches().distribute(2, 0), (2, 1), "worker 1 of 2, but the dataset is process 0 of 2"),
    ],
)
def test_the_part_of_another_worker_is_refused_in_words(dataset, workers, words):
    with pytest.raises(ValueError, match=words):
        dataset.to_tf(strategy_of(*workers))


@pytest.mark.parametrize("chosen", [False, True])
def test_a_saved_position_begins_among_the_parts(tmp_path, chosen):
    path, dataset = tmp_path / "position.json", batches().distribute(1, 0)
    dataset = dataset.repeat(2) if chosen else dataset
    sb.SavePosition(path, dataset, weights=False)._save(0, 3)
    position = sb.SavePosition(path, dataset, weights=False)
    if chosen:
        with pytest.raises(ValueError, match="position that counts batches cannot begin among"):
            position.dataset.to_tf(strategy_of(1, 0, replicas=2))
        return
    parts = position.dataset.to_tf(strategy_of(1, 0, replicas=2)).take(2)
    found = [part.numpy() for part in parts]
    expected = list(batches().iterate(0))[3:]
    assert np.concatenate(found).tolist() == np.concatenate(expected).tolist()


def test_what_is_no_strategy_is_refused_in_words():
    with pytest.raises(TypeError, match=r"to_tf\(strategy='mirrored'\): expected a strategy"):
        batches().to_tf("mirrored")


def test_drawn_seeds_are_refused_before_tensorflow_runs():
    drawn = sb.Dataset.from_tensor_slices(np.arange(32)).shuffle().batch(8).distribute(2, 0)
    with pytest.raises(ValueError, match="a seed was drawn"):
        drawn.to_tf()
    with pytest.raises(ValueError, match="a seed was drawn"):
        drawn.to_keras()


def test_keras_and_tf_data_count_and_shape_the_slice():
    part = batches().distribute(2, 1)
    found = part.to_tf()
    assert (int(found.cardinality()), found.element_spec.shape.as_list()) == (4, [4])
    assert len(part.to_keras()) == 4
    expected = [batch.tolist() for batch in part.iterate(0)]
    assert [
        batch.tolist() for batch in batches().distribute(2, 1).to_tf().as_numpy_iterator()
    ] == expected
    keras_batches = batches().distribute(2, 1).to_keras()
    assert [keras_batches[number].tolist() for number in range(4)] == expected


def test_weights_come_third_in_small_batches_that_go_over_together():
    data = sb.Dataset.from_tensor_slices((np.arange(21.0), np.arange(21))).batch(8)
    parts = [
        list(data.distribute(4, r, remainder="pad").to_tf().as_numpy_iterator()) for r in range(4)
    ]
    assert [x.tolist() for x, _, _ in parts[3]] == [[6, 7], [14, 15], [1, 2]]
    assert [[weights.tolist() for *_, weights in mine][-1] for mine in parts] == [
        [1, 1],
        [1, 1],
        [1, 0],
        [0, 0],
    ]
    spec = data.distribute(4, 0, remainder="pad").to_tf().element_spec
    assert [one.shape.as_list() for one in spec] == [[2]] * 3
    tensors = data.distribute(4, 2, remainder="pad").with_format("tensorflow")
    assert [weights.numpy().tolist() for *_, weights in tensors][-1] == [1, 0]
