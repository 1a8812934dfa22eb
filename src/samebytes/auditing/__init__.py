"""The copies that TensorFlow code hides, found while it runs, and the lines to write instead."""

from samebytes.auditing.context import Audit, audit
from samebytes.auditing.copies import Copy, Kind

__all__ = ["Audit", "Copy", "Kind", "audit"]
