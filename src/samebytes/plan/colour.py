"""What becomes of the channels of a pixel together: a matrix and an offset for each sample.

Saturation, hue, grey and everything else that is linear in red, green and blue is a matrix, and so
is a chain of them: matrices multiply. What is a factor and a term per channel (`Affine`) is a
matrix too, so it joins from both sides, as long as no clip lies between.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samebytes.plan.affine import Affine, Floats

__all__ = ["LUMA", "Colour", "grey_blend", "hue_rotation"]

LUMA = (0.2989, 0.587, 0.114)
"""How bright red, green and blue are, in this order: numbers of Keras and torchvision (BT.601)."""

_TO_YIQ = np.array(
    [[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]]
)
_FROM_YIQ = np.linalg.inv(_TO_YIQ)


@dataclass
class Colour:
    """``matrix @ (x - center)``, at one point of a chain; what is added lies in an `Affine` behind.

    Attributes
    ----------
    center : ndarray of float64, shape (n, 3) or (1, 3)
        Subtracted first, so that values far from zero lose no digits.
    matrix : ndarray of float64, shape (n, 3, 3) or (1, 3, 3)
        Row by row what each channel becomes.

    Examples
    --------
    >>> grey, after = Colour.joining(Affine.identity(3))
    >>> after = grey.multiply(np.full((1, 3, 3), 1 / 3), after)
    >>> grey.matrix.round(2)[0, 0].tolist(), after.offset.tolist()
    ([0.33, 0.33, 0.33], [[0.0, 0.0, 0.0]])
    """

    center: Floats
    matrix: Floats

    @classmethod
    def joining(cls, affine: Affine) -> tuple[Colour, Affine]:
        """Return what does all of `affine`, which has no bounds, but its offset; and that."""
        after = Affine.identity(affine.scale.shape[1])
        after.offset = affine.offset
        return cls(affine.center, affine.scale[:, :, np.newaxis] * np.eye(3)), after

    def multiply(self, matrix: npt.ArrayLike, after: Affine) -> Affine:
        """Put a matrix behind this and the `after` that follows it; return what follows now.

        `after` has no bounds.
        """
        factors = np.asarray(matrix, np.float64)
        term = after.offset - after.center * after.scale
        self.matrix = factors @ (after.scale[:, :, np.newaxis] * self.matrix)
        found = Affine.identity(after.scale.shape[1])
        found.offset = (factors @ term[:, :, np.newaxis])[:, :, 0]
        return found


def grey_blend(share: npt.ArrayLike) -> Floats:
    """Return matrices that blend each image with its grey: 0 is grey, 1 the image, 2 more colour.

    Examples
    --------
    >>> grey_blend(1.0).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    kept = np.asarray(share, np.float64)[..., np.newaxis, np.newaxis]
    found: Floats = kept * np.eye(3) + (1 - kept) * np.broadcast_to(LUMA, (3, 3))
    return found


def hue_rotation(turns: npt.ArrayLike) -> Floats:
    """Return matrices that turn the hue, 1 being once round, and keep brightness and grey.

    Examples
    --------
    >>> np.allclose(hue_rotation(0.5) @ hue_rotation(0.5), np.eye(3))
    True
    """
    angle = 2 * np.pi * np.asarray(turns, np.float64)
    turned = np.zeros((*angle.shape, 3, 3))
    turned[..., 0, 0] = 1.0
    turned[..., 1, 1] = turned[..., 2, 2] = np.cos(angle)
    # From red to green for positive turns, as hue does in HSV.
    turned[..., 1, 2], turned[..., 2, 1] = np.sin(angle), -np.sin(angle)
    found: Floats = _FROM_YIQ @ turned @ _TO_YIQ
    return found
