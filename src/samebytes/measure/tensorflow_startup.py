"""TensorFlow started on the processor alone, without what it prints about itself."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from samebytes.share.frameworks import import_tensorflow

__all__ = ["hide_accelerators", "import_quietly", "silence_tensorflow"]


def silence_tensorflow() -> None:
    """Ask TensorFlow for errors only, unless the environment asks for something else."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def hide_accelerators() -> None:
    """Let TensorFlow see the processor only: what is measured here is host memory."""
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"


def import_quietly() -> Any:
    """Return the tensorflow module, ready for use; its greetings are shown only if it fails."""
    silence_tensorflow()
    with _held_back():
        tensorflow = import_tensorflow()
        tensorflow.zeros(())
    return tensorflow


@contextmanager
def _held_back() -> Iterator[None]:
    """Hold back what is written to standard error, below Python; show it after an error.

    TensorFlow's libraries write some lines before they read any log level, straight to the
    descriptor.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with tempfile.TemporaryFile() as drawer:
            os.dup2(drawer.fileno(), 2)
            try:
                yield
            except BaseException:
                drawer.seek(0)
                os.write(kept, drawer.read())
                raise
            finally:
                os.dup2(kept, 2)
    finally:
        os.close(kept)
