"""How this library compiles: one place for the options that all kernels share.

Compiled kernels are kept on disk, in a folder named by a digest of everything they are compiled
from. Numba itself notices only changes of the file that holds the cached function, not of the
files with the functions called inside; so after an upgrade it would go on running old code. Here
another source is another folder, and an old folder is never looked at again.
"""

from __future__ import annotations

import hashlib
import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numba
from numba import njit
from numba.core.registry import cpu_target

from samebytes.engine.kernels.code_cache import CodeCache

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["cache_folder", "compiled", "source_digest"]

CONFIG: Any = numba.config  # its attributes are made at run time

# All of the kernels rather than a list to keep up to date: a file too many costs a compilation
# after an upgrade, a file forgotten would run old code.
SOURCES = (
    "engine/kernels/*.py",
    "plan/noise.py",
    "plan/rng.py",
    "plan/stages.py",
    "plan/filters.py",
    "plan/warping.py",
    "plan/permutation.py",
    "plan/block_permutation.py",
)


def source_digest() -> str | None:
    """Return a name for what the kernels are compiled from, or None without source files."""
    package = Path(__file__).parent.parent.parent
    files = sorted(file for pattern in SOURCES for file in package.glob(pattern))
    if not files:
        return None
    digest = hashlib.sha256(numba.__version__.encode())
    for file in files:
        content = file.read_bytes()
        digest.update(f"\n{file.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def _user_folder() -> Path:
    """Return where this user keeps caches: NUMBA_CACHE_DIR, or the custom of the platform."""
    if CONFIG.CACHE_DIR:
        return Path(CONFIG.CACHE_DIR)
    if folder := os.environ.get("XDG_CACHE_HOME"):
        return Path(folder) / "samebytes"
    if sys.platform == "win32" and (folder := os.environ.get("LOCALAPPDATA")):
        return Path(folder) / "samebytes" / "cache"
    return Path.home() / ".cache" / "samebytes"


@lru_cache(maxsize=1)
def cache_folder() -> Path | None:
    """Return the folder of this version's machine code, or None where there can be none.

    One that is read-only is as good for what was written before. Never a shared folder such as
    /tmp: what lies in it is loaded and run.
    """
    try:
        digest = source_digest()
        if digest is None:
            return None
        folder = _user_folder() / digest
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        return None
    return folder


def compiled(*, cache: bool = False) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function that holds no GIL and raises nothing on division.

    Never `fastmath` (it would fuse or reorder, and the bytes would depend on the processor) and
    never `parallel` (its threads must not be entered from ours). Only what Python calls is worth
    caching: the functions called inside are compiled into it.

    Parameters
    ----------
    cache : bool
        Keep the machine code in `cache_folder`. Where there is none, every process compiles anew;
        where what lies there is damaged, or cannot be written, that is told once, by a warning.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        found = njit(nogil=True, error_model="numpy")(function)
        folder = cache_folder() if cache else None
        if folder is not None:
            before = CONFIG.CACHE_DIR
            # Numba reads the folder here, and the cache keeps it.
            CONFIG.CACHE_DIR = str(folder)
            try:
                kept = CodeCache(function)
            except RuntimeError as error:
                if "cannot cache function" not in str(error):
                    raise
            else:
                # What njit(cache=True) does, with a cache of ours in place of Numba's.
                found._cache = kept  # noqa: SLF001
            finally:
                CONFIG.CACHE_DIR = before
        return found

    return decorate


# Numba sets up its target at the first call of anything compiled: 0.25 s, and 0.5 s where SciPy
# is installed, which it then imports. Done here, it belongs to the import of the engine, and the
# first batch does not wait for it.
cpu_target.typing_context.refresh()
cpu_target.target_context.refresh()
