"""Transforms: one file each, named and behaving as the Keras layer of that name."""

from samebytes.plan.transforms.base import Transform
from samebytes.plan.transforms.cast import Cast
from samebytes.plan.transforms.center_crop import CenterCrop
from samebytes.plan.transforms.channels_first import ChannelsFirst, ChannelsLast
from samebytes.plan.transforms.normalization import Normalization
from samebytes.plan.transforms.padding import Padding
from samebytes.plan.transforms.random_affine import (
    RandomAffine,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
)
from samebytes.plan.transforms.random_brightness import RandomBrightness
from samebytes.plan.transforms.random_contrast import RandomContrast
from samebytes.plan.transforms.random_crop import RandomCrop
from samebytes.plan.transforms.random_flip import RandomFlip
from samebytes.plan.transforms.random_perspective import RandomPerspective
from samebytes.plan.transforms.random_resized_crop import RandomResizedCrop
from samebytes.plan.transforms.rescaling import Rescaling
from samebytes.plan.transforms.resizing import Resizing

__all__ = [
    "Cast",
    "CenterCrop",
    "ChannelsFirst",
    "ChannelsLast",
    "Normalization",
    "Padding",
    "RandomAffine",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomPerspective",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
    "Rescaling",
    "Resizing",
    "Transform",
]
