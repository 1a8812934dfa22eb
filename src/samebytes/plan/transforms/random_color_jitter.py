"""Brightness, contrast, saturation and hue, drawn for each sample and done at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, calculated, need_colours
from samebytes.plan.transforms.random_brightness import RandomBrightness, check_range
from samebytes.plan.transforms.random_contrast import RandomContrast
from samebytes.plan.transforms.random_hue import RandomHue
from samebytes.plan.transforms.random_saturation import RandomSaturation

__all__ = ["RandomColorJitter"]

Range = float | tuple[float, float] | None


@dataclass(frozen=True)
class RandomColorJitter(Transform):
    """Brightness, contrast, saturation and hue of each image changed at random; folded.

    Named as ``keras.layers.RandomColorJitter``, with its arguments; each part draws as the
    transform of its name, and one that is left out changes nothing. Deliberately different: all
    four are one matrix and one offset, and what leaves `value_range` is clipped once, behind the
    last, where Keras and torchvision clip behind each. Without clips in between their order changes
    nothing that can be seen, so none is drawn. `RandomSaturation` and `RandomHue` say what else
    differs.

    Contrast takes means, which costs one more reading of the source.

    Parameters
    ----------
    value_range : (float, float)
        Of the values as they are when they come here.
    brightness_factor, contrast_factor, saturation_factor, hue_factor : float or pair, optional
        As `factor` of `RandomBrightness`, `RandomContrast`, `RandomSaturation`, `RandomHue`.
    """

    value_range: tuple[float, float] = (0, 255)
    brightness_factor: Range = None
    contrast_factor: Range = None
    saturation_factor: Range = None
    hue_factor: Range = None

    draws: ClassVar[int] = 5

    def __post_init__(self) -> None:
        """Refuse factors and ranges that are none."""
        found = check_range(self.value_range, "RandomColorJitter")
        object.__setattr__(self, "value_range", found)
        for name, part in self._parts.items():
            object.__setattr__(self, f"{name}_factor", part.factor)

    @cached_property
    def _parts(self) -> dict[str, Any]:
        """The transforms that this does at once, by name; each refuses what is no factor."""
        classes = {
            "brightness": RandomBrightness,
            "contrast": RandomContrast,
            "saturation": RandomSaturation,
            "hue": RandomHue,
        }
        given = {name: getattr(self, f"{name}_factor") for name in classes}
        return {
            name: classes[name](factor, self.value_range)
            for name, factor in given.items()
            if factor is not None
        }

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32, with bounds."""
        need_colours(spec, "RandomColorJitter")
        measures = "contrast" in self._parts
        spec.need(not (spec.mixed and measures), "contrast measures what is mixed in the pass")
        again = spec.height * spec.width * spec.channels * measures
        facts = calculated(spec, self.value_range) | {"read_again": spec.read_again + again}
        return replace(spec, staged=True, pointwise=False, clipped=True, **facts)

    def _matrix(self, units: Floats) -> Floats:
        """Return saturation and then hue as one."""
        found: Floats = np.eye(3)
        if "saturation" in self._parts:
            found = self._parts["saturation"].matrix(units[..., 2])
        if "hue" in self._parts:
            found = self._parts["hue"].matrix(units[..., 3:]) @ found
        return found

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Add, multiply around the mean, mix the channels, and clip once."""
        if "brightness" in self._parts:
            tables.affine.multiply_add(1.0, self._parts["brightness"].term(units[:, :1]))
        if "contrast" in self._parts:
            mean = means(tables)
            tables.affine.subtract_multiply(mean, self._parts["contrast"].gain(units[:, 1:2]))
            tables.affine.multiply_add(1.0, mean)
        if "saturation" in self._parts or "hue" in self._parts:
            tables.mix_channels(self._matrix(units))
        tables.affine.clip(*self.value_range)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image, calculated in float64."""
        found: Floats = np.asarray(sample, np.float64)
        if "brightness" in self._parts:
            found = found + self._parts["brightness"].term(units[0])
        if "contrast" in self._parts:
            mean = found.mean(axis=(0, 1), dtype=np.float64)
            found = (found - mean) * self._parts["contrast"].gain(units[1]) + mean
        result: Floats = np.clip(found @ self._matrix(units).T, *self.value_range)
        return result
