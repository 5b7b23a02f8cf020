"""Findings -> one self-contained HTML file."""

from rnnscope.report.limits import MOST_BYTES
from rnnscope.report.write import write_report

__all__ = ["MOST_BYTES", "write_report"]
