"""Images and their masks stay on each other: the same draws, and labels moved as they are."""

import numpy as np
import pytest
from running import assert_same_bytes, chain, made, pixels

import samebytes as sb

COUNT = 8
Y, X = np.indices((40, 60))
RAMPS = np.broadcast_to(np.stack([Y, X], -1).astype(np.uint8), (COUNT, 40, 60, 2))

STEPS = [
    sb.RandomResizedCrop(20, 30, antialias=False, on=("image", "mask")),
    sb.Resizing(33, 20, on="image", on_masks="mask"),
    sb.RandomRotation(0.1, fill_mode="nearest", on=("image", "mask")),
    sb.RandomPerspective(1, 0.5, fill_mode="nearest", on=("image", "mask")),
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_a_mask_shows_where_its_image_was_read(step):
    source = {"image": RAMPS, "mask": RAMPS, "label": np.arange(COUNT)}
    found = made(chain(source, step, sb.RandomFlip(on=("image", "mask"))))
    assert found["mask"].dtype == np.uint8
    assert np.abs(found["image"] - found["mask"]).max() <= 0.51
    assert_same_bytes(found["label"], np.arange(COUNT))


def test_masks_are_bools_and_what_is_named_so():
    source = {"a": pixels(COUNT, 9, 9, 1), "b": pixels(COUNT, 9, 9, 1, dtype="?")}
    found = made(chain(source, sb.Resizing(5, 7, on=("a", "b"))))
    assert (found["a"].dtype, found["b"].dtype) == (np.float32, np.bool_)
    pair = made(chain((source["a"], source["a"]), sb.Resizing(5, 7, on=0, on_masks=1)))
    assert (pair[0].dtype, pair[1].dtype) == (np.float32, np.uint8)


def test_another_interpolation_can_be_asked_for():
    source = {"image": pixels(COUNT, 9, 9, 3), "mask": pixels(COUNT, 9, 9, 1)}
    step = sb.Resizing(5, 7, on=("image", "mask"), mask_interpolation="bilinear")
    found = made(chain(source, step))
    alone = made(chain(source["mask"], sb.Resizing(5, 7)))
    assert_same_bytes(found["mask"], alone)


def test_margins_of_a_value_a_channel_are_0_in_masks():
    source = {"image": pixels(COUNT, 9, 9, 3), "mask": np.ones((COUNT, 9, 9, 1), "u1")}
    step = sb.RandomTranslation(
        (1, 1), 0, fill_mode="constant", fill_value=(1, 2, 3), on=("image", "mask")
    )
    assert made(chain(source, step))["mask"].max() == 0


def test_what_runs_after_the_pass_shares_draws_too():
    source = {"image": RAMPS, "mask": RAMPS}
    clipped = sb.RandomBrightness(0.0, on="image")
    step = sb.RandomResizedCrop(20, 30, antialias=False, on="image", on_masks="mask")
    dataset = chain(source, clipped, step).batch(COUNT)
    assert len(dataset.plan.later) == 1
    found = next(dataset.iterate(0))
    assert found["mask"].dtype == np.uint8
    assert np.abs(found["image"] - found["mask"]).max() <= 0.51
