"""Solving the allocation of a call, and keeping the plan with what it answers."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from fundapp.allocation.keeping import note, require_no_recusal
from fundapp.allocation.planning import CallInstance, Standing, build_instance, nothing_held
from fundapp.allocation.rules import PlannedAward, canonical_json, read_awards
from fundapp.allocation.solver import solve
from fundapp.allocation.tables import Plan
from fundapp.allocation.workshop import result_document
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.sessions import Database


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


def make_plan(
    session: Session, *, call_code: str, actor: Viewer, at: datetime, standing: Standing = nothing_held
) -> PlanSummary:
    """Solve the allocation of a call and record it, in one session. Prefer `plan_call` where the solve may be long.

    Args:
        session: A writing session.
        call_code: The call.
        actor: Analyst.
        at: Now.
        standing: Tells what earlier awards hold.

    Raises:
        NotFoundError: if there is no such call.
        PlanInfeasible: if no plan satisfies the terms.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    problem = build_instance(session, call_code, standing)
    result = result_document(solve(problem.instance))
    return record_plan(session, problem=problem, result=result, actor=actor, at=at)


def plan_call(
    db: Database, *, call_code: str, actor: Viewer, at: datetime, standing: Standing = nothing_held
) -> PlanSummary:
    """Do the same as `make_plan`, but solve between two transactions, so that nobody waits for the solver.

    Raises:
        NotFoundError, PlanInfeasible: as `make_plan`.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    with db.read() as session:
        problem = build_instance(session, call_code, standing)
    result = result_document(solve(problem.instance))
    return db.transaction(lambda session: record_plan(session, problem=problem, result=result, actor=actor, at=at))


def record_plan(
    session: Session, *, problem: CallInstance, result: Mapping[str, Any], actor: Viewer, at: datetime
) -> PlanSummary:
    """Keep a solved plan with the instance it answers.

    Args:
        session: A writing session.
        problem: What was asked.
        result: What was answered, as `result_document` writes it.
        actor: Analyst.
        at: Now.

    Raises:
        ConflictOfInterestError: if the actor is recused from a candidate.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    document = json.loads(canonical_json(problem.instance)) | {
        "score_basis": dict(problem.score_basis),
        "score_bands": {number: [band.low, band.high] for number, band in problem.score_bands.items()},
        "band_basis": {number: band.basis for number, band in problem.score_bands.items()},
        "lone_band_tenths": problem.lone_band_tenths,
        "unscored": list(problem.unscored),
    }
    return keep_plan(
        session,
        call_id=problem.call_id,
        call_code=problem.call_code,
        document=document,
        result=result,
        actor=actor,
        at=at,
    )


def keep_plan(
    session: Session,
    *,
    call_id: uuid.UUID,
    call_code: str,
    document: Mapping[str, Any],
    result: Mapping[str, Any],
    actor: Viewer,
    at: datetime,
) -> PlanSummary:
    """Keep a plan for an instance that is JSON already.

    Args:
        session: A writing session.
        call_id: Its call.
        call_code: Likewise.
        document: The instance, with what the record adds to it.
        result: As `result_document` writes it.
        actor: Analyst.
        at: Now.

    Raises:
        ConflictOfInterestError: if the actor is recused from a candidate.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    numbers = [row["code"] for row in document["applicants"]]
    require_no_recusal(session, [*numbers, *document["unscored"]], actor)
    kept = {name: value for name, value in result.items() if name not in {"instance_sha256", "solver"}}
    plan = Plan(
        call_id=call_id,
        instance_sha256=result["instance_sha256"],
        instance=dict(document),
        result=kept,
        solver=result["solver"],
        made_by=actor.name or actor.email,
        made_at=at,
    )
    session.add(plan)
    session.flush()
    note(
        session,
        actor,
        "plan.made",
        str(plan.id),
        at,
        call=call_code,
        instance_sha256=plan.instance_sha256,
        awards=len(kept["awards"]),
    )
    return _summarise(plan, call_code)


def _summarise(plan: Plan, call_code: str) -> PlanSummary:
    kept, document = plan.result, plan.instance
    return PlanSummary(
        plan_id=plan.id,
        call_code=call_code,
        instance_sha256=plan.instance_sha256,
        objective=kept["objective"],
        bound=kept["bound"],
        gap=kept["gap"],
        seconds=kept["seconds"],
        solver=plan.solver,
        awards=read_awards(kept["awards"]),
        score_basis=document["score_basis"],
        unscored=tuple(document["unscored"]),
        prices=kept["prices"],
        baseline={name: found["objective"] for name, found in kept["baseline"].items()},
    )
