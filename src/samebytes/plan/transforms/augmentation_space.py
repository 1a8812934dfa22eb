"""What RandAugment and TrivialAugmentWide do to values, with torchvision's magnitudes.

An operation is one thing that is done by a magnitude: to tables, of which each sample has one of
its own, and to a single sample in plain NumPy. `GEOMETRIC` names those that resample, which are no
operations yet; with them, `Augmentation` over all of a space is what torchvision calls by the name
of that space, and until then it is not offered under that name.

Values are from 0 to 255, as in torchvision, and are not rounded in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from samebytes.plan.chosen_samples import join, select
from samebytes.plan.colour import LUMA, grey_blend
from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.stages import BLUR, MOST_LEVELS, SOLARIZE, Done
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.auto_contrast import AutoContrast
from samebytes.plan.transforms.base import Transform, by_place, measured, need_colours
from samebytes.plan.transforms.equalization import Equalization
from samebytes.plan.transforms.gaussian_blur import sharpened, sharpness_shares
from samebytes.plan.transforms.random_posterization import posterized, posterizing_table

__all__ = ["GEOMETRIC", "SPACES", "Augmentation", "Operation"]

RANGE = (0.0, 255.0)
BINS = 31
GEOMETRIC = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")
"""What is missing of both spaces: one affine map a sample each."""


class Operation(NamedTuple):
    """One thing that is done by a magnitude.

    Attributes
    ----------
    tabulate : callable
        Takes tables, magnitudes of shape (n,), and what measures.
    apply : callable
        Takes a sample and a magnitude.
    """

    tabulate: Callable[[Tables, Floats, Means], None]
    apply: Callable[[Floats, float], Floats]


def _brighten(tables: Tables, by: Floats, _: Means) -> None:
    tables.affine.multiply_add(1 + by[:, np.newaxis], 0.0)
    tables.affine.clip(*RANGE)


def _colour(tables: Tables, by: Floats, _: Means) -> None:
    tables.mix_channels(grey_blend(1 + by))
    tables.affine.clip(*RANGE)


def _contrast(tables: Tables, by: Floats, means: Means) -> None:
    grey = means(tables) @ np.array(LUMA)
    tables.affine.multiply_add(1 + by[:, np.newaxis], -(by * grey)[:, np.newaxis])
    tables.affine.clip(*RANGE)


def _contrasted(sample: Floats, by: float) -> Floats:
    grey = (sample @ np.array(LUMA)).mean()
    found: Floats = np.clip(sample + by * (sample - grey), *RANGE)
    return found


def _sharpen(tables: Tables, by: Floats, _: Means) -> None:
    tables.do(Done.all(BLUR, 1, *sharpness_shares(1 + by), 1, 1, 1))
    tables.affine.clip(*RANGE)


def _kept_bits(bits: Floats) -> Floats:
    return posterizing_table(bits.astype(np.int64), RANGE)


def _posterize(tables: Tables, bits: Floats, _: Means) -> None:
    tables.look_up_levels(*RANGE, _kept_bits(bits)[:, np.newaxis])


def _solarize(tables: Tables, threshold: Floats, _: Means) -> None:
    tables.do(Done.all(SOLARIZE, *RANGE, 0, threshold))


_AUTO, _EQUAL = AutoContrast(RANGE), Equalization(RANGE)

OPERATIONS = {
    "Identity": Operation(lambda *_: None, lambda sample, _: sample),
    "Brightness": Operation(_brighten, lambda sample, by: np.clip(sample * (1 + by), *RANGE)),
    "Color": Operation(_colour, lambda sample, by: np.clip(sample @ grey_blend(1 + by).T, *RANGE)),
    "Contrast": Operation(_contrast, _contrasted),
    "Sharpness": Operation(_sharpen, lambda sample, by: sharpened(sample, 1 + by, RANGE)),
    "Posterize": Operation(
        _posterize,
        lambda sample, bits: posterized(sample, _kept_bits(np.array(bits)), RANGE),
    ),
    "Solarize": Operation(
        _solarize, lambda sample, threshold: np.where(sample >= threshold, 255 - sample, sample)
    ),
    "AutoContrast": Operation(
        lambda tables, by, means: _AUTO.tabulate(tables, by[:, np.newaxis], means),
        lambda sample, _: _AUTO.apply(sample, np.zeros(0)),
    ),
    "Equalize": Operation(
        lambda tables, by, means: _EQUAL.tabulate(tables, by[:, np.newaxis], means),
        lambda sample, _: _EQUAL.apply(sample, np.zeros(0)),
    ),
}

SIGNED = {"Brightness", "Color", "Contrast", "Sharpness"}
"""Whose magnitudes are negative for half of the samples."""


def _space(strongest: float, bits: int) -> dict[str, Floats]:
    """Return the magnitudes of each operation, from the weakest to the strongest bin."""
    bins = np.arange(BINS)
    found = dict.fromkeys(OPERATIONS, np.zeros(BINS))
    found |= {name: np.linspace(0, strongest, BINS) for name in SIGNED}
    # Half of a bit rounds to even, in torchvision too.
    found["Posterize"] = 8 - np.rint(bins / ((BINS - 1) / bits))
    found["Solarize"] = np.linspace(255, 0, BINS)
    return found


SPACES = {"RandAugment": _space(0.9, 4), "TrivialAugmentWide": _space(0.99, 6)}
"""Of each, the magnitudes of its operations, at 31 bins."""


@dataclass(frozen=True)
class Augmentation(Transform):
    """Some operations of a space one after the other, drawn for each sample.

    Parameters
    ----------
    space : str
        One of `SPACES`.
    operations : int
        How many each sample goes through.
    magnitude : int, optional
        At which bin; by default a bin is drawn.
    """

    space: str
    operations: int = 1
    magnitude: int | None = None

    PER_OPERATION: ClassVar[int] = 3
    """Which one, how strong, and its sign."""

    @property
    def draws(self) -> int:  # type: ignore[override]
        """Three for each operation."""
        return self.operations * self.PER_OPERATION

    @cached_property
    def _names(self) -> list[str]:
        return list(OPERATIONS)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32, with bounds."""
        name = self.space
        need_colours(spec, name)
        spec.need(not spec.mixed, f"{name} measures what is mixed in the pass")
        again = spec.read_again
        for _ in range(self.operations):
            again = measured(replace(spec, read_again=again), name, RANGE).read_again
        spread = spec.spread + self.operations
        spec.need(spread <= MOST_LEVELS, f"{name} has one too many that take from neighbours")
        found = by_place(spec, name, RANGE)
        return replace(found, clipped=True, spread=spread, read_again=again)

    def _drawn(self, units: Floats) -> tuple[Any, Any]:
        """Return numbers of operations and their magnitudes, for three draws."""
        which = (units[..., 0] * len(self._names)).astype(np.int64)
        drawn = (units[..., 1] * BINS).astype(np.int64)
        bins = drawn if self.magnitude is None else np.full_like(drawn, self.magnitude)
        table = np.stack([SPACES[self.space][name] for name in self._names])
        signed = np.array([name in SIGNED for name in self._names])
        by = table[which, bins]
        return which, np.where(signed[which] & (units[..., 2] < 0.5), -by, by)

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Write the operations that each sample has drawn."""
        for first in range(0, self.draws, self.PER_OPERATION):
            which, by = self._drawn(units[:, first : first + self.PER_OPERATION])
            for number, name in enumerate(self._names):
                chosen = np.flatnonzero(which == number)
                if len(chosen) and name != "Identity":
                    mine = select(tables, chosen)
                    OPERATIONS[name].tabulate(mine, by[chosen], means)
                    join(tables, chosen, mine, len(units))

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image, calculated in float64."""
        found = np.asarray(sample, np.float64)
        for first in range(0, self.draws, self.PER_OPERATION):
            which, by = self._drawn(units[first : first + self.PER_OPERATION])
            found = OPERATIONS[self._names[int(which)]].apply(found, float(by))
        return found
