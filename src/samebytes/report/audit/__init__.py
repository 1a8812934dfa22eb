"""The copies that TensorFlow code hides, found while it runs, and the lines to write instead."""

from samebytes.report.audit.auditing import Audit, audit
from samebytes.report.audit.copies import Copy, Kind

__all__ = ["Audit", "Copy", "Kind", "audit"]
