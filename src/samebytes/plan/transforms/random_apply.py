"""Transforms that only some samples go through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.plan.chosen_samples import join, select
from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, as_range

__all__ = ["RandomApply", "RandomChoice"]

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RandomApply(Transform):
    """Transforms that each sample goes through, all of them or none, by a coin; folded.

    Named as torchvision's. What changes the shape or the dtype is refused, for samples of a batch
    have one.

    Parameters
    ----------
    transforms : Transform, or sequence of them
        What is done, in this order.
    p : float
        Share of the samples that it is done to.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> grey = sb.RandomApply(sb.RandomGrayscale(1), p=0.2)
    >>> blurred = sb.RandomApply([sb.GaussianBlur(5), sb.RandomInvert((1, 1))], p=0.5)
    >>> images = np.zeros((8, 32, 32, 3), "uint8")
    >>> ds = sb.Dataset.from_tensor_slices(images).map(grey).map(blurred).batch(4)
    >>> ds.element_spec.shape
    (4, 32, 32, 3)
    """

    transforms: Transform | Sequence[Transform]
    p: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what is no transform, and no share."""
        object.__setattr__(self, "transforms", as_transforms(self.transforms, "RandomApply"))
        _, share = as_range(self.p, "RandomApply: p", 0, 1)
        object.__setattr__(self, "p", share)

    @property
    def draws(self) -> int:  # type: ignore[override]
        """A coin, and what the transforms draw."""
        return 1 + sum(one.draws for one in self._all)

    @property
    def _all(self) -> tuple[Transform, ...]:
        return self.transforms  # type: ignore[return-value]

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as what may be done to it leaves it."""
        return fold_some(self._all, spec, "RandomApply")

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Write the steps of the chosen samples."""
        chosen = np.flatnonzero(units[:, 0] < self.p)
        _tabulate_some(self._all, tables, chosen, units[:, 1:], means)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one sample, changed or not."""
        return _apply_all(self._all, sample, units[1:]) if units[0] < self.p else sample


@dataclass(frozen=True)
class RandomChoice(Transform):
    """One of several transforms for each sample; folded.

    Named as torchvision's. What changes the shape or the dtype is refused, for samples of a batch
    have one.

    Parameters
    ----------
    transforms : sequence of Transform
        What is chosen from.
    p : sequence of float, optional
        How likely each is, in proportion; by default all are equally likely.
    """

    transforms: Sequence[Transform]
    p: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse what is no transform, and what are no weights."""
        found = as_transforms(self.transforms, "RandomChoice")
        object.__setattr__(self, "transforms", found)
        if self.p is None:
            return
        weights = np.asarray(self.p)
        fits = weights.shape == (len(found),) and weights.dtype.kind in "iuf"
        if not fits or not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
            message = (
                f"RandomChoice: p {self.p} for {len(found)} transforms; expected a number of 0 or "
                "more for each, and not only zeros"
            )
            raise ValueError(message)
        object.__setattr__(self, "p", tuple(weights.astype(float).tolist()))

    @property
    def draws(self) -> int:  # type: ignore[override]
        """Which one, and what it draws."""
        return 1 + max(one.draws for one in self.transforms)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as what may be done to it leaves it."""
        return fold_some(self.transforms, spec, "RandomChoice")

    def _which(self, unit: Any) -> Any:
        """Return the number of the transform that a draw chooses."""
        weights = np.ones(len(self.transforms)) if self.p is None else np.array(self.p)
        return np.searchsorted(np.cumsum(weights)[:-1] / weights.sum(), unit, side="right")

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Write the step that each sample has chosen."""
        which = self._which(units[:, 0])
        for number, one in enumerate(self.transforms):
            chosen = np.flatnonzero(which == number)
            _tabulate_some((one,), tables, chosen, units[:, 1:], means)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one sample after the transform that was chosen."""
        return _apply_all((self.transforms[int(self._which(units[0]))],), sample, units[1:])


def as_transforms(given: Any, what: str) -> tuple[Transform, ...]:
    """Return transforms of ours as a tuple, or refuse what is none."""
    found = tuple(given) if isinstance(given, Sequence) else (given,)
    strange = next((one for one in found if not isinstance(one, Transform)), None)
    if strange is not None or not found:
        kind = "nothing" if not found else type(strange).__name__
        message = f"{what} takes transforms of samebytes; got {kind}"
        raise TypeError(message)
    named = next((one for one in found if one.on is not None or one.seed is not None), None)
    if named is not None:
        message = (
            f"{what}: {type(named).__name__} has an on= or a seed= of its own; give them to {what}"
        )
        raise ValueError(message)
    return found


def fold_some(transforms: Sequence[Transform], spec: ComponentSpec, what: str) -> ComponentSpec:
    """Return a component some samples of which go through transforms, and others do not."""
    # Tables of 16 bits are too large for every sample to have one.
    few = spec.source_dtype.itemsize == 1
    found = replace(spec, pointwise=spec.pointwise and few)
    for one in transforms:
        before = found
        found = one.fold(before)
        same = found.result_shape == before.result_shape and found.planar == before.planar
        if not same or found.rounded != before.rounded or found.chosen != before.chosen:
            message = (
                f"{what}: {type(one).__name__} changes the shape or the dtype, of which samples of "
                "a batch have one; put it in front or behind"
            )
            raise ValueError(message)
        if found.mixed and not before.mixed:
            message = f"{what} cannot choose who is mixed; choose alpha, or use it on all"
            raise ValueError(message)
    found.need(found.is_image, f"{what} folds for images only")
    found.need(not found.is_resampled, f"{what} cannot choose which samples are resampled")
    return replace(found, staged=found.linear)


def _tabulate_some(
    transforms: Sequence[Transform], tables: Tables, chosen: Places, units: Floats, means: Means
) -> None:
    if not len(chosen):
        return
    mine = select(tables, chosen)
    column = 0
    for one in transforms:
        one.tabulate(mine, units[chosen, column : column + one.draws], means)
        column += one.draws
    join(tables, chosen, mine, len(units))


def _apply_all(
    transforms: Sequence[Transform], sample: npt.NDArray[Any], units: Floats
) -> npt.NDArray[Any]:
    column = 0
    for one in transforms:
        sample = one.apply(sample, units[column : column + one.draws])
        column += one.draws
    return sample
