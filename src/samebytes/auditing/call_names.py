"""What the audited line called, in the words it is called by."""

from __future__ import annotations

import functools
from pathlib import Path

from samebytes.auditing.call_site import CallSite

__all__ = ["call_name"]

_KERAS = {
    "__call__": "model(x)",
    "evaluate": "model.evaluate",
    "fit": "model.fit",
    "predict": "model.predict",
    "predict_on_batch": "model.predict_on_batch",
    "test_on_batch": "model.test_on_batch",
    "timeseries_dataset_from_array": "keras.utils.timeseries_dataset_from_array",
    "train_on_batch": "model.train_on_batch",
}
_TENSORFLOW = {
    "_convert_to_tensor": "tf.convert_to_tensor",
    "binary_op_wrapper": "an operator",
    "constant": "tf.constant",
    "constant_v1": "tf.constant",
    "convert_to_tensor_v1": "tf.convert_to_tensor",
    "convert_to_tensor_v2": "tf.convert_to_tensor",
    "convert_to_tensor_v1_with_dispatch": "tf.convert_to_tensor",
    "convert_to_tensor_v2_with_dispatch": "tf.convert_to_tensor",
    "from_generator": "Dataset.from_generator",
    "from_tensor_slices": "Dataset.from_tensor_slices",
    "from_tensors": "Dataset.from_tensors",
    "numpy": "t.numpy()",
    "r_binary_op_wrapper": "an operator",
}
_VARIABLES = ("variables.py", "resource_variable_ops.py")
_METHODS_OF_VARIABLES = ("__init__", "__call__")


@functools.lru_cache(1024)
def call_name(site: CallSite) -> str:
    """Return the call at `site` in words, or an empty text where it called no library.

    Examples
    --------
    >>> call_name(CallSite("train.py", 7, "fit", "/site-packages/keras/src/trainer.py"))
    'model.fit'
    >>> call_name(CallSite("train.py", 7, "matmul", "/site-packages/tensorflow/math_ops.py"))
    'tf.matmul'
    """
    name, parts = site.called, Path(site.called_in).parts
    if not name:
        return ""
    if "keras" in parts or "tf_keras" in parts:
        return _KERAS.get(name, f"keras {name}")
    if "samebytes" in parts:
        return f"sb.{name}"
    if name in _METHODS_OF_VARIABLES and parts[-1] in _VARIABLES:
        return "tf.Variable"
    if name == "__call__":
        return "a tf.function"
    if "numpy_ops" in parts:
        return f"tnp.{name}"
    if "data" in parts and name.startswith("__iter"):
        return "a pass over the dataset"
    return _TENSORFLOW.get(name, f"tf.{name}")
