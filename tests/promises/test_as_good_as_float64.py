"""Whatever is calculated is as near to plain NumPy in float64 as the output's dtype allows.

Also where data lie far from zero and little is left of them: counts of 24 bits and more, kelvins,
prices, timestamps. The oracle is NumPy in long double, from the source's own values.
"""

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samebytes as sb
from samebytes.plan.transforms.cast import cast_values

MANY = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

# Pairs of source and output: each is compiled once, so they are chosen to visit each arithmetic.
PAIRS = [("uint8", "float32"), ("uint16", "float32"), ("int32", "float32"), ("int64", "float32")]
PAIRS += [("uint64", "float32"), ("float16", "float32"), ("float32", "float32")]
PAIRS += [
    ("float64", "float32"),
    ("float64", "float64"),
    ("float32", "float16"),
    ("uint16", "int32"),
]


def far(data, dtype):
    """Values of a dtype around a place far from zero, near to each other, and that place."""
    dtype = np.dtype(dtype)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32), label="values"))
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        spread = data.draw(st.sampled_from([1, 10, 100]), label="spread")
        room = limits.max - spread
        # NumPy's own float64, the measure of all this, has no more than 53 bits.
        place = data.draw(st.integers(max(limits.min + spread, -(2**52)), min(room, 2**52)))
        values = place + rng.integers(-spread, spread + 1, (5, 33, 2))
        return values.astype(dtype), float(place)
    digits = np.finfo(dtype).nmant
    exponent = data.draw(st.integers(-6, 10 if dtype == np.float16 else 60), label="exponent")
    sign = data.draw(st.sampled_from([1.0, -1.0]))
    place = sign * 2.0**exponent * data.draw(st.floats(1, 2, exclude_max=True))
    spread = abs(place) * 2.0 ** -data.draw(st.integers(0, digits - 1), label="nearness")
    return (place + spread * rng.standard_normal((5, 33, 2))).astype(dtype), place


def linear_chain(data, values, place):
    """A chain that ends at moderate numbers, the same in long double, and how large terms get."""
    width = max(float(np.std(values.astype(np.float64))), abs(place) * 2.0**-50, 1e-6)
    kinds = st.lists(st.sampled_from(["rescale", "normalize"]), min_size=1, max_size=3)
    steps, exact, middle, terms = [], values.astype(np.longdouble), place, abs(place)
    for kind in data.draw(kinds, label="chain"):
        near = middle + width * data.draw(st.floats(-1, 1))
        if kind == "normalize":
            variance = (width * data.draw(st.floats(0.5, 2))) ** 2
            factor = float(1 / np.maximum(np.sqrt(variance), 1e-7))
            steps.append(sb.Normalization(near, variance))
            exact = (exact - np.longdouble(near)) * np.longdouble(factor)
        else:
            factor = data.draw(st.sampled_from([1 / width, 3.0, -0.7, 1.0]))
            steps.append(sb.Rescaling(factor, -near * factor))
            exact = exact * np.longdouble(factor) + np.longdouble(-near * factor)
        middle, width = (middle - near) * factor, width * abs(factor)
        terms = (terms + abs(near)) * abs(factor)
    return steps, exact, terms


def assert_near(found, exact, unit, terms=0.0):
    """Within 2 ulp of the result, or of `unit`, the least that can be left of what is subtracted.

    `terms` is as large as the numbers that float64 itself has to add on the way.
    """
    kind = np.float64 if found.dtype.kind in "iu" else found.dtype
    size = np.maximum(np.abs(exact), unit).astype(np.float64)
    error = 2 * float(np.finfo(kind).eps) * size + 4 * 2.0**-52 * terms
    error = error + float(np.finfo(kind).smallest_subnormal)
    if found.dtype.kind in "iu":
        ends = [(exact + sign * error).astype(np.float64) for sign in (-1, 1)]
        low, high = (cast_values(end, found.dtype) for end in ends)
        assert ((low <= found) & (found <= high)).all()
        return
    inside = np.abs(exact) < float(np.finfo(kind).max)
    wrong = inside & ~(np.abs(found.astype(np.longdouble) - exact) <= error)
    assert not wrong.any(), (found[wrong][:5], exact[wrong][:5].astype(np.float64))


def made(values, *steps):
    """All of it as one batch, by the pass alone."""
    ds = sb.Dataset.from_tensor_slices(values)
    for step in steps:
        ds = ds.map(step, seed=3)
    ds = ds.batch(len(values))
    assert ds.plan.later == ()
    (found,) = ds
    return found


@pytest.mark.parametrize(("source", "out"), PAIRS, ids=str)
@MANY
@given(data=st.data())
def test_linear_chains_far_from_zero(source, out, data):
    values, place = far(data, source)
    steps, exact, terms = linear_chain(data, values, place)
    found = made(values, *steps, sb.Cast(out))
    factors = [s._factor() if isinstance(s, sb.Normalization) else s.scale for s in steps]
    # Integers lie a whole one apart: nothing nearer to the center than that need be told.
    unit = abs(float(np.prod(factors))) if values.dtype.kind in "iu" else 0.0
    assert_near(found, exact, unit, terms)


@pytest.mark.parametrize(
    "values",
    [
        (8_300_000 + np.random.default_rng(0).integers(-10, 11, (500, 3))).astype("int32"),
        10**15 + np.random.default_rng(0).integers(-10, 11, (500, 3)),
        1e5 + 0.29 * np.random.default_rng(0).standard_normal((500, 3)),
        (300 + 0.5 * np.random.default_rng(0).standard_normal((500, 3))).astype("float32"),
        np.random.default_rng(0).integers(199, 202, (500, 3)).astype("uint8"),
    ],
    ids=["counts", "beyond 2**49", "prices", "kelvins", "nearly one grey"],
)
@pytest.mark.parametrize("out", ["float32", "float64"])
def test_adapting_far_from_zero(values, out):
    normalize = sb.Normalization.adapt(values)
    found = made(values, sb.Cast("float64"), normalize, sb.Cast(out))
    expected = (values - np.array(normalize.mean)) / np.sqrt(normalize.variance)
    assert_near(found, expected, 0.0, 1.0)
    # By hand in the usual order: what everybody writes.
    whole = values.astype(np.float64)
    np.testing.assert_allclose(
        found.astype(np.float64),
        (whole - whole.mean(0)) / whole.std(0),
        atol=max(4 * float(np.finfo(out).eps), 1e-6 if values.dtype == np.int64 else 1e-9),
    )


def test_a_keras_layer_that_folds_is_no_worse():
    values = (8_300_000 + np.random.default_rng(1).integers(-10, 11, (500, 3))).astype("int32")
    layer = keras.layers.Normalization(mean=values.mean(0), variance=values.var(0))
    found = made(values, layer)
    mean, variance = (
        np.asarray(kept, np.float64) for kept in (layer.input_mean, layer.input_variance)
    )
    assert_near(found, (values - mean) / np.sqrt(variance), 0.0)


@pytest.mark.parametrize("source", ["uint8", "int32", "float32", "float64"])
@MANY
@given(data=st.data())
def test_drawn_factors_far_from_zero(source, data):
    values, place = far(data, source)
    values = values.reshape(5, 3, 11, 2)
    width = max(float(np.std(values.astype(np.float64))), 1e-6)
    # Wide enough that little is clipped; float64 has to tell its ends from the place.
    span = max(8 * width, abs(place) * 2.0**-40)
    limits = place - span, place + span
    steps = [
        sb.RandomContrast(data.draw(st.floats(0, 0.9)), limits),
        sb.RandomBrightness(data.draw(st.floats(0, 0.5)), limits),
    ]
    steps = data.draw(st.permutations(steps))[: data.draw(st.integers(1, 2))]
    if data.draw(st.booleans()):
        steps.append(sb.Rescaling(1 / width, -place / width))
    ds = sb.Dataset.from_tensor_slices(values)
    for step in [*steps, sb.Cast("float64")]:
        ds = ds.map(step, seed=3)
    exact = ds.reference(range(5))
    unit = (1.0 if values.dtype.kind in "iu" else 0.0) / (width if len(steps) > 2 else 1.0)
    found = made(values, *steps, sb.Cast("float32"))
    factor = 1 / width if isinstance(steps[-1], sb.Rescaling) else 1.0
    # What is drawn moves all values by up to the span; the bounds of small integers, within which
    # their mean is taken, are rounded to float32 themselves.
    bound = abs(place) if source == "uint8" else 0.0
    assert_near(found, exact, max(unit, span, bound) * factor, (abs(place) + span) * factor)
