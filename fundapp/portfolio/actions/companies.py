"""Keeping up with an awarded company: steps of the joint development, and its quarterly figures."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.quarters import Quarter, kst_date
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.rules.companies import METRICS, TRACKS
from fundapp.portfolio.tables import Award, CodevelopmentMilestone, CompanyMetric


@dataclass(frozen=True, slots=True)
class Reported:
    """One figure of a quarter and what was planned for it; won, or customers."""

    value: int
    planned: int | None = None


def add_milestone(
    session: Session, *, award_id: uuid.UUID, track: str, text: str, planned_on: date, actor: Viewer, at: datetime
) -> uuid.UUID:
    """Agree on one more step of the joint development; return its identifier.

    Raises:
        NotFoundError: if there is no such award, or the actor may not see it.
        InvalidInputError: for an unknown track or an empty text.
    """
    award = _award(session, award_id, actor)
    if track not in TRACKS:
        raise InvalidInputError(field="track", reason_ko="SPC 또는 한국적 AI", reason_en="spc or korean_ai")
    if not text.strip():
        raise InvalidInputError(field="text", reason_ko="단계를 적어 주세요", reason_en="say what the step is")
    step = CodevelopmentMilestone(
        award_id=award.id,
        track=track,
        text=text.strip(),
        planned_on=planned_on,
        expected_on=planned_on,
        created_by=actor.name or actor.email,
        created_at=at,
    )
    session.add(step)
    session.flush()
    record(session, actor, "milestone.added", award.number, at, track=track, planned_on=planned_on.isoformat())
    return step.id


def expect_milestone(
    session: Session, *, milestone_id: uuid.UUID, expected_on: date, reason: str, actor: Viewer, at: datetime
) -> None:
    """Say when a step is expected now; the day agreed stays on record.

    Raises:
        NotFoundError: if there is no such step, or the actor may not see its award.
        InvalidInputError: without a reason.
        TransitionRefusedError: if it is done.
    """
    step, award = _step(session, milestone_id, actor)
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="a reason is needed")
    was = step.expected_on.isoformat()
    _change(session, step, verb="expect", expected_on=expected_on, result=reason.strip())
    now = expected_on.isoformat()
    record(session, actor, "milestone.moved", award.number, at, was=was, now=now, reason=reason.strip())


def complete_milestone(
    session: Session, *, milestone_id: uuid.UUID, done_on: date, result: str, actor: Viewer, at: datetime
) -> None:
    """Record that a step is done, with what came of it; once only.

    Raises:
        NotFoundError: if there is no such step, or the actor may not see its award.
        InvalidInputError: for a day that has not come, or without a result.
        TransitionRefusedError: if it is done already.
    """
    step, award = _step(session, milestone_id, actor)
    if done_on > kst_date(at):
        raise InvalidInputError(field="done_on", reason_ko="아직 오지 않은 날입니다", reason_en="a day to come")
    if not result.strip():
        raise InvalidInputError(field="result", reason_ko="결과를 적어 주세요", reason_en="say what came of it")
    who = actor.name or actor.email
    _change(session, step, verb="complete", done_on=done_on, result=result.strip(), done_by=who)
    record(session, actor, "milestone.completed", award.number, at, done_on=done_on.isoformat(), track=step.track)


def record_metrics(
    session: Session,
    *,
    award_id: uuid.UUID,
    quarter: Quarter,
    figures: Mapping[str, Reported],
    source: str,
    actor: Viewer,
    at: datetime,
) -> int:
    """Append a quarter's figures of a company; return how many were new or differ from what was there.

    Args:
        session: A writing session.
        award_id: The company's award.
        quarter: The quarter reported on; it must be over in Seoul.
        figures: By metric; a figure that is as recorded changes nothing.
        source: Where they come from, e.g. the company's letter of a day.
        actor: Staff.
        at: Now.

    Raises:
        NotFoundError: if there is no such award, or the actor may not see it.
        InvalidInputError: for an unknown figure, a quarter to come, a negative count, or no source.
    """
    award = _award(session, award_id, actor)
    _require_figures(figures, quarter, source, at)
    known = _newest_metrics(session, award.id, quarter)
    fresh = 0
    for metric, figure in figures.items():
        version, value, planned = known.get(metric, (0, None, None))
        if (value, planned) == (figure.value, figure.planned):
            continue
        session.add(
            CompanyMetric(
                award_id=award.id,
                quarter=str(quarter),
                metric=metric,
                version=version + 1,
                value=figure.value,
                planned=figure.planned,
                source=source.strip(),
                entered_by=actor.name or actor.email,
                at=at,
            )
        )
        fresh += 1
    session.flush()
    if fresh:
        record(session, actor, "metrics.recorded", award.number, at, quarter=str(quarter), figures=sorted(figures))
    return fresh


def _require_figures(figures: Mapping[str, Reported], quarter: Quarter, source: str, at: datetime) -> None:
    if not figures or not figures.keys() <= set(METRICS):
        raise InvalidInputError(field="revenue", reason_ko="지표를 적어 주세요", reason_en="give a known figure")
    if quarter.last_day >= kst_date(at):
        raise InvalidInputError(
            field="quarter", reason_ko="아직 끝나지 않은 분기입니다", reason_en="the quarter is not over"
        )
    if not source.strip():
        raise InvalidInputError(field="source", reason_ko="출처를 적어 주세요", reason_en="name the source")
    customers = figures.get("paying_customers")
    if customers is not None and min(customers.value, customers.planned or 0) < 0:
        raise InvalidInputError(
            field="paying_customers", reason_ko="0 이상이어야 합니다", reason_en="must not be negative"
        )


def _newest_metrics(
    session: Session, award_id: uuid.UUID, quarter: Quarter
) -> dict[str, tuple[int, int | None, int | None]]:
    newest = (
        select(func.max(CompanyMetric.version))
        .where(CompanyMetric.award_id == award_id, CompanyMetric.quarter == str(quarter))
        .group_by(CompanyMetric.metric)
        .with_only_columns(CompanyMetric.metric, func.max(CompanyMetric.version).label("version"))
        .subquery()
    )
    rows = session.scalars(
        select(CompanyMetric)
        .join(newest, (newest.c.metric == CompanyMetric.metric) & (newest.c.version == CompanyMetric.version))
        .where(CompanyMetric.award_id == award_id, CompanyMetric.quarter == str(quarter))
    )
    return {row.metric: (row.version, row.value, row.planned) for row in rows}


def _award(session: Session, award_id: uuid.UUID, actor: Viewer) -> Award:
    award = session.get(Award, award_id)
    if award is None:
        raise NotFoundError
    require(actor, Verb.PREPARE, Thing(Kind.AWARD, award.application_id, award.company_id))
    return award


def _step(session: Session, milestone_id: uuid.UUID, actor: Viewer) -> tuple[CodevelopmentMilestone, Award]:
    step = session.get(CodevelopmentMilestone, milestone_id)
    if step is None:
        raise NotFoundError
    return step, _award(session, step.award_id, actor)


def _change(session: Session, step: CodevelopmentMilestone, *, verb: str, **values: object) -> None:
    changed = session.execute(
        update(CodevelopmentMilestone)
        .where(CodevelopmentMilestone.id == step.id, CodevelopmentMilestone.done_on.is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
        .returning(CodevelopmentMilestone.id)
    )
    if changed.one_or_none() is None:
        raise TransitionRefusedError(thing="milestone", state="done", verb=verb)
    session.expire(step)
