"""Whether scores still hold: drift, calibration, leniency, selection and agreement, from what is on record."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, may, require
from fundapp.intake.tables import Application, Call, Company, Submission
from fundapp.screening.labels import Label, collect_labels
from fundapp.screening.learning_rules import FiledRating, Outcome, fit_rating
from fundapp.screening.serving import load_serving
from fundapp.screening.tables import Scorecard
from scoring.watch import (
    Agreement,
    CalibrationTable,
    Drift,
    Leniency,
    SelectionRatios,
    compare_selection,
    estimate_leniency,
    measure_agreement,
    measure_drift,
    tabulate_calibration,
)

FITS_FROM = 3.0
_FEWEST_CALIBRATED = 20


@dataclass(frozen=True, slots=True)
class Scored:
    """The newest scorecard of an application, as far as watching needs it."""

    application_id: uuid.UUID
    number: str
    opened: str
    total_tenths: int
    document: dict[str, Any]
    company_class: str | None
    region: str | None


@dataclass(frozen=True, slots=True)
class Watch:
    """All that is watched; what has no rows yet is None or empty.

    Attributes:
        labels: How many labelled applications there are, and how many of them fit.
        became: How many labels say what became of an award.
        drift: The total and each criterion's rule points: the newest call against those before it.
        calibration: Of the served model's probabilities.
        selection: By group: how often among the better half of the scores.
        half_tenths: The score from which an application is in that half.
    """

    labels: tuple[int, int]
    became: int
    drift: tuple[Drift, ...]
    calibration: CalibrationTable | None
    leniency: Leniency | None
    selection: tuple[SelectionRatios, ...]
    half_tenths: int
    agreement: Agreement | None


def watch_scores(
    session: Session, viewer: Viewer, ratings: Sequence[FiledRating], outcomes: Sequence[Outcome] = ()
) -> Watch:
    """Return what is watched: sums over applications, and the numbers of those most disagreed about.

    Who may see no reviews or scorecards gets no leniency of reviewers and no agreement either.

    Raises:
        ForbiddenError: if the viewer may not see models.
    """
    require(viewer, Verb.VIEW, Thing(Kind.MODEL))
    scored = _scored(session, viewer)
    seen = [rating for rating in ratings if rating.application_id not in viewer.recused_from]
    became = [outcome for outcome in outcomes if outcome.application_id not in viewer.recused_from]
    labels = collect_labels(session, seen, became)
    half = round(median(one.total_tenths for one in scored)) if scored else 0
    chosen = [one.total_tenths >= half for one in scored]
    return Watch(
        labels=(len(labels), sum(label.fits for label in labels)),
        became=sum(label.became for label in labels),
        drift=_drift(scored),
        calibration=_calibration(session, scored, labels),
        leniency=_leniency(seen) if may(viewer, Verb.VIEW, Thing(Kind.REVIEW)) else None,
        selection=(
            compare_selection("company_class", [one.company_class for one in scored], chosen),
            compare_selection("region", [one.region for one in scored], chosen),
        )
        if scored
        else (),
        half_tenths=half,
        agreement=_agreement(scored, labels, half) if may(viewer, Verb.VIEW, Thing(Kind.SCORECARD)) else None,
    )


def score_drift(session: Session, viewer: Viewer) -> tuple[Drift, ...]:
    """Return how far the newest call's scores lie from those of the calls before it.

    Raises:
        ForbiddenError: if the viewer may not see models.
    """
    require(viewer, Verb.VIEW, Thing(Kind.MODEL))
    return _drift(_scored(session, viewer))


def _scored(session: Session, viewer: Viewer) -> list[Scored]:
    query = (
        select(Scorecard, Application.number, Call.opens_at, Company.region)
        .join(Application, Application.id == Scorecard.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .join(Submission, Submission.id == Scorecard.submission_id)
        .order_by(Application.number, Submission.version, Scorecard.version)
    )
    if viewer.recused_from:
        query = query.where(Application.id.not_in(viewer.recused_from))
    if viewer.company_ids:
        query = query.where(Application.company_id.not_in(viewer.company_ids))
    found: dict[uuid.UUID, Scored] = {}
    for card, number, opens_at, region in session.execute(query):
        size = card.facts.get("company_class")
        found[card.application_id] = Scored(
            card.application_id, number, opens_at.isoformat(), card.total_tenths, card.document, size, region
        )
    return list(found.values())


def _drift(scored: Sequence[Scored]) -> tuple[Drift, ...]:
    newest = max((one.opened for one in scored), default="")
    columns: defaultdict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    for one in scored:
        side = int(one.opened == newest)
        criteria = one.document.get("criteria", [])
        for criterion in criteria:
            columns[criterion["key"]][side].append(criterion["rule_points"])
        columns["total"][side].append(sum(criterion["rule_points"] for criterion in criteria))
    ordered = sorted(columns.items(), key=lambda item: item[0] != "total")
    return tuple(measure_drift(name, before, now) for name, (before, now) in ordered if before and now)


def _calibration(session: Session, scored: Sequence[Scored], labels: Sequence[Label]) -> CalibrationTable | None:
    serving = load_serving(session)
    if serving.model is None:
        return None
    fits = {label.application_id: label.fits for label in labels}
    rows = [
        (one.document["probability"], fits[one.application_id])
        for one in scored
        if one.application_id in fits and one.document.get("model_sha256") == serving.model.sha256
    ]
    if len(rows) < _FEWEST_CALIBRATED:
        return None
    return tabulate_calibration([probability for probability, _ in rows], [outcome for _, outcome in rows])


def _leniency(ratings: Sequence[FiledRating]) -> Leniency | None:
    # Two reviewers may bear one name: the identifier keeps them apart.
    rows = [
        (f"{one.name}\0{one.reviewer}", str(one.application_id), float(fit_rating(one.total_tenths))) for one in ratings
    ]
    return estimate_leniency(rows) if rows else None


def _agreement(scored: Sequence[Scored], labels: Sequence[Label], half: int) -> Agreement | None:
    rating = {label.application_id: label.rating for label in labels if label.rating is not None}
    rows = [
        (one.number, one.total_tenths / 10, rating[one.application_id])
        for one in scored
        if one.application_id in rating
    ]
    return measure_agreement(rows, score_from=half / 10, rating_from=FITS_FROM) if rows else None
