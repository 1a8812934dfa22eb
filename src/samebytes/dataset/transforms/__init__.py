"""Transforms: one file each, named and behaving as the Keras layer of that name."""

from samebytes.dataset.transforms.base import Transform
from samebytes.dataset.transforms.cast import Cast
from samebytes.dataset.transforms.center_crop import CenterCrop
from samebytes.dataset.transforms.channels_first import ChannelsFirst, ChannelsLast
from samebytes.dataset.transforms.normalization import Normalization
from samebytes.dataset.transforms.random_brightness import RandomBrightness
from samebytes.dataset.transforms.random_contrast import RandomContrast
from samebytes.dataset.transforms.random_crop import RandomCrop
from samebytes.dataset.transforms.random_flip import RandomFlip
from samebytes.dataset.transforms.rescaling import Rescaling

__all__ = [
    "Cast",
    "CenterCrop",
    "ChannelsFirst",
    "ChannelsLast",
    "Normalization",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "Rescaling",
    "Transform",
]
