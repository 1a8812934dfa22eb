import numpy as np
import pytest
from running import assert_same_bytes, chain, made, pixels

import samebytes as sb
from samebytes.plan.plan import tabulate


def wave(values):
    return 100 * np.sin(values / 40)


@pytest.mark.parametrize("dtype", ["u1", "i2", "?"])
def test_any_function_of_small_integers_is_exact(dtype):
    source = pixels(4, 5, 6, 2, dtype=dtype)
    steps = sb.RandomFlip(), sb.Rescaling((0.5, -2), 3), sb.Lookup(wave), sb.RandomInvert(1.0)
    dataset = chain(source, *steps, sb.ChannelsFirst())
    assert_same_bytes(made(dataset), dataset.reference(range(4)).astype("float32"))


def test_a_chain_of_functions_and_linear_steps_is_one_table():
    calls = []

    def counted(values):
        calls.append(values.shape)
        return wave(values)

    dataset = chain(pixels(4, 5, 6, 3), sb.Rescaling(2), sb.Lookup(counted), sb.Lookup(np.abs))
    one = np.zeros(4, np.int64)
    tables = tabulate(dataset.plan.components[0], one, one, None)
    assert not tables.stages
    assert tables.table.shape == (1, 1, 256)
    assert calls == [(1, 1, 256)]  # all values there are, and not one pixel


@pytest.mark.parametrize(
    "source", [pixels(4, 5, 6, 3, dtype="f4"), pixels(4, 5, 6, 3, dtype="i4"), pixels(4, 5)]
)
def test_what_cannot_be_a_table_runs_after_the_pass(source):
    dataset = chain(source, sb.Lookup(wave))
    (later,) = dataset.plan.later
    assert later.why == "Lookup folds for images of 8- and 16-bit integers, one value at a time"
    found = next(dataset.batch(4).iterate(0))
    np.testing.assert_allclose(found, wave(source.astype(float)), rtol=1e-6)


def test_behind_colours_it_runs_after_the_pass():
    dataset = chain(pixels(4, 5, 6, 3), sb.RandomGrayscale(), sb.Lookup(wave))
    assert len(dataset.plan.later) == 1


def test_plans_name_the_function():
    assert "Lookup(wave)" in str(chain(pixels(4, 5, 6, 3), sb.Lookup(wave)))


def test_what_is_no_function_of_values_is_refused():
    with pytest.raises(TypeError, match=r"^Lookup takes a function of an array; got int"):
        sb.Lookup(3)
    with pytest.raises(ValueError, match=r"^Lookup: the function returned float64 of shape \(\) "):
        made(chain(pixels(4, 5, 6, 3), sb.Lookup(np.sum)))
