"""A plan in words: the table that a dataset shows, and the key of a saved state."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from samebytes.memory.files.origin import mapping_of
from samebytes.memory.lazy import LazyArray
from samebytes.memory.text import shortened
from samebytes.plan import samplers
from samebytes.plan.chunks import chunk_rows
from samebytes.plan.concat import ConcatArray
from samebytes.plan.documents import CountFeature, DocumentFeature
from samebytes.plan.fuse import function_name
from samebytes.plan.mixing import mixing_rows
from samebytes.plan.options import Options
from samebytes.plan.plan import Component, Plan, Step, UnfusedStep
from samebytes.plan.prefetch import batches_per_block, blocks_ahead, samples_in
from samebytes.plan.rank_slice import RankSlice, global_batching
from samebytes.plan.reader_choice import IN_MEMORY, choose_reader
from samebytes.plan.shared_reads import read_bytes, source_bytes
from samebytes.plan.sources import arrays_in
from samebytes.plan.transforms.base import Transform
from samebytes.plan.windows import Stencil
from samebytes.share.layout import as_bytes_text

__all__ = ["describe", "fingerprint", "plan_rows"]


# What is the same in both -----------------------------------------------------------------


def _exact(value: Any) -> str:
    if isinstance(value, Transform):
        return _call(value, _exact)
    if isinstance(value, tuple) and any(isinstance(one, Transform) for one in value):
        return f"({', '.join(map(_exact, value))}{',' * (len(value) == 1)})"
    return _name(value) if callable(value) else repr(value)


def _name(function: Any) -> str:
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def _short(value: Any) -> str:
    """Return a value for people: numbers to six digits."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_short, value))}{',' * (len(value) == 1)})"
    return f"{value:.6g}" if isinstance(value, float) else _exact(value)


def _call(transform: Transform, text: Callable[[Any], str]) -> str:
    """Return a transform as it would be written; what is left at its default is left out."""
    parts = []
    for field in dataclasses.fields(transform):
        value = getattr(transform, field.name)
        if field.name in {"on", "on_masks", "seed"} or value == field.default:
            continue
        named = "" if field.default is dataclasses.MISSING else f"{field.name}="
        parts.append(named + text(value))
    return f"{type(transform).__name__}({', '.join(parts)})"


def _sampler(sampler: Any) -> str:
    """Return a sampler as it would be written."""
    if hasattr(sampler, "parents"):
        return f"{sampler.text} [{' | '.join(map(_order, sampler.parents))}]"
    if hasattr(sampler, "text"):
        return str(sampler.text)
    if isinstance(sampler, samplers.Shuffle):
        more = "" if sampler.reshuffle else ", reshuffle_each_iteration=False"
        if sampler.blocks is not None:
            more += f", block_size={sampler.blocks.size}, window={sampler.blocks.window}"
        return f"shuffle(seed={sampler.seed}{more})"
    if isinstance(sampler, samplers.Shard):
        return f"shard({sampler.count}, {sampler.index})"
    if isinstance(sampler, samplers.Repeat) and sampler.count is None:
        return "repeat()"
    return f"{type(sampler).__name__.lower()}({sampler.count})"


def _order(sampler: Any) -> str:
    """Return a chain of samplers, first to last."""
    names: list[str] = []
    while hasattr(sampler, "parent"):
        names.append(_sampler(sampler))
        sampler = sampler.parent
    if hasattr(sampler, "parents"):
        names.append(_sampler(sampler))
    return " → ".join(reversed(names)) or "as it is"


# For comparing ----------------------------------------------------------------------------


def fingerprint(plan: Plan) -> dict[str, str]:
    """Return what decides about values and order, in words, for comparing two plans.

    The same in every process for the same plan, whose functions go by their names; of a dataset
    that is distributed it says nothing of which process this is, or of how many.
    """
    whole = global_batching(plan)
    facts = {
        f"component {c.name}": f"{c.spec.source_dtype.name} {c.array.shape}"
        + ("" if plan.windows is None else f" {_stencil(c.stencil)} padding={c.padding!r}")
        + "".join(f" → {_drawn(step)}" for step in c.steps)
        + _own_order(c)
        for c in plan.components
    }
    if plan.windows is not None:
        facts["windows"] = repr(plan.windows)
    return {
        **facts,
        "samples": _order(whole.samples),
        "batches": _order(plan.batches),
        "batch_size": str(whole.batch_size),
        "drop_remainder": str(whole.drop_remainder),
        "after the pass": " → ".join(_after(later) for later in plan.later),
    }


def _own_order(component: Component) -> str:
    """Return where a component looks for its samples, if not where the others do."""
    order = component.order
    if order is None:
        return ""
    length = order.samples.length
    told = "endless" if length is None else f"{length:,} samples"
    return f"; {told}, {_order(order.samples)}"


def _stencil(stencil: Stencil) -> str:
    """Return which rows make a sample, in the words of 0.1.0, whose states are to load."""
    return repr(stencil).replace("Stencil(", "Frame(", 1)


def _drawn(step: Step) -> str:
    """Return a step exactly, with the source of its draws where it has any."""
    source = f" (seed {step.seed}, stream {step.stream})" if step.transform.draws else ""
    return _call(step.transform, _exact) + source


def _after(later: UnfusedStep) -> str:
    named = f" on {later.on!r}" if later.on is not None else ""
    if isinstance(later.function, Step):
        return _drawn(later.function) + named
    name = getattr(later.function, "__qualname__", type(later.function).__qualname__)
    return f"{name}{' of batches' if later.batched else ''}{named}"


# For people -------------------------------------------------------------------------------


def describe(plan: Plan, options: Options) -> str:
    """Return the plan as a short table: source, what is folded, what is not, bytes a batch."""
    rows = plan_rows(plan, options)
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {text}".rstrip() for name, text in rows)


def plan_rows(plan: Plan, options: Options) -> list[tuple[str, str]]:
    """Return the plan as names and facts; a name that begins with spaces belongs to that above."""
    size = 1 if plan.batch_size is None else samples_in(plan)
    read = read_bytes(plan) * size
    written = sum(c.sample_bytes for c in plan.components) * size
    unit = "samples" if plan.windows is None else "rows"
    order = global_batching(plan).samples
    rows = [
        (
            "source",
            f"{_rows_there(plan):,} {unit}, {as_bytes_text(source_bytes(plan))}",
        ),
        *((f"  {c.name}", _source(c) + _own_order(c)) for c in plan.components),
        *_windows(plan),
        ("order", _with_length(order, order.length, "samples")),
        *((f"  {name}", text) for name, text in mixing_rows(plan) + chunk_rows(plan)),
        ("one pass", f"reads {as_bytes_text(read)}, writes {as_bytes_text(written)} {_each(plan)}"),
        *((f"  {c.name}", _made(c)) for c in plan.components),
        *_rows_after(plan),
    ]
    if plan.batch_size is not None:
        rows.append(("batch", _batch(plan)))
    if isinstance(plan.samples, RankSlice):
        rows.append(("process", _process(plan.samples, options)))
    choice = choose_reader(plan, options.reader)
    if choice.why != IN_MEMORY:
        rows.append(("reader", str(choice)))
    each = batches_per_block(plan, options.prefetch)
    depth = (blocks_ahead(plan, options.prefetch) + 1) * each
    depth = depth if plan.length is None else max(1, min(depth, plan.length))
    blocks = f", {each} in a block" if each > 1 else ""
    element = "sample" if plan.batch_size is None else "batch"
    many = (
        f"{depth} {element}{'s' if element == 'sample' else 'es'}" if depth > 1 else f"1 {element}"
    )
    rows.append(
        (
            "memory",
            f"{as_bytes_text(written * depth)} for {many} in flight{blocks}, plus what you keep",
        )
    )
    return rows


def _rows_there(plan: Plan) -> int:
    """Return how many rows there are to read, those of a component that is counted left out."""
    lengths = [len(c.array) for c in plan.components if not isinstance(c.array, CountFeature)]
    return max(lengths, default=0)


def _each(plan: Plan) -> str:
    return "per sample, once" if plan.batch_size is None else "per batch, once"


def _windows(plan: Plan) -> list[tuple[str, str]]:
    windows = plan.windows
    if windows is None:
        return []
    groups = len(windows.borders) - 1
    parts = [f"{len(windows):,} of {windows.span:,} rows"]
    if windows.start_seed is None:
        parts.append(f"one every {windows.stride:,} rows" if windows.stride > 1 else "one per row")
    else:
        parts.append(f"drawn with replacement (seed {windows.start_seed})")
    if windows.phase_seed is not None:
        parts.append(f"shifted anew each epoch (seed {windows.phase_seed})")
    if groups > 1:
        parts.append(f"none across the borders of {groups:,} groups")
    if windows.padding is not None:
        parts.append(f"short series padded on the {windows.padding}")
    return [("windows", ", ".join(parts))]


def _source(component: Component) -> str:
    if isinstance(component.array, CountFeature):
        return f"{component.spec.source_dtype.name}, counted from {component.stencil.offset:,}"
    if isinstance(component.array, DocumentFeature):
        count = len(component.array.borders) - 1
        return f"{component.spec.source_dtype.name}, from the borders of {count:,} documents"
    arrays = arrays_in(component.array)
    where = _where(component)
    if len(arrays) > 1:
        where += f"{' and others' * bool(where)}, {len(arrays):,} parts"
    return f"{_kind(component.spec.source_dtype, component.array.shape[1:])}{where}"


def _where(component: Component) -> str:
    """Return where the first array of a component lies, if it is not in memory."""
    source = component.array
    first = source.arrays[0] if isinstance(source, ConcatArray) else source
    if isinstance(first, LazyArray):
        return f", read from {shortened(Path(first.name).name)}"
    mapping = mapping_of(first)
    return "" if mapping is None else f", mapped from {Path(mapping.path).name}"


def _made(component: Component) -> str:
    kind = _kind(component.spec.dtype, component.spec.result_shape)
    steps = [_call(step.transform, _short) for step in component.steps]
    return " → ".join([*steps, kind]) if steps else f"copied, {kind}"


def _kind(dtype: np.dtype[Any], shape: tuple[int, ...]) -> str:
    return f"{dtype.name} {shape}" if shape else dtype.name


def _rows_after(plan: Plan) -> list[tuple[str, str]]:
    rows = []
    for later in plan.later:
        name = function_name(later)
        if isinstance(later.function, Step):
            name = _call(later.function.transform, _short)
        named = f" on {later.on!r}" if later.on is not None else ""
        each = "" if isinstance(later.function, Step) else f", each {_unit(later)}"
        rows.append(("after it", f"{name}{named}{each}: {later.why}"))
    return rows


def _unit(later: UnfusedStep) -> str:
    return "batch" if later.batched else "sample"


def _batch(plan: Plan) -> str:
    chosen = _with_length(plan.batches, plan.length, "batches")
    last = "dropped" if global_batching(plan).drop_remainder else "kept"
    if plan.weighted:
        last = "filled up, with weights of 0"
    return f"{plan.batch_size:,} samples, a smaller last batch is {last}; {chosen}"


def _process(mine: RankSlice, options: Options) -> str:
    """Return which process of how many this is, who said so, and who shares its cores."""
    parts = [f"{mine.index} of {mine.num_workers} ({mine.found})"]
    if mine.num_workers > 1:
        parts.append(f"samples {_part(mine)} of each {mine.batch_size:,}")
    if options.processes > 1:
        parts.append(f"{options.processes} of them share the cores of this machine")
    return "; ".join(parts)


def _part(mine: RankSlice) -> str:
    begin = mine.index * mine.size
    return f"{begin:,} to {begin + mine.size - 1:,}"


def _with_length(sampler: samplers.Sampler | None, length: int | None, what: str) -> str:
    count = "endless" if length is None else f"{length:,} {what}"
    chosen = _order(sampler)
    return count if chosen == "as it is" else f"{chosen}: {count}"
