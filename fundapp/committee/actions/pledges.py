"""Pledging that nothing stands between a member and an application, or the items of a meeting."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.actions.signals import dismiss_signals
from fundapp.committee.entrance import enter, require_person
from fundapp.committee.queries.pledges import PLEDGED, find_pledge, unsigned_items
from fundapp.committee.queries.suggestions import waiting_signals
from fundapp.committee.tables import MeetingPledge
from fundapp.core.access import Kind, Verb, Viewer
from fundapp.core.errors import InvalidInputError
from fundapp.intake.tables import Submission


def pledge_no_conflict(
    session: Session, *, application_id: uuid.UUID, actor: Viewer, at: datetime, dismissal: str = ""
) -> None:
    """Record that a member has seen the related parties and pledges to have no interest. A repeat changes nothing.

    The record is an event of the audit chain. It names the version of the application that was looked at and not
    the parties themselves: a chain cannot forget personal data.

    Args:
        session: A writing session.
        application_id: The application.
        actor: The member.
        at: Now.
        dismissal: Why what the register suggests is no conflict; needed where it suggests something.

    Raises:
        NotFoundError: if the application is absent or out of sight, or the actor is recused or holds no seat.
        InvalidInputError: if something is suggested and goes without a reason.
    """
    person_id = require_person(actor)
    application = enter(session, application_id, actor=actor, verb=Verb.REVIEW, kind=Kind.APPLICATION)
    if waiting_signals(session, [application_id], person_id):
        if not dismissal.strip():
            raise InvalidInputError(
                field="dismissal",
                reason_ko="겹치는 항목이 이해충돌이 아닌 까닭을 적어 주세요",
                reason_en="say why what was found is no conflict",
            )
        dismiss_signals(
            session, application_id=application_id, person_id=person_id, reason=dismissal, actor=actor, at=at
        )
    if find_pledge(session, actor, application_id) is not None:
        return
    record_event(
        session,
        actor=actor,
        verb=PLEDGED,
        subject_kind="application",
        subject=application.number,
        at=at,
        details={"submission_version": _newest_version(session, application_id)},
    )


def sign_meeting(
    session: Session,
    *,
    meeting_id: uuid.UUID,
    application_ids: Collection[uuid.UUID],
    actor: Viewer,
    at: datetime,
    dismissals: dict[uuid.UUID, str] | None = None,
) -> int:
    """Sign for items of a meeting: one signature for all that were listed, each recorded with its version.

    What came onto the agenda after the page was read is not signed for, and asks again.

    Args:
        session: A writing session.
        meeting_id: The meeting.
        application_ids: The items whose related parties the member has seen.
        actor: The member.
        at: Now.
        dismissals: By application, why what the register suggests is no conflict.

    Returns:
        How many items were new.

    Raises:
        NotFoundError: if the meeting is absent or out of sight, or the actor holds no seat.
        InvalidInputError: if something is suggested about an item and goes without a reason.
    """
    person_id = require_person(actor)
    waiting = unsigned_items(session, actor, meeting_id)
    signed = [item for item in waiting if item.application_id in application_ids]
    for item in signed:
        pledge_no_conflict(
            session,
            application_id=item.application_id,
            actor=actor,
            at=at,
            dismissal=(dismissals or {}).get(item.application_id, ""),
        )
        session.add(
            MeetingPledge(
                meeting_id=meeting_id,
                person_id=person_id,
                application_id=item.application_id,
                submission_version=_newest_version(session, item.application_id),
                signed_at=at,
            )
        )
    session.flush()
    if signed:
        record_event(
            session,
            actor=actor,
            verb="meeting.pledged",
            subject_kind="meeting",
            subject=str(meeting_id),
            at=at,
            details={"items": len(signed)},
        )
    return len(signed)


def _newest_version(session: Session, application_id: uuid.UUID) -> int | None:
    return session.scalar(select(func.max(Submission.version)).where(Submission.application_id == application_id))
