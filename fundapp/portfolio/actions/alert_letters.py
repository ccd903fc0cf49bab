"""The letter that tells people of alerts: Korean first, English below; one line a grant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fundapp.core.quantities import HOUR
from fundapp.portfolio.queries.grant_figures import GrantFigures
from fundapp.portfolio.rules.forecast import CRITICAL


@dataclass(frozen=True, slots=True)
class Line:
    """One alert as a letter tells it."""

    award: str
    company: str
    figures: GrantFigures
    kind: str
    severity: str


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject and text."""

    subject: str
    body: str


def write_letter(lines: Sequence[Line]) -> Letter:
    """Write one letter over all its alerts, the grave ones first."""
    ordered = sorted(lines, key=lambda line: (line.severity != CRITICAL, line.award, line.figures.quarter, line.kind))
    grave = sum(line.severity == CRITICAL for line in ordered)
    subject = f"AX 전략펀드: GPU 배정 알림 {len(ordered)}건" + (f" (긴급 {grave}건)" if grave else "")
    korean = [
        "GPU 배정의 지금 속도와 예상으로 알립니다. 화면에서 그래프와 사용 내역을 볼 수 있습니다.",
        "",
        *(_korean(line) for line in ordered),
    ]
    english = [
        "",
        "GPU grants that need attention, by pace and projection:",
        "",
        *(_english(line) for line in ordered),
    ]
    return Letter(subject, "\n".join([*korean, *english]))


def _hours(value_e4: int) -> str:
    return f"{(value_e4 + HOUR // 2) // HOUR:,}"


def _korean(line: Line) -> str:
    one = line.figures
    mark = "[긴급]" if line.severity == CRITICAL else "[주의]"
    return f"{mark} {line.company} {line.award} {one.sku.upper()} {one.quarter}: {_said_ko(line.kind, one)}"


def _english(line: Line) -> str:
    one = line.figures
    mark = "[urgent]" if line.severity == CRITICAL else "[warning]"
    return f"{mark} {line.company} {line.award} {one.sku.upper()} {one.quarter}: {_said_en(line.kind, one)}"


def _early(one: GrantFigures) -> tuple[int, date | None]:
    on = one.forecast.exhausted_on
    return ((one.standing.usable_until - on).days if on else 0), on


def _said_ko(kind: str, one: GrantFigures) -> str:
    days, on = _early(one)
    return {
        "runs_out": f"만료 {days}일 전에 바닥납니다. 하루 {_hours(one.pace.daily_e4)}시간이면 {on}에 소진됩니다.",
        "lapse": f"{_hours(one.forecast.at_risk_e4)}시간이 {one.standing.usable_until}에 소멸할 수 있습니다.",
        "idle": f"최근 {one.pace.days}일 동안 쓰지 않았습니다. {_hours(one.standing.remaining_e4)}시간이 남았습니다.",
        "over": f"배정보다 {_hours(one.standing.overage_e4)}시간을 더 썼습니다.",
        "gpu_idle": "청구된 GPU가 일하지 않고 있습니다. 사용률을 확인해 주세요.",
    }[kind]


def _said_en(kind: str, one: GrantFigures) -> str:
    days, on = _early(one)
    return {
        "runs_out": f"runs out {days} days early; at {_hours(one.pace.daily_e4)} hours a day nothing is left on {on}.",
        "lapse": f"{_hours(one.forecast.at_risk_e4)} hours may lapse unused on {one.standing.usable_until}.",
        "idle": f"no use in {one.pace.days} days; {_hours(one.standing.remaining_e4)} hours are left.",
        "over": f"{_hours(one.standing.overage_e4)} hours were used beyond the grant.",
        "gpu_idle": "GPUs are billed but do not work; please check their utilisation.",
    }[kind]
