"""Grey, or colour, by a coin a sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from samebytes.plan.colour import grey_blend
from samebytes.plan.component_spec import ComponentSpec
from samebytes.plan.tables import Floats, Means, Tables
from samebytes.plan.transforms.base import Transform, as_range, calculated, need_colours
from samebytes.plan.transforms.random_saturation import mixed

__all__ = ["RandomGrayscale"]


@dataclass(frozen=True)
class RandomGrayscale(Transform):
    """Some images in grey, in three equal channels; folded, as a 3 by 3 matrix.

    Values are those of ``keras.layers.RandomGrayscale`` and of torchvision:
    ``0.2989 * red + 0.587 * green + 0.114 * blue``.

    Parameters
    ----------
    factor : float
        Share of the images that become grey, from 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> ds = sb.Dataset.from_tensor_slices(np.uint8([[[[200, 100, 0]]]])).map(sb.RandomGrayscale(1))
    >>> next(iter(ds.batch(1))).astype(float).round(2).tolist()
    [[[[118.48, 118.48, 118.48]]]]
    """

    factor: float = 0.5

    draws: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        _, factor = as_range(self.factor, "RandomGrayscale: factor", 0, 1)
        object.__setattr__(self, "factor", factor)

    def fold(self, spec: ComponentSpec) -> ComponentSpec:
        """Return the component as float32."""
        need_colours(spec, "RandomGrayscale")
        return replace(spec, staged=True, pointwise=False, **calculated(spec))

    def _matrix(self, unit: Any) -> Floats:
        return grey_blend(np.where(np.asarray(unit) < self.factor, 0.0, 1.0))

    def tabulate(self, tables: Tables, units: Floats, means: Means) -> None:
        """Mix the channels of the chosen samples."""
        tables.mix_channels(self._matrix(units[:, 0]))

    def apply(self, sample: npt.NDArray[Any], units: Floats) -> npt.NDArray[Any]:
        """Return one image, calculated in float64."""
        return mixed(sample, self._matrix(units[0]), None)
