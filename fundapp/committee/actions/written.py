"""Closing written resolutions by the clock: at their deadline, or when everybody has voted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.closing import close_once
from fundapp.committee.queries.ballot_state import all_voted
from fundapp.committee.rules import BallotClosedError
from fundapp.committee.tables import Ballot, Meeting
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import ForbiddenError
from fundapp.intake.tables import Application


def close_written_ballots(session: Session, *, secret: str | None, actor: Viewer, at: datetime) -> int:
    """Count written ballots that are over; amendments before what waits for them. The clock has no casting vote.

    Args:
        session: A writing session.
        secret: The instance's, which opens secret votes.
        actor: The system.
        at: Now.

    Returns:
        How many were closed.

    Raises:
        ForbiddenError: if it is somebody else than the clock.
    """
    if actor is not SYSTEM:
        raise ForbiddenError(verb="close", kind="ballot")
    due = session.execute(
        select(Ballot.id, Meeting.deadline)
        .join(Meeting, Meeting.id == Ballot.meeting_id)
        .where(Ballot.state == "open", Meeting.kind == "written")
        .order_by(Ballot.opened_at.desc(), Ballot.id)
    ).all()
    closed = 0
    for ballot_id, deadline in due:
        if deadline is not None and at <= deadline and not all_voted(session, ballot_id):
            continue
        ballot = session.get_one(Ballot, ballot_id)
        application = session.get_one(Application, ballot.application_id)
        try:
            close_once(session, ballot, application, casting=None, secret=secret, actor=actor, at=at)
        except BallotClosedError:
            continue  # the chair was first
        closed += 1
    return closed
