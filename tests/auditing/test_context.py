"""The block: what it tells of, where, and that it leaves everything as it was."""

from __future__ import annotations

import inspect
import json
import sys
import threading

import numpy as np
import pytest

import samebytes as sb
from samebytes.auditing import Audit, Copy, Kind
from samebytes.auditing.callbacks import CALLBACKS
from samebytes.auditing.conversions import CONVERSIONS
from samebytes.auditing.graph_rewriting import REWRITING

tf = pytest.importorskip("tensorflow")
HOOKS = (*CONVERSIONS, *CALLBACKS, *REWRITING)
NBYTES = 1_000_000


@pytest.fixture
def x():
    return np.ones((NBYTES // 400, 100), np.float32)


def hooked() -> list[object]:
    """Return what stands at each place that an audit wraps."""
    found = []
    for hook in HOOKS:
        owner = sys.modules[hook.module]
        *parents, name = hook.path.split(".")
        for parent in parents:
            owner = getattr(owner, parent)
        found.append(vars(owner)[name])
    return found


def this_line() -> int:
    return inspect.currentframe().f_back.f_lineno


def only(found: Audit) -> Copy:
    (copy,) = found.copies
    return copy


def test_tells_file_line_bytes_count_time_and_remedy(x):
    with sb.audit() as found:
        for _ in range(3):
            tf.constant(x)
    copy = only(found)
    assert (copy.file, copy.line) == (__file__, this_line() - 2)
    assert (copy.kind, copy.way) == (Kind.CONVERTED, "tf.constant")
    assert (copy.bytes, copy.count, copy.what) == (3 * NBYTES, 3, "float32 (2500, 100)")
    assert 0 < copy.seconds < 60
    assert copy.remedy == "x = sb.aligned(x); t = tf.convert_to_tensor(x)"
    assert found.bytes_copied == 3 * NBYTES


def test_the_remedies_work(x):
    for line in ("x = sb.aligned(x); t = tf.convert_to_tensor(x)", "x = sb.aligned(x, 'float32')"):
        names = {"sb": sb, "tf": tf, "x": x}
        exec(line, names)  # noqa: S102
        with sb.audit() as found:
            t = tf.convert_to_tensor(names["x"])
            sb.as_array(t)
        assert found.copies == ()


@pytest.mark.parametrize("past", [0, 16])
def test_a_second_copy_is_seen_by_the_address_of_the_first(array_at, past, monkeypatch):
    x = array_at(0, (2500, 100))
    # The copy that TensorFlow asks NumPy for, laid where it is wanted.
    from samebytes.auditing import conversions

    def copy(self, order="C"):
        made = array_at(past, x.shape)
        made[...] = self.view(np.ndarray)
        self.made.append(made)
        return made

    monkeypatch.setattr(conversions._Witness, "copy", copy)
    with sb.audit() as found:
        t = tf.constant(x)
    assert only(found).bytes == NBYTES
    assert only(found).bytes_again == (NBYTES if past else 0)
    assert np.array_equal(t, x)


def test_an_operand_is_judged_by_where_it_lies(array_at):
    with sb.audit() as found:
        tf.nn.relu(array_at(0, (2500, 100)))
    assert found.copies == ()
    with sb.audit() as found:
        tf.nn.relu(array_at(16, (2500, 100)))
        tf.raw_ops.Pack(values=[array_at(16, (2500, 100)), array_at(0, (2500, 100))], axis=0)
    assert [(copy.kind, copy.bytes) for copy in found.copies] == [(Kind.OPERAND, NBYTES)] * 2


@pytest.mark.parametrize("past", [0, 16, 32])
def test_what_a_callback_gives_is_judged_by_where_it_lies(array_at, past):
    batch = array_at(past, (2500, 100))

    def load(_):
        return batch

    numbers = tf.data.Dataset.range(2)
    with sb.audit() as found:
        addresses = [
            sb.as_array(t).ctypes.data
            for t in numbers.map(lambda i: tf.numpy_function(load, [i], tf.float32))
        ]
    shared = all(address == batch.ctypes.data for address in addresses)
    assert shared == (found.copies == ())
    assert shared == (past == 0)
    if not shared:
        assert (only(found).kind, only(found).bytes) == (Kind.YIELDED, 2 * NBYTES)
        assert only(found).line == load.__code__.co_firstlineno
        assert only(found).seconds is None


class Numbered:
    """An iterator of a class with slots: nothing refers to it weakly, and it has no hash."""

    __slots__ = ("batches",)
    __hash__ = None

    def __init__(self, batches):
        self.batches = iter(batches)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.batches)


@pytest.mark.parametrize("make", [iter, Numbered, lambda batches: (one for one in batches)])
def test_any_iterator_may_give_the_batches(array_at, make):
    batches = [array_at(16, (2500, 100))] * 3
    ds = tf.data.Dataset.from_generator(
        lambda: make(batches), output_signature=tf.TensorSpec((2500, 100), tf.float32)
    )
    with sb.audit() as found:
        for _ in ds:
            pass
    copy = only(found)
    assert (copy.kind, copy.bytes, copy.count) == (Kind.YIELDED, 3 * NBYTES, 3)
    assert copy.file == __file__


def test_our_own_gather_is_told_of_too():
    wide = sb.zeros((1000, 500), "float32")
    with sb.audit() as found:
        tf.convert_to_tensor(wide[:, ::2])
    assert (only(found).kind, only(found).bytes) == (Kind.GATHERED, NBYTES)


def test_tf_data_takes_the_memory_that_is_told_of():
    from samebytes.measure.memory import PeakMeter

    nbytes = 200_000_000
    ds = tf.data.Dataset.from_tensors(sb.zeros((nbytes // 400, 100), "float32"))
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    for dataset, told in ((ds.with_options(options), 0), (ds, nbytes), (ds, 0)):
        with sb.audit() as found:
            meter = PeakMeter()
            iter(dataset)
            taken = meter.extra_bytes()
        assert found.bytes_copied == told
        if told:
            assert taken > 0.9 * told
        else:
            assert taken < 0.1 * nbytes


def test_small_arrays_strings_and_scalars_are_not_told_of(x):
    with sb.audit() as found:
        tf.constant(x[:10])
        tf.constant(np.array(["a word"] * 1000))
        tf.constant(1.0)
        tf.zeros((1000, 1000))
    assert found.copies == ()
    assert str(found) == "no copy of 4.1 kB or more"


def test_values_are_what_they_are_without(x):
    def everything():
        whole = np.arange(10_000, dtype=np.int64).reshape(100, 100)
        yield tf.constant(x)
        yield tf.constant(x[:, ::2], dtype=tf.float64)
        yield tf.constant(whole, shape=(10_000,))
        yield tf.convert_to_tensor(np.ma.masked_array(whole))
        yield tf.constant(1.0) + x
        yield tf.nn.relu(x[:, ::2])
        yield tf.constant(x).numpy()
        yield tf.function(lambda a: a + tf.constant(x))(x)

    without = [np.asarray(value) for value in everything()]
    with sb.audit():
        within = [np.asarray(value) for value in everything()]
    for one, other in zip(without, within, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_errors_pass_unchanged(x):
    with pytest.raises((TypeError, ValueError)) as without:
        tf.constant(x, shape=(3, 3))
    with sb.audit() as found, pytest.raises((TypeError, ValueError)) as within:
        tf.constant(x, shape=(3, 3))
    assert type(within.value) is type(without.value)
    assert str(within.value) == str(without.value)
    assert found.copies == () or only(found).bytes == NBYTES  # it is copied before it is refused


def test_everything_is_put_back(x):
    before, finders = hooked(), list(sys.meta_path)
    with sb.audit():
        assert all(one is not other for one, other in zip(before, hooked(), strict=True))
    assert all(one is other for one, other in zip(before, hooked(), strict=True))
    assert sys.meta_path == finders


def test_everything_is_put_back_after_an_error(x):
    before = hooked()

    def break_off(found):
        with found:
            tf.constant(x)
            raise ZeroDivisionError

    found = sb.audit()
    with pytest.raises(ZeroDivisionError):
        break_off(found)
    assert all(one is other for one, other in zip(before, hooked(), strict=True))
    assert found.bytes_copied == NBYTES


def test_someone_elses_wrapper_stays(x, monkeypatch):
    from tensorflow.python.framework import constant_op

    with sb.audit() as found:
        ours = constant_op.convert_to_eager_tensor
        theirs = lambda *rest, **named: ours(*rest, **named)  # noqa: E731
        monkeypatch.setattr(constant_op, "convert_to_eager_tensor", theirs)
    assert constant_op.convert_to_eager_tensor is theirs
    tf.constant(x)
    assert found.copies == ()
    with sb.audit() as again:
        tf.constant(x)  # through our new wrapper, theirs, and our old one
    assert again.bytes_copied == NBYTES


def test_nothing_is_told_of_before_and_after(x):
    tf.constant(x)
    with sb.audit() as found:
        pass
    tf.constant(x)
    assert found.copies == ()


def test_blocks_nest_and_overlap(x):
    before = hooked()
    outer, inner = sb.audit(), sb.audit()
    with outer:
        tf.constant(x)
        inner.__enter__()
        tf.constant(x)
    tf.constant(x)
    inner.__exit__(None, None, None)
    assert (outer.bytes_copied, inner.bytes_copied) == (2 * NBYTES, 2 * NBYTES)
    assert all(one is other for one, other in zip(before, hooked(), strict=True))


def test_a_block_is_used_once():
    once = sb.audit()
    with once:
        pass
    with pytest.raises(RuntimeError, match=r"start a new one: with sb\.audit"), once:
        pass


def test_all_threads_are_told_of(x):
    def work():
        for _ in range(20):
            tf.convert_to_tensor(x)

    threads = [threading.Thread(target=work) for _ in range(4)]
    with sb.audit() as found:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (only(found).count, only(found).bytes) == (80, 80 * NBYTES)
    assert only(found).line == work.__code__.co_firstlineno + 2


def test_the_most_bytes_come_first_also_in_json_and_text(x):
    with sb.audit() as found:
        tf.constant(x[:500])
        tf.convert_to_tensor(x)
    facts = json.loads(found.to_json())
    assert facts["schema"] == "samebytes.audit/1"
    assert facts["bytes_copied"] == sum(copy["bytes"] for copy in facts["copies"])
    assert [copy["bytes"] for copy in facts["copies"]] == [NBYTES, NBYTES // 5]
    first = facts["copies"][0]
    text = str(found).splitlines()
    assert text[0].startswith(f"{__file__}:{first['line']}  tf.convert_to_tensor: 1 x float32")
    assert text[1].strip() == "tf.convert_to_tensor(x)"
    assert text[2].strip() == "instead: x = sb.aligned(x)"
    assert text[-1].startswith("1.2 MB copied in 2 copies")
