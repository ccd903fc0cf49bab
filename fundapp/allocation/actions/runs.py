"""What is computed beside the web: asked for by a person, done by a process of its own, stopped by whoever asked."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.allocation.keeping import note, require_no_recusal
from fundapp.allocation.tables import Plan, PlanRun
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import ForbiddenError, FundError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake.tables import Call

QUESTIONS = frozenset({"quotas", "sensitivity", "exact", "why"})
OPEN = ("waiting", "running")
ABANDONED = timedelta(minutes=2)
"""A run that has not told anything for so long has nobody who works on it: it is taken up again."""


@dataclass(frozen=True, slots=True)
class TakenRun:
    """A run that a worker has taken on.

    Attributes:
        kind: plan, scenario, quotas, sensitivity, exact or why.
        plan_id: The plan it is about; None for a call's first.
        subject: Of a question, what it is about; of a scenario, its title.
        changes: Other settings; of a scenario also `keep_pins`.
    """

    run_id: uuid.UUID
    kind: str
    call_code: str
    plan_id: uuid.UUID | None
    subject: str
    changes: Mapping[str, Any]
    asked_by_id: uuid.UUID


def ask_plan(session: Session, *, call_code: str, actor: Viewer, at: datetime) -> uuid.UUID:
    """Ask that a call be solved; while that is under way, the run that does it is returned.

    Raises:
        NotFoundError: if there is no such call.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    call = session.scalars(select(Call).where(Call.code == call_code)).one_or_none()
    if call is None:
        raise NotFoundError(call=call_code)
    open_one = select(PlanRun.id).where(PlanRun.kind == "plan", PlanRun.call_id == call.id, PlanRun.state.in_(OPEN))
    known = session.scalar(open_one)
    return known or _ask(session, PlanRun(kind="plan", call_id=call.id, subject="", changes={}), actor, at)


def ask_scenario(
    session: Session,
    *,
    plan_id: uuid.UUID,
    title: str,
    changes: Mapping[str, Any],
    keep_pins: bool,
    actor: Viewer,
    at: datetime,
) -> uuid.UUID:
    """Ask that a scenario be solved; `changes` is as `Changes.to_document` writes it.

    Raises:
        NotFoundError: if there is no such plan.
    """
    plan = _plan_for(session, plan_id, actor)
    asked = {**changes, "keep_pins": keep_pins}
    run = PlanRun(kind="scenario", call_id=plan.call_id, plan_id=plan_id, subject=title.strip(), changes=asked)
    return _open_question(session, run) or _ask(session, run, actor, at)


def ask_question(
    session: Session,
    *,
    plan_id: uuid.UUID,
    kind: str,
    actor: Viewer,
    at: datetime,
    subject: str = "",
    changes: Mapping[str, Any] | None = None,
) -> uuid.UUID:
    """Ask something about a plan; what is being answered is returned, not asked again.

    Args:
        session: A writing session.
        plan_id: The plan.
        kind: One of `QUESTIONS`.
        actor: Analyst.
        at: Now.
        subject: Whom or what it is about.
        changes: Of `exact`, the settings to solve with.

    Raises:
        NotFoundError: if there is no such plan, or the subject of `why` is no applicant of it.
        InvalidInputError: if the kind is unknown.
        ConflictOfInterestError: if the actor is recused from an application of the plan.
    """
    plan = _plan_for(session, plan_id, actor)
    if kind not in QUESTIONS:
        raise InvalidInputError(field="kind", reason_ko="모르는 질문입니다", reason_en="is no question")
    if kind == "why" and all(row["code"] != subject for row in plan.instance["applicants"]):
        raise NotFoundError(application=subject)
    run = PlanRun(kind=kind, call_id=plan.call_id, plan_id=plan_id, subject=subject, changes=dict(changes or {}))
    return _open_question(session, run) or _ask(session, run, actor, at)


def _plan_for(session: Session, plan_id: uuid.UUID, actor: Viewer) -> Plan:
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    plan = session.get(Plan, plan_id)
    if plan is None:
        raise NotFoundError(plan=str(plan_id))
    require_no_recusal(session, [row["code"] for row in plan.instance["applicants"]], actor)
    return plan


def _open_question(session: Session, run: PlanRun) -> uuid.UUID | None:
    return session.scalar(
        select(PlanRun.id).where(
            PlanRun.plan_id == run.plan_id,
            PlanRun.kind == run.kind,
            PlanRun.subject == run.subject,
            PlanRun.state.in_(OPEN),
        )
    )


def _ask(session: Session, run: PlanRun, actor: Viewer, at: datetime) -> uuid.UUID:
    if actor.person_id is None:
        raise ForbiddenError(verb=str(Verb.PLAN), kind=str(Kind.PLAN))
    run.state, run.cancel_asked, run.asked_at = "waiting", False, at
    run.asked_by, run.asked_by_id = actor.name or actor.email, actor.person_id
    session.add(run)
    try:
        session.flush()
    except IntegrityError as error:
        # A rival asked the same first: start again and find that run.
        raise RetryTransactionError from error
    note(session, actor, "plan.asked", str(run.plan_id or run.call_id), at, kind=run.kind, subject=run.subject)
    return run.id


def cancel_run(session: Session, *, run_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Stop a run: one that waits ends at once, one under way within seconds.

    Raises:
        NotFoundError: if there is no such run.
        TransitionRefusedError: if it has ended.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    run = session.get(PlanRun, run_id)
    if run is None:
        raise NotFoundError(run=str(run_id))
    ended = session.execute(
        update(PlanRun)
        .where(PlanRun.id == run_id, PlanRun.state == "waiting")
        .values(state="cancelled", ended_at=at, cancel_asked=True)
        .returning(PlanRun.id)
    ).first()
    if ended is None:
        asked = session.execute(
            update(PlanRun)
            .where(PlanRun.id == run_id, PlanRun.state == "running")
            .values(cancel_asked=True)
            .returning(PlanRun.id)
        ).first()
        if asked is None:
            raise TransitionRefusedError(thing="plan_run", state=run.state, verb="stop")
    note(session, actor, "plan.stopped", str(run.plan_id or run.call_id), at, kind=run.kind, subject=run.subject)


def take_run(session: Session, *, actor: Viewer, at: datetime) -> TakenRun | None:
    """Take on the run that has waited longest, if there is one; one that its worker left comes first.

    Raises:
        ForbiddenError: if the actor may not.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    session.execute(
        update(PlanRun)
        .where(PlanRun.state == "running", PlanRun.beat_at < at - ABANDONED)
        .values(state="waiting", started_at=None, beat_at=None, progress=None)
    )
    waiting = select(PlanRun.id).where(PlanRun.state == "waiting").order_by(PlanRun.asked_at, PlanRun.id).limit(1)
    taken = session.scalar(
        update(PlanRun)
        .where(PlanRun.id == waiting.scalar_subquery(), PlanRun.state == "waiting")
        .values(state="running", started_at=at, beat_at=at)
        .returning(PlanRun.id)
    )
    if taken is None:
        return None
    run, code = session.execute(
        select(PlanRun, Call.code).join(Call, Call.id == PlanRun.call_id).where(PlanRun.id == taken)
    ).one()
    return TakenRun(run.id, run.kind, code, run.plan_id, run.subject, run.changes, run.asked_by_id)


def beat(
    session: Session, *, run_id: uuid.UUID, progress: Mapping[str, Any] | None, actor: Viewer, at: datetime
) -> bool:
    """Say that a run is still worked on, and how far it is; return whether to go on.

    Raises:
        ForbiddenError: if the actor may not.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    told = {"beat_at": at} | ({} if progress is None else {"progress": dict(progress)})
    cancelled = session.scalar(
        update(PlanRun)
        .where(PlanRun.id == run_id, PlanRun.state == "running")
        .values(**told)
        .returning(PlanRun.cancel_asked)
    )
    return cancelled is False


def end_run(
    session: Session,
    *,
    run_id: uuid.UUID,
    actor: Viewer,
    at: datetime,
    found: Mapping[str, Any] | None = None,
    made_id: uuid.UUID | None = None,
) -> bool:
    """Write down what a run found, or made; without either it was stopped. One that has ended stays as it is.

    Returns:
        Whether it was still under way: where not, nothing else of it must be kept either.

    Raises:
        ForbiddenError: if the actor may not.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    state = "cancelled" if found is None and made_id is None else "done"
    return _end(session, run_id, at, state=state, found={} if found is None and made_id else found, made_id=made_id)


def refuse_run(session: Session, *, run_id: uuid.UUID, error: FundError, actor: Viewer, at: datetime) -> None:
    """Write down why a run led to nothing, in both languages.

    Raises:
        ForbiddenError: if the actor may not.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    found = {"reason_ko": error.message("ko"), "reason_en": error.message("en")}
    _end(session, run_id, at, state="refused", found=found)


def _end(session: Session, run_id: uuid.UUID, at: datetime, **values: object) -> bool:
    ended = session.scalar(
        update(PlanRun)
        .where(PlanRun.id == run_id, PlanRun.state == "running")
        .values(ended_at=at, **values)
        .returning(PlanRun.id)
    )
    return ended is not None
