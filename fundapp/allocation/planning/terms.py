"""The terms of a plan, read from the call's document: every word of it is known, or the call is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.allocation.planning.stocks import cash_sources
from fundapp.allocation.rules import FULL_SCORE_TENTHS, PERMILLE, Direction, Joint, Quota, Terms
from fundapp.committee.queries.ballot_state import stands
from fundapp.committee.tables import Ballot, Decision
from fundapp.core.errors import InvalidInputError
from fundapp.core.quarters import Quarter
from fundapp.intake.tables import Application, Call

_OBJECTIVE = frozenset(
    {"alpha_permille", "second_half_weight_permille", "minimum_viable_permille", "fairness_permille"}
)
_SHARES = frozenset(
    {
        "sector_cap_permille",
        "sme_floor_permille",
        "non_capital_floor_permille",
        "own_cap_permille",
        "capital_regions",
        "groups",
    }
)
_GROUP = frozenset({"tag", "answered", "at_least_permille", "at_most_permille"})
_ALLOCATION = frozenset({"joint", "block_hours", "reserve_permille", "score_band_tenths"})
_CODEVELOPMENT = frozenset({"days", "days_by_answer"})
_DIRECTIONS: Mapping[str, Direction] = {"at_least_permille": "at_least", "at_most_permille": "at_most"}
_JOINTS = frozenset({"both", "gpu_needs_cash", "either"})
_MOST_BLOCK, _MOST_DAYS = 100_000, 100_000
#: Tenths of a point to either side of a score that only one judge gave, in a call that says nothing of it.
LONE_BAND = 50


@dataclass(frozen=True, slots=True)
class Group:
    """Companies that a quota counts: those that answered one of the call's questions.

    Attributes:
        tag: Its name in the plan.
        answered: Key of the question.
        quotas: Floor, cap, or both.
    """

    tag: str
    answered: str
    quotas: tuple[Quota, ...]


@dataclass(frozen=True, slots=True)
class CallTerms:
    """What a call's document says about plans.

    Attributes:
        minimum_permille: The least part of a request that is of use.
        capital_regions: Regions that the floor for companies outside them does not count.
        groups: Further groups with a quota.
        codev_days: Days that the delivery centre has, by quarter.
        days_by_answer: Days that a company takes of it which answered the question.
        lone_band_tenths: Tenths of a point to either side of a score of which nothing else says how sure it is.
    """

    minimum_permille: int
    capital_regions: tuple[str, ...]
    groups: tuple[Group, ...]
    codev_days: Mapping[str, int]
    days_by_answer: Mapping[str, int]
    lone_band_tenths: int


def read_call_terms(document: Mapping[str, Any]) -> CallTerms:
    """Read what a document says about plans, but for the budget.

    Raises:
        InvalidInputError: if a term is unknown or out of range, naming it.
    """
    objective, shares = _table(document, "objective", _OBJECTIVE), _table(document, "shares", _SHARES)
    codev = _table(document, "codevelopment", _CODEVELOPMENT)
    allocation = _table(document, "allocation", _ALLOCATION)
    days = {quarter: _whole(codev["days"], quarter, 0, 0, _MOST_DAYS) for quarter in codev.get("days", {})}
    for quarter in days:
        _require_quarter(quarter)
    by_answer = codev.get("days_by_answer", {})
    return CallTerms(
        minimum_permille=_permille(objective, "minimum_viable_permille", 0),
        capital_regions=tuple(shares.get("capital_regions", ())),
        groups=tuple(_groups(shares.get("groups", ()))),
        codev_days=days,
        days_by_answer={key: _whole(by_answer, key, 0, 0, _MOST_DAYS) for key in by_answer},
        lone_band_tenths=_whole(allocation, "score_band_tenths", LONE_BAND, 0, FULL_SCORE_TENTHS),
    )


def read_terms(session: Session, call: Call) -> Terms:
    """Return the terms of a plan for a call, with the cash that there is for it now.

    Raises:
        InvalidInputError: as `read_call_terms`.
    """
    known = read_call_terms(call.document)
    objective, shares = call.document.get("objective", {}), call.document.get("shares", {})
    allocation = call.document.get("allocation", {})
    joint = allocation.get("joint", "both")
    if joint not in _JOINTS:
        raise _wrong(
            "joint", "both, gpu_needs_cash, either 가운데 하나여야 합니다", "must be both, gpu_needs_cash or either"
        )
    return Terms(
        budget_krw=_budget(session, call),
        alpha_permille=_permille(objective, "alpha_permille", 500),
        sector_cap_permille=_permille(shares, "sector_cap_permille", PERMILLE),
        sme_floor_permille=_permille(shares, "sme_floor_permille", 0),
        non_capital_floor_permille=_permille(shares, "non_capital_floor_permille", 0),
        own_cap_permille=_permille(shares, "own_cap_permille", PERMILLE),
        second_half_weight_permille=_permille(objective, "second_half_weight_permille", 600),
        joint=cast("Joint", joint),
        quotas=tuple(quota for group in known.groups for quota in group.quotas),
        fairness_permille=_permille(objective, "fairness_permille", 0),
        reserve_permille=_permille(allocation, "reserve_permille", 0),
        block_hours=_whole(allocation, "block_hours", 1, 1, _MOST_BLOCK),
        codev_days=known.codev_days,
    )


def codev_days(terms: CallTerms, answers: Mapping[str, Any], quarters: Iterable[str]) -> dict[str, int]:
    """Return the days of the delivery centre that a company takes, in the first quarter it asks for.

    Args:
        terms: The call's.
        answers: The company's.
        quarters: Those it asks for; without any, the first that the centre has days in.
    """
    days = sum(days for key, days in terms.days_by_answer.items() if answers.get(key))
    first = min(quarters, default=min(terms.codev_days, default=""))
    return {first: days} if days and first else {}


def tags(terms: CallTerms, answers: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the groups that a company's answers put it in."""
    return tuple(group.tag for group in terms.groups if answers.get(group.answered))


def _groups(rows: Sequence[Mapping[str, Any]]) -> Iterable[Group]:
    for row in rows:
        _require_known(row, _GROUP)
        for key in ("tag", "answered"):
            if not row.get(key) or not isinstance(row[key], str):
                raise _wrong(f"groups.{key}", "적어야 합니다", "must be given")
        quotas = tuple(
            Quota(row["tag"], direction, _permille(row, key, 0)) for key, direction in _DIRECTIONS.items() if key in row
        )
        yield Group(row["tag"], row["answered"], quotas)


def _budget(session: Session, call: Call) -> int:
    """Return the cash to plan with: what is left of the call's budget, but never more than is free."""
    free = sum(cash_sources(session).values())
    budget = call.document.get("budget_krw")
    if budget is None:
        return free
    spent = session.scalar(
        select(func.coalesce(func.sum(Decision.approved_krw), 0))
        .join(Application, Application.id == Decision.application_id)
        .where(Application.call_id == call.id, stands())
    )
    open_krw = session.scalar(
        select(func.coalesce(func.sum(Ballot.proposed_krw), 0))
        .join(Application, Application.id == Ballot.application_id)
        .where(Application.call_id == call.id, Ballot.state == "open")
    )
    return max(0, min(int(budget) - int(spent or 0) - int(open_krw or 0), free))


def _table(document: Mapping[str, Any], name: str, known: frozenset[str]) -> Mapping[str, Any]:
    table: Mapping[str, Any] = document.get(name, {})
    _require_known(table, known)
    return table


def _permille(table: Mapping[str, Any], key: str, default: int) -> int:
    return _whole(table, key, default, 0, PERMILLE)


def _whole(table: Mapping[str, Any], key: str, default: int, low: int, high: int) -> int:
    """Read a whole number within bounds.

    Raises:
        InvalidInputError: if it is none.
    """
    found = table.get(key, default)
    if isinstance(found, bool) or not isinstance(found, int) or not low <= found <= high:
        raise _wrong(key, f"{low}부터 {high}까지의 정수여야 합니다", f"must be a whole number from {low} to {high}")
    return found


def _require_quarter(name: str) -> None:
    try:
        Quarter.parse(name)
    except ValueError as error:
        raise _wrong(name, "2026Q3처럼 적어야 합니다", "must be a quarter such as 2026Q3") from error


def _require_known(table: Mapping[str, Any], known: frozenset[str]) -> None:
    """Refuse a term that nothing reads: a misspelt quota would otherwise silently not hold."""
    for key in sorted(set(table) - known):
        raise _wrong(key, "모르는 배정 조건입니다", "is no term of a plan")


def _wrong(field: str, reason_ko: str, reason_en: str) -> InvalidInputError:
    return InvalidInputError(field=field, reason_ko=reason_ko, reason_en=reason_en)
