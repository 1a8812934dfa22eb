"""Chains whose pixels pass through stages, by the engine, are what plain NumPy makes of them."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import UNIT, assert_same_bytes, assert_within, chain, made, pixels
from test_chains import LAYOUTS

import samebytes as sb
from samebytes.plan.component_spec import open_spec
from samebytes.plan.plan import tabulate

CHAINS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

# Each pair is compiled once: together they visit every way to load a line and to write it.
PAIRS = [("u1", "float32"), (">i2", "float32"), ("i4", "float64")]

RANGE = (-55, 300)


def steps_of(data, height, width):
    """Some transforms, and how much larger than the source their numbers can become."""
    share = st.floats(0, 0.75)
    makers = {
        "hue": lambda: (
            sb.RandomHue(data.draw(share), data.draw(st.sampled_from([None, RANGE]))),
            3,
        ),
        "saturation": lambda: (
            sb.RandomSaturation(data.draw(share), data.draw(st.sampled_from([None, RANGE]))),
            7,
        ),
        "grey": lambda: (sb.RandomGrayscale(data.draw(share)), 1),
        "jitter": lambda: (sb.RandomColorJitter(RANGE, 0.2, 0.3, 0.6, data.draw(share)), 6),
        "contrast": lambda: (sb.RandomContrast(0.5, RANGE), 4),
        "invert": lambda: (sb.RandomInvert(1.0, RANGE), 1.5),
        "gamma": lambda: (sb.RandomGamma((1, 3), RANGE), 3),
        "root": lambda: (sb.Lookup(lambda values: np.sqrt(np.abs(values) + 1)), 1),
        "light": lambda: (sb.RandomBrightness(0.3, RANGE), 2),
        "rescale": lambda: (sb.Rescaling((0.5, 1.5, -1), data.draw(st.floats(-9, 9))), 1.6),
        "normalize": lambda: (sb.Normalization((3, 2, 1), (4, 1, 9)), 1.1),
        "crop": lambda: (
            sb.RandomCrop(data.draw(st.integers(1, height)), data.draw(st.integers(1, width))),
            1,
        ),
        "flip": lambda: (sb.RandomFlip(), 1),
    }
    size, steps = 300.0, []
    for kind in data.draw(st.lists(st.sampled_from(sorted(makers)), min_size=1, max_size=5)):
        step, growth = makers[kind]()
        if kind == "crop":
            height, width = step.height, step.width
        steps.append(step)
        size = max(size * growth, 300.0)
    if data.draw(st.booleans()):
        steps.append(sb.ChannelsFirst())
    return steps, size


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: "-".join(pair))
@CHAINS
@given(data=st.data())
def test_any_chain_is_within_the_error_of_its_arithmetic(pair, data):
    dtype, out = pair
    sizes = st.integers(1, 9)
    shape = data.draw(st.tuples(st.integers(1, 4), sizes, sizes))
    layout = LAYOUTS[data.draw(st.sampled_from(sorted(LAYOUTS)))]
    source = layout(pixels(*shape, 3, dtype=dtype, seed=data.draw(st.integers(0, 9))))
    steps, size = steps_of(data, *shape[1:])
    grey = sb.RandomGrayscale(0.5)  # so that there is a stage in any case
    # A function folds only in front of all that mixes channels.
    first = [step for step in steps if isinstance(step, sb.Lookup)] * (dtype[-2:] in ("u1", "i2"))
    steps = [step for step in steps if not isinstance(step, sb.Lookup)]
    chosen = [*first, grey, *steps]
    both = [chain(source, *chosen, sb.Cast(to)) for to in (out, "float64")]
    unit = UNIT if dtype != "i4" else 2.0**-53
    exact = both[1].reference(range(len(source)))
    assert_within(made(both[0]), exact, 20 * (1 + len(steps)) * unit * size)


def _tables(*steps):
    dataset = chain(pixels(4, 5, 6, 3), *steps)
    (component,) = dataset.plan.components
    one = np.zeros(4, np.int64)
    return tabulate(component, one, np.arange(4), lambda tables: np.ones((4, 3)))


def test_linear_steps_multiply_into_one_stage():
    linear = sb.RandomHue(0.2, None), sb.RandomSaturation(0.4, None), sb.RandomGrayscale()
    tables = _tables(sb.Rescaling(2, 1), linear[0], sb.Normalization(3, 4), *linear[1:])
    assert len(tables.stages) == 1
    assert tables.stages[0].before.idle.all()


def test_a_clip_between_them_begins_another():
    assert len(_tables(sb.RandomHue(0.2), sb.Rescaling(2), sb.RandomSaturation(0.3)).stages) == 2


def test_what_has_no_stage_keeps_the_kernel_without():
    plain = chain(pixels(4, 5, 6, 3), sb.RandomCrop(3, 3), sb.RandomFlip(), sb.Rescaling(2))
    assert not plain.plan.components[0].spec.staged
    assert not open_spec((5, 6, 3), np.dtype("u1")).staged


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("batch", [1, 4, 64])
def test_batches_and_threads_change_no_byte(threads, batch):
    source = pixels(11, 12, 10, 3)
    jitter = sb.RandomColorJitter((0, 255), 0.2, 0.3, 0.4, 0.2)
    dataset = chain(source, sb.RandomCrop(6, 6), jitter, sb.RandomFlip(), sb.RandomHue(0.1))
    with dataset.with_options(threads=threads).batch(batch).iterate(3) as batches:
        found = np.concatenate(list(batches))
    assert_same_bytes(found, made(dataset, 3))
