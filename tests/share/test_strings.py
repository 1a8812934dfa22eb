"""Strings become UTF-8 in string tensors by every door, and the copy is told."""

from __future__ import annotations

import numpy as np
import pytest

import samebytes as sb
from samebytes.share.strings import as_utf8

tf = pytest.importorskip("tensorflow")

WORDS = ["zürich", "", "北京", "a\0b", "𝄞", "plain"]
UTF8 = [word.encode() for word in WORDS]
ARRAYS = {
    "U": np.array(WORDS),
    "other byte order": np.array(WORDS).astype(np.array(WORDS).dtype.newbyteorder("S")),
    "strided": np.array(WORDS).repeat(2)[::2],
    "S": np.array(UTF8),
}
if hasattr(np.dtypes, "StringDType"):
    ARRAYS["T"] = np.array(WORDS, np.dtypes.StringDType())
FIXED = [name for name in ARRAYS if name != "T"]


def dataset(values, batch=4):
    found = sb.Dataset.from_tensor_slices({"n": np.arange(len(values)), "word": values})
    return found if batch is None else found.batch(batch)


def single(element):
    return element["word"].numpy()


DOORS = {
    "as_tensor": lambda x: sb.as_tensor(x).numpy().tolist(),
    "an Array": lambda x: tf.convert_to_tensor(sb.as_array(x)).numpy().tolist(),
    "an Array in a function": lambda x: tf.function(lambda: sb.as_tensor(x))().numpy().tolist(),
    "as_tensor with a dtype": lambda x: sb.as_tensor(x, tf.string).numpy().tolist(),
}
FEEDS = {
    "to_tf": lambda x: [w for e in dataset(x).to_tf() for w in single(e)],
    "to_tf, single samples": lambda x: [single(e) for e in dataset(x, None).to_tf()],
    "with_format": lambda x: [w for e in dataset(x).with_format("tensorflow") for w in single(e)],
    "with_format, single samples": lambda x: [
        single(e) for e in dataset(x, None).with_format("tensorflow")
    ],
    "with_format, after a function": lambda x: [
        single(e) for e in dataset(x, None).map(lambda e: dict(e)).with_format("tensorflow")
    ],
    "to_keras": lambda x: [w for i in range(2) for w in single(dataset(x).to_keras()[i])],
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", ARRAYS)
def test_every_dtype_is_utf8_by_every_door(name, door):
    assert DOORS[door](ARRAYS[name]) == UTF8


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("name", FIXED)
def test_every_dtype_is_utf8_by_every_feed(name, feed):
    assert FEEDS[feed](ARRAYS[name]) == UTF8


def test_the_signature_says_string():
    for found in (dataset(ARRAYS["U"]), dataset(ARRAYS["S"])):
        assert found.to_tf().element_spec["word"] == tf.TensorSpec([None], tf.string)


def test_other_shapes():
    assert sb.as_tensor(np.array("ü")).numpy() == "ü".encode()
    assert sb.as_tensor(np.array([["ü"], ["é"]])).shape == (2, 1)
    empty = sb.as_tensor(np.zeros((0, 2), "U3"))
    assert (empty.shape, empty.dtype) == ((0, 2), tf.string)
    assert sb.as_array(np.str_("")).shape == ()
    # NumPy's own strings end before trailing NULs, TensorFlow's need not.
    assert sb.as_tensor(np.array([b"ab\0\0"])).numpy().tolist() == [b"ab"]


@pytest.mark.parametrize("name", ARRAYS)
def test_explain_tells_the_copy_and_its_cost(name):
    verdict = sb.explain(ARRAYS[name])
    assert (verdict.shared, verdict.possible, verdict.codes) == (False, True, (sb.Code.DTYPE,))
    assert verdict.bytes_copied == ARRAYS[name].nbytes
    assert verdict.estimate_milliseconds() > 0
    assert "copied, " in str(verdict)
    assert "each encoded in UTF-8" in str(verdict)
    with sb.no_copy(), pytest.raises(sb.CopyNeeded, match="UTF-8"):
        sb.as_tensor(ARRAYS[name])
    before = sb.stats()
    sb.as_tensor(ARRAYS[name])
    assert sb.stats().copied == before.copied + 1


HALF = np.array([["a", "b"], ["c", "\ud800"]])


def test_half_a_surrogate_pair_is_an_error_in_words():
    sentence = r"string at \[1, 1\] of {} holds half of a surrogate pair.*repair it first"
    with pytest.raises(ValueError, match=sentence.format("this array")):
        sb.as_tensor(HALF)
    named = sentence.format("component word")
    with pytest.raises(ValueError, match=named):
        dataset(HALF).to_keras()[0]
    with pytest.raises(tf.errors.InvalidArgumentError, match=named):
        list(dataset(HALF).to_tf())
    mended = np.array([s.encode("utf-8", "replace").decode() for s in HALF.ravel().tolist()])
    assert sb.as_tensor(mended).numpy().tolist() == [b"a", b"b", b"c", b"?"]


def test_what_is_no_string_is_named_by_its_place_and_type():
    with pytest.raises(ValueError, match=r"item at \[1\] of this array is NoneType"):
        as_utf8(np.array(["a", None], object))


def test_strings_do_not_become_numbers():
    with pytest.raises(sb.Unconvertible, match=r"x = x\.astype\('float32'\)"):
        sb.as_tensor(np.array(["1.5"]), "float32")


def test_strings_of_any_length_and_objects_are_refused_as_sources_with_the_way_out():
    for values in (ARRAYS.get("T", np.array(WORDS, object)), np.array(WORDS, object)):
        with pytest.raises(TypeError, match=r"component word holds Python.*np\.array\(x\.tolist"):
            dataset(values)
        assert FEEDS["to_tf"](np.array(values.tolist())) == UTF8
