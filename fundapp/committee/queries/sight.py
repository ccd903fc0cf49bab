"""Which applications the committee's pages may speak of, and which figures of them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, select, true
from sqlalchemy.orm import Session, aliased

from fundapp.committee.queries.phases import Doors, load_doors
from fundapp.committee.rules import Rating, Statistics, statistics_of
from fundapp.committee.tables import Assignment, Conflict, Review, Reviewing
from fundapp.core.access import (
    VIEWERS_KEPT,
    Kind,
    Thing,
    Verb,
    Viewer,
    application_clause,
    may,
    may_see_in_review,
    require,
)
from fundapp.intake.tables import Application
from fundapp.screening.tables import Scorecard


def require_sight(viewer: Viewer, kind: Kind) -> None:
    """Raise unless the viewer may see things of this kind at all.

    Raises:
        ForbiddenError: shown like an absent page.
    """
    require(viewer, Verb.VIEW, Thing(kind))


@lru_cache(VIEWERS_KEPT)
def in_sight(viewer: Viewer) -> ColumnElement[bool]:
    """Return the SQL condition for the applications that the committee's pages may show this viewer.

    Besides the common rule, nobody sees how their own company is judged, whatever other role they hold.
    """
    own = Application.company_id.not_in(viewer.company_ids) if viewer.company_ids else true()
    return and_(
        application_clause(
            viewer,
            application_id=Application.id.expression,
            company_id=Application.company_id.expression,
            is_draft=(Application.state == "draft").expression,
        ),
        own,
    )


@lru_cache(VIEWERS_KEPT)
def undertaking_in_sight(viewer: Viewer) -> ColumnElement[bool]:
    """Return the same for what follows a decision, which finance sees too without seeing applications."""
    if not may(viewer, Verb.VIEW, Thing(Kind.CONDITION)):
        return Application.id.is_(None)
    recused = Application.id.not_in(viewer.recused_from) if viewer.recused_from else true()
    own = Application.company_id.not_in(viewer.company_ids) if viewer.company_ids else true()
    return and_(Application.state != "draft", recused, own)


@dataclass(frozen=True, slots=True)
class NewestReview:
    """The review that counts of one member for one application."""

    application_id: uuid.UUID
    person_id: uuid.UUID
    version: int
    ratings: tuple[Rating, ...]
    total_tenths: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Scores, assignments and counting reviews of a set of applications, before anything is sealed."""

    scores: Mapping[uuid.UUID, int]
    assigned: Mapping[uuid.UUID, frozenset[uuid.UUID]]
    reviews: Mapping[uuid.UUID, tuple[NewestReview, ...]]
    doors: Mapping[uuid.UUID, Doors] = field(default_factory=dict)

    def doors_of(self, application_id: uuid.UUID) -> Doors:
        """Return what the present phase of the application's call says."""
        return self.doors.get(application_id, _DOORS)

    def totals(self, application_id: uuid.UUID) -> dict[uuid.UUID, int]:
        """Return each reviewer's total in tenths, abstentions left out."""
        return {
            review.person_id: review.total_tenths
            for review in self.reviews.get(application_id, ())
            if review.total_tenths is not None
        }

    def statistics(self, application_id: uuid.UUID) -> Statistics | None:
        """Return what the reviews say together."""
        return statistics_of(list(self.totals(application_id).values()))

    def own_review(self, application_id: uuid.UUID, person_id: uuid.UUID | None) -> NewestReview | None:
        """Return this person's review that counts."""
        mine = (r for r in self.reviews.get(application_id, ()) if r.person_id == person_id)
        return next(mine, None)

    def sealed(self, application_id: uuid.UUID, viewer: Viewer) -> bool:
        """Whether the others' ratings and what follows from them stay closed to the viewer for now."""
        return not self._open(application_id, viewer, self.doors_of(application_id).others)

    def score_sealed(self, application_id: uuid.UUID, viewer: Viewer) -> bool:
        """Whether the machine's score stays closed to the viewer for now."""
        return not self._open(application_id, viewer, self.doors_of(application_id).machine)

    def _open(self, application_id: uuid.UUID, viewer: Viewer, openness: str) -> bool:
        assigned = viewer.person_id in self.assigned.get(application_id, frozenset())
        filed = self.own_review(application_id, viewer.person_id) is not None
        return may_see_in_review(viewer, openness, reviews_here=assigned, own_review_filed=filed)


_DOORS = Doors()


@dataclass(slots=True)
class _Piles:
    assigned: defaultdict[uuid.UUID, set[uuid.UUID]] = field(default_factory=lambda: defaultdict(set))
    reviews: defaultdict[uuid.UUID, list[NewestReview]] = field(default_factory=lambda: defaultdict(list))


def load_figures(session: Session, among: Select[uuid.UUID]) -> Figures:
    """Load the figures of the applications that a query selects, in four statements.

    Reviews of members who have been recused since do not count and are not returned.

    Args:
        session: A session.
        among: Selects application identifiers.
    """
    piles = _Piles()
    for row in session.execute(
        select(Assignment.application_id, Assignment.person_id).where(Assignment.application_id.in_(among))
    ):
        piles.assigned[row.application_id].add(row.person_id)
    for review in counting_reviews(session, among):
        piles.reviews[review.application_id].append(review)
    return Figures(
        scores=newest_scores(session, among),
        assigned={key: frozenset(people) for key, people in piles.assigned.items()},
        reviews={key: tuple(reviews) for key, reviews in piles.reviews.items()},
        doors=load_doors(session, among),
    )


def newest_scores(session: Session, among: Select[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Return the machine's score in tenths of each application that has one: that of its newest scorecard."""
    ranked = (
        select(
            Scorecard.application_id,
            Scorecard.total_tenths,
            func.row_number()
            .over(
                partition_by=Scorecard.application_id,
                order_by=(Scorecard.scored_at.desc(), Scorecard.id.desc()),
            )
            .label("place"),
        )
        .where(Scorecard.application_id.in_(among))
        .subquery()
    )
    rows = session.execute(select(ranked.c.application_id, ranked.c.total_tenths).where(ranked.c.place == 1))
    return {row.application_id: row.total_tenths for row in rows}


def counting_reviews(session: Session, among: Select[uuid.UUID]) -> list[NewestReview]:
    """Return the newest review of each person who is not recused, in the order they were filed."""
    return [_review(*row) for row in session.execute(_counting(among))]


def counting_totals_of(
    session: Session, application_ids: Collection[uuid.UUID]
) -> Sequence[Row[uuid.UUID, uuid.UUID, int]]:
    """Return application, person and total in tenths of the reviews that count, by a statement that was said once.

    Each filed review asks it. The total of somebody who abstained throughout is 0, and of nobody else: points begin
    at 1 and weights do too.
    """
    return session.connection().execute(_TOTALS_OF, {"application_ids": list(application_ids)}).all()


def _counting(among: Select[uuid.UUID]) -> Select[tuple[Any, ...]]:
    newest = (
        select(Review.application_id, Review.person_id, func.max(Review.version).label("version"))
        .where(Review.application_id.in_(among))
        .group_by(Review.application_id, Review.person_id)
        .subquery()
    )
    recused = select(Conflict.id).where(
        Conflict.application_id == Review.application_id, Conflict.person_id == Review.person_id
    )
    return (
        select(
            Review.application_id,
            Review.person_id,
            Review.version,
            Review.ratings,
            Review.total_tenths,
            Review.note,
        )
        .join(
            newest,
            and_(
                newest.c.application_id == Review.application_id,
                newest.c.person_id == Review.person_id,
                newest.c.version == Review.version,
            ),
        )
        .where(~recused.exists())
        .order_by(Review.filed_at, Review.id)
    )


_TOTALS_OF: Select[uuid.UUID, uuid.UUID, int] = _counting(
    select(Application.id).where(Application.id.in_(bindparam("application_ids", expanding=True)))
).with_only_columns(Review.application_id, Review.person_id, Review.total_tenths, maintain_column_froms=True)


def _review(
    application_id: uuid.UUID,
    person_id: uuid.UUID,
    version: int,
    ratings: list[dict[str, object]],
    total_tenths: int,
    note: str | None,
) -> NewestReview:
    parsed = tuple(Rating.of_document(document) for document in ratings)
    abstained = all(rating.points is None for rating in parsed)
    return NewestReview(application_id, person_id, version, parsed, None if abstained else total_tenths, note)


def waiting_for(viewer: Viewer) -> Select[uuid.UUID]:
    """Select the applications that wait for the viewer's own review."""
    return select(Reviewing.application_id).where(Reviewing.person_id == viewer.person_id, Reviewing.filed == 0)


def waits_for(viewer: Viewer, application_id: ColumnElement[uuid.UUID]) -> ColumnElement[bool]:
    """Return the same as the condition of a join, for a query that should begin with those few."""
    waiting = aliased(Reviewing)
    return and_(waiting.application_id == application_id, waiting.person_id == viewer.person_id, waiting.filed == 0)


Seal = Literal["nothing", "waiting", "everything"]
"""Of which applications something is sealed for somebody; `waiting` are those that wait for their own review."""


def seal_of(viewer: Viewer, openness: str) -> Seal:
    """Return of which applications of a call something is sealed, as `Figures.sealed` says of each one.

    Args:
        viewer: Who looks.
        openness: What the present phase of the call says: `never`, `after_mine` or `always`.
    """
    if may_see_in_review(viewer, openness, reviews_here=True, own_review_filed=False):
        return "nothing"
    return (
        "waiting" if may_see_in_review(viewer, openness, reviews_here=False, own_review_filed=False) else "everything"
    )
