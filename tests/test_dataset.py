import pathlib
from typing import NamedTuple

import numpy as np
import pytest

import samebytes as sb
from tests.plan.running import BFLOAT, assert_same_bytes, pixels


class Pair(NamedTuple):
    image: object
    label: object


IMAGES, LABELS = pixels(10, 4, 3, 2), np.arange(10)


def batch(dataset, size=10):
    with dataset.batch(size).iterate(0) as found:
        return next(found)


def test_any_nesting_comes_out_as_it_went_in():
    for source in [
        IMAGES,
        (IMAGES, LABELS),
        {"b": IMAGES, "a": LABELS},
        Pair(IMAGES, LABELS),
        {"x": (IMAGES, {"deep": LABELS}), "y": Pair(LABELS, IMAGES)},
        (IMAGES,),
    ]:
        found = batch(sb.Dataset.from_tensor_slices(source))
        assert type(found) is (np.ndarray if source is IMAGES else type(source))
        np.testing.assert_equal(found, source)


def test_whatever_exports_memory_is_a_source():
    import tensorflow as tf

    for source in [
        memoryview(IMAGES),
        tf.constant(IMAGES),
        IMAGES.tolist(),
        sb.aligned(IMAGES),
        bytes(10),
        bytearray(10),
        LABELS.astype(BFLOAT),
        LABELS.astype("datetime64[s]"),
        np.array(["a", "bc"] * 5),
    ]:
        found = batch(sb.Dataset.from_tensor_slices(source))
        expected = source if isinstance(source, list) else sb.as_array(source)
        np.testing.assert_array_equal(found, np.asarray(expected))


def test_sources_are_shared_and_never_copied(tmp_path):
    dataset = sb.Dataset.from_tensor_slices((IMAGES, LABELS))
    assert all(
        sb.shares_memory(a, b) for a, b in zip(dataset.arrays, (IMAGES, LABELS), strict=True)
    )
    np.save(tmp_path / "images.npy", IMAGES)
    mapped = sb.open(tmp_path / "images.npy")
    with sb.no_copy():
        opened = sb.Dataset.from_tensor_slices(mapped)
    assert sb.shares_memory(opened.arrays[0], mapped)
    assert_same_bytes(batch(opened), IMAGES)


def test_what_is_no_source_is_refused_in_words():
    make = sb.Dataset.from_tensor_slices
    with pytest.raises(ValueError, match=r"^components differ in length: x has 10 samples, y\.1 has"
                       " 9; cut them to the same length$"):  # fmt: skip
        make({"x": IMAGES, "y": (LABELS, LABELS[:9])})
    for nothing in ((), {}, ((), {})):
        with pytest.raises(ValueError, match="at least one array; got an empty structure"):
            make(nothing)
    with pytest.raises(
        ValueError, match=r"^component y is a single value; expected an axis of sam"
    ):
        make({"x": IMAGES, "y": np.float32(3)})
    with pytest.raises(
        TypeError, match=r"^component 1 holds Python objects \(object\); expected nu"
    ):
        make((IMAGES, np.array([None] * 10)))
    with pytest.raises(TypeError, match="holds Python objects"):
        make([None, {}])
    with pytest.raises(TypeError, match=r"^component 0 is a masked array; fill it"):
        make(np.ma.masked_equal(LABELS, 3))
    for other in (None, 3, object(), "text", pathlib.Path("x.npy")):
        with pytest.raises((TypeError, ValueError)):
            make(other)


def test_specs_know_the_batch():
    dataset = sb.Dataset.from_tensor_slices((IMAGES, LABELS))
    x, y = dataset.element_spec
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((4, 3, 2), np.uint8, (), np.int64)
    for made, size in [
        (dataset.batch(3), None),
        (dataset.batch(3, drop_remainder=True), 3),
        (dataset.batch(5), 5),
        (dataset.take(9).batch(3), 3),
        (dataset.repeat().batch(3), 3),
        (dataset.repeat(3).batch(3), 3),
    ]:
        assert [spec.shape for spec in made.element_spec] == [(size, 4, 3, 2), (size,)]
        for element in made.take(4):
            assert size in (None, len(element[0]))
    later = dataset.map(lambda x, y: {"x": x[:2] / 2})
    assert later.batch(3).element_spec["x"].shape == (None, 2, 3, 2)
    assert later.batch(5).element_spec["x"].dtype == np.float64
    # A big-endian source comes out as this machine writes numbers.
    big = sb.Dataset.from_tensor_slices(IMAGES.astype(">f4"))
    assert big.element_spec.dtype == batch(big).dtype == np.dtype("=f4")


def test_options_change_nothing_but_how():
    dataset = sb.Dataset.from_tensor_slices(IMAGES).shuffle(seed=1).batch(3)
    reference = [one.copy() for one in dataset.iterate(0)]
    for other in (
        dataset.prefetch(0),
        dataset.prefetch(9),
        dataset.with_options(threads=1),
        dataset.with_options(threads=5).prefetch(1),
    ):
        for found, wanted in zip(other.iterate(0), reference, strict=True):
            assert_same_bytes(found, wanted)
        assert other.fingerprint() == dataset.fingerprint()
        assert other != dataset
    assert dataset.prefetch(-1) is dataset
    assert dataset.prefetch(np.int64(4)).options.prefetch == 4


def test_tensors_come_out_where_they_are_asked_for():
    import tensorflow as tf

    dataset = sb.Dataset.from_tensor_slices({"x": IMAGES}).batch(10).with_format("tensorflow")
    (found,) = dataset
    assert isinstance(found["x"], tf.Tensor)
    np.testing.assert_array_equal(found["x"], IMAGES)


def test_options_that_are_none_are_refused():
    dataset = sb.Dataset.from_tensor_slices(IMAGES)
    with pytest.raises(
        ValueError, match=r"^with_format\('pandas'\): expected one of jax, numpy, tensor"
    ):
        dataset.with_format("pandas")
    with pytest.raises(ValueError, match=r"^with_options\(threads=0\): expected 1 or more$"):
        dataset.with_options(threads=0)
    for wrong in (1.5, "2"):
        with pytest.raises(TypeError):
            dataset.with_options(threads=wrong)
        with pytest.raises(TypeError):
            dataset.prefetch(wrong)


def test_every_method_gives_a_new_dataset():
    dataset = sb.Dataset.from_tensor_slices((IMAGES, LABELS))
    before = dataset.fingerprint()
    dataset.shuffle().take(3).map(sb.Rescaling(2)).batch(2).repeat().with_options(threads=1)
    assert dataset.fingerprint() == before
    with pytest.raises(AttributeError):
        dataset.batch_size = 3


def test_equal_datasets_do_the_same():
    def build(seed=1, scale=2.0):
        return (
            sb.Dataset.from_tensor_slices((IMAGES.copy(), LABELS.copy()))
            .shuffle(seed=seed)
            .map(sb.RandomFlip(seed=seed))
            .map(sb.Rescaling(scale))
            .batch(2)
        )

    assert build() == build()
    assert hash(build()) == hash(build())
    assert build() != build(seed=2)
    assert build() != build(scale=3.0)
    assert build() != build().take(2)
    assert build() != 3
    assert build().plan == build().plan
    # What draws nothing needs no seed to be equal.
    plain = sb.Dataset.from_tensor_slices(IMAGES)
    assert plain.map(sb.Rescaling(2)) == plain.map(sb.Rescaling(2))
    assert plain.map(sb.Rescaling(2)).fingerprint() == plain.map(sb.Rescaling(2)).fingerprint()


def test_unseeded_datasets_draw_a_seed_and_show_it():
    plain = sb.Dataset.from_tensor_slices(IMAGES)
    shuffled, flipped = plain.shuffle(), plain.map(sb.RandomFlip())
    assert shuffled != plain.shuffle()
    assert flipped != plain.map(sb.RandomFlip())
    assert f"shuffle(seed={shuffled.samples.seed})" in shuffled.fingerprint()["samples"]
    assert f"seed {flipped.maps[0].seed}," in flipped.fingerprint()["component 0"]
    seed = shuffled.samples.seed
    assert_same_bytes(batch(shuffled), batch(plain.shuffle(seed=seed)))


def test_the_seed_of_map_comes_before_that_of_the_transform():
    plain = sb.Dataset.from_tensor_slices(IMAGES)
    assert plain.map(sb.RandomFlip(seed=1), seed=5).maps[0].seed == 5
    assert plain.map(sb.RandomFlip(seed=1)).maps[0].seed == 1


def test_a_short_text_for_the_debugger():
    dataset = sb.Dataset.from_tensor_slices({"x": IMAGES, "y": LABELS})
    assert repr(dataset) == "<samebytes.Dataset: 10 samples: x, y>"
    assert repr(dataset.repeat().batch(2)) == "<samebytes.Dataset: endless batches of 2: x, y>"


def test_references_are_of_any_samples_of_any_epoch():
    dataset = sb.Dataset.from_tensor_slices(IMAGES).map(sb.RandomFlip(seed=1))
    some = dataset.reference([7, 2, 2], epoch=3)
    assert_same_bytes(some, dataset.reference(range(10), epoch=3)[[7, 2, 2]])
