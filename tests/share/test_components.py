"""A component that no tensor can hold is refused by its name, before anything runs."""

from __future__ import annotations

import numpy as np
import pytest

import samebytes as sb

tf = pytest.importorskip("tensorflow")

RECORDS = np.zeros(4, [("a", "i4"), ("b", "f8")])
REFUSED = {
    "dates": (np.zeros(4, "M8[s]"), r"no dates.*x\.view\(\"int64\"\)"),
    "durations": (np.zeros(4, "m8[ns]"), r"no dates.*x\.view\(\"int64\"\)"),
    "long double": (np.zeros(4, "g"), r"as wide.*x\.astype\(\"float64\"\)"),
    "long complex": (np.zeros(4, "G"), r"as wide.*x\.astype\(\"complex128\"\)"),
    "bytes": (np.zeros(4, "V8"), r"no such dtype.*x\.view\(\"uint64\"\)"),
    "odd bytes": (np.zeros(4, "V3"), r"x\[\.\.\., None\]\.view\(\"uint8\"\), .* 3 bytes"),
    "records": (RECORDS, r"fields one by one, \{'a': x\['a'\], 'b': x\['b'\]\}"),
}
WAYS_OUT = [
    lambda: np.zeros(4, "M8[s]").view("int64"),
    lambda: np.zeros(4, "g").astype("float64"),
    lambda: np.zeros(4, "V8").view("uint64"),
    lambda: np.zeros(4, "V3")[..., None].view("uint8"),
    lambda: {"a": RECORDS["a"], "b": RECORDS["b"]},
]
FEEDS = {
    "to_tf": lambda ds: ds.to_tf(),
    "with_format": lambda ds: iter(ds.with_format("tensorflow")),
    "to_keras": lambda ds: ds.to_keras(),
    "to_tf after a function": lambda ds: ds.map(lambda e: dict(e)).to_tf(),
    "with_format after a function": lambda ds: next(
        iter(ds.map(lambda e: dict(e)).with_format("tensorflow"))
    ),
}


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("kind", REFUSED)
def test_it_is_named_with_the_way_out(kind, feed):
    values, sentence = REFUSED[kind]
    ds = sb.Dataset.from_tensor_slices({"x": np.zeros(4), "when": values}).batch(2)
    with pytest.raises(sb.Unconvertible, match=rf"^component when of .* {sentence}"):
        FEEDS[feed](ds)
    assert next(iter(ds))["when"].dtype == values.dtype  # NumPy's own arrays are as they were


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("give", WAYS_OUT)
def test_the_way_out_leads_out(give, feed):
    assert FEEDS[feed](sb.Dataset.from_tensor_slices({"x": give()}).batch(2)) is not None
