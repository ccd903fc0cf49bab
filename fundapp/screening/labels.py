"""From blind ratings to labels: the facts that were rated, what the two said, and which groups are watched."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.intake.standing import Standing
from fundapp.intake.standing_queries import stated_by_submission
from fundapp.intake.tables import Application, Call, Company, Submission
from fundapp.screening.facts import derive_facts, reference_date
from fundapp.screening.learning_rules import FiledRating, blind_pair, fit_rating
from scoring import Facts, label_from_ratings

MEANING = "두 심사위원의 비공개 적합도 평점(0~4) 평균 3 이상"
MEANING_EN = "two reviewers' blind fit ratings (0 to 4) have a mean of 3 or more"
GROUPS = ("company_class", "region")
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Label:
    """One labelled application.

    Attributes:
        fits: 1 or 0.
        rating: The mean of both ratings, 0 to 4.
        decided_at: When the second of the two was filed.
        groups: By name the group it belongs to; watched, never learned from.
    """

    application_id: uuid.UUID
    number: str
    facts: Facts
    fits: int
    rating: float
    decided_at: datetime
    groups: dict[str, str | None]

    def to_row(self) -> dict[str, Any]:
        """Give the label as the training process reads it."""
        return {
            "facts": self.facts.to_answers(),
            "label": self.fits,
            "time": self.decided_at.timestamp(),
            "groups": self.groups,
        }


def collect_labels(session: Session, ratings: Sequence[FiledRating]) -> list[Label]:
    """Return the labels that ratings make, in the order they were decided.

    Facts are those of the submission that was in force when the first of the two was filed.
    """
    of: defaultdict[uuid.UUID, list[FiledRating]] = defaultdict(list)
    for rating in ratings:
        of[rating.application_id].append(rating)
    pairs = {key: pair for key, found in of.items() if (pair := blind_pair(found)) is not None}
    ids = sorted(pairs)
    labels: list[Label] = []
    for start in range(0, len(ids), _CHUNK):
        seen: dict[uuid.UUID, Any] = {}
        for row in session.execute(_submissions(ids[start : start + _CHUNK])):
            # In order of version: the last one that lay before the raters wins.
            if row.Submission.submitted_at <= pairs[row.Submission.application_id][0].filed_at:
                seen[row.Submission.application_id] = row
        labels += [_label(row, pairs[key]) for key, row in seen.items()]
    return sorted(labels, key=lambda label: (label.decided_at, label.number))


def _submissions(ids: Sequence[uuid.UUID]) -> Any:  # noqa: ANN401 - SQLAlchemy's select of five entities
    return (
        select(Submission, Call, Application.number, Company.region, stated_by_submission().label("stated"))
        .join(Application, Application.id == Submission.application_id)
        .join(Call, Call.id == Application.call_id)
        .join(Company, Company.id == Application.company_id)
        .where(Submission.application_id.in_(ids))
        .order_by(Submission.application_id, Submission.version)
    )


def _label(row: Any, pair: tuple[FiledRating, FiledRating]) -> Label:  # noqa: ANN401 - a row of the query above
    facts = derive_facts(
        row.Submission.answers,
        reference_date(row.Call, row.Submission.submitted_at),
        Standing.of_document(row.stated),
    )
    first, second = (fit_rating(rating.total_tenths) for rating in pair)
    size = facts.values.get("company_class")
    return Label(
        application_id=row.Submission.application_id,
        number=row.number,
        facts=facts,
        fits=label_from_ratings(first, second),
        rating=(first + second) / 2,
        decided_at=pair[1].filed_at,
        groups={"company_class": None if size is None else str(size), "region": row.region},
    )
