"""save and load: what the pass writes, as files, whole or not at all."""

import numpy as np
import pytest

import samebytes as sb


def made():
    images = np.random.default_rng(0).integers(0, 255, (30, 8, 8, 3), np.uint8)
    source = {"image": images, "more": (np.arange(30), np.arange(30) * 0.5)}
    dataset = sb.Dataset.from_tensor_slices(source).shuffle(seed=1)
    return dataset.map(sb.RandomCrop(5, 5, seed=2)).map(sb.Rescaling(1 / 255), on="image")


@pytest.mark.parametrize("batched", [False, True])
def test_what_is_loaded_is_what_was_saved(tmp_path, batched):
    dataset = made().batch(7) if batched else made()
    dataset.save(tmp_path / "new" / "saved", epoch=3)
    loaded = sb.load(tmp_path / "new" / "saved")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["saved"]
    assert len(loaded) == 30
    for a, b in zip(loaded.batch(7), made().batch(7).iterate(3), strict=True):
        np.testing.assert_array_equal(a["image"], b["image"])
        for one, other in zip(a["more"], b["more"], strict=True):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype
    assert np.load(tmp_path / "new" / "saved" / "image.npy").shape == (30, 5, 5, 3)
    assert "mapped from image.npy" in str(loaded)


@pytest.mark.parametrize("dtype", ["bfloat16", "U3", "datetime64[s]", "bool", "complex64"])
def test_dtypes_come_back(tmp_path, dtype):
    source = sb.zeros((5, 2), dtype) if dtype == "bfloat16" else np.zeros((5, 2), dtype)
    sb.Dataset.from_tensor_slices(source).save(tmp_path / "saved")
    (batch,) = sb.load(tmp_path / "saved").batch(5)
    assert batch.dtype == source.dtype
    assert batch.shape == (5, 2)


def test_nothing_is_left_of_what_failed(tmp_path):
    def fails(x):
        if x == 20:
            raise RuntimeError("the user's")
        return x

    with pytest.raises(RuntimeError, match="the user's"):
        sb.Dataset.from_tensor_slices(np.arange(30)).map(fails).batch(4).save(tmp_path / "saved")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_saved_or_loaded_is_refused(tmp_path):
    dataset = sb.Dataset.from_tensor_slices(np.arange(3))
    with pytest.raises(ValueError, match="never ends; take"):
        dataset.repeat().save(tmp_path / "saved")
    with pytest.raises(FileExistsError, match=r"something at .* already; choose another path"):
        dataset.save(tmp_path)
    with pytest.raises(sb.FileError, match=r"no folder that Dataset\.save wrote: dataset\.json"):
        sb.load(tmp_path)
