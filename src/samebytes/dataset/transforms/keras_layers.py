"""Keras preprocessing layers as transforms of ours, where they are ones we know.

A layer is recognised by its class; Keras is never imported. What its settings ask for and we
cannot give exactly (another axis, an adapted state, a data format) stays the layer it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from samebytes.dataset.seeds import DrawnSeed
from samebytes.dataset.transforms.base import On, Transform
from samebytes.dataset.transforms.cast import Cast
from samebytes.dataset.transforms.center_crop import CenterCrop
from samebytes.dataset.transforms.normalization import Normalization
from samebytes.dataset.transforms.random_brightness import RandomBrightness
from samebytes.dataset.transforms.random_contrast import RandomContrast
from samebytes.dataset.transforms.random_crop import RandomCrop
from samebytes.dataset.transforms.random_flip import RandomFlip
from samebytes.dataset.transforms.rescaling import Rescaling

__all__ = ["from_keras", "is_keras_layer"]


def is_keras_layer(layer: object) -> bool:
    """Tell whether `layer` is a Keras layer, by its class and without importing Keras."""
    return any(
        base.__name__ == "Layer" and base.__module__.partition(".")[0] in {"keras", "tf_keras"}
        for base in type(layer).__mro__
    )


def _plain(value: Any) -> Any:
    """Give a number or a tuple of numbers for what a layer holds."""
    array = np.asarray(value, np.float64)
    return tuple(array.reshape(-1).tolist()) if array.ndim else float(array)


def _seed(layer: Any, config: dict[str, Any]) -> int | None:
    """Give the seed that a layer has, as a drawn one where Keras drew it."""
    seed = config.get("seed")
    # RandomCrop draws one when it is made, which its config tells as if it had been given.
    given = getattr(getattr(layer, "_auto_config", None), "config", config)
    return DrawnSeed(seed) if seed is not None and given.get("seed") is None else seed


def _rescaling(layer: Any, _: dict[str, Any], on: On) -> Transform:
    return Rescaling(_plain(layer.scale), _plain(layer.offset), on=on)


def _center_crop(_: Any, config: dict[str, Any], on: On) -> Transform:
    return CenterCrop(config["height"], config["width"], on=on)


def _random_crop(layer: Any, config: dict[str, Any], on: On) -> Transform:
    return RandomCrop(config["height"], config["width"], on=on, seed=_seed(layer, config))


def _random_flip(layer: Any, config: dict[str, Any], on: On) -> Transform:
    return RandomFlip(config["mode"], on=on, seed=_seed(layer, config))


def _normalization(layer: Any, config: dict[str, Any], on: On) -> Transform | None:
    axis = config["axis"]
    if config.get("invert") or axis not in (-1, [-1], (-1,), None, [], ()):
        return None
    mean, variance = layer.input_mean, layer.input_variance
    if mean is None:
        # Adapted, not given: the layer keeps what it learned as weights.
        if getattr(layer, "adapt_mean", None) is None:
            return None
        mean, variance = np.asarray(layer.adapt_mean), np.asarray(layer.adapt_variance)
    return Normalization(_plain(mean), _plain(variance), on=on)


def _random_brightness(layer: Any, config: dict[str, Any], on: On) -> Transform:
    span = config.get("value_range", (0, 255))
    return RandomBrightness(config["factor"], span, on=on, seed=_seed(layer, config))


def _random_contrast(layer: Any, config: dict[str, Any], on: On) -> Transform:
    span = config.get("value_range", (0, 255))
    return RandomContrast(config["factor"], span, on=on, seed=_seed(layer, config))


_KNOWN: dict[str, Callable[[Any, dict[str, Any], On], Transform | None]] = {
    "Rescaling": _rescaling,
    "CenterCrop": _center_crop,
    "RandomCrop": _random_crop,
    "RandomFlip": _random_flip,
    "Normalization": _normalization,
    "RandomBrightness": _random_brightness,
    "RandomContrast": _random_contrast,
}


def from_keras(layer: Any, on: On = None) -> tuple[Transform, ...]:
    """Give the transforms that together do what `layer` does; none where none do exactly that.

    A layer gives float32 where a transform of ours that moves pixels keeps the dtype: so a
    Cast follows those.
    """
    make = _KNOWN.get(type(layer).__name__)
    if make is None or type(layer).__module__.partition(".")[0] not in {"keras", "tf_keras"}:
        return ()
    config = layer.get_config()
    usual = config.get("data_format") in {None, "channels_last"}
    if not usual or getattr(layer, "compute_dtype", "float32") != "float32":
        return ()
    found = make(layer, config, on)
    if found is None:
        return ()
    moves = isinstance(found, CenterCrop | RandomCrop | RandomFlip)
    return (found, Cast("float32", on=on)) if moves else (found,)
