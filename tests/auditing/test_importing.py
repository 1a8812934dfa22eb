"""An audit imports no TensorFlow, and sees what is imported after it began."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("tensorflow")


def run(script: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=200
    ).stdout


def test_an_audit_imports_no_framework():
    script = """
import sys, samebytes as sb
with sb.audit() as found:
    import numpy
print("tensorflow" in sys.modules, "keras" in sys.modules, "rich" in sys.modules)
"""
    assert run(script).split() == ["False"] * 3


def test_what_is_imported_inside_is_watched_and_put_back():
    script = """
import sys, samebytes as sb
finders = lambda: [type(one).__module__ for one in sys.meta_path]
with sb.audit() as found:
    import numpy as np, tensorflow as tf
    from tensorflow.python.framework import constant_op
    inside = constant_op.convert_to_eager_tensor
    tf.constant(np.ones((1000, 1000)))
    tf.keras.Sequential([tf.keras.layers.Dense(1)])
after = constant_op.convert_to_eager_tensor
ours = any("samebytes" in one for one in finders())
print(found.bytes_copied, inside is after, after.__module__, ours)
print(type(constant_op.__loader__).__name__, "exec_module" in vars(constant_op.__loader__))
"""
    first, second = run(script).splitlines()
    assert first == "8000000 False tensorflow.python.framework.constant_op False"
    assert second == "SourceFileLoader False"


def test_what_is_imported_only_afterwards_is_left_alone():
    script = """
import samebytes as sb
with sb.audit() as found:
    pass
import numpy as np, tensorflow as tf
from tensorflow.python.framework import constant_op
tf.constant(np.ones((1000, 1000)))
print(found.bytes_copied, constant_op.convert_to_eager_tensor.__module__)
"""
    assert run(script).split() == ["0", "tensorflow.python.framework.constant_op"]
