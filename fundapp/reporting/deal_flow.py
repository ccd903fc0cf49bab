"""The deal-flow part of a report: funnel, reasons, conditions, recusals, as they stood on a date in Seoul."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from statistics import median_low
from typing import TypedDict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.ballot_state import stands
from fundapp.committee.tables import Condition, Conflict, Decision, Review
from fundapp.core.quarters import KST, kst_date
from fundapp.intake.tables import Application, Company, Transition
from fundapp.portfolio.tables import Award
from fundapp.screening.tables import KnockoutJudgement
from reports import rows as out

_ENTERED: tuple[tuple[str, out.Stage], ...] = (
    ("submitted", "applied"),
    ("eligible", "eligible"),
    ("proposed", "proposed"),
    ("approved", "approved"),
    ("awarded", "awarded"),
)
_REASONS = {
    "rejected": "찬성이 출석 위원의 과반에 이르지 않음",
    "deferred": "의결 정족수에 이르지 않음",
    "ineligible": "자격 요건에 맞지 않음",
}


class Recusals(TypedDict):
    """How many conflicts were declared, and how many of them as disqualification or self-recusal."""

    conflicts_declared: int
    recusals: int


def end_of(as_of: date) -> datetime:
    """Return the first instant after a date in Seoul."""
    return datetime.combine(as_of + timedelta(days=1), time(), KST).astimezone(UTC)


def funnel(session: Session, as_of: date) -> tuple[out.FunnelStage, ...]:
    """Return how many applications had reached each stage, with the median days from the stage before."""
    reached: dict[out.Stage, dict[uuid.UUID, date]] = defaultdict(dict)
    names = dict(_ENTERED)
    steps = session.execute(
        select(Transition.application_id, Transition.to_state, func.min(Transition.at))
        .where(Transition.at < end_of(as_of), Transition.to_state.in_(names))
        .group_by(Transition.application_id, Transition.to_state)
    )
    for application_id, state, at in steps:
        reached[names[state]][application_id] = kst_date(at)
    reviewed = session.execute(
        select(Review.application_id, func.min(Review.filed_at))
        .where(Review.filed_at < end_of(as_of))
        .group_by(Review.application_id)
    )
    for application_id, at in reviewed:
        reached["reviewed"][application_id] = kst_date(at)
    return tuple(
        out.FunnelStage(stage, len(reached[stage]), _median_days(reached, place))
        for place, stage in enumerate(out.STAGES)
    )


def _median_days(reached: Mapping[out.Stage, Mapping[uuid.UUID, date]], place: int) -> int | None:
    if place == 0:
        return None
    before, here = reached[out.STAGES[place - 1]], reached[out.STAGES[place]]
    days = [(here[one] - before[one]).days for one in here.keys() & before.keys()]
    return median_low(days) if days else None


def decision_reasons(session: Session, as_of: date) -> tuple[out.DecisionReason, ...]:
    """Return refusals and deferrals, counted; reasons are the fund's own words and name no applicant."""
    counts: dict[str, int] = defaultdict(int)
    outcomes = session.execute(
        select(Decision.outcome, func.count())
        .where(Decision.decided_at < end_of(as_of), Decision.outcome != "carried", stands())
        .group_by(Decision.outcome)
    )
    for outcome, count in outcomes:
        counts[outcome] += count
    counts["ineligible"] += (
        session.scalar(
            select(func.count())
            .select_from(KnockoutJudgement)
            .where(KnockoutJudgement.at < end_of(as_of), KnockoutJudgement.outcome == "ineligible")
        )
        or 0
    )
    return tuple(
        out.DecisionReason(verdict, _REASONS[verdict], count) for verdict, count in sorted(counts.items()) if count
    )


def conditions(session: Session, as_of: date) -> tuple[out.Condition, ...]:
    """Return the conditions of carried decisions. Before signature an application shows its number, not its name."""
    found = session.execute(
        select(Condition, Application.number, Award.number, Award.signed_on, Company.name)
        .join(Decision, Decision.id == Condition.decision_id)
        .join(Application, Application.id == Decision.application_id)
        .join(Company, Company.id == Application.company_id)
        .outerjoin(Award, Award.decision_id == Decision.id)
        .where(Decision.decided_at < end_of(as_of), Decision.outcome == "carried", stands())
        .order_by(Application.number, Condition.number)
    )
    return tuple(_conditions(found, as_of))


def _conditions(
    found: Iterable[tuple[Condition, str, str | None, date | None, str]], as_of: date
) -> Iterable[out.Condition]:
    for condition, application, award, signed_on, company in found:
        signed = award is not None and signed_on is not None and signed_on <= as_of
        resolved = condition.resolved_at is not None and kst_date(condition.resolved_at) <= as_of
        late = condition.due_on is not None and condition.due_on < as_of
        yield out.Condition(
            award=award if signed and award else application,
            company_name=company if signed else application,
            text=condition.text,
            due_on=condition.due_on,
            status=("waived" if condition.state == "waived" else "met")
            if resolved
            else ("overdue" if late else "open"),
        )


def recusals(session: Session, as_of: date) -> Recusals:
    """Return the counts of conflicts; who and why stays with the committee."""
    routes = session.execute(
        select(Conflict.route, func.count()).where(Conflict.at < end_of(as_of)).group_by(Conflict.route)
    )
    counts: dict[str, int] = {route: count for route, count in routes}  # noqa: C416 - typed rows are no pairs
    return Recusals(
        conflicts_declared=sum(counts.values()),
        recusals=counts.get("disqualification", 0) + counts.get("self_recusal", 0),
    )
