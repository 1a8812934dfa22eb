"""The copies that TensorFlow code hides: found while it runs, each with the line to write instead."""

from samebytes.report.audit.auditing import Audit, audit
from samebytes.report.audit.copies import Copy, Kind

__all__ = ["Audit", "Copy", "Kind", "audit"]
