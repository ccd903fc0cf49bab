"""What pages may ask about the ways of calls: stages with their names, versions, and what a change would affect."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.intake.form import Form, parse_form
from fundapp.intake.tables import Application, Call, WorkflowVersion
from fundapp.intake.ways import impact_of, load_workflow, read_section, workflow_of
from fundapp.intake.workflow import BUILT_IN, Impact, Stage, Step, Workflow, parse_workflow


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a call's way."""

    version: int
    state: str
    note: str
    proposed_by: str
    proposed_by_id: uuid.UUID | None
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    section: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WayPage:
    """The way of a call with its versions.

    Attributes:
        section: What the call's `[workflow]` says now; empty for today's way.
        standing: Applications that the viewer may count, by stage.
        waiting: The version that waits for a second person, and what it would mean.
    """

    call_code: str
    form: Form
    section: Mapping[str, Any]
    workflow: Workflow
    standing: Mapping[str, int]
    versions: tuple[VersionRow, ...]
    waiting: VersionRow | None
    waiting_workflow: Workflow | None
    impact: Impact | None


def stages_of(session: Session, call_code: str) -> tuple[Stage, ...]:
    """Return the stages of a call in their order, with their names for staff and for applicants.

    Raises:
        NotFoundError: if there is no such call.
    """
    call_id = session.scalar(select(Call.id).where(Call.code == call_code))
    if call_id is None:
        raise NotFoundError(call=call_code)
    return workflow_of(session, call_id).stages


def own_stages(session: Session) -> dict[str, Stage]:
    """Return every stage that calls have added, by key; of two with one key that of the newer version."""
    found: dict[str, Stage] = {}
    sections = select(WorkflowVersion.section).where(
        WorkflowVersion.call_id.is_not(None), WorkflowVersion.state.in_(("in_force", "past"))
    )
    for section in session.scalars(sections.order_by(WorkflowVersion.proposed_at, WorkflowVersion.id)):
        found |= {stage.key: stage for stage in read_section(section).stages if not stage.core}
    return found


def steps_here(session: Session, application_id: uuid.UUID) -> tuple[Step, ...]:
    """Return the steps of its call's own that lead on from where an application stands; the caller has shown it."""
    row = session.execute(
        select(Application.workflow_id, Application.state).where(Application.id == application_id)
    ).one_or_none()
    if row is None:
        return ()
    return load_workflow(session, row.workflow_id).own_steps(row.state)


def way_page(session: Session, viewer: Viewer, call_code: str) -> WayPage:
    """Return the way of a call.

    Raises:
        NotFoundError: if there is no such call, or the viewer may not see ways.
    """
    require(viewer, Verb.VIEW, Thing(Kind.WORKFLOW))
    call = session.scalar(select(Call).where(Call.code == call_code))
    if call is None:
        raise NotFoundError(call=call_code)
    versions = tuple(
        VersionRow(
            one.version, one.state, one.note, one.proposed_by, one.proposed_by_id, one.proposed_at,
            one.approved_by, one.approved_at, one.section,
        )
        for one in session.scalars(
            select(WorkflowVersion)
            .where(WorkflowVersion.call_id == call.id)
            .order_by(WorkflowVersion.version.desc())
        )
    )  # fmt: skip
    current = next((one for one in versions if one.state == "in_force"), None)
    waiting = next((one for one in versions if one.state == "proposed"), None)
    after = read_section(waiting.section) if waiting else None
    return WayPage(
        call_code=call.code,
        form=parse_form(call.document),
        section=current.section if current else {},
        workflow=read_section(current.section) if current else BUILT_IN,
        standing=_standing(session, call.id, viewer),
        versions=versions,
        waiting=waiting,
        waiting_workflow=after,
        impact=impact_of(session, call.id, after, viewer) if after else None,
    )


def _standing(session: Session, call_id: uuid.UUID, viewer: Viewer) -> dict[str, int]:
    rows = session.execute(
        select(Application.state, func.count())
        .where(
            Application.call_id == call_id,
            Application.id.not_in(viewer.recused_from),
            Application.company_id.not_in(viewer.company_ids),
        )
        .group_by(Application.state)
    )
    return {state: count for state, count in rows}  # noqa: C416 - dict() loses the types


def preview_way(
    session: Session, viewer: Viewer, call_code: str, section: Mapping[str, Any]
) -> tuple[Workflow, Impact]:
    """Return what a section says and what it would mean, without saving anything.

    Raises:
        NotFoundError: if there is no such call, or the viewer may not.
        InvalidInputError: naming the key that is wrong.
    """
    require(viewer, Verb.VIEW, Thing(Kind.WORKFLOW))
    call = session.scalar(select(Call).where(Call.code == call_code))
    if call is None:
        raise NotFoundError(call=call_code)
    workflow = parse_workflow({"workflow": section}, parse_form(call.document).fields)
    return workflow, impact_of(session, call.id, workflow, viewer)
