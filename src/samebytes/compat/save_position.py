"""Where a ``fit`` stands: saved as training goes, so that an interrupted one continues exactly.

What counts is what training has finished, not what was made ahead for it: the callback counts
Keras' steps. Epochs of the dataset are those of ``fit``, whatever else iterates it meanwhile
(Keras looks at a batch before it begins).
"""

from __future__ import annotations

import contextlib
import functools
import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from samebytes.compat.position_files import check_weights, read_position, write_position
from samebytes.dataset import Dataset
from samebytes.engine.checkpoint import resume, state_of
from samebytes.engine.epoch_counter import EpochCounter
from samebytes.engine.schedule import position_of
from samebytes.plan.reseeding import reseeded_recipe
from samebytes.plan.seeds import RestoredSeed
from samebytes.share.frameworks import import_keras

__all__ = ["ResumedEpochs", "SavePosition"]

if TYPE_CHECKING:
    SavePosition: Any


class ResumedEpochs(EpochCounter):
    """Where the iterations of a resumed dataset begin: its epochs are told, one begins midway.

    Parameters
    ----------
    epoch, done : int
        In this epoch, so many batches are done with already.
    position : int
        The same place as the engine counts it.

    Attributes
    ----------
    upcoming : int
        The epoch that the next iteration is given.
    """

    resumes = True

    def __init__(self, epoch: int = 0, done: int = 0, position: int = 0) -> None:
        super().__init__()
        self._epoch, self._done, self._position = epoch, done, position
        self.upcoming = epoch
        self.fitting = False

    def derived(self) -> EpochCounter:
        """Return itself: what is made of the dataset begins where it does."""
        return self

    def next_epoch(self) -> int:
        """Return the epoch that is due, and count it as begun."""
        self.upcoming += 1
        return self.upcoming - 1

    def batches_done(self, epoch: int) -> int:
        """Return how many batches of an epoch are left out, being done with."""
        return self._done if epoch == self._epoch else 0

    def position_in(self, epoch: int) -> int:
        """Return where in an epoch an iteration begins."""
        return self._position if epoch == self._epoch else 0


def __getattr__(name: str) -> Any:
    # The class derives from one of Keras', which is imported when it is first asked for.
    if name == "SavePosition":
        return _save_position()
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def _state_at(dataset: Dataset, epoch: int, batch: int) -> dict[str, Any]:
    """Return the engine's state at a batch."""
    return state_of(dataset.plan, epoch, position_of(dataset.plan, batch))


def _continued(dataset: Dataset, saved: dict[str, Any]) -> Dataset:
    """Return the dataset with a position's seeds; refuse one of another, or of other batches."""
    try:
        seeds = resume(dataset.plan, saved["state"]).seeds
        same = reseeded_recipe(dataset, lambda seed: RestoredSeed(seeds.get(seed, seed)))
        place = saved["epoch"], saved["batch"]
        most = max(len(dataset) - 1, 0)
        if saved["batch"] > most:
            message = f"it is at batch {saved['batch']:,}: expected an integer from 0 to {most:,}"
            raise ValueError(message)  # noqa: TRY301
        if _state_at(same, *place) != saved["state"]:
            message = (
                "its batches have another size, or its state does not belong to batch "
                f"{saved['batch']:,} of epoch {saved['epoch']:,}"
            )
            raise ValueError(message)  # noqa: TRY301
    except ValueError as different:
        message = (
            f"the saved position belongs to another dataset: {different}\nPass the dataset it was "
            "saved with, or another path"
        )
        raise ValueError(message) from different
    return same


def _seeds(model: Any) -> list[Any]:
    """Return where the random layers of a model stand, which Keras leaves out of its weights."""
    return [one for one in model.variables if one.path.endswith("seed_generator_state")]


def _load_weights(model: Any, path: Path, seeds: list[list[int]]) -> None:
    """Make a model what it was when its weights were saved at `path`, and its seeds."""
    variables = _seeds(model)
    values = [np.array(one, object) for one in seeds]
    shapes = [tuple(one.shape) for one in variables]
    if shapes != [one.shape for one in values]:
        message = (
            f"the saved position has seeds of shapes {[one.shape for one in values]} for random "
            f"layers, but this model has {shapes}; pass the model it was saved with, or another "
            "path"
        )
        raise ValueError(message)
    for variable, value in zip(variables, values, strict=True):
        limits = np.iinfo(variable.dtype)
        if not all(limits.min <= number <= limits.max for number in value):
            message = (
                f"the saved position has a seed for {variable.path} that is not {variable.dtype}: "
                "its file was changed; pass another path"
            )
            raise ValueError(message)
    try:
        model.load_weights(str(path))
    except (OSError, KeyError) as damaged:
        message = f"the weights {path} of the saved position cannot be read: {damaged}"
        raise ValueError(message) from damaged
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value.astype(variable.dtype))


@functools.cache
def _save_position() -> Any:  # noqa: C901 (a class, which can be made only once Keras is there)
    keras = import_keras()

    class SavePosition(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        """Saves how far ``fit`` has come, and lets the next ``fit`` continue exactly there.

        The same lines serve the first run and every one after it::

            position = sb.SavePosition("run/position.json", ds)
            model.fit(
                position.dataset.to_tf(),  # or to_keras()
                initial_epoch=position.epoch,
                epochs=10,
                callbacks=[position],
            )

        The weights are saved with the position, including those of the optimizer and the seeds of
        Dropout and similar layers. They are loaded when ``fit`` begins, so the model must be built
        by then. A kill or a power cut at any moment leaves a position and weights that belong
        together. If the dataset drew its seeds because none were given, every later run uses those
        of the first. Put this callback first, so that the others see the end of a continued epoch
        like any other.

        Parameters
        ----------
        path : str or path
            The JSON file that holds the position. Its weights lie beside it, under a name that
            begins with the full name of that file, so that several positions can share a folder. No
            other file is ever loaded or deleted.
        dataset : Dataset
            A finite dataset in batches. Each of its epochs is an epoch of ``fit``.
        every : int
            Save after every so many batches; the end of an epoch is always saved.
        weights : bool
            Whether to save and load the weights too. If not, you do so yourself, and weights that
            are already there are left alone.

        Attributes
        ----------
        dataset : Dataset
            The dataset that begins at the position: its first epoch has only the batches that are
            left. Its drawn seeds are those of the position. Calls chained onto ``to_tf()`` must
            keep each batch one batch. ``to_keras()`` gives batches in the dataset's order, whatever
            ``shuffle`` and ``workers`` are in Keras.
        epoch, batch : int
            Where the dataset begins: 0, 0 without a saved position.
        """

        def __init__(
            self,
            path: str | os.PathLike[str],
            dataset: Dataset,
            *,
            every: int = 100,
            weights: bool = True,
        ) -> None:
            super().__init__()
            if dataset.batch_size is None:
                message = "SavePosition counts batches, but this dataset yields single samples"
                raise ValueError(f"{message}: ds.batch(n)")
            try:
                self._length = len(dataset)
            except TypeError:
                message = (
                    "SavePosition needs a finite dataset, whose epochs are those of fit; leave out "
                    "repeat(), or add take(n)"
                )
                raise ValueError(message) from None
            if every < 1:
                message = f"SavePosition(every={every}): expected 1 or more"
                raise ValueError(message)
            self._path = Path(path)
            self._every = every
            self._save_weights = weights
            self._saved = read_position(self._path)
            self.epoch, self.batch = 0, 0
            epochs = ResumedEpochs()
            if self._saved is not None:
                self.epoch, self.batch = self._saved["epoch"], self._saved["batch"]
                dataset = _continued(dataset, self._saved)
                if weights:
                    check_weights(self._path, self._saved)
                position = position_of(dataset.plan, self.batch)
                epochs = ResumedEpochs(self.epoch, self.batch, position)
            self._whole = dataset
            self._resumed = epochs
            self.dataset = replace(dataset, _epochs=epochs)
            self._begun = False
            self._now, self._done, self._last_saved = self.epoch, self.batch, 0
            self._muted_warnings = contextlib.ExitStack()

        def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
            """Load the weights; refuse whatever would not continue exactly."""
            if self._resumed.fitting:
                message = (
                    "the fit that used this SavePosition was interrupted, and its dataset still "
                    "begins where that fit began; make a new SavePosition, which continues where "
                    "the fit stopped"
                )
                raise ValueError(message)
            self._begun = False
            steps = self.params.get("steps")
            if steps is not None and steps != self._length:
                message = (
                    f"fit has epochs of {steps} steps, but the dataset has {self._length} batches; "
                    "leave out steps_per_epoch, and use ds.take(n) for shorter epochs"
                )
                raise ValueError(message)
            together = self.model.steps_per_execution
            if self._length % together or self.batch % together:
                message = (
                    f"steps_per_execution={together} does not divide the {self._length} batches of "
                    f"an epoch, {self.batch} of them done, so no fit could continue it; use "
                    "ds.take(n) for epochs of n batches"
                )
                raise ValueError(message)
            if self._save_weights and not self.model.built:
                # Refused in the first run too, and not only in the one that finds weights.
                message = (
                    "SavePosition loads weights before the first batch, but this model has none "
                    "yet; begin it with keras.Input, call it on a batch, or pass weights=False"
                )
                raise ValueError(message)
            saved = self._saved or {}
            if self._save_weights and saved.get("weights") is not None:
                if self.model.optimizer is not None and not self.model.optimizer.built:
                    self.model.optimizer.build(self.model.trainable_variables)
                _load_weights(self.model, self._path.with_name(saved["weights"]), saved["seeds"])

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            """Make the dataset's next epoch that of ``fit``."""
            saved = epoch if self._saved is None else self._saved["epoch"]
            if not self._begun and epoch != saved:
                message = (
                    f"fit began with epoch {epoch}, but the saved position is in epoch {saved}; "
                    "write fit(..., initial_epoch=position.epoch)"
                )
                raise ValueError(message)
            self._begun = True
            self._now = epoch
            self._done = self._last_saved = self._resumed.batches_done(epoch)
            self._resumed.upcoming = epoch
            self._resumed.fitting = True

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            """Leave a continued epoch at its end, which is earlier than that of others."""
            if self._done >= self._length:
                # Keras leaves an epoch whose input ran dry like this, and would warn of it.
                self._muted_warnings.enter_context(warnings.catch_warnings())
                warnings.filterwarnings("ignore", "Your input ran out of data", UserWarning)
                raise StopIteration

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            """Count what was trained on, and save now and then."""
            # Older versions of Keras give the first batch of several steps, newer ones the last.
            self._done += self.model.steps_per_execution
            if self._done < self._length and self._done - self._last_saved >= self._every:
                self._last_saved = self._done
                self._save(self._now, self._done)

        def on_test_begin(self, logs: Any = None) -> None:  # noqa: ARG002
            """Let validation warn as it does."""
            self._muted_warnings.close()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            """Save the beginning of the next epoch."""
            self._muted_warnings.close()
            self._save(epoch + 1, 0)

        def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
            """Leave the dataset to others."""
            self._resumed.fitting = False

        def _save(self, epoch: int, batch: int) -> None:
            saved = {
                "epoch": epoch,
                "batch": batch,
                "state": _state_at(self._whole, epoch, batch),
                "seeds": [],
            }
            write_weights = None
            if self._save_weights:
                saved["seeds"] = [np.asarray(one).tolist() for one in _seeds(self.model)]
                write_weights = self._write_weights
            self._saved = write_position(self._path, saved, self._saved, write_weights)

        def _write_weights(self, path: Path) -> None:
            self.model.save_weights(str(path), overwrite=True)

    SavePosition.__module__ = __name__
    SavePosition.__qualname__ = "SavePosition"
    return SavePosition
