"""Functions in ``map``: per sample, per batch, and what they may give and raise."""

import sys
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf
from running import assert_same_bytes, pixels

import samebytes as sb


class Pair(NamedTuple):
    image: object
    label: object


IMAGES, LABELS = pixels(7, 4, 3, 2), np.arange(7)


def batches(dataset):
    with dataset.iterate(0) as found:
        return list(found)


def test_a_function_is_given_each_sample_as_tf_data_gives_it():
    def of_tuple(x, y):
        assert x.shape == (4, 3, 2)
        return x.sum(dtype=np.int64) + y, y

    sums = IMAGES.reshape(7, -1).sum(1, dtype=np.int64) + LABELS
    dataset = sb.Dataset.from_tensor_slices((IMAGES, LABELS)).map(of_tuple)
    found = batches(dataset.batch(3))
    assert_same_bytes(np.concatenate([x for x, _ in found]), sums)
    assert [int(x) for x, _ in batches(dataset)] == sums.tolist()
    assert dataset.batch(3).element_spec[0].shape == (None,)

    of_dict = sb.Dataset.from_tensor_slices({"x": IMAGES, "y": LABELS})
    (found,) = batches(of_dict.map(lambda element: element["y"] * 2).batch(7))
    assert_same_bytes(found, LABELS * 2)

    named = sb.Dataset.from_tensor_slices(Pair(IMAGES, LABELS))
    (found,) = batches(named.map(lambda pair: pair._replace(label=-pair.label)).batch(7))
    assert_same_bytes(found.label, -LABELS)
    assert_same_bytes(found.image, IMAGES)
    assert type(found) is Pair

    (found,) = batches(sb.Dataset.from_tensor_slices(LABELS).map(lambda y: [y, y]).batch(7))
    assert_same_bytes(found, np.stack([LABELS, LABELS], 1))  # a list is data


def test_structures_are_those_of_tf_data():
    for source in [(IMAGES, LABELS), {"x": IMAGES, "y": LABELS}, Pair(IMAGES, LABELS), LABELS]:

        def seen(*arguments):
            seen.given = [type(one).__name__ for one in arguments]
            return arguments[0]

        tf.data.Dataset.from_tensor_slices(source).map(seen)
        theirs = ["Tensor" if "Tensor" in name else name for name in seen.given]
        batches(sb.Dataset.from_tensor_slices(source).map(seen).batch(7))
        ours = ["Tensor" if name in ("ndarray", "int64") else name for name in seen.given]
        assert ours == theirs


def test_batched_and_after_batch_a_function_is_given_batches():
    sizes = []

    def count(x, y):
        sizes.append(len(x))
        return x.mean(axis=(1, 2, 3)), y

    source = sb.Dataset.from_tensor_slices((IMAGES, LABELS))
    for dataset in (source.map(count, batched=True).batch(3), source.batch(3).map(count)):
        sizes.clear()
        found = batches(dataset)
        assert sorted(sizes) == [1, 3, 3]
        np.testing.assert_allclose(
            np.concatenate([x for x, _ in found]), IMAGES.mean(axis=(1, 2, 3))
        )
    assert source.batch(3).map(count).element_spec[0].shape == (None,)


def test_on_gives_a_function_one_component():
    source = sb.Dataset.from_tensor_slices({"x": IMAGES, "y": LABELS})
    (found,) = batches(source.map(np.flipud, on="x").batch(7))
    assert_same_bytes(found["x"], np.ascontiguousarray(IMAGES[:, ::-1]))
    (found,) = batches(source.map(np.negative, on="y", batched=True).batch(7))
    assert_same_bytes(found["y"], -LABELS)
    assert_same_bytes(found["x"], IMAGES)


def test_tensors_that_come_back_are_arrays():
    (found,) = batches(sb.Dataset.from_tensor_slices(LABELS).batch(7).map(tf.square))
    assert_same_bytes(found, LABELS**2)


def test_functions_chain_and_change_the_structure():
    dataset = (
        sb.Dataset.from_tensor_slices((IMAGES, LABELS))
        .map(lambda x, y: {"x": x, "two": (y, y + 1)})
        .map(lambda element: (element["two"][1], element["x"]))
        .batch(7)
        .map(lambda y, x: y * len(x))
    )
    (found,) = batches(dataset)
    assert_same_bytes(found, (LABELS + 1) * 7)
    assert_same_bytes(dataset.reference(range(7)), found)


class Broken(Exception):
    pass


@pytest.mark.parametrize("batched", [False, True])
def test_an_exception_passes_unchanged_with_the_samples_noted(batched):
    failure = Broken("on purpose")

    def fail(y):
        if (np.asarray(y) == 4).any():
            raise failure
        return y

    shuffled = sb.Dataset.from_tensor_slices(LABELS).skip(2).map(fail, batched=batched).batch(2)
    with shuffled.iterate(0) as found:
        next(found)
        with pytest.raises(Broken) as caught:
            next(found)
    assert caught.value is failure
    if sys.version_info >= (3, 11):
        samples = "4, 5" if batched else "4"
        assert failure.__notes__ == [f"(samebytes: while mapping sample {samples})"]


def test_a_note_names_only_so_many_samples():
    if sys.version_info < (3, 11):
        pytest.skip("notes came with Python 3.11")
    dataset = sb.Dataset.from_tensor_slices(np.arange(100)).batch(50).map(lambda y: 1 / 0)
    with pytest.raises(ZeroDivisionError) as caught:
        next(iter(dataset))
    (note,) = caught.value.__notes__
    assert note == "(samebytes: while mapping sample 0, 1, 2, 3, 4, 5, 6, 7 and 42 more)"


def test_what_is_no_array_is_refused_in_words():
    for batched in (False, True):
        dataset = sb.Dataset.from_tensor_slices(LABELS).map(lambda y: None, batched=batched)
        with pytest.raises(
            TypeError, match=r"^<lambda> returned NoneType, which is not an array of numb"
        ):
            next(iter(dataset.batch(2)))
    with pytest.raises(TypeError, match=r"^map takes a transform, a Keras layer or a function; go"):
        sb.Dataset.from_tensor_slices(LABELS).map(3)


def test_spec_without_samples():
    dataset = sb.Dataset.from_tensor_slices(np.zeros((0, 3), "f4")).map(lambda x: x[:2])
    assert dataset.element_spec.shape == (2,)
