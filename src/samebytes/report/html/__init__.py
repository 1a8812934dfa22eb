"""What was found as one HTML file that opens anywhere: no network, no script, nothing beside it."""

from samebytes.report.html.audit import Audited, render_audit_html
from samebytes.report.html.benchmark import render_benchmark_html
from samebytes.report.html.comparison import render_comparison_html
from samebytes.report.html.page import check_packages

__all__ = [
    "Audited",
    "check_packages",
    "render_audit_html",
    "render_benchmark_html",
    "render_comparison_html",
]
