"""What the tests of transforms share: run a chain for real and plainly, and compare."""

from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

import samebytes as sb
from samebytes.plan.transforms.cast import cast_values

BFLOAT = np.dtype(ml_dtypes.bfloat16)
UNIT = 2.0**-24

Array = npt.NDArray[Any]


def pixels(*shape: int, dtype: npt.DTypeLike = "uint8", seed: int = 0) -> Array:
    """Random values of any dtype that are small enough to calculate with."""
    values = np.random.default_rng(seed).integers(0, 256, shape)
    kind: np.dtype[Any] = np.dtype(dtype)
    if kind.kind in "iu":
        return values.clip(0, np.iinfo(kind).max).astype(kind)
    if kind.kind == "b":
        return (values % 2).astype(bool)
    return (values / 4 - 20).astype(kind)


def chain(source: Any, *maps: Any, seed: int = 7) -> sb.Dataset:
    """A dataset of `source` with `maps`, all draws seeded."""
    dataset = sb.Dataset.from_tensor_slices(source)
    for one in maps:
        dataset = dataset.map(one, seed=seed)
    return dataset


def made(dataset: sb.Dataset, epoch: int = 0) -> Any:
    """All samples as one batch, by the engine, which must have folded everything."""
    count = len(dataset)
    assert dataset.plan.later == ()
    with dataset.batch(count).iterate(epoch) as batches:
        return next(batches)


def units_of(
    dataset: sb.Dataset, step: int = 0, epoch: int = 0, component: int = 0
) -> npt.NDArray[np.float64]:
    """The draws of a step, one row a sample."""
    from samebytes.plan.plan import draw_units

    count = len(dataset)
    chosen = dataset.plan.components[component].steps[step]
    return draw_units(chosen, np.full(count, epoch), np.arange(count))


def assert_same_bytes(found: Array, expected: Array) -> None:
    """Equal in dtype, shape and every bit."""
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert found.tobytes() == expected.tobytes()


def assert_within(found: Array, exact: Array, error: Any) -> None:
    """Each value is what rounding to its dtype makes of some number within `error` of `exact`."""
    assert found.shape == exact.shape
    low, high = (cast_values(exact + sign * error, found.dtype) for sign in (-1, 1))
    as_double = [np.asarray(array, np.float64) for array in (low, found, high)]
    wrong = ~((as_double[0] <= as_double[1]) & (as_double[1] <= as_double[2]))
    assert not wrong.any(), (found[wrong][:5], exact[wrong][:5])
