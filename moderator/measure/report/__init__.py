"""The report of a meeting: one self-contained HTML page."""

from moderator.measure.report.page import write_report

__all__ = ["write_report"]
