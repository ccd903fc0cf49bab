"""Taking an application along a step that its call has added."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from fundapp.committee.entrance import enter
from fundapp.core.access import Kind, Role, Verb, Viewer
from fundapp.core.errors import ForbiddenError, TransitionRefusedError
from fundapp.core.idempotency import once
from fundapp.intake.actions import move_application
from fundapp.intake.ways import load_workflow


def take_step(
    session: Session, *, application_id: uuid.UUID, verb: str, reason: str, key: str, actor: Viewer, at: datetime
) -> str:
    """Move an application along a step of its call's own; return the stage reached.

    A step without a role is the analyst's. Steps that other rooms take by name are not taken here.

    Raises:
        NotFoundError: if the application is absent or out of sight, or the step is another role's.
        TransitionRefusedError: if its way has no such step from where it stands, or it was moved first.
        InvalidInputError: if the step asks for a reason or an answer that is missing.
    """
    application = enter(session, application_id, actor=actor, verb=Verb.VIEW, kind=Kind.APPLICATION)

    def work() -> dict[str, Any]:
        own = load_workflow(session, application.workflow_id).own_steps(application.state)
        step = next((one for one in own if one.verb == verb), None)
        if step is None:
            raise TransitionRefusedError(thing="application", state=application.state, verb=verb)
        if not actor.has(step.role or Role.ANALYST):
            raise ForbiddenError(verb=verb, kind="application")
        return {
            "stage": move_application(session, application, verb, actor=actor, at=at, reason=reason.strip() or None)
        }

    request = {"application": str(application_id), "verb": verb, "reason": reason.strip()}
    return str(once(session, key=key, verb="application.step", request=request, at=at, work=work)["stage"])
