"""MixUp, CutMix and OneHot: two samples in one, whatever batches and processes there are."""

import numpy as np
import pytest
from running import assert_same_bytes, chain, pixels

import samebytes as sb

IMAGES, LABELS = pixels(40, 12, 10, 3), np.arange(40) % 7
RECIPES = {
    "mixup": (sb.RandomCrop(9, 8), sb.RandomFlip(), sb.MixUp(0.4), sb.Normalization(100, 400)),
    "cutmix": (sb.RandomContrast(0.5), sb.RandomHue(0.2), sb.CutMix(), sb.ChannelsFirst()),
    "then more": (sb.MixUp(1.0), sb.RandomErasing((1, 1)), sb.Rescaling(0.5)),
}


def recipe(name, source=(IMAGES, LABELS), seed=7):
    return chain(source, sb.OneHot(7, on=1), *RECIPES[name], seed=seed)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_both_are_what_plain_numpy_makes_of_both(name):
    dataset = recipe(name)
    assert dataset.plan.later == ()
    found, expected = next(dataset.batch(40).iterate(2)), dataset.reference(range(40), 2)
    np.testing.assert_allclose(found[0], expected[0], atol=1e-3)
    np.testing.assert_allclose(found[1], expected[1], atol=1e-6)
    np.testing.assert_allclose(found[1].sum(1), 1, atol=1e-6)


def test_an_image_of_flat_samples_tells_the_share_that_its_label_has():
    flat = np.broadcast_to(np.arange(40, dtype="u1").reshape(40, 1, 1, 1), (40, 8, 6, 3))
    for mix in (sb.MixUp(1.0), sb.CutMix(1.0)):
        dataset = chain((flat, np.arange(40)), sb.OneHot(40, on=1), mix)
        images, labels = next(dataset.batch(40).iterate(0))
        mean = (labels * np.arange(40)).sum(1)
        np.testing.assert_allclose(images.mean((1, 2, 3)), mean, atol=1e-4)
        others = [np.flatnonzero(row) for row in labels]
        assert all(own in row for own, row in enumerate(others) if len(row) == 2)
        partners = {int(other) for own, row in enumerate(others) for other in row if other != own}
        assert len(partners) > 15


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_batches_threads_and_processes_change_no_byte(name):
    dataset = recipe(name).shuffle(seed=1)
    whole = next(dataset.batch(40).iterate(1))
    for size, threads in ((1, 2), (7, 3)):
        with dataset.batch(size).with_options(threads=threads).iterate(1) as batches:
            parts = [np.concatenate(part) for part in zip(*batches, strict=True)]
        for one, two in zip(parts, whole, strict=True):
            assert_same_bytes(one, two)
    ranks = [dataset.batch(8).distribute(4, rank).iterate(1) for rank in range(4)]
    for first, step in zip(range(0, 40, 8), zip(*ranks, strict=True), strict=True):
        for leaf in range(2):
            joined = np.concatenate([part[leaf] for part in step])
            assert_same_bytes(joined, whole[leaf][first : first + 8])


@pytest.mark.parametrize("reader", ["map", "ahead", "read"])
def test_any_reader_reads_the_partners_too(tmp_path, reader):
    for name, values in (("x", IMAGES), ("y", LABELS)):
        np.save(tmp_path / f"{name}.npy", values)
    source = tuple(sb.open(tmp_path / f"{name}.npy") for name in "xy")
    for name in ("mixup", "cutmix"):
        expected = next(recipe(name).batch(40).iterate(0))
        found = next(recipe(name, source).batch(40).with_options(reader=reader).iterate(0))
        for one, two in zip(found, expected, strict=True):
            assert_same_bytes(one, two)


def test_what_was_not_taken_is_never_mixed_in():
    dark = np.zeros((40, 4, 4, 3), np.uint8)
    dark[20:] = 255  # the validation set, say
    dataset = chain(dark, sb.MixUp(1.0)).take(20)
    assert next(dataset.batch(20).iterate(0)).max() == 0


def test_epochs_mix_with_others():
    dataset = recipe("mixup").batch(40)
    assert (next(dataset.iterate(0))[1] != next(dataset.iterate(1))[1]).any()


@pytest.mark.parametrize("dtype", ["u1", ">i4", "i8"])
@pytest.mark.parametrize("shape", [(40,), (40, 1)])
def test_labels_of_any_whole_numbers_become_vectors(dtype, shape):
    labels = LABELS.astype(dtype).reshape(shape)
    found = next(chain(labels, sb.OneHot(7), sb.Cast("float16")).batch(40).iterate(0))
    assert_same_bytes(found, np.eye(7, dtype="float16")[LABELS])


def test_a_label_that_is_no_class_is_refused():
    with pytest.raises(ValueError, match=r"^OneHot\(5\): a label is 5; expected 0 to 4"):
        next(chain(LABELS, sb.OneHot(5)).batch(40).iterate(0))
    with pytest.raises(ValueError, match=r"^OneHot\(5\): a label is -1; expected 0 to 4"):
        chain(LABELS - 1, sb.OneHot(5)).reference(range(3))
    with pytest.raises(ValueError, match=r"^OneHot\(0\): expected 1 class or more"):
        sb.OneHot(0)
    with pytest.raises(ValueError, match=r"^OneHot\(5\) takes a whole number a sample; got uint8"):
        chain(IMAGES, sb.OneHot(5))


def test_what_cannot_be_mixed_is_refused():
    for alpha in (0, -1, np.inf, "x"):
        with pytest.raises(ValueError, match=r"^MixUp: alpha .*expected a number above 0"):
            sb.MixUp(alpha)
    with pytest.raises(ValueError, match=r"Put OneHot\(classes\) in front of it for labels"):
        chain((IMAGES, LABELS), sb.MixUp())
    with pytest.raises(ValueError, match=r"^MixUp follows another one; what is mixed"):
        chain(IMAGES, sb.CutMix(), sb.MixUp())
    with pytest.raises(ValueError, match=r"^CutMix cannot follow what runs after the pass"):
        sb.Dataset.from_tensor_slices(IMAGES).map(lambda x: x).map(sb.CutMix())
    with pytest.raises(ValueError, match=r"^MixUp mixes images of one size, and .*; got none"):
        chain(LABELS, sb.OneHot(7), sb.MixUp())
    with pytest.raises(ValueError, match=r"^MixUp mixes images of one size.*got 4 by 10 and 12 by"):
        sb.Dataset.from_tensor_slices((IMAGES, IMAGES[:, :4])).map(sb.MixUp())


def test_what_moves_or_measures_a_mixture_runs_after_the_pass():
    for step in (sb.RandomFlip(), sb.RandomCrop(3, 3), sb.RandomContrast(0.5), sb.AutoContrast()):
        dataset = chain(IMAGES, sb.MixUp(), step)
        (later,) = dataset.plan.later
        assert "mixed" in later.why
        found = next(dataset.batch(40).iterate(0))
        np.testing.assert_allclose(found, dataset.reference(range(40)), atol=1e-2)
