"""The function behaves as Keras' own, window for window, error for error."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samebytes as sb

keras = pytest.importorskip("keras")

KERAS = keras.utils.timeseries_dataset_from_array


def elements(make, *arguments, **named):
    """All elements as arrays, or the error in words."""
    try:
        made = make(*arguments, **named)
    except ValueError as refused:
        return str(refused).strip()
    return [[np.asarray(part) for part in (e if isinstance(e, tuple) else (e,))] for e in made]


def assert_same(found, expected):
    assert type(found) is type(expected), (found, expected)
    if isinstance(found, str):
        assert found == expected
        return
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert (a.dtype, a.shape) == (b.dtype, b.shape)
            np.testing.assert_array_equal(a, b)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_values_number_and_order_are_those_of_keras(data):
    rows = data.draw(st.integers(2, 40))
    row = data.draw(st.sampled_from([(), (3,), (2, 2)]))
    dtype = data.draw(st.sampled_from(["f4", "i8", "u1", "f8"]))
    series = np.arange(rows * int(np.prod(row))).reshape(rows, *row).astype(dtype)
    targets = None
    start = data.draw(st.none() | st.integers(0, rows - 1))
    if data.draw(st.booleans()):
        # Keras fails in the middle where they are too short for a window's start.
        least = rows if start else 1
        targets = np.arange(data.draw(st.integers(least, rows + 3))) * 10
    named = {
        "sequence_length": data.draw(st.integers(1, 12)),
        "sequence_stride": data.draw(st.integers(1, 4)),
        "sampling_rate": data.draw(st.integers(1, 4)),
        "batch_size": data.draw(st.none() | st.integers(1, 9)),
        "start_index": start,
        "end_index": data.draw(st.none() | st.integers(0, rows - 1)),
    }
    found = elements(sb.timeseries_dataset_from_array, series, targets, **named)
    assert_same(found, elements(KERAS, series, targets, **named))


@pytest.mark.parametrize(
    "named",
    [
        {"start_index": -1},
        {"start_index": 100},
        {"end_index": 100},
        {"start_index": 30, "end_index": 30},
        {"end_index": -5},
        {"sampling_rate": 0},
        {"sampling_rate": 100},
        {"sequence_stride": 0},
        {"sequence_stride": 100},
    ],
    ids=str,
)
def test_errors_are_those_of_keras(named):
    given = np.arange(100.0), np.arange(100.0), 9
    found = elements(sb.timeseries_dataset_from_array, *given, **named)
    assert isinstance(found, str)
    assert " ".join(found.split()) == " ".join(elements(KERAS, *given, **named).split())


@pytest.mark.parametrize("series", [[1.5, 2, 3, 4, 5], [1, 2, 3, 4, 5]], ids=["floats", "ints"])
def test_lists_become_what_tensorflow_makes_of_them(series):
    given = series, series, 2
    assert_same(elements(sb.timeseries_dataset_from_array, *given), elements(KERAS, *given))


def test_targets_too_short_for_a_window_are_refused_before_training():
    with pytest.raises(ValueError, match=r"Received: 20 rows, and a window that begins at row 29;"):
        sb.timeseries_dataset_from_array(np.zeros(100), np.zeros(20), 4, start_index=10)


@pytest.mark.parametrize("batch_size", [4, None])
@pytest.mark.parametrize("with_targets", [True, False])
def test_of_grain_windows_are_those_of_keras(batch_size, with_targets):
    grain = pytest.importorskip("grain")
    series = np.arange(60, dtype=np.float32).reshape(30, 2)
    given = {
        "data": series,
        "targets": np.arange(30) if with_targets else None,
        "sequence_length": 5,
        "sequence_stride": 2,
        "sampling_rate": 3,
        "batch_size": batch_size,
        "start_index": 1,
        "end_index": 28,
        "format": "grain",
    }
    found = sb.timeseries_dataset_from_array(**given)
    kind = grain.MapDataset if batch_size is None else grain.IterDataset
    assert isinstance(found, kind)
    theirs = list(keras.utils.timeseries_dataset_from_array(**given))
    assert len(theirs) > 1
    for one, other in zip(found, theirs, strict=True):
        for x, y in zip(*((b if with_targets else (b,)) for b in (one, other)), strict=True):
            np.testing.assert_array_equal(x, y)


def test_of_grain_a_shuffle_is_another_in_each_repetition():
    pytest.importorskip("grain")
    found = sb.timeseries_dataset_from_array(
        np.arange(40.0), None, 3, batch_size=None, shuffle=True, seed=1, format="grain"
    )
    starts = [int(window[0]) for window in found.repeat(2)]
    assert sorted(starts[:38]) == sorted(starts[38:]) == list(range(38))
    assert starts[:38] != starts[38:]


@pytest.mark.parametrize("form", ["numpy", "TF", "", None])
def test_a_format_that_there_is_not_is_refused_in_the_words_of_keras(form):
    given = np.arange(100.0), None, 9, 1, 1, 128, False, None, None, None, form
    found = elements(sb.timeseries_dataset_from_array, *given)
    assert found.startswith("`format` should be either")
    assert found == elements(KERAS, *given)


class Table:
    """What has only ``__array__``, as a DataFrame has."""

    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def __array__(self, *_, **__):
        return self.values.copy()


def test_a_table_is_taken_for_data_and_targets():
    series, targets = np.arange(40.0).reshape(20, 2), np.arange(20.0)
    found = elements(sb.timeseries_dataset_from_array, Table(series), Table(targets), 4)
    assert_same(found, elements(KERAS, series, targets, 4))


def test_a_list_of_unequal_rows_is_refused_by_its_name():
    with pytest.raises(ValueError, match=r"component data is a list of unequal items: item \[0\]"):
        sb.timeseries_dataset_from_array([[1, 2], [3]], None, 1)


def test_the_shuffle_is_full_seeded_and_new_each_epoch():
    series = np.arange(5000.0)

    def epochs(seed):
        made = sb.timeseries_dataset_from_array(series, series, 10, shuffle=True, seed=seed)
        return [np.concatenate([y for _, y in made]) for _ in range(2)]

    (one, two), (again, _), (other, _) = epochs(3), epochs(3), epochs(4)
    assert sorted(one) == list(range(4991))
    assert (one == again).all()
    assert (one != two).any()
    assert (one != other).any()
    # Not locally: the first batch comes from everywhere.
    assert one[:128].max() - one[:128].min() > 4000


def test_it_is_a_dataset_that_chains_on_and_trains():
    tf = pytest.importorskip("tensorflow")
    series = np.sin(np.arange(600, dtype="float32") / 9)[:, None]
    made = sb.timeseries_dataset_from_array(series[:-8], series[8:], 8, batch_size=32, shuffle=True)
    assert isinstance(made, tf.data.Dataset)
    assert int(made.cardinality()) == 19
    assert made.element_spec[0].shape.as_list() == [None, 8, 1]
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    losses = model.fit(made.prefetch(2), epochs=5, shuffle=False, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 5


def test_the_series_is_read_where_it_lies(tmp_path):
    np.save(tmp_path / "series.npy", np.arange(3000.0, dtype="float32"))
    made = sb.timeseries_dataset_from_array(sb.open(tmp_path / "series.npy"), None, 100)
    total = sum(int(batch.shape[0]) for batch in made)
    assert total == 2901
