"""Ratings that were given blind: what a model may learn from."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.rules import Rating
from fundapp.committee.tables import Conflict, Review
from fundapp.core.access import Role
from fundapp.identity.tables import Person, person_role
from fundapp.identity.tables import Role as RoleRow
from fundapp.intake.tables import Application, Membership
from fundapp.screening.learning_rules import FiledRating

_SEE_SCORES = (Role.ANALYST, Role.AUDITOR)


def blind_ratings(session: Session) -> list[FiledRating]:
    """Return each reviewer's first rating of each application; machine and colleagues were sealed until it was filed.

    Left out: later versions, whoever was recused or belongs to the company, whoever sees scores by another office, and
    who abstained throughout. For learning, not for pages: nothing is sealed here.
    """
    recused = select(Conflict.id).where(
        Conflict.application_id == Review.application_id, Conflict.person_id == Review.person_id
    )
    insider = select(Membership.person_id).where(
        Membership.company_id == Application.company_id, Membership.person_id == Review.person_id
    )
    seeing = (
        select(person_role.c.person_id)
        .join(RoleRow, RoleRow.id == person_role.c.role_id)
        .where(person_role.c.person_id == Review.person_id, RoleRow.name.in_(_SEE_SCORES))
    )
    rows = session.execute(
        select(Review, Person.name)
        .join(Application, Application.id == Review.application_id)
        .join(Person, Person.id == Review.person_id)
        .where(Review.version == 1, ~recused.exists(), ~insider.exists(), ~seeing.exists())
        .order_by(Review.filed_at, Review.id)
    )
    return [
        FiledRating(review.application_id, review.person_id, name, review.total_tenths, review.filed_at)
        for review, name in rows
        if any(Rating.of_document(document).points is not None for document in review.ratings)
    ]
