"""Draws of different transforms, samples and epochs have nothing to do with each other."""

import itertools

import numpy as np
from running import assert_same_bytes, pixels
from scipy import stats

import samebytes as sb
from samebytes.plan.plan import draw_units

COUNT = 20_000


def drawn(dataset, epoch=0, count=COUNT):
    """Units of all steps, one column a draw."""
    steps = dataset.plan.components[0].steps
    epochs, indices = np.full(count, epoch), np.arange(count)
    return np.hstack([draw_units(step, epochs, indices) for step in steps])


def blank():
    return sb.Dataset.from_tensor_slices(np.broadcast_to(np.uint8(0), (COUNT, 8, 8, 1)))


def assert_uniform_and_independent(columns):
    for column in columns.T:
        counts = np.histogram(column, 50, (0, 1))[0]
        assert stats.chisquare(counts).pvalue > 1e-4
        # Neighbouring samples.
        assert abs(np.corrcoef(column[:-1], column[1:])[0, 1]) < 4 / np.sqrt(COUNT)
    for one, other in itertools.combinations(columns.T, 2):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(COUNT)
        table = np.histogram2d(one, other, 10, [[0, 1], [0, 1]])[0]
        assert stats.chi2_contingency(table).pvalue > 1e-4


def test_transforms_with_one_seed_draw_apart():
    dataset = blank()
    for transform in (sb.RandomCrop(4, 4), sb.RandomFlip(), sb.RandomBrightness(0.1)):
        dataset = dataset.map(transform, seed=1).map(transform, seed=1)
    assert_uniform_and_independent(drawn(dataset))


def test_epochs_and_seeds_draw_apart():
    columns = [
        drawn(blank().map(sb.RandomFlip(), seed=seed), epoch)
        for seed, epoch in [(0, 0), (0, 1), (1, 0), (1, 1)]
    ]
    assert_uniform_and_independent(np.hstack(columns))


def test_the_order_is_apart_from_the_draws():
    dataset = blank().map(sb.RandomFlip(), seed=1)
    shuffled = sb.Dataset.from_tensor_slices(np.arange(COUNT)).shuffle(seed=1).samples
    _, order = shuffled.locate(np.zeros(COUNT, np.int64), np.arange(COUNT))
    columns = np.column_stack([drawn(dataset), order / COUNT])
    assert_uniform_and_independent(columns)


def test_a_sample_keeps_its_draws_whatever_the_order_the_batch_and_the_shard():
    source = (pixels(60, 8, 8, 3), np.arange(60))
    plain = sb.Dataset.from_tensor_slices(source)

    def by_sample(dataset, size):
        found = {}
        for x, y in dataset.batch(size).iterate(0):
            found.update(zip(y.tolist(), x.copy(), strict=True))
        return found

    def mapped(dataset):
        return dataset.map(sb.RandomCrop(5, 5, seed=1)).map(sb.RandomBrightness(0.3, seed=1))

    expected = by_sample(mapped(plain), 60)
    for dataset, size in [
        (mapped(plain), 7),
        (mapped(plain.shuffle(seed=4)), 16),
        (mapped(plain).shuffle(seed=4), 60),
        (mapped(plain.shard(3, 1)), 5),
        (mapped(plain.skip(11).take(20)), 64),
        (mapped(plain.shuffle(seed=9).shard(2, 0)).with_options(threads=3), 9),
    ]:
        for index, found in by_sample(dataset, size).items():
            assert_same_bytes(found, expected[index])


def test_each_repetition_draws_anew():
    dataset = sb.Dataset.from_tensor_slices(pixels(1, 9, 9, 1)).repeat(200)
    (found,) = dataset.map(sb.RandomCrop(3, 3, seed=1)).batch(200)
    assert len(np.unique(found.reshape(200, -1), axis=0)) == 49
