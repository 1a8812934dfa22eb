"""The operations of the augmentation policies that need no resampling, each by itself."""

import numpy as np
import pytest
from running import assert_same_bytes, chain, made, pixels, units_of

import samebytes as sb
from samebytes.plan.transforms.augmentation_space import (
    GEOMETRIC,
    OPERATIONS,
    SPACES,
    Augmentation,
)

IMAGES = pixels(300, 9, 8, 3)


def test_magnitudes_are_torchvisions():
    rand, wide = SPACES["RandAugment"], SPACES["TrivialAugmentWide"]
    assert set(rand) == set(wide) == set(OPERATIONS)
    assert not set(GEOMETRIC) & set(OPERATIONS)
    assert (rand["Brightness"][9], wide["Color"][30]) == (pytest.approx(0.27), 0.99)
    assert rand["Posterize"].tolist() == [8] * 4 + [7] * 8 + [6] * 7 + [5] * 8 + [4] * 4
    assert (wide["Posterize"][0], wide["Posterize"][30]) == (8, 2)
    assert (rand["Solarize"][0], rand["Solarize"][30]) == (255, 0)


@pytest.mark.parametrize("space", sorted(SPACES))
def test_each_sample_goes_through_what_it_drew(space):
    dataset = chain(IMAGES, Augmentation(space))
    # A value between two levels may be rounded to either by the last digit of float32.
    found, expected = made(dataset), dataset.reference(range(300))
    np.testing.assert_allclose(found, expected, atol=0.01)
    which = (units_of(dataset)[:, 0] * len(OPERATIONS)).astype(int)
    assert np.bincount(which, minlength=len(OPERATIONS)).min() > 15
    same = np.array(list(OPERATIONS))[which] == "Identity"
    assert_same_bytes(found[same], IMAGES[same].astype("float32"))


def test_several_one_after_the_other_and_then_more():
    steps = sb.RandomCrop(7, 7), Augmentation("RandAugment", 2, 9), sb.RandomFlip()
    dataset = chain(IMAGES, *steps, sb.Normalization((100, 110, 120), (900, 800, 700)))
    off = np.abs(made(dataset) - dataset.reference(range(300)))
    assert np.median(off) < 1e-4
    assert (off > 0.01).mean() < 0.01  # levels that the last digit decides


def test_it_is_not_offered_while_the_geometric_ones_are_missing():
    assert not {"RandAugment", "TrivialAugmentWide", "Augmentation"} & set(dir(sb))
