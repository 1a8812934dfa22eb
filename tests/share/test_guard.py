"""`no_copy` forbids copies in a block and its threads; `stats` counts them all."""

from __future__ import annotations

import contextlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import samebytes as sb


def copy_one():
    return sb.as_array(np.zeros(4), copy=True)


def outcome(action=copy_one):
    """Return whether `action` copied or was refused."""
    try:
        action()
    except sb.CopyNeeded as refusal:
        return refusal.forbidden_by
    return "copied"


def on_a_thread(action=outcome):
    found = []
    thread = threading.Thread(target=lambda: found.append(action()))
    thread.start()
    thread.join(20)
    return found[0]


class TestNoCopy:
    @pytest.mark.parametrize(
        "action",
        [
            pytest.param(lambda: sb.as_array(np.zeros(3), copy=True), id="as_array(copy=True)"),
            pytest.param(lambda: sb.as_array(np.zeros((3, 3)).T, "u1"), id="as_array strided"),
            pytest.param(lambda: sb.aligned([1, 2]), id="aligned(list)"),
            pytest.param(lambda: sb.aligned(np.zeros((9, 9))[1:]), id="aligned"),
            pytest.param(lambda: sb.aligned(sb.zeros(3), "f4"), id="aligned(dtype)"),
        ],
    )
    def test_copies_raise(self, action):
        before = sb.stats()
        with (
            sb.no_copy(),
            pytest.raises(sb.CopyNeeded, match=r"^sb\.no_copy\(\) forbids a copy, and only a copy"),
        ):
            action()
        assert sb.stats() == before
        action()
        assert sb.stats().copied == before.copied + 1

    @pytest.mark.parametrize("how", ["as_tensor", "copy=True", "dtype", "convert_to_tensor"])
    def test_copies_for_tensorflow_raise(self, how):
        tf = pytest.importorskip("tensorflow")
        x = sb.zeros((8, 8), "f4")
        actions = {
            "as_tensor": lambda: sb.as_tensor(x[:, ::2]),
            "copy=True": lambda: sb.as_tensor(x, copy=True),
            "dtype": lambda: sb.as_tensor(x, "float64"),
            "convert_to_tensor": lambda: tf.convert_to_tensor(x[:, ::2]),
        }
        with sb.no_copy(), pytest.raises(sb.CopyNeeded, match="to TensorFlow: copied"):
            actions[how]()
        actions[how]()

    def test_sharing_is_left_alone(self):
        x = sb.zeros((4, 64), "f4")
        with sb.no_copy():
            assert np.shares_memory(sb.as_array(memoryview(x)[1:]), x)
            assert np.shares_memory(sb.aligned(x), x)
            assert sb.empty((3, 3)).shape == (3, 3)

    def test_sharing_with_tensorflow_is_left_alone(self):
        pytest.importorskip("tensorflow")
        x = sb.zeros((4, 64), "f4")
        with sb.no_copy():
            assert sb.shares_memory(sb.as_tensor(x), x)

    def test_copy_false_says_so_itself(self):
        with sb.no_copy(), pytest.raises(sb.CopyNeeded, match=r"^copy=False forbids"):
            sb.as_array(np.zeros((3, 3)).T, "u1", copy=False)

    def test_ends_with_the_block(self):
        with sb.no_copy():
            assert outcome() == "sb.no_copy()"
        assert outcome() == "copied"
        assert on_a_thread() == "copied"

    def test_ends_with_an_exception_too(self):
        with contextlib.suppress(ZeroDivisionError), sb.no_copy():
            raise ZeroDivisionError
        assert outcome() == "copied"
        assert on_a_thread() == "copied"

    def test_blocks_nest(self):
        with sb.no_copy():
            with sb.no_copy():
                assert outcome() == "sb.no_copy()"
            assert outcome() == "sb.no_copy()"
            assert on_a_thread() == "sb.no_copy()"
        assert outcome() == "copied"

    def test_is_a_decorator_as_well(self):
        assert sb.no_copy()(outcome)() == "sb.no_copy()"
        assert outcome() == "copied"


class TestThreads:
    def test_started_inside_are_covered_also_their_own_threads(self):
        with sb.no_copy():
            assert on_a_thread() == "sb.no_copy()"
            assert on_a_thread(on_a_thread) == "sb.no_copy()"

    def test_pools_made_inside_are_covered(self):
        with sb.no_copy(), ThreadPoolExecutor(3) as pool:
            assert set(pool.map(lambda _: outcome(), range(20))) == {"sb.no_copy()"}

    def test_that_ran_before_are_left_alone(self):
        with ThreadPoolExecutor(2) as pool:
            rendezvous = threading.Barrier(2)
            list(pool.map(lambda _: rendezvous.wait(20), range(2)))
            with sb.no_copy():
                assert set(pool.map(lambda _: outcome(), range(20))) == {"copied"}
                assert outcome() == "sb.no_copy()"

    def test_a_block_on_another_thread_does_not_bind_this_one(self):
        entered, leave = threading.Event(), threading.Event()

        def hold():
            with sb.no_copy():
                entered.set()
                leave.wait(20)

        holder = threading.Thread(target=hold)
        holder.start()
        entered.wait(20)
        try:
            assert outcome() == "copied"
            assert on_a_thread() == "sb.no_copy()"  # it started while the block lasted
        finally:
            leave.set()
            holder.join(20)
        assert on_a_thread() == "copied"

    def test_overlapping_blocks_may_end_in_any_order(self):
        first_in, second_in, first_out = (threading.Event() for _ in range(3))
        seen = []

        def first():
            with sb.no_copy():
                first_in.set()
                second_in.wait(20)
            first_out.set()

        def second():
            first_in.wait(20)
            with sb.no_copy():
                second_in.set()
                first_out.wait(20)
                seen.append(outcome())
            seen.append(outcome())

        threads = [threading.Thread(target=target) for target in (second, first)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert seen == ["sb.no_copy()", "copied"]
        assert outcome() == "copied"

    def test_an_ident_that_is_used_again_makes_no_elder(self):
        leave = threading.Event()
        elder = threading.Thread(target=leave.wait, args=(20,))
        elder.start()
        with sb.no_copy():
            leave.set()
            elder.join(20)
            for _ in range(50):
                ident, found = on_a_thread(lambda: (threading.get_ident(), outcome()))
                assert found == "sb.no_copy()"
                if ident == elder.ident:
                    return
        pytest.skip("this system gave no ident twice")

    def test_a_framework_of_foreign_threads_is_covered(self):
        tf = pytest.importorskip("tensorflow")
        seen = []

        def convert(_):
            seen.append(outcome())
            return np.float32(0)

        dataset = tf.data.Dataset.range(2).map(
            lambda i: tf.numpy_function(convert, [i], tf.float32), num_parallel_calls=2
        )
        with sb.no_copy():
            list(dataset)
        assert seen == ["sb.no_copy()"] * 2


class TestStats:
    def test_count_hand_overs_and_their_bytes(self):
        before = sb.stats()
        sb.as_array(np.zeros(4))
        sb.as_array(np.zeros((4, 4))[:, ::2], "u1")
        sb.aligned(np.zeros(3, "u1"), "f4")
        after = sb.stats()
        assert after.shared - before.shared == 1
        assert after.bytes_shared - before.bytes_shared == 32
        assert after.copied - before.copied == 2
        assert after.bytes_copied - before.bytes_copied == 64 + 12

    def test_are_a_snapshot(self):
        before = sb.stats()
        copied = before.copied
        copy_one()
        assert before.copied == copied
        with pytest.raises(AttributeError):
            before.copied = 0

    @pytest.fixture
    def threads_that_interrupt_each_other(self):
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        yield
        sys.setswitchinterval(interval)

    @pytest.mark.usefixtures("threads_that_interrupt_each_other")
    def test_are_exact_from_several_threads_at_once(self):
        rounds, workers = 300, 4
        source, strided = np.zeros(5, "u1"), np.zeros((4, 4), "u1").T
        start = threading.Barrier(workers)
        before = sb.stats()

        def work():
            start.wait(20)
            for _ in range(rounds):
                sb.as_array(source)
                sb.as_array(strided, "u2")

        threads = [threading.Thread(target=work) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        after = sb.stats()
        total = rounds * workers
        assert after.shared - before.shared == total
        assert after.bytes_shared - before.bytes_shared == 5 * total
        assert after.copied - before.copied == total
        assert after.bytes_copied - before.bytes_copied == 16 * total
