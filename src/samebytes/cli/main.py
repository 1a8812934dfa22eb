"""The entry point, which can say that the packages of the ``cli`` extra are missing."""

from __future__ import annotations

import sys

from samebytes.errors import SamebytesError
from samebytes.measure.tensorflow_startup import silence_tensorflow

__all__ = ["main"]

_PACKAGES = frozenset({"click", "rich", "typer"})


def main() -> None:
    """Run the command line, and turn what went wrong into one message and an exit code.

    The code is 1 for anything wrong with a file or the machine, 2 for anything wrong with
    what was typed, or with the installation.
    """
    silence_tensorflow()
    try:
        from samebytes.cli.commands import app
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _PACKAGES:
            raise
        sys.stderr.write(
            f"samebytes: the command line needs {missing.name}; pip install 'samebytes[cli]'\n"
        )
        sys.exit(2)
    try:
        app()
    except SamebytesError as error:
        sys.stderr.write(f"samebytes: {error}\n")
        sys.exit(1)
    except OSError as error:
        sys.stderr.write(f"samebytes: {_in_words(error)}\n")
        sys.exit(1)


def _in_words(error: OSError) -> str:
    if error.filename is None or error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}"


if __name__ == "__main__":
    main()
