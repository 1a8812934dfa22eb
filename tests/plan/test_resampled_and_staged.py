"""What is resampled and passes through stages too: one of the two runs after the pass."""

import numpy as np
import pytest

import samebytes as sb

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 20, 18, 3), "uint8")
CLIPS = np.random.default_rng(1).integers(0, 256, (6, 3, 20, 18, 3), "uint8")


def chain(source, *transforms):
    dataset = sb.Dataset.from_tensor_slices(source)
    for number, transform in enumerate(transforms):
        dataset = dataset.map(transform, seed=number)
    return dataset.batch(len(source))


@pytest.mark.parametrize(
    ("source", "transforms", "what"),
    [
        (IMAGES, (sb.Resizing(9, 11), sb.RandomHue(0.2)), "RandomHue: what is resampled"),
        (IMAGES, (sb.RandomHue(0.2), sb.Resizing(9, 11)), "Resizing: what is resampled"),
        (IMAGES, (sb.RandomErasing((0.5, 0.5)), sb.RandomRotation(0.1)), "RandomRotation: what is"),
        (
            IMAGES,
            (sb.RandomApply([sb.RandomRotation(0.1)], p=0.5),),
            "RandomApply cannot choose which samples are resampled",
        ),
        (CLIPS, (sb.RandomCrop(8, 9), sb.RandomGamma((0.5, 2))), "RandomGamma: several images"),
    ],
)
def test_it_is_said_and_right(source, transforms, what):
    dataset = chain(source, *transforms)
    assert len(dataset.plan.later) == 1
    assert what in " ".join(str(dataset).split())
    found = next(dataset.iterate(3))
    expected = dataset.reference(np.arange(len(source)), epoch=3)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)


def test_what_only_the_pass_can_do_is_refused():
    words = "MixUp is done in the pass alone, and cannot be: MixUp: what is resampled does not pass"
    with pytest.raises(ValueError, match=words):
        chain(IMAGES, sb.Resizing(9, 11), sb.MixUp())


def test_colours_of_clips_are_refused():
    with pytest.raises(ValueError, match=r"RandomHue needs samples of one image; got the shape"):
        chain(CLIPS, sb.RandomHue(0.2))
