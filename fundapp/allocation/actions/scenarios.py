"""What if: the same applicants under other settings, kept as a plan of their own beside the first."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from fundapp.allocation.actions.plans import PlanSummary, keep_plan
from fundapp.allocation.keeping import chosen_lines, newest_choice
from fundapp.allocation.rules import Instance, canonical_json, pins, read_instance
from fundapp.allocation.scenarios import Changes, with_changes
from fundapp.allocation.solver import solve
from fundapp.allocation.tables import Plan, PlanScenario
from fundapp.allocation.workshop import result_document
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.idempotency import once
from fundapp.core.sessions import Database
from fundapp.intake.tables import Call

MOST_TITLE = 120


@dataclass(frozen=True, slots=True)
class Supposed:
    """A scenario before it is solved.

    Attributes:
        base_id: The plan that answers the record itself.
        call_code: Its call.
        document: The changed instance as JSON, with what the record adds to it.
        changes: What differs from the base, and the reasons of what is pinned.
    """

    base_id: uuid.UUID
    call_id: uuid.UUID
    call_code: str
    document: Mapping[str, Any]
    instance: Instance
    changes: Mapping[str, Any]


def suppose(session: Session, *, plan_id: uuid.UUID, changes: Changes, keep_pins: bool, actor: Viewer) -> Supposed:
    """Put other settings over what a plan was asked; a scenario of a scenario starts from the first plan again.

    Args:
        session: A session.
        plan_id: The plan or scenario that the actor looks at.
        changes: Other settings; what they do not name is as in the first plan.
        keep_pins: Whether what people pinned at that plan stays as they chose it.
        actor: Analyst.

    Raises:
        NotFoundError: if there is no such plan.
        InvalidInputError: if a setting is unknown or out of range.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    shown = session.get(Plan, plan_id)
    if shown is None:
        raise NotFoundError(plan=str(plan_id))
    scenario = session.get(PlanScenario, plan_id)
    base = shown if scenario is None else session.get_one(Plan, scenario.base_id)
    reasons: dict[str, str] = dict(scenario.changes.get("reasons", {})) if scenario and keep_pins else {}
    if keep_pins:
        lines = chosen_lines(newest_choice(session, plan_id))
        kept = {pin.code: pin for pin in read_instance(shown.instance).terms.pins}
        kept |= {pin.code: pin for pin in pins(lines)}
        for line in lines:
            if not line.pinned:
                kept.pop(line.code, None)
        reasons |= {line.code: line.reason for line in lines if line.pinned and line.reason}
        changes = replace(changes, terms={**changes.terms, "pins": tuple(kept[code] for code in sorted(kept))})
        reasons = {code: reason for code, reason in sorted(reasons.items()) if code in kept}
    try:
        instance = with_changes(read_instance(base.instance), changes)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            field="settings", reason_ko=f"쓸 수 없는 설정입니다: {error}", reason_en=str(error)
        ) from error
    document = {**base.instance, **json.loads(canonical_json(instance))}
    kept_changes = {**changes.to_document(), "reasons": reasons}
    code = session.get_one(Call, base.call_id).code
    return Supposed(base.id, base.call_id, code, document, instance, kept_changes)


def keep_scenario(
    session: Session, *, supposed: Supposed, title: str, result: Mapping[str, Any], actor: Viewer, at: datetime
) -> PlanSummary:
    """Keep a solved scenario as a plan beside its base.

    Raises:
        InvalidInputError: if it has no title, or too long a one.
        ConflictOfInterestError: if the actor is recused from a candidate.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    name = _title(title)
    made = keep_plan(
        session,
        call_id=supposed.call_id,
        call_code=supposed.call_code,
        document=supposed.document,
        result=result,
        actor=actor,
        at=at,
    )
    session.add(
        PlanScenario(plan_id=made.plan_id, base_id=supposed.base_id, title=name, changes=dict(supposed.changes))
    )
    session.flush()
    return made


def plan_scenario(
    db: Database,
    *,
    plan_id: uuid.UUID,
    title: str,
    changes: Changes,
    keep_pins: bool,
    actor: Viewer,
    at: datetime,
    key: str | None = None,
) -> uuid.UUID:
    """Solve a scenario between two transactions and keep it; return the plan that it is.

    Args:
        db: The database.
        plan_id: The plan that the actor looks at.
        title: The scenario's name.
        changes: Other settings, see `suppose`.
        keep_pins: Likewise.
        actor: Analyst.
        at: Now.
        key: Idempotency key of the form: a repeat finds the scenario that the first one made.

    Raises:
        NotFoundError, InvalidInputError: as `suppose` and `keep_scenario`.
        IdempotencyConflictError: if the key came with other settings.
        PlanInfeasible: if no plan satisfies the settings.
    """
    require(actor, Verb.PLAN, Thing(Kind.PLAN))
    _title(title)
    with db.read() as session:
        supposed = suppose(session, plan_id=plan_id, changes=changes, keep_pins=keep_pins, actor=actor)
    result = result_document(solve(supposed.instance))

    def keep(session: Session) -> dict[str, Any]:
        made = keep_scenario(session, supposed=supposed, title=title, result=result, actor=actor, at=at)
        return {"plan": str(made.plan_id)}

    def keep_once(session: Session) -> dict[str, Any]:
        if key is None:
            return keep(session)
        asked = {"plan": str(plan_id), "title": title, "changes": supposed.changes, "by": str(actor.person_id)}
        return once(session, key=key, verb="plan.scenario", request=asked, at=at, work=lambda: keep(session))

    return uuid.UUID(db.transaction(keep_once)["plan"])


def _title(title: str) -> str:
    """Return a scenario's title without blanks around it.

    Raises:
        InvalidInputError: if nothing is left, or too much.
    """
    name = title.strip()
    if not name or len(name) > MOST_TITLE:
        raise InvalidInputError(
            field="title",
            reason_ko=f"1자에서 {MOST_TITLE}자까지 적어 주세요",
            reason_en=f"needs 1 to {MOST_TITLE} characters",
        )
    return name
