"""The result of one story as two files: report.json for machines, report.html for people."""

from __future__ import annotations

from demo.report.line_up import with_line_up
from demo.report.model import Arm, LeakReport, SeenMatrix, seen_matrices
from demo.report.write import write_report

__all__ = ["Arm", "LeakReport", "SeenMatrix", "seen_matrices", "with_line_up", "write_report"]
