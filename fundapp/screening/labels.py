"""From blind ratings to labels: the facts that were rated, what the two said, and which groups are watched.

What became of an award, once it is known, takes the place of what two people expected of it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.intake.standing import Standing
from fundapp.intake.standing_queries import stated_by_submission
from fundapp.intake.tables import Application, Call, Company, Submission
from fundapp.screening.facts import derive_facts, reference_date
from fundapp.screening.learning_rules import FiledRating, Outcome, blind_pair, fit_rating
from fundapp.screening.tables import FitModel
from scoring import Facts, label_from_ratings

MEANING = "두 심사위원의 비공개 적합도 평점(0~4) 평균 3 이상"
MEANING_EN = "two reviewers' blind fit ratings (0 to 4) have a mean of 3 or more"
WITH_OUTCOMES = f"{MEANING}. 배정 시간이 끝난 지원 기업은 6개월 뒤부터 그 절반 이상을 썼는지"
WITH_OUTCOMES_EN = f"{MEANING_EN}; of awards, half a year on, that half of the hours whose time is over was used"
GROUPS = ("company_class", "region")
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Label:
    """One labelled application.

    Attributes:
        fits: 1 or 0.
        rating: The mean of both ratings, 0 to 4; None without a pair of them.
        decided_at: When the second of the two was filed; of an outcome, when it was known.
        first_at: When it was first labelled: a model trained since may have learned from the same answers.
        groups: By name the group it belongs to; watched, never learned from.
        became: Whether it says what became of the award, not what two reviewers expected.
    """

    application_id: uuid.UUID
    number: str
    facts: Facts
    fits: int
    rating: float | None
    decided_at: datetime
    first_at: datetime
    groups: dict[str, str | None]
    became: bool

    def to_row(self) -> dict[str, Any]:
        """Give the label as the training process reads it."""
        return {
            "facts": self.facts.to_answers(),
            "label": self.fits,
            "time": self.decided_at.timestamp(),
            "first": self.first_at.timestamp(),
            "groups": self.groups,
        }


def collect_labels(session: Session, ratings: Sequence[FiledRating], outcomes: Sequence[Outcome] = ()) -> list[Label]:
    """Return the labels that ratings and outcomes make, in the order they were decided.

    Facts are those of the submission that was in force when the first of the two ratings was filed; where there are
    none, when the award was made. An outcome overrules the ratings of its application.
    """
    of: defaultdict[uuid.UUID, list[FiledRating]] = defaultdict(list)
    for rating in ratings:
        of[rating.application_id].append(rating)
    pairs = {key: pair for key, found in of.items() if (pair := blind_pair(found)) is not None}
    became = {outcome.application_id: outcome for outcome in outcomes}
    until = {key: one.awarded_at for key, one in became.items()} | {
        key: pair[0].filed_at for key, pair in pairs.items()
    }
    ids = sorted(until)
    labels: list[Label] = []
    for start in range(0, len(ids), _CHUNK):
        seen: dict[uuid.UUID, Any] = {}
        for row in session.execute(_submissions(ids[start : start + _CHUNK])):
            # In order of version: the last one that lay before the raters wins.
            if row.Submission.submitted_at <= until[row.Submission.application_id]:
                seen[row.Submission.application_id] = row
        labels += [_label(row, pairs.get(key), became.get(key)) for key, row in seen.items()]
    return sorted(labels, key=lambda label: (label.decided_at, label.number))


def count_new_labels(session: Session, ratings: Sequence[FiledRating], outcomes: Sequence[Outcome] = ()) -> int:
    """Return how many labels there are that the newest model did not learn from.

    A label is also new where an outcome has overruled the ratings since.
    """
    labels = collect_labels(session, ratings, outcomes)
    newest = session.scalar(select(FitModel).order_by(FitModel.trained_at.desc(), FitModel.id.desc()).limit(1))
    if newest is None:
        return len(labels)
    overruled = sum(one.became and one.rating is not None and one.decided_at > newest.trained_at for one in labels)
    return len(labels) - newest.labels + overruled


def meaning_of(labels: Sequence[Label]) -> str:
    """Say what labels mean, in Korean, as a model keeps it."""
    return WITH_OUTCOMES if any(label.became for label in labels) else MEANING


def _submissions(ids: Sequence[uuid.UUID]) -> Any:  # noqa: ANN401 - SQLAlchemy's select of five entities
    return (
        select(Submission, Call, Application.number, Company.region, stated_by_submission().label("stated"))
        .join(Application, Application.id == Submission.application_id)
        .join(Call, Call.id == Application.call_id)
        .join(Company, Company.id == Application.company_id)
        .where(Submission.application_id.in_(ids))
        .order_by(Submission.application_id, Submission.version)
    )


def _label(
    row: Any,  # noqa: ANN401 - a row of the query above
    pair: tuple[FiledRating, FiledRating] | None,
    became: Outcome | None,
) -> Label:
    facts = derive_facts(
        row.Submission.answers,
        reference_date(row.Call, row.Submission.submitted_at),
        Standing.of_document(row.stated),
    )
    size = facts.values.get("company_class")
    rating, fits, decided_at = _judged(pair, became)
    return Label(
        application_id=row.Submission.application_id,
        number=row.number,
        facts=facts,
        fits=fits,
        rating=rating,
        decided_at=decided_at,
        first_at=min(_instants(pair, became)),
        groups={"company_class": None if size is None else str(size), "region": row.region},
        became=became is not None,
    )


def _instants(pair: tuple[FiledRating, FiledRating] | None, became: Outcome | None) -> Iterator[datetime]:
    """Yield when there was first a label from the ratings, and from the outcome."""
    if pair is not None:
        yield pair[1].filed_at
    if became is not None:
        yield became.first_known_at


def _judged(pair: tuple[FiledRating, FiledRating] | None, became: Outcome | None) -> tuple[float | None, int, datetime]:
    """Return the mean rating, whether it fits, and when that was decided; at least one of both is there."""
    rating = None
    if pair is not None:
        first, second = (fit_rating(one.total_tenths) for one in pair)
        rating = (first + second) / 2
        if became is None:
            return rating, label_from_ratings(first, second), pair[1].filed_at
    if became is None:
        raise AssertionError("a label without ratings and without an outcome")
    return rating, became.fits, became.known_at
