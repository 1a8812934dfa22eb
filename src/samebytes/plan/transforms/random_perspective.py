"""Each image as if seen from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from samebytes.plan.tables import Floats
from samebytes.plan.transforms.warping import Warping, as_range

__all__ = ["RandomPerspective"]


@dataclass(frozen=True)
class RandomPerspective(Warping):
    """Each image with its corners moved, or not; folded, with all other maps.

    The map is that of ``keras.layers.RandomPerspective``, whose corners move by shares of their
    distance from the first one; `fill_mode` is new.

    Parameters
    ----------
    factor : float or (float, float)
        How likely it is that an image is changed, from 0 to 1; one number stands for (0, factor).
    scale : float
        By how much corners move, from 0 to 1: up to half of it, in either direction.
    """

    factor: float | tuple[float, float] = 1.0
    scale: float = 1.0
    fill_mode: str = field(default="constant", kw_only=True)

    draws: ClassVar[int] = 10

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        super().__post_init__()
        found = as_range(self.factor, "RandomPerspective: factor", 0, 1, least=0.0)
        object.__setattr__(self, "factor", found)
        if not 0 <= self.scale <= 1:
            message = f"RandomPerspective: scale {self.scale}: expected a number from 0 to 1"
            raise ValueError(message)

    def matrices(self, units: Floats, height: int, width: int) -> Floats:
        """Return where pixels are read: what maps the moved corners to where they were."""
        lower, upper = self.factor  # type: ignore[misc]
        chosen = units[:, 0] < lower + (upper - lower) * units[:, 1]
        x, y = float(width - 1), float(height - 1)
        begins = np.array([[0.0, 0.0], [x, 0.0], [0.0, y], [x, y]])
        shares = (units[:, 2:].reshape(-1, 4, 2) - 0.5) * self.scale
        ends = begins + begins * np.where(chosen[:, np.newaxis, np.newaxis], shares, 0.0)
        found: Floats = np.broadcast_to(np.eye(3), (len(units), 3, 3)).copy()
        if x > 0 and y > 0:
            rows = np.zeros((len(units), 8, 8))
            rows[:, :4, 0:2] = rows[:, 4:, 3:5] = ends
            rows[:, :4, 2] = rows[:, 4:, 5] = 1
            rows[:, :4, 6:8] = -begins[:, :1] * ends
            rows[:, 4:, 6:8] = -begins[:, 1:] * ends
            wanted = np.concatenate([begins[:, 0], begins[:, 1]])
            solved = np.linalg.solve(rows, np.broadcast_to(wanted, (len(units), 8))[..., None])
            found[chosen] = np.append(solved[..., 0], np.ones((len(units), 1)), 1)[chosen].reshape(
                -1, 3, 3
            )
        return found
