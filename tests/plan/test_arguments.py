"""Whole numbers mean what they mean in tf.data, and what nobody can mean is refused in words."""

import re

import numpy as np
import pytest
import tensorflow as tf

import samebytes as sb
from samebytes.plan import samplers

TEN = sb.Dataset.from_tensor_slices(np.arange(10))
BATCHED = TEN.batch(3)
HUGE = [2**63, 2**70]


def shown(dataset):
    return [np.asarray(one).tolist() for one in dataset]


@pytest.mark.parametrize("method", ["take", "skip", "repeat"])
@pytest.mark.parametrize("count", [-(2**63), -3, -2, -1, 0, 1, 4, 2**30])
def test_numbers_mean_what_they_mean_in_tf_data(method, count):
    ours, stock = getattr(TEN, method)(count), getattr(tf.data.Dataset.range(10), method)(count)
    endless = int(stock.cardinality()) == tf.data.INFINITE_CARDINALITY
    if endless:
        with pytest.raises(TypeError, match="endless"):
            len(ours)
    some = [int(one) for one in stock.take(25).as_numpy_iterator()]
    assert shown(ours.take(25)) == some


@pytest.mark.parametrize("method", ["take", "skip", "repeat", "batch", "prefetch", "window"])
@pytest.mark.parametrize("number", [*HUGE, -(2**63) - 1])
def test_what_cannot_be_counted_is_refused_in_words(method, number):
    with pytest.raises(ValueError, match=rf"^{method}\((length=)?-?\d+\): expected "):
        getattr(TEN, method)(number)


CALLS = {
    "take(": lambda one: TEN.take(one),
    "skip(": lambda one: BATCHED.skip(one),
    "repeat(": lambda one: TEN.repeat(one),
    "batch(": lambda one: TEN.batch(one),
    "prefetch(": lambda one: TEN.prefetch(one),
    "shuffle(": lambda one: TEN.shuffle(one),
    "window(length=": lambda one: TEN.window(one),
    "window(stride=": lambda one: TEN.window(2, one),
    "window(sampling_rate=": lambda one: TEN.window(2, 1, one),
    "window(horizon=": lambda one: TEN.window(2, horizon=one),
    "shard(num_shards=": lambda one: TEN.shard(one, 0),
    "shard(index=": lambda one: TEN.shard(2, one),
    "with_options(threads=": lambda one: TEN.with_options(threads=one),
    "iterate(": lambda one: TEN.iterate(one),
    "reference(epoch=": lambda one: TEN.reference([0], epoch=one),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("value", [1.5, "0", [1, 2], np.float32(1)])
def test_what_is_no_whole_number_is_refused_in_words(call, value):
    named = type(value).__name__
    message = f"{call}{value!r}): expected a whole number, got {named}"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        CALLS[call](value)


@pytest.mark.parametrize("value", [np.int8(1), np.array(1), True, tf.constant(1)])
def test_whole_numbers_of_any_kind_are_taken(value):
    for call, ask in CALLS.items():
        if call != "shard(index=":
            ask(value)
    assert len(TEN.take(value)) == 1


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda: TEN.prefetch(-3),
            "prefetch(-3): expected 0 or more, or -1 for the default, as in tf.data",
        ),
        (lambda: TEN.batch(0), "batch(0): expected 1 or more"),
        (lambda: TEN.batch(-1), "batch(-1): expected 1 or more"),
        (lambda: TEN.shuffle(0), "shuffle(0): expected 1 or more"),
        (lambda: TEN.shuffle(-3), "shuffle(-3): expected 1 or more"),
        (lambda: TEN.batch(2**63), "batch(9223372036854775808): expected less than 2**63"),
        (lambda: TEN.batch(1 << 9999), "batch(2**9999 or so): expected less than 2**63"),
        (lambda: TEN.take(-(2**64)), "take(-18446744073709551616): expected a number closer to 0"),
        (
            lambda: TEN.shard(2**63, 0),
            "shard(num_shards=9223372036854775808): expected less than 2**63",
        ),
        (lambda: TEN.shard(3, -1), "shard(3, -1): expected 0 <= index < num_shards"),
        (lambda: TEN.iterate(-1), "iterate(-1): expected 0 or more"),
        (lambda: TEN.iterate(2**32), "iterate(4294967296): expected less than 2**32"),
        (
            lambda: TEN.reference([0], 2**32),
            "reference(epoch=4294967296): expected less than 2**32",
        ),
        (
            lambda: TEN.with_options(threads=10**9),
            "with_options(threads=1000000000): expected at most 1,024",
        ),
        (
            lambda: TEN.repeat(2**62),
            (
                "this makes 46,116,860,184,273,879,040 elements, more than can be counted (2**63 - "
                "1); ask for fewer, or for endless ones: repeat()"
            ),
        ),
        (
            lambda: TEN.repeat(2**30).repeat(2**30),
            (
                "this makes 11,529,215,046,068,469,760 elements, more than can be counted (2**63 - "
                "1); ask for fewer, or for endless ones: repeat()"
            ),
        ),
        (
            lambda: BATCHED.repeat(2**62),
            (
                "this makes 18,446,744,073,709,551,616 elements, more than can be counted (2**63 - "
                "1); ask for fewer, or for endless ones: repeat()"
            ),
        ),
        (
            lambda: TEN.repeat(2**59).shuffle(),
            "shuffle: 5,764,607,523,034,234,880 elements; expected at most 2**62",
        ),
        (
            lambda: TEN.window(2**40, 1, 2**40),
            (
                "a window spans 1,208,925,819,613,529,663,078,401 rows, more than can be counted "
                "(2**63 - 1); ask for fewer"
            ),
        ),
        (
            lambda: TEN.window(2**62),
            (
                "no window fits: length=4611686018427387904 at sampling_rate=1 spans "
                "4,611,686,018,427,387,904 rows, but the longest series has 10; ask for shorter "
                "windows, or pad short series: padding='left'"
            ),
        ),
    ],
)
def test_what_is_out_of_range_is_refused_in_words(ask, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ask()


def test_what_is_far_but_counted_is_right():
    assert len(TEN.repeat(2**59)) == 10 * 2**59
    assert shown(TEN.repeat(2**59).skip(10 * 2**59 - 3)) == [7, 8, 9]
    assert shown(TEN.shard(2**62, 3)) == [3]
    assert shown(TEN.shard(2**62, 2**61)) == []
    assert shown(TEN.take(2**62)) == list(range(10))
    assert shown(TEN.skip(2**62)) == []
    assert len(TEN.shuffle(2**70, seed=1)) == 10
    assert shown(TEN.repeat().skip(2**62).take(2)) == [2**62 % 10, 2**62 % 10 + 1]
    far = TEN.repeat(2**58).shuffle(seed=1).take(4)
    assert all(0 <= one < 10 for one in shown(far))


@pytest.mark.parametrize(
    "ask",
    [
        lambda: TEN.repeat().shard(2**62, 1),
        lambda: TEN.repeat().shard(2**20, 0).shard(2**20, 0),
        lambda: TEN.repeat().skip(2**62).skip(2**62),
        lambda: TEN.repeat().batch(2**20).shard(2**20, 0),
        lambda: TEN.repeat().shard(2**62, 0).take(2**62),
    ],
)
def test_endless_orders_are_counted_as_well(ask):
    with pytest.raises(ValueError, match=r"^this endless dataset needs element [\d,]+, more"):
        ask()


@pytest.mark.parametrize("size", [10, 11, 4000, 2**40, 2**63 - 1])
def test_a_batch_larger_than_the_epoch_is_the_epoch(size):
    whole = TEN.shuffle(seed=3).batch(size)
    (found,) = shown(whole)
    assert sorted(found) == list(range(10))
    assert shown(whole.repeat(2).shard(2, 1)) == shown(whole.repeat(2))[1:]
    assert shown(TEN.batch(size, drop_remainder=True)) == ([list(range(10))] if size == 10 else [])
    assert whole.element_spec.shape == ((10,) if size == 10 else (None,))
    iterator = whole.iterate(0)
    iterator.load_state_dict({**iterator.state_dict(), "position": 4})
    assert next(iterator).tolist() == found[4:]


@pytest.mark.parametrize(("name", "number"), [("epoch", 2**32), ("epoch", -1), ("position", 2**63)])
def test_a_state_beyond_counting_is_refused_in_words(name, number):
    iterator = BATCHED.iterate(0)
    state = {**iterator.state_dict(), name: number}
    with pytest.raises(ValueError, match=rf"^this state has {name} {number}: expected an integer"):
        iterator.load_state_dict(state)


def test_an_order_that_is_counted_is_left_alone():
    samplers.check_countable(samplers.Repeat(samplers.Sequential(10), None))
    samplers.check_countable(samplers.Sequential(2**63 - 1))


def nested(axes):
    return np.zeros((3,) + (1,) * (axes - 1), np.float32)


def test_arrays_of_all_axes_are_refused_by_name():
    (most,) = sb.Dataset.from_tensor_slices(nested(63)).batch(3)
    assert most.shape == (3,) + (1,) * 62
    message = (
        f"component x has the shape {(3,) + (1,) * 63}, which makes batches of 64 axes; NumPy "
        "allows 64, and one of them is needed internally, so expected at most 63: "
        "reshape it to fewer"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        sb.Dataset.from_tensor_slices({"x": nested(64)})
    with pytest.raises(
        ValueError, match=r"^component 0 has the shape \(6, 1, .*batches of 64 axes"
    ):
        sb.Dataset.from_tensor_slices(sb.concat([nested(64), nested(64)]))


@pytest.mark.parametrize(
    ("axes", "named"),
    [
        (62, {}),
        (62, {"horizon": 1}),
        (61, {"horizon": 2, "align": "each"}),
        (62, {"padding": "left"}),
    ],
)
def test_windows_add_axes(axes, named):
    dataset = sb.Dataset.from_tensor_slices(nested(axes)).window(1, **named).batch(2)
    next(iter(dataset))
    with pytest.raises(
        ValueError, match=r"^component [01] has rows of shape \(1, .*, and windows of"
    ):
        sb.Dataset.from_tensor_slices(nested(axes + 1)).window(1, **named)
