"""Where an iterator stands, as a few words and numbers, and whether such a state fits a plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from samebytes.engine.saved_values import (
    EPOCH,
    LAST_POSITION,
    Check,
    check_saved,
    integer,
    one_of,
    text_dict,
)
from samebytes.engine.schedule import counted_in
from samebytes.plan.describe import fingerprint
from samebytes.plan.plan import Plan
from samebytes.plan.rank_slice import RankSlice, global_batching
from samebytes.plan.reseeding import has_undetermined_seeds, reseeded
from samebytes.plan.seeds import DrawnSeed, RestoredSeed

__all__ = ["STATE", "Resumed", "resume", "state_of"]

VERSION = 1

STATE: Mapping[str, Check] = {
    "version": one_of(VERSION),
    "epoch": EPOCH,
    "position": integer(0, LAST_POSITION),
    "counted_in": one_of("samples", "batches"),
    "plan": text_dict,
}
"""The keys of a state, and what is expected of each."""

BATCHING = ("batch_size", "drop_remainder", "batches")
"""Facts that may differ where positions count samples."""

SEED = re.compile(r"\bseed[= ]\d+")


class Resumed(NamedTuple):
    """A plan with the seeds of a state, and where in it the state stands.

    Attributes
    ----------
    plan : Plan
        With these seeds; of one process of several also with the place where its batches begin.
    epoch, position : int
        Where it stands, as the engine counts for this plan.
    seeds : dict of int
        The state's seed for each that the plan had drawn, where they differ.
    """

    plan: Plan
    epoch: int
    position: int
    seeds: dict[int, int]


def state_of(plan: Plan, epoch: int, position: int) -> dict[str, Any]:
    """Return the state of an iterator over `epoch` of `plan` at `position`.

    Of one process of several it is that of all of them: positions are those they share.
    """
    unit = counted_in(plan)
    if unit == "samples" and isinstance(plan.samples, RankSlice):
        position = plan.samples.to_global(position)
    return {
        "version": VERSION,
        "epoch": epoch,
        "position": position,
        "counted_in": unit,
        "plan": fingerprint(plan),
    }


def resume(plan: Plan, state: Any, *, anywhere: bool = False) -> Resumed:
    """Return the plan and the place that a state is of, if it is one of this plan.

    Seeds that were drawn for the plan are those of the state in the one that is returned.

    Parameters
    ----------
    plan : Plan
        Which is to continue.
    state : object
        What was saved.
    anywhere : bool
        Whether a process of several may begin where none of its batches does. The plan that is
        returned then is good for the epoch of the state only.

    Raises
    ------
    ValueError
        If it is not; the message says what differs, and whether it is only seeds.
    """
    saved = check_saved("this state", state, STATE)
    unit = counted_in(plan)
    if saved["counted_in"] != unit:
        message = (
            f"this state counts {saved['counted_in']}, but this dataset counts {unit}: positions "
            "count batches where take, skip, shard, shuffle or repeat follows batch(), and samples "
            "otherwise"
        )
        raise ValueError(message)
    left_out = BATCHING if unit == "samples" else ()
    then, now = _without(left_out, saved["plan"]), _without(left_out, fingerprint(plan))
    seeds: dict[int, int] = {}
    if then != now or has_undetermined_seeds(plan):
        seeds = _seeds_of(then, plan)
        plan = reseeded(plan, lambda seed: RestoredSeed(seeds.get(seed, seed)))
        # Compared as a whole: a seed that stood for two, or is out of range, differs still.
        taken = _without(left_out, fingerprint(plan))
        if then != taken:
            raise ValueError(_refusal(then, now, taken))
    length = plan.length if unit == "batches" else global_batching(plan).samples.length
    if length is not None and saved["position"] > length:
        message = (
            f"this state has position {saved['position']:,}, but the dataset has {length:,} "
            f"{unit}: expected an integer from 0 to {length:,}"
        )
        raise ValueError(message)
    position = saved["position"]
    if unit == "samples" and isinstance(plan.samples, RankSlice):
        mine, position = plan.samples.resumed_at(position)
        if mine.start and not anywhere:
            message = (
                f"this state stands at sample {saved['position']:,}, where none of the batches of "
                f"{mine.batch_size:,} begins: expected a multiple of that. An iterator can "
                "continue anywhere: ds.iterate().load_state_dict(state)"
            )
            raise ValueError(message)
        plan = replace(plan, samples=mine) if mine != plan.samples else plan
    return Resumed(plan, saved["epoch"], position, seeds)


def _without(names: tuple[str, ...], facts: dict[str, str]) -> dict[str, str]:
    return {name: words for name, words in facts.items() if name not in names}


class _SeedPlaceholder(DrawnSeed):
    """A drawn seed that marks its place where a plan is told in words."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"\0{int(self)}\0"


_PLACEHOLDER = re.compile("\0([0-9]+)\0")


def _seeds_of(then: dict[str, str], plan: Plan) -> dict[int, int]:
    """Return the seed that another plan's words have for each that was drawn for this one."""
    theirs: dict[int, int] = {}
    for name, words in fingerprint(reseeded(plan, _SeedPlaceholder)).items():
        between, seeds = _PLACEHOLDER.split(words)[::2], _PLACEHOLDER.findall(words)
        pattern = "([0-9]{1,20})".join(map(re.escape, between))
        found = re.fullmatch(pattern, then.get(name, ""))
        if found is not None:
            theirs.update(zip(map(int, seeds), map(int, found.groups()), strict=True))
    return {mine: seed for mine, seed in theirs.items() if seed < 1 << 64}


def _refusal(then: dict[str, str], now: dict[str, str], taken: dict[str, str]) -> str:
    """Say what differs, however the drawn seeds are chosen."""
    differing = [n for n in sorted(then.keys() | now.keys()) if then.get(n) != taken.get(n)]
    lines = [f"  {name}: {then.get(name)!r} then, {now.get(name)!r} now" for name in differing]
    text = "this state belongs to another plan:\n" + "\n".join(lines)
    if all(
        SEED.sub("", then.get(name, "")) == SEED.sub("", now.get(name, "")) for name in differing
    ):
        text += (
            "\nOnly seeds differ, and this dataset was given its own. Pass the seeds of the state "
            "to shuffle(seed=...) and map(..., seed=...), or pass none, and they are taken from "
            "the state"
        )
    return text
