"""`to_keras` under `SavePosition`: fit gets the dataset's order, from where it was interrupted."""

from __future__ import annotations

import random
import re
import warnings

import numpy as np
import pytest

import samebytes as sb
from tests.feeds.fitting import QUIET, as_bytes, interrupted, keras, linear

# Keras' saving of weights does not know NumPy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def expected(dataset):
    """The batches of three epochs, 13 each."""
    return [as_bytes(batch) for epoch in range(3) for batch in dataset.iterate(epoch)]


@pytest.fixture
def path(tmp_path, dataset):
    """Where a position lies: epoch 1, after 2 batches."""
    interrupted(tmp_path / "position.json", dataset, 15, feed="to_keras", every=1)
    return tmp_path / "position.json"


def same(found, expected):
    assert as_bytes(found) == as_bytes(expected)


# --------------------------------------------------------------------------- what fit gets


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("workers", [1, 3])
def test_fit_continues_with_the_very_batches(path, dataset, expected, shuffle, workers):
    position = sb.SavePosition(path, dataset)
    seen = []
    history = linear(seen).fit(
        position.dataset.to_keras(workers=workers),
        initial_epoch=position.epoch,
        epochs=3,
        callbacks=[position],
        validation_data=dataset.to_keras(),
        verbose=0,
        shuffle=shuffle,
    )
    assert seen == expected[15:]
    assert history.epoch == [1, 2]
    assert len(history.history["val_loss"]) == 2


def test_keras_own_shuffling_is_real_and_not_taken_part_in(tmp_path, dataset, expected):
    """Without a position the numbers are shuffled: the tests above could fail."""
    random.seed(0)
    plain, ours = [], []
    linear(plain).fit(dataset.to_keras(), verbose=0)
    position = sb.SavePosition(tmp_path / "position.json", dataset)
    linear(ours).fit(position.dataset.to_keras(), epochs=3, callbacks=[position], verbose=0)
    assert ours == expected
    # What newer versions of Keras look at before they train is an epoch of its own.
    epoch = expected[:13] if plain[0] in expected[:13] else expected[13:26]
    assert sorted(plain) == sorted(epoch)
    assert plain != epoch


def test_workers_that_are_set_later_change_nothing(path, dataset, expected):
    position = sb.SavePosition(path, dataset)
    batches = position.dataset.to_keras()
    batches.workers = 4
    assert batches.workers == 1
    seen = []
    linear(seen).fit(
        batches, initial_epoch=position.epoch, epochs=2, callbacks=[position], verbose=0
    )
    assert seen == expected[15:26]
    plain = dataset.to_keras()
    plain.workers = 4
    assert plain.workers == 4


@pytest.mark.parametrize("feed", ["to_tf", "to_keras"])
def test_several_steps_an_execution(tmp_path, dataset, feed):
    """Interrupted after 8 of 12 batches of the second epoch."""
    ds, path, begins = dataset.take(12), tmp_path / "position.json", []

    class Note(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            begins.append(batch)

    # Stop counts executions, as Keras does.
    interrupted(path, ds, 5, feed=feed, every=1, model=linear(steps_per_execution=4))
    position = sb.SavePosition(path, ds)
    assert (position.epoch, position.batch) == (1, 8)
    model = linear(steps_per_execution=4)
    batches = getattr(position.dataset, feed)()
    callbacks = [position, Note()]
    model.fit(batches, initial_epoch=1, epochs=3, callbacks=callbacks, **QUIET)
    assert begins == [0, 0, 4, 8]
    assert int(model.optimizer.iterations) == 36


@pytest.mark.parametrize(("together", "done"), [(4, 0), (13, 2)])
def test_executions_that_do_not_come_out_even_are_refused(tmp_path, dataset, together, done):
    path = tmp_path / "position.json"
    if done:
        interrupted(path, dataset, done, every=1)
    position = sb.SavePosition(path, dataset)
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 (the whole sentence is looked at)
        linear(steps_per_execution=together).fit(
            position.dataset.to_keras(), callbacks=[position], **QUIET
        )
    assert str(refusal.value) == (
        f"steps_per_execution={together} does not divide the 13 batches of an epoch, {done} of "
        "them done, so no fit could continue it; use ds.take(n) for epochs of n batches"
    )


# --------------------------------------------------------------------------- lengths, numbers


def test_lengths_and_numbers(path, dataset):
    """Whole for all who look; what is left while the epoch is continued."""
    position = sb.SavePosition(path, dataset)
    batches = position.dataset.to_keras()
    lengths = []

    class Note(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            lengths.append((batch, len(batches), batches.num_batches, self.params["steps"]))

    for index in (0, 1, 12, 5):
        same(batches[index], list(dataset.iterate(1))[index])
    assert len(batches) == batches.num_batches == 13
    linear().fit(batches, initial_epoch=1, epochs=3, callbacks=[position, Note()], verbose=0)
    assert lengths == [
        *((batch, 11, 11, 13) for batch in range(11)),
        *((batch, 13, 13, 13) for batch in range(13)),
    ]
    assert len(batches) == batches.num_batches == 13


def test_the_progress_bar_counts_whole_epochs(path, dataset, capsys):
    position = sb.SavePosition(path, dataset)
    capsys.readouterr()
    linear().fit(
        position.dataset.to_keras(), initial_epoch=1, epochs=3, callbacks=[position], verbose=1
    )
    first, second = capsys.readouterr().out.split("Epoch 3/3")
    assert first.startswith("Epoch 2/3")
    for bar in (first, second):
        counts = re.findall(r"(\d+)/(\d+)\x1b", bar)
        assert {of for _, of in counts} == {"13"}
        assert [int(done) for done, _ in counts] == sorted(int(done) for done, _ in counts)
        assert counts[-1] == ("13", "13")


def test_a_fit_that_ends_in_the_middle_leaves_whole_epochs(path, dataset, expected):
    class End(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 4

    position = sb.SavePosition(path, dataset)
    batches = position.dataset.to_keras()
    linear().fit(batches, initial_epoch=1, epochs=3, callbacks=[position, End()], verbose=0)
    assert len(batches) == 13
    assert batches[12][1].shape == (7,)
    # An early end is one: the next epoch is due.
    again, seen = sb.SavePosition(path, dataset), []
    assert (again.epoch, again.batch) == (2, 0)
    linear(seen).fit(
        again.dataset.to_keras(), initial_epoch=2, epochs=3, callbacks=[again], verbose=0
    )
    assert seen == expected[26:]


def test_a_position_serves_a_second_fit(path, dataset, expected):
    position, seen = sb.SavePosition(path, dataset), []
    model = linear(seen)
    for first in (1, 2):
        batches = position.dataset.to_keras()
        model.fit(batches, initial_epoch=first, epochs=first + 1, callbacks=[position], verbose=0)
    assert seen == expected[15:]
    with pytest.raises(
        ValueError, match="began with epoch 0, but the saved position is in epoch 3"
    ):
        model.fit(position.dataset.to_keras(), callbacks=[position], verbose=0)


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize("feed", ["to_tf", "to_keras"])
def test_warnings_are_as_before(path, dataset, feed, validated):
    """Only Keras' warning that the continued epoch is short is kept back."""
    position = sb.SavePosition(path, dataset)
    before, during = list(warnings.filters), []

    class Note(keras.callbacks.Callback):
        def on_test_begin(self, logs=None):
            during.append(list(warnings.filters))

        def on_train_batch_end(self, batch, logs=None):
            during.append(list(warnings.filters))

    linear().fit(
        getattr(position.dataset, feed)(),
        initial_epoch=1,
        epochs=2,
        callbacks=[position, Note()],
        validation_data=dataset.to_tf() if validated else None,
        **QUIET,
    )
    assert len(during) == 11 + validated
    assert all(one == before for one in [*during, list(warnings.filters)])


def test_the_threads_of_a_continued_epoch_end(path, dataset, engine_threads):
    position = sb.SavePosition(path, dataset)
    linear().fit(
        position.dataset.to_keras(), initial_epoch=1, epochs=3, callbacks=[position], verbose=0
    )
    assert engine_threads() == 0


# --------------------------------------------------------------------------- refused in words


def test_a_batch_taken_from_fit_is_told(path, dataset):
    """Somebody asks in the middle of training; fit would miss that batch."""

    class Look(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            batches[0]

    position = sb.SavePosition(path, dataset)
    batches = position.dataset.to_keras()
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 (the whole sentence is looked at)
        linear().fit(batches, initial_epoch=1, epochs=2, callbacks=[position, Look()], **QUIET)
    batches.on_epoch_end()
    assert str(refusal.value) == (
        "batch 0 was asked for twice: under SavePosition, to_keras() gives fit each batch once an "
        "epoch, in the dataset's order; for batches by number, call to_keras() on the original "
        "dataset"
    )


def test_numbers_beyond_what_is_left_are_refused(path, dataset):
    position = sb.SavePosition(path, dataset)
    batches = position.dataset.to_keras()
    position.dataset._epochs.fitting = True
    batches.on_epoch_begin()
    with pytest.raises(IndexError, match="batch 11 of 11"):
        batches[11]


@pytest.mark.parametrize("feed", ["to_tf", "to_keras"])
def test_a_position_whose_fit_was_interrupted_is_refused(tmp_path, dataset, feed):
    """Its dataset begins where the last fit began, its weights are those of where it stopped."""
    position = interrupted(tmp_path / "position.json", dataset, 4, feed=feed, every=2)
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 (the whole sentence is looked at)
        linear().fit(getattr(position.dataset, feed)(), callbacks=[position], **QUIET)
    assert str(refusal.value) == (
        "the fit that used this SavePosition was interrupted, and its dataset still begins where "
        "that fit began; make a new SavePosition, which continues where the fit stopped"
    )


@pytest.mark.parametrize("version", ["3.0.5", "3.5.0"])
def test_a_keras_that_shuffles_behind_the_numbers_is_refused(path, dataset, monkeypatch, version):
    monkeypatch.setattr(keras, "__version__", version)
    position = sb.SavePosition(path, dataset)
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 (the whole sentence is looked at)
        position.dataset.to_keras()
    assert str(refusal.value) == (
        f"Keras {version} shuffles the batches of to_keras() in a way that no later fit can "
        "continue; pass position.dataset.to_tf(), or install keras>=3.6"
    )
    assert len(dataset.to_keras()) == 13


@pytest.mark.parametrize("version", ["3.6.0", "3.10.0.dev2026", "4.0.0"])
def test_newer_ones_are_not(path, dataset, monkeypatch, version):
    monkeypatch.setattr(keras, "__version__", version)
    assert len(sb.SavePosition(path, dataset).dataset.to_keras()) == np.ceil(103 / 8)
