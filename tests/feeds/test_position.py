"""`SavePosition`: an interrupted ``fit`` continues exactly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import samebytes as sb
from samebytes.feeds import position as module

pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")

# Keras' saving of weights does not know NumPy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SavePosition = module.SavePosition

# Keras' newer versions warn that its own shuffling, on by default, does nothing for a tf.data.
QUIET = {"verbose": 0, "shuffle": False}
SCRIPT = Path(__file__).with_name("interrupted.py")


def run(folder, kill_after=0, every=3):
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error::UserWarning",
            *map(str, (SCRIPT, folder, kill_after, every)),
        ],
        timeout=200,
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(sb.__file__).parent.parent)},
    )
    assert done.returncode == (-signal.SIGKILL if kill_after else 0), done.stderr[-2000:]
    return (folder / "log").read_text().split()


def test_a_killed_fit_continues_bit_by_bit(tmp_path):
    """8 batches an epoch, 3 epochs; killed in the first, then in the second."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    expected = run(whole)
    assert len(expected) == 24
    seen = []
    for kill_after in (5, 9, 0):
        log = run(parts, kill_after)
        (parts / "log").unlink()
        saved = json.loads((parts / "position.json").read_text())
        # What was trained after the last save is trained again, and only that.
        place = saved["epoch"] * 8 + saved["batch"]
        assert log == expected[len(seen) : len(seen) + len(log)]
        seen += log[: place - len(seen)]
    assert seen == expected
    one, other = np.load(whole / "weights.npz"), np.load(parts / "weights.npz")
    for name in one.files:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-5)


def linear():
    model = keras.Sequential(
        [keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile(keras.optimizers.SGD(1e-6), "mse")
    return model


class Stop(keras.callbacks.Callback):
    """Ends fit after some batches, as a kill would."""

    def __init__(self, after):
        super().__init__()
        self.left = after

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def interrupted(path, dataset, after, **options):
    position = SavePosition(path, dataset, **options)
    with pytest.raises(KeyboardInterrupt):
        linear().fit(position.dataset.to_tf(), epochs=3, callbacks=[position, Stop(after)], **QUIET)


def test_a_continued_epoch_is_shorter_and_quiet(tmp_path, dataset):
    path = tmp_path / "deep" / "position.json"
    interrupted(path, dataset, 15, every=1)
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
            position.dataset.to_tf(),
            initial_epoch=position.epoch,
            epochs=3,
            callbacks=[position, Count()],
            validation_data=dataset.to_tf(),
            **QUIET,
        )
    assert seen == [11, 13]
    assert history.epoch == [1, 2]
    assert json.loads(path.read_text())["epoch"] == 3
    # The weights that the position names, and no others.
    names = sorted(one.name for one in path.parent.iterdir())
    assert names == ["position-3-0.weights.h5", "position.json"]


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


def test_another_dataset_is_refused(tmp_path, dataset, pictures):
    path = tmp_path / "position.json"
    interrupted(path, dataset, 4, every=2)
    other = sb.Dataset.from_tensor_slices(pictures).shuffle(seed=77).batch(8)
    with pytest.raises(ValueError, match=r"of another dataset(.|\n)*seed=77(.|\n)*another path"):
        SavePosition(path, other)


def test_batches_of_another_size_are_refused(tmp_path, pictures):
    path = tmp_path / "position.json"
    ds = sb.Dataset.from_tensor_slices(pictures).shuffle(seed=0)
    ds = ds.map(sb.CenterCrop(16, 16))
    interrupted(path, ds.batch(8), 4, every=2)
    with pytest.raises(ValueError, match="batches of another size"):
        SavePosition(path, ds.batch(4))


def test_the_wrong_first_epoch_is_refused(tmp_path, dataset):
    path = tmp_path / "position.json"
    interrupted(path, dataset, 15, every=1)
    position = SavePosition(path, dataset)
    with pytest.raises(ValueError, match=r"initial_epoch=position\.epoch"):
        linear().fit(position.dataset.to_tf(), epochs=3, callbacks=[position], **QUIET)


def test_epochs_of_another_length_are_refused(tmp_path, dataset):
    position = SavePosition(tmp_path / "position.json", dataset)
    with pytest.raises(ValueError, match="epochs of 5 steps, the dataset has 13 batches"):
        linear().fit(position.dataset.to_tf(), steps_per_epoch=5, callbacks=[position], **QUIET)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda ds: ds.repeat(), "a dataset that ends"),
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
        with pytest.raises(ValueError, match="no position that SavePosition wrote"):
            SavePosition(path, dataset)


def test_a_model_without_weights_is_refused_in_the_first_run_too(tmp_path, dataset):
    position = SavePosition(tmp_path / "position.json", dataset)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"has none yet: begin it with keras\.Input"):
        model.fit(position.dataset.to_tf(), callbacks=[position], **QUIET)


def test_every_must_be_positive(tmp_path, dataset):
    with pytest.raises(ValueError, match=r"every=0\): expected 1 or more"):
        SavePosition(tmp_path / "p.json", dataset, every=0)


def test_the_module_is_imported_without_keras():
    script = "import sys, samebytes.feeds.position; assert 'keras' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    with pytest.raises(AttributeError, match="nothing"):
        module.nothing  # noqa: B018
