"""Contexts of tokens: what comes, how often, from where, and never across a border."""

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samebytes as sb
from samebytes.plan.windows import PHASE_COST

LENGTH = 8


def text(count, dtype="uint16", seed=0):
    return np.random.default_rng(seed).integers(1, 200, count).astype(dtype)


def made(dataset, epoch=0):
    with dataset.batch(len(dataset)).iterate(epoch) as batches:
        return next(batches)


def test_y_is_x_moved_on_and_both_are_widened():
    tokens = np.arange(1000, dtype=np.uint16)
    dataset = sb.TokenDataset(tokens, LENGTH, seed=1)
    assert dataset.plan.later == ()
    x, y = made(dataset)
    assert (x.dtype, y.dtype) == (np.int64, np.int64)
    np.testing.assert_array_equal(y, x + 1)
    np.testing.assert_array_equal(x, x[:, :1] + np.arange(LENGTH))


@pytest.mark.parametrize(("dtype", "out"), [("uint16", "int32"), ("uint32", "int64"), ("u1", "i4")])
def test_dtypes_widen(dtype, out):
    tokens = np.full(100, np.iinfo(dtype).max, dtype)
    x, y = made(sb.TokenDataset(tokens, LENGTH, seed=1, out=out))
    assert x.dtype == y.dtype == out
    assert (x == np.iinfo(dtype).max).all()


def test_every_token_once_an_epoch_from_another_phase_each():
    tokens = np.arange(LENGTH * (PHASE_COST + 5), dtype=np.uint32)
    dataset = sb.TokenDataset(tokens, LENGTH, seed=3)
    phases = set()
    for epoch in range(20):
        x, _ = made(dataset, epoch)
        seen = np.sort(x.ravel())
        np.testing.assert_array_equal(np.diff(seen), 1)  # once, and none left out between
        assert len(tokens) - len(seen) <= 2 * LENGTH
        phases.add(int(seen[0]))
    assert phases <= set(range(LENGTH))
    assert len(phases) > 4


def test_with_replacement_any_token_may_begin():
    dataset = sb.TokenDataset(np.arange(2000, dtype=np.uint16), LENGTH, seed=3, replacement=True)
    starts = np.concatenate([made(dataset, epoch)[0][:, 0] for epoch in range(80)])
    assert len(np.unique(starts)) > 1900
    assert starts.min() < 5
    assert starts.max() <= 2000 - LENGTH - 1
    x, y = made(dataset)
    np.testing.assert_array_equal(y, x + 1)


def test_ranks_share_an_epoch_without_overlap():
    dataset = sb.TokenDataset(np.arange(5000, dtype=np.uint16), LENGTH, seed=3)
    ranks = [dataset.shard(3, rank) for rank in range(3)]
    parts = [np.concatenate([x for x, _ in made_batches(rank)]).ravel() for rank in ranks]
    together = np.concatenate(parts)
    assert len(np.unique(together)) == len(together) == len(dataset) * LENGTH


def made_batches(dataset):
    return list(dataset.batch(16).iterate(2))


def test_a_state_goes_on_exactly():
    dataset = sb.TokenDataset(text(4000), LENGTH, seed=3).batch(16)
    iterator = dataset.iterate(4)
    for _ in range(7):
        next(iterator)
    again = dataset.iterate(0)
    again.load_state_dict(iterator.state_dict())
    for one, other in zip(iterator, again, strict=True):
        np.testing.assert_array_equal(one, other)


def documents(lengths, end=0):
    """Tokens of documents that end with `end`, numbered so that each tells which it is of."""
    parts = [np.r_[np.full(n - 1, k + 1), end] for k, n in enumerate(lengths)]
    return np.concatenate(parts).astype(np.uint16)


TOLD = {
    "by the end token": lambda lengths: {"documents": 0},
    "by boundaries": lambda lengths: {"boundaries": np.cumsum([0, *lengths])},
    "by ids": lambda lengths: {"documents": np.repeat(list("abcdef"), lengths)},
}


@pytest.mark.parametrize("told", TOLD)
def test_no_context_crosses_a_document(told):
    lengths = [5, 9, 30, 100, 8, 17]
    dataset = sb.TokenDataset(documents(lengths), LENGTH, seed=1, stride=1, **TOLD[told](lengths))
    x, y = made(dataset)
    assert len(x) == sum(max(n - LENGTH, 0) for n in lengths)
    assert (x == x[:, :1]).all()  # no end token, since y is of the same document
    assert ((y == x) | (y == 0)).all()
    assert (y[:, :-1] == x[:, 1:]).all()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(1, 40), min_size=1, max_size=9), st.integers(1, 12), st.booleans())
def test_contexts_that_cross_tell_places_and_borders(lengths, length, several):
    tokens = text(sum(lengths))
    offsets = np.cumsum([0, *lengths])
    two = several and len(lengths) > 1
    source = [tokens[: offsets[1]], tokens[offsets[1] :]] if two else tokens
    given_source = {"context_length": length, "seed": 2, "boundaries": offsets, "stride": 3}
    given_source["cross"] = True
    parts = [lengths[0], sum(lengths[1:])] if isinstance(source, list) else [sum(lengths)]
    if max(parts) <= length:
        with pytest.raises(ValueError, match="no context fits"):
            sb.TokenDataset(source, **given_source)
        return
    dataset = sb.TokenDataset(source, **given_source)
    inputs, y, mask = made(dataset)
    assert (inputs["positions"].dtype, mask.dtype) == (np.int32, np.float32)
    places = np.concatenate([np.arange(n) for n in lengths])
    for row in range(len(y)):
        found = [
            start
            for start in range(len(tokens) - length)
            if (tokens[start : start + length] == inputs["tokens"][row]).all()
            and (places[start : start + length] == inputs["positions"][row]).all()
            and (tokens[start + 1 : start + 1 + length] == y[row]).all()
        ]
        assert any(
            (mask[row] == (places[start + 1 : start + 1 + length] != 0)).all() for start in found
        )
    plain = dataset.reference(np.arange(len(dataset)))
    in_order = made(replace_order(dataset))
    for one, other in zip(leaves(in_order), leaves(plain), strict=True):
        np.testing.assert_array_equal(one, other)


def replace_order(dataset):
    """The same samples unshuffled."""
    from dataclasses import replace

    return replace(dataset, samples=dataset.samples.parent)


def leaves(element):
    from samebytes.plan.tree import flatten

    return flatten(element)[0]


def test_short_documents_are_padded_on_request():
    lengths = [3, 1, 30, 6]
    tokens = documents(lengths)
    with_none = sb.TokenDataset(tokens, LENGTH, seed=1, documents=0)
    assert len(with_none) == 3
    dataset = sb.TokenDataset(tokens, LENGTH, seed=1, documents=0, padding=77)
    x, y, mask = made(dataset)
    assert len(x) == 6
    rows = {int(row[0]): k for k, row in enumerate(x) if 77 in row}
    k = rows[1]
    assert x[k].tolist() == [1, 1, 0, 77, 77, 77, 77, 77]
    assert y[k].tolist() == [1, 0, 77, 77, 77, 77, 77, 77]
    assert mask[k].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    k = rows[0]
    assert x[k].tolist() == [0] + [77] * 7
    assert (y[k] == 77).all()
    assert (mask[k] == 0).all()
    full = (x != 77).all(1)
    assert (mask[full] == 1).all()


def test_files_are_one_source_and_no_context_crosses(tmp_path):
    parts = [np.arange(0, 100), np.arange(1000, 1007), np.arange(2000, 2200)]
    for number, part in enumerate(parts):
        part.astype(np.uint16).tofile(tmp_path / f"{number}.bin")
    dataset = sb.TokenDataset(sorted(tmp_path.glob("*.bin")), LENGTH, seed=1)
    x, y = made(dataset)
    np.testing.assert_array_equal(x, x[:, :1] + np.arange(LENGTH))
    np.testing.assert_array_equal(y, x + 1)
    assert len(x) == (100 - 1) // LENGTH + (200 - 1) // LENGTH
    np.save(tmp_path / "tokens.npy", parts[0].astype(np.uint32))
    assert len(sb.TokenDataset(tmp_path / "tokens.npy", LENGTH)) == 12


def test_it_trains_with_masks_as_sample_weights():
    keras = pytest.importorskip("keras")
    tokens = np.tile(np.arange(1, 9, dtype=np.uint16), 200)
    dataset = sb.TokenDataset(
        tokens, LENGTH, seed=1, boundaries=np.arange(0, 1601, 40), cross=True, out="int32"
    )
    inputs = {
        "tokens": keras.Input((LENGTH,), dtype="int32", name="tokens"),
        "positions": keras.Input((LENGTH,), dtype="int32", name="positions"),
    }
    hidden = keras.layers.Embedding(9, 16)(inputs["tokens"])
    hidden = hidden + keras.layers.Embedding(40, 16)(inputs["positions"])
    model = keras.Model(inputs, keras.layers.Dense(9)(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.05), loss)
    fit = model.fit(dataset.batch(16).to_tf(), epochs=3, shuffle=False, verbose=0)
    assert fit.history["loss"][-1] < fit.history["loss"][0] / 3


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        ((text(100), 0), {}, "TokenDataset(context_length=0): expected 1 or more"),
        ((text(100), 8), {"stride": 0}, "TokenDataset(stride=0): expected 1 or more"),
        (
            (text(8), 8),
            {},
            (
                "no context fits: context_length=8 needs 9 tokens, but the longest text has 8; use "
                "a shorter context_length"
            ),
        ),
        (
            (text(100, "uint32"), 8),
            {"out": "int32"},
            (
                "TokenDataset(out='int32'): not all tokens of uint32 fit; expected an integer "
                "dtype that holds them, such as 'int64'"
            ),
        ),
        (
            (text(100), 8),
            {"out": "float32"},
            (
                "TokenDataset(out='float32'): not all tokens of uint16 fit; expected an integer "
                "dtype that holds them, such as 'int64'"
            ),
        ),
        (
            (text(100), 8),
            {"cross": True},
            "TokenDataset: cross= and padding= need documents; pass documents= or boundaries=",
        ),
        (
            (text(100), 8),
            {"documents": 3, "cross": True, "padding": 0},
            "TokenDataset(cross=True) leaves nothing to pad; leave out padding=",
        ),
        (
            (text(100), 8),
            {"documents": 3, "padding": 70_000},
            "TokenDataset(padding=70000): expected a uint16 token, 0 to 65535",
        ),
        (
            (text(100), 8),
            {"boundaries": [0, 50]},
            (
                "TokenDataset(boundaries=): 2 offsets do not cover the 100 rows; expected them "
                "ascending from 0 to 100. To give an id for each row, use documents="
            ),
        ),
        (
            (text(100), 8),
            {"documents": [0, 50, 100]},
            (
                "TokenDataset(documents=) takes an id for each of the 100 rows; these 3 numbers "
                "are offsets at which series begin: pass them as boundaries="
            ),
        ),
    ],
)
def test_what_cannot_be_is_refused_in_words(arguments, named, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        sb.TokenDataset(*arguments, **named)


@pytest.mark.parametrize("tokens", [np.zeros(100), np.zeros((10, 10), np.uint16)])
def test_tokens_are_integers_along_one_axis(tokens):
    with pytest.raises(TypeError, match="expected integer tokens along one axis; got"):
        sb.TokenDataset(tokens, 8)


def test_the_plan_says_what_contexts_are():
    shown = str(sb.TokenDataset(text(100), 8, seed=4, boundaries=[0, 60, 100], cross=True).batch(4))
    assert "shifted anew each epoch (seed 4)" in shown
    assert "int32, from the borders of 2 documents" in shown
    assert "shuffle(seed=4)" in shown
