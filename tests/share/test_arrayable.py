"""What has only ``__array__`` is taken as a source: shared if it shares, else one copy, told."""

from __future__ import annotations

import numpy as np
import pytest

import samebytes as sb


class Table:
    """As a DataFrame is: no dtype, no memory to see, an array when asked."""

    def __init__(self, values, columns=None, dtypes=None):
        self.held, self.asked = values, 0
        if columns is not None:
            self.columns, self.dtypes = columns, dtypes

    def __array__(self, *_, **__):
        self.asked += 1
        return self.make()

    def make(self):
        return self.held.copy()


class Lending(Table):
    def make(self):
        return self.held


class Sliced(Table):
    def __getitem__(self, key):
        return Sliced(self.held[key])


VALUES = np.arange(12.0).reshape(6, 2)


def told(make):
    before = sb.stats()
    found = make()
    after = sb.stats()
    return found, after.copied - before.copied, after.bytes_copied - before.bytes_copied


@pytest.mark.parametrize("kind", [Table, Sliced])
def test_a_copy_is_made_and_told_once(kind):
    table = kind(VALUES)
    ds, copied, nbytes = told(lambda: sb.Dataset.from_tensor_slices((table, np.arange(6))))
    assert (copied, nbytes) == (1, VALUES.nbytes)
    np.testing.assert_array_equal(next(iter(ds.batch(6)))[0], VALUES)
    assert kind is Table or table.asked == 1  # where a slice answers, the whole is made once
    with sb.no_copy(), pytest.raises(sb.CopyNeeded, match="its __array__ makes a new array"):
        sb.Dataset.from_tensor_slices(table)


def test_shared_memory_is_no_copy():
    with sb.no_copy():
        ds, copied, _ = told(lambda: sb.Dataset.from_tensor_slices(Lending(VALUES)))
    assert copied == 0
    assert np.shares_memory(ds.arrays[0], VALUES)


def test_objects_are_refused_with_the_columns_that_make_them():
    columns, dtypes = ["size", "name", "day"], [np.dtype("f8"), np.dtype("O"), np.dtype("M8[s]")]
    table = Table(np.array([[1, "a", None]], object), columns, dtypes)
    sentence = (
        r"component x is a .*Table that becomes an array of Python objects \(object\); its columns "
        r"that are not numbers: 'name' \(object\), 'day' \(datetime64\[s\]\); .*x\['name'\]"
    )
    with pytest.raises(TypeError, match=sentence):
        sb.Dataset.from_tensor_slices({"x": table})
    with pytest.raises(TypeError, match=r"array of Python objects.*x\.astype\('float32'\)"):
        sb.Dataset.from_tensor_slices(Table(np.array(["a", None], object)))


def test_a_single_value_is_refused():
    with pytest.raises(ValueError, match="component 0 is a single value"):
        sb.Dataset.from_tensor_slices(Table(np.array(3.0)))


def test_what_refuses_to_lend_is_not_asked_for_a_copy():
    class Negative(Table):
        is_neg = True

        def __dlpack__(self, **_):
            raise AssertionError

    with pytest.raises(sb.NotABuffer, match="resolve_neg"):
        sb.Dataset.from_tensor_slices(Negative(VALUES))


class TestPandas:
    @pytest.fixture
    def pd(self):
        return pytest.importorskip("pandas")

    def test_frames_and_series(self, pd):
        frame = pd.DataFrame({"a": np.arange(6.0), "b": np.arange(6)})
        ds = sb.Dataset.from_tensor_slices((frame, frame["a"]))
        x, y = next(iter(ds.batch(6)))
        np.testing.assert_array_equal(x, frame.to_numpy())
        np.testing.assert_array_equal(y, frame["a"])

    def test_a_series_of_numbers_is_shared_and_a_mixed_frame_is_told(self, pd):
        frame = pd.DataFrame({"a": np.arange(6.0), "b": np.arange(6)})
        _, copied, _ = told(lambda: sb.Dataset.from_tensor_slices(frame["a"]))
        assert copied == 0
        _, copied, nbytes = told(lambda: sb.Dataset.from_tensor_slices(frame))
        assert (copied, nbytes) == (1, 6 * 2 * 8)

    def test_columns_of_text_are_named(self, pd):
        frame = pd.DataFrame({"a": np.arange(2.0), "text": ["x", "y"]})
        with pytest.raises(TypeError, match=r"columns that are not numbers: 'text' \(\w+\);"):
            sb.Dataset.from_tensor_slices(frame)
