"""Machine and committee side by side, over the applications of a call that both have looked at."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.queries.sight import in_sight, load_figures
from fundapp.core.access import Kind, Role, Thing, Verb, Viewer, require
from fundapp.core.errors import ForbiddenError
from fundapp.intake.tables import Application, Call, Company
from fundapp.screening.agreement import Pair


@dataclass(frozen=True, slots=True)
class PairRow:
    """One application that has a score and at least one review."""

    application_id: uuid.UUID
    company: str
    reviews: int
    pair: Pair


def list_pairs(session: Session, viewer: Viewer, call_code: str) -> list[PairRow]:
    """Return the applications with a score and a review, by number; for analysts and auditors alone.

    A member of the committee would see here what is sealed until the own review is filed. What the viewer is recused
    from or applies for is in none of the figures.

    Raises:
        ForbiddenError: if the viewer is neither, or may not see scores and reviews.
    """
    require(viewer, Verb.VIEW, Thing(Kind.SCORECARD))
    require(viewer, Verb.VIEW, Thing(Kind.REVIEW))
    if not viewer.has(Role.ANALYST, Role.AUDITOR):
        raise ForbiddenError
    among = (
        select(Application.id)
        .join(Call, Call.id == Application.call_id)
        .where(Call.code == call_code, in_sight(viewer))
    )
    figures = load_figures(session, among)
    named = session.execute(
        select(Application.id, Application.number, Company.name)
        .join(Company, Company.id == Application.company_id)
        .where(Application.id.in_(among))
        .order_by(Application.number)
    )
    found = []
    for key, number, company in named:
        score, statistics = figures.scores.get(key), figures.statistics(key)
        if score is not None and statistics is not None:
            pair = Pair(number, score, statistics.mean_tenths)
            found.append(PairRow(key, company, len(figures.totals(key)), pair))
    return found
