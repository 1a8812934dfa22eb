"""A script run as Python would run it, with an audit around it."""

from __future__ import annotations

import os
import runpy
import sys
import types
from collections.abc import Sequence
from pathlib import Path

from samebytes.auditing.context import Audit

__all__ = ["run_script"]


def run_script(script: Path, arguments: Sequence[str], audit: Audit) -> int:
    """Run `script` as ``__main__`` inside `audit`, and return the exit code Python would give.

    An exception is shown as Python shows it, from the script's own first line on, and becomes
    the code 1; nothing of it is lost, but what was found until then can still be told.

    Parameters
    ----------
    script : Path
        A Python file.
    arguments : sequence of str
        What it shall find in ``sys.argv`` after its name.
    audit : Audit
        Not entered yet.
    """
    name = os.fspath(script)
    sys.argv = [name, *arguments]
    sys.path[0] = str(script.resolve().parent)
    try:
        with audit:
            runpy.run_path(name, run_name="__main__")
    except SystemExit as end:
        return _code_of(end)
    except KeyboardInterrupt as error:
        _show(error, name)
        return 130
    except Exception as error:  # noqa: BLE001 (whatever it is, it is shown)
        _show(error, name)
        return 1
    return 0


def _code_of(end: SystemExit) -> int:
    """Return the exit code that Python makes of ``sys.exit(...)``, after saying what it says."""
    if end.code is None:
        return 0
    if isinstance(end.code, int):
        return end.code
    sys.stderr.write(f"{end.code}\n")
    return 1


def _show(error: BaseException, script: str) -> None:
    """Show `error` through the hook Python has for it, without the frames that ran the script."""
    traceback: types.TracebackType | None = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename != script:
        traceback = traceback.tb_next
    # A syntax error of the script has no frame of the script's.
    sys.excepthook(type(error), error.with_traceback(traceback), traceback)
