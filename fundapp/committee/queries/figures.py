"""What the reviews of applications say together, and whether what is kept of it is that."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.sight import counting_totals_of, newest_scores
from fundapp.committee.rules import DOCKET_STATES, statistics_of
from fundapp.committee.tables import Assignment, Review, Reviewing
from fundapp.intake.listing import columns_of, form_of, gram_text, searched_words, submitted
from fundapp.intake.rules import counts_as
from fundapp.intake.tables import Application, Company, Listing, ListingText

FIGURES = ("reviews_filed", "ratings", "mean_tenths", "median_tenths", "trimmed_tenths", "deviation_tenths")
"""The columns of a listing that reviews decide."""

_BLOCK = 500


def figures_of(session: Session, application_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """Return what `FIGURES` must hold of applications, computed from the reviews that count."""
    filed: dict[uuid.UUID, dict[str, int]] = {key: {} for key in application_ids}
    for application_id, person_id, total in counting_totals_of(session, application_ids):
        filed[application_id][str(person_id)] = total
    found = {}
    for key, ones in filed.items():
        totals = {person: total for person, total in ones.items() if total}
        together = statistics_of(list(totals.values()))
        found[key] = {
            "reviews_filed": len(ones),
            "ratings": totals,
            "mean_tenths": together.mean_tenths if together else None,
            "median_tenths": together.median_tenths if together else None,
            "trimmed_tenths": together.trimmed_tenths if together else None,
            "deviation_tenths": together.deviation_tenths if together else None,
        }
    return found


def listing_faults(session: Session) -> Iterator[tuple[str, str]]:
    """Yield number and column of everything that a listing keeps and a recomputation finds otherwise."""
    ids = session.scalars(select(Listing.application_id).order_by(Listing.number)).all()
    for start in range(0, len(ids), _BLOCK):
        part = ids[start : start + _BLOCK]
        wanted = _copied(session, part)
        for key, figures in figures_of(session, part).items():
            score, trimmed = wanted[key]["score_tenths"], figures["trimmed_tenths"]
            gap = None if score is None or trimmed is None else abs(trimmed - score)
            wanted[key] |= figures | {"gap_tenths": gap}
        for call, ones in submitted(session, Application.id.in_(part)):
            form = form_of(call)
            for _, one in ones:
                words = searched_words(form, one)
                wanted[one.application_id] |= columns_of(one) | {"words": words, "grams": gram_text(words)}
        yield from _differing(session, part, wanted)
    yield from _misread_reviewers(session)
    missing = select(Application.number).where(Application.id.not_in(select(Listing.application_id)))
    for number in session.scalars(missing):
        yield number, "listing"


def _copied(session: Session, part: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """Return what triggers copy: number, state, stage, company, newest score, reviewers."""
    among = select(Application.id).where(Application.id.in_(part))
    scores = newest_scores(session, among)
    assigned: dict[uuid.UUID, int] = {
        row[0]: row[1]
        for row in session.execute(
            select(Assignment.application_id, func.count())
            .where(Assignment.application_id.in_(part))
            .group_by(Assignment.application_id)
        )
    }
    heads = session.execute(
        select(Application.id, Application.number, Application.state, Company.name)
        .join(Company, Company.id == Application.company_id)
        .where(Application.id.in_(part))
    )
    return {
        head.id: {
            "number": head.number,
            "state": head.state,
            "stage": DOCKET_STATES.index(stage) if (stage := counts_as(head.state)) in DOCKET_STATES else None,
            "company": head.name,
            "score_tenths": scores.get(head.id),
            "reviews_assigned": assigned.get(head.id, 0),
        }
        for head in heads
    }


def _differing(
    session: Session, part: Sequence[uuid.UUID], wanted: dict[uuid.UUID, dict[str, Any]]
) -> Iterator[tuple[str, str]]:
    rows = session.execute(
        select(Listing, ListingText.words, ListingText.grams)
        .outerjoin(ListingText, ListingText.listing_id == Listing.id)
        .where(Listing.application_id.in_(part))
        .order_by(Listing.number)
        .execution_options(populate_existing=True)
    )
    for listing, words, grams in rows:
        texts = {"words": words, "grams": grams}
        for name, value in wanted[listing.application_id].items():
            if (texts[name] if name in texts else getattr(listing, name)) != value:
                yield listing.number, name


def _misread_reviewers(session: Session) -> Iterator[tuple[str, str]]:
    """Yield the applications whose narrowed assignments differ from assignments and reviews."""
    filed = exists().where(Review.application_id == Assignment.application_id, Review.person_id == Assignment.person_id)
    wanted = {
        (row[0], row[1], int(row[2]))
        for row in session.execute(select(Assignment.application_id, Assignment.person_id, filed))
    }
    kept = {
        (row[0], row[1], row[2])
        for row in session.execute(select(Reviewing.application_id, Reviewing.person_id, Reviewing.filed))
    }
    ids = {application_id for application_id, _, _ in wanted ^ kept}
    for number in session.scalars(
        select(Listing.number).where(Listing.application_id.in_(ids)).order_by(Listing.number)
    ):
        yield number, "reviewing"
