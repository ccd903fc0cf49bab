"""Solving the allocation of a call, and bringing a plan to the committee."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.allocation.actions.proposals import propose_award
from fundapp.allocation.planning import (
    CallInstance,
    PlanStaleError,
    build_instance,
    differences,
    draw_lines,
    load_stocks,
)
from fundapp.allocation.rules import Plan as SolvedPlan
from fundapp.allocation.rules import PlannedAward, canonical_json
from fundapp.allocation.solver import solve
from fundapp.allocation.tables import Plan, PlanAdoption
from fundapp.audit.actions import record_event
from fundapp.committee.rules import ProposedCondition
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import ConflictOfInterestError, NotFoundError, TransitionRefusedError
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application, Call


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A solved plan as recorded.

    Attributes:
        awards: Sorted by application number.
        score_basis: By number, `reviews_trimmed_mean` (or what else counts in the call) or `machine_score`.
        unscored: Numbers left out for want of a score.
        prices: Shadow prices, an indication.
        baseline: Objective by rule of thumb.
    """

    plan_id: uuid.UUID
    call_code: str
    instance_sha256: str
    objective: float
    bound: float
    gap: float
    seconds: float
    solver: str
    awards: tuple[PlannedAward, ...]
    score_basis: Mapping[str, str]
    unscored: tuple[str, ...]
    prices: Mapping[str, Any]
    baseline: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Adoption:
    """Ballots that an adopted plan opened, by application number."""

    meeting_id: uuid.UUID
    ballots: tuple[tuple[str, uuid.UUID], ...]


def make_plan(session: Session, *, call_code: str, actor: Viewer, at: datetime) -> PlanSummary:
    """Solve the allocation of a call and record it, in one session. Prefer `plan_call` where the solve may be long.

    Raises:
        NotFoundError: if there is no such call.
        PlanInfeasible: if no plan satisfies the terms.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    problem = build_instance(session, call_code)
    return record_plan(session, problem=problem, solved=solve(problem.instance), actor=actor, at=at)


def plan_call(db: Database, *, call_code: str, actor: Viewer, at: datetime) -> PlanSummary:
    """Do the same as `make_plan`, but solve between two transactions, so that nobody waits for the solver.

    Raises:
        NotFoundError, PlanInfeasible: as `make_plan`.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    with db.read() as session:
        problem = build_instance(session, call_code)
    solved = solve(problem.instance)
    return db.transaction(lambda session: record_plan(session, problem=problem, solved=solved, actor=actor, at=at))


def record_plan(
    session: Session, *, problem: CallInstance, solved: SolvedPlan, actor: Viewer, at: datetime
) -> PlanSummary:
    """Keep a solved plan with the instance it answers.

    Raises:
        ConflictOfInterestError: if the actor is recused from a candidate.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    _require_no_recusal(session, list(problem.applications), actor)
    awards = [asdict(award) for award in solved.awards]
    baseline = {
        name: {"objective": found.objective, "breaches": list(found.breaches)}
        for name, found in solved.baseline.items()
    }
    prices = asdict(solved.prices)
    plan = Plan(
        call_id=problem.call_id,
        instance_sha256=solved.instance_sha256,
        instance=json.loads(canonical_json(problem.instance))
        | {"score_basis": dict(problem.score_basis), "unscored": list(problem.unscored)},
        result={
            "objective": solved.objective,
            "bound": solved.bound,
            "gap": solved.gap,
            "seconds": solved.seconds,
            "awards": awards,
            "prices": prices,
            "baseline": baseline,
        },
        solver=solved.solver_version,
        made_by=actor.name or actor.email,
        made_at=at,
    )
    session.add(plan)
    session.flush()
    _record(
        session,
        actor,
        "plan.made",
        "plan",
        str(plan.id),
        at,
        call=problem.call_code,
        instance_sha256=solved.instance_sha256,
        awards=len(awards),
    )
    return _summarise(plan.id, problem, solved, prices)


def _summarise(plan_id: uuid.UUID, problem: CallInstance, solved: SolvedPlan, prices: Mapping[str, Any]) -> PlanSummary:
    return PlanSummary(
        plan_id=plan_id,
        call_code=problem.call_code,
        instance_sha256=solved.instance_sha256,
        objective=solved.objective,
        bound=solved.bound,
        gap=solved.gap,
        seconds=solved.seconds,
        solver=solved.solver_version,
        awards=solved.awards,
        score_basis=dict(problem.score_basis),
        unscored=problem.unscored,
        prices=prices,
        baseline={name: found.objective for name, found in solved.baseline.items()},
    )


def adopt_plan(
    session: Session,
    *,
    plan_id: uuid.UUID,
    meeting_id: uuid.UUID,
    actor: Viewer,
    at: datetime,
    conditions: Mapping[str, Sequence[ProposedCondition]] | None = None,
) -> Adoption:
    """Bring a plan to a meeting: one ballot and one hold for each award, all of them or none.

    Args:
        session: A writing session.
        plan_id: The plan; each goes to one meeting.
        meeting_id: Of the same call; one plan a meeting.
        actor: Analyst.
        at: Now.
        conditions: By application number, what to put to the vote with the award.

    Raises:
        NotFoundError: if plan or meeting is absent.
        PlanStaleError: if free capital, scores or applicants are not what the plan was made for, naming what changed.
        TransitionRefusedError: if the plan has been adopted, or the meeting has a plan.
        ConflictOfInterestError: if the actor is recused from an application of the plan.
        HeadroomExceededError: if a pool has less than is to be held.
    """
    require(actor, Verb.ADOPT, Thing(Kind.PLAN))
    plan = session.get(Plan, plan_id)
    if plan is None:
        raise NotFoundError(plan=str(plan_id))
    _claim(session, plan, meeting_id, actor, at)
    awards = [PlannedAward(a["code"], a["krw"], a["gpu_hours"]) for a in plan.result["awards"]]
    _require_no_recusal(session, [row["code"] for row in plan.instance["applicants"]], actor)
    problem = build_instance(session, session.get_one(Call, plan.call_id).code)
    changed = differences(plan.instance, json.loads(canonical_json(problem.instance)))
    if changed:
        raise PlanStaleError(
            changes_ko="; ".join(ko for ko, _ in changed), changes_en="; ".join(en for _, en in changed)
        )
    stocks = {stock.account: stock for stock in load_stocks(session)}
    left = {account: stock.free_e4 for account, stock in stocks.items()}
    ballots = []
    for award in awards:
        ballot_id = propose_award(
            session,
            meeting_id=meeting_id,
            application_id=problem.applications[award.code],
            krw=award.krw,
            gpu_lines=draw_lines(award.gpu_hours, stocks, left),
            conditions=(conditions or {}).get(award.code, ()),
            actor=actor,
            at=at,
        )
        ballots.append((award.code, ballot_id))
    _record(session, actor, "plan.adopted", "plan", str(plan.id), at, meeting=str(meeting_id), ballots=len(ballots))
    return Adoption(meeting_id, tuple(ballots))


def _require_no_recusal(session: Session, numbers: Sequence[str], actor: Viewer) -> None:
    """Plans are made and adopted whole, so not by somebody who may not know of a part of them."""
    touched = session.scalar(
        select(Application.id)
        .where(
            Application.number.in_(numbers),
            Application.id.in_(actor.recused_from) | Application.company_id.in_(actor.company_ids),
        )
        .limit(1)
    )
    if touched is not None:
        raise ConflictOfInterestError


def _claim(session: Session, plan: Plan, meeting_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    try:
        with session.begin_nested():
            session.add(
                PlanAdoption(
                    plan_id=plan.id,
                    meeting_id=meeting_id,
                    adopted_by=actor.name or actor.email,
                    adopted_at=at,
                )
            )
    except IntegrityError as error:
        if "foreign key" in str(error.orig).lower():
            raise NotFoundError(meeting=str(meeting_id)) from error
        raise TransitionRefusedError(thing="plan", state="adopted", verb="adopt") from error


def _record(
    session: Session, actor: Viewer, verb: str, kind: str, subject: str, at: datetime, **details: object
) -> None:
    record_event(session, actor=actor, verb=verb, subject_kind=kind, subject=subject, at=at, details=dict(details))
