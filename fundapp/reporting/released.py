"""What holdings gave back, as flows and marks of a report."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from fundapp.portfolio.queries import Release
from reports import carried_value
from reports import rows as out

Status = Literal["active", "partly_realised", "realised", "written_off"]


def release_flows(releases: Iterable[Release], equity: Collection[str]) -> list[out.Flow]:
    """Return proceeds by the kind of capital that had bought them, with the cost given up; a write-off brings nothing.

    Args:
        releases: In order of effect.
        equity: Awards that the fund holds something for; what comes back of others is support given back.
    """
    flows = []
    for one in releases:
        if one.award not in equity:
            amount = one.cash_krw + one.in_kind_krw
            flows.append(out.Flow(one.effective_on, "support", -amount, "cash", one.key, company=one.award))
            continue
        parts: tuple[tuple[out.Basis, int, int], ...] = (
            ("cash", one.cash_krw, one.cash_cost_krw),
            ("in_kind", one.in_kind_krw, one.in_kind_cost_krw),
        )
        flows += [
            out.Flow(one.effective_on, "proceeds", amount, basis, one.key, company=one.award, cost_krw=cost)
            for basis, amount, cost in parts
            if amount or cost
        ]
    return flows


def release_marks(rows: out.ReportRows, releases: Sequence[Release]) -> list[out.Valuation]:
    """Return what is carried after each release of cost: the part given up takes its part of the value with it.

    A reversal gives it back. A mark that somebody approved for the same day stands for the end of that day.
    """
    approved = {(mark.company, mark.as_of) for mark in rows.marks}
    made: dict[tuple[str, object], out.Valuation] = {}
    taken: dict[str, tuple[int, int]] = {}
    later = {one.key for one in releases}
    for one in releases:
        later.discard(one.key)
        if not one.cash_cost_krw:
            continue
        known = dataclasses.replace(
            rows,
            flows=tuple(f for f in rows.flows if f.company == one.award and f.reference not in {*later, one.key}),
            marks=(*(mark for mark in rows.marks if mark.company == one.award), *made.values()),
        )
        cash = carried_value(known, one.award, "cash", one.effective_on)
        in_kind = carried_value(known, one.award, "in_kind", one.effective_on)
        if one.reverses is None:
            taken[one.key] = (int(cash * one.part), int(in_kind * one.part))
            lost = taken[one.key]
        else:
            back = taken[one.reverses]
            lost = (-back[0], -back[1])
        if (one.award, one.effective_on) in approved:
            continue
        made[one.award, one.effective_on] = out.Valuation(
            company=one.award,
            as_of=one.effective_on,
            fair_value_cash_krw=cash - lost[0],
            fair_value_in_kind_krw=in_kind - lost[1],
            technique="직전 평가에서 회수분 차감",
            reason="회수, 손실 처리 또는 그 정정",
            reference=one.key,
        )
    return list(made.values())


def holding_state(releases: Sequence[Release], award: str, cost_krw: int) -> tuple[Status, int]:
    """Return an award's status in the schedule of investments, and the proceeds it brought in won.

    Args:
        releases: Of all awards.
        award: Its number.
        cost_krw: Cash ever paid for it.

    Returns:
        `active`, `partly_realised`, `realised` or `written_off`, and won.
    """
    own = [one for one in releases if one.award == award]
    proceeds = sum(one.cash_krw + one.in_kind_krw for one in own)
    given = sum(one.cash_cost_krw for one in own)
    brought = sum(one.cash_cost_krw for one in own if one.cash_krw or one.in_kind_krw)
    if cost_krw and given >= cost_krw:
        return ("realised" if brought else "written_off"), proceeds
    return ("partly_realised" if brought else "active"), proceeds
