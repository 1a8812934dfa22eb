"""The article this project grew from: what it claims, what is true, and what samebytes does.

Each test states the article's claim, shows what stock Python, NumPy or TensorFlow does with its
code, and then that the promise is kept with samebytes as far as physics allows.
"""

from __future__ import annotations

import numpy as np
import pytest

import samebytes as sb

tf = pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def images():
    """The article's array, smaller: uint8 pictures, made with samebytes."""
    array = sb.empty((10, 512, 512, 3), "uint8")
    array[...] = np.random.default_rng(0).integers(0, 256, array.shape, np.uint8)
    return array


def shared(tensor, array):
    return np.shares_memory(np.asarray(memoryview(tensor)), array)


def test_claim_a_memoryview_crops_without_a_copy(images):
    """`memoryview(a)[:, 128:384, 128:384, :]` is a zero-copy crop."""
    with pytest.raises((NotImplementedError, TypeError)):
        memoryview(images)[:, 128:384, 128:384, :]
    crop = sb.as_array(memoryview(images))[:, 128:384, 128:384, :]
    assert crop.shape == (10, 256, 256, 3)
    assert np.shares_memory(crop, images)


def test_claim_convert_to_tensor_takes_a_memoryview(images):
    """`tf.convert_to_tensor(memoryview)` works."""
    # Versions differ in which of the two comes first.
    with pytest.raises((ValueError, NotImplementedError), match=r"memoryview|multi-dimensional"):
        tf.convert_to_tensor(memoryview(images))
    tensor = tf.convert_to_tensor(sb.as_array(memoryview(images)))
    assert shared(tensor, images)
    assert shared(sb.as_tensor(memoryview(images)), images)


@pytest.mark.parametrize("convert", [tf.constant, tf.convert_to_tensor])
def test_claim_tensorflow_shares_contiguous_arrays(images, convert):
    """`tf.convert_to_tensor(ndarray)` and `tf.constant(ndarray)` share when aligned."""
    aligned_and_contiguous = images.view(np.ndarray)
    assert not shared(convert(aligned_and_contiguous), images)
    assert shared(tf.convert_to_tensor(images), images)


def test_claim_experimental_numpy_shares_both_ways(images):
    """`tf.experimental.numpy` shares memory both ways."""
    assert not shared(tf.experimental.numpy.asarray(images.view(np.ndarray)), images)
    there = sb.as_tensor(images)
    back = sb.as_array(there)
    assert np.shares_memory(back, images)


def test_claim_tf_tensor_makes_a_tensor():
    """`tf.tensor(a)` exists."""
    assert not hasattr(tf, "tensor")
    assert sb.as_tensor(sb.zeros(3)).shape == (3,)


def test_claim_contiguous_is_a_method(images):
    """`.contiguous()` exists on arrays and tensors."""
    assert not hasattr(np.ndarray, "contiguous")
    assert not hasattr(tf.zeros(()), "contiguous")
    packed = sb.aligned(images[:, 128:384, 128:384])
    assert packed.flags.c_contiguous
    assert sb.explain(packed).shared


def test_claim_a_strided_crop_becomes_a_tensor_without_a_copy(images):
    """Impossible: tensors are dense. The least is one gather of the crop's own bytes."""
    crop = images[:, 128:384, 128:384]
    verdict = sb.explain(crop)
    assert verdict.codes == (sb.Code.STRIDES,)
    assert verdict.bytes_copied == crop.nbytes < images.nbytes / 3
    before = sb.stats()
    tensor = sb.as_tensor(crop)
    assert sb.stats().bytes_copied - before.bytes_copied == crop.nbytes
    np.testing.assert_array_equal(tensor, crop)


def test_claim_channels_first_is_free(images):
    """A transpose is a view in NumPy, and one gather as a tensor."""
    first = np.moveaxis(images, -1, 1)
    assert np.shares_memory(first, images)
    np.testing.assert_array_equal(sb.as_tensor(first), tf.transpose(images, [0, 3, 1, 2]))


def test_claim_numpy_of_a_tensor_shares(images):
    """`t.numpy()` copies; `sb.as_array(t)` does not, and is read-only."""
    tensor = sb.as_tensor(images)
    assert not np.shares_memory(tensor.numpy(), images)
    back = sb.as_array(tensor, copy=False)
    assert np.shares_memory(back, images)
    with pytest.raises(ValueError, match="read-only"):
        back[0] = 0


def test_claim_a_mapped_file_is_a_tensor_without_reading_it(tmp_path, images):
    """`np.load(mmap_mode='r')` into TensorFlow is refused by DLPack and copied by the rest."""
    path = tmp_path / "images.npy"
    np.save(path, images)
    stock = np.load(path, mmap_mode="r")
    with pytest.raises(BufferError):
        tf.experimental.dlpack.from_dlpack(stock.__dlpack__())
    assert not shared(tf.convert_to_tensor(stock), stock)
    assert shared(tf.convert_to_tensor(sb.as_array(stock)), stock)
    mapped = sb.open(path)
    assert shared(tf.convert_to_tensor(mapped), mapped)


def test_claim_pinned_memory_is_a_public_matter_of_tensorflow():
    """`pin_memory` and `non_blocking` have no public API in TensorFlow."""
    assert not hasattr(tf, "pin_memory")
    assert not hasattr(tf.zeros(()), "pin_memory")
