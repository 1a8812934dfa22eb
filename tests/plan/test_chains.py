"""Any chain of transforms over any source, by the engine, is what plain NumPy makes of it."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import BFLOAT, UNIT, assert_same_bytes, assert_within, chain, made, pixels

import samebytes as sb

# Each pair of dtypes is compiled once, so they are chosen: together they visit every way to read,
# to write, and to bound.
LINEAR = [(source, "float32") for source in ("u1", "i1", ">u2", "f2", BFLOAT, "f4", "i4")]
LINEAR += [("u1", out) for out in ("float16", BFLOAT, "float64", "uint8", "int32")]
BOUNDED = [("u1", "float32"), ("f4", "float32"), ("u1", "uint8"), ("u1", BFLOAT)]
MOVED = ["u1", ">u2", "f2", BFLOAT, "f8", "?", "c8", "i8", "datetime64[s]"]

LAYOUTS = {
    "C": lambda x: x,
    "Fortran": np.asfortranarray,
    "samples backwards": lambda x: x[::-1].copy()[::-1],
    "rows and columns backwards": lambda x: np.ascontiguousarray(x[:, ::-1, ::-1])[:, ::-1, ::-1],
    "channels backwards": lambda x: np.ascontiguousarray(x[..., ::-1])[..., ::-1],
    "every other": lambda x: np.repeat(np.repeat(x, 2, 2), 2, 0)[::2, :, ::2],
    "channels first": lambda x: np.ascontiguousarray(x.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1),
    "broadcast": lambda x: np.broadcast_to(x[:1], x.shape),
    "off its alignment": lambda x: (
        np.frombuffer(b"." + x.tobytes(), np.uint8)[1:].view(x.dtype).reshape(x.shape)
    ),
}

UNDERFLOW = 1e-40
"""Below the smallest normal float32, factors lose digits: times a source's largest values, this."""

CHAINS = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


class Chain:
    """A random chain, with how large its numbers can get: what float32's errors are relative to.

    ``out = s * x + b`` is composed in float64. Rounding s, b and x to float32, the product and
    the sum each cost at most half a unit in the last place (2**-24 of a number): together
    less than 5 of them of |s * x| + |b|, which `size` bounds from above. Bounds are no larger
    than that, and clipping is no steeper than the identity. A mean that contrast takes has the
    same error once more, and the factors that follow it are in `size` already.
    """

    def __init__(self, data, height, width, channels, *, linear, bounded):
        self.data, self.linear, self.bounded = data, linear, bounded
        self.height, self.width, self.channels = height, width, channels
        self.planar = False
        self.size, self.means = 300.0, 0
        kinds = ["crop", "centre", "flip", "turn"]
        kinds += ["rescale", "normalize"] * linear + ["light", "contrast"] * bounded
        wanted = data.draw(st.lists(st.sampled_from(kinds), max_size=6))
        self.steps = [getattr(self, kind)() for kind in wanted]

    @property
    def error(self):
        return (5 + 5 * self.means) * UNIT * self.size + UNDERFLOW

    def shrunk(self):
        self.height = self.data.draw(st.integers(1, self.height))
        self.width = self.data.draw(st.integers(1, self.width))
        return self.height, self.width

    def crop(self):
        return sb.RandomCrop(*self.shrunk())

    def centre(self):
        return sb.CenterCrop(*self.shrunk())

    def flip(self):
        return sb.RandomFlip(
            self.data.draw(st.sampled_from(["horizontal", "vertical", "horizontal_and_vertical"]))
        )

    def turn(self):
        self.planar = not self.planar
        return sb.ChannelsFirst() if self.planar else sb.ChannelsLast()

    def numbers(self, low, high):
        one = st.floats(low, high, width=32)
        return self.data.draw(one | st.tuples(*[one] * self.channels))

    def rescale(self):
        scale, offset = self.numbers(-2, 2), self.numbers(-50, 50)
        self.size = self.size * np.max(np.abs(scale)) + np.max(np.abs(offset))
        return sb.Rescaling(scale, offset)

    def normalize(self):
        mean, variance = self.numbers(-100, 100), self.numbers(0.25, 100)
        self.size = (self.size + np.max(np.abs(mean))) / np.sqrt(np.min(variance))
        return sb.Normalization(mean, variance)

    def light(self):
        self.size = max(self.size + 0.5 * 255, 255)
        return sb.RandomBrightness(self.data.draw(st.floats(0, 0.5)), (-55, 200))

    def contrast(self):
        factor = self.data.draw(st.floats(0, 1))
        self.size = max(self.size * (3 + 2 * factor), 255)
        self.means += 1
        return sb.RandomContrast(factor, (-55, 200))


def images(data, dtype):
    """Random images in a random layout."""
    sizes = st.integers(1, 9)
    shape = data.draw(st.tuples(st.integers(1, 5), sizes, sizes, st.integers(1, 5)))
    layout = data.draw(st.sampled_from(sorted(LAYOUTS)))
    return LAYOUTS[layout](pixels(*shape, dtype=dtype, seed=data.draw(st.integers(0, 99))))


@pytest.mark.parametrize("pairs", [LINEAR, BOUNDED], ids=["linear", "bounded"])
@CHAINS
@given(data=st.data())
def test_what_calculates_is_within_the_error_of_float32(pairs, data):
    dtype, out = data.draw(st.sampled_from(pairs))
    source = images(data, dtype)
    steps = Chain(data, *source.shape[1:], linear=True, bounded=pairs is BOUNDED)
    # An idle step, so that every example calculates, and both datasets have the same streams.
    both = [chain(source, sb.Rescaling(1), *steps.steps, sb.Cast(to)) for to in (out, "float64")]
    found, exact = made(both[0]), both[1].reference(range(len(source)))
    assert found.dtype == both[0].element_spec.dtype
    assert found.shape[1:] == both[0].element_spec.shape
    assert_within(found, exact, steps.error)


@CHAINS
@given(data=st.data(), dtype=st.sampled_from(MOVED))
def test_what_only_moves_pixels_is_exact(data, dtype):
    if dtype in ("c8", "datetime64[s]"):
        integers = pixels(4, 6, 5, 2, dtype="i8")
        source = integers.view(dtype)
    else:
        source = images(data, dtype)
    steps = Chain(data, *source.shape[1:], linear=False, bounded=False)
    dataset = chain(source, *steps.steps)
    assert_same_bytes(made(dataset), dataset.reference(range(len(source))))


@CHAINS
@given(
    shape=st.lists(st.integers(1, 4), max_size=5),
    dtype=st.sampled_from([*MOVED, "S3", "U2", "c16", "i2,f8", ">c8", ">M8[s]"]),
    backwards=st.booleans(),
    fortran=st.booleans(),
)
def test_rows_of_any_rank_are_copied(shape, dtype, backwards, fortran):
    size = 3 * int(np.prod(shape)) * np.dtype(dtype).itemsize
    source = np.random.default_rng(0).integers(0, 2 if dtype == "?" else 120, size).astype("u1")
    source = source.view(dtype).reshape(3, *shape)
    source = source[::-1] if backwards else source
    source = np.asfortranarray(source) if fortran else source
    dataset = chain((source, np.arange(3)))
    found, labels = made(dataset)
    native = dtype.newbyteorder("=") if (dtype := source.dtype).kind in "iufb" else dtype
    assert_same_bytes(found, np.ascontiguousarray(source.astype(native)))
    assert_same_bytes(found, dataset.reference(range(3))[0])
    assert_same_bytes(labels, np.arange(3))


@pytest.mark.parametrize("maps", [(), (sb.Rescaling(0.5, (1, 2, 3)),), (sb.Cast("int32"),)])
@pytest.mark.parametrize("layout", ["Fortran", "every other", "backwards"])
def test_rows_are_walked_whatever_their_rank_and_strides(maps, layout):
    whole = pixels(5, 6, 4, 4, 6, 3)
    strided = {
        "Fortran": np.asfortranarray(whole),
        "every other": np.repeat(np.repeat(whole, 2, 1), 2, 3)[:, ::2, :, ::2],
        "backwards": whole[:, ::-1, ::-1, ::-1, ::-1].copy()[:, ::-1, ::-1, ::-1, ::-1],
    }[layout]
    dataset = chain(strided, *maps)
    found = made(dataset)
    assert_same_bytes(found, made(chain(whole, *maps)))
    np.testing.assert_allclose(found, dataset.reference(range(5)), rtol=1e-6)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_chain_that_cannot_fold_runs_later_and_is_right(data):
    source = images(data, "u1")
    first = Chain(data, *source.shape[1:], linear=True, bounded=True)
    then = Chain(data, first.height, first.width, first.channels, linear=True, bounded=True)
    steps = [*first.steps, sb.Rescaling(1)]  # calculates in any case, so that the Cast rounds
    if first.planar:
        steps.append(sb.ChannelsLast())
    dataset = chain(source, *steps, sb.Cast("int32"), sb.Rescaling(0.5), *then.steps)
    folded, later = dataset.plan.components[0].steps, dataset.plan.later
    assert (len(folded), len(later)) == (len(steps) + 1, 1 + len(then.steps))
    count = len(source)
    with dataset.batch(count).iterate(0) as batches:
        found = next(batches)
    # The integers by the engine, and one transform after the other applied to them.
    integers = made(chain(source, *steps, sb.Cast("int32")))
    rest = sb.Dataset.from_tensor_slices(integers)
    for _ in range(len(steps) + 1):
        rest = rest.map(sb.CenterCrop(first.height, first.width))  # idle: keeps the streams
    for step in (sb.Rescaling(0.5), *then.steps):
        rest = rest.map(step, seed=7)
    exact = rest.map(sb.Cast("float64")).reference(range(count))
    error = 50 * (1 + len(then.steps)) * UNIT * max(then.size, first.size + 1) * (1 + then.size)
    np.testing.assert_allclose(found, exact, atol=error)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("batch", [1, 4, 11, 64])
def test_epochs_batches_and_threads_change_no_draw(threads, batch):
    source = pixels(11, 12, 10, 3)
    dataset = chain(
        source, sb.RandomCrop(6, 6), sb.RandomFlip(), sb.RandomBrightness(0.2), sb.Rescaling(0.1)
    ).with_options(threads=threads)
    for epoch in (0, 5):
        expected = dataset.reference(range(11), epoch)
        with dataset.batch(batch).iterate(epoch) as batches:
            found = np.concatenate(list(batches))
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-5)
    assert (dataset.reference(range(11), 0) != dataset.reference(range(11), 5)).any()
