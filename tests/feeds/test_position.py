"""`SavePosition`: an interrupted ``fit`` continues exactly."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import samebytes as sb
from samebytes.feeds import position as module
from tests.feeds.fitting import QUIET, interrupted, keras, linear

# Keras' saving of weights does not know NumPy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SavePosition = sb.SavePosition

SCRIPT = Path(__file__).with_name("interrupted.py")


def run(folder, feed, kill_after=0, every=3):
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error::UserWarning",
            *map(str, (SCRIPT, folder, kill_after, every, feed)),
        ],
        timeout=200,
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(sb.__file__).parent.parent)},
    )
    assert done.returncode == (-signal.SIGKILL if kill_after else 0), done.stderr[-2000:]
    return (folder / "log").read_text().split()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A fit that nothing interrupts: 8 batches an epoch, 3 epochs."""
    folder = tmp_path_factory.mktemp("whole")
    log = run(folder, "to_tf")
    assert len(log) == 24
    assert len(set(log)) == 24
    return log, np.load(folder / "weights.npz")


@pytest.mark.parametrize("feed", ["to_tf", "to_keras"])
def test_a_killed_fit_continues_bit_by_bit(tmp_path, whole, feed):
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
