"""``sb.audit()``: a block in which the copies that TensorFlow code hides are found."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from types import TracebackType
from typing import final

from samebytes.auditing.callbacks import CALLBACKS
from samebytes.auditing.conversions import CONVERSIONS
from samebytes.auditing.copies import Copy
from samebytes.auditing.graph_rewriting import REWRITING
from samebytes.auditing.hooks import Hooks
from samebytes.auditing.recording import Recording, start_recording, stop_recording
from samebytes.auditing.text import as_text

__all__ = ["Audit", "audit"]

SCHEMA = "samebytes.audit/1"

_lock = threading.Lock()
_hooks = Hooks((*CONVERSIONS, *CALLBACKS, *REWRITING))


@final
class Audit:
    """What `audit` returns: a context manager that works once, and then holds what it found.

    Attributes
    ----------
    copies : tuple of Copy
        Largest first.
    bytes_copied : int
        Their sum. A copy that TensorFlow makes twice counts once, so it is at least this much.
    """

    def __init__(self) -> None:
        self._recording = Recording()
        self._entered = False

    def __enter__(self) -> Audit:
        """Start watching.

        Raises
        ------
        RuntimeError
            If this audit was entered before.
        """
        with _lock:
            if self._entered:
                message = (
                    "this audit has already been used; start a new one: with sb.audit() as found"
                )
                raise RuntimeError(message)
            self._entered = True
            if start_recording(self._recording):
                _hooks.install()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop watching; an exception that ended the block is passed on."""
        with _lock:
            if stop_recording(self._recording):
                _hooks.remove()

    @property
    def copies(self) -> tuple[Copy, ...]:
        """The copies found so far, largest first."""
        return self._recording.ledger.copies()

    @property
    def bytes_copied(self) -> int:
        """All bytes that were copied, each copy counted once."""
        return sum(copy.bytes for copy in self.copies)

    def to_json(self) -> str:
        """Return all results as JSON."""
        copies = self.copies
        facts = {
            "schema": SCHEMA,
            "bytes_copied": sum(copy.bytes for copy in copies),
            "copies": [asdict(copy) for copy in copies],
        }
        return json.dumps(facts, indent=2) + "\n"

    def to_html(self) -> str:
        """Return a self-contained HTML page: a bar for each line, and what to write instead.

        Raises
        ------
        MissingPackage
            If Jinja or Matplotlib is not installed.
        """
        from samebytes.auditing.page import AuditFacts, render_audit_html
        from samebytes.measure.machine import this_machine

        return render_audit_html(AuditFacts(self.copies, this_machine()))

    def __str__(self) -> str:
        """Return a paragraph for each copy: where, how much, and the line to write instead."""
        return as_text(self.copies)

    def __repr__(self) -> str:
        """Return the class, the number of copies and their total size."""
        return f"<Audit: {len(self.copies)} kinds of copies, {self.bytes_copied} bytes>"


def audit() -> Audit:
    """Return a context manager that finds the hidden copies in TensorFlow and Keras code.

    The code in the block runs unchanged, and all threads are watched. Copies are recognized by the
    address of the bytes, so arrays that are shared are not reported. TensorFlow need not be
    imported yet. Blocks nest, and each reports everything that happens while it is open. Copies
    below 4096 bytes, copies in other processes, and those that NumPy makes for itself are not
    reported.

    Returns
    -------
    Audit
        Print it, or read ``copies`` and ``bytes_copied``.

    Examples
    --------
    >>> import numpy as np
    >>> import samebytes as sb
    >>> import tensorflow as tf
    >>> x = np.ones((1000, 1000), "float32")
    >>> with sb.audit() as found:
    ...     t = tf.constant(x)
    >>> [copy.way for copy in found.copies], found.bytes_copied
    (['tf.constant'], 4000000)
    >>> x = sb.zeros((1000, 1000), "float32")
    >>> with sb.audit() as found:
    ...     t = tf.convert_to_tensor(x)
    >>> print(found)
    no copy of 4.1 kB or more
    """
    return Audit()
