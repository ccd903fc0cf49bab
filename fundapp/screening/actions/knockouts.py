"""Judging, as a person, what a knock-out stopped."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.intake.actions import actor_name, move_application
from fundapp.intake.tables import Application, Submission
from fundapp.screening.tables import KnockoutJudgement, Scorecard


def judge_knockout(
    session: Session, *, application_id: uuid.UUID, outcome: str, reason: str, actor: Viewer, at: datetime
) -> str:
    """Decide as a person about an application that a knock-out put on hold; return its new state.

    Args:
        session: The session.
        application_id: Which.
        outcome: `released` or `ineligible`.
        reason: Why, in the person's own words; it stays on record.
        actor: An analyst.
        at: Now.

    Raises:
        InvalidInputError: without a reason, or for another outcome.
        NotFoundError: if there is no such application, or the actor may not judge it.
        TransitionRefusedError: if it is not on hold.
    """
    application = session.get(Application, application_id, populate_existing=True)
    require(actor, Verb.OVERRIDE, Thing(Kind.SCORECARD, application_id))
    if application is None:
        raise NotFoundError
    verb = {"released": "release", "ineligible": "declare_ineligible"}.get(outcome)
    if verb is None:
        raise InvalidInputError(field="outcome", reason_ko="없는 판단입니다", reason_en="no such outcome")
    why = reason.strip()
    if not why:
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="a reason is needed")
    card = session.scalar(
        select(Scorecard.id)
        .join(Submission, Submission.id == Scorecard.submission_id)
        .where(Scorecard.application_id == application_id)
        .order_by(Submission.version.desc(), Scorecard.version.desc())
        .limit(1)
    )
    if card is None:
        raise TransitionRefusedError(thing="application", state=application.state, verb=verb)
    state = move_application(session, application, verb, actor=actor, at=at, reason=why)
    session.add(
        KnockoutJudgement(
            application_id=application_id,
            scorecard_id=card,
            outcome=outcome,
            reason=why,
            person_id=actor.person_id,
            actor=actor_name(actor),
            at=at,
        )
    )
    session.flush()
    return state
