"""Pledging that nothing stands between a member and an application."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.entrance import enter, require_person
from fundapp.committee.queries.pledges import PLEDGED, find_pledge
from fundapp.core.access import Kind, Verb, Viewer
from fundapp.intake.tables import Submission


def pledge_no_conflict(session: Session, *, application_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Record that a member has seen the related parties and pledges to have no interest. A repeat changes nothing.

    The record is an event of the audit chain. It names the version of the application that was looked at and not
    the parties themselves: a chain cannot forget personal data.

    Raises:
        NotFoundError: if the application is absent or out of sight, or the actor is recused or holds no seat.
    """
    require_person(actor)
    application = enter(session, application_id, actor=actor, verb=Verb.REVIEW, kind=Kind.APPLICATION)
    if find_pledge(session, actor, application_id) is not None:
        return
    version = session.scalar(select(func.max(Submission.version)).where(Submission.application_id == application_id))
    record_event(
        session,
        actor=actor,
        verb=PLEDGED,
        subject_kind="application",
        subject=application.number,
        at=at,
        details={"submission_version": version},
    )
