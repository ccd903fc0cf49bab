"""Drawing what is watched about scores: coordinates are worked out here, templates only print them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fundapp.screening.watching import Watch
from fundapp.web.shell.formats import difference
from fundapp.web.shell.language import gettext, pick

LEFT, RIGHT, TOP, BOTTOM = 40, 400, 12, 212
_ROW = 30
_NAMED = 110
_LEAST_CHANCE = 0.0005
_WIDEST = 2.0
"""Leniency is drawn to two rating points either way; whoever lies beyond stands at the edge."""

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class CalibrationPlot:
    """Predicted against what came true; on the dotted line both are the same."""

    finding: str
    line: str
    dots: tuple[Place, ...]
    ticks: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class LeniencyRow:
    """One reviewer: name, ratings, leniency in rating points, where the dot lies and its 95 % interval."""

    name: str
    ratings: int
    leniency: float
    y: str
    text_y: str
    x: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class LeniencyPlot:
    """All reviewers under one another; the upright line is the mean of their circle."""

    finding: str
    height: int
    zero: str
    rows: tuple[LeniencyRow, ...]


@dataclass(frozen=True, slots=True)
class DriftPlot:
    """Shares by bin: before and now side by side, as x, y, width and height; labels stand where bins meet."""

    finding: str
    before: tuple[tuple[str, str, str, str], ...]
    now: tuple[tuple[str, str, str, str], ...]
    labels: tuple[tuple[str, str], ...]
    ticks: tuple[tuple[str, str], ...]


def criterion_words() -> Mapping[str, str]:
    """Return what pages call the columns that drift is measured of."""
    return {
        "total": gettext("규칙 총점"),
        "spc_fit": gettext("SPC 기술 적합성"),
        "korean_ai_fit": gettext("한국적 AI 적합성"),
        "regulated_demand": gettext("규제 산업 수요"),
        "compliance": gettext("보안·규제 준수"),
        "gpu_case": gettext("GPU 활용 계획"),
        "traction": gettext("사업 성과"),
        "team": gettext("팀"),
        "text_fit": gettext("서술 적합성"),
    }


def group_words() -> Mapping[str, str]:
    """Return what pages call groups; regions are called as the form calls them."""
    return {
        "company_class": gettext("기업 규모"),
        "region": gettext("지역"),
        "startup": gettext("창업기업"),
        "sme": gettext("중소기업"),
        "midsize": gettext("중견기업"),
        "large": gettext("대기업"),
        "–": gettext("모름"),
    }


def check_reason(check: Mapping[str, Any]) -> str:
    """Write a check's reason as pages speak: without the key that its name says already, groups by their words."""
    text = pick(check["reason"], check["reason_en"])
    kind, _, part = check["key"].partition(":")
    text = text.removeprefix(f"{part}: ") if part else text
    if kind == "group":
        for key, word in group_words().items():
            text = text.replace(f" {key} ", f" {word} ").replace(f"({key})", f"({word})")
    return text


def small_chance(p_value: float) -> str:
    """Write a p-value; one that three decimals would call nothing is said to be below them."""
    return f"{p_value:.3f}" if p_value >= _LEAST_CHANCE else "< 0.001"


def draw_calibration(watch: Watch) -> CalibrationPlot | None:
    """Draw whether probabilities came true, if a model serves and enough of its scores have labels."""
    table = watch.calibration
    if table is None:
        return None
    dots = tuple((_across(one.predicted), _down(one.observed)) for one in table.bins)
    finding = gettext(
        "라벨 %(rows)s건에서 예측 확률과 실제 적합 비율의 평균 차이 %(error)s",
        rows=table.rows,
        error=f"{table.error:.3f}",
    )
    ticks = tuple((_across(share), _down(share), f"{share:.1f}") for share in (0.0, 0.5, 1.0))
    return CalibrationPlot(finding, "M" + "L".join(f"{x} {y}" for x, y in dots), dots, ticks)


def draw_leniency(watch: Watch) -> LeniencyPlot | None:
    """Draw how much above or below their colleagues reviewers rate, most lenient first."""
    if watch.leniency is None:
        return None
    rows = []
    ordered = sorted(watch.leniency.reviewers, key=lambda one: (-one.leniency, one.reviewer))
    for place, one in enumerate(ordered):
        half = 1.96 * (one.error or 0.0)
        y = _ROW * place + _ROW / 2
        rows.append(
            LeniencyRow(
                name=one.reviewer.split("\0")[0],
                ratings=one.ratings,
                leniency=one.leniency,
                y=f"{y:.1f}",
                text_y=f"{y + 4:.1f}",
                x=_sideways(one.leniency),
                low=_sideways(one.leniency - half),
                high=_sideways(one.leniency + half),
            )
        )
    finding = gettext(
        "심사위원 %(n)s명, 가장 너그러운 위원 %(high)s점, 가장 엄격한 위원 %(low)s점",
        n=len(rows),
        high=difference(rows[0].leniency),
        low=difference(rows[-1].leniency),
    )
    return LeniencyPlot(finding, _ROW * len(rows), _sideways(0.0), tuple(rows))


def draw_drift(watch: Watch) -> DriftPlot | None:
    """Draw the rule totals of the newest call beside those of the calls before it."""
    drift = next((one for one in watch.drift if one.name == "total"), None)
    if drift is None:
        return None
    bins: list[Any] = [one for one in drift.bins if one.before or one.now]
    shares = [(one.before / drift.rows_before, one.now / drift.rows_now) for one in bins]
    most = max(max(pair) for pair in shares)
    wide = (RIGHT - LEFT) / len(bins)
    bars: tuple[list[tuple[str, str, str, str]], ...] = ([], [])
    for place, pair in enumerate(shares):
        for side, share in enumerate(pair):
            tall = (BOTTOM - TOP) * share / most
            x = LEFT + wide * place + wide * (0.1 + 0.4 * side)
            bars[side].append((f"{x:.1f}", f"{BOTTOM - tall:.1f}", f"{wide * 0.38:.1f}", f"{tall:.1f}"))
    # A bin is named by its lower end, on its left edge; the lowest has none.
    labels = tuple(
        (f"{LEFT + wide * place:.1f}", f"{round(float(low), 1):g}")
        for place, one in enumerate(bins)
        if (low := one.label.partition("–")[0])
    )
    ticks = tuple((f"{BOTTOM - (BOTTOM - TOP) * part:.1f}", f"{100 * most * part:.0f}%") for part in (0.0, 0.5, 1.0))
    said = (
        gettext("움직임")
        if drift.moved
        else gettext("우연으로 볼 수 있음")
        if drift.enough
        else gettext("행이 적어 판단하지 않음")
    )
    finding = gettext(
        "규칙 총점 분포: 안정 지수 %(index)s, p %(p)s, %(said)s",
        index=f"{drift.index:.3f}", p=small_chance(drift.p_value), said=said,
    )  # fmt: skip
    return DriftPlot(finding, tuple(bars[0]), tuple(bars[1]), labels, ticks)


def _across(share: float) -> str:
    return f"{LEFT + (RIGHT - LEFT) * share:.1f}"


def _down(share: float) -> str:
    return f"{BOTTOM - (BOTTOM - TOP) * share:.1f}"


def _sideways(points: float) -> str:
    held = max(-_WIDEST, min(_WIDEST, points))
    return f"{_NAMED + (RIGHT - _NAMED) * (held + _WIDEST) / (2 * _WIDEST):.1f}"
