"""Which award follows which."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.tables import Decision
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.intake.tables import Application
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.tables import Award, AwardFollowOn


@dataclass(frozen=True, slots=True)
class FollowOnRow:
    """An award before or after another; `option_krw` is the right to invest more that was exercised."""

    number: str
    signed_on: date
    committed_krw: int
    option_krw: int | None


@dataclass(frozen=True, slots=True)
class Lineage:
    """What an award follows, and what followed it, by date; only what the viewer may see."""

    follows: FollowOnRow | None
    followed_by: tuple[FollowOnRow, ...]


def load_lineage(session: Session, viewer: Viewer, award_id: uuid.UUID) -> Lineage:
    """Return what an award follows and what followed it, in two statements."""
    columns = (Award.number, Award.signed_on, Award.committed_krw, AwardFollowOn.option_krw)
    before = session.execute(
        select(*columns)
        .join(AwardFollowOn, AwardFollowOn.follows_id == Award.id)
        .where(AwardFollowOn.award_id == award_id, award_clause(viewer))
    ).one_or_none()
    after = session.execute(
        select(*columns)
        .join(AwardFollowOn, AwardFollowOn.award_id == Award.id)
        .where(AwardFollowOn.follows_id == award_id, award_clause(viewer))
        .order_by(Award.signed_on, Award.number)
    ).all()
    return Lineage(FollowOnRow(*before) if before else None, tuple(FollowOnRow(*row) for row in after))


def list_earlier(session: Session, viewer: Viewer, decision_id: uuid.UUID) -> list[str]:
    """Return the numbers of the awards that the company of a decision has already, newest first.

    Raises:
        ForbiddenError: if the viewer may not sign awards.
    """
    require(viewer, Verb.SIGN, Thing(Kind.AWARD))
    company = (
        select(Application.company_id)
        .join(Decision, Decision.application_id == Application.id)
        .where(Decision.id == decision_id)
        .scalar_subquery()
    )
    return list(
        session.scalars(
            select(Award.number)
            .where(Award.company_id == company, award_clause(viewer))
            .order_by(Award.signed_on.desc(), Award.number.desc())
        )
    )
