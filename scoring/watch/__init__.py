"""Watching a score that is in use: drift, calibration, leniency, selection, agreement. Pure functions of plain rows."""

from scoring.watch.agreement import Agreement, Disagreement, measure_agreement
from scoring.watch.calibration import CalibrationTable, tabulate_calibration
from scoring.watch.drift import Drift, measure_drift
from scoring.watch.leniency import Leniency, ReviewerLeniency, estimate_leniency
from scoring.watch.selection import GroupRate, SelectionRatios, compare_selection

__all__ = [
    "Agreement",
    "CalibrationTable",
    "Disagreement",
    "Drift",
    "GroupRate",
    "Leniency",
    "ReviewerLeniency",
    "SelectionRatios",
    "compare_selection",
    "estimate_leniency",
    "measure_agreement",
    "measure_drift",
    "tabulate_calibration",
]
