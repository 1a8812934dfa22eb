"""samebytes: your array's bytes are the tensor.

Make or open an array here, and the TensorFlow code you already have stops copying it::

    import samebytes as sb

    x = sb.open("images.npy")          # an ndarray, mapped
    tf.convert_to_tensor(x)            # the same bytes
    model.fit(x, y)                    # the same bytes

Importing samebytes imports no framework.
"""

import importlib
import typing
from typing import Any

from samebytes.errors import (
    CompressedMember,
    CopyNeeded,
    FileError,
    MissingPackage,
    NotABuffer,
    PickledData,
    SamebytesError,
    Unconvertible,
    UnknownFormat,
    WrongSize,
)
from samebytes.share.array import Array, as_array
from samebytes.share.creation import aligned, empty, open, zeros
from samebytes.share.explain import explain, shares_memory
from samebytes.share.guard import SharingStats, no_copy, stats
from samebytes.share.layout import Layout, layout
from samebytes.share.tensorflow import as_tensor
from samebytes.share.verdict import Code, Reason, Verdict

if typing.TYPE_CHECKING:
    from samebytes.auditing import audit
    from samebytes.compat.timeseries import timeseries_dataset_from_array
    from samebytes.compat.tokens import TokenDataset
    from samebytes.dataset.borders import borders_at_gaps
    from samebytes.dataset.dataset import Dataset
    from samebytes.dataset.joined import Joined, join
    from samebytes.dataset.transforms import (
        Cast,
        CenterCrop,
        ChannelsFirst,
        ChannelsLast,
        Normalization,
        RandomBrightness,
        RandomContrast,
        RandomCrop,
        RandomFlip,
        Rescaling,
        Transform,
    )

__version__ = "0.1.0"

__all__ = [
    "Array",
    "Cast",
    "CenterCrop",
    "ChannelsFirst",
    "ChannelsLast",
    "Code",
    "CompressedMember",
    "CopyNeeded",
    "Dataset",
    "FileError",
    "Joined",
    "Layout",
    "MissingPackage",
    "Normalization",
    "NotABuffer",
    "PickledData",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "Reason",
    "Rescaling",
    "SamebytesError",
    "SavePosition",
    "SharingStats",
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
    "empty",
    "explain",
    "join",
    "layout",
    "no_copy",
    "open",
    "shares_memory",
    "stats",
    "timeseries_dataset_from_array",
    "zeros",
]

# Imported when first asked for: what feeds, so that sharing alone starts as fast as NumPy does, and
# what needs a framework or the compiler.
_TRANSFORMS = (
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
)
_LATE = {
    "Dataset": "samebytes.dataset.dataset",
    "Joined": "samebytes.dataset.joined",
    "SavePosition": "samebytes.feeds.position",
    "TokenDataset": "samebytes.compat.tokens",
    "ZeroCopyDataset": "samebytes.compat.zero_copy_dataset",
    "audit": "samebytes.auditing",
    "borders_at_gaps": "samebytes.dataset.borders",
    "join": "samebytes.dataset.joined",
    "timeseries_dataset_from_array": "samebytes.compat.timeseries",
    **dict.fromkeys(_TRANSFORMS, "samebytes.dataset.transforms"),
}


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(importlib.import_module(_LATE[name]), name)
    message = f"module 'samebytes' has no attribute {name!r}"
    raise AttributeError(message)
