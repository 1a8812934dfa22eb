"""Datasets whose bytes and states must outlive every change of the source: one of each kind."""

from typing import Any

import numpy as np
import numpy.typing as npt

import samebytes as sb


def sources() -> dict[str, npt.NDArray[Any]]:
    """The same arrays in every process, on every machine."""
    rng = np.random.default_rng(20260101)
    return {
        "images": rng.integers(0, 256, (100, 24, 20, 3), np.uint8),
        "labels": np.arange(100) % 10,
        "series": rng.standard_normal((300, 4)).astype("float32"),
        "tokens": rng.integers(0, 1000, 5_000).astype("uint16"),
        "counts": (8_300_000 + rng.integers(-10, 11, (200, 3))).astype("int32"),
    }


def plans() -> dict[str, sb.Dataset]:
    """Each dataset by name, all seeds given."""
    data = sources()
    images, labels, series = data["images"], data["labels"], data["series"]
    slices = sb.Dataset.from_tensor_slices
    return {
        "tour": slices((images, labels))
        .shuffle(seed=0)
        .map(sb.RandomCrop(16, 16), seed=1)
        .map(sb.RandomFlip("horizontal"), seed=2)
        .map(sb.Rescaling(1 / 255))
        .batch(32),
        "images, all folded": slices({"image": images, "label": labels})
        .shuffle(seed=3)
        .map(sb.CenterCrop(18, 18))
        .map(sb.RandomBrightness(0.2), seed=4)
        .map(sb.RandomContrast(0.3), seed=5)
        .map(sb.Normalization((120.0, 110, 100), (4000.0, 4100, 4200)))
        .map(sb.ChannelsFirst())
        .map(sb.Cast("float16"))
        .batch(8, drop_remainder=True),
        "counts": slices(data["counts"]).map(sb.Normalization.adapt(data["counts"])).batch(50),
        "functions": slices((images, labels)).map(_doubled).map(sb.Rescaling(0.5)).batch(10),
        "verbs": slices(labels).shuffle(seed=6).shard(3, 1).skip(2).repeat(3).take(70).batch(4),
        "batches": slices(labels)
        .shuffle(seed=7)
        .batch(7)
        .shuffle(seed=8)
        .skip(1)
        .take(9)
        .repeat(2),
        "windows": slices(series).window(24, horizon=6, columns=[1, 3]).shuffle(seed=9).batch(16),
        "windows, padded": slices(series)
        .window(8, stride=3, sampling_rate=2, padding="left")
        .map(sb.Rescaling(2.0, 1.0))
        .batch(16),
        "tokens": sb.TokenDataset(data["tokens"], 64, seed=10).batch(8),
        "samples": slices({"x": series, "y": np.arange(300)}).shuffle(seed=11),
    }


def _doubled(image: npt.NDArray[Any], label: Any) -> tuple[npt.NDArray[Any], Any]:
    return image * np.float32(2), label
