"""Which plans read their files from begin to end."""

import numpy as np
import pytest

import samebytes as sb
from samebytes.plan.reading_order import reads_in_order

IMAGES = np.zeros((40, 12, 10, 3), np.uint8)
SERIES = np.zeros((400, 5), np.float32)


def slices(source):
    return sb.Dataset.from_tensor_slices(source)


IN_ORDER = {
    "rows": slices(IMAGES).batch(4),
    "one by one": slices(SERIES),
    "several arrays": slices((IMAGES, np.arange(40))).batch(4),
    "after what is skipped, and up to what is taken": slices(IMAGES).skip(3).take(20).batch(4),
    "again and again": slices(IMAGES).repeat(3).batch(4),
    "batches skipped": slices(IMAGES).batch(4).skip(2),
    "windows that overlap": slices(SERIES).window(20, stride=2).batch(8),
    "windows side by side": slices(SERIES).window(20, stride=20).batch(8),
    "half of each image": slices(IMAGES).map(sb.CenterCrop(6, 10)).batch(4),
    "two parts": slices(sb.concat([SERIES, SERIES[:7]])).batch(4),
    "flipped": slices(IMAGES).map(sb.RandomFlip(seed=0)).batch(4),
}
ELSEWHERE = {
    "shuffled": slices(IMAGES).shuffle(seed=0).batch(4),
    "shuffled in blocks": slices(IMAGES).shuffle(seed=0, block_size=4, window=2).batch(4),
    "batches shuffled": slices(IMAGES).batch(4).shuffle(seed=0),
    "every second": slices(IMAGES).shard(2, 1).batch(4),
    "slices of batches": slices(IMAGES).batch(4).distribute(2, 0),
    "windows with gaps": slices(SERIES).window(20, stride=21).batch(8),
    "a part of each image": slices(IMAGES).map(sb.CenterCrop(5, 10)).batch(4),
    "backwards": slices(IMAGES[::-1]).batch(4),
    "a column": slices(SERIES[:, :2]).batch(4),
}


@pytest.mark.parametrize("name", IN_ORDER)
def test_they_do(name):
    assert reads_in_order(IN_ORDER[name].plan)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_they_do_not(name):
    assert not reads_in_order(ELSEWHERE[name].plan)
