"""Raw, trimmed and severity-adjusted scores of a call side by side, and how far its reviewers agree."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.phases import load_terms, present_phase
from fundapp.committee.queries.sight import Figures, in_sight, load_figures, require_sight
from fundapp.committee.rules import DOCKET_STATES, Criterion, Official
from fundapp.committee.rules.calibration import Calibration, Scores, calibrate, rank, score_all
from fundapp.committee.rules.reliability import Agreement, agreement_of
from fundapp.core.access import Kind, Role, Viewer
from fundapp.core.errors import NotFoundError
from fundapp.identity.tables import Person
from fundapp.intake.queries import company_shown, counts_among
from fundapp.intake.tables import Application, Call, Company


@dataclass(frozen=True, slots=True)
class OfficialScores:
    """The scores of one application before one viewer.

    Attributes:
        official: The one that counts, by the call's terms; None while that one is sealed.
        scores: All three; None while the application is sealed.
        adjusted: The severity-adjusted one; None while anything of the call is sealed, for severities would tell of it.
    """

    official: int | None
    scores: Scores | None
    adjusted: int | None


@dataclass(frozen=True, slots=True)
class CalibratedRow:
    """One application with its three scores and places.

    Attributes:
        places: Its place by `raw`, `trimmed` and `adjusted`; 1 is the highest, equal scores share the better one.
    """

    application_id: uuid.UUID
    number: str
    company: str
    state: str
    reviews: int
    scores: Scores
    places: Mapping[Official, int]

    def moved(self, score: Official) -> int:
        """Return by how many places another score lifts (+) or lowers (-) it, against the raw mean."""
        return self.places["raw"] - self.places[score]


@dataclass(frozen=True, slots=True)
class SeverityRow:
    """One reviewer's severity, in tenths of a point rounded once; above 0 rates higher than colleagues do."""

    name: str
    reviews: int
    own_tenths: int
    shrunk_tenths: int


@dataclass(frozen=True, slots=True)
class CriterionAgreement:
    """How far reviewers agree on one criterion."""

    criterion: Criterion
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class CalibrationPage:
    """Everything on the page.

    Attributes:
        waiting: How many own reviews the viewer has to file first; all else is empty until it is 0.
        closed: Whether the present phase keeps the reviews of others closed to the viewer.
        rows: By the official score, highest first.
        withheld: Whether severities and agreement are left out, because the viewer is recused from something in them.
    """

    call_code: str
    official: Official
    waiting: int
    closed: bool
    rows: tuple[CalibratedRow, ...] = ()
    model: Calibration | None = None
    severities: tuple[SeverityRow, ...] = ()
    agreements: tuple[CriterionAgreement, ...] = ()
    withheld: bool = False


def official_scores(
    session: Session, viewer: Viewer, call_code: str, *, seen: Figures | None = None
) -> dict[uuid.UUID, OfficialScores]:
    """Return the scores of the applications on a call's docket that the viewer may see, sealed ones blank.

    Severities are estimated over the whole call, so that a score is one number for everybody: the shares of single
    reviews in it cannot be told apart.

    Args:
        session: A session.
        viewer: Who asks.
        call_code: The call.
        seen: Figures of the docket in the viewer's sight, if they have been loaded already.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    require_sight(viewer, Kind.REVIEW)
    whole, sight = _on_docket(call_code), _on_docket(call_code).where(in_sight(viewer))
    mine = seen or load_figures(session, sight)
    every = load_figures(session, whole) if viewer.recused_from or viewer.company_ids else mine
    ids = list(session.scalars(sight))
    scores = _scored(every)[1]
    official = _official(session, call_code)
    anything_sealed = any(mine.sealed(key, viewer) for key in ids)
    found = {}
    for key in ids:
        known = None if mine.sealed(key, viewer) else scores.get(str(key))
        adjusted = known.adjusted if known and not anything_sealed else None
        counts = (adjusted if official == "adjusted" else known.of(official)) if known else None
        found[key] = OfficialScores(counts, known, adjusted)
    return found


@dataclass(frozen=True, slots=True)
class OfficialTotals:
    """What counts of every application on a call's docket, in tenths of a point, and the machine's scores.

    Attributes:
        deviations: Standard deviation of the filed totals; those of fewer than two reviews are left out.
    """

    official: Official
    totals: Mapping[uuid.UUID, int]
    machine: Mapping[uuid.UUID, int]
    deviations: Mapping[uuid.UUID, int]


def official_totals(session: Session, call_code: str) -> OfficialTotals:
    """Return the official scores of a call, unsealed: for plans, not for pages."""
    figures = load_figures(session, _on_docket(call_code))
    official = _official(session, call_code)
    totals = {uuid.UUID(key): one.of(official) for key, one in _scored(figures)[1].items()}
    deviations = {
        key: found.deviation_tenths
        for key in totals
        if (found := figures.statistics(key)) is not None and found.deviation_tenths is not None
    }
    return OfficialTotals(official, totals, figures.scores, deviations)


def _on_docket(call_code: str) -> Select[uuid.UUID]:
    return (
        select(Application.id)
        .join(Call, Call.id == Application.call_id)
        .where(Call.code == call_code, counts_among(DOCKET_STATES))
    )


def _official(session: Session, call_code: str) -> Official:
    call_id = session.scalar(select(Call.id).where(Call.code == call_code))
    return load_terms(session, call_id).official if call_id else "trimmed"


def _scored(figures: Figures) -> tuple[Calibration, dict[str, Scores]]:
    totals = {str(key): figures.totals(key) for key in figures.reviews}
    model = calibrate(totals)
    return model, score_all(totals, model)


def calibration_page(session: Session, viewer: Viewer, call_code: str) -> CalibrationPage:
    """Return the calibration of a call.

    Analysts and auditors see it at any time. Members, the chair among them, see it once all of their own reviews of
    the call are filed and the phase opens the reviews of others.

    Raises:
        NotFoundError: if there is no such call.
        ForbiddenError: if the viewer sees no reviews at all.
    """
    require_sight(viewer, Kind.REVIEW)
    call_id = session.scalar(select(Call.id).where(Call.code == call_code))
    if call_id is None:
        raise NotFoundError(call=call_code)
    terms = load_terms(session, call_id)
    sight = _on_docket(call_code).where(in_sight(viewer))
    mine = load_figures(session, sight)
    judges = not viewer.has(Role.ANALYST, Role.AUDITOR)
    waiting = _waiting(mine, viewer) if judges else 0
    closed = judges and present_phase(session, call_id, terms).others == "never"
    if waiting or closed:
        return CalibrationPage(call_code, terms.official, waiting, closed)
    hidden = bool(set(session.scalars(_on_docket(call_code))) - set(session.scalars(sight)))
    every = load_figures(session, _on_docket(call_code)) if hidden else mine
    model, scores = _scored(every)
    return CalibrationPage(
        call_code=call_code,
        official=terms.official,
        waiting=0,
        closed=False,
        rows=_rows(session, viewer, sight, scores, terms.official),
        model=model,
        severities=() if hidden else _severities(session, model),
        agreements=() if hidden else _agreements(every, terms.criteria),
        withheld=hidden,
    )


def _waiting(figures: Figures, viewer: Viewer) -> int:
    return sum(
        1
        for key, people in figures.assigned.items()
        if viewer.person_id in people and figures.own_review(key, viewer.person_id) is None
    )


def _rows(
    session: Session, viewer: Viewer, sight: Select[uuid.UUID], scores: Mapping[str, Scores], official: Official
) -> tuple[CalibratedRow, ...]:
    heads = session.execute(
        select(Application.id, Application.number, Application.state, company_shown(viewer).label("company"))
        .join(Company, Company.id == Application.company_id)
        .where(Application.id.in_(sight))
        .order_by(Application.number)
    ).all()
    seen = {str(head.id): scores[str(head.id)] for head in heads if str(head.id) in scores}
    counts = load_figures(session, sight)
    kinds: tuple[Official, ...] = ("raw", "trimmed", "adjusted")
    places = {kind: rank({key: one.of(kind) for key, one in seen.items()}) for kind in kinds}
    rows = [
        CalibratedRow(
            application_id=head.id,
            number=head.number,
            company=head.company,
            state=head.state,
            reviews=len(counts.totals(head.id)),
            scores=seen[str(head.id)],
            places={kind: places[kind][str(head.id)] for kind in kinds},
        )
        for head in heads
        if str(head.id) in seen
    ]
    return tuple(sorted(rows, key=lambda row: (row.places[official], row.number)))


def _severities(session: Session, model: Calibration) -> tuple[SeverityRow, ...]:
    names = {
        row.id: row.name
        for row in session.execute(select(Person.id, Person.name).where(Person.id.in_(list(model.severities))))
    }
    rows = [
        SeverityRow(names[person], one.reviews, round(one.own_tenths), round(one.shrunk_tenths))
        for person, one in model.severities.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.shrunk_tenths, row.own_tenths, row.name)))


def _agreements(figures: Figures, criteria: Sequence[Criterion]) -> tuple[CriterionAgreement, ...]:
    by_criterion: dict[str, list[list[int]]] = {criterion.key: [] for criterion in criteria}
    for reviews in figures.reviews.values():
        given: dict[str, list[int]] = {}
        for review in reviews:
            for rating in review.ratings:
                if rating.points is not None:
                    given.setdefault(rating.criterion, []).append(rating.points)
        for key, values in given.items():
            if key in by_criterion:
                by_criterion[key].append(values)
    return tuple(CriterionAgreement(one, agreement_of(by_criterion[one.key])) for one in criteria)
