"""Which process of several this is: told, or found in what is imported and in the environment.

Nothing is imported and nothing is started to find out: a framework that is not there is not asked,
and one that is there only says what it was told before. The first that knows decides.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from samebytes.plan import arguments

__all__ = ["Ranks", "as_ranks", "find_ranks"]

NEIGHBOURS = ("LOCAL_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS")
"""Where launchers (torchrun, Open MPI, MPICH and Intel MPI) say how many they started here."""


@dataclass(frozen=True)
class Ranks:
    """How many processes there are, and which one this is.

    Attributes
    ----------
    num_workers, index : int
        Of all machines together.
    neighbours : int
        How many of them are on this machine, and share its cores.
    found : str
        Who said so.
    """

    num_workers: int
    index: int
    neighbours: int
    found: str


def as_ranks(num_workers: Any, index: Any) -> Ranks:
    """Return what was told, or, where nothing was, what is found.

    Raises
    ------
    TypeError, ValueError
        If only one of the two is given, or one is no number or out of range.
    """
    if num_workers is None and index is None:
        return find_ranks()
    if num_workers is None or index is None:
        message = (
            f"distribute(num_workers={num_workers}, index={index}): expected both numbers, or "
            "neither of them: then they are looked for"
        )
        raise ValueError(message)
    count = arguments.whole_number(num_workers, "distribute(num_workers=", least=1)
    place = arguments.whole_number(index, "distribute(index=")
    if not 0 <= place < count:
        message = f"distribute({count}, {place}): expected 0 <= index < num_workers"
        raise ValueError(message)
    return Ranks(count, place, min(_neighbours() or 1, count), "as told")


def find_ranks() -> Ranks:
    """Return which process this is, by the first that knows; alone, if nobody does.

    In this order: torch.distributed and jax.distributed, where they are initialized; Ray Train, in
    its workers; TensorFlow's strategy, in whose scope this is, or ``TF_CONFIG``; ``RANK`` and
    ``WORLD_SIZE``.

    Raises
    ------
    ValueError
        If what is found makes no sense.
    """
    for look in (_torch, _jax, _ray, _tensorflow, _environment):
        found = look()
        if found is not None:
            return found
    return Ranks(1, 0, 1, "nothing tells of others")


def _ranks(found: str, num_workers: Any, index: Any, neighbours: int | None = None) -> Ranks:
    count, place = int(num_workers), int(index)
    if count < 1 or not 0 <= place < count:
        message = (
            f"distribute(): {found} says that this is process {place} of {count}; expected a "
            "number from 0 on and less than how many there are. Write distribute(num_workers, "
            "index)"
        )
        raise ValueError(message)
    return Ranks(count, place, min(neighbours or _neighbours() or 1, count), found)


def _neighbours() -> int | None:
    """Return how many processes a launcher says it started on this machine."""
    for name in NEIGHBOURS:
        value = os.environ.get(name, "")
        if value.isdigit() and int(value):
            return int(value)
    return None


def _torch() -> Ranks | None:
    torch = sys.modules.get("torch.distributed")
    if torch is None or not torch.is_available() or not torch.is_initialized():
        return None
    return _ranks("torch.distributed", torch.get_world_size(), torch.get_rank())


def _jax() -> Ranks | None:
    # Not jax.process_index(): it starts a backend, which is for the user to choose first.
    state: Any = getattr(sys.modules.get("jax._src.distributed"), "global_state", None)
    if getattr(state, "client", None) is None:
        return None
    return _ranks("jax.distributed", state.num_processes, state.process_id)


def _ray() -> Ranks | None:
    train: Any = sys.modules.get("ray.train")
    if train is None:
        return None
    session: Any = sys.modules.get("ray.train._internal.session")
    in_version_1 = getattr(session, "get_session", lambda: None)() is not None
    if not in_version_1 and "ray.train.v2.api.train_fn_utils" not in sys.modules:
        return None  # its version 1 outside of a worker answers with a warning, and of one
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context = train.get_context()
            count, place = context.get_world_size(), context.get_world_rank()
            here = context.get_local_world_size()
    except RuntimeError:
        return None  # this is no worker
    return None if count is None else _ranks("Ray Train", count, place, here)


def _tensorflow() -> Ranks | None:
    distribute = getattr(sys.modules.get("tensorflow"), "distribute", None)
    if distribute is not None and distribute.has_strategy():
        resolver = distribute.get_strategy().cluster_resolver
        cluster = {} if resolver is None else resolver.cluster_spec().as_dict()
        if cluster:
            return _of_cluster("tf.distribute", cluster, resolver.task_type, resolver.task_id)
    text = os.environ.get("TF_CONFIG")
    if not text:
        return None
    import json  # on first use: importing samebytes stays light

    try:
        config = json.loads(text)
        cluster = dict(config.get("cluster", {}))
        task = (str(config["task"]["type"]), int(config["task"]["index"])) if cluster else ("", 0)
    except (AttributeError, KeyError, TypeError, ValueError) as damaged:
        message = (
            f"distribute(): TF_CONFIG is {text[:80]!r}; expected JSON such as "
            '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
        )
        raise ValueError(message) from damaged
    return _of_cluster("TF_CONFIG", cluster, *task) if cluster else None


def _of_cluster(
    found: str, cluster: Mapping[str, list[str]], task_type: str, task_index: int
) -> Ranks:
    """Return which worker of TensorFlow's cluster this is; a chief is the first of them."""
    if cluster.get("ps"):
        message = (
            f"distribute(): {found} tells of parameter servers, whose workers take no data from "
            "Python; expected MultiWorkerMirroredStrategy, or distribute(num_workers, index)"
        )
        raise ValueError(message)
    if task_type == "evaluator":
        return Ranks(1, 0, 1, f"{found}: the evaluator, which works alone")
    chiefs, workers = list(cluster.get("chief", [])), list(cluster.get("worker", []))
    every = [*chiefs, *workers]
    place = task_index + (len(chiefs) if task_type == "worker" else 0)
    if task_type not in {"chief", "worker"} or not 0 <= place < len(every):
        message = (
            f"distribute(): {found} says that this is {task_type} {task_index}, of "
            f"{len(chiefs)} chiefs and {len(workers)} workers; expected one of them"
        )
        raise ValueError(message)
    hosts = [address.rpartition(":")[0] for address in every]
    return _ranks(found, len(every), place, hosts.count(hosts[place]))


def _environment() -> Ranks | None:
    names = ("WORLD_SIZE", "RANK")
    values = [os.environ.get(name) for name in names]
    told = " and ".join(
        f"{name}={value}" for name, value in zip(names, values, strict=True) if value is not None
    )
    if not told:
        return None
    try:
        count, place = (int(value or "") for value in values)
    except ValueError:
        message = (
            f"distribute(): the environment has {told}; expected whole numbers for both WORLD_SIZE "
            "and RANK. Set both, or neither, or write distribute(num_workers, index)"
        )
        raise ValueError(message) from None
    return _ranks("RANK and WORLD_SIZE", count, place)
