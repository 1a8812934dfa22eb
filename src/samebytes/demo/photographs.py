"""Real photographs as tiles: those that ship inside the scikit-image package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samebytes.errors import MissingPackage

__all__ = ["TILE_SHAPE", "cut_tiles", "read_photographs"]

TILE_SHAPE = (512, 512, 3)

_NAMES = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "motorcycle_right.png",
    "retina.jpg",
    "rocket.jpg",
)
# Smaller photographs are continued by their mirror image up to this, so that a tile has room
# to begin at many places.
_LEAST_SIDE = 768


def read_photographs() -> dict[str, npt.NDArray[np.uint8]]:
    """Return the colour photographs by name, read from where scikit-image is installed.

    Raises
    ------
    MissingPackage
        If scikit-image is not installed, or ships none of them.
    """
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        message = (
            "the photographs ship with scikit-image; install it: pip install 'samebytes[demo]'"
        )
        raise MissingPackage(message)
    from skimage.io import imread

    folder = Path(package.origin).parent / "data"
    photographs = {}
    for name in _NAMES:
        # Which of them are inside the wheel differs from version to version.
        if (folder / name).is_file():
            photographs[Path(name).stem] = imread(folder / name)[..., :3]
    if not photographs:
        message = f"this scikit-image has no photographs in {folder}; pip install 'samebytes[demo]'"
        raise MissingPackage(message)
    return photographs


def cut_tiles(photographs: dict[str, npt.NDArray[np.uint8]], out: npt.NDArray[Any]) -> None:
    """Fill `out` with tiles, a photograph after the other, no two the same.

    The first of each photograph is its top left corner as it is; the others begin elsewhere
    and may be mirrored.

    Parameters
    ----------
    photographs : dict of str to ndarray
        Colour photographs of any size; one smaller than 768 a side is continued by its mirror
        image.
    out : ndarray
        Of shape ``(tiles, 512, 512, 3)`` and uint8.
    """
    large = [_continued(photograph) for photograph in photographs.values()]
    generator = np.random.default_rng(0)
    seen: set[tuple[int, int, int, bool, bool]] = set()
    for index, tile in enumerate(out):
        which = index % len(large)
        photograph = large[which]
        top, left, flipped, mirrored = 0, 0, False, False
        while (which, top, left, flipped, mirrored) in seen:
            top = int(generator.integers(photograph.shape[0] - TILE_SHAPE[0] + 1))
            left = int(generator.integers(photograph.shape[1] - TILE_SHAPE[1] + 1))
            flipped, mirrored = bool(generator.integers(2)), bool(generator.integers(2))
        seen.add((which, top, left, flipped, mirrored))
        piece = photograph[top : top + TILE_SHAPE[0], left : left + TILE_SHAPE[1]]
        tile[...] = piece[:: -1 if flipped else 1, :: -1 if mirrored else 1]


def _continued(photograph: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    missing = [max(0, _LEAST_SIDE - length) for length in photograph.shape[:2]]
    return np.pad(photograph, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="reflect")
