"""Transforms: one file each, named and behaving as the Keras layer of that name."""

from samebytes.plan.transforms.auto_contrast import AutoContrast
from samebytes.plan.transforms.base import Transform
from samebytes.plan.transforms.cast import Cast
from samebytes.plan.transforms.center_crop import CenterCrop
from samebytes.plan.transforms.channels_first import ChannelsFirst, ChannelsLast
from samebytes.plan.transforms.equalization import Equalization
from samebytes.plan.transforms.gaussian_blur import GaussianBlur, RandomSharpness
from samebytes.plan.transforms.gaussian_noise import GaussianNoise
from samebytes.plan.transforms.lookup import Lookup
from samebytes.plan.transforms.mixing import CutMix, MixUp
from samebytes.plan.transforms.normalization import Normalization
from samebytes.plan.transforms.one_hot import OneHot
from samebytes.plan.transforms.padding import Padding
from samebytes.plan.transforms.random_affine import (
    RandomAffine,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
)
from samebytes.plan.transforms.random_apply import RandomApply, RandomChoice
from samebytes.plan.transforms.random_brightness import RandomBrightness
from samebytes.plan.transforms.random_color_jitter import RandomColorJitter
from samebytes.plan.transforms.random_contrast import RandomContrast
from samebytes.plan.transforms.random_crop import RandomCrop
from samebytes.plan.transforms.random_erasing import CutOut, RandomErasing
from samebytes.plan.transforms.random_flip import RandomFlip
from samebytes.plan.transforms.random_gamma import RandomGamma
from samebytes.plan.transforms.random_grayscale import RandomGrayscale
from samebytes.plan.transforms.random_hue import RandomHue
from samebytes.plan.transforms.random_invert import RandomInvert
from samebytes.plan.transforms.random_perspective import RandomPerspective
from samebytes.plan.transforms.random_posterization import RandomPosterization
from samebytes.plan.transforms.random_resized_crop import RandomResizedCrop
from samebytes.plan.transforms.random_saturation import RandomSaturation
from samebytes.plan.transforms.random_solarization import RandomSolarization
from samebytes.plan.transforms.rescaling import Rescaling
from samebytes.plan.transforms.resizing import Resizing

__all__ = [
    "AutoContrast",
    "Cast",
    "CenterCrop",
    "ChannelsFirst",
    "ChannelsLast",
    "CutMix",
    "CutOut",
    "Equalization",
    "GaussianBlur",
    "GaussianNoise",
    "Lookup",
    "MixUp",
    "Normalization",
    "OneHot",
    "Padding",
    "RandomAffine",
    "RandomApply",
    "RandomBrightness",
    "RandomChoice",
    "RandomColorJitter",
    "RandomContrast",
    "RandomCrop",
    "RandomErasing",
    "RandomFlip",
    "RandomGamma",
    "RandomGrayscale",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomSolarization",
    "RandomTranslation",
    "RandomZoom",
    "Rescaling",
    "Resizing",
    "Transform",
]
