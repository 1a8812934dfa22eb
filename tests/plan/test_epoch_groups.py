"""Places by epoch: every place once, whatever the epochs are and however they lie."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from samebytes.plan.epoch_groups import RUNS, by_epoch


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), max_size=RUNS)
    | st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), min_size=2 * RUNS, max_size=200)
    | st.lists(st.tuples(st.integers(0, 500), st.just(1)), min_size=2 * RUNS, max_size=200)
)
def test_every_place_is_given_once_with_its_epoch(runs):
    epochs = np.repeat([epoch for epoch, _ in runs], [count for _, count in runs]).astype(np.int64)
    seen, told = np.zeros(len(epochs), int), np.full(len(epochs), -1)
    for epoch, mine in by_epoch(epochs):
        seen[mine] += 1
        told[mine] = epoch
    assert (seen == 1).all()
    np.testing.assert_array_equal(told, epochs)


def test_a_single_epoch_is_one_part_and_mixed_ones_are_few():
    assert list(by_epoch(np.full(1000, 7))) == [(7, slice(0, 1000))]
    mixed = np.random.default_rng(0).integers(0, 5, 10_000)
    assert [epoch for epoch, _ in by_epoch(mixed)] == [0, 1, 2, 3, 4]
    assert not list(by_epoch(np.zeros(0, np.int64)))


def test_many_epochs_one_after_the_other_are_a_part_each():
    epochs = np.repeat(np.arange(200), 3)
    expected = [(epoch, slice(3 * epoch, 3 * epoch + 3)) for epoch in range(200)]
    assert list(by_epoch(epochs)) == expected
