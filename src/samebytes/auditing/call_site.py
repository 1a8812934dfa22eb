"""Whose line it is: the innermost frame outside of the libraries, and what it called."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import CodeType, FrameType

__all__ = ["CALLING_BACK", "CallSite", "call_site_of_thread", "call_site_on_stack", "is_users"]

# Their lines are never the ones to change.
_LIBRARIES = ("tensorflow", "keras", "tf_keras", "numpy", "wrapt", "optree", "samebytes", "numba")
# Frames of TensorFlow and Keras that only call through to what was called.
_PASSING_FILES = frozenset(
    {"traceback_utils.py", "dispatch.py", "deprecation.py", "weak_tensor_ops.py"}
)
_PASSING_FOLDER = f"{os.sep}autograph{os.sep}"
_OWN_FOLDER = str(Path(__file__).parent) + os.sep
_FOREIGN = ("site-packages", "dist-packages")


class _Owner(Enum):
    USER = "user"
    LIBRARY = "library"
    PASSING = "passing"
    GENERATED = "generated"


@dataclass(frozen=True)
class CallSite:
    """A line of the audited code, and the function of a library that it called.

    Attributes
    ----------
    file, line : str, int
        Where it is.
    called, called_in : str
        The called function's name, and its file; empty when that is not known.
    """

    file: str
    line: int
    called: str = ""
    called_in: str = ""


CALLING_BACK = "call_back"
"""Name of our own function that calls what TensorFlow calls back.

Its local ``site`` is a function that tells whose code that is. What lies further out on the
stack happens to wait for it, in this thread or another, and is not the line to change.
"""

_owners: dict[str, _Owner] = {}


def _owner(filename: str) -> _Owner:
    try:
        return _owners[filename]
    except KeyError:
        return _owners.setdefault(filename, _decide_owner(filename))


def _decide_owner(filename: str) -> _Owner:
    name = os.path.basename(filename)  # noqa: PTH119 (names such as <stdin> are no paths)
    if name.startswith("__autograph_generated_file"):
        return _Owner.GENERATED
    if filename.startswith(("<frozen", "<__array_function__")):
        return _Owner.PASSING
    if filename.startswith(_standard_library()) and not any(
        f"{os.sep}{part}{os.sep}" in filename for part in _FOREIGN
    ):
        return _Owner.PASSING
    if filename.startswith(_OWN_FOLDER):
        return _Owner.PASSING
    if filename.startswith(tuple(_library_folders())):
        passing = name in _PASSING_FILES or _PASSING_FOLDER in filename
        return _Owner.PASSING if passing else _Owner.LIBRARY
    return _Owner.USER


@functools.cache
def _standard_library() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return tuple({paths["stdlib"] + os.sep, paths["platstdlib"] + os.sep})


def _library_folders() -> list[str]:
    """Return the folders of the libraries that are loaded; an unloaded one has no frames."""
    modules = (sys.modules.get(name) for name in _LIBRARIES)
    files = (getattr(module, "__file__", None) for module in modules)
    return [str(Path(file).parent) + os.sep for file in files if file is not None]


def is_users(code: CodeType) -> bool:
    """Return whether `code` was written by whoever is audited."""
    return _owner(code.co_filename) is _Owner.USER


def call_site_on_stack() -> CallSite | None:
    """Return the innermost line of the audited code that led here; None when there is none."""
    return _innermost(sys._getframe(1))  # noqa: SLF001 (the only cheap way to a stack)


def call_site_of_thread(ident: int | None) -> CallSite | None:
    """Return where in the audited code another thread is, for what happens on its behalf."""
    frame = sys._current_frames().get(ident or 0)  # noqa: SLF001 (there is no other way)
    return None if frame is None else _innermost(frame)


def _innermost(frame: FrameType | None) -> CallSite | None:
    called: CodeType | None = None
    generated = False
    while frame is not None:
        owner = _owner(frame.f_code.co_filename)
        if owner is _Owner.USER:
            return _call_site(frame.f_code.co_filename, frame.f_lineno, called)
        if owner is _Owner.LIBRARY:
            called = frame.f_code
        elif _calls_back(frame.f_code):
            tell = frame.f_locals.get("site")
            if tell is not None:
                site: CallSite | None = tell()
                return site
        elif owner is _Owner.GENERATED and not generated:
            generated = True
            mapped = _mapped_back()
            if mapped is not None:
                return _call_site(*mapped, called)
        frame = frame.f_back
    return None


def _calls_back(code: CodeType) -> bool:
    return code.co_name == CALLING_BACK and code.co_filename.startswith(_OWN_FOLDER)


def _call_site(file: str, line: int, called: CodeType | None) -> CallSite:
    if called is None:
        return CallSite(file, line)
    return CallSite(file, line, called.co_name, called.co_filename)


def _mapped_back() -> tuple[str, int] | None:
    """Return the line of the user's that AutoGraph rewrote into the one that runs.

    TensorFlow keeps the maps for its own tracebacks and applies them to the stack it extracts.
    """
    tf_stack = sys.modules.get("tensorflow.python.util.tf_stack")
    if tf_stack is None:
        return None
    for frame in reversed(list(tf_stack.extract_stack())):
        if _owner(frame.filename) is _Owner.USER:
            return frame.filename, frame.lineno
    return None
