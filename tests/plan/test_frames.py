"""Clips and volumes: what is done to images is done to each of theirs, drawn once a sample."""

import numpy as np
import pytest
from running import assert_same_bytes, chain, made, pixels

import samebytes as sb

CLIPS = pixels(6, 5, 14, 17, 3)

CHAINS = {
    "moved": (sb.RandomCrop(9, 8), sb.RandomFlip(), sb.CenterCrop(7, 8)),
    "planar": (
        sb.RandomCrop(9, 8),
        sb.ChannelsFirst(),
        sb.RandomFlip(),
        sb.Rescaling(0.5, (1, 2, 3)),
    ),
    "padded": (sb.RandomCrop(14, 17, padding=3), sb.RandomFlip()),
    "resized": (sb.RandomResizedCrop(8, 9), sb.RandomFlip(), sb.Rescaling(0.5)),
    "twice": (sb.Resizing(10, 11), sb.RandomResizedCrop(8, 9, antialias=False), sb.ChannelsFirst()),
    "shaped": (sb.Resizing(20, 9, pad_to_aspect_ratio=True, fill_value=9), sb.RandomFlip()),
    "nearest": (sb.Resizing(20, 9, "nearest"), sb.RandomFlip()),
    "warped": (sb.RandomRotation(0.2), sb.RandomCrop(9, 9), sb.RandomZoom(0.3)),
    "lit": (sb.RandomFlip(), sb.RandomBrightness(0.2), sb.CenterCrop(7, 8)),
}


@pytest.mark.parametrize("steps", CHAINS.values(), ids=CHAINS)
def test_every_image_of_a_clip_is_treated_alike(steps):
    dataset = chain(CLIPS, *steps)
    found = made(dataset)
    assert found.shape == (6, *dataset.element_spec.shape)
    assert found.shape[1] == 5
    np.testing.assert_allclose(found, dataset.reference(range(6)), atol=1e-3)
    # The same draws as for one image a sample.
    for frame in range(5):
        assert_same_bytes(
            made(chain(CLIPS[:, frame], *steps)), np.ascontiguousarray(found[:, frame])
        )


@pytest.mark.parametrize("steps", [CHAINS["moved"], CHAINS["resized"]], ids=["moved", "resized"])
def test_any_number_of_axes_and_any_strides(steps):
    volumes = pixels(4, 2, 3, 14, 17, 3)
    expected = made(chain(volumes, *steps))
    flat = made(chain(volumes.reshape(4, 6, 14, 17, 3), *steps))
    assert_same_bytes(expected.reshape(flat.shape), flat)
    strided = np.ascontiguousarray(volumes.transpose(2, 0, 5, 1, 3, 4)).transpose(1, 3, 0, 4, 5, 2)
    assert_same_bytes(made(chain(strided, *steps)), expected)
    for threads, batch in ((1, 3), (2, 1)):
        with chain(volumes, *steps).with_options(threads=threads).batch(batch).iterate(0) as parts:
            assert_same_bytes(np.concatenate(list(parts)), expected)


def test_a_mask_of_each_frame_stays_on_it():
    source = {"clip": CLIPS, "mask": CLIPS}
    step = sb.RandomResizedCrop(8, 9, antialias=False, on=("clip", "mask"), interpolation="nearest")
    found = made(chain(source, step, sb.RandomFlip(on=("clip", "mask"))))
    assert_same_bytes(found["clip"], found["mask"])


def test_channels_that_come_first_in_the_source():
    planar = np.ascontiguousarray(CLIPS.transpose(0, 1, 4, 2, 3))
    for steps in (CHAINS["moved"], CHAINS["resized"]):
        found = made(chain(planar, sb.ChannelsLast(), *(s for s in steps)))
        again = chain(CLIPS, sb.CenterCrop(14, 17), *steps)  # idle: the same streams
        assert_same_bytes(found, made(again))


def test_windows_of_frames():
    video = pixels(30, 14, 17, 3)
    windows = sb.Dataset.from_tensor_slices(video).window(5)
    dataset = windows.map(sb.RandomResizedCrop(8, 9), seed=1).map(sb.RandomFlip(), seed=2)
    count = len(dataset)
    with dataset.batch(count).iterate(0) as batches:
        found = next(batches)
    assert found.shape == (count, 5, 8, 9, 3)
    np.testing.assert_allclose(found, dataset.reference(range(count)), atol=1e-3)


def test_what_runs_after_the_pass_is_done_to_each_image_too():
    # Behind a function nobody knows where the channels are.
    for steps in (steps for name, steps in CHAINS.items() if name not in ("planar", "twice")):
        dataset = chain(CLIPS, lambda clip: clip, *steps).batch(6)
        assert len(dataset.plan.later) == 1 + len(steps)
        found = next(dataset.iterate(0))
        np.testing.assert_allclose(found, dataset.reference(range(6)), atol=1e-3)


def test_contrast_says_what_to_do():
    with pytest.raises(ValueError, match="RandomContrast needs samples of one image"):
        chain(CLIPS, sb.RandomFlip(), sb.RandomContrast(0.1)).element_spec  # noqa: B018


def padded():
    """Windows of a video of which the first series is too short for one."""
    video = sb.Dataset.from_tensor_slices(pixels(30, 14, 17, 3))
    return video.window(8, boundaries=[0, 4, 30], padding="left", padding_value=3)


def test_padded_windows_are_cropped_and_mirrored():
    dataset = padded().map(sb.RandomCrop(9, 8), seed=1).map(sb.RandomFlip(), seed=2)
    count = len(dataset)
    with dataset.batch(count).iterate(0) as batches:
        assert_same_bytes(next(batches), dataset.reference(range(count)))


def test_a_mapped_file_of_clips(tmp_path):
    np.save(tmp_path / "x.npy", CLIPS)
    for steps in (CHAINS["moved"], CHAINS["resized"], CHAINS["warped"]):
        expected = made(chain(CLIPS, *steps))
        for reader in ("map", "read", "ahead"):
            found = chain(sb.open(tmp_path / "x.npy"), *steps).with_options(reader=reader)
            assert_same_bytes(made(found), expected)


def test_padded_windows_cannot_be_resampled():
    windows = padded()
    with pytest.raises(ValueError, match="what padded windows show of images cannot be resampled"):
        next(windows.map(sb.Resizing(5, 5)).batch(2).iterate(0))
