import numpy as np
import pytest

from samebytes.demo.photographs import TILE_SHAPE, cut_tiles, read_photographs

pytest.importorskip("skimage")


def test_reads_colour_photographs():
    photographs = read_photographs()
    assert {"astronaut", "retina"} <= set(photographs)
    assert all(image.dtype == np.uint8 for image in photographs.values())
    assert all(image.shape[2:] == (3,) for image in photographs.values())


def test_no_two_tiles_are_the_same():
    tiles = np.empty((60, *TILE_SHAPE), np.uint8)
    cut_tiles(read_photographs(), tiles)
    assert len({tile.tobytes() for tile in tiles}) == 60


def test_the_first_tile_of_a_photograph_is_its_corner():
    photographs = read_photographs()
    tiles = np.empty((len(photographs), *TILE_SHAPE), np.uint8)
    cut_tiles(photographs, tiles)
    for photograph, tile in zip(photographs.values(), tiles, strict=True):
        rows, columns = (min(512, length) for length in photograph.shape[:2])
        assert np.array_equal(tile[:rows, :columns], photograph[:rows, :columns])
