"""Promise: a transform and a formatter are one file each, written by whoever needs them.

A file format is tested beside the registry of formats, `tests/memory/files`.
"""

import pickle

import numpy as np
import pytest

import samebytes as sb
from samebytes.engine.formatting import Formatter, check_format, register
from samebytes.memory.pool import Pool
from tests.promises.outside.negative import RandomNegative
from tests.promises.outside.views import VIEWS

IMAGES = np.random.default_rng(0).integers(0, 256, (60, 12, 10, 3), np.uint8)


def negatives():
    return (
        sb.Dataset.from_tensor_slices((IMAGES, np.arange(60)))
        .shuffle(seed=1)
        .map(sb.RandomCrop(8, 8), seed=2)
        .map(RandomNegative(0.4), seed=3)
        .map(sb.Rescaling(1 / 255))
        .batch(20)
    )


def test_a_transform_folds_with_ours_into_one_pass():
    dataset = negatives()
    assert dataset.plan.later == ()
    assert "RandomNegative(share=0.4) → Rescaling" in str(dataset)
    plain = sb.Dataset.from_tensor_slices(IMAGES).map(sb.RandomCrop(8, 8), seed=2)
    turned = 0
    for x, numbers in dataset.iterate(2):
        np.testing.assert_allclose(x, dataset.reference(numbers, epoch=2)[0], atol=1e-6)
        unturned = plain.reference(numbers, epoch=2) / np.float32(255)
        turned += sum(not np.allclose(one, other) for one, other in zip(x, unturned, strict=True))
    assert 10 < turned < 40


def test_it_resumes_and_pickles_as_ours_do():
    dataset = negatives()
    with dataset.iterate(1) as batches:
        next(batches)
        state = batches.state_dict()
        rest = [x for x, _ in batches]
    again = pickle.loads(pickle.dumps(dataset)).iterate()
    again.load_state_dict(state)
    for x, expected in zip([x for x, _ in again], rest, strict=True):
        np.testing.assert_array_equal(x, expected)
    other = sb.Dataset.from_tensor_slices((IMAGES, np.arange(60))).shuffle(seed=1)
    other = other.map(sb.RandomCrop(8, 8), seed=2).map(RandomNegative(0.5), seed=3)
    with pytest.raises(ValueError, match=r"RandomNegative\(share=0\.4\).*then"):
        other.map(sb.Rescaling(1 / 255)).batch(20).iterate().load_state_dict(state)


def test_what_it_cannot_do_is_refused_by_its_name():
    with pytest.raises(ValueError, match=r"^RandomNegative needs samples with the axes height"):
        sb.Dataset.from_tensor_slices(np.zeros((3, 4))).map(RandomNegative())


def test_a_formatter_gives_views_on_the_pooled_bytes(monkeypatch):
    blocks, take = [], Pool.take

    def taken(self):
        block = take(self)
        blocks.append((block.ctypes.data, block.nbytes))
        return block

    monkeypatch.setattr(Pool, "take", taken)
    dataset = negatives()
    expected = list(dataset.iterate(0))
    for (x, y), (a, b) in zip(dataset.with_format("views").iterate(0), expected, strict=True):
        assert isinstance(x, memoryview)
        np.testing.assert_array_equal(np.asarray(x), a)
        np.testing.assert_array_equal(np.asarray(y), b)
        address = np.asarray(x).ctypes.data
        assert any(begin <= address < begin + nbytes for begin, nbytes in blocks)


def test_a_formatter_gives_single_samples_too():
    ((x, y), *_) = sb.Dataset.from_tensor_slices((IMAGES, np.arange(60))).with_format("views")
    assert isinstance(x, memoryview)
    assert (x.shape, np.asarray(y).item()) == ((12, 10, 3), 0)


def test_what_is_no_formatter_and_what_is_there_already_is_refused_in_words():
    register(VIEWS)  # the same again changes nothing
    with pytest.raises(TypeError, match=r"^register: expected a .*Formatter; got 'views'$"):
        register("views")
    another = Formatter("numpy", VIEWS.element, VIEWS.rows)
    with pytest.raises(ValueError, match=r"^there already is a formatter named 'numpy'"):
        register(another)
    with pytest.raises(
        ValueError, match=r"^with_format\('none'\): expected one of jax, numpy, tens"
    ):
        check_format("none")
