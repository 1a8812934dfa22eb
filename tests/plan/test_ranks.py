"""Which process this is: told, or found without importing or starting anything."""

from __future__ import annotations

import json
import sys
import types

import pytest

from samebytes.plan.ranks import Ranks, as_ranks, find_ranks

NAMES = (
    "RANK",
    "WORLD_SIZE",
    "LOCAL_WORLD_SIZE",
    "OMPI_COMM_WORLD_LOCAL_SIZE",
    "MPI_LOCALNRANKS",
    "TF_CONFIG",
)
MODULES = (
    "torch.distributed",
    "jax._src.distributed",
    "ray.train",
    "ray.train._internal.session",
    "ray.train.v2.api.train_fn_utils",
    "tensorflow",
)


@pytest.fixture(autouse=True)
def nobody_tells(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name in MODULES:
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, name)


@pytest.fixture
def there(monkeypatch):
    """Return what puts a module of some names where imported ones are."""

    def put(name, **names):
        monkeypatch.setitem(sys.modules, name, types.SimpleNamespace(**names))

    return put


def torch_of(count, index):
    return {
        "is_available": lambda: True,
        "is_initialized": lambda: True,
        "get_world_size": lambda: count,
        "get_rank": lambda: index,
    }


def tf_config(kind, index, **cluster):
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


def test_numbers_that_are_told_come_before_all_that_is_found(there, monkeypatch):
    there("torch.distributed", **torch_of(8, 5))
    assert as_ranks(4, 1) == Ranks(4, 1, 1, "as told")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert as_ranks(4, 1).neighbours == 2
    assert as_ranks(1, 0).neighbours == 1  # never more than there are


@pytest.mark.parametrize(
    ("numbers", "kind", "words"),
    [
        ((4, None), ValueError, r"distribute\(num_workers=4, index=None\): expected both numbers"),
        ((None, 0), ValueError, r"distribute\(num_workers=None, index=0\): expected both numbers"),
        ((4, 4), ValueError, r"distribute\(4, 4\): expected 0 <= index < num_workers"),
        ((4, -1), ValueError, r"distribute\(4, -1\): expected 0 <= index < num_workers"),
        ((0, 0), ValueError, r"distribute\(num_workers=0\): expected 1 or more"),
        ((2.0, 0), TypeError, r"distribute\(num_workers=2.0\): expected a whole number, got float"),
        ((2, "0"), TypeError, r"distribute\(index='0'\): expected a whole number, got str"),
    ],
)
def test_numbers_that_are_wrong_are_refused_in_words(numbers, kind, words):
    with pytest.raises(kind, match=words):
        as_ranks(*numbers)


def test_alone_where_nobody_tells():
    assert find_ranks() == Ranks(1, 0, 1, "nothing tells of others")


def test_in_the_order_that_is_promised(there, monkeypatch):
    """The last that knows is asked first; each one put before it takes over."""
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert find_ranks() == Ranks(2, 1, 1, "RANK and WORLD_SIZE")
    monkeypatch.setenv("TF_CONFIG", tf_config("worker", 2, worker=["a:1", "b:1", "b:2"]))
    assert find_ranks() == Ranks(3, 2, 2, "TF_CONFIG")
    context = types.SimpleNamespace(
        get_world_size=lambda: 4, get_world_rank=lambda: 3, get_local_world_size=lambda: 2
    )
    there("ray.train", get_context=lambda: context)
    there("ray.train.v2.api.train_fn_utils")
    assert find_ranks() == Ranks(4, 3, 2, "Ray Train")
    state = types.SimpleNamespace(client=object(), num_processes=5, process_id=4)
    there("jax._src.distributed", global_state=state)
    assert find_ranks() == Ranks(5, 4, 1, "jax.distributed")
    there("torch.distributed", **torch_of(6, 5))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    assert find_ranks() == Ranks(6, 5, 3, "torch.distributed")


def test_who_is_there_and_not_set_up_is_passed_over(there):
    there("torch.distributed", is_available=lambda: True, is_initialized=lambda: False)
    there("jax._src.distributed", global_state=types.SimpleNamespace(client=None))

    def outside():
        message = "Ray Train function utilities not initialized."
        raise RuntimeError(message)

    there("ray.train", get_context=outside)
    there("ray.train.v2.api.train_fn_utils")
    distribute = types.SimpleNamespace(has_strategy=lambda: False)
    there("tensorflow", distribute=distribute)
    assert find_ranks().num_workers == 1
    there("torch.distributed", is_available=lambda: False)
    assert find_ranks().num_workers == 1


def test_rays_first_version_is_asked_in_its_workers_only(there):
    context = types.SimpleNamespace(
        get_world_size=lambda: 2, get_world_rank=lambda: 1, get_local_world_size=lambda: 2
    )
    there("ray.train", get_context=lambda: context)
    assert find_ranks().num_workers == 1
    there("ray.train._internal.session", get_session=lambda: object())
    assert find_ranks() == Ranks(2, 1, 2, "Ray Train")


def strategy(kind, index, **cluster):
    resolver = types.SimpleNamespace(
        cluster_spec=lambda: types.SimpleNamespace(as_dict=lambda: cluster),
        task_type=kind,
        task_id=index,
    )
    return types.SimpleNamespace(
        has_strategy=lambda: True,
        get_strategy=lambda: types.SimpleNamespace(cluster_resolver=resolver),
    )


def test_a_strategy_in_scope_comes_before_tf_config(there, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", tf_config("worker", 0, worker=["a:1", "b:1", "c:1"]))
    there("tensorflow", distribute=strategy("worker", 1, worker=["a:1", "a:2"]))
    assert find_ranks() == Ranks(2, 1, 2, "tf.distribute")
    there("tensorflow", distribute=strategy("", 0))  # one that knows of no cluster
    assert find_ranks() == Ranks(3, 0, 1, "TF_CONFIG")


@pytest.mark.parametrize(
    ("kind", "index", "expected"),
    [("chief", 0, (3, 0)), ("worker", 0, (3, 1)), ("worker", 1, (3, 2)), ("evaluator", 0, (1, 0))],
)
def test_a_chief_is_the_first_of_the_workers_and_the_evaluator_alone(
    monkeypatch, kind, index, expected
):
    monkeypatch.setenv("TF_CONFIG", tf_config(kind, index, chief=["a:1"], worker=["b:1", "c:1"]))
    found = find_ranks()
    assert (found.num_workers, found.index) == expected
    assert found.found.startswith("TF_CONFIG")


def test_tf_config_of_no_cluster_tells_nothing(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{}")
    assert find_ranks().num_workers == 1


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"RANK": "1"}, "the environment has RANK=1; expected whole numbers for both WORLD_SIZE"),
        ({"WORLD_SIZE": "2"}, "the environment has WORLD_SIZE=2; expected whole numbers for both"),
        ({"WORLD_SIZE": "two", "RANK": "0"}, "has WORLD_SIZE=two and RANK=0; expected whole"),
        ({"WORLD_SIZE": "2", "RANK": "2"}, "RANK and WORLD_SIZE says that this is process 2 of 2"),
        ({"TF_CONFIG": "{"}, "TF_CONFIG is '{'; expected JSON such as"),
        ({"TF_CONFIG": '{"cluster": {"worker": ["a:1"]}}'}, "expected JSON such as"),
        ({"TF_CONFIG": "[1]"}, "expected JSON such as"),
        (
            {"TF_CONFIG": tf_config("worker", 1, worker=["a:1"])},
            "TF_CONFIG says that this is worker 1, of 0 chiefs and 1 workers",
        ),
        (
            {"TF_CONFIG": tf_config("worker", 0, worker=["a:1"], ps=["b:1"])},
            "TF_CONFIG tells of parameter servers",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(monkeypatch, environment, words):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=r"distribute\(\): ") as refused:
        find_ranks()
    assert words in str(refused.value)


def test_nothing_is_imported_to_find_out():
    before = set(sys.modules)
    find_ranks()
    assert set(sys.modules) == before
