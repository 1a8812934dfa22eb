import numpy as np
import pytest
from running import assert_same_bytes, chain, made, pixels

import samebytes as sb

FLAT = np.full((40, 30, 31, 3), 128, np.uint8)


def test_it_has_the_deviation_that_was_asked_for_and_differs_everywhere():
    found = made(chain(FLAT, sb.GaussianNoise(10))) - 128
    assert abs(found.mean()) < 0.1
    assert abs(found.std() - 10) < 0.1
    flat = found.reshape(40, -1)
    assert np.abs(np.corrcoef(flat) - np.eye(40)).max() < 0.1
    deviations = made(chain(FLAT, sb.GaussianNoise((2, 20)))).reshape(40, -1).std(1)
    assert deviations.min() < 5
    assert deviations.max() > 16


def test_epochs_differ_and_batches_and_threads_do_not():
    dataset = chain(FLAT, sb.GaussianNoise(5, (0, 255)))
    assert (made(dataset, 1) != made(dataset, 2)).any()
    with dataset.with_options(threads=3).batch(7).iterate(1) as batches:
        assert_same_bytes(np.concatenate(list(batches)), made(dataset, 1))


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_a_crop_of_the_noise_is_the_noise_of_the_crop(dtype):
    source = pixels(9, 8, 11, 3, dtype=dtype)
    places = sb.RandomCrop(5, 6), sb.RandomFlip()
    for steps in [(sb.GaussianNoise(9), *places), (*places, sb.GaussianNoise(9), sb.RandomFlip())]:
        dataset = chain(source, *steps, sb.ChannelsFirst())
        np.testing.assert_allclose(made(dataset), dataset.reference(range(9)), atol=1e-4)


def test_what_is_no_deviation_is_refused():
    for stddev in (-1, (3, 2), np.inf):
        with pytest.raises(ValueError, match=r"^GaussianNoise: stddev .*expected a range"):
            sb.GaussianNoise(stddev)
    with pytest.raises(ValueError, match=r"^GaussianNoise needs samples with the axes height"):
        chain(np.zeros((3, 4)), sb.GaussianNoise(1))
