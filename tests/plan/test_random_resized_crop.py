import math

import numpy as np
import pytest
from running import chain, made, pixels
from scipy import stats

import samebytes as sb


def torchvisions_boxes(generator, count, height, width, scale=(0.08, 1), ratio=(3 / 4, 4 / 3)):
    """Boxes by torchvision's loop, which is written out here: (top, left, height, width)."""
    found = []
    for _ in range(count):
        for _ in range(10):
            area = height * width * generator.uniform(*scale)
            shape = math.exp(generator.uniform(math.log(ratio[0]), math.log(ratio[1])))
            w, h = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
            if 0 < w <= width and 0 < h <= height:
                top, left = (generator.integers(0, room + 1) for room in (height - h, width - w))
                found.append((top, left, h, w))
                break
        else:
            found.append((-1, -1, -1, -1))
    return np.array(found)


@pytest.mark.parametrize(("height", "width"), [(100, 100), (60, 150)])
def test_draws_are_distributed_as_torchvisions(height, width):
    generator = np.random.default_rng(3)
    transform = sb.RandomResizedCrop(8, 8)
    units = generator.random((4000, transform.draws))
    found = transform.boxes(units, height, width)
    expected = torchvisions_boxes(generator, 4000, height, width)
    for axis in range(4):
        assert stats.ks_2samp(found[:, axis], expected[:, axis]).pvalue > 1e-3
    areas, shapes = found[:, 2] * found[:, 3], found[:, 3] / found[:, 2]
    assert 0.07 * height * width < areas.min() < areas.max() <= height * width
    assert 0.7 < shapes.min() < 0.8 < 1.25 < shapes.max() < 1.4


def test_where_no_part_fits_the_middle_with_the_nearest_shape_is_taken():
    transform = sb.RandomResizedCrop(8, 8, scale=(1, 1))
    units = np.random.default_rng(0).random((20, transform.draws))
    assert set(map(tuple, transform.boxes(units, 10, 100))) == {(0, 43, 10, 13)}
    assert set(map(tuple, transform.boxes(units, 100, 10))) == {(43, 0, 13, 10)}
    one = sb.RandomResizedCrop(8, 8, scale=(1, 1), ratio=(1, 1))
    assert set(map(tuple, one.boxes(units, 6, 6))) == {(0, 0, 6, 6)}


def test_boxes_lie_inside():
    transform = sb.RandomResizedCrop(8, 8)
    for height, width in ((1, 1), (1, 7), (3, 2), (500, 3)):
        units = np.random.default_rng(1).random((500, transform.draws))
        top, left, rows, columns = transform.boxes(units, height, width).T
        assert (rows >= 1).all()
        assert (columns >= 1).all()
        assert ((top >= 0) & (top + rows <= height)).all()
        assert ((left >= 0) & (left + columns <= width)).all()


def test_every_sample_has_a_part_of_its_own_that_components_share():
    ramp = np.broadcast_to(np.arange(64, dtype="f4")[:, None, None], (40, 64, 64, 1))
    source = {"image": ramp, "again": ramp + 0, "label": np.arange(40)}
    found = made(chain(source, sb.RandomResizedCrop(8, 8, on=("image", "again"))))
    np.testing.assert_array_equal(found["image"], found["again"])
    assert len(np.unique(found["image"][:, 0, 0, 0])) > 20


def test_values_are_those_of_the_crop_resized():
    images = pixels(5, 40, 60, 3)
    dataset = chain(images, sb.RandomResizedCrop(16, 20))
    found, step = made(dataset), dataset.plan.components[0].steps[0]
    from running import units_of

    boxes = step.transform.boxes(units_of(dataset), 40, 60)
    for image, (top, left, rows, columns), one in zip(images, boxes, found, strict=True):
        part = image[None, top : top + rows, left : left + columns]
        alone = made(chain(part, sb.Resizing(16, 20, antialias=True)))
        np.testing.assert_array_equal(alone[0], one)


def test_what_is_no_range_is_refused():
    for scale in ((0, 1), (0.5, 0.2), (0.1, 1.5), (np.nan, 1)):
        with pytest.raises(ValueError, match=r"scale .* is no pair 0 < lower <= upper <= 1"):
            sb.RandomResizedCrop(4, 4, scale=scale)
    for ratio in ((0, 1), (2, 1), (1, np.inf)):
        with pytest.raises(ValueError, match=r"ratio .* is no pair 0 < lower <= upper$"):
            sb.RandomResizedCrop(4, 4, ratio=ratio)
