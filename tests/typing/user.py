"""A user's program as a type checker reads it; it is checked, and never run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import samebytes as sb

if TYPE_CHECKING:
    from typing_extensions import assert_type


def arrays() -> None:
    images = sb.zeros((100, 32, 32, 3), "uint8")
    assert_type(images, sb.Array)
    assert_type(sb.empty(3), sb.Array)
    assert_type(sb.aligned([1, 2], "float32"), sb.Array)
    assert_type(sb.as_array(b"1234", "uint8"), sb.Array)
    assert_type(sb.open("a.bin", "float32", (-1, 4), order="F"), sb.Array | Any)
    assert_type(sb.open("a.npy"), sb.Array | Any)
    assert_type(sb.open("a.h5", key="images"), sb.Array | Any)
    assert_type(sb.open(["a.npy", "b.npy"]), sb.ConcatArray | Any)
    assert_type(sb.open(["a.bin", "b.bin"], "uint16"), sb.ConcatArray)
    raw: sb.Array = sb.open("a.bin", "float32")
    raw.flush()
    plain: npt.NDArray[Any] = images
    member: npt.NDArray[Any] = sb.open("a.npz")["images"]
    opened: Any = sb.open("a.zarr")  # an Array, as far as its name tells a type checker
    chunked: sb.LazyArray = opened
    assert_type(chunked[3], npt.NDArray[Any])
    assert_type(chunked.chunks, tuple[int, ...] | None)
    assert_type(sb.shares_memory(member, plain), bool)
    assert_type(sb.shares_memory(plain, images), bool)
    assert_type(sb.as_tensor(images), Any)  # TensorFlow has no types
    images.flush()


def verdicts() -> None:
    verdict = sb.explain(b"1234", to="numpy")
    assert_type(verdict, sb.Verdict)
    assert_type(verdict.reasons, tuple[sb.Reason, ...])
    assert_type(verdict.codes, tuple[sb.Code, ...])
    assert_type(verdict.reasons[0].code, sb.Code)
    assert_type(verdict.remedy, str | None)
    assert_type(verdict.estimate_milliseconds(), float)
    assert_type(verdict.layout, sb.Layout)
    assert_type(sb.layout(b"1234"), sb.Layout)
    assert_type(sb.layout(b"1234").shape, tuple[int, ...])
    assert_type(sb.stats(), sb.SharingStats)
    assert_type(sb.stats().bytes_copied, int)
    with sb.no_copy() as nothing:
        assert_type(nothing, None)
    with sb.audit() as audit:
        assert_type(audit.bytes_copied, int)
        assert_type(audit.to_html(), str)


def errors(kind: type[sb.SamebytesError]) -> list[type[sb.SamebytesError]]:
    try:
        sb.as_tensor(b"1234", copy=False)
    except sb.CopyNeeded as needed:
        assert_type(needed.verdict.remedy, str | None)
        assert_type(needed.verdict.bytes_copied, int)
        assert_type(needed.forbidden_by, str)
    files: list[type[sb.FileError]] = [
        sb.CompressedMember,
        sb.RemoteError,
        sb.PickledData,
        sb.UnknownFormat,
        sb.WrongSize,
    ]
    return [kind, sb.MissingPackage, sb.NotABuffer, sb.Unconvertible, *files]


def datasets(images: sb.Array) -> None:
    dataset = sb.Dataset.from_tensor_slices({"image": images})
    assert_type(dataset, sb.Dataset)
    assert_type(dataset.shuffle(seed=0, block_size=64, window=8), sb.Dataset)
    assert_type(dataset.shuffle(seed=0).shard(2, 0).skip(1).take(9).repeat(2), sb.Dataset)
    assert_type(dataset.map(sb.RandomCrop(8, 8)).batch(4).prefetch(2), sb.Dataset)
    assert_type(dataset.map(lambda image: image * 2, on="image"), sb.Dataset)
    assert_type(dataset.window(4), sb.Dataset)
    assert_type(dataset.with_options(threads=2).with_format("numpy"), sb.Dataset)
    assert_type(dataset.batch(4).distribute(2, 0, remainder="pad").take(3), sb.Dataset)
    assert_type(len(dataset), int)
    iterator: sb.Iterator = dataset.batch(4).iterate()
    assert_type(iterator.state_dict(), dict[str, Any])
    with iterator as entered:
        assert_type(entered, sb.Iterator)
    assert_type(iterator.stats(), sb.Stats)
    assert_type(iterator.stats().bytes_written, int)
    assert_type(iterator.stats().share_waited, float)
    nested = dataset.element_spec
    assert isinstance(nested, dict)
    leaf = nested["image"]
    assert isinstance(leaf, sb.ArraySpec)
    assert_type(leaf.shape, tuple[int | None, ...])
    alone = dataset.reference([0, 1])
    assert isinstance(alone, np.ndarray)
    assert_type(alone, npt.NDArray[Any])
    spec = sb.ArraySpec((None, 8), np.dtype("f4"))
    assert_type(spec.shape, tuple[int | None, ...])
    position = sb.SavePosition("position.json", dataset.batch(4), every=10)
    assert_type(position.epoch, int)
    assert_type(position.dataset, sb.Dataset)
    crops = sb.ZeroCopyDataset(images, crop_size=(8, 8), seed=1)
    assert_type(crops.samples, sb.Dataset)
    assert_type(crops.batch(4), Any)  # TensorFlow has no types


def series(values: npt.NDArray[np.float32]) -> None:
    joined = sb.concat(["a.npy", values])
    dataset = sb.Dataset.from_tensor_slices(values).seed(0)
    assert_type(sb.concat([dataset, dataset]), sb.Dataset)
    assert_type(sb.sample_from_datasets([dataset, dataset], [0.5, 0.5]), sb.Dataset)
    assert_type(sb.choose_from_datasets([dataset, dataset], [0, 1, 1]), sb.Dataset)
    dataset.save("folder")
    assert_type(sb.load("folder"), sb.Dataset)
    pairs: sb.Dataset = sb.zip(dataset, dataset)
    assert_type(pairs.filter(np.isfinite, on=0).enumerate(), sb.Dataset)
    assert_type(dataset.split(0.8, 0.2), tuple[sb.Dataset, ...])
    assert_type(sb.shuffled_copy(joined, "b.npy", seed=0, memory=1 << 30), sb.Array)
    joined = sb.join(["a.npy", values])
    assert_type(joined, sb.ConcatArray)
    assert_type(joined.shape, tuple[int, ...])
    dataset = sb.Dataset.from_tensor_slices(values)
    for columns in (1, [0, 1], np.arange(2), slice(2)):
        dataset.window(4, horizon=1, columns=columns)
    ids = np.array(["a", "b"])
    dataset.window(4, groups=(ids, [1, 2]), boundaries=[0, 2])
    assert_type(sb.borders_at_gaps(ids, np.timedelta64(1, "h")), npt.NDArray[np.int64])
    assert_type(sb.borders_at_gaps(values, 1.0), npt.NDArray[np.int64])
    assert_type(sb.TokenDataset("tokens.bin", 64, seed=0), sb.Dataset)
    assert_type(sb.timeseries_dataset_from_array(values, None, 10), Any)


def transforms() -> list[sb.Transform]:
    assert_type(sb.Normalization(0.5, 0.1).mean, float | tuple[float, ...])
    assert_type(sb.Normalization.adapt(np.zeros((2, 3))), sb.Normalization)
    assert_type(sb.RandomCrop(8, 8).height, int)
    return [
        sb.Cast("float32"),
        sb.CenterCrop(8, 8),
        sb.ChannelsFirst(),
        sb.ChannelsLast(),
        sb.AutoContrast(),
        sb.CutMix(1.0),
        sb.CutOut(4, 4),
        sb.Equalization(),
        sb.GaussianBlur(5),
        sb.GaussianNoise(3),
        sb.Lookup(np.sqrt),
        sb.MixUp(0.2),
        sb.OneHot(10),
        sb.RandomApply([sb.RandomGrayscale(1)], p=0.2),
        sb.RandomChoice([sb.RandomInvert(1), sb.RandomGamma(2)]),
        sb.RandomColorJitter((0, 255), 0.2, 0.2, (0.4, 0.6), 0.1),
        sb.RandomErasing((0.25, 0.25)),
        sb.RandomHue(0.1),
        sb.RandomPosterization(4),
        sb.RandomSaturation((0.4, 0.6)),
        sb.RandomSharpness((0.4, 0.6)),
        sb.RandomSolarization(0.2),
        sb.RandomBrightness(0.1),
        sb.RandomContrast(0.1),
        sb.RandomFlip("horizontal"),
        sb.Padding((1, 2)),
        sb.RandomCrop(8, 8, padding=4),
        sb.RandomResizedCrop(8, 8, scale=(0.5, 1)),
        sb.RandomAffine(10, (0.1, 0.1), fill_mode="constant"),
        sb.RandomPerspective(0.5),
        sb.RandomRotation((-0.1, 0.1), interpolation="nearest"),
        sb.RandomShear(0.1),
        sb.RandomTranslation(0.1, 0.1, fill_value=(1, 2, 3)),
        sb.RandomZoom(0.1),
        sb.Rescaling(1 / 255),
        sb.Resizing(8, 8, "bicubic", antialias=True),
    ]


def version() -> str:
    return sb.__version__
