"""What every test gets: arrays at an alignment of its choosing, and TensorFlow kept quiet."""

from __future__ import annotations

import fcntl
import gc
import getpass
import os
import pickle
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pytest

from samebytes.memory.files.filesystem import filesystem_of
from tests.forking import SCRIPT, RunModule, RunScript, forking_python

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Compiled kernels of the tests, apart from the user's own. Inside, the engine names a folder by
# a hash of its sources, so code that was edited is never run from the cache.
os.environ.setdefault(
    "NUMBA_CACHE_DIR", str(Path(tempfile.gettempdir()) / f"samebytes-tests-{getpass.getuser()}")
)

EXAMPLES = Path(__file__).parent.parent / "examples"

T = TypeVar("T")
MakeArray = Callable[..., npt.NDArray[Any]]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the collector pass over what was imported, and come less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(autouse=True)
def threads_before() -> None:
    """Tell the tests that count threads which are not theirs."""
    feeding: Any = sys.modules.get("tests.engine.feeding")
    if feeding is not None:
        feeding.before = set(threading.enumerate())


@pytest.fixture
def array_at() -> MakeArray:
    """Return a maker of plain ndarrays whose first byte lies `past` a multiple of 64."""

    def make(past: int, shape: tuple[int, ...], dtype: Any = np.float32) -> npt.NDArray[Any]:
        kind = np.dtype(dtype)
        nbytes = int(np.prod(shape)) * kind.itemsize
        room = np.zeros(nbytes + 128, np.uint8)
        start = (past - room.ctypes.data) % 64
        made: npt.NDArray[Any] = room[start : start + nbytes].view(kind)
        return made.reshape(shape)

    return make


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Return a folder whose files' pages can be dropped from memory."""
    if filesystem_of(tmp_path) in {"tmpfs", "ramfs"}:
        pytest.skip("files of this temporary folder are always in memory; TMPDIR chooses another")
    return tmp_path


@pytest.fixture(scope="session")
def run_with_tensorflow() -> Iterator[RunModule]:
    """Run modules in processes of their own that need not import TensorFlow first."""
    with forking_python() as run:
        yield run


@pytest.fixture(scope="session")
def measure_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[], T]], T]:
    """Return what measures something in one of the processes of the tests, for all of them."""

    def measure(name: str, function: Callable[[], T]) -> T:
        if "PYTEST_XDIST_WORKER" not in os.environ:
            return function()
        shared = tmp_path_factory.getbasetemp().parent  # of all processes of this run
        kept = shared / f"{name}.pickle"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                kept.write_bytes(pickle.dumps(function()))
            found: T = pickle.loads(kept.read_bytes())
        return found

    return measure


@pytest.fixture(scope="session")
def printed_by(run_with_tensorflow: RunModule) -> Callable[[str, Path], str]:
    """Return what runs an example in a folder, as a user does, and gives what it prints."""

    def run(name: str, folder: Path) -> str:
        done = run_with_tensorflow(EXAMPLES / name, cwd=folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def run_script(run_with_tensorflow: RunModule) -> RunScript:
    """Run scripts as ``python -W error -c`` does, where everything is imported already."""

    def run(script: str, *arguments: object, warnings: str = "error") -> CompletedProcess[str]:
        filtered = f"import warnings; warnings.simplefilter({warnings!r}); del warnings\n"
        return run_with_tensorflow(SCRIPT, filtered + script, *arguments)

    return run
