"""What torchdata's ``StatefulDataLoader`` asks of workers, without processes.

Each worker is a dataset of its own, unpickled, and believes to be in a process. The order of calls
is that of ``torchdata/stateful_dataloader/worker.py``; real loaders are in ``test_loaders.py``.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import samebytes as sb
from samebytes.feeds.worker_places import WorkerPlaces

__all__ = ["LoaderOfLists"]


class LoaderOfLists:
    """A loader whose workers are called one after the other.

    Parameters
    ----------
    ds : Dataset
        What they make the batches of.
    workers : int
        How many.
    persistent : bool
        Whether they stay from epoch to epoch.
    patched, module : object
        What sets ``_worker_info`` of torch's module, for as long as the test lasts.
    """

    seeds = iter(range(1 << 40))

    def __init__(
        self, ds: sb.Dataset, workers: int, persistent: bool, patched: Any, module: Any
    ) -> None:
        self.dataset = ds.to_torch_dataset()
        self._workers, self._persistent = workers, persistent
        self._patched, self._module = patched, module
        self._living: list[Any] = []
        self._states: list[Any] = []
        self._last = -1
        self.resumed: dict[str, Any] | None = None
        self._seed = 0
        # All are in one process, and so of one parent.
        patched.setattr(WorkerPlaces, "_path", _path_of(WorkerPlaces._path))

    def _as_worker(self, index: int | None) -> None:
        info = None
        if index is not None:
            info = self._module.WorkerInfo(
                id=index, num_workers=self._workers, seed=self._seed + index, dataset=None
            )
        self._patched.setattr(self._module, "_worker_info", info)

    def __iter__(self) -> Iterator[Any]:
        """Yield item k from worker k % n, as long as it has any."""
        states = [None] * self._workers
        last = -1
        if self.resumed is not None:
            states, last = self.resumed["workers"], self.resumed["last"]
            self._living = []
        if not self._living or not self._persistent:
            self._seed = next(self.seeds)
            self._living = [_copied(self.dataset) for _ in range(self._workers)]
        self.resumed = None
        iterators = []
        for index, worker in enumerate(self._living):
            self._as_worker(index)
            if states[index] is not None:
                worker.load_state_dict(states[index])
            iterators.append(iter(worker))
        self._states = [self._state(index) for index in range(self._workers)]
        active = set(range(self._workers))
        index = last
        while active:
            index = (index + 1) % self._workers
            if index not in active:
                continue
            self._as_worker(index)
            try:
                batch = next(iterators[index])
            except StopIteration:
                active.remove(index)
                self._states[index] = self._state(index)
                continue
            self._states[index], self._last = self._state(index), index
            self._as_worker(None)
            yield batch
        self._as_worker(None)

    def _state(self, index: int) -> Any:
        self._as_worker(index)
        return self._living[index].state_dict()

    def state_dict(self) -> dict[str, Any]:
        """Return the states of the workers as of the last batch that was handed out."""
        self._as_worker(None)
        return {"workers": self._states, "last": self._last}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Give each of the workers to come its state."""
        self.resumed = state


def _copied(dataset: Any) -> Any:
    """Return a worker's copy, which belongs to the same process."""
    copied = pickle.loads(pickle.dumps(dataset))
    copied._places._name = dataset._places._name
    return copied


def _path_of(original: Any) -> Any:
    def path(self: Any) -> Any:
        found = original(self)
        return found.with_name(f"{self._name}-one-process")

    return path
