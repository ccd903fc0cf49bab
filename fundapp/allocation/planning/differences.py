"""What has changed in the record since a plan was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from fundapp.core.errors import FundError


class PlanStaleError(FundError):
    """The record is not what the plan was made for any more."""

    code = "plan_stale"
    ko = "배정안을 만든 뒤 바뀐 것이 있습니다. 다시 계산하세요: {changes_ko}"
    en = "Something has changed since the plan was made; plan again: {changes_en}"


def differences(planned: Mapping[str, Any], current: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name what differs between two instances as JSON, in Korean and English; empty when nothing does."""
    found: list[tuple[str, str]] = []
    then, now = (_by_slot(document["capacities"]) for document in (planned, current))
    for slot in sorted(then.keys() | now.keys()):
        if then.get(slot) != now.get(slot):
            before, after = then.get(slot, (0, 0)), now.get(slot, (0, 0))
            if before[0] != after[0]:
                found.append(_change(f"{slot} 남은 시간", f"{slot} free hours", before[0], after[0]))
            if before[1] != after[1]:
                found.append(_change(f"{slot} 단가", f"{slot} rate", before[1], after[1]))
    for name, before in sorted(planned["terms"].items()):
        if name in _SCALES:
            continue  # they follow from hours, rates and budget, which are named by themselves
        after = current["terms"].get(name)
        if before != after:
            ko, en = _TERMS.get(name, (name, name))
            found.append(_change(ko, en, before, after, permille=name.endswith("_permille")))
    if planned.get("commitments", []) != current["commitments"]:
        found.append(("앞선 협약의 GPU시간이 바뀜", "what earlier awards hold has changed"))
    return found + _applicant_differences(planned["applicants"], current["applicants"])


_TERMS = {
    "budget_krw": ("현금 여력", "cash headroom"),
    "alpha_permille": ("GPU 비중", "weight of GPU value"),
    "second_half_weight_permille": ("신청 절반 뒤의 비중", "weight beyond half a request"),
    "fairness_permille": ("고른 배정", "fairness"),
    "sector_cap_permille": ("한 업종 상한", "sector cap"),
    "sme_floor_permille": ("중소기업 최소", "floor for small companies"),
    "non_capital_floor_permille": ("비수도권 최소", "floor for companies outside the capital region"),
    "own_cap_permille": ("기업당 상한", "cap for one applicant"),
    "quotas": ("비중 조건", "quotas"),
    "reserve_permille": ("예비량", "reserve"),
    "block_hours": ("블록 크기", "block size"),
    "joint": ("현금·GPU 동시 조건", "cash and GPU time together"),
    "codev_days": ("공동 개발 일수", "co-development days"),
}
_SCALES = frozenset({"gpu_scale_krw", "cash_scale_krw"})


def _change(ko: str, en: str, before: object, after: object, *, permille: bool = False) -> tuple[str, str]:
    """Return a change of a figure, or that something which is none has changed."""
    if not (_is_figure(before) and _is_figure(after)):
        return f"{ko} 바뀜", f"{en} changed"
    shown = [f"{Decimal(str(one)) / 10:,f}%" if permille else f"{one:,}" for one in (before, after)]
    return f"{ko} {' → '.join(shown)}", f"{en} {' → '.join(shown)}"


def _is_figure(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _by_slot(capacities: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    return {f"{pool['sku'].upper()} {pool['quarter']}": (pool["hours"], pool["rate_krw"]) for pool in capacities}


def _applicant_differences(
    planned: Sequence[Mapping[str, Any]], current: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str]]:
    then, now = ({applicant["code"]: applicant for applicant in side} for side in (planned, current))
    found: list[tuple[str, str]] = []
    for code in sorted(then.keys() | now.keys()):
        if code not in now:
            found.append((f"{code} 배정 대상에서 빠짐", f"{code} is no longer a candidate"))
        elif code not in then:
            found.append((f"{code} 새 배정 대상", f"{code} is a new candidate"))
        elif then[code]["score_tenths"] != now[code]["score_tenths"]:
            before, after = (Decimal(side[code]["score_tenths"]).scaleb(-1) for side in (then, now))
            found.append(_change(f"{code} 점수", f"{code} score", before, after))
        elif then[code] != now[code]:
            found.append((f"{code} 신청 내용이 바뀜", f"{code} changed its request"))
    return found
