"""What is worked out once for many batches, and how much of it there is."""

import numpy as np
import pytest

import samebytes as sb
from samebytes.engine.executor import Executor
from samebytes.engine.kernels.job import row_step

FEATURES = 512
ROWS = np.random.default_rng(0).random((40, FEATURES), np.float32)


def prepared(dataset, count=40):
    """The one job of some samples of a data set of one component."""
    indices = np.arange(count)
    ((job,),) = Executor(dataset.plan, 1).prepare(np.zeros_like(indices), indices)
    return job


def test_factors_that_all_samples_share_are_held_once():
    by_feature = sb.Normalization(ROWS.mean(0), ROWS.var(0))
    ds = sb.Dataset.from_tensor_slices(ROWS).map(by_feature).map(sb.Rescaling(2, 1)).batch(8)
    job = prepared(ds)
    assert job.scale.shape == job.offset.shape == (1, FEATURES)
    assert row_step(job.scale) == 0
    for batch, start in zip(ds.iterate(0), range(0, 40, 8), strict=True):
        np.testing.assert_allclose(batch, ds.reference(range(start, start + 8)), atol=1e-5)


def test_planes_of_a_sample_share_them_too():
    tall = np.random.default_rng(1).random((20, 2, 3, 4, 5)).astype("f4").transpose(0, 4, 2, 1, 3)
    ds = sb.Dataset.from_tensor_slices(tall).map(sb.Rescaling((1, 2, 3, 4), 5)).batch(20)
    assert prepared(ds, 20).scale.shape == (1, 4)
    np.testing.assert_allclose(next(ds.iterate(0)), ds.reference(range(20)), rtol=1e-6)


def test_a_draw_for_each_sample_makes_a_row_for_each():
    images = np.random.default_rng(2).integers(0, 256, (40, 6, 6, 3)).astype(np.uint8)
    ds = sb.Dataset.from_tensor_slices(images).map(sb.RandomBrightness(0.3), seed=0)
    ds = ds.map(sb.Normalization((100, 110, 120), (50, 60, 70))).batch(40)
    job = prepared(ds)
    assert job.scale.shape == job.offset.shape == job.low.shape == (40, 3)
    assert row_step(job.scale) == 1
    np.testing.assert_allclose(next(ds.iterate(0)), ds.reference(range(40)), rtol=1e-4, atol=1e-4)


def test_nothing_is_worked_out_of_what_is_only_moved():
    job = prepared(sb.Dataset.from_tensor_slices(ROWS).batch(8))
    assert job.scale is None
    assert row_step(job.scale) == 0


def test_places_have_a_row_for_each_sample_only_where_they_differ():
    ds = sb.Dataset.from_tensor_slices(np.zeros((40, 8, 8, 3), np.uint8))
    rows = {
        "whole": prepared(ds.batch(8)),
        "center": prepared(ds.map(sb.CenterCrop(4, 4)).batch(8)),
        "random": prepared(ds.map(sb.RandomCrop(4, 4), seed=0).batch(8)),
        "flipped": prepared(ds.map(sb.CenterCrop(4, 4)).map(sb.RandomFlip(), seed=0).batch(8)),
    }
    found = {name: job.geometry.shape for name, job in rows.items()}
    assert found == {"whole": (1, 4), "center": (1, 4), "random": (40, 4), "flipped": (40, 4)}
    assert rows["center"].geometry.tolist() == [[2, 1, 2, 1]]
    assert rows["center"].part(3, 8, np.empty((5, 4, 4, 3), np.uint8)).geometry.shape == (1, 4)


@pytest.mark.parametrize("count", [1, 40])
def test_contrast_measures_behind_factors_that_are_shared(count):
    images = np.random.default_rng(3).integers(0, 256, (40, 6, 6, 3)).astype(np.uint8)
    ds = sb.Dataset.from_tensor_slices(images[:count]).map(sb.Rescaling((0.5, 0.25, 1), 3))
    ds = ds.map(sb.RandomContrast(0.5, (0, 255)), seed=0).batch(count)
    np.testing.assert_allclose(
        next(ds.iterate(0)), ds.reference(range(count)), rtol=1e-4, atol=1e-3
    )
