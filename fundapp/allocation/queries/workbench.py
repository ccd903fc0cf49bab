"""What stands beside a plan: its scenarios, what people chose, what they asked and what was found."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.keeping import chosen_lines, hidden_numbers, newest_choice
from fundapp.allocation.queries.plans import PlanPage
from fundapp.allocation.rules import (
    Breach,
    Choice,
    Instance,
    PlannedAward,
    breaches,
    choose,
    objective_points,
    read_awards,
    read_instance,
)
from fundapp.allocation.tables import Plan, PlanRun, PlanScenario
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.intake.tables import Call

OPEN = ("waiting", "running")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class RunRow:
    """Something asked of the workbench.

    Attributes:
        kind: plan, scenario, quotas, sensitivity, exact or why.
        state: waiting, running, done, refused or cancelled.
        subject: Whom or what it is about, or a scenario's title.
        progress: How far it is: `step`, `seconds`, `objective`, `bound`; empty before it tells.
        found: The answer, or of a refusal `reason_ko` and `reason_en`; empty before there is one.
        made_id: The plan that it made.
    """

    run_id: uuid.UUID
    kind: str
    state: str
    subject: str
    changes: Mapping[str, Any]
    progress: Mapping[str, Any]
    found: Mapping[str, Any]
    made_id: uuid.UUID | None
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    stopping: bool

    @property
    def is_open(self) -> bool:
        """Whether its answer is still to come."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class Workbench:
    """What stands beside a plan.

    Attributes:
        whole: Whether the viewer sees every application of the plan with its score; if not, nothing of what follows
            is told, because sums and answers would give the rest away.
        siblings: The plan that answers the record and its scenarios: identifier and title, "" for the first.
        revision: Of the choices, 0 for none.
        chosen_by: Who made the newest.
        choices: By application number.
        breaches: What the choices do not keep.
        points: What the recommendation with the choices over it is worth.
        runs: What was asked about this plan, newest first; of each question only the newest.
        instance: What the plan answers.
        awards: What it recommends, by application number.
        bands: How many scores have their band from the reviews, from the scorecard, and from the call.
        lone_band_tenths: What the call says about scores of which nothing else says how sure they are.
    """

    whole: bool
    siblings: tuple[tuple[uuid.UUID, str], ...]
    revision: int
    chosen_by: str
    chosen_at: datetime | None
    choices: Mapping[str, Choice]
    breaches: tuple[Breach, ...]
    points: float
    runs: tuple[RunRow, ...]
    instance: Instance
    awards: Mapping[str, PlannedAward]
    bands: Mapping[str, int]
    lone_band_tenths: int


def workbench(session: Session, viewer: Viewer, page: PlanPage) -> Workbench:
    """Return what stands beside a plan.

    Args:
        session: A session.
        viewer: Who asks.
        page: The plan as they see it.

    Raises:
        ForbiddenError: if the viewer may not see plans.
    """
    require(viewer, Verb.VIEW, Thing(Kind.PLAN))
    plan = session.get_one(Plan, page.plan_id)
    instance = read_instance(plan.instance)
    awards = read_awards(plan.result["awards"])
    codes = {applicant.code for applicant in instance.applicants}
    whole = not (hidden_numbers(session, viewer) & codes) and all(row.score_tenths is not None for row in page.rows)
    if not whole:
        blank = replace(instance, applicants=(), commitments=(), terms=replace(instance.terms, pins=()))
        return Workbench(
            whole=False,
            siblings=(),
            revision=0,
            chosen_by="",
            chosen_at=None,
            choices={},
            breaches=(),
            points=0.0,
            runs=(),
            instance=blank,
            awards={},
            bands={},
            lone_band_tenths=0,
        )
    newest = newest_choice(session, page.plan_id)
    choices = {choice.code: choice for choice in chosen_lines(newest)}
    chosen = choose(awards, choices.values())
    return Workbench(
        whole=True,
        siblings=_siblings(session, page),
        revision=newest.revision if newest else 0,
        chosen_by=newest.chosen_by if newest else "",
        chosen_at=newest.chosen_at if newest else None,
        choices=choices,
        breaches=tuple(breaches(chosen, instance)),
        points=float(objective_points(chosen, instance)),
        runs=_newest(list_runs(session, viewer, plan_id=page.plan_id)),
        instance=instance,
        awards={award.code: award for award in awards},
        bands=Counter(plan.instance.get("band_basis", {}).values()),
        lone_band_tenths=plan.instance.get("lone_band_tenths", 0),
    )


def _siblings(session: Session, page: PlanPage) -> tuple[tuple[uuid.UUID, str], ...]:
    base_id = page.base_id or page.plan_id
    rows = session.execute(
        select(PlanScenario.plan_id, PlanScenario.title)
        .where(PlanScenario.base_id == base_id)
        .order_by(PlanScenario.plan_id)
    )
    return ((base_id, ""), *((row.plan_id, row.title) for row in rows))


def list_runs(
    session: Session, viewer: Viewer, *, plan_id: uuid.UUID | None = None, call_code: str | None = None
) -> tuple[RunRow, ...]:
    """Return what was asked about a plan, or of a call's first plan, newest first.

    Raises:
        ForbiddenError: if the viewer may not see plans.
    """
    require(viewer, Verb.VIEW, Thing(Kind.PLAN))
    query = select(PlanRun).order_by(PlanRun.asked_at.desc(), PlanRun.id.desc()).limit(_SHOWN)
    if plan_id is not None:
        query = query.where(PlanRun.plan_id == plan_id)
    if call_code is not None:
        query = query.join(Call, Call.id == PlanRun.call_id).where(Call.code == call_code, PlanRun.kind == "plan")
    return tuple(
        RunRow(
            run_id=run.id,
            kind=run.kind,
            state=run.state,
            subject=run.subject,
            changes=run.changes,
            progress=run.progress or {},
            found=run.found or {},
            made_id=run.made_id,
            asked_by=run.asked_by,
            asked_at=run.asked_at,
            ended_at=run.ended_at,
            stopping=run.cancel_asked,
        )
        for run in session.scalars(query)
    )


def _newest(runs: tuple[RunRow, ...]) -> tuple[RunRow, ...]:
    """Keep the newest of each question that was not stopped; what is open stays anyway."""
    seen: set[tuple[str, str]] = set()
    kept = []
    for run in runs:
        key = (run.kind, run.subject)
        if run.is_open or (run.state != "cancelled" and key not in seen):
            kept.append(run)
        if run.state == "done":
            seen.add(key)
    return tuple(kept)
