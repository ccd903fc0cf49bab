"""Changing the way of a call: proposed with a preview, put in force by somebody else, all applications at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import ForbiddenError, FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.intake.actions.names import actor_name
from fundapp.intake.form import parse_form
from fundapp.intake.rules import StrandedError
from fundapp.intake.tables import Application, Call, WorkflowVersion
from fundapp.intake.ways import impact_of, read_section, workflow_of, write_rows
from fundapp.intake.workflow import parse_workflow

LONGEST_NOTE = 2000


def propose_workflow(
    session: Session, *, call_code: str, section: Mapping[str, Any], note: str, actor: Viewer, at: datetime
) -> int:
    """Propose a new version of a call's way; return its number. It takes effect when somebody else puts it in force.

    Args:
        session: A writing session.
        call_code: The call.
        section: What the call's `[workflow]` would say.
        note: Why.
        actor: An administrator.
        at: Now.

    Raises:
        NotFoundError: if there is no such call, or the actor may not.
        InvalidInputError: naming the key that is wrong, without a note, or if it changes nothing.
        TransitionRefusedError: if another proposal waits.
    """
    require(actor, Verb.EDIT, Thing(Kind.WORKFLOW))
    if actor.person_id is None:
        raise ForbiddenError(verb="edit", kind="workflow")
    call = session.scalar(select(Call).where(Call.code == call_code))
    if call is None:
        raise NotFoundError(call=call_code)
    if not note.strip() or len(note) > LONGEST_NOTE:
        raise InvalidInputError(field="note", reason_ko="바꾸는 이유를 적어 주세요", reason_en="say why it changes")
    workflow = parse_workflow({"workflow": section}, parse_form(call.document).fields)
    if workflow == workflow_of(session, call.id):
        raise InvalidInputError(field="workflow", reason_ko="바뀐 것이 없습니다", reason_en="nothing has changed")
    newest = session.scalar(select(func.max(WorkflowVersion.version)).where(WorkflowVersion.call_id == call.id))
    version = WorkflowVersion(
        call_id=call.id,
        version=(newest or 0) + 1,
        state="proposed",
        section=dict(section),
        note=note.strip(),
        proposed_by_id=actor.person_id,
        proposed_by=actor_name(actor),
        proposed_at=at,
    )
    try:
        with session.begin_nested():
            session.add(version)
    except IntegrityError as error:
        raise TransitionRefusedError(thing="workflow", state="proposed", verb="propose") from error
    _record(session, call, "workflow.proposed", version, actor, at)
    return version.version


def publish_workflow(session: Session, *, call_code: str, version: int, actor: Viewer, at: datetime) -> int:
    """Put a proposed version in force and move every application of the call to it, in one transaction.

    Returns:
        How many applications follow it now.

    Raises:
        NotFoundError: if there is no such version, or the actor may not.
        FourEyesError: if the actor proposed it.
        StrandedError: if an application stands in a stage that the version does not have.
        TransitionRefusedError: if it is not waiting.
    """
    call, found = _enter(session, call_code, version, actor, Verb.APPROVE)
    if actor.person_id is None or actor.person_id == found.proposed_by_id:
        raise FourEyesError
    workflow = read_section(found.section)
    stranded = impact_of(session, call.id, workflow).stranded
    if stranded:
        raise StrandedError(
            stages_ko=", ".join(f"{stage.ko} {count}건" for stage, count in stranded),
            stages_en=", ".join(f"{stage.en}: {count}" for stage, count in stranded),
        )
    session.execute(
        update(WorkflowVersion)
        .where(WorkflowVersion.call_id == call.id, WorkflowVersion.state == "in_force")
        .values(state="past")
    )
    changes = {"approved_by_id": actor.person_id, "approved_by": actor_name(actor), "approved_at": at}
    _end(session, found, "publish", state="in_force", **changes)
    write_rows(session, found.id, workflow)
    moved = session.execute(
        update(Application)
        .where(Application.call_id == call.id)
        .values(workflow_id=found.id)
        .returning(Application.id)
        .execution_options(synchronize_session=False)
    ).all()
    _record(session, call, "workflow.published", found, actor, at, applications=len(moved))
    return len(moved)


def discard_workflow(session: Session, *, call_code: str, version: int, actor: Viewer, at: datetime) -> None:
    """Discard a version that waits; whoever proposed it may do so too.

    Raises:
        NotFoundError, TransitionRefusedError: as `publish_workflow`.
    """
    call, found = _enter(session, call_code, version, actor, Verb.APPROVE)
    _end(session, found, "discard", state="discarded")
    _record(session, call, "workflow.discarded", found, actor, at)


def _enter(session: Session, call_code: str, version: int, actor: Viewer, verb: Verb) -> tuple[Call, WorkflowVersion]:
    require(actor, verb, Thing(Kind.WORKFLOW))
    row = session.execute(
        select(Call, WorkflowVersion)
        .join(WorkflowVersion, WorkflowVersion.call_id == Call.id)
        .where(Call.code == call_code, WorkflowVersion.version == version)
    ).one_or_none()
    if row is None:
        raise NotFoundError(call=call_code, version=version)
    return row[0], row[1]


def _end(session: Session, version: WorkflowVersion, verb: str, **changes: object) -> None:
    ended = session.execute(
        update(WorkflowVersion)
        .where(WorkflowVersion.id == version.id, WorkflowVersion.state == "proposed")
        .values(**changes)
        .returning(WorkflowVersion.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if ended is None:
        state = session.scalar(select(WorkflowVersion.state).where(WorkflowVersion.id == version.id))
        raise TransitionRefusedError(thing="workflow", state=state, verb=verb)
    session.refresh(version)


def _record(
    session: Session, call: Call, verb: str, version: WorkflowVersion, actor: Viewer, at: datetime, **details: object
) -> None:
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="call",
        subject=call.code,
        at=at,
        details={"version": version.version, "note": version.note, **details},
    )
