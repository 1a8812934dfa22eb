"""Where an iterator stands, as a few words and numbers ready for JSON."""

from __future__ import annotations

import re
from typing import Any

from samebytes.dataset.arguments import BEYOND_COUNTING, EPOCHS
from samebytes.dataset.describe import fingerprint
from samebytes.dataset.plan import Plan
from samebytes.engine.position import counted_in

__all__ = ["position_in", "state_of"]

VERSION = 1

BATCHING = ("batch_size", "drop_remainder", "batches")
"""Facts that may differ where positions count samples."""

SEED = re.compile(r"\bseed[= ]\d+")


def state_of(plan: Plan, epoch: int, position: int) -> dict[str, Any]:
    """Give the state of an iterator over `epoch` of `plan` at `position`."""
    return {
        "version": VERSION,
        "epoch": epoch,
        "position": position,
        "counted_in": counted_in(plan),
        "plan": fingerprint(plan),
    }


def position_in(state: dict[str, Any], plan: Plan) -> tuple[int, int]:
    """Give (epoch, position) of a state, if it is one of this plan.

    Raises
    ------
    ValueError
        If it is not; the message says what differs, and whether it is only seeds.
    """
    if not isinstance(state, dict) or state.get("version") != VERSION:
        version = state.get("version") if isinstance(state, dict) else None
        message = f"this state has version {version!r}, expected {VERSION}: what state_dict() gave"
        raise ValueError(message)
    then, now = dict(state["plan"]), fingerprint(plan)
    unit = counted_in(plan)
    if state["counted_in"] != unit:
        message = (
            f"this state counts {state['counted_in']}, this dataset {unit}: positions count "
            "batches where take, skip, shard, shuffle or repeat follow batch(), else samples"
        )
        raise ValueError(message)
    if unit == "samples":
        for name in BATCHING:
            then.pop(name, None)
            now.pop(name, None)
    differing = sorted(n for n in then.keys() | now.keys() if then.get(n) != now.get(n))
    if differing:
        raise ValueError(_refusal(differing, then, now))
    epoch, position = int(state["epoch"]), int(state["position"])
    if not (0 <= epoch < EPOCHS and 0 <= position < BEYOND_COUNTING):
        message = (
            f"this state is at position {position} of epoch {epoch}; expected 0 or more, and less "
            "than 2**63 and 2**32"
        )
        raise ValueError(message)
    return epoch, position


def _refusal(differing: list[str], then: dict[str, str], now: dict[str, str]) -> str:
    lines = [f"  {name}: {then.get(name)!r} then, {now.get(name)!r} now" for name in differing]
    text = "this state is of another plan:\n" + "\n".join(lines)
    if all(
        SEED.sub("", then.get(name, "")) == SEED.sub("", now.get(name, "")) for name in differing
    ):
        text += (
            "\nOnly seeds differ. Without seed= each process draws its own: to resume, pass those "
            "of the state, as in shuffle(seed=...) and map(..., seed=...)"
        )
    return text
