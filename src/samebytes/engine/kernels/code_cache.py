"""Machine code on disk: what cannot be read there is compiled anew, what cannot be written is not.

Numba's own cache believes what it reads: an empty, torn or foreign file ends every start with an
error of pickle, a full disk with one of the system, and two processes that begin together may
each write under the other's entry. Here an entry is a file of its own, named by what it is the
code of, that begins with a digest of the rest; and no trouble with it stops anyone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    UserProvidedCacheLocator,
)
from numba.core.serialize import dumps

from samebytes.memory.files.durable import write_durably

__all__ = ["CodeCache"]

DIGEST_BYTES = hashlib.sha256().digest_size

_told: set[str] = set()


class _Folder(UserProvidedCacheLocator):  # type: ignore[misc]  # Numba has no types
    """The folder that was chosen; it need not be there yet, and what is there can be read only."""

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> Any:
        return cls(py_func, py_file) if Path(py_file).exists() else None

    def ensure_cache_path(self) -> None:
        Path(self.get_cache_path()).mkdir(parents=True, exist_ok=True)


class _Place(CompileResultCacheImpl):  # type: ignore[misc]  # Numba has no types
    # No other folder: Numba's next choice would be beside the sources, where another version
    # would find the code.
    _locator_classes = (_Folder,)


class _Entries:
    """The entries of one function, a file each.

    Parameters
    ----------
    folder : str
        Where they lie.
    name : str
        What their names begin with.
    stamp : object
        Of the source; entries of another are no longer good.
    """

    def __init__(self, folder: str, name: str, stamp: Any) -> None:
        self._folder = Path(folder)
        self._name = name
        self._stamp = stamp

    def path(self, key: Any) -> Path:
        """Return the file of an entry; the key inside is what counts."""
        text = repr((self._stamp, key)).encode()
        return self._folder / f"{self._name}.{hashlib.sha256(text).hexdigest()[:20]}.code"

    def load(self, key: Any) -> Any:
        """Return the data of an entry, or None where there is none.

        Raises
        ------
        ValueError
            If it is damaged.
        OSError
            If it cannot be read.
        """
        try:
            content = self.path(key).read_bytes()
        except FileNotFoundError:
            return None
        digest, rest = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
        if hashlib.sha256(rest).digest() != digest:
            # Checked first: pickle runs what it reads, and so does who calls machine code.
            message = "its bytes are not those that were written"
            raise ValueError(message)
        stamp, known, data = pickle.loads(rest)  # noqa: S301 (just those that were written)
        return data if (stamp, known) == (self._stamp, key) else None

    def save(self, key: Any, data: Any) -> None:
        """Write an entry, whole or not at all."""
        rest = dumps((self._stamp, key, data))
        content = hashlib.sha256(rest).digest() + rest
        write_durably(self.path(key), lambda part: part.write_bytes(content))

    def remove(self, key: Any) -> None:
        """Take an entry away, so that it is written anew."""
        self.path(key).unlink(missing_ok=True)

    def flush(self) -> None:
        """Take all entries away."""
        for path in self._folder.glob(f"{self._name}.*.code"):
            path.unlink(missing_ok=True)


class CodeCache(FunctionCache):  # type: ignore[misc]  # Numba has no types
    """The machine code of one function on disk; a trouble with it is told once and stops no one.

    Parameters
    ----------
    function : function
        What is compiled.
    """

    _impl_class = _Place

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        self._cache_file = _Entries(
            self.cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp()
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled code of a signature, or None where it is to be compiled."""
        target_context.refresh()
        found = None
        with self._untroubled("read", sig, target_context.codegen()):
            found = self._load_overload(sig, target_context)
        return found  # noqa: RET504 (None where an error was told of)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled code of a signature, where that is possible."""
        with self._untroubled("written", sig, data.codegen):
            self._save_overload(sig, data)

    @contextlib.contextmanager
    def _untroubled(self, what: str, sig: Any, codegen: Any) -> Iterator[None]:
        """Tell of what goes wrong, and take the entry away; the code is compiled all the same."""
        try:
            yield
        # Whatever it is: pickle, LLVM and the system have no error in common, and every one of
        # them means that the code is to be had by compiling.
        except Exception as trouble:  # noqa: BLE001
            key = self._index_key(sig, codegen)
            with contextlib.suppress(OSError):  # a folder in its place, or one that is read-only
                self._cache_file.remove(key)
            _tell_once(what, self._cache_file.path(key), trouble)


def _tell_once(what: str, path: Path, trouble: Exception) -> None:
    if what in _told:
        return
    _told.add(what)
    why = os.strerror(trouble.errno) if isinstance(trouble, OSError) and trouble.errno else trouble
    message = (
        f"{path}, which keeps compiled code, cannot be {what} ({why}): the code is compiled again, "
        "which takes seconds at each start until it can. Nothing else is lost; see that the disk "
        f"has room and {path.parent} can be written, or name another folder in NUMBA_CACHE_DIR."
    )
    warnings.warn(message, RuntimeWarning, stacklevel=2)
