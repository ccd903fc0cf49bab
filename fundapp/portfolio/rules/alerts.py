"""Which alerts a grant calls for, and when people are told again."""

from __future__ import annotations

from dataclasses import dataclass

from fundapp.portfolio.rules.forecast import (
    CRITICAL,
    IDLE,
    OVER,
    RUNS_OUT,
    SEVERITIES,
    WARNING,
    WILL_LAPSE,
    Forecast,
)

KIND_OF_VERDICT = {RUNS_OUT: "runs_out", WILL_LAPSE: "lapse", IDLE: "idle", OVER: "over"}
GPU_IDLE = "gpu_idle"
GPU_IDLE_DAYS = 7
"""Idle GPUs are judged over so many days, so that one quiet Sunday calls nobody."""
GPU_IDLE_PERMILLE = 100
"""Share of the billed hours that must have stood idle."""
GRAVE_GPU_IDLE_PERMILLE = 500
_PERMILLE = 1000


@dataclass(frozen=True, slots=True)
class Called:
    """An alert that a grant calls for now."""

    kind: str
    severity: str


def call_alerts(forecast: Forecast, *, idle_e4: int, billed_e4: int) -> tuple[Called, ...]:
    """Return the alerts that a forecast and a week's idle hours call for.

    Args:
        forecast: What becomes of the grant.
        idle_e4: GPU-hours that were billed and did not work in the last week, seen by a meter.
        billed_e4: GPU-hours billed on the same days.
    """
    called = []
    kind = KIND_OF_VERDICT.get(forecast.verdict)
    if kind is not None:
        called.append(Called(kind, forecast.severity))
    if billed_e4 > 0 and idle_e4 * _PERMILLE >= billed_e4 * GPU_IDLE_PERMILLE:
        grave = idle_e4 * _PERMILLE >= billed_e4 * GRAVE_GPU_IDLE_PERMILLE
        called.append(Called(GPU_IDLE, CRITICAL if grave else WARNING))
    return tuple(called)


def is_worse(severity: str, than: str | None) -> bool:
    """Return whether a severity is above another; above none is every severity."""
    return than is None or SEVERITIES.index(severity) > SEVERITIES.index(than)


def idle_hours(idle_e4: int, billed_e4: int) -> int:
    """Return the idle hours of a day that were paid for: a machine that nobody bills is nobody's waste."""
    return min(max(0, idle_e4), max(0, billed_e4))
