import numpy as np
import pytest
from running import BFLOAT, assert_same_bytes, chain, made, pixels

import samebytes as sb

IMAGES = pixels(6, 5, 4, 3)
PLANAR = np.ascontiguousarray(IMAGES.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("dtype", ["uint8", ">i4", "f2", BFLOAT, "f8"])
def test_values_are_a_transpose_in_memory_of_their_own(dtype):
    images = pixels(6, 5, 4, 3, dtype=dtype)
    found = made(chain(images, sb.ChannelsFirst()))
    assert found.flags.c_contiguous
    expected = images.transpose(0, 3, 1, 2).astype(images.dtype.newbyteorder("="))
    assert_same_bytes(found, np.ascontiguousarray(expected))


def test_images_that_are_stored_so_come_out_with_channels_last():
    assert_same_bytes(made(chain(PLANAR, sb.ChannelsLast())), IMAGES)
    for chosen in [
        (sb.RandomCrop(2, 3), sb.Rescaling((1, 2, 3))),
        (sb.RandomContrast(0.5), sb.RandomFlip()),
        (sb.RandomCrop(2, 3), sb.ChannelsFirst(), sb.Rescaling((1, 2, 3))),
    ]:
        dataset = chain(PLANAR, sb.ChannelsLast(), *chosen)
        np.testing.assert_allclose(made(dataset), dataset.reference(range(6)), atol=1e-3)


def test_each_undoes_the_other():
    there_and_back = chain(IMAGES, sb.ChannelsFirst(), sb.ChannelsLast())
    assert_same_bytes(made(there_and_back), IMAGES)
    assert_same_bytes(made(chain(PLANAR, sb.ChannelsLast(), sb.ChannelsFirst())), PLANAR)


def test_transforms_know_where_the_channels_are():
    steps = [sb.RandomCrop(3, 2), sb.RandomFlip(), sb.Rescaling((1, 2, 3), (0, 1, 2))]
    last = chain(IMAGES, *steps, sb.ChannelsFirst())
    for place in range(len(steps) + 1):
        dataset = sb.Dataset.from_tensor_slices(IMAGES)
        # Streams are counted by place: an idle step keeps them the same.
        for number, step in enumerate(steps):
            dataset = dataset.map(sb.ChannelsFirst()) if number == place else dataset
            dataset = dataset.map(step, seed=7)
        if place == len(steps):
            np.testing.assert_array_equal(made(dataset.map(sb.ChannelsFirst())), made(last))
        np.testing.assert_array_equal(made(dataset), dataset.reference(range(6)))


def test_after_other_steps_channels_last_runs_after_the_pass():
    dataset = chain(IMAGES, sb.RandomCrop(4, 2), sb.ChannelsLast(), sb.RandomFlip())
    assert [later.why for later in dataset.plan.later] == [
        "ChannelsLast comes first, or after ChannelsFirst",
        "follows ChannelsLast",
    ]
    with dataset.batch(6).iterate(0) as batches:
        found = next(batches)
    assert found.shape == (6, 2, 3, 4)
    assert_same_bytes(found, dataset.reference(range(6)))


def test_labels_are_untouched():
    x, y = made(chain((IMAGES, np.arange(6)), sb.ChannelsFirst()))
    assert_same_bytes(y, np.arange(6))
    assert_same_bytes(x, PLANAR)


def test_spec():
    assert chain(IMAGES, sb.ChannelsFirst()).batch(2).element_spec.shape == (2, 3, 5, 4)
    assert chain(PLANAR, sb.ChannelsLast()).batch(2).element_spec.shape == (2, 5, 4, 3)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match=r"^ChannelsFirst: the channels come first already$"):
        chain(IMAGES, sb.ChannelsFirst(), sb.ChannelsFirst())
    for transform in (sb.ChannelsFirst, sb.ChannelsLast):
        with pytest.raises(ValueError, match=r"needs samples with the axes height, width"):
            chain(np.zeros((3, 4)), transform())
