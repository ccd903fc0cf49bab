"""Plans and scenarios as one viewer may see them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from fundapp.allocation.keeping import hidden_numbers
from fundapp.allocation.tables import Plan, PlanAdoption, PlanScenario
from fundapp.committee.queries.sight import load_figures
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.intake.queries import company_shown
from fundapp.intake.tables import Application, Call, Company


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan in a list; `title` and `base_id` are a scenario's."""

    plan_id: uuid.UUID
    call_code: str
    title: str
    base_id: uuid.UUID | None
    objective: float
    gap: float
    awards: int
    made_by: str
    made_at: datetime
    meeting_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One applicant of a plan: asked for and recommended, side by side; hours are whole.

    Attributes:
        score_tenths: Official score; None while it is sealed to the viewer.
        tags: Further groups that a quota counts.
        tickets: Amounts that could have been recommended, in won; empty while the score is sealed.
        recommended_krw: 0 where nothing is recommended, and while the score is sealed: it would give the score away.
        recommended_hours: `{sku: {quarter: hours}}`; empty likewise.
    """

    application_id: uuid.UUID
    number: str
    company: str
    score_tenths: int | None
    score_basis: str
    sector: str
    sme: bool
    non_capital: bool
    tags: tuple[str, ...]
    tickets: tuple[int, ...]
    recommended_krw: int
    requested_hours: Mapping[str, Mapping[str, int]]
    recommended_hours: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class PlanPage:
    """A plan as one viewer may see it: rows leave out applications that are out of sight.

    Attributes:
        title: Of a scenario; empty for the plan that answers the record itself.
        base_id: That plan, of a scenario.
        changes: What a scenario sets otherwise: `terms`, `hours`, and the `reasons` of what it pins.
        commitments: What earlier awards hold of the capacities.
        prices: Marginal worth, an indication: `{gpu, cash, quotas, bound}`.
        baseline: By rule of thumb, its objective and the terms it breaks.
    """

    plan_id: uuid.UUID
    call_code: str
    title: str
    base_id: uuid.UUID | None
    changes: Mapping[str, Any]
    instance_sha256: str
    solver: str
    objective: float
    bound: float
    gap: float
    seconds: float
    terms: Mapping[str, Any]
    capacities: tuple[Mapping[str, Any], ...]
    commitments: tuple[Mapping[str, Any], ...]
    prices: Mapping[str, Any]
    baseline: Mapping[str, Any]
    rows: tuple[PlannedRow, ...]
    made_by: str
    made_at: datetime
    meeting_id: uuid.UUID | None


def list_plans(session: Session, viewer: Viewer, call_code: str | None = None) -> list[PlanRow]:
    """Return plans, newest first; awards count only applications in sight.

    Raises:
        ForbiddenError: if the viewer may not see plans.
    """
    require(viewer, Verb.VIEW, Thing(Kind.PLAN))
    query = (
        select(Plan, Call.code, PlanAdoption.meeting_id, PlanScenario)
        .join(Call, Call.id == Plan.call_id)
        .outerjoin(PlanAdoption, PlanAdoption.plan_id == Plan.id)
        .outerjoin(PlanScenario, PlanScenario.plan_id == Plan.id)
        .options(defer(Plan.instance))  # megabytes, for a large call
        .order_by(Plan.made_at.desc(), Plan.id.desc())
    )
    if call_code is not None:
        query = query.where(Call.code == call_code)
    found = session.execute(query).all()
    hidden = hidden_numbers(session, viewer)
    return [
        PlanRow(
            plan_id=plan.id,
            call_code=code,
            title=_title(scenario),
            base_id=_base(scenario),
            objective=plan.result["objective"],
            gap=plan.result["gap"],
            awards=sum(1 for award in plan.result["awards"] if award["code"] not in hidden),
            made_by=plan.made_by,
            made_at=plan.made_at,
            meeting_id=meeting_id,
        )
        for plan, code, meeting_id, scenario in found
    ]


def plan_page(session: Session, viewer: Viewer, plan_id: uuid.UUID) -> PlanPage:
    """Return a plan with requested and recommended side by side.

    Raises:
        NotFoundError: if there is no such plan, or the viewer may not see plans.
    """
    require(viewer, Verb.VIEW, Thing(Kind.PLAN))
    row = session.execute(
        select(Plan, Call.code, PlanAdoption.meeting_id, PlanScenario)
        .join(Call, Call.id == Plan.call_id)
        .outerjoin(PlanAdoption, PlanAdoption.plan_id == Plan.id)
        .outerjoin(PlanScenario, PlanScenario.plan_id == Plan.id)
        .where(Plan.id == plan_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(plan=str(plan_id))
    plan, code, meeting_id, scenario = row
    return PlanPage(
        plan_id=plan.id,
        call_code=code,
        title=_title(scenario),
        base_id=_base(scenario),
        changes=_changes(scenario),
        instance_sha256=plan.instance_sha256,
        solver=plan.solver,
        objective=plan.result["objective"],
        bound=plan.result["bound"],
        gap=plan.result["gap"],
        seconds=plan.result["seconds"],
        terms=plan.instance["terms"],
        capacities=tuple(plan.instance["capacities"]),
        commitments=tuple(plan.instance.get("commitments", ())),
        prices=plan.result["prices"],
        baseline=plan.result["baseline"],
        rows=tuple(_planned_rows(session, viewer, plan)),
        made_by=plan.made_by,
        made_at=plan.made_at,
        meeting_id=meeting_id,
    )


def _title(scenario: PlanScenario | None) -> str:
    return "" if scenario is None else scenario.title


def _base(scenario: PlanScenario | None) -> uuid.UUID | None:
    return None if scenario is None else scenario.base_id


def _changes(scenario: PlanScenario | None) -> Mapping[str, Any]:
    return {} if scenario is None else scenario.changes


def find_plan(session: Session, viewer: Viewer, call_code: str) -> PlanPage | None:
    """Return the newest plan of a call, or None.

    Raises:
        ForbiddenError: if the viewer may not see plans.
    """
    plans = list_plans(session, viewer, call_code)
    return plan_page(session, viewer, plans[0].plan_id) if plans else None


def _planned_rows(session: Session, viewer: Viewer, plan: Plan) -> Iterable[PlannedRow]:
    hidden = hidden_numbers(session, viewer)
    heads = {
        row.number: row
        for row in session.execute(
            select(Application.id, Application.number, company_shown(viewer).label("name"))
            .join(Company, Company.id == Application.company_id)
            .where(Application.call_id == plan.call_id)
        )
    }
    figures = load_figures(session, select(Application.id).where(Application.call_id == plan.call_id))
    awards = {award["code"]: award for award in plan.result["awards"]}
    basis: dict[str, str] = plan.instance["score_basis"]
    for applicant in plan.instance["applicants"]:
        number = applicant["code"]
        if number in hidden or number not in heads:
            continue
        award = awards.get(number, {"krw": 0, "gpu_hours": {}})
        requested: defaultdict[str, dict[str, int]] = defaultdict(dict)
        sealed = figures.sealed(heads[number].id, viewer)
        for request in applicant["requests"]:
            requested[request["sku"]][request["quarter"]] = request["hours"]
        yield PlannedRow(
            application_id=heads[number].id,
            number=number,
            company=heads[number].name,
            score_tenths=None if sealed else applicant["score_tenths"],
            score_basis=basis[number],
            sector=applicant["sector"],
            sme=applicant["sme"],
            non_capital=applicant["non_capital"],
            tags=tuple(applicant.get("tags", ())),
            tickets=() if sealed else tuple(applicant["tickets"]),
            recommended_krw=0 if sealed else award["krw"],
            requested_hours=dict(requested),
            recommended_hours={} if sealed else award["gpu_hours"],
        )
