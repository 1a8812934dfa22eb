"""Noise by its place: statistics, and independence of neighbours, keys and channels."""

import numpy as np

from samebytes.plan.noise import noise


def test_it_is_normal():
    found = noise(12345, 300, 301, 3)
    assert abs(found.mean()) < 0.005
    assert abs(found.std() - 1) < 0.005
    assert abs((found**3).mean()) < 0.02
    assert abs((found**4).mean() - 3) < 0.08
    for limit, share in ((1, 0.3173), (2, 0.0455), (3, 0.0027)):
        assert abs((np.abs(found) > limit).mean() - share) < 0.004


def test_neighbours_channels_and_keys_have_nothing_to_do_with_each_other():
    found, other = noise(7, 200, 200, 3), noise(8, 200, 200, 3)
    pairs = [(found[1:], found[:-1]), (found[:, 1:], found[:, :-1]), (found[..., 0], found[..., 2])]
    for one, two in [*pairs, (found, other)]:
        assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.01


def test_a_smaller_image_has_the_same_rows():
    # Numbers go by rows, so only the width tells where the second pixel row begins.
    assert (noise(3, 9, 10, 3)[:4] == noise(3, 4, 10, 3)).all()
    assert (noise(3, 9, 10, 3)[:, :4] == noise(3, 9, 4, 3)).all()
