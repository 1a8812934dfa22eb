"""The benchmark of pixels measures what it says, and checks it first."""

import numpy as np
import pytest

import samebytes as sb
from benchmarks import pixels


def test_every_figure_is_of_a_recipe_and_every_recipe_is_checked(monkeypatch):
    assert set(pixels.LEAST) < set(pixels.RECIPES)
    images = np.random.default_rng(0).integers(0, 256, (8, 40, 44, 3), np.uint8)
    monkeypatch.setattr(pixels, "CROP", 24)
    for steps in pixels.RECIPES.values():
        pixels.check(pixels.dataset_of(images, *steps))


def test_a_recipe_that_runs_after_the_pass_is_refused():
    images = np.zeros((8, 256, 256, 3), np.uint8)
    with pytest.raises(AssertionError):
        pixels.check(pixels.dataset_of(images, sb.GaussianBlur(5), sb.RandomCrop(200, 200)))
