"""All the ways from NumPy to a tensor that are compared."""

from __future__ import annotations

from typing import Any

import samebytes as sb
from samebytes.compare import images
from samebytes.compare.way import FirstRow, Given, Kind, Way

__all__ = ["WAYS"]

_CROP = "x[:, 128:384, 128:384]"
_DLPACK = "tf.experimental.dlpack.from_dlpack(x.__dlpack__())"
_SLICES = "tf.data.Dataset.from_tensor_slices(x)"

_ordinary = Given("np.ndarray", images.ordinary)
_read_only = Given("np.ndarray, read-only", images.read_only)
_aligned = Given("sb.Array", images.aligned)
_mapped = Given("sb.open('images.npy')", images.mapped)
_tensor = Given("tf.Tensor", lambda count: sb.as_tensor(images.aligned(count)))


def _without_rewriting(tf: Any, dataset: Any) -> Any:
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    return dataset.with_options(options)


def _stock(key: str, code: str, run: Any, given: Given = _ordinary, **rest: Any) -> Way:
    return Way(key, Kind.STOCK, code, given, run, **rest)


def _ours(key: str, code: str, run: Any, given: Given = _aligned, **rest: Any) -> Way:
    return Way(key, Kind.SAMEBYTES, code, given, run, **rest)


def _unchanged(key: str, code: str, run: Any, **rest: Any) -> Way:
    return Way(key, Kind.UNCHANGED, code, _aligned, run, **rest)


WAYS = (
    _stock("tf-constant", "tf.constant(x)", lambda tf, x: tf.constant(x)),
    _stock("tf-convert", "tf.convert_to_tensor(x)", lambda tf, x: tf.convert_to_tensor(x)),
    _stock("tnp-asarray", "tnp.asarray(x)", lambda tf, x: tf.experimental.numpy.asarray(x)),
    _stock(
        "tf-convert-memoryview",
        "tf.convert_to_tensor(memoryview(x))",
        lambda tf, x: tf.convert_to_tensor(memoryview(x)),
    ),
    _stock(
        "memoryview-slice",
        "memoryview(x)[:, 128:384, 128:384]",
        lambda _, x: memoryview(x)[images.CROP],  # type: ignore[index]
        crop=True,
    ),
    _stock(
        "tf-convert-slice",
        f"tf.convert_to_tensor({_CROP})",
        lambda tf, x: tf.convert_to_tensor(x[images.CROP]),
        crop=True,
    ),
    _stock(
        "tf-data",
        _SLICES,
        lambda tf, x: FirstRow.of(tf.data.Dataset.from_tensor_slices(x)),
        row=True,
        note="built, and the first row taken",
    ),
    _stock(
        "dlpack-ordinary",
        _DLPACK,
        lambda tf, x: tf.gather(tf.experimental.dlpack.from_dlpack(x.__dlpack__()), [0]),
        note="and then one op, tf.gather(t, [0])",
    ),
    _stock(
        "dlpack-read-only",
        _DLPACK,
        lambda tf, x: tf.experimental.dlpack.from_dlpack(x.__dlpack__()),
        _read_only,
    ),
    _ours("as-tensor-aligned", "sb.as_tensor(x)", lambda _, x: sb.as_tensor(x)),
    _ours("as-tensor-mapped", "sb.as_tensor(x)", lambda _, x: sb.as_tensor(x), _mapped),
    _ours(
        "as-tensor-memoryview",
        "sb.as_tensor(memoryview(x))",
        lambda _, x: sb.as_tensor(memoryview(x)),
    ),
    _ours(
        "as-array-slice",
        "sb.as_array(memoryview(x))[:, 128:384, 128:384]",
        lambda _, x: sb.as_array(memoryview(x))[images.CROP],
        _ordinary,
        crop=True,
        note="a view in NumPy, no tensor yet",
    ),
    _ours(
        "as-tensor-slice",
        f"sb.as_tensor({_CROP})",
        lambda _, x: sb.as_tensor(x[images.CROP]),
        crop=True,
        note="no tensor has gaps: one gather of the crop's own bytes",
    ),
    _ours(
        "as-tensor-ordinary",
        "sb.as_tensor(x)",
        lambda _, x: sb.as_tensor(x),
        _ordinary,
        note="16 bytes off: one copy instead of an abort",
    ),
    _unchanged(
        "unchanged-convert", "tf.convert_to_tensor(x)", lambda tf, x: tf.convert_to_tensor(x)
    ),
    _unchanged(
        "unchanged-data-bare",
        f"{_SLICES}.with_options(o)",
        lambda tf, x: FirstRow.of(_without_rewriting(tf, tf.data.Dataset.from_tensor_slices(x))),
        row=True,
        note="o.experimental_optimization.apply_default_optimizations = False",
    ),
    _unchanged(
        "unchanged-data",
        _SLICES,
        lambda tf, x: FirstRow.of(tf.data.Dataset.from_tensor_slices(x)),
        row=True,
        note="rows share, but tf.data rewrites its graph by default: one copy a dataset",
    ),
    _unchanged(
        "unchanged-constant",
        "tf.constant(x)",
        lambda tf, x: tf.constant(x),
        note="copies whatever it is given; write tf.convert_to_tensor(x)",
    ),
    Way("back-numpy", Kind.BACK, "t.numpy()", _tensor, lambda _, t: t.numpy()),
    Way("back-as-array", Kind.BACK, "sb.as_array(t)", _tensor, lambda _, t: sb.as_array(t)),
)
