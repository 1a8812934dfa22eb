"""Resized images are those of PyTorch's kernel for float32, within 0.02 of 255."""

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

import samebytes as sb

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 97, 131, 3), "uint8")
SIZES = [(40, 50), (224, 224), (131, 97), (97, 300), (11, 13)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_weighted_sums_are_pytorchs(interpolation, antialias, size):
    step = sb.Resizing(*size, interpolation, antialias)
    found = next(sb.Dataset.from_tensor_slices(IMAGES).map(step).batch(2).iterate(0))
    planes = torch.from_numpy(IMAGES).permute(0, 3, 1, 2).float()
    expected = interpolate(planes, size, mode=interpolation, antialias=antialias)
    assert np.abs(found - expected.permute(0, 2, 3, 1).numpy()).max() < 0.02


@pytest.mark.parametrize("size", SIZES)
def test_nearest_is_pytorchs_exact_one(size):
    step = sb.Resizing(*size, "nearest")
    found = next(sb.Dataset.from_tensor_slices(IMAGES).map(step).batch(2).iterate(0))
    planes = torch.from_numpy(IMAGES).permute(0, 3, 1, 2)
    expected = interpolate(planes, size, mode="nearest-exact").permute(0, 2, 3, 1).numpy()
    assert (found == expected).all()
