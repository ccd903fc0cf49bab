"""What an applicant may know of the committee's resolutions: what a letter has told them, and nothing before it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import cache, lru_cache

from sqlalchemy import ColumnElement, case, exists, insert, select
from sqlalchemy.orm import Session

from fundapp.core.access import VIEWERS_KEPT, Viewer
from fundapp.intake.rules import BEFORE_LETTER, TOLD_BY_LETTER
from fundapp.intake.tables import Application, DecisionNotice, Transition


@cache
def _told() -> ColumnElement[bool]:
    return exists().where(DecisionNotice.transition_id == Transition.id)


@lru_cache(VIEWERS_KEPT)
def state_shown_to(viewer: Viewer) -> ColumnElement[str]:
    """Return the state of a row's `Application` as the viewer may know it.

    Whoever acts for the company, whatever else they are, sees a resolution only once its letter was sent. Filters
    and counts use this column as well, or they would tell.
    """
    state = Application.state.expression
    if not viewer.company_ids:
        return state
    untold = exists().where(
        Transition.application_id == Application.id,
        Transition.to_state == Application.state,
        Transition.to_state.in_(TOLD_BY_LETTER),
        ~_told(),
    )
    return case((Application.company_id.in_(viewer.company_ids) & untold, BEFORE_LETTER), else_=state)


def visible_steps(session: Session, application_id: uuid.UUID, *, own: bool) -> list[Transition]:
    """Return the steps of an application in order; of one's own company's without what no letter has told."""
    steps = select(Transition).where(Transition.application_id == application_id)
    if own:
        steps = steps.where(Transition.to_state.not_in(TOLD_BY_LETTER) | _told())
    found: list[Transition] = []
    for step in session.scalars(steps.order_by(Transition.at, Transition.id)):
        # Put on the agenda twice in a row: the deferral between them has not been told.
        if not (own and found and found[-1].verb == step.verb == "propose"):
            found.append(step)
    return found


def tell_resolutions(session: Session, application_ids: Iterable[uuid.UUID], *, at: datetime) -> int:
    """Record that applicants have been told of every resolution so far; return how many were new."""
    untold = session.scalars(
        select(Transition.id).where(
            Transition.application_id.in_(list(application_ids)), Transition.to_state.in_(TOLD_BY_LETTER), ~_told()
        )
    ).all()
    if untold:
        session.execute(insert(DecisionNotice), [{"transition_id": key, "told_at": at} for key in untold])
    return len(untold)
