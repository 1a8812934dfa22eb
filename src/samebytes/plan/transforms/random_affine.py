"""Rotation, zoom, translation and shear, each alone as Keras has them, or all at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from samebytes.plan.tables import Floats
from samebytes.plan.transforms.base import as_pair
from samebytes.plan.transforms.warping import Warping, as_range, matrices_of

__all__ = ["RandomAffine", "RandomRotation", "RandomShear", "RandomTranslation", "RandomZoom"]

Range = float | tuple[float, float]


def _drawn(unit: Floats, limits: Any) -> Floats:
    lower, upper = limits
    found: Floats = lower + (upper - lower) * unit
    return found


@dataclass(frozen=True)
class RandomRotation(Warping):
    """Each image turned about its middle by a random angle; folded, with all other maps.

    Values are those of ``keras.layers.RandomRotation``: the angle is uniform in `factor` times a
    whole turn, and a positive one turns counterclockwise.

    Parameters
    ----------
    factor : float or (float, float)
        Least and most share of a turn, from -1 to 1; one number stands for (-factor, factor).
    """

    factor: Range

    draws: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse turns that are none."""
        super().__post_init__()
        object.__setattr__(self, "factor", as_range(self.factor, "RandomRotation: factor", -1, 1))

    def matrices(self, units: Floats, height: int, width: int) -> Floats:
        """Return where pixels are read."""
        angle = _drawn(units[:, 0], self.factor) * 2 * np.pi
        cos, sin = np.cos(angle), np.sin(angle)
        x, y = (width - 1) / 2, (height - 1) / 2
        moved = x - x * cos + y * sin, y - x * sin - y * cos
        return matrices_of(cos, -sin, moved[0], sin, cos, moved[1], 0, 0, 1)


@dataclass(frozen=True)
class RandomZoom(Warping):
    """Each image smaller or larger about its middle; folded, with all other maps.

    Values are those of ``keras.layers.RandomZoom``: a factor of 0.2 shows 20 % more of the image
    (what is beside it included), one of -0.2 shows 20 % less.

    Parameters
    ----------
    height_factor : float or (float, float)
        Least and most, above -1 and up to 1; one number stands for (-factor, factor).
    width_factor : float or (float, float), optional
        By default that of the height, drawn once, which keeps shapes.
    """

    height_factor: Range
    width_factor: Range | None = None

    draws: ClassVar[int] = 2

    def __post_init__(self) -> None:
        """Refuse factors that are none."""
        super().__post_init__()
        for name in ("height_factor", "width_factor"):
            given = getattr(self, name)
            if given is not None:
                found = as_range(given, f"RandomZoom: {name}", -0.999, 1)
                object.__setattr__(self, name, found)

    def matrices(self, units: Floats, height: int, width: int) -> Floats:
        """Return where pixels are read."""
        down = across = 1 + _drawn(units[:, 0], self.height_factor)
        if self.width_factor is not None:
            across = 1 + _drawn(units[:, 1], self.width_factor)
        x, y = (width - 1) / 2 * (1 - across), (height - 1) / 2 * (1 - down)
        return matrices_of(across, 0, x, 0, down, y, 0, 0, 1)


@dataclass(frozen=True)
class RandomTranslation(Warping):
    """Each image moved by a random share of its size; folded, with all other maps.

    Values are those of ``keras.layers.RandomTranslation``: positive factors move down and right.

    Parameters
    ----------
    height_factor, width_factor : float or (float, float)
        Least and most share of the image, from -1 to 1; one number stands for (-factor, factor).
    """

    height_factor: Range
    width_factor: Range

    draws: ClassVar[int] = 2

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        super().__post_init__()
        for name in ("height_factor", "width_factor"):
            found = as_range(getattr(self, name), f"RandomTranslation: {name}", -1, 1)
            object.__setattr__(self, name, found)

    def matrices(self, units: Floats, height: int, width: int) -> Floats:
        """Return where pixels are read."""
        down = _drawn(units[:, 0], self.height_factor) * height
        across = _drawn(units[:, 1], self.width_factor) * width
        return matrices_of(1, 0, -across, 0, 1, -down, 0, 0, 1)


@dataclass(frozen=True)
class RandomShear(Warping):
    """Each image sheared by random factors; folded, with all other maps.

    Values are those of ``keras.layers.RandomShear``, about the first pixel, and both factors have
    one random sign.

    Parameters
    ----------
    x_factor, y_factor : float or (float, float)
        Least and most, from -1 to 1; one number stands for (-factor, factor).
    """

    x_factor: Range = 0.0
    y_factor: Range = 0.0

    draws: ClassVar[int] = 3

    def __post_init__(self) -> None:
        """Refuse factors that are none."""
        super().__post_init__()
        for name in ("x_factor", "y_factor"):
            found = as_range(getattr(self, name), f"RandomShear: {name}", -1, 1)
            object.__setattr__(self, name, found)

    def matrices(self, units: Floats, height: int, width: int) -> Floats:
        """Return where pixels are read."""
        sign = np.where(units[:, 0] > 0.5, -1.0, 1.0)
        across = sign * _drawn(units[:, 1], self.x_factor)
        down = sign * _drawn(units[:, 2], self.y_factor)
        return matrices_of(1, across, 0, down, 1, 0, 0, 0, 1)


@dataclass(frozen=True)
class RandomAffine(Warping):
    """Each image turned, moved, scaled and sheared at once; folded, with all other maps.

    The map is that of ``torchvision.transforms.RandomAffine``, about the middle of the image;
    translations are not rounded to whole pixels.

    Parameters
    ----------
    degrees : float or (float, float)
        Least and most angle; one number stands for (-degrees, degrees).
    translate : (float, float)
        Most share of the width, and of the height, in either direction.
    scale : (float, float)
        Least and most; above 1 things become larger.
    shear : float or (float, float) or four floats
        Least and most angle along x, in degrees, and along y.
    """

    degrees: Range
    translate: tuple[float, float] = (0.0, 0.0)
    scale: tuple[float, float] = (1.0, 1.0)
    shear: float | tuple[float, ...] = 0.0

    draws: ClassVar[int] = 6

    def __post_init__(self) -> None:
        """Refuse what is no range."""
        super().__post_init__()
        found = as_range(self.degrees, "RandomAffine: degrees", -360, 360)
        object.__setattr__(self, "degrees", found)
        translate = as_pair(self.translate, "RandomAffine: translate")
        low, high = as_pair(self.scale, "RandomAffine: scale")
        if not (min(translate) >= 0 and max(translate) <= 1):
            message = f"RandomAffine: translate {self.translate}: expected shares from 0 to 1"
            raise ValueError(message)
        if not 0 < low <= high < np.inf:
            message = f"RandomAffine: scale {self.scale} is no pair 0 < lower <= upper"
            raise ValueError(message)
        object.__setattr__(self, "translate", translate)
        object.__setattr__(self, "scale", (low, high))
        shear: Any = self.shear
        pairs = (shear[:2], shear[2:]) if np.size(shear) == 4 else (shear, (0.0, 0.0))
        ends = [as_range(pair, "RandomAffine: shear", -89, 89) for pair in pairs]
        object.__setattr__(self, "shear", (*ends[0], *ends[1]))

    def matrices(self, units: Floats, height: int, width: int) -> Floats:
        """Return where pixels are read."""
        shear: Any = self.shear
        angle = np.radians(_drawn(units[:, 0], self.degrees))
        x_move = _drawn(units[:, 1], (-self.translate[0], self.translate[0])) * width
        y_move = _drawn(units[:, 2], (-self.translate[1], self.translate[1])) * height
        scale = _drawn(units[:, 3], self.scale)
        x_shear, y_shear = (
            np.radians(_drawn(units[:, 4 + axis], shear[2 * axis : 2 * axis + 2]))
            for axis in (0, 1)
        )
        cos, sin = np.cos(angle - y_shear), np.sin(angle - y_shear)
        a, c = cos / np.cos(y_shear), sin / np.cos(y_shear)
        b, d = -a * np.tan(x_shear) - np.sin(angle), -c * np.tan(x_shear) + np.cos(angle)
        a, b, c, d = (value / scale for value in (d, -b, -c, a))
        x, y = (width - 1) / 2, (height - 1) / 2
        x_begin = a * (-x - x_move) + b * (-y - y_move) + x
        y_begin = c * (-x - x_move) + d * (-y - y_move) + y
        return matrices_of(a, b, x_begin, c, d, y_begin, 0, 0, 1)
