"""Fair-value marks: techniques, what a mark has to say, when it is stale (IPEV guidelines, December 2025)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fundapp.core.errors import InvalidInputError
from fundapp.core.quarters import Quarter

TECHNIQUES: dict[str, tuple[str, str]] = {
    "recent_price": ("최근 투자 가격 조정", "Calibrated price of recent investment"),
    "multiples": ("시장 배수", "Market multiples"),
    "dcf": ("현금흐름 할인", "Discounted cash flows"),
    "net_assets": ("순자산", "Net assets"),
    "milestone": ("마일스톤 분석", "Milestone analysis"),
    "entry_price": ("취득 가격 (취득 분기)", "Price at entry"),
}
"""Code, and its name in Korean and English. The price at entry is evidence in the quarter of the entry only."""

INPUT_FIELDS = ("name", "entry", "now", "source")
_MOST_INPUTS = 30
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody proposes as a fair value.

    Attributes:
        technique: A key of `TECHNIQUES`.
        inputs: Rows `{name, entry, now, source}`: each assumption at entry and now.
        milestone_status: Cash burn and performance against plan.
        round_price_krw: Price of a round that is evidence; None without one.
        round_new_bp: Share of new investors in it, in basis points; 0 is a round of insiders.
        calibration_note: What the technique gives on the day of entry, and how it was fitted to the price paid.
        change_reason: Why the value changed, or why it did not.
    """

    fair_value_krw: int
    technique: str
    inputs: tuple[Mapping[str, str], ...]
    milestone_status: str
    calibration_note: str
    change_reason: str = ""
    round_price_krw: int | None = None
    round_new_bp: int | None = None


def check_mark(
    mark: Mark, *, quarter: Quarter, entered: Quarter, history: Sequence[tuple[Quarter, int]]
) -> tuple[int | None, tuple[dict[str, str], ...]]:
    """Check a mark and return its difference from the last earlier one, and its inputs in order.

    Args:
        mark: The mark.
        quarter: Which it is for.
        entered: Quarter of the first payment.
        history: Quarter and value of the approved marks of earlier quarters, in order.

    Raises:
        InvalidInputError: for an unknown technique, cost used after entry, missing inputs or calibration, or a change
            (or a value that stands for the second quarter) without its reason.
    """
    if mark.fair_value_krw < 0:
        raise _wrong("fair_value_krw", "0 이상이어야 합니다", "must not be below zero")
    if mark.technique not in TECHNIQUES:
        raise _wrong("technique", "평가 방법을 골라 주세요", "choose a technique")
    if mark.technique == "entry_price" and quarter != entered:
        raise _wrong(
            "technique", f"취득 가격은 취득한 분기({entered})에만 근거가 됩니다", f"evidence only at entry, {entered}"
        )
    inputs = _clean_inputs(mark.inputs)
    if not inputs and mark.technique != "entry_price":
        raise _wrong("inputs", "취득 때와 지금의 가정을 한 줄 이상 적어 주세요", "at least one input, at entry and now")
    if not mark.calibration_note.strip():
        raise _wrong("calibration_note", "보정 근거를 적어 주세요", "say how it was calibrated")
    if mark.technique == "milestone" and not mark.milestone_status.strip():
        raise _wrong("milestone_status", "이정표 상황을 적어 주세요", "say how the milestones stand")
    if mark.technique == "recent_price" and not mark.round_price_krw:
        raise _wrong("round_price_krw", "근거가 되는 투자 가격을 적어 주세요", "the price of the round is needed")
    change = mark.fair_value_krw - history[-1][1] if history else None
    if change and not mark.change_reason.strip():
        raise _wrong(
            "change_reason", f"지난 평가와 {change:+,}원 다릅니다. 이유를 적어 주세요", f"{change:+,} won: say why"
        )
    if stands_still([*history, (quarter, mark.fair_value_krw)]) and not mark.change_reason.strip():
        raise _wrong(
            "change_reason", "두 분기째 같은 값입니다. 그대로 두는 이유를 적어 주세요", "unchanged twice: say why"
        )
    return change, inputs


def stands_still(history: Sequence[tuple[Quarter, int]]) -> bool:
    """Say whether the last mark repeats the value of the two quarters before it.

    "Unchanged for two quarters" is a value that neither of the last two quarter ends has moved.

    Args:
        history: Quarter and value, one for each quarter, in order.
    """
    last = history[-3:]
    return len(last) == 3 and len({value for _, value in last}) == 1  # noqa: PLR2004 - a value and two repeats


def _clean_inputs(rows: Sequence[Mapping[str, str]]) -> tuple[dict[str, str], ...]:
    cleaned = []
    for row in rows:
        cells = {field: str(row.get(field, "")).strip() for field in INPUT_FIELDS}
        if not any(cells.values()):
            continue
        if not all(cells.values()) or any(len(cell) > _LONGEST for cell in cells.values()):
            raise _wrong(
                "inputs", "가정마다 이름, 취득 때, 지금, 출처가 모두 필요합니다", "name, entry, now and source"
            )
        cleaned.append(cells)
    if len(cleaned) > _MOST_INPUTS:
        raise _wrong("inputs", "가정이 너무 많습니다", "too many inputs")
    return tuple(cleaned)


def _wrong(field: str, ko: str, en: str) -> InvalidInputError:
    return InvalidInputError(field=field, reason_ko=ko, reason_en=en)
