"""Places among the epochs of a dataset: where a feed stands, and where its next iteration begins.

A feed that saves and loads its state counts, unless it is told: by ``set_epoch``, or by a state.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from samebytes.engine.checkpoint import state_of
from samebytes.engine.epoch_counter import EpochCounter
from samebytes.engine.saved_values import Check, check_saved, integer
from samebytes.engine.schedule import counted_in
from samebytes.plan import samplers
from samebytes.plan.plan import Plan

__all__ = ["CountedPlaces", "Place", "Places", "Progress", "Share", "part_of", "taken_in"]


@dataclass(frozen=True)
class Share:
    """What a worker makes of the elements: every `count`-th, from `index` on."""

    count: int
    index: int


_LAST = (1 << 48) - 1
WORKER: Mapping[str, Check] = {
    "workers": integer(1, 1 << 20),
    "worker": integer(0, 1 << 20),
    "taken": integer(0, _LAST),
}


@dataclass(frozen=True)
class Place:
    """Where an iteration begins.

    Attributes
    ----------
    epoch, position : int
        Of the first element, as the engine counts positions.
    taken : int
        How many elements of a share that begins there are done with.
    exact : bool
        Whether this epoch is begun even if nothing of it is left, as whoever named it expects.
        Else an epoch that is done with is followed by the next.
    """

    epoch: int
    position: int = 0
    taken: int = 0
    exact: bool = False

    def settled(self, plan: Plan) -> Place:
        """Return where that is once it is begun: in the next epoch if this one is done with."""
        if self.exact or not self.position or _left(plan, self.position):
            return self
        return Place(self.epoch + 1)

    def told(self, epoch: int) -> Place:
        """Return this place if it is in an epoch that somebody names, else the begin of that."""
        return replace(self, exact=True) if epoch == self.epoch else Place(epoch, exact=True)


def _left(plan: Plan, position: int) -> bool:
    """Return whether there is an element behind a position."""
    if counted_in(plan) == "batches":
        return plan.length is None or position < plan.length
    length = plan.samples.length
    least = (plan.batch_size or 1) if plan.drop_remainder else 1
    return length is None or length - position >= least


@dataclass
class Progress:
    """How far an iteration has come.

    Attributes
    ----------
    place : Place
        Where it began.
    share : Share, optional
        What falls to a worker; None for all.
    taken : int
        Elements handed out.
    ended : bool
        Whether it was asked for more than there are.
    """

    place: Place
    share: Share | None = None
    taken: int = 0
    ended: bool = False

    def state(self, plan: Plan) -> dict[str, Any]:
        """Return the state of this place in `plan`, ready for JSON.

        That of a worker says where all of them began, and how many elements of its own it made.
        """
        place, share = self.place, self.share
        if share is not None:
            return {
                "began": state_of(plan, place.epoch, place.position),
                "workers": share.count,
                "worker": share.index,
                "taken": place.taken + self.taken,
            }
        by_batch = counted_in(plan) == "batches"
        each = 1 if by_batch else (plan.batch_size or 1)
        length = plan.length if by_batch else plan.samples.length
        position = place.position + self.taken * each
        return state_of(plan, place.epoch, position if length is None else min(position, length))


def taken_in(state: Mapping[str, Any], share: Share | None) -> int:
    """Return how many elements a worker made, from a state of its own.

    Raises
    ------
    ValueError
        If it is not the state of this worker of as many.
    """
    saved = check_saved("this state of a worker", dict(state), WORKER)
    theirs = Share(saved["workers"], saved["worker"])
    if theirs != share:
        here = "no worker" if share is None else f"worker {share.index} of {share.count}"
        message = (
            f"this state is of worker {theirs.index} of {theirs.count}, but this is {here}: give "
            f"the whole state to a StatefulDataLoader with num_workers={theirs.count}"
        )
        raise ValueError(message)
    taken: int = saved["taken"]
    return taken


def part_of(plan: Plan, position: int, share: Share) -> Plan:
    """Return the plan of a worker's elements: every `count`-th one behind a position."""

    def rest_of(sampler: samplers.Sampler) -> samplers.Sampler:
        return samplers.Shard(samplers.Skip(sampler, position), share.count, share.index)

    size = plan.batch_size
    if size is None:
        return replace(plan, samples=rest_of(plan.samples))
    if plan.batches is not None and counted_in(plan) == "batches":
        return replace(plan, batches=rest_of(plan.batches))
    samples = samplers.Skip(plan.samples, position)
    count = samples.length
    if count is not None:
        count = count // size if plan.drop_remainder else -(-count // size)
    batches = samplers.Shard(samplers.Sequential(count), share.count, share.index)
    return replace(plan, samples=samples, batches=batches)


class Places(Protocol):
    """Where iterations begin: told or counted."""

    def tell(self, place: Place) -> None:
        """Begin the next iteration there."""

    def upcoming(self) -> Place:
        """Return where the next iteration begins; counts nothing."""

    def take(self, plan: Plan) -> Place:
        """Return where an iteration of `plan` that begins now does, and count it as begun."""


class CountedPlaces:
    """Places counted by a dataset's counter of epochs.

    Parameters
    ----------
    epochs : EpochCounter
        Which all feeds of a dataset share.
    """

    def __init__(self, epochs: EpochCounter) -> None:
        self._epochs = epochs
        self._told: Place | None = None
        self._lock = threading.Lock()

    def tell(self, place: Place) -> None:
        """Begin the next iteration there."""
        self._told = place

    def upcoming(self) -> Place:
        """Return where the next iteration begins; counts nothing."""
        told = self._told
        if told is not None:
            return told
        epoch = self._epochs.upcoming
        return Place(epoch, self._epochs.position_in(epoch))

    def take(self, plan: Plan) -> Place:
        """Return where an iteration of `plan` that begins now does, and count it as begun."""
        with self._lock:
            told, self._told = self._told, None
        if told is None:
            epoch = self._epochs.next_epoch()
            return Place(epoch, self._epochs.position_in(epoch))
        place = told.settled(plan)
        self._epochs.continue_behind(place.epoch)
        return place
