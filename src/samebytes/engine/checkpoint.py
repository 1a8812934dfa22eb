"""Where an iterator stands, as a few words and numbers ready for JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from samebytes.engine.saved import EPOCH, FARTHEST, Check, check_saved, integer, one_of, texts
from samebytes.engine.schedule import counted_in
from samebytes.plan.describe import fingerprint
from samebytes.plan.plan import Plan
from samebytes.plan.seeds import DrawnSeed, reseeded

__all__ = ["STATE", "Resumed", "resume", "state_of"]

VERSION = 1

STATE: Mapping[str, Check] = {
    "version": one_of(VERSION),
    "epoch": EPOCH,
    "position": integer(0, FARTHEST),
    "counted_in": one_of("samples", "batches"),
    "plan": texts,
}
"""The keys of a state, and what is expected of each."""

BATCHING = ("batch_size", "drop_remainder", "batches")
"""Facts that may differ where positions count samples."""

SEED = re.compile(r"\bseed[= ]\d+")


class Resumed(NamedTuple):
    """A dataset with the seeds of a state, and where in it the state stands."""

    dataset: Any
    epoch: int
    position: int


def state_of(plan: Plan, epoch: int, position: int) -> dict[str, Any]:
    """Return the state of an iterator over `epoch` of `plan` at `position`."""
    return {
        "version": VERSION,
        "epoch": epoch,
        "position": position,
        "counted_in": counted_in(plan),
        "plan": fingerprint(plan),
    }


def resume(dataset: Any, state: Any) -> Resumed:
    """Return the dataset and the place that a state is of, if it is one of this dataset.

    Seeds that the dataset drew are those of the state in the one that is given.

    Raises
    ------
    ValueError
        If it is not; the message says what differs, and whether it is only seeds.
    """
    saved = check_saved("this state", state, STATE)
    plan = dataset.plan
    unit = counted_in(plan)
    if saved["counted_in"] != unit:
        message = (
            f"this state counts {saved['counted_in']}, this dataset {unit}: positions count "
            "batches where take, skip, shard, shuffle or repeat follow batch(), else samples"
        )
        raise ValueError(message)
    left_out = BATCHING if unit == "samples" else ()
    then, now = _without(left_out, saved["plan"]), _without(left_out, fingerprint(plan))
    if then != now:
        dataset = _with_seeds_of(then, dataset)
        # Compared as a whole: a seed that stood for two, or is out of range, differs still.
        taken = _without(left_out, fingerprint(dataset.plan))
        if then != taken:
            raise ValueError(_refusal(then, now, taken))
    length = (plan.batches if unit == "batches" else plan.samples).length
    if length is not None and saved["position"] > length:
        message = (
            f"this state has position {saved['position']:,}, and the dataset {length:,} {unit}: "
            f"expected an integer from 0 to {length:,}"
        )
        raise ValueError(message)
    return Resumed(dataset, saved["epoch"], saved["position"])


def _without(names: tuple[str, ...], facts: dict[str, str]) -> dict[str, str]:
    return {name: words for name, words in facts.items() if name not in names}


class _Gap(DrawnSeed):
    """A drawn seed that marks its place where a plan is told in words."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"\0{int(self)}\0"


_GAP = re.compile("\0([0-9]+)\0")


def _with_seeds_of(then: dict[str, str], dataset: Any) -> Any:
    """Return the dataset with the seeds that another plan's words have where it drew its own."""
    theirs: dict[int, int] = {}
    for name, words in fingerprint(reseeded(dataset, _Gap).plan).items():
        between, seeds = _GAP.split(words)[::2], _GAP.findall(words)
        pattern = "([0-9]{1,20})".join(map(re.escape, between))
        found = re.fullmatch(pattern, then.get(name, ""))
        if found is not None:
            theirs.update(zip(map(int, seeds), map(int, found.groups()), strict=True))
    fitting = {mine: seed for mine, seed in theirs.items() if seed < 1 << 64}
    return reseeded(dataset, lambda seed: DrawnSeed(fitting.get(seed, seed)))


def _refusal(then: dict[str, str], now: dict[str, str], taken: dict[str, str]) -> str:
    """Say what differs, however the drawn seeds are chosen."""
    differing = [n for n in sorted(then.keys() | now.keys()) if then.get(n) != taken.get(n)]
    lines = [f"  {name}: {then.get(name)!r} then, {now.get(name)!r} now" for name in differing]
    text = "this state is of another plan:\n" + "\n".join(lines)
    if all(
        SEED.sub("", then.get(name, "")) == SEED.sub("", now.get(name, "")) for name in differing
    ):
        text += (
            "\nOnly seeds differ, and this dataset was given its own: pass those of the state, as "
            "in shuffle(seed=...) and map(..., seed=...), or none, and they are taken from it"
        )
    return text
