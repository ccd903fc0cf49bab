"""Which way an application or a call follows, read from the database."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.orm import canonical_json, new_id
from fundapp.core.sessions import once_a_look
from fundapp.intake.newest import newest_answers
from fundapp.intake.tables import BUILT_IN_WORKFLOW, Application, Call, WorkflowStage, WorkflowStep, WorkflowVersion
from fundapp.intake.workflow import BUILT_IN, Impact, Workflow, compare, parse_workflow

_REMEMBERED = 256


def load_workflow(session: Session, workflow_id: uuid.UUID) -> Workflow:
    """Return a way by its identifier; today's costs no question to the database."""
    if workflow_id == BUILT_IN_WORKFLOW:
        return BUILT_IN
    return read_section(session.scalars(select(WorkflowVersion.section).where(WorkflowVersion.id == workflow_id)).one())


def read_section(section: Mapping[str, Any]) -> Workflow:
    """Return the way of a section that was checked when it was saved."""
    return _read(canonical_json(section))


@lru_cache(_REMEMBERED)
def _read(text: str) -> Workflow:
    section = json.loads(text)
    questions = {name for step in section.get("steps", []) for name in step.get("fields", [])}
    return parse_workflow({"workflow": section}, questions)


def workflow_id_of(session: Session, call_id: uuid.UUID) -> uuid.UUID:
    """Return the way that a call's applications follow now."""
    found = session.scalar(
        select(WorkflowVersion.id).where(WorkflowVersion.call_id == call_id, WorkflowVersion.state == "in_force")
    )
    return found or BUILT_IN_WORKFLOW


def workflow_of(session: Session, call_id: uuid.UUID) -> Workflow:
    """Return the stages and steps that a call's applications follow now."""
    return once_a_look(session, ("workflow", call_id), lambda: load_workflow(session, workflow_id_of(session, call_id)))


def proposable_stages(session: Session, call_id: uuid.UUID) -> frozenset[str]:
    """Return the stages from which a call's applications may be put to a vote."""
    return workflow_of(session, call_id).proposable


def impact_of(session: Session, call_id: uuid.UUID, after: Workflow, viewer: Viewer | None = None) -> Impact:
    """Return what a new way would mean for a call's applications as they stand.

    Args:
        session: Any session.
        call_id: The call.
        after: The new way.
        viewer: Whose sight limits the counts; None counts everything, for deciding.
    """
    among = [Application.call_id == call_id]
    if viewer is not None:
        among += [Application.id.not_in(viewer.recused_from), Application.company_id.not_in(viewer.company_ids)]
    rows = session.execute(select(Application.state, func.count()).where(*among).group_by(Application.state))
    standing = {state: count for state, count in rows}  # noqa: C416 - dict() loses the types
    asked = {(step.source, field) for step in after.steps for field in step.fields}
    lacking: dict[tuple[str, str], int] = {}
    for source in sorted({source for source, _ in asked}):
        waiting = select(Application.id).where(Application.state == source, *among)
        answers = [row.answers for row in session.execute(newest_answers(waiting))]
        for field in (field for place, field in asked if place == source):
            lacking[source, field] = standing.get(source, 0) - sum(bool(one.get(field)) for one in answers)
    return compare(workflow_of(session, call_id), after, standing, lacking)


def install_workflow(session: Session, *, call: Call, section: Mapping[str, Any], actor: Viewer, at: datetime) -> None:
    """Put the way that a new call defines in force: the opening of the call has asked the policy and checked it."""
    version = WorkflowVersion(
        id=new_id(),
        call_id=call.id,
        version=1,
        state="in_force",
        section=dict(section),
        note="",
        proposed_by_id=actor.person_id,
        proposed_by=actor.name or actor.email,
        proposed_at=at,
    )
    session.add(version)
    session.flush()
    write_rows(session, version.id, read_section(section))


def write_rows(session: Session, workflow_id: uuid.UUID, workflow: Workflow) -> None:
    """Write the stages and steps that states and moves refer to."""
    session.execute(
        insert(WorkflowStage),
        [
            {"workflow_id": workflow_id, "key": stage.key, "place": place}
            for place, stage in enumerate(workflow.stages, start=1)
        ],
    )
    session.execute(
        insert(WorkflowStep),
        [
            {"workflow_id": workflow_id, "verb": step.verb, "source": step.source, "target": step.target}
            for step in workflow.steps
        ],
    )
