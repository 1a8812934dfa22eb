"""What the tests of transforms share: run a chain for real and plainly, and compare."""

import ml_dtypes
import numpy as np

import samebytes as sb
from samebytes.plan.transforms.cast import cast_values

BFLOAT = np.dtype(ml_dtypes.bfloat16)
UNIT = 2.0**-24


def pixels(*shape, dtype="uint8", seed=0):
    """Random values of any dtype that are small enough to calculate with."""
    values = np.random.default_rng(seed).integers(0, 256, shape)
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        return values.clip(0, np.iinfo(dtype).max).astype(dtype)
    if dtype.kind == "b":
        return values % 2 == 1
    return (values / 4 - 20).astype(dtype)


def chain(source, *maps, seed=7):
    """A dataset of `source` with `maps`, all draws seeded."""
    dataset = sb.Dataset.from_tensor_slices(source)
    for one in maps:
        dataset = dataset.map(one, seed=seed)
    return dataset


def made(dataset, epoch=0):
    """All samples as one batch, by the engine, which must have folded everything."""
    count = len(dataset)
    assert dataset.plan.later == ()
    with dataset.batch(count).iterate(epoch) as batches:
        return next(batches)


def units_of(dataset, step=0, epoch=0, component=0):
    """The draws of a step, one row a sample."""
    from samebytes.plan.plan import draw_units

    count = len(dataset)
    chosen = dataset.plan.components[component].steps[step]
    return draw_units(chosen, np.full(count, epoch), np.arange(count))


def assert_same_bytes(found, expected):
    """Equal in dtype, shape and every bit."""
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert found.tobytes() == expected.tobytes()


def assert_within(found, exact, error):
    """Each value is what rounding to its dtype makes of some number within `error` of `exact`."""
    assert found.shape == exact.shape
    low, high = (cast_values(exact + sign * error, found.dtype) for sign in (-1, 1))
    as_double = [np.asarray(array, np.float64) for array in (low, found, high)]
    wrong = ~((as_double[0] <= as_double[1]) & (as_double[1] <= as_double[2]))
    assert not wrong.any(), (found[wrong][:5], exact[wrong][:5])
