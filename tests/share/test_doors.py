"""No door is trusted by name: each is probed by address, and a bad one is passed by."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import samebytes as sb
from samebytes.share import doors

tf = pytest.importorskip("tensorflow")

FLOAT32 = np.dtype("float32")


@pytest.fixture
def forgotten_doors(monkeypatch):
    monkeypatch.setattr(doors, "_seen", {})


def copies(tensorflow, array):
    return tensorflow.constant(array)


def fails(tensorflow, array):
    message = "this version has no such door"
    raise AttributeError(message)


def shifts_dtype(tensorflow, array):
    return tensorflow.bitcast(tensorflow.raw_ops.Identity(input=array), "int32")


@pytest.mark.parametrize("door", doors.DOORS[:2])
@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.usefixtures("forgotten_doors")
def test_each_real_door_shares_alone(monkeypatch, door, readonly):
    monkeypatch.setattr(doors, "DOORS", (door,))
    assert doors.door_for(FLOAT32, readonly=readonly) is door


@pytest.mark.usefixtures("forgotten_doors")
def test_dlpack_serves_writable_memory_only(monkeypatch):
    dlpack = doors.DOORS[2]
    monkeypatch.setattr(doors, "DOORS", (dlpack,))
    assert doors.door_for(FLOAT32, readonly=False) is dlpack
    assert doors.door_for(FLOAT32, readonly=True) is None
    x = sb.zeros(64, "float32")
    assert sb.shares_memory(sb.as_tensor(x, copy=False), x)
    x.flags.writeable = False
    assert sb.explain(x).codes == (sb.Code.DOOR,)


@pytest.mark.parametrize("bad", [copies, fails, shifts_dtype])
@pytest.mark.usefixtures("forgotten_doors")
def test_a_bad_door_is_passed_by(monkeypatch, bad):
    good = doors.DOORS[0]
    monkeypatch.setattr(doors, "DOORS", (bad, good))
    assert doors.door_for(FLOAT32, readonly=False) is good


@pytest.mark.usefixtures("forgotten_doors")
def test_without_a_good_door_the_verdict_says_so_and_values_are_right(monkeypatch):
    monkeypatch.setattr(doors, "DOORS", (copies, fails))
    x = sb.aligned(np.arange(64, dtype="float32"))
    verdict = sb.explain(x)
    assert verdict.codes == (sb.Code.DOOR,)
    assert verdict.bytes_copied == x.nbytes
    assert "was seen to share float32" in str(verdict)
    tensor = sb.as_tensor(x)
    np.testing.assert_array_equal(tensor, x)
    assert not sb.shares_memory(tensor, x)
    with pytest.raises(sb.CopyNeeded):
        sb.as_tensor(x, copy=False)


@pytest.mark.usefixtures("forgotten_doors")
def test_doors_are_probed_once_a_dtype(monkeypatch):
    good = doors.DOORS[0]
    probed = []

    def watched(tensorflow, array):
        probed.append(array.dtype.name)
        return good(tensorflow, array)

    monkeypatch.setattr(doors, "DOORS", (watched,))
    for _ in range(3):
        doors.door_for(FLOAT32, readonly=False)
    doors.door_for(np.dtype("int8"), readonly=False)
    assert probed == ["float32", "int8"]


@pytest.mark.parametrize(
    "first_call",
    [
        "sb.as_tensor(x, copy=False)",
        "tf.convert_to_tensor(x)",
        "tf.function(lambda t: t)(x)",
        "next(iter(tf.data.Dataset.from_tensor_slices(x[None])))",
    ],
)
def test_the_very_first_call_of_a_process_shares(run_script, first_call):
    script = f"""
import numpy as np, samebytes as sb, tensorflow as tf
x = sb.zeros((64, 64), "float32")
t = {first_call}
assert sb.shares_memory(t, x)
assert sb.stats().copied == 0, sb.stats()
"""
    child = run_script(script, warnings="default")
    assert child.returncode == 0, child.stderr


@pytest.mark.parametrize("door", range(len(doors.DOORS)))
def test_a_second_cpu_device_does_not_draw_the_tensor_away(run_script, door):
    script = f"""
import samebytes as sb, tensorflow as tf
from samebytes.share import doors
doors.DOORS = (doors.DOORS[{door}],)
cpu = tf.config.list_physical_devices("CPU")[0]
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(cpu, two)
x = sb.zeros(64, "float32")
with tf.device("CPU:1"):
    tensor = sb.as_tensor(x, copy=False)
assert tensor.device.endswith("CPU:0"), tensor.device
assert sb.shares_memory(tensor, x)
"""
    child = run_script(script, warnings="default")
    assert child.returncode == 0, child.stderr


def test_without_tensorflow_the_error_says_what_to_install(tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise ImportError('none here')")
    script = """
import samebytes as sb
x = sb.zeros(64, "float32")
assert sb.as_array(memoryview(x)).shape == (64,)
assert sb.explain(x, to="numpy").shared
try:
    sb.as_tensor(x)
except sb.MissingPackage as missing:
    assert "pip install 'samebytes[tensorflow-cpu]'" in str(missing)
else:
    raise SystemExit("no error")
"""
    subprocess.run(
        [sys.executable, "-c", script], check=True, timeout=120, env={"PYTHONPATH": _path(tmp_path)}
    )


def _path(folder):
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
