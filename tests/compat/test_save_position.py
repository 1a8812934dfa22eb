"""`SavePosition`: an interrupted ``fit`` continues exactly."""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest

import samebytes as sb
from samebytes.compat import save_position as module
from tests.feeds.fitting import QUIET, as_bytes, interrupted, keras, linear

# Keras' saving of weights does not know NumPy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SavePosition = sb.SavePosition


@pytest.fixture(scope="session")
def run(run_with_tensorflow):
    def run_it(folder, feed, kill_after=0, every=3):
        done = run_with_tensorflow("tests.compat.interrupted", folder, kill_after, every, feed)
        assert done.returncode == (-signal.SIGKILL if kill_after else 0), done.stderr[-2000:]
        return (folder / "log").read_text().split()

    return run_it


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory):
    """A fit that nothing interrupts: 8 batches an epoch, 3 epochs."""
    folder = tmp_path_factory.mktemp("whole")
    log = run(folder, "to_tf")
    assert len(log) == 24
    assert len(set(log)) == 24
    return log, np.load(folder / "weights.npz")


@pytest.mark.parametrize("feed", ["to_tf", "to_keras"])
def test_a_killed_fit_continues_bit_by_bit(run, tmp_path, whole, feed):
    """Killed in the first epoch, then at a random batch of the second or third."""
    expected, weights = whole
    later = secrets.choice(range(8, 18))
    seen = []
    for kill_after in (5, later, 0):
        log = run(tmp_path, feed, kill_after)
        (tmp_path / "log").unlink()
        saved = json.loads((tmp_path / "position.json").read_text())
        # What was trained after the last save is trained again, and only that.
        place = saved["epoch"] * 8 + saved["batch"]
        assert log == expected[len(seen) : len(seen) + len(log)], f"killed after {later}"
        seen += log[: place - len(seen)]
    assert seen == expected
    found = np.load(tmp_path / "weights.npz")
    for name in weights.files:
        assert found[name].tobytes() == weights[name].tobytes(), f"killed after {later}"


@pytest.mark.parametrize("feed", ["to_tf", "to_keras"])
@pytest.mark.parametrize("repeated", [False, True])
def test_a_continued_epoch_is_shorter_and_quiet(tmp_path, dataset, feed, repeated):
    path = tmp_path / "deep" / "position.json"
    batches = 13
    if repeated:
        dataset, batches = dataset.repeat(2), 26
    interrupted(path, dataset, batches + 2, feed=feed, every=1)
    position = SavePosition(path, dataset, every=1)
    assert (position.epoch, position.batch) == (1, 2)
    seen = []

    class Count(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append(0)

        def on_train_batch_end(self, batch, logs=None):
            seen[-1] += 1

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        history = linear().fit(
            getattr(position.dataset, feed)(),
            initial_epoch=position.epoch,
            epochs=3,
            callbacks=[position, Count()],
            validation_data=getattr(dataset, feed)(),
            **QUIET,
        )
    assert seen == [batches - 2, batches]
    assert history.epoch == [1, 2]
    assert json.loads(path.read_text())["epoch"] == 3
    # The weights that the position names, and no others.
    names = sorted(one.name for one in path.parent.iterdir())
    assert names == ["position.json", "position.json-3-0.weights.h5"]


def test_plain_iteration_begins_at_the_position_too(tmp_path, dataset):
    path = tmp_path / "position.json"
    interrupted(path, dataset, 4, every=2)
    position = SavePosition(path, dataset)
    found = [y.tolist() for _, y in position.dataset]
    assert found == [y.tolist() for _, y in dataset.iterate(0)][4:]
    found = [y.tolist() for _, y in position.dataset]
    assert found == [y.tolist() for _, y in dataset.iterate(1)]


def test_batches_chosen_after_batch(tmp_path, dataset):
    ds = dataset.shuffle(seed=8).take(6)
    interrupted(tmp_path / "position.json", ds, 4, every=1, weights=False)
    position = SavePosition(tmp_path / "position.json", ds)
    found = [y.tolist() for _, y in position.dataset]
    assert found == [y.tolist() for _, y in ds.iterate(0)][4:]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["position.json"]


@pytest.mark.parametrize(
    ("feed", "batching"),
    [("to_tf", {}), ("to_keras", {}), ("to_tf", {"drop_remainder": True})],
)
def test_drawn_seeds_are_those_of_the_first_run_in_all_epochs(tmp_path, pictures, feed, batching):
    def make():
        ds = sb.Dataset.from_tensor_slices(pictures).shuffle().map(sb.RandomCrop(16, 16))
        return ds.map(sb.Rescaling(1 / 255)).batch(8, **batching)

    path, first = tmp_path / "position.json", make()
    interrupted(path, first, 5, feed=feed, every=1)
    expected = [as_bytes(batch) for epoch in range(3) for batch in first.iterate(epoch)][5:]
    for stop in (len(first) + 2, None):  # cut off in the second epoch once more
        second, seen = make(), []
        if stop is not None:
            interrupted(path, second, stop, feed=feed, model=linear(seen), every=1)
        else:
            position = SavePosition(path, second, every=1)
            batches = getattr(position.dataset, feed)()
            linear(seen).fit(
                batches, initial_epoch=position.epoch, epochs=3, callbacks=[position], **QUIET
            )
        assert seen == expected[: len(seen)]
        assert len(seen) > 2
        expected = expected[len(seen) :]
    assert expected == []


def test_another_dataset_is_refused(tmp_path, dataset, pictures):
    path = tmp_path / "position.json"
    interrupted(path, dataset, 4, every=2)
    other = sb.Dataset.from_tensor_slices(pictures).shuffle(seed=77).batch(8)
    expected = r"belongs to another dataset(.|\n)*seed=77(.|\n)*another path"
    with pytest.raises(ValueError, match=expected):
        SavePosition(path, other)


def test_the_place_of_another_batch_is_refused(tmp_path, dataset):
    path = tmp_path / "position.json"
    interrupted(path, dataset, 4, every=2, weights=False)
    saved = json.loads(path.read_text())
    assert (saved["epoch"], saved["batch"]) == (0, 4)
    for change, says in (
        ({"batch": 13}, "it is at batch 13: expected an integer from 0 to 12"),
        ({"batch": 3}, "its state does not belong to batch 3 of epoch 0"),
        ({"epoch": 1}, "its state does not belong to batch 4 of epoch 1"),
        (
            {"state": saved["state"] | {"position": 104}},
            "has position 104, but the dataset has 103",
        ),
    ):
        path.write_text(json.dumps(saved | change))
        with pytest.raises(ValueError, match=says):
            SavePosition(path, dataset)


@pytest.mark.parametrize("weights", [True, False])
def test_no_file_that_others_named_is_touched(tmp_path, dataset, weights):
    path, precious = tmp_path / "run" / "position.json", tmp_path / "precious.txt"
    precious.write_text("precious")
    interrupted(path, dataset, 4, every=2, weights=False)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"weights": "../precious.txt"}))
    with pytest.raises(
        ValueError, match=r"has weights '\.\./precious\.txt': expected 'position\.j"
    ):
        SavePosition(path, dataset, weights=weights)
    assert precious.read_text() == "precious"


def dropping(count):
    """A model with so many random layers."""
    layers = [keras.layers.Dropout(0.5, seed=1) for _ in range(count)]
    model = keras.Sequential(
        [keras.Input((16, 16, 3)), *layers, keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile(keras.optimizers.SGD(1e-6), "mse")
    return model


def test_weights_that_cannot_be_loaded_are_refused_in_words(tmp_path, dataset):
    path = tmp_path / "position.json"
    interrupted(path, dataset, 4, every=2, model=dropping(1))
    weights, saved = tmp_path / "position.json-0-4.weights.h5", path.read_text()

    def fit(model):
        position = SavePosition(path, dataset)
        model.fit(position.dataset.to_tf(), epochs=1, callbacks=[position], **QUIET)

    with pytest.raises(ValueError, match=r"seeds of shapes \[\(2,\)\] for random layers, but this"):
        fit(dropping(2))
    for seeds, says in (
        ([[1, 1 << 63]], "that is not int64: its file was changed"),
        (
            [[1, 2, 3]],
            r"seeds of shapes \[\(3,\)\] for random layers, but this model has \[\(2,\)\]",
        ),
        ([], r"seeds of shapes \[\] for random"),
    ):
        path.write_text(json.dumps(json.loads(saved) | {"seeds": seeds}))
        with pytest.raises(ValueError, match=says):
            fit(dropping(1))
    path.write_text(saved)
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(
        ValueError, match=r"0-4\.weights\.h5 of the saved position cannot be read: "
    ):
        fit(dropping(1))
    weights.unlink()
    with pytest.raises(ValueError, match=r"names the weights .*, but there is no such file beside"):
        fit(dropping(1))
    assert SavePosition(path, dataset, weights=False).batch == 4


def test_weights_of_old_are_loaded(tmp_path, dataset):
    """As version 0.1.0 named them at first: without the suffix of the position."""
    path = tmp_path / "position.json"
    model = linear()
    interrupted(path, dataset, 4, every=2, model=model)
    old = tmp_path / "position-0-4.weights.h5"
    (tmp_path / "position.json-0-4.weights.h5").rename(old)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"weights": old.name}))
    loaded, position = linear(), SavePosition(path, dataset)
    position.set_model(loaded)
    position.set_params({"steps": 13})
    position.on_train_begin()
    again = keras.models.clone_model(model)
    again.load_weights(old, skip_mismatch=True)
    for one, other in zip(loaded.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_batches_of_another_size_are_refused(tmp_path, pictures):
    path = tmp_path / "position.json"
    ds = sb.Dataset.from_tensor_slices(pictures).shuffle(seed=0)
    ds = ds.map(sb.CenterCrop(16, 16))
    interrupted(path, ds.batch(8), 4, every=2)
    with pytest.raises(ValueError, match="batches have another size"):
        SavePosition(path, ds.batch(4))


def test_the_wrong_first_epoch_is_refused(tmp_path, dataset):
    path = tmp_path / "position.json"
    interrupted(path, dataset, 15, every=1)
    position = SavePosition(path, dataset)
    with pytest.raises(ValueError, match=r"initial_epoch=position\.epoch"):
        linear().fit(position.dataset.to_tf(), epochs=3, callbacks=[position], **QUIET)


def test_epochs_of_another_length_are_refused(tmp_path, dataset):
    position = SavePosition(tmp_path / "position.json", dataset)
    with pytest.raises(ValueError, match="epochs of 5 steps, but the dataset has 13 batches"):
        linear().fit(position.dataset.to_tf(), steps_per_epoch=5, callbacks=[position], **QUIET)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda ds: ds.repeat(), "a finite dataset"),
        (lambda ds: sb.Dataset.from_tensor_slices(np.zeros(3)), r"single samples: ds\.batch"),
    ],
)
def test_datasets_without_countable_batches_are_refused(tmp_path, dataset, make, says):
    with pytest.raises(ValueError, match=says):
        SavePosition(tmp_path / "position.json", make(dataset))


def test_a_file_of_something_else_is_refused(tmp_path, dataset):
    path = tmp_path / "position.json"
    for text in ("{}", "[1]", "no json", '{"version": 7}'):
        path.write_text(text)
        with pytest.raises(ValueError, match="not a position that SavePosition wrote"):
            SavePosition(path, dataset)


def test_a_model_without_weights_is_refused_in_the_first_run_too(tmp_path, dataset):
    position = SavePosition(tmp_path / "position.json", dataset)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"has none yet; begin it with keras\.Input"):
        model.fit(position.dataset.to_tf(), callbacks=[position], **QUIET)


def test_every_must_be_positive(tmp_path, dataset):
    with pytest.raises(ValueError, match=r"every=0\): expected 1 or more"):
        SavePosition(tmp_path / "p.json", dataset, every=0)


def test_the_module_is_imported_without_keras():
    script = "import sys, samebytes.compat.save_position; assert 'keras' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    with pytest.raises(AttributeError, match="nothing"):
        module.nothing  # noqa: B018


def test_what_one_process_saved_any_number_continues(tmp_path, dataset):
    path = tmp_path / "position.json"
    first = SavePosition(path, dataset.distribute(4, 3), weights=False)
    first._save(1, 3)
    expected = [labels.tolist() for _, labels in dataset.iterate(1)][3:12]
    found = []
    for index in range(2):
        position = SavePosition(path, dataset.distribute(2, index), weights=False)
        assert (position.epoch, position.batch) == (1, 3)
        found.append([labels.tolist() for _, labels in position.dataset])
    assert [[*one, *other] for one, other in zip(*found, strict=True)] == expected
    with pytest.raises(ValueError, match=r"SavePosition\(path, ds.batch\(n\).distribute\(\)\)"):
        position.dataset.distribute(2, 0)


def test_drawn_seeds_of_several_processes_are_refused_until_one_has_saved_them(tmp_path, pictures):
    drawn = sb.Dataset.from_tensor_slices(pictures).shuffle().batch(8)
    path = tmp_path / "position.json"
    part = SavePosition(path, drawn.distribute(2, 0), weights=False).dataset
    with pytest.raises(ValueError, match="a seed was drawn"):
        part.to_tf()
    SavePosition(path, drawn.distribute(1, 0), weights=False)._save(0, 2)
    other = sb.Dataset.from_tensor_slices(pictures).shuffle().batch(8)
    position = SavePosition(path, other.distribute(2, 0), weights=False)
    expected = [labels.tolist()[:4] for _, labels in drawn.iterate(0)][2:12]
    assert [labels.tolist() for _, labels in position.dataset] == expected
