"""An ``IterableDataset`` for PyTorch's loaders: in their process, or shared out among workers.

A loader takes item k from worker k % n. So worker i makes the batches i, i + n, i + 2 n, and they
come in the dataset's order. That any worker has its batches without the others is because a batch
is computed from its position.
"""

from __future__ import annotations

import os
from typing import Any

from torch.utils.data import IterableDataset, get_worker_info

from samebytes.engine.epoch_counter import EpochCounter
from samebytes.feeds.places import Share
from samebytes.feeds.resumable import Iteration, ResumableBatches
from samebytes.feeds.worker_places import PlacesInWorker, WorkerPlaces
from samebytes.memory.cores import available_cores

__all__ = ["TorchDataset"]


class TorchDataset(IterableDataset):  # type: ignore[misc]
    """Batches of tensors for ``DataLoader(..., batch_size=None)`` and ``StatefulDataLoader``.

    Each iteration is a new epoch: counted when its first batch is asked for or, with workers, when
    they start. What ``set_epoch`` says reaches workers that are there already.

    Parameters
    ----------
    dataset : Dataset
        Which makes the batches.
    epochs : EpochCounter
        The first epoch is the one that is upcoming there.
    """

    def __init__(self, dataset: Any, epochs: EpochCounter) -> None:
        super().__init__()
        self._dataset = dataset
        self._places = WorkerPlaces(epochs)
        self._begin()

    def _begin(self) -> None:
        self._made: tuple[int, ResumableBatches] | None = None
        self._places.keep()

    def _batches(self) -> ResumableBatches:
        """Return what makes the batches of this process; a fork makes its own."""
        process = os.getpid()
        if self._made is None or self._made[0] != process:
            self._made = process, self._make()
        return self._made[1]

    def _seeded(self) -> ResumableBatches:
        """Return them with the seeds of a state that was loaded here or in a worker."""
        batches, state = self._batches(), self._places.remembered()
        if state is not None:
            batches.take_seeds(state)
        return batches

    def _make(self) -> ResumableBatches:
        pipeline = self._dataset.pipeline.with_options(format="torch")
        worker = get_worker_info()
        if worker is None:
            return ResumableBatches(pipeline, self._places)
        threads = pipeline.options.threads or max(1, available_cores() // worker.num_workers)
        places = PlacesInWorker(self._places, worker.id, str(worker.seed - worker.id))
        share = Share(worker.num_workers, worker.id)
        return ResumableBatches(pipeline.with_options(threads=threads), places, share)

    def __len__(self) -> int:
        """Return the number of batches in a whole epoch, of all workers together."""
        return len(ResumableBatches(self._dataset.pipeline, self._places))

    def __iter__(self) -> Iteration:
        """Return an iterator over the next epoch, or over what a worker makes of it."""
        batches = self._seeded()
        # A worker is asked once for each iteration, and then for batches at once.
        return iter(batches) if get_worker_info() is None else batches.placed()

    # ------------------------------------------------------------------------ progress

    def set_epoch(self, epoch: int) -> None:
        """Make the next iteration that of an epoch, also of workers that are there already."""
        self._batches().set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return where the batches of this process stand, as a small dict ready for JSON.

        Raises
        ------
        RuntimeError
            If workers make them: only who hands them out knows how many were.
        """
        if get_worker_info() is not None:
            return self._batches().state_dict()
        if self._places.run_in_workers():
            message = (
                "workers make the batches of this iteration, and only the loader knows which of "
                "them it has handed out: take the state of a torchdata StatefulDataLoader in the "
                "place of the DataLoader, or set num_workers=0"
            )
            raise RuntimeError(message)
        return self._seeded().state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where others of the same dataset stood: the next iteration begins there.

        Raises
        ------
        ValueError
            If `state` is not a state, or of another plan; the message says what differs.
        """
        self._batches().load_state_dict(state)
        self._places.remember(state.get("began", state))

    def close(self) -> None:
        """Stop the threads of this process."""
        self._batches().close()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what runs in this process."""
        return {"dataset": self._dataset, "places": self._places}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin where the epochs were counted to."""
        self._dataset, self._places = state["dataset"], state["places"]
        self._begin()
