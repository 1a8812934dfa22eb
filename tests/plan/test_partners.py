"""With whom samples are mixed, and how much."""

import numpy as np
import pytest

from samebytes.plan.partners import Partners, beta, order_of_partners
from samebytes.plan.rank_slice import RankSlice
from samebytes.plan.samplers import Repeat, Sequential, Shuffle, Skip, Take

UNITS = (np.arange(20_000) + 0.5) / 20_000

DISTRIBUTIONS = {
    0.5: lambda x: 2 / np.pi * np.arcsin(np.sqrt(x)),
    1.0: lambda x: x,
    2.0: lambda x: 3 * x**2 - 2 * x**3,
    3.0: lambda x: 10 * x**3 - 15 * x**4 + 6 * x**5,
}


@pytest.mark.parametrize("alpha", DISTRIBUTIONS)
def test_draws_have_the_beta_distribution(alpha):
    found = beta(alpha, UNITS)
    np.testing.assert_allclose(DISTRIBUTIONS[alpha](found), UNITS, atol=1e-6)


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.7, 1.5, 30.0, 5000.0])
def test_draws_have_the_moments_of_the_beta_distribution(alpha):
    found = beta(alpha, UNITS)
    assert (np.diff(found) >= 0).all()
    np.testing.assert_allclose(found, 1 - found[::-1], atol=1e-12)
    assert found.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=2e-3)
    fourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3))
    assert ((found - 0.5) ** 4).mean() == pytest.approx(fourth, rel=5e-3)


def test_partners_are_any_samples_equally_likely():
    units = np.random.default_rng(0).random(50_000)
    partners = Partners(Sequential(10), 1, 1)
    epochs, samples = partners.of(np.full(50_000, 3), units)
    assert (epochs == 3).all()
    counts = np.bincount(samples, minlength=10)
    assert np.abs(counts - 5000).max() < 4.5 * np.sqrt(5000)


def test_they_come_from_what_all_processes_share_and_from_nothing_else():
    shared = Take(Shuffle(Sequential(100), 1), 40)
    mine = RankSlice(Shuffle(Repeat(shared, 3), 2), 8, 4, 1)
    assert order_of_partners(mine) == shared
    assert order_of_partners(Shuffle(Skip(Sequential(9), 2), 3)) == Skip(Sequential(9), 2)
    assert order_of_partners(Repeat(Shuffle(Sequential(9), 3), None)) == Sequential(9)
