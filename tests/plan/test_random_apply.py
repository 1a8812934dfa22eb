"""Transforms that only some samples go through: what the others are, nobody can tell."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import assert_same_bytes, chain, made, pixels, units_of

import samebytes as sb

IMAGES = pixels(200, 6, 5, 3)

KINDS = {
    "hue": lambda: sb.RandomHue(0.5),
    "jitter": lambda: sb.RandomColorJitter((0, 255), 0.2, 0.3, 0.4, 0.2),
    "grey": lambda: sb.RandomGrayscale(0.7),
    "gamma": lambda: sb.RandomGamma((1, 3)),
    "invert": lambda: sb.RandomInvert((1, 1)),
    "light": lambda: sb.RandomBrightness(0.2),
    "contrast": lambda: sb.RandomContrast(0.5),
    "flip": sb.RandomFlip,
    "erase": lambda: sb.RandomErasing((1, 1)),
    "noise": lambda: sb.GaussianNoise(3),
    "blur": lambda: sb.GaussianBlur(3),
    "sharp": lambda: sb.RandomSharpness(0.8),
}


def test_chosen_samples_are_changed_and_the_others_are_as_they_were():
    dataset = chain(IMAGES, sb.RandomApply([sb.RandomGrayscale(1), sb.RandomInvert((1, 1))], 0.3))
    chosen = units_of(dataset)[:, 0] < 0.3
    found = made(dataset)
    assert_same_bytes(found[~chosen], IMAGES[~chosen].astype("float32"))
    grey = 255 - (IMAGES[chosen] * (0.2989, 0.587, 0.114)).sum(-1, keepdims=True)
    np.testing.assert_allclose(found[chosen], np.repeat(grey, 3, -1), atol=1e-3)
    assert 35 < chosen.sum() < 85


def test_each_is_chosen_as_often_as_it_weighs():
    fills = [sb.CutOut(50, 50, value) for value in (1, 2, 3)]
    found = made(chain(np.zeros((900, 2, 2, 1), "u1"), sb.RandomChoice(fills, (1, 0, 2))))
    counts = np.bincount(found[:, 0, 0, 0].astype(int), minlength=4)
    assert counts[2] == 0
    assert 240 < counts[1] < 360
    equal = made(chain(np.zeros((900, 2, 2, 1), "u1"), sb.RandomChoice(fills)))
    assert np.bincount(equal[:, 0, 0, 0].astype(int), minlength=4)[1:].min() > 240


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_chain_is_what_plain_numpy_makes_of_it(data):
    some = st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=3)
    steps = []
    for _ in range(data.draw(st.integers(1, 4))):
        chosen = [KINDS[kind]() for kind in data.draw(some)]
        kind = data.draw(st.sampled_from(["apply", "choose", "do"]))
        if kind == "apply":
            steps.append(sb.RandomApply(chosen, data.draw(st.sampled_from([0, 0.5, 1]))))
        else:
            steps += [sb.RandomChoice(chosen)] if kind == "choose" else chosen
    steps = [sb.RandomGrayscale(0), *steps]
    dataset = chain(pixels(6, 7, 5, 3, dtype=data.draw(st.sampled_from(["u1", "f4"]))), *steps)
    if dataset.plan.later:
        return
    np.testing.assert_allclose(made(dataset), dataset.reference(range(6)), atol=0.05)


def test_tables_are_for_the_chosen_samples_alone():
    gamma, equal = sb.RandomApply(sb.RandomGamma(2)), sb.RandomApply(sb.Equalization())
    dataset = chain(IMAGES, gamma, equal, sb.RandomSolarization((0, 1)), sb.Lookup(np.sqrt))
    np.testing.assert_allclose(made(dataset), dataset.reference(range(200)), atol=1e-4)


def test_what_follows_a_table_reaches_those_that_were_not_looked_up():
    some = sb.RandomChoice([sb.AutoContrast(), sb.RandomPosterization(3), sb.Equalization()])
    dataset = chain(IMAGES, sb.RandomGrayscale(0), some, sb.RandomContrast(0.5), sb.Rescaling(2))
    np.testing.assert_allclose(made(dataset), dataset.reference(range(200)), atol=1e-3)


def test_what_only_moves_pixels_keeps_their_dtype():
    dataset = chain(IMAGES, sb.RandomApply(sb.RandomFlip("horizontal")))
    assert_same_bytes(made(dataset), dataset.reference(range(200)))


def test_batches_and_threads_change_no_byte():
    step = sb.RandomChoice([sb.AutoContrast(), sb.GaussianBlur(3), sb.RandomHue(0.5)])
    dataset = chain(IMAGES, step)
    with dataset.with_options(threads=3).batch(7).iterate(1) as batches:
        assert_same_bytes(np.concatenate(list(batches)), made(dataset, 1))


def test_plans_write_out_what_may_be_done():
    text = str(chain(IMAGES, sb.RandomApply(sb.RandomHue(0.5), 0.3)))
    assert "RandomApply((RandomHue((0.0, 0.5)),), p=0.3)" in text


def test_what_a_batch_cannot_have_is_refused():
    with pytest.raises(ValueError, match=r"^RandomApply: RandomCrop changes the shape or the dty"):
        chain(IMAGES, sb.RandomApply(sb.RandomCrop(3, 3)))
    with pytest.raises(ValueError, match=r"^RandomChoice: Cast changes the shape or the dtype"):
        chain(IMAGES, sb.RandomChoice([sb.RandomFlip(), sb.Cast("uint8")]))
    with pytest.raises(ValueError, match=r"^RandomApply cannot choose who is mixed"):
        chain(IMAGES, sb.RandomApply(sb.MixUp()))
    with pytest.raises(TypeError, match=r"^RandomApply takes transforms of samebytes; got int"):
        sb.RandomApply([sb.RandomFlip(), 3])
    with pytest.raises(TypeError, match=r"^RandomChoice takes transforms .*; got nothing"):
        sb.RandomChoice([])
    with pytest.raises(ValueError, match=r"^RandomApply: RandomFlip has an on= or a seed= of its"):
        sb.RandomApply(sb.RandomFlip(seed=3))
    with pytest.raises(ValueError, match=r"^RandomApply: p 2; expected a range with 0 <= lower"):
        sb.RandomApply(sb.RandomFlip(), 2)
    for weights in ((1,), (0, 0), (1, -1)):
        with pytest.raises(ValueError, match=r"^RandomChoice: p .* for 2 transforms; expected a"):
            sb.RandomChoice([sb.RandomFlip(), sb.RandomInvert()], weights)
