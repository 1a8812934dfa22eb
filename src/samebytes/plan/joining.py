"""The sources of several datasets as one: arrays end to end, windows that stay in theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from samebytes.plan.concat import ConcatArray
from samebytes.plan.documents import CountFeature, DocumentFeature
from samebytes.plan.map_calls import MapCall
from samebytes.plan.mixtures import Mixture, Schedule
from samebytes.plan.recipe import Recipe
from samebytes.plan.seeds import DerivedSeed, DrawnSeed
from samebytes.plan.sources import SourceArray
from samebytes.plan.windows import Windows
from samebytes.share.concat_array import end_to_end

__all__ = ["joined"]

R = TypeVar("R", bound=Recipe)


@dataclass(frozen=True)
class _Joined:
    """The arrays of all, where windows begin, and the number of each one's first sample."""

    arrays: tuple[SourceArray, ...]
    windows: Windows | None
    offsets: tuple[int, ...]


def joined(verb: str, parts: Sequence[R], schedule: Schedule) -> dict[str, Any]:
    """Return what becomes of the first of several datasets when the others join it.

    Raises
    ------
    ValueError
        If their elements are of other kinds, or what is done to them differs.
    """
    first = parts[0]
    for number, part in enumerate(parts):
        _check_alike(verb, number, first, part)
        _check_windows(verb, number, first, part)
    found = _joined_sources(verb, parts)
    samples = Mixture(tuple(part.samples for part in parts), found.offsets, schedule)
    return {
        "arrays": found.arrays,
        "windows": found.windows,
        "samples": samples,
        "maps": _joined_maps(verb, parts),
        "base_seed": next((part.base_seed for part in parts if part.base_seed is not None), None),
    }


def _refuse(verb: str, number: int, told: Sequence[str], advice: str) -> ValueError:
    theirs, first = told
    return ValueError(f"{verb}: dataset {number} {theirs}, and dataset 0 {first}; {advice}")


def _check_alike(verb: str, number: int, first: Recipe, part: Recipe) -> None:
    """Refuse a dataset whose samples are of another kind than those of the first."""
    if part.batch_size is not None:
        message = (
            f"{verb}: dataset {number} has batches of {part.batch_size}; expected single samples: "
            "call batch() on what comes out"
        )
        raise ValueError(message)
    if part.orders or any(isinstance(array, CountFeature) for array in part.arrays):
        message = (
            f"{verb}: the components of dataset {number} have orders of their own; call zip or "
            "enumerate on what comes out"
        )
        raise ValueError(message)
    if part.structure != first.structure:
        names, others = (", ".join(each.structure.names) for each in (part, first))
        told = f"has the components {names}", f"has {others}"
        raise _refuse(verb, number, told, "give all the same ones")
    windows, other = part.windows, first.windows
    if (windows is None) != (other is None):
        told = "has windows", "rows"
        told = told if windows is not None else ("has rows", "windows")
        raise _refuse(verb, number, told, "give all windows of one length")
    for name, one, another, stencil, wanted in zip(
        first.structure.names,
        part.arrays,
        first.arrays,
        part.stencils,
        first.stencils,
        strict=True,
    ):
        shapes = [s.shape(a.shape[1:]) for s, a in ((stencil, one), (wanted, another))]
        if (one.dtype, shapes[0]) != (another.dtype, shapes[1]):
            message = (
                f"{verb}: component {name} of dataset {number} has samples of {one.dtype} "
                f"{shapes[0]}, that of dataset 0 samples of {another.dtype} {shapes[1]}; give all "
                "the same shape and dtype"
            )
            raise ValueError(message)
        if stencil != wanted:
            advice = "give all windows the same rows and columns"
            raise _refuse(verb, number, (f"reads {stencil} for {name}", str(wanted)), advice)


def _check_windows(verb: str, number: int, first: Recipe, part: Recipe) -> None:
    """Refuse windows that are not cut as those of the first are."""
    windows, other = part.windows, first.windows
    if windows is None or other is None:
        return
    if windows.start_seed is not None or other.start_seed is not None:
        message = (
            f"{verb}: the windows of dataset {number} are drawn with replacement from all of its "
            "rows, which would be those of all datasets; leave out replacement=True"
        )
        raise ValueError(message)
    facts = [
        f"has windows of {each.span:,} rows, one every {each.stride:,}, padding {each.padding}"
        for each in (windows, other)
    ]
    if facts[0] != facts[1]:
        raise _refuse(verb, number, facts, "give all the same length, stride and padding")
    if part.padding != first.padding:
        found = [f"pads with {each.padding}" for each in (part, first)]
        raise _refuse(verb, number, found, "give all the same")


def _joined_maps(verb: str, parts: Sequence[Recipe]) -> tuple[MapCall, ...]:
    """Return what is done to the samples of all, with a seed that was given, if one was."""
    first = parts[0].maps
    calls = list(first)
    for number, part in enumerate(parts):
        same = len(part.maps) == len(first) and all(
            replace(one, seed=0) == replace(other, seed=0)
            for one, other in zip(part.maps, first, strict=True)
        )
        for place, call in enumerate(part.maps if same else ()):
            mine = calls[place].seed
            if isinstance(mine, DrawnSeed) and not isinstance(call.seed, DrawnSeed):
                calls[place] = call
            elif call.seed != mine and not isinstance(call.seed, DrawnSeed | DerivedSeed):
                same = isinstance(mine, DerivedSeed)
                calls[place] = call
        if not same:
            theirs, others = (
                ", ".join(map(_named, each)) or "nothing" for each in (part.maps, first)
            )
            advice = "do the same to all with the same seeds, or call map on what comes out"
            raise _refuse(verb, number, (f"maps {theirs}", others), advice)
    return tuple(calls)


def _named(call: MapCall) -> str:
    function = call.function
    return (
        repr(function) if hasattr(function, "draws") else getattr(function, "__name__", "a layer")
    )


def _joined_sources(verb: str, parts: Sequence[Recipe]) -> _Joined:
    """Return all sources end to end, those of datasets that have the same ones but once."""
    bases: list[Recipe] = []
    which: list[int] = []
    for part in parts:
        for place, base in enumerate(bases):
            same = all(one is other for one, other in zip(part.arrays, base.arrays, strict=True))
            if same and part.windows == base.windows:
                which.append(place)
                break
        else:
            which.append(len(bases))
            bases.append(part)
    if len(bases) == 1:
        return _Joined(parts[0].arrays, parts[0].windows, (0,) * len(parts))
    arrays = tuple(
        _end_to_end(verb, name, [base.arrays[leaf] for base in bases])
        for leaf, name in enumerate(parts[0].structure.names)
    )
    # One array in several places stays one: windows that share reads are known by it.
    kept: dict[tuple[int, ...], SourceArray] = {}
    arrays = tuple(
        kept.setdefault(tuple(id(base.arrays[leaf]) for base in bases), array)
        for leaf, array in enumerate(arrays)
    )
    rows = np.cumsum([0, *(len(base.arrays[0]) for base in bases)])
    windows, offsets = parts[0].windows, rows[:-1]
    if windows is not None:
        every = [base.windows for base in bases if base.windows is not None]
        borders = [each.borders + row for each, row in zip(every, rows, strict=False)]
        begins = np.cumsum([0, *(len(each) for each in borders[:-1])])
        seeds = [each.phase_seed for each in every]
        given = [seed for seed in seeds if not isinstance(seed, DrawnSeed)]
        seed = (given or seeds)[0]
        windows = replace(windows, borders=np.concatenate(borders), phase_seed=seed)
        offsets = np.array([windows.first_of_group(int(begin)) for begin in begins])
    return _Joined(arrays, windows, tuple(int(offsets[place]) for place in which))


def _end_to_end(verb: str, name: str, arrays: list[SourceArray]) -> SourceArray:
    if all(isinstance(array, DocumentFeature) for array in arrays):
        features: list[Any] = arrays
        ends = np.cumsum([0, *(len(feature) for feature in features)])
        borders = [feature.borders[:-1] + end for feature, end in zip(features, ends, strict=False)]
        both: DocumentFeature = replace(features[0], borders=np.concatenate([*borders, ends[-1:]]))
        return both
    pieces: list[Any] = []
    names: list[str] = []
    for number, array in enumerate(arrays):
        mine = array.arrays if isinstance(array, ConcatArray) else (array,)
        pieces += mine
        names += [f"{verb}: component {name} of dataset {number}"] * len(mine)
    return end_to_end(pieces, names)
