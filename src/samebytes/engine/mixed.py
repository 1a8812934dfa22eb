"""What mixes samples in a chain, and with which others."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from samebytes.engine.kernels.rng import permute
from samebytes.plan.partners import Partners
from samebytes.plan.plan import Component, Step
from samebytes.plan.tables import Floats
from samebytes.plan.transforms.mixing import Mixing

__all__ = ["MixingStep", "mixing_of", "partners_of"]

Indices = npt.NDArray[np.int64]


class MixingStep(NamedTuple):
    """The step of a component that mixes, and what comes before and after it."""

    step: Step
    transform: Mixing
    partners: Partners
    before: Component
    after: Component


def mixing_of(component: Component) -> MixingStep | None:
    """Return the step of a component that mixes samples, if it has one."""
    for place, step in enumerate(component.steps):
        if isinstance(step.transform, Mixing) and step.partners is not None:
            before = replace(component, steps=component.steps[:place])
            after = replace(component, steps=component.steps[place + 1 :])
            return MixingStep(step, step.transform, step.partners, before, after)
    return None


def partners_of(partners: Partners, epochs: Indices, units: Floats) -> tuple[Indices, Indices]:
    """Return (epochs, samples) of those that samples are mixed with, for the draws of the step."""
    return partners.of(epochs, units[:, 0], permute)
