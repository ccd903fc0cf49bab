"""What a company has been told of."""

from __future__ import annotations

from functools import cache

from sqlalchemy import ColumnElement, exists, or_

from fundapp.committee.tables import Decision, Letter
from fundapp.intake.tables import Application


@cache
def decision_told() -> ColumnElement[bool]:
    """Return the condition under which the company of a row's `Decision` and `Application` knows of the decision.

    Its letter has been sent, or the company has signed the agreement that the decision led to.
    """
    letter = exists().where(Letter.decision_id == Decision.id, Letter.sent_at.is_not(None), Letter.dropped_at.is_(None))
    return or_(Application.state == "awarded", letter)
