"""Batches as Keras' backends take them without a copy, and what each of them can take at all.

NumPy's arrays are shared by TensorFlow, and compiled functions of JAX. Keras on PyTorch copies
them (``np.array(x)``), and so does every operation of JAX that is not compiled; tensors of their
own pass through Keras as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from samebytes.plan.element_spec import element_spec
from samebytes.plan.plan import Plan
from samebytes.plan.tree import Structure, flatten
from samebytes.share.components import check_components
from samebytes.share.frameworks import import_jax, import_keras
from samebytes.share.jax import NARROWER, check_jax_components, jax_arrays_on
from samebytes.share.strings import is_string
from samebytes.share.tensorflow import string_tensor
from samebytes.share.torch import check_torch_components, torch_tensor_of

__all__ = ["check_for_backend", "handed_to_backend"]

Hand = Callable[[Any], Any]

CONVERTED_FOR_TORCH = ("uint16", "uint32", "uint64")
"""PyTorch computes little with these, so that Keras makes wider integers of NumPy's arrays."""


def check_for_backend(plan: Plan, backend: str) -> None:
    """Refuse components that no tensor of a backend can hold.

    Raises
    ------
    Unconvertible
        For the first of them, by its name.
    """
    leaves, structure = flatten(element_spec(plan))
    components = [(name, spec.dtype) for name, spec in zip(structure.names, leaves, strict=True)]
    if backend == "tensorflow":
        check_components(components)
    elif backend == "torch":
        check_torch_components(components)
    elif backend == "jax":
        # Whoever trains with Keras on JAX expects numbers of 64 bits to become narrower.
        check_jax_components((name, kind) for name, kind in components if not _narrowed(kind))


def handed_to_backend(plan: Plan, backend: str) -> Hand:
    """Return what makes a backend's tensors of a batch, or leaves the arrays as they are."""
    if backend == "torch":
        return _with(_as_torch)
    if backend == "jax" and import_jax().default_backend() == "cpu":
        return _with(_as_jax)
    specs = flatten(element_spec(plan))[0]
    if backend == "tensorflow" and any(is_string(spec.dtype) for spec in specs):
        return _with(_as_string_tensor, alone=True)
    return lambda batch: batch


def _with(convert: Callable[[str, Any], Any], *, alone: bool = False) -> Hand:
    """Return what converts each component, and makes a tuple of one, unless it may be `alone`."""

    def hand(batch: Any) -> Any:
        leaves, structure = flatten(batch)
        converted = _converted(convert, structure, leaves)
        # Keras knows a single array from a tuple of inputs, but not a single tensor.
        single = not alone and len(leaves) == 1 and leaves[0] is batch
        return (converted,) if single else converted

    return hand


def _converted(convert: Callable[[str, Any], Any], structure: Structure, leaves: list[Any]) -> Any:
    pairs = zip(structure.names, leaves, strict=True)
    return structure.rebuild([convert(name, leaf) for name, leaf in pairs])


def _as_torch(name: str, leaf: Any) -> Any:  # noqa: ARG001 (checked already)
    if not isinstance(leaf, np.ndarray) or leaf.dtype.name in CONVERTED_FOR_TORCH:
        return leaf
    return torch_tensor_of(leaf)


def _narrowed(dtype: np.dtype[Any]) -> bool:
    return dtype.name in NARROWER and not import_jax().config.jax_enable_x64


def _as_jax(name: str, leaf: Any) -> Any:  # noqa: ARG001 (checked already)
    # To several devices Keras sends arrays at once, each part to its own.
    if not isinstance(leaf, np.ndarray) or _narrowed(leaf.dtype) or _distributed():
        return leaf
    return jax_arrays_on([leaf])[0]


def _distributed() -> bool:
    return import_keras().distribution.distribution() is not None


def _as_string_tensor(name: str, leaf: Any) -> Any:
    """Return strings as a tensor: Keras knows no strings of NumPy's."""
    if is_string(np.asarray(leaf).dtype):
        return string_tensor(leaf, f"component {name}")
    return leaf
