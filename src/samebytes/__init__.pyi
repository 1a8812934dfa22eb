# What users' type checkers read: the names of __init__.py, all as if they were imported at once.
# A name a line, so that one that moves is one line; tests hold the two files to the same names.

import os
from typing import Any

from samebytes.auditing import audit as audit
from samebytes.compat.saved import load as load
from samebytes.compat.timeseries import (
    timeseries_dataset_from_array as timeseries_dataset_from_array,
)
from samebytes.compat.tokens import TokenDataset as TokenDataset
from samebytes.dataset import Dataset as Dataset
from samebytes.engine.iterator import Iterator as Iterator
from samebytes.engine.stats import Stats as Stats
from samebytes.errors import CompressedMember as CompressedMember
from samebytes.errors import CopyNeeded as CopyNeeded
from samebytes.errors import FileError as FileError
from samebytes.errors import MissingPackage as MissingPackage
from samebytes.errors import NotABuffer as NotABuffer
from samebytes.errors import PickledData as PickledData
from samebytes.errors import RemoteError as RemoteError
from samebytes.errors import SamebytesError as SamebytesError
from samebytes.errors import Unconvertible as Unconvertible
from samebytes.errors import UnknownFormat as UnknownFormat
from samebytes.errors import WrongSize as WrongSize
from samebytes.memory.lazy import LazyArray as LazyArray
from samebytes.plan.boundaries import borders_at_gaps as borders_at_gaps
from samebytes.plan.combining import choose_from_datasets as choose_from_datasets
from samebytes.plan.combining import concat as concat
from samebytes.plan.combining import sample_from_datasets as sample_from_datasets
from samebytes.plan.concat import ConcatArray as ConcatArray
from samebytes.plan.concat import join as join
from samebytes.plan.element_spec import ArraySpec as ArraySpec
from samebytes.plan.transforms import AutoContrast as AutoContrast
from samebytes.plan.transforms import Cast as Cast
from samebytes.plan.transforms import CenterCrop as CenterCrop
from samebytes.plan.transforms import ChannelsFirst as ChannelsFirst
from samebytes.plan.transforms import ChannelsLast as ChannelsLast
from samebytes.plan.transforms import CutMix as CutMix
from samebytes.plan.transforms import CutOut as CutOut
from samebytes.plan.transforms import Equalization as Equalization
from samebytes.plan.transforms import GaussianBlur as GaussianBlur
from samebytes.plan.transforms import GaussianNoise as GaussianNoise
from samebytes.plan.transforms import Lookup as Lookup
from samebytes.plan.transforms import MixUp as MixUp
from samebytes.plan.transforms import Normalization as Normalization
from samebytes.plan.transforms import OneHot as OneHot
from samebytes.plan.transforms import Padding as Padding
from samebytes.plan.transforms import RandomAffine as RandomAffine
from samebytes.plan.transforms import RandomApply as RandomApply
from samebytes.plan.transforms import RandomBrightness as RandomBrightness
from samebytes.plan.transforms import RandomChoice as RandomChoice
from samebytes.plan.transforms import RandomColorJitter as RandomColorJitter
from samebytes.plan.transforms import RandomContrast as RandomContrast
from samebytes.plan.transforms import RandomCrop as RandomCrop
from samebytes.plan.transforms import RandomErasing as RandomErasing
from samebytes.plan.transforms import RandomFlip as RandomFlip
from samebytes.plan.transforms import RandomGamma as RandomGamma
from samebytes.plan.transforms import RandomGrayscale as RandomGrayscale
from samebytes.plan.transforms import RandomHue as RandomHue
from samebytes.plan.transforms import RandomInvert as RandomInvert
from samebytes.plan.transforms import RandomPerspective as RandomPerspective
from samebytes.plan.transforms import RandomPosterization as RandomPosterization
from samebytes.plan.transforms import RandomResizedCrop as RandomResizedCrop
from samebytes.plan.transforms import RandomRotation as RandomRotation
from samebytes.plan.transforms import RandomSaturation as RandomSaturation
from samebytes.plan.transforms import RandomSharpness as RandomSharpness
from samebytes.plan.transforms import RandomShear as RandomShear
from samebytes.plan.transforms import RandomSolarization as RandomSolarization
from samebytes.plan.transforms import RandomTranslation as RandomTranslation
from samebytes.plan.transforms import RandomZoom as RandomZoom
from samebytes.plan.transforms import Rescaling as Rescaling
from samebytes.plan.transforms import Resizing as Resizing
from samebytes.plan.transforms import Transform as Transform
from samebytes.plan.zipping import zip as zip
from samebytes.share.array import Array as Array
from samebytes.share.array import as_array as as_array
from samebytes.share.creation import aligned as aligned
from samebytes.share.creation import empty as empty
from samebytes.share.creation import open as open
from samebytes.share.creation import zeros as zeros
from samebytes.share.explain import explain as explain
from samebytes.share.explain import shares_memory as shares_memory
from samebytes.share.guard import SharingStats as SharingStats
from samebytes.share.guard import no_copy as no_copy
from samebytes.share.guard import stats as stats
from samebytes.share.layout import Layout as Layout
from samebytes.share.layout import layout as layout
from samebytes.share.tensorflow import as_tensor as as_tensor
from samebytes.share.verdict import Code as Code
from samebytes.share.verdict import Reason as Reason
from samebytes.share.verdict import Verdict as Verdict
from samebytes.shuffling import shuffled_copy as shuffled_copy

__version__: str

# These two derive from a framework's class, which has no types of its own.

class SavePosition(Any):  # type: ignore[misc]
    dataset: Dataset
    epoch: int
    batch: int
    def __init__(
        self,
        path: str | os.PathLike[str],
        dataset: Dataset,
        *,
        every: int = 100,
        weights: bool = True,
    ) -> None: ...

class ZeroCopyDataset(Any):  # type: ignore[misc]
    samples: Dataset
    def __init__(
        self,
        images: Any,
        crop_size: int | tuple[int, int] | None = (256, 256),
        scale: float | None = ...,
        seed: int | None = None,
    ) -> None: ...
