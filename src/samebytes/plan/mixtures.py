"""Samplers of several datasets as one: end to end, in proportions, or as somebody chose."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from samebytes.plan.block_permutation import permute
from samebytes.plan.index_tables import digest_of
from samebytes.plan.proportions import Turns, fair_turns
from samebytes.plan.samplers import Permute, Place, Positions, Sampler

__all__ = ["Chosen", "ChosenAgain", "EndToEnd", "InProportion", "Mixture", "Schedule"]

Lengths = tuple[int | None, ...]
Found = tuple[Positions, Positions]


class Schedule(ABC):
    """Whose element comes at each position, and which one of its own that is."""

    @property
    @abstractmethod
    def length(self) -> int | None:
        """Elements there are, None where they never end."""

    @property
    @abstractmethod
    def text(self) -> str:
        """What decides, in words: the key of a state."""

    @abstractmethod
    def at(self, positions: Positions) -> Found:
        """Return whose element comes at each position, and the position in that dataset."""

    def __eq__(self, other: object) -> bool:
        """Return whether both say the same."""
        return isinstance(other, Schedule) and self.text == other.text

    def __hash__(self) -> int:
        """Return a hash of what decides."""
        return hash(self.text)


@dataclass(frozen=True)
class Mixture:
    """The elements of several orders, as a schedule has them.

    Attributes
    ----------
    parents : tuple of Sampler
        The orders, each of samples that are numbered from 0.
    offsets : tuple of int
        What the number of each one's first sample is among all.
    schedule : Schedule
        Whose comes at each position.
    """

    parents: tuple[Sampler, ...]
    offsets: tuple[int, ...]
    schedule: Schedule

    @property
    def length(self) -> int | None:
        """As many as the schedule has."""
        return self.schedule.length

    @property
    def text(self) -> str:
        """What was asked for."""
        return self.schedule.text

    def locate(self, epochs: Positions, positions: Positions, permute: Permute = permute) -> Place:
        """Return the samples where each order has them."""
        which, within = self.schedule.at(positions)
        found, ages = np.empty_like(positions), np.empty_like(epochs)
        for place, (parent, offset) in enumerate(zip(self.parents, self.offsets, strict=True)):
            mine = np.flatnonzero(which == place)
            if len(mine):
                ages[mine], located = parent.locate(epochs[mine], within[mine], permute)
                found[mine] = located + offset
        return ages, found


class EndToEnd(Schedule):
    """All of the first, then all of the second, and so on."""

    def __init__(self, lengths: Lengths) -> None:
        self.lengths = lengths
        ends = [0]
        for length in lengths:
            if length is None:
                break  # what comes behind never comes
            ends.append(ends[-1] + length)
        self.endless = len(ends) <= len(lengths)
        self.borders = np.array(ends, np.int64)

    @property
    def length(self) -> int | None:
        """All of them."""
        return None if self.endless else int(self.borders[-1])

    @property
    def text(self) -> str:
        """How many each has."""
        return f"concat({_told(self.lengths)})"

    def at(self, positions: Positions) -> Found:
        """Return the one that the position falls into."""
        borders = self.borders[1:]
        which = np.searchsorted(borders, positions, "right")
        return which, positions - self.borders[which]


class ByTurns(Schedule):
    """In turns that repeat, of those that have an element left.

    Attributes
    ----------
    lengths : tuple of int or None
        Elements of each, None where they never end.
    stop : bool
        Whether all end where one has none left whose turn it is; else the others go on.
    """

    def __init__(self, lengths: Lengths, *, stop: bool) -> None:
        self.lengths = lengths
        self.stop = stop

    @abstractmethod
    def _turns(self) -> Turns | None:
        """Return the turns at first, None where nobody has any."""

    @abstractmethod
    def _without(self, turns: Turns, who: int, position: int) -> Turns | None:
        """Return the turns from a position on, when one has none left."""

    @cached_property
    def _phases(self) -> tuple[list[tuple[int, Turns, list[int]]], int | None]:
        """The position at which each phase begins, its turns, what each had before; the end."""
        had, start, turns = [0] * len(self.lengths), 0, self._turns()
        phases: list[tuple[int, Turns, list[int]]] = []
        while turns is not None:
            phases.append((start, turns, had))
            # The phase ends where somebody's turn comes who has none left.
            ends = {
                turns.place(who, length - had[who]): who
                for who, length in enumerate(self.lengths)
                if length is not None and turns.weights[who]
            }
            if not ends:
                return phases, None
            end = min(ends)
            had = [before + more for before, more in zip(had, turns.counts(end), strict=True)]
            start += end
            turns = None if self.stop else self._without(turns, ends[end], end)
        return phases, start

    @property
    def length(self) -> int | None:
        """Up to where the last phase ends."""
        return self._phases[1]

    def at(self, positions: Positions) -> Found:
        """Return whose turn it is in the phase that the position falls into."""
        phases, _ = self._phases
        starts = np.array([start for start, _, _ in phases], np.int64)
        phase = np.searchsorted(starts, positions, "right") - 1
        which, within = np.empty_like(positions), np.empty_like(positions)
        for number in range(int(phase.min(initial=len(phases))), int(phase.max(initial=-1)) + 1):
            start, turns, had = phases[number]
            mine = phase == number
            who, turn = turns.at(positions[mine] - start)
            which[mine], within[mine] = who, np.array(had, np.int64)[who] + turn
        return which, within


class InProportion(ByTurns):
    """Each as often as its weight says, at any place."""

    def __init__(self, lengths: Lengths, weights: Sequence[int], *, stop: bool) -> None:
        super().__init__(lengths, stop=stop)
        self.weights = tuple(weights)

    def _turns(self) -> Turns | None:
        return fair_turns(self.weights)

    def _without(self, turns: Turns, who: int, position: int) -> Turns | None:  # noqa: ARG002
        left = [
            weight if turns.weights[one] and one != who else 0
            for one, weight in enumerate(self.weights)
        ]
        return fair_turns(left) if any(left) else None

    @property
    def text(self) -> str:
        """Lengths and weights."""
        stop = ", stop_on_empty=True" * self.stop
        return f"sample({_told(self.lengths)}; weights {', '.join(map(str, self.weights))}{stop})"


class ChosenAgain(ByTurns):
    """As somebody chose, again and again."""

    def __init__(self, lengths: Lengths, choices: npt.NDArray[np.int64], *, stop: bool) -> None:
        super().__init__(lengths, stop=stop)
        self.choices = choices

    def _turns(self) -> Turns | None:
        return Turns(self.choices, len(self.lengths)) if len(self.choices) else None

    def _without(self, turns: Turns, who: int, position: int) -> Turns | None:
        left = turns.without(who, position)
        return left if left.period else None

    @cached_property
    def text(self) -> str:
        """Lengths and a digest of the choices."""
        return f"{_choices(self)}, again and again)"


class Chosen(Schedule):
    """As somebody chose, once; 16 bytes an element.

    Parameters
    ----------
    lengths : tuple of int or None
        Elements of each, None where they never end.
    choices : ndarray of int
        The number of a dataset for each element.
    stop : bool
        Whether all end where one was chosen that has none left; else it is passed over.
    """

    def __init__(self, lengths: Lengths, choices: npt.NDArray[np.int64], *, stop: bool) -> None:
        self.lengths = lengths
        self.choices = choices
        self.stop = stop
        _, within = Turns(choices, len(lengths)).at(np.arange(len(choices)))
        most = np.array([1 << 62 if length is None else length for length in lengths], np.int64)
        there = within < most[choices]
        if stop:
            there = np.logical_and.accumulate(there)
        self._which, self._within = choices[there], within[there]

    @property
    def length(self) -> int:
        """As many as were chosen and are there."""
        return len(self._which)

    @cached_property
    def text(self) -> str:
        """Lengths and a digest of the choices."""
        return f"{_choices(self)})"

    def at(self, positions: Positions) -> Found:
        """Look it up."""
        return self._which[positions], self._within[positions]


def _choices(schedule: Chosen | ChosenAgain) -> str:
    choices = schedule.choices
    more = ", stop_on_empty=False" * (not schedule.stop)
    told = f"{len(choices):,} choices ({digest_of(choices)}){more}"
    return f"choose({_told(schedule.lengths)}; {told}"


def _told(lengths: Lengths) -> str:
    return ", ".join("endless" if length is None else str(length) for length in lengths)
