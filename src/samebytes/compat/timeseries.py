"""`timeseries_dataset_from_array`: Keras' function, with windows written once and never copied."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from samebytes.dataset import Dataset
from samebytes.plan import samplers
from samebytes.plan.sources import as_source, of_list
from samebytes.plan.tree import flatten
from samebytes.plan.windows import ROW, Stencil, Windows
from samebytes.share.array import as_array
from samebytes.share.arrayable import is_arrayable
from samebytes.share.frameworks import import_grain, import_tensorflow

__all__ = ["timeseries_dataset_from_array"]


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,  # noqa: FBT001, FBT002 (Keras' signature)
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",  # noqa: A002 (Keras' signature)
) -> Any:
    """Return a dataset of sliding windows over a series, of tf.data or Grain; rarely copies it.

    Signature, values, order, number of windows and errors are those of Keras 3's
    ``keras.utils.timeseries_dataset_from_array`` with ``format="tf"``, and with ``format="grain"``
    but for the order of a shuffle. It differs on purpose in
    three ways: ``shuffle`` shuffles the whole epoch, not 8 batches at a time, and anew in every
    epoch; targets that are too short for the windows are refused here, and not in the middle of
    training; and shapes are static.

    Parameters
    ----------
    data : array
        Of shape (rows, ...): anything `samebytes.as_array` takes, mapped files included; lists; and
        objects with ``__array__``, such as tables, which are copied once if that copies.
    targets : array or None
        ``targets[i]`` belongs to the window that begins at row i.
    sequence_length : int
        Steps of a window.
    sequence_stride : int
        Rows from one window to the next.
    sampling_rate : int
        Rows from one step to the next.
    batch_size : int or None
        Windows in a batch; None gives single windows.
    shuffle : bool
        Whether windows come in random order.
    seed : int, optional
        Seed of the order; by default a random one.
    start_index, end_index : int, optional
        The first row that is used, and the one after the last.
    format : {"tf", "grain"}
        Whose dataset.

    Returns
    -------
    tf.data.Dataset, or grain.IterDataset, or grain.MapDataset of single windows
        Of (windows, targets), or of windows where `targets` is None. Those of Grain are NumPy's
        arrays; each iteration is the same epoch, each ``repeat`` of the MapDataset another.

    Raises
    ------
    ValueError
        If an index, rate or stride is out of range, as in Keras, or if there are fewer targets than
        the windows need.

    Examples
    --------
    >>> import numpy as np
    >>> from samebytes.compat.timeseries import timeseries_dataset_from_array
    >>> series = np.arange(20, dtype="float32")
    >>> ds = timeseries_dataset_from_array(series[:-10], series[10:], sequence_length=10)
    >>> for inputs, targets in ds:
    ...     print(inputs.numpy().tolist(), targets.numpy().tolist())
    [[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]] [10.0]
    """
    _check(len(data), sampling_rate, sequence_stride, start_index, end_index)
    _check_format(format)
    first = 0 if start_index is None else operator.index(start_index)
    end = len(data) if end_index is None else operator.index(end_index)
    length, rate = operator.index(sequence_length), operator.index(sampling_rate)
    stencil = Stencil(0, ((length, rate),))
    count = max(end - first - (length - 1) * rate, 0)
    leaves, stencils = [data], [stencil]
    if targets is not None:
        count = min(count, len(targets))
        last = first + (count - 1) // sequence_stride * sequence_stride
        if count and last >= len(targets):
            message = (
                f"`targets` must have a row for each window. Received: {len(targets)} rows, and a "
                f"window that begins at row {last}; pass at least rows 0 to {last}"
            )
            raise ValueError(message)
        leaves, stencils = [data, targets], [stencil, ROW]
    _, structure = flatten(0 if targets is None else (0, 1))
    named = zip(("data", "targets"), leaves, strict=False)
    arrays = [as_source(name, _as_array(name, given, format)) for name, given in named]
    # A group of just so many rows that `count` windows, before the stride, can begin in it.
    borders = np.array([first, first + count + stencil.last], np.int64)
    windows = Windows(borders, stencil.last + 1, operator.index(sequence_stride))
    found = Dataset(
        tuple(arrays), structure, samplers.Sequential(len(windows)), tuple(stencils), windows
    )
    if shuffle:
        found = found.shuffle(None, seed)
    if batch_size is not None:
        found = found.batch(batch_size)
    if format == "tf":
        return found.to_tf()
    made = found.to_grain()
    return made if batch_size is None else made.to_iter_dataset(_one_thread())


def _one_thread() -> Any:
    """Return how Grain is to read: in order, for the engine has threads of its own."""
    return import_grain().ReadOptions(num_threads=1, prefetch_buffer_size=2)


def _as_array(name: str, given: Any, format: str) -> Any:  # noqa: A002
    """Return lists as TensorFlow makes tensors of them, float32, int32; for Grain as NumPy does."""
    if hasattr(given, "dtype") or is_arrayable(given):
        return given
    if isinstance(given, list):
        of_list(name, given)  # refused here in words, where TensorFlow has others
    if format == "grain":
        return np.asarray(given)
    return as_array(import_tensorflow().convert_to_tensor(given))


def _check(
    rows: int,
    sampling_rate: int,
    sequence_stride: int,
    start_index: int | None,
    end_index: int | None,
) -> None:
    """Refuse what Keras refuses, in its words."""
    length = f"for data of length {rows}"
    if start_index and start_index < 0:
        message = f"`start_index` must be 0 or greater. Received: start_index={start_index}"
        raise ValueError(message)
    for name, index in (("start_index", start_index), ("end_index", end_index)):
        if index and index >= rows:
            message = f"`{name}` must be lower than the length of the data. "
            raise ValueError(f"{message}Received: {name}={index}, {length}")
    if end_index and start_index and end_index <= start_index:
        message = "`end_index` must be higher than `start_index`. Received: "
        raise ValueError(f"{message}start_index={start_index}, and end_index={end_index}")
    if end_index and end_index <= 0:
        message = f"`end_index` must be higher than 0. Received: end_index={end_index}"
        raise ValueError(message)
    for name, step in (("sampling_rate", sampling_rate), ("sequence_stride", sequence_stride)):
        if step <= 0:
            message = f"`{name}` must be higher than 0. Received: {name}={step}"
            raise ValueError(message)
        if step >= rows:
            message = f"`{name}` must be lower than the length of the data. "
            raise ValueError(f"{message}Received: {name}={step}, {length}")


def _check_format(format: str) -> None:  # noqa: A002
    """Refuse what Keras refuses, in its words."""
    if format not in ("tf", "grain"):
        message = '`format` should be either "tf" or "grain". '
        raise ValueError(f"{message}Received: format={format}")
