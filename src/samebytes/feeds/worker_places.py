"""Places counted for a process and for the workers it starts, in one small file for all of them.

A ``DataLoader`` starts its workers anew each epoch, or keeps them, and tells them nothing of
epochs. What the process has been told must reach workers that run already, and where they are must
reach the process: so each reads and writes the file of the process that started it, which has it
locked meanwhile. Workers of one iteration know each other by the seed that the ``DataLoader`` draws
for it. Nothing else, such as a forked or spawned rank of a training, shares the file: its name has
the number of the process in it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import multiprocessing
import os
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from samebytes.engine.epoch_counter import EpochCounter
from samebytes.feeds.places import Place
from samebytes.plan.plan import Plan

__all__ = ["PlacesInWorker", "WorkerPlaces"]

MOST_BEGUN = 64
"""Iterations whose workers may still arrive: those before them have ended."""


class WorkerPlaces:
    """Places that a process and its workers agree upon.

    Parameters
    ----------
    epochs : EpochCounter
        The first epoch is the one that is upcoming there, and what this process begins is counted
        there too.
    """

    def __init__(self, epochs: EpochCounter) -> None:
        self._epochs = epochs
        self._begin()
        self._record: dict[str, Any] = {
            "next": asdict(Place(epochs.upcoming, epochs.position_in(epochs.upcoming))),
            "told": False,
            "state": None,
            "begun": [],
        }

    def _begin(self) -> None:
        self._name = f"samebytes-epochs-{uuid.uuid4().hex}"
        self._folder = tempfile.gettempdir()
        self._kept: int | None = None

    # ---------------------------------------------------------------------- the record

    def _path(self) -> Path:
        """Return the file of this process, or, in a worker, of the one that started it."""
        parent = multiprocessing.parent_process() if self._is_worker() else None
        owner = os.getpid() if parent is None else parent.pid
        return Path(self._folder, f"{self._name}-{owner}")

    @staticmethod
    def _is_worker() -> bool:
        from torch.utils.data import get_worker_info

        return get_worker_info() is not None

    @contextlib.contextmanager
    def _locked(self) -> Iterator[dict[str, Any]]:
        """Return a context in which the record is read, may be changed, and is written."""
        path = self._path()
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            written = file.read()
            record = json.loads(written) if written else self._record
            yield record
            file.truncate(0)
            file.write(json.dumps(record).encode())
            file.flush()
        self._record = record
        self._remove_at_the_end(path)

    def _read(self) -> dict[str, Any]:
        """Return the record as it is now, not to be changed."""
        try:
            with self._path().open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                written = file.read()
        except FileNotFoundError:  # nothing was counted yet
            return self._record
        if written:
            self._record = json.loads(written)
        return self._record

    def _remove_at_the_end(self, path: Path) -> None:
        if self._kept != os.getpid() and not self._is_worker():
            self._kept = os.getpid()
            # Unlike weakref's, it also runs where multiprocessing ends a child; and only here.
            Finalize(self, path.unlink, (True,), exitpriority=1)

    def keep(self) -> None:
        """Remove the file when this object goes, though only workers write to it."""
        self._remove_at_the_end(self._path())

    # ------------------------------------------------------------------------- places

    def tell(self, place: Place) -> None:
        """Begin the next iteration there."""
        with self._locked() as record:
            record["next"], record["told"] = asdict(place), True

    def upcoming(self) -> Place:
        """Return where the next iteration begins; counts nothing."""
        return Place(**self._read()["next"])

    def take(self, plan: Plan) -> Place:
        """Return where an iteration in this process begins, and count it as begun."""
        place = self.take_together(plan, None, None)
        self._epochs.continue_behind(place.epoch)
        return place

    def take_together(self, plan: Plan, token: str | None, worker: int | None) -> Place:
        """Return where the iteration begins that the workers with `token` share.

        The first of them counts it as begun; the others find it. A worker that finds itself there
        belongs to another iteration, of the same seed.
        """
        with self._locked() as record:
            for begun in reversed(record["begun"]):
                if token is not None and begun["token"] == token and worker not in begun["workers"]:
                    begun["workers"].append(worker)
                    return Place(**begun["place"])
            place = Place(**record["next"]).settled(plan)
            _count(record, place, token, worker)
        return place

    def continued(self, place: Place, worker: int) -> None:
        """Count on from where each worker was told to continue."""
        with self._locked() as record:
            _count(record, place, None, worker)

    def remember(self, state: dict[str, Any]) -> None:
        """Keep a state that was loaded, whose seeds hold from now on, in each process."""
        with self._locked() as record:
            record["state"] = state

    def remembered(self) -> dict[str, Any] | None:
        """Return the last state that was loaded anywhere."""
        state: dict[str, Any] | None = self._read()["state"]
        return state

    def run_in_workers(self) -> bool:
        """Return whether the last iteration is one of workers, and nothing was told since."""
        record = self._read()
        begun = record["begun"]
        return bool(begun and begun[-1]["workers"]) and not record["told"]

    # ----------------------------------------------------------------------- pickling

    def __getstate__(self) -> dict[str, Any]:
        """Keep the file's name for a worker that is being started; a copy gets one of its own."""
        place = {"name": self._name, "folder": self._folder, "process": os.getpid()}
        return {**place, "record": self._read()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin with what was counted so far."""
        self._epochs = EpochCounter()
        self._begin()
        if state["process"] != os.getpid():
            self._name, self._folder = state["name"], state["folder"]
        self._record = state["record"]


class PlacesInWorker:
    """Where the iterations of one worker begin: where it is told, or where all of them do.

    Parameters
    ----------
    places : WorkerPlaces
        Of the process that started the workers.
    worker : int
        Which one this is.
    token : str
        What the workers that were started together have in common.
    """

    def __init__(self, places: WorkerPlaces, worker: int, token: str) -> None:
        self._places = places
        self._worker = worker
        self._token = token
        self._iterations = 0
        self._told: Place | None = None

    def tell(self, place: Place) -> None:
        """Begin the next iteration there, and those after it in the epochs that follow."""
        self._told = place
        self._places.continued(place, self._worker)

    def upcoming(self) -> Place:
        """Return where the next iteration begins; counts nothing."""
        return self._told or self._places.upcoming()

    def take(self, plan: Plan) -> Place:
        """Return where the iteration begins that begins now; each worker begins each of them."""
        self._iterations += 1
        told, self._told = self._told, None
        if told is not None:
            return told
        return self._places.take_together(plan, f"{self._token}-{self._iterations}", self._worker)


def _count(record: dict[str, Any], place: Place, token: str | None, worker: int | None) -> None:
    """Write down that an iteration has begun."""
    record["next"], record["told"] = asdict(Place(place.epoch + 1)), False
    workers = [] if worker is None else [worker]
    begun = {"token": token, "workers": workers, "place": asdict(place)}
    record["begun"] = [*record["begun"], begun][-MOST_BEGUN:]
