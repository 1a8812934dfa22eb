"""JAX's arrays as memory, and memory on its way to JAX: by address, or not at all."""

from __future__ import annotations

import numpy as np
import pytest

import samebytes as sb
from samebytes.share import jax as sharing
from tests.frameworks.processes import assert_silent, run_strictly

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")


@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.parametrize("name", ["float32", "bfloat16", "float8_e5m2", "bool", "uint8"])
def test_the_verdict_tells_what_device_put_does(name, readonly, array_at):
    dtype = sb.empty((1,), name).dtype
    for past in (0, 16, 64):
        array = array_at(past, (64, 8), dtype)
        array.flags.writeable = not readonly
        made = jax.device_put(array)
        verdict = sb.explain(array, to="jax")
        assert verdict.shared == (made.unsafe_buffer_pointer() == array.ctypes.data), past
        assert verdict.shared == sb.shares_memory(made, array)


def test_the_verdict_in_words(array_at):
    assert str(sb.explain(sb.zeros((4, 64), "float32"), to="jax")) == (
        "float32 (4, 64) to JAX: shared, no byte is copied"
    )
    assert sb.explain(array_at(4, (8, 8)), to="jax").codes == (sb.Code.ALIGNMENT,)
    assert sb.explain(sb.zeros((8, 64))[:, ::2], to="jax", dtype="f4").codes == (
        sb.Code.DTYPE,
        sb.Code.STRIDES,
    )
    wide = sb.explain(sb.zeros(4, "int64"), to="jax")
    assert wide.codes == (sb.Code.UNSUPPORTED,)
    assert "JAX has int64 only where jax_enable_x64 is set, and would make it int32" in str(wide)
    assert wide.remedy == "x = sb.aligned(x, 'int32')"
    texts = sb.explain(np.array(["a"]), to="jax")
    assert (texts.possible, texts.remedy) == (False, None)
    assert "JAX has no strings" in str(texts)
    four = sb.explain(sb.zeros(64, "int4"), to="jax")
    assert four.codes == (sb.Code.DOOR,)
    assert four.remedy == "pip install --upgrade jax"


def test_without_a_door_the_copy_is_counted_and_can_be_forbidden(monkeypatch):
    monkeypatch.setattr(sharing, "_probe", lambda dtype, x64: (True, 0))
    batches = sb.Dataset.from_tensor_slices(np.ones((8, 16), np.float32)).batch(4)
    before = sb.stats()
    list(batches.with_format("jax"))
    assert sb.stats().bytes_copied - before.bytes_copied == 8 * 16 * 4
    with sb.no_copy(), pytest.raises(sb.CopyNeeded, match="no way into the installed JAX was seen"):
        list(batches.with_format("jax"))


@pytest.mark.parametrize("name", ["float32", "bfloat16", "float8_e4m3fn", "bool", "complex64"])
def test_an_array_of_jax_is_read_where_it_lies(name):
    array = jnp.ones((3, 5), name)
    with sb.no_copy():
        found = sb.as_array(array)
    assert found.dtype == array.dtype
    assert found.ctypes.data == array.unsafe_buffer_pointer()
    assert not found.flags.writeable
    facts = sb.layout(array)
    assert (facts.address, facts.shape, facts.readonly) == (found.ctypes.data, (3, 5), True)
    del array
    np.testing.assert_array_equal(found, np.ones((3, 5)))


def test_shares_memory_between_arrays_of_jax():
    x = sb.zeros((4, 64), "float32")
    one, two = jax.device_put(x), jax.device_put(x)
    assert sb.shares_memory(one, two)
    assert sb.shares_memory(one, x[1:])
    assert not sb.shares_memory(one, one + 1)
    assert not sb.shares_memory(one, jnp.array(x, copy=True))


def test_what_has_no_bytes_in_one_place_is_refused():
    with pytest.raises(sb.NotABuffer, match="JAX keeps int4 in another layout than NumPy does"):
        sb.as_array(jax.device_put(sb.zeros(64, "int4")))
    with pytest.raises(
        sb.NotABuffer, match=r"it is a key, not numbers. Share its bits: jax.random"
    ):
        sb.as_array(jax.random.key(0))
    gone = jnp.ones(4)
    gone.delete()
    with pytest.raises(sb.NotABuffer, match="its bytes were donated or deleted"):
        sb.as_array(gone)

    @jax.jit
    def traced(x):
        with pytest.raises(
            sb.NotABuffer, match=r"of shape \(4,\), it is traced and has no bytes y"
        ):
            sb.as_array(x)
        return x

    traced(jnp.ones(4))


def test_what_is_spread_over_devices_is_refused_and_its_parts_are_not():
    script = """
import jax, numpy as np, samebytes as sb
from jax.sharding import Mesh, NamedSharding, PartitionSpec
x = sb.zeros((64, 64), "float32")
spread = jax.device_put(x, NamedSharding(Mesh(np.array(jax.devices()), "d"), PartitionSpec("d")))
try:
    sb.as_array(spread)
except sb.NotABuffer as refused:
    assert str(refused) == (
        "jaxlib.ArrayImpl does not lend its memory: of shape (64, 64), it is spread over 2 devices."
        " Share each part: x.addressable_shards[k].data"
    ), refused
else:
    raise SystemExit("no error")
assert sb.shares_memory(spread.addressable_shards[1].data, x[32:])
second = jax.device_put(x, jax.devices()[1])
assert sb.shares_memory(second, x)
"""
    flags = "--xla_force_host_platform_device_count=2"
    assert_silent(run_strictly(script, XLA_FLAGS=flags))


def test_64_bits_are_shared_where_jax_has_them():
    script = """
import jax, numpy as np, samebytes as sb
ds = sb.Dataset.from_tensor_slices((np.arange(64), np.ones((64, 3)))).batch(16).with_format("jax")
try:
    next(iter(ds))
except sb.Unconvertible:
    pass
else:
    raise SystemExit("no error")
jax.config.update("jax_enable_x64", True)
with sb.no_copy():
    numbers, values = next(iter(ds))
assert (numbers.dtype, values.dtype) == (np.int64, np.float64)
assert sb.explain(sb.zeros(4, "uint64"), to="jax").shared
dates = sb.explain(sb.zeros(4, "M8[s]"), to="jax")
assert "no dates" in str(dates), dates
"""
    assert_silent(run_strictly(script))


def test_without_jax_the_error_says_what_to_install(tmp_path):
    (tmp_path / "jax.py").write_text("raise ImportError('none here')")
    script = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np, samebytes as sb
x = sb.zeros(64, "float32")
for ask in (
    lambda: sb.explain(x, to="jax"),
    lambda: next(iter(sb.Dataset.from_tensor_slices(x).batch(4).with_format("jax"))),
):
    try:
        ask()
    except sb.MissingPackage as missing:
        assert str(missing) == (
            "JAX is not installed, or cannot be imported here; install it: pip install "
            "'samebytes[jax]'"
        ), missing
    else:
        raise SystemExit("no error")
"""
    assert_silent(run_strictly(script, tmp_path))
