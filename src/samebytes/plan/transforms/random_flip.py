"""Left and right, up and down, each by a coin a sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy.typing as npt

from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, need_image

__all__ = ["RandomFlip"]

MODES = ("horizontal", "vertical", "horizontal_and_vertical")


@dataclass(frozen=True)
class RandomFlip(Transform):
    """Each image mirrored or not, by a fair coin of its own; folded, read backwards.

    Named as ``keras.layers.RandomFlip``. Deliberately different: with
    ``"horizontal_and_vertical"`` each direction has its own coin, where Keras tosses one for
    both and so only ever turns by 180 degrees.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> rows = np.tile(np.uint8([0, 1]).reshape(1, 2, 1), (200, 1, 1, 1))
    >>> ds = sb.Dataset.from_tensor_slices(rows).map(sb.RandomFlip("horizontal", seed=1))
    >>> mirrored = next(iter(ds.batch(200)))[:, 0, 0, 0].sum()
    >>> bool(60 < mirrored < 140)
    True
    """

    mode: str = "horizontal_and_vertical"

    draws: ClassVar[int] = 2
    by_frame: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse a mode that is none."""
        if self.mode not in MODES:
            message = f"RandomFlip({self.mode!r}): expected one of {MODES}"
            raise ValueError(message)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as it is."""
        spec = need_image(spec, "RandomFlip")
        spec.need(not spec.mixed, "RandomFlip moves what was mixed")
        return replace(spec, placed=True)

    def _chosen(self, units: Floats) -> tuple[Any, Any]:
        vertical = (units[..., 0] < 0.5) & (self.mode != "horizontal")
        horizontal = (units[..., 1] < 0.5) & (self.mode != "vertical")
        return vertical, horizontal

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Read the chosen samples backwards."""
        rows, columns = self._chosen(units)
        tables.geometry.flip(rows=rows, columns=columns)

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image, mirrored or not."""
        rows, columns = self._chosen(units)
        sample = sample[::-1] if rows else sample
        return sample[:, ::-1] if columns else sample
