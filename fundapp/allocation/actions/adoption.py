"""Bringing a plan to the committee: ballots and holds, all of them or none."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.allocation.actions.proposals import propose_award
from fundapp.allocation.keeping import chosen_lines, newest_choice, note, require_no_recusal
from fundapp.allocation.planning import (
    CallInstance,
    PlanStaleError,
    Standing,
    build_instance,
    differences,
    draw_lines,
    load_stocks,
    nothing_held,
)
from fundapp.allocation.rules import (
    PlannedAward,
    breaches,
    canonical_json,
    choose,
    firm,
    read_awards,
    read_terms,
)
from fundapp.allocation.tables import Plan, PlanAdoption, PlanScenario
from fundapp.committee.rules import ProposedCondition
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import FundError, NotFoundError, TransitionRefusedError
from fundapp.intake.tables import Call


class PlanUnlawfulError(FundError):
    """What was chosen asks for more than there is: no reason sets that aside."""

    code = "plan_unlawful"
    ko = "있는 것보다 많이 나눕니다: {breaches_ko}"
    en = "This awards more than there is: {breaches_en}"


class MeetingTakenError(TransitionRefusedError):
    """The meeting has a plan already: of two, its ballots could not say which they belong to."""

    code = "meeting_taken"
    ko = "그 회의에는 배정안이 이미 올라 있습니다. 다른 날의 회의를 적어 주세요."
    en = "That meeting has a plan already; name a meeting of another day."


@dataclass(frozen=True, slots=True)
class Adoption:
    """Ballots that an adopted plan opened, by application number."""

    meeting_id: uuid.UUID
    ballots: tuple[tuple[str, uuid.UUID], ...]


def adopt_plan(
    session: Session,
    *,
    plan_id: uuid.UUID,
    meeting_id: uuid.UUID,
    actor: Viewer,
    at: datetime,
    conditions: Mapping[str, Sequence[ProposedCondition]] | None = None,
    revision: int | None = None,
    standing: Standing = nothing_held,
) -> Adoption:
    """Bring a plan, with what was chosen over it, to a meeting: one ballot and one hold for each award, all or none.

    Args:
        session: A writing session.
        plan_id: The plan; each goes to one meeting.
        meeting_id: Of the same call; one plan a meeting.
        actor: Analyst.
        at: Now.
        conditions: By application number, what to put to the vote with the award.
        revision: Of the choices that the actor saw, 0 for none; None for the newest.
        standing: Tells what earlier awards hold; the same as when the plan was made.

    Raises:
        NotFoundError: if plan or meeting is absent.
        PlanStaleError: if free capital, scores or applicants are not what the plan was made for, or choices were
            changed since, naming what.
        PlanUnlawfulError: if what was chosen, or a scenario, awards more than there is.
        TransitionRefusedError: if the plan has been adopted.
        MeetingTakenError: if the meeting has a plan.
        ConflictOfInterestError: if the actor is recused from an application of the plan.
        HeadroomExceededError: if a pool has less than is to be held.
    """
    require(actor, Verb.ADOPT, Thing(Kind.PLAN))
    plan = session.get(Plan, plan_id)
    if plan is None:
        raise NotFoundError(plan=str(plan_id))
    _claim(session, plan, meeting_id, actor, at)
    require_no_recusal(session, [row["code"] for row in plan.instance["applicants"]], actor)
    problem = build_instance(session, session.get_one(Call, plan.call_id).code, standing)
    newest = newest_choice(session, plan_id)
    _require_fresh(session, plan, problem, newest.revision if newest else 0, revision)
    choices = chosen_lines(newest)
    awards = choose(read_awards(plan.result["awards"]), choices)
    _require_lawful(plan, problem, awards)
    ballots = _propose_all(session, meeting_id, problem, awards, conditions or {}, actor, at)
    chosen = sum(1 for choice in choices if choice.reason)
    note(session, actor, "plan.adopted", str(plan.id), at, meeting=str(meeting_id), ballots=len(ballots), chosen=chosen)
    return Adoption(meeting_id, tuple(ballots))


def _propose_all(
    session: Session,
    meeting_id: uuid.UUID,
    problem: CallInstance,
    awards: Sequence[PlannedAward],
    conditions: Mapping[str, Sequence[ProposedCondition]],
    actor: Viewer,
    at: datetime,
) -> list[tuple[str, uuid.UUID]]:
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
            conditions=conditions.get(award.code, ()),
            actor=actor,
            at=at,
        )
        ballots.append((award.code, ballot_id))
    return ballots


def _require_fresh(session: Session, plan: Plan, problem: CallInstance, chosen: int, seen: int | None) -> None:
    """Refuse a plan whose record has moved on: a scenario is held against what it was a scenario of."""
    scenario = session.get(PlanScenario, plan.id)
    made_for = plan.instance if scenario is None else session.get_one(Plan, scenario.base_id).instance
    changed = differences(made_for, json.loads(canonical_json(problem.instance)))
    if seen is not None and seen != chosen:
        changed.append(("위원회안이 그사이 바뀌었습니다", "the committee's choice was changed meanwhile"))
    if changed:
        raise PlanStaleError(
            changes_ko="; ".join(ko for ko, _ in changed), changes_en="; ".join(en for _, en in changed)
        )


def _require_lawful(plan: Plan, problem: CallInstance, awards: Sequence[PlannedAward]) -> None:
    """Refuse amounts that do not exist, whatever capital a scenario supposed."""
    terms = read_terms(plan.instance["terms"])
    real = problem.instance.terms
    there = replace(problem.instance, terms=replace(terms, budget_krw=real.budget_krw, codev_days=real.codev_days))
    found = firm(breaches(awards, there))
    if found:
        raise PlanUnlawfulError(
            breaches_ko=", ".join(dict.fromkeys(breach.setting.ko for breach in found)),
            breaches_en="; ".join(dict.fromkeys(breach.sentence for breach in found)),
        )


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
        if session.scalar(select(PlanAdoption.id).where(PlanAdoption.plan_id == plan.id)) is None:
            raise MeetingTakenError(meeting=str(meeting_id)) from error
        raise TransitionRefusedError(thing="plan", state="adopted", verb="adopt") from error
