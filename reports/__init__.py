"""Quarterly reports of the fund as a library: frozen rows in; figures, charts, PDF, workbook and data out.

It knows no database, no web and no clock. `build` writes the files; `preview` gives the page the same sections and
charts; `carried_value` tells what a holding stands at, so that the schedule of investments agrees with the bridge.
"""

from reports.build import BuiltReport, Preview, build, preview
from reports.metrics import BridgeDoesNotTie, carried_value
from reports.rows import ReportRows, RowsInconsistent, inputs_sha256

__all__ = [
    "BridgeDoesNotTie",
    "BuiltReport",
    "Preview",
    "ReportRows",
    "RowsInconsistent",
    "build",
    "carried_value",
    "inputs_sha256",
    "preview",
]
