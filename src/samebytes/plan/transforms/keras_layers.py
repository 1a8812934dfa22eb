"""Keras preprocessing layers as transforms of ours, where they are ones we know.

A layer is recognised by its class; Keras is never imported. What its settings ask for and we
cannot give exactly (another axis, numbers that broadcast along others than the last, a data format)
stays the layer it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from samebytes.plan.seeds import DrawnSeed
from samebytes.plan.transforms.base import On, Transform
from samebytes.plan.transforms.cast import Cast
from samebytes.plan.transforms.center_crop import CenterCrop
from samebytes.plan.transforms.normalization import Normalization
from samebytes.plan.transforms.random_brightness import RandomBrightness
from samebytes.plan.transforms.random_contrast import RandomContrast
from samebytes.plan.transforms.random_crop import RandomCrop
from samebytes.plan.transforms.random_flip import RandomFlip
from samebytes.plan.transforms.rescaling import Rescaling

__all__ = ["Folded", "from_keras", "is_keras_layer"]

USUAL_EPSILON = 1e-7
"""What Keras' layers take for 0 unless told otherwise, and `Normalization` always."""


@dataclass(frozen=True)
class Folded:
    """What a layer folds to, and what must be so for it to be that.

    Attributes
    ----------
    transforms : tuple of Transform
        Together they do what the layer does.
    by_place : bool
        Whether it goes by where axes stand: ours know which one has the channels, layers take the
        last.
    axes : int
        Those that a batch must have at least, or numbers of so many would give it more.
    """

    transforms: tuple[Transform, ...]
    by_place: bool
    axes: int


def is_keras_layer(layer: object) -> bool:
    """Return whether `layer` is a Keras layer, by its class and without importing Keras."""
    return any(
        base.__name__ == "Layer" and base.__module__.partition(".")[0] in {"keras", "tf_keras"}
        for base in type(layer).__mro__
    )


def _setting(layer: Any, name: str, usual: Any) -> Any:
    """Return one of Keras' settings for all layers, of the Keras that the layer is of."""
    for module in (f"{type(layer).__module__.partition('.')[0]}.src.backend", "keras.src.backend"):
        found = getattr(sys.modules.get(module), name, None)
        if found is not None:
            return found()
    return usual


def _factors(value: Any) -> tuple[Any, int]:
    """Return numbers as ours take them, and how many axes they came with.

    Raises
    ------
    ValueError
        If they differ along another axis than the last.
    """
    array = np.asarray(value, np.float64)
    if array.size != (array.shape[-1] if array.ndim else 1):
        message = f"numbers of shape {array.shape} differ along several axes"
        raise ValueError(message)
    # A single one is the same for all, whatever axes it has.
    plain = array.reshape(-1).tolist()
    return (plain[0] if len(plain) == 1 else tuple(plain)), array.ndim


def _rescaling(layer: Any, _: dict[str, Any], on: On) -> tuple[Transform, int]:
    (scale, scale_axes), (offset, offset_axes) = _factors(layer.scale), _factors(layer.offset)
    if scale_axes and _setting(layer, "image_data_format", "channels_last") != "channels_last":
        message = "Keras stands scale on its head, as for channels that come first"
        raise ValueError(message)
    return Rescaling(scale, offset, on=on), max(scale_axes, offset_axes)


def _seed(layer: Any, config: dict[str, Any]) -> int | None:
    """Return a layer's seed, as a drawn one where Keras drew it; Keras has negative ones."""
    if config.get("seed") is None:
        return None
    seed = int(config["seed"]) % (1 << 64)
    # RandomCrop draws one when it is made, which its config tells as if it had been given.
    given = getattr(getattr(layer, "_auto_config", None), "config", config)
    return DrawnSeed(seed) if given.get("seed") is None else seed


def _center_crop(_: Any, config: dict[str, Any], on: On) -> Transform:
    return CenterCrop(config["height"], config["width"], on=on)


def _random_crop(layer: Any, config: dict[str, Any], on: On) -> Transform:
    return RandomCrop(config["height"], config["width"], on=on, seed=_seed(layer, config))


def _random_flip(layer: Any, config: dict[str, Any], on: On) -> Transform:
    return RandomFlip(config["mode"], on=on, seed=_seed(layer, config))


def _normalization(layer: Any, config: dict[str, Any], on: On) -> tuple[Transform, int]:
    if config.get("invert") or config["axis"] not in (-1, [-1], (-1,), None, [], ()):
        message = "only the forward direction folds, with numbers along the last axis"
        raise ValueError(message)
    mean, variance = layer.input_mean, layer.input_variance
    shaped = getattr(layer, "mean", None)  # for the batches that it was built for
    if mean is None:
        if shaped is None:
            message = "a layer that was not adapted has nothing to fold"
            raise ValueError(message)
        # Adapted, not given: the layer keeps what it learned.
        mean, variance = layer.mean, layer.variance
    (mean, axes), (variance, _) = _factors(mean), _factors(variance)
    found = Normalization(mean, variance, on=on)
    epsilon = _setting(layer, "epsilon", USUAL_EPSILON)
    if epsilon != USUAL_EPSILON and np.min(np.sqrt(variance)) < max(epsilon, USUAL_EPSILON):
        message = f"Keras divides by {epsilon} at least"
        raise ValueError(message)
    return found, axes if shaped is None else np.ndim(shaped)


def _random_brightness(layer: Any, config: dict[str, Any], on: On) -> Transform:
    span = config.get("value_range", (0, 255))
    return RandomBrightness(config["factor"], span, on=on, seed=_seed(layer, config))


def _random_contrast(layer: Any, config: dict[str, Any], on: On) -> Transform:
    span = config.get("value_range", (0, 255))
    return RandomContrast(config["factor"], span, on=on, seed=_seed(layer, config))


_KNOWN: dict[str, Callable[[Any, dict[str, Any], On], Any]] = {
    "Rescaling": _rescaling,
    "CenterCrop": _center_crop,
    "RandomCrop": _random_crop,
    "RandomFlip": _random_flip,
    "Normalization": _normalization,
    "RandomBrightness": _random_brightness,
    "RandomContrast": _random_contrast,
}


def from_keras(layer: Any, on: On = None, *, chosen: bool = False) -> Folded | None:
    """Return the transforms that together do what `layer` does, None where none do exactly that.

    A layer gives float32. A transform of ours that moves pixels keeps the dtype, and one that
    calculates keeps what a Cast chose before it (`chosen`): so a Cast follows those.
    """
    make = _KNOWN.get(type(layer).__name__)
    if make is None or type(layer).__module__.partition(".")[0] not in {"keras", "tf_keras"}:
        return None
    config = layer.get_config()
    usual = config.get("data_format", getattr(layer, "data_format", None))
    if usual not in {None, "channels_last"}:
        return None
    if getattr(layer, "compute_dtype", "float32") != "float32":
        return None
    try:
        found = make(layer, config, on)
    except (TypeError, ValueError):
        return None  # what ours refuse the layer itself may do, or refuse in its own words
    transform, axes = found if isinstance(found, tuple) else (found, 0)
    cast = chosen or isinstance(transform, CenterCrop | RandomCrop | RandomFlip)
    by_place = not isinstance(transform, RandomBrightness)
    if isinstance(transform, Rescaling | Normalization):
        by_place = any(type(value) is tuple for value in vars(transform).values())
    casts = (Cast("float32", on=on),) if cast else ()
    return Folded((transform, *casts), by_place, axes)
