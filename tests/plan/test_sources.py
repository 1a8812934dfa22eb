"""A list of unequal items is refused by its name, the place and the shapes that differ."""

from __future__ import annotations

import numpy as np
import pytest

import samebytes as sb


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        (
            [np.zeros(3), np.zeros(3), np.zeros(4)],
            r"item \[0\] has the shape \(3,\), item \[2\] has \(4,\)",
        ),
        ([[1, 2], [3]], r"item \[0\] has the shape \(2,\), item \[1\] has \(1,\)"),
        (
            [[[1], [2]], [[1], [2, 3]]],
            r"item \[1\]\[0\] has the shape \(1,\), item \[1\]\[1\] has \(2,\)",
        ),
        ([np.zeros((2, 3)), np.zeros((2, 4))], r"shape \(2, 3\), item \[1\] has \(2, 4\)"),
        ([1, [2, 3]], r"item \[0\] has the shape \(\), item \[1\] has \(2,\)"),
    ],
)
def test_unequal_items(items, sentence):
    named = rf"^component rows is a list of unequal items: .*{sentence}; .*np\.pad.*sb\.concat\(x\)"
    with pytest.raises(ValueError, match=named):
        sb.Dataset.from_tensor_slices({"rows": items})


def test_equal_items_are_taken_and_the_way_out_leads_out():
    assert sb.Dataset.from_tensor_slices([[1, 2], [3, 4]]).element_spec.shape == (2,)
    rows = [np.zeros((3, 2)), np.zeros((4, 2))]
    assert len(sb.Dataset.from_tensor_slices(sb.concat(rows))) == 7


IMAGE_TRANSFORMS = [
    *(sb.RandomCrop(4, 4), sb.CenterCrop(4, 4), sb.RandomFlip(), sb.RandomContrast(0.1)),
    sb.ChannelsFirst(),
    sb.ChannelsLast(),
]


@pytest.mark.parametrize("transform", IMAGE_TRANSFORMS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ((8, 8), r"or add the axis of channels: x\[\.\.\., None\]$"),
        ((8,), r"reshape the samples, which have 1 axis, to three$"),
    ],
    ids=str,
)
def test_advice_by_the_number_of_axes(transform, shape, sentence):
    images = np.zeros((6, *shape), "uint8")
    with pytest.raises(ValueError, match=sentence) as refused:
        sb.Dataset.from_tensor_slices(images).map(transform)
    assert ("None]" in str(refused.value)) == (len(shape) == 2)


@pytest.mark.parametrize("shape", [(2, 8, 8, 3), (2, 2, 8, 8, 3)], ids=str)
@pytest.mark.parametrize("transform", IMAGE_TRANSFORMS, ids=lambda one: type(one).__name__)
def test_samples_of_several_images_are_taken_but_for_means(transform, shape):
    clips = sb.Dataset.from_tensor_slices(np.zeros((6, *shape), "uint8"))
    if isinstance(transform, sb.RandomContrast):
        with pytest.raises(ValueError, match=r"Make each a sample, x\.reshape\(-1, \*x\.shape"):
            clips.map(transform)
    else:
        assert clips.map(transform).element_spec.shape[:-3] == shape[:-3]


@pytest.mark.parametrize("transform", IMAGE_TRANSFORMS[:5], ids=lambda one: type(one).__name__)
def test_the_advice_can_be_followed(transform):
    for images in (np.zeros((6, 8, 8))[..., None], np.zeros((6, 2, 8, 8, 3)).reshape(-1, 8, 8, 3)):
        assert len(sb.Dataset.from_tensor_slices(images).map(transform)) == len(images)


def test_windows_are_told_apart_from_images():
    frames = np.zeros((9, 8, 3), "uint8")
    with pytest.raises(ValueError, match="windows over time are no images: change the rows"):
        sb.Dataset.from_tensor_slices(frames).window(4).map(sb.RandomCrop(2, 2))
