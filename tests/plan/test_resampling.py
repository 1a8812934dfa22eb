"""Any chain of resizes, crops, flips and margins is, by the engine, what NumPy makes of it."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import BFLOAT, UNIT, assert_same_bytes, assert_within, chain, made, pixels

import samebytes as sb

# Each pair of dtypes is compiled once, so they are chosen.
WEIGHTED = [("u1", "float32"), (">u2", BFLOAT)]
MOVED = [">u2", "f8"]
WAYS = [("bilinear", False), ("bilinear", True), ("bicubic", False), ("bicubic", True)]
LAYOUTS = {
    "C": lambda x: x,
    "channels first": lambda x: np.ascontiguousarray(x.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1),
    "backwards": lambda x: np.ascontiguousarray(x[:, ::-1, ::-1])[:, ::-1, ::-1],
    "every other": lambda x: np.repeat(np.repeat(x, 2, 2), 2, 1)[:, ::2, ::2],
}

CHAINS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def images(data, dtype, most=40):
    sizes = st.integers(1, most)
    shape = data.draw(st.tuples(st.integers(1, 3), sizes, sizes, st.sampled_from([1, 2, 3, 4, 5])))
    return LAYOUTS[data.draw(st.sampled_from(sorted(LAYOUTS)))](pixels(*shape, dtype=dtype))


def steps_of(data, height, width, way, *, most=40):
    """Random steps with at least one resize, and how far float32 may be from float64."""
    interpolation, antialias = way
    found, taps, planar, resized = [], 8, False, False
    wanted = data.draw(st.lists(st.sampled_from(["crop", "flip", "resize", "part", "turn"])))
    for kind in [*wanted[:5], "resize", *wanted[5:8]]:
        if kind in ("resize", "part"):
            size = data.draw(st.integers(1, most)), data.draw(st.integers(1, most))
            given = {"interpolation": interpolation, "antialias": antialias}
            if kind == "part":
                found.append(sb.RandomResizedCrop(*size, **given))
            else:
                shape = {"crop_to_aspect_ratio": data.draw(st.booleans())}
                if not resized and not shape["crop_to_aspect_ratio"]:
                    shape["pad_to_aspect_ratio"] = data.draw(st.booleans())
                    shape["fill_value"] = 7
                found.append(sb.Resizing(*size, **given, **shape))
            resized = True
            taps += 4 * (height / size[0] + width / size[1]) * max(height, width)
            height, width = size
        elif kind == "crop":
            height, width = (data.draw(st.integers(1, size)) for size in (height, width))
            found.append(sb.RandomCrop(height, width))
        elif kind == "flip":
            found.append(sb.RandomFlip())
        else:
            planar = not planar
            found.append(sb.ChannelsFirst() if planar else sb.ChannelsLast())
    return found, min(taps, 2000)


@CHAINS
@given(data=st.data(), pair=st.sampled_from(WEIGHTED), way=st.sampled_from(WAYS))
def test_weighted_sums_are_within_the_error_of_float32(data, pair, way):
    source = images(data, pair[0])
    steps, taps = steps_of(data, *source.shape[1:3], way)
    # An idle step last, and a dtype: both datasets then have the same streams.
    both = [chain(source, *steps, sb.Rescaling(0.5), sb.Cast(to)) for to in (pair[1], "float64")]
    found, exact = made(both[0]), both[1].reference(range(len(source)))
    assert found.shape[1:] == both[0].element_spec.shape
    assert_within(found, exact, 4 * taps * UNIT * 300)


@CHAINS
@given(data=st.data(), dtype=st.sampled_from(MOVED))
def test_by_nearest_pixels_are_moved_as_they_are(data, dtype):
    source = images(data, dtype)
    steps, _ = steps_of(data, *source.shape[1:3], ("nearest", False))
    dataset = chain(source, *steps)
    assert_same_bytes(made(dataset), dataset.reference(range(len(source))))


@settings(max_examples=12, deadline=None)
@given(data=st.data(), way=st.sampled_from(WAYS))
def test_sizes_from_1_to_600_up_and_down(data, way):
    sizes = [data.draw(st.integers(1, 600)) for _ in range(4)]
    source = pixels(1, *sizes[:2], 3)
    dataset = chain(source, sb.Resizing(*sizes[2:], *way), sb.Rescaling(1.0))
    np.testing.assert_allclose(made(dataset), dataset.reference([0]), atol=2e-3)


def test_threads_and_batches_change_no_byte():
    source = pixels(9, 300, 280, 3)
    dataset = chain(source, sb.RandomResizedCrop(224, 192), sb.RandomFlip(), sb.Rescaling(0.1))
    expected = made(dataset.with_options(threads=1))
    for threads, batch in ((1, 1), (3, 2), (2, 9)):
        with dataset.with_options(threads=threads).batch(batch).iterate(0) as batches:
            assert_same_bytes(np.concatenate(list(batches)), expected)


def test_a_mapped_file_is_read_where_the_boxes_lie(tmp_path):
    np.save(tmp_path / "x.npy", pixels(12, 90, 80, 3))
    mapped = sb.open(tmp_path / "x.npy")
    maps = sb.RandomResizedCrop(32, 32), sb.RandomFlip(), sb.Rescaling(1.0)
    expected = made(chain(np.array(mapped), *maps))
    for reader in ("map", "read", "ahead"):
        found = made(chain(mapped, *maps).with_options(reader=reader))
        assert_same_bytes(found, expected)


def test_what_follows_a_clip_or_another_way_runs_after_the_pass():
    source = pixels(4, 20, 20, 3)
    clipped = chain(source, sb.RandomBrightness(0.5), sb.Resizing(7, 9)).batch(4)
    assert "follows a step that clips" in clipped.plan.later[0].why
    ways = chain(source, sb.Resizing(15, 15), sb.Resizing(7, 9, antialias=True)).batch(4)
    assert "bilinear with antialias what was resampled by bilinear" in ways.plan.later[0].why
    rounded = chain(source, sb.Rescaling(0.5), sb.Cast("uint8"), sb.Resizing(7, 9)).batch(4)
    assert len(rounded.plan.later) == 1
    for dataset in (clipped, ways, rounded):
        found = next(dataset.iterate(0))
        np.testing.assert_allclose(found, dataset.reference(range(4)), atol=1e-4)


def test_contrast_takes_the_mean_of_what_was_resampled():
    source = pixels(6, 31, 27, 3)
    dataset = chain(
        source,
        sb.Resizing(9, 14),
        sb.RandomBrightness(0.4),
        sb.RandomContrast(0.6),
        sb.RandomFlip(),
    )
    np.testing.assert_allclose(made(dataset), dataset.reference(range(6)), atol=1e-3)


def test_what_is_resampled_to_uint8_is_rounded_to_even():
    source = np.array([[0, 1, 2, 3]], np.uint8).reshape(1, 1, 4, 1)
    found = made(chain(source, sb.Resizing(1, 2), sb.Cast("uint8")))
    assert found.ravel().tolist() == [0, 2]  # of 0.5 and 2.5


@pytest.mark.parametrize("wrong", ["linear", None, 3])
def test_an_interpolation_that_is_none_is_refused(wrong):
    for transform in (sb.Resizing, sb.RandomResizedCrop):
        with pytest.raises(ValueError, match=r"expected one of 'nearest', 'bilinear', 'bicubic'"):
            transform(3, 3, interpolation=wrong)
        with pytest.raises(TypeError, match=r"expected True or False"):
            transform(3, 3, antialias="yes")
