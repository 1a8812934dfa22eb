"""samebytes: your array's bytes are the tensor.

Make or open an array here, and the TensorFlow code you already have stops copying it::

    import samebytes as sb

    x = sb.open("images.npy")          # an ndarray, mapped
    tf.convert_to_tensor(x)            # the same bytes
    model.fit(x, y)                    # the same bytes

Importing samebytes imports no framework.
"""

import importlib
from typing import Any

from samebytes.errors import (
    CompressedMember,
    CopyNeeded,
    FileError,
    MissingPackage,
    NotABuffer,
    PickledData,
    RemoteError,
    SamebytesError,
    Unconvertible,
    UnknownFormat,
    WrongSize,
)
from samebytes.memory.lazy import LazyArray
from samebytes.share.array import Array, as_array
from samebytes.share.creation import aligned, empty, open, zeros
from samebytes.share.explain import explain, shares_memory
from samebytes.share.guard import SharingStats, no_copy, stats
from samebytes.share.layout import Layout, layout
from samebytes.share.tensorflow import as_tensor
from samebytes.share.verdict import Code, Reason, Verdict

__version__ = "0.1.0"

__all__ = [
    "Array",
    "ArraySpec",
    "AutoContrast",
    "Cast",
    "CenterCrop",
    "ChannelsFirst",
    "ChannelsLast",
    "Code",
    "CompressedMember",
    "ConcatArray",
    "CopyNeeded",
    "CutMix",
    "CutOut",
    "Dataset",
    "Equalization",
    "FileError",
    "GaussianBlur",
    "GaussianNoise",
    "Iterator",
    "Layout",
    "LazyArray",
    "Lookup",
    "MissingPackage",
    "MixUp",
    "Normalization",
    "NotABuffer",
    "OneHot",
    "Padding",
    "PickledData",
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
    "Reason",
    "RemoteError",
    "Rescaling",
    "Resizing",
    "SamebytesError",
    "SavePosition",
    "SharingStats",
    "Stats",
    "TokenDataset",
    "Transform",
    "Unconvertible",
    "UnknownFormat",
    "Verdict",
    "WrongSize",
    "ZeroCopyDataset",
    "__version__",
    "aligned",
    "as_array",
    "as_tensor",
    "audit",
    "borders_at_gaps",
    "choose_from_datasets",
    "concat",
    "empty",
    "explain",
    "join",
    "layout",
    "load",
    "no_copy",
    "open",
    "sample_from_datasets",
    "shares_memory",
    "shuffled_copy",
    "stats",
    "timeseries_dataset_from_array",
    "zeros",
    "zip",
]

# Imported when first asked for: what feeds, so that sharing alone starts as fast as NumPy does, and
# what needs a framework or the compiler. Their types are in __init__.pyi.
_LAZY = {
    "ArraySpec": "samebytes.plan.element_spec",
    "AutoContrast": "samebytes.plan.transforms",
    "Cast": "samebytes.plan.transforms",
    "CenterCrop": "samebytes.plan.transforms",
    "ChannelsFirst": "samebytes.plan.transforms",
    "ChannelsLast": "samebytes.plan.transforms",
    "ConcatArray": "samebytes.plan.concat",
    "CutMix": "samebytes.plan.transforms",
    "CutOut": "samebytes.plan.transforms",
    "Dataset": "samebytes.dataset",
    "Equalization": "samebytes.plan.transforms",
    "GaussianBlur": "samebytes.plan.transforms",
    "GaussianNoise": "samebytes.plan.transforms",
    "Iterator": "samebytes.engine.iterator",
    "Lookup": "samebytes.plan.transforms",
    "MixUp": "samebytes.plan.transforms",
    "Normalization": "samebytes.plan.transforms",
    "OneHot": "samebytes.plan.transforms",
    "RandomApply": "samebytes.plan.transforms",
    "Padding": "samebytes.plan.transforms",
    "RandomAffine": "samebytes.plan.transforms",
    "RandomBrightness": "samebytes.plan.transforms",
    "RandomChoice": "samebytes.plan.transforms",
    "RandomColorJitter": "samebytes.plan.transforms",
    "RandomContrast": "samebytes.plan.transforms",
    "RandomCrop": "samebytes.plan.transforms",
    "RandomErasing": "samebytes.plan.transforms",
    "RandomFlip": "samebytes.plan.transforms",
    "RandomGamma": "samebytes.plan.transforms",
    "RandomGrayscale": "samebytes.plan.transforms",
    "RandomHue": "samebytes.plan.transforms",
    "RandomInvert": "samebytes.plan.transforms",
    "RandomPosterization": "samebytes.plan.transforms",
    "RandomSaturation": "samebytes.plan.transforms",
    "RandomSharpness": "samebytes.plan.transforms",
    "RandomSolarization": "samebytes.plan.transforms",
    "RandomPerspective": "samebytes.plan.transforms",
    "RandomResizedCrop": "samebytes.plan.transforms",
    "RandomRotation": "samebytes.plan.transforms",
    "RandomShear": "samebytes.plan.transforms",
    "RandomTranslation": "samebytes.plan.transforms",
    "RandomZoom": "samebytes.plan.transforms",
    "Rescaling": "samebytes.plan.transforms",
    "Resizing": "samebytes.plan.transforms",
    "SavePosition": "samebytes.compat.save_position",
    "Stats": "samebytes.engine.stats",
    "TokenDataset": "samebytes.compat.tokens",
    "Transform": "samebytes.plan.transforms",
    "ZeroCopyDataset": "samebytes.compat.zero_copy_dataset",
    "audit": "samebytes.auditing",
    "borders_at_gaps": "samebytes.plan.boundaries",
    "choose_from_datasets": "samebytes.plan.combining",
    "concat": "samebytes.plan.combining",
    "join": "samebytes.plan.concat",
    "load": "samebytes.compat.saved",
    "sample_from_datasets": "samebytes.plan.combining",
    "shuffled_copy": "samebytes.shuffling",
    "timeseries_dataset_from_array": "samebytes.compat.timeseries",
    "zip": "samebytes.plan.zipping",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    message = f"module 'samebytes' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
