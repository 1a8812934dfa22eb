"""`with_format("jax")`: JAX's arrays on pooled bytes, not written again while they live."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

import samebytes as sb
from samebytes.share import jax as sharing

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

COUNT = 300


@pytest.fixture
def dataset():
    images = np.random.default_rng(0).integers(0, 256, (COUNT, 24, 24, 3), np.uint8)
    return (
        sb.Dataset.from_tensor_slices({"image": images, "label": np.arange(COUNT, dtype=np.int32)})
        .shuffle(seed=1)
        .map(sb.RandomCrop(16, 16), on="image", seed=2)
        .map(sb.Rescaling(1 / 255), on="image")
        .batch(32)
    )


@pytest.fixture
def sent(monkeypatch):
    """The arrays that were handed to JAX."""
    noted = []
    send = sharing.read_only

    def noting(array):
        noted.append(send(array))
        return noted[-1]

    monkeypatch.setattr(sharing, "read_only", noting)
    return noted


def test_lies_on_the_pooled_bytes(dataset, sent):
    expected = list(dataset.iterate(0))
    before = sb.stats()
    with sb.no_copy():
        found = list(dataset.with_format("jax").iterate(0))
    assert sb.stats().shared - before.shared == 2 * len(expected)
    for batch, same in zip(found, expected, strict=True):
        for name in ("image", "label"):
            assert isinstance(batch[name], jax.Array)
            np.testing.assert_array_equal(batch[name], same[name])
    places = {array.ctypes.data for array in sent}
    assert {leaf.unsafe_buffer_pointer() for batch in found for leaf in batch.values()} <= places


def test_what_is_sent_is_read_only(dataset, sent):
    batch = next(dataset.with_format("jax").iterate(0))
    assert sent
    assert not any(array.flags.writeable for array in sent)
    assert not np.asarray(batch["image"]).flags.writeable


def test_a_kept_array_is_never_rewritten(dataset):
    expected = [{name: x.copy() for name, x in b.items()} for b in dataset.iterate(0)]
    step = jax.jit(lambda image: jnp.sin(image).sum())
    kept = []
    for epoch in range(3):
        for batch in dataset.with_format("jax").iterate(epoch):
            step(batch["image"])
            if epoch == 0:
                kept.append(batch)
    for batch, same in zip(kept, expected, strict=True):
        np.testing.assert_array_equal(batch["image"], same["image"])
        np.testing.assert_array_equal(batch["label"], same["label"])


def test_a_donated_batch_does_not_write_into_the_pool(dataset):
    batch = next(dataset.with_format("jax").iterate(0))
    view = np.asarray(batch["image"])
    value = view.copy()
    jax.jit(lambda image: image + 1, donate_argnums=0)(batch["image"]).block_until_ready()
    np.testing.assert_array_equal(view, value)


def test_blocks_come_back_when_jax_has_let_go(dataset):
    iterator = dataset.with_format("jax").iterate(0)
    most = 0
    for batch in iterator:
        jnp.sum(batch["image"]).block_until_ready()
        most = max(most, *(p.stats().blocks - p.stats().free for p in iterator._pools.pools))
    assert most <= 4 + iterator._threads
    del batch
    jax.device_put(0).block_until_ready()  # lets go of what is left
    gc.collect()
    assert [p.stats().blocks - p.stats().free for p in iterator._pools.pools] == [0, 0]


def test_arrays_may_be_dropped_on_another_thread(dataset):
    iterator = dataset.with_format("jax").iterate(0)
    kept = list(iterator)
    thread = threading.Thread(target=kept.clear)
    thread.start()
    thread.join()
    jax.device_put(0).block_until_ready()
    assert [p.stats().blocks - p.stats().free for p in iterator._pools.pools] == [0, 0]


@pytest.mark.parametrize(
    "name",
    [
        *("bool", "int8", "uint16", "int32", "uint32", "float16", "bfloat16", "float32"),
        *("float8_e4m3fn", "float8_e5m2", "complex64"),
    ],
)
def test_dtypes_that_jax_has_are_shared(name):
    values = sb.empty((64, 48), "uint8")
    values[:] = np.arange(48) % 2
    values = np.asarray(values).view(sb.empty((1,), name).dtype)
    with sb.no_copy():
        found = list(sb.Dataset.from_tensor_slices(values).batch(16).with_format("jax"))
    assert found[0].dtype == values.dtype
    bits = np.concatenate([np.asarray(batch).view(np.uint8) for batch in found])
    np.testing.assert_array_equal(bits, values.view(np.uint8))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            np.zeros(4, np.int64),
            (
                "component label of int64 cannot become a jax.Array: JAX has int64 only where "
                "jax_enable_x64 is set, and would make it int32. Convert it: "
                "ds.map(sb.Cast('int32'), on='label'); or set "
                "jax.config.update('jax_enable_x64', True)"
            ),
        ),
        (np.zeros(4, np.uint64), "uint64 only where jax_enable_x64 is set, and would make it uint"),
        (np.zeros(4, np.float64), "on='label'); or set jax.config.update('jax_enable_x64', True)"),
        (np.array(["a", "b"]), "component label of str32 cannot become a jax.Array: JAX has no s"),
        (np.zeros(4, "M8[s]"), "JAX has no dates; their 64-bit counts need jax_enable_x64. Pass"),
        (np.zeros(4, np.longdouble), "128. Pass instead: x.astype('float32')"),
        (np.zeros(4, "f4,i4"), "has fields. Pass instead: {'f0': x['f0'], 'f1': x['f1']}"),
    ],
)
def test_what_jax_has_not_is_said_by_name(values, message):
    ds = sb.Dataset.from_tensor_slices({"label": values}).batch(2).with_format("jax")
    with pytest.raises(sb.Unconvertible) as refused:
        next(iter(ds))
    assert message in str(refused.value)


def test_what_a_function_gives_is_checked_too():
    ds = sb.Dataset.from_tensor_slices(np.zeros((8, 16), np.float32))
    wide = ds.map(lambda x: x.astype(np.float64)).batch(4).with_format("jax")
    with pytest.raises(
        sb.Unconvertible, match=r"of float64 cannot become a jax.Array: JAX has flo"
    ):
        next(iter(wide))
    own = ds.batch(4).map(lambda x: jnp.asarray(x) + 1).with_format("jax")
    np.testing.assert_array_equal(next(iter(own)), np.ones((4, 16)))


def test_samples_one_by_one():
    values = np.arange(40 * 16, dtype=np.float32).reshape(40, 16)
    found = list(sb.Dataset.from_tensor_slices(values).with_format("jax"))
    assert all(isinstance(sample, jax.Array) for sample in found)
    np.testing.assert_array_equal(np.stack(found), values)
    aligned = sb.Dataset.from_tensor_slices(values).with_format("jax")
    with sb.no_copy():  # rows of 64 bytes are
        assert len(list(aligned)) == 40
    crooked = sb.Dataset.from_tensor_slices(values[:, :5]).with_format("jax")
    with sb.no_copy(), pytest.raises(sb.CopyNeeded, match="shares only what begins on one"):
        list(crooked)
