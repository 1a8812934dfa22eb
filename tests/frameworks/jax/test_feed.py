"""`to_jax`: batches for a loop, which stop and continue, and go to many devices."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import samebytes as sb
from samebytes.feeds.jax import OneAhead
from tests.frameworks.processes import assert_silent, run_strictly

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")


def make(count=103, seed=3):
    images = np.random.default_rng(0).integers(0, 256, (count, 24, 24, 3), np.uint8)
    return (
        sb.Dataset.from_tensor_slices((images, np.arange(count, dtype=np.int32)))
        .shuffle(seed=seed)
        .map(sb.RandomCrop(16, 16), seed=4)
        .map(sb.Rescaling(1 / 255))
        .batch(8)
    )


@pytest.fixture
def dataset():
    return make()


@pytest.fixture
def expected(dataset):
    return [list(dataset.iterate(epoch)) for epoch in range(4)]


def same(found, expected):
    for batch, other in zip(found, expected, strict=True):
        for one, two in zip(batch, other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_each_iteration_is_an_epoch(dataset, expected):
    batches = dataset.to_jax()
    assert len(batches) == 13
    with sb.no_copy():
        for epoch in range(3):
            found = list(batches)
            assert all(isinstance(x, jax.Array) for batch in found for x in batch)
            same(found, expected[epoch])


def test_an_epoch_is_counted_at_its_first_batch(dataset, expected):
    batches = dataset.to_jax()
    iter(batches)
    later = iter(batches)
    batches.set_epoch(2)
    same(later, expected[2])
    same(batches, expected[3])


@pytest.mark.parametrize("done", [0, 1, 5, 12, 13])
def test_continues_where_it_stood(dataset, expected, done):
    batches = dataset.to_jax()
    iterator = iter(batches)
    for _ in range(done):
        next(iterator)
    state = json.loads(json.dumps(batches.state_dict()))
    again = make().to_jax()
    again.load_state_dict(state)
    # An epoch that is done with is not begun again.
    rest = [*expected[0][done:], *expected[1]] if done < 13 else expected[1]
    found = list(again)
    same(found, rest[: len(found)])
    assert len(found) == (13 - done if done < 13 else 13)
    same(again, expected[1 if done < 13 else 2])


def test_a_state_of_another_dataset_is_refused(dataset):
    other = make(seed=9).to_jax()
    with pytest.raises(ValueError, match="this state belongs to another plan"):
        dataset.to_jax().load_state_dict(other.state_dict())


def test_close_ends_what_runs_and_nothing_else(dataset, expected):
    batches = dataset.to_jax()
    iterator = iter(batches)
    next(iterator)
    batches.close()
    with pytest.raises(StopIteration):
        next(iterator)
    same(batches, expected[1])


def test_an_endless_dataset_has_no_length(dataset):
    with pytest.raises(TypeError, match="this dataset is endless and has no length"):
        len(make().repeat().to_jax())


def test_what_jax_has_not_is_said_at_the_first_batch():
    batches = sb.Dataset.from_tensor_slices({"n": np.arange(8)}).batch(4).to_jax()
    with pytest.raises(sb.Unconvertible, match=r"component n of int64 cannot become a jax.Array: "):
        next(iter(batches))


def test_to_a_device_that_is_named(dataset, expected):
    device = jax.devices()[0]
    with sb.no_copy():
        found = list(dataset.to_jax(device))
    same(found, expected[0])
    assert all(batch[0].devices() == {device} for batch in found)


# --------------------------------------------------------------------------- one ahead


class Source:
    """Numbers, and which were asked for; one of them fails."""

    def __init__(self, count, failing=None):
        self.asked, self.count, self.failing, self.closed = 0, count, failing, False

    def __next__(self):
        if self.asked == self.count:
            raise StopIteration
        self.asked += 1
        if self.asked - 1 == self.failing:
            raise ValueError("this one fails")
        return self.asked - 1

    def close(self):
        self.closed = True


def test_the_next_is_sent_before_this_is_handed_out():
    sent = []
    source = Source(4)
    ahead = OneAhead(source, lambda one: sent.append(one) or one)
    for number in range(4):
        assert next(ahead) == number
        assert sent == list(range(min(number + 2, 4)))
    for _ in range(2):
        with pytest.raises(StopIteration):
            next(ahead)
    ahead.close()
    assert source.closed


def test_what_fails_is_raised_in_its_turn():
    ahead = OneAhead(Source(4, failing=2), lambda one: one)
    assert [next(ahead), next(ahead)] == [0, 1]
    with pytest.raises(ValueError, match="this one fails"):
        next(ahead)


def test_what_was_sent_ahead_is_not_counted_as_handed_out(dataset, expected, monkeypatch):
    from samebytes.feeds import jax as feed

    monkeypatch.setattr(feed, "stays_on_the_processor", lambda place: False)
    batches = dataset.to_jax()
    iterator = iter(batches)
    same([next(iterator), next(iterator)], expected[0][:2])
    again = make().to_jax()
    again.load_state_dict(batches.state_dict())
    same(again, expected[0][2:])


# --------------------------------------------------------------------------- many devices

SHARDED = """
import jax, numpy as np, samebytes as sb
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
mesh = Mesh(np.array(jax.devices()), "d")
by_row, whole = NamedSharding(mesh, P("d")), NamedSharding(mesh, P())
x = np.arange(103 * 64, dtype="float32").reshape(103, 64)
ds = sb.Dataset.from_tensor_slices({"x": x, "y": np.arange(103, dtype="int32")}).batch(8)
even = sb.Dataset.from_tensor_slices({"x": x, "y": np.arange(103, dtype="int32")})
even = even.batch(8, drop_remainder=True)
"""


def refused(call, error, message):
    return f"""
try:
    {call}
except {error} as refused:
    assert str(refused).startswith({message!r}), refused
else:
    raise SystemExit("no error")
"""


def test_parts_of_a_batch_lie_in_the_pool():
    script = """
expected = list(even.iterate(0))
with sb.no_copy():
    found = list(even.to_jax({"x": by_row, "y": whole}))
assert len(found) == 12
for batch, other in zip(found, expected):
    np.testing.assert_array_equal(batch["x"], other["x"])
    np.testing.assert_array_equal(batch["y"], other["y"])
    first = batch["x"].addressable_shards[0].data.unsafe_buffer_pointer()
    for k, part in enumerate(batch["x"].addressable_shards):
        assert part.data.unsafe_buffer_pointer() == first + k * 2 * 256
# The labels of a device are 8 bytes, which lie anywhere.
try:
    with sb.no_copy():
        next(iter(even.to_jax(by_row)))
except sb.CopyNeeded as needed:
    assert "int32 (2,) to JAX: copied, 8 bytes" in str(needed), needed
else:
    raise SystemExit("no error")
assert len(list(even.to_jax(by_row))) == 12
"""
    flags = "--xla_force_host_platform_device_count=4"
    assert_silent(run_strictly(SHARDED + script, XLA_FLAGS=flags))


def test_what_does_not_divide_is_refused_in_words():
    script = "".join(
        [
            SHARDED,
            refused(
                "ds.to_jax(by_row)",
                "ValueError",
                "component x of shape (7, 64) does not divide among 4 devices by NamedSharding "
                "P('d',): the last batch is smaller; leave it out, batch(n, drop_remainder=True)",
            ),
            refused(
                "even.to_jax(NamedSharding(mesh, P(None, 'd')))",
                "ValueError",
                "component y of shape (8,) does not divide among 4 devices by NamedSharding "
                "P(None, 'd'): expected axes that are multiples of the devices along them; "
                "another batch size, or a sharding for each component",
            ),
            refused(
                "list(ds.take(13).to_jax(by_row))",
                "ValueError",
                "component x of shape (7, 64) does not divide among 4 devices",
            ),
            refused(
                "ds.to_jax({'x': by_row})",
                "ValueError",
                "to_jax(sharding=) has the components x, and the elements x, y: expected one "
                "sharding for all, or one for each",
            ),
            refused(
                "ds.to_jax({'x': by_row, 'y': 'cpu'})",
                "TypeError",
                "to_jax(sharding=) of y: expected a jax.sharding.Sharding or a jax.Device, got str",
            ),
        ]
    )
    flags = "--xla_force_host_platform_device_count=4"
    assert_silent(run_strictly(script, XLA_FLAGS=flags))


def test_several_processes_make_global_arrays():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    script = str(Path(__file__).with_name("two_processes.py"))
    command = [sys.executable, "-X", "dev", "-W", "error", script]
    running = [
        subprocess.Popen(
            [*command, str(index), "2", str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for index in range(2)
    ]
    done = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], done
    rows = np.arange(100 * 16, dtype=np.float32).reshape(100, 16).sum(1) + np.arange(100)
    # Batch k has four samples of each process, which together are eight side by side.
    expected = rows[:96].reshape(12, 8).sum(1).tolist()
    # Gloo says on standard output who is there.
    assert [json.loads(out.splitlines()[-1]) for out, _ in done] == [expected, expected]
