"""The docket: every application before the committee in one row, sealed figures kept sealed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.sight import Figures, in_sight, load_figures, require_sight
from fundapp.committee.rules import DOCKET_STATES, Statistics, adjusted_mean, severity_offsets
from fundapp.committee.tables import Ballot, Decision
from fundapp.core.access import Kind, Viewer
from fundapp.intake.answers import GpuRequest, gpu_requests
from fundapp.intake.newest import newest_answers
from fundapp.intake.tables import Application, Call, Company

OwnState = Literal["unassigned", "waiting", "filed", "abstained"]
SortKey = Literal["number", "company", "state", "age", "requested", "hours", "score", "rating", "dispute", "progress"]
SORT_KEYS: tuple[SortKey, ...] = (
    "number",
    "company",
    "state",
    "age",
    "requested",
    "hours",
    "score",
    "rating",
    "dispute",
    "progress",
)


@dataclass(frozen=True, slots=True)
class DocketFilter:
    """What to leave in; None and empty mean everything.

    Attributes:
        states: Application states; outside `DOCKET_STATES` none is shown.
        search: Part of a number, a company's name or a solution's title.
        own: Own review state.
        sector: Industry of the solution.
        least_score_tenths: Machine score; rows whose score is sealed or missing are left out then, whatever it is.
    """

    states: tuple[str, ...] = ()
    search: str = ""
    own: OwnState | None = None
    sector: str = ""
    least_score_tenths: int | None = None


@dataclass(frozen=True, slots=True)
class DocketRow:
    """One application as one viewer may see it.

    Attributes:
        requested_hours_e4: Hours of all SKUs together, in ten-thousandths.
        own_state: What the viewer still has to do here.
        score_sealed: Whether score and statistics wait for the viewer's own review.
        score_tenths: The machine's; None while sealed, and where there is none.
        statistics: Of the filed reviews; None while sealed, and where there are none.
        adjusted_tenths: Mean after taking reviewers' severity off; None until the viewer has nothing sealed.
        reviews_filed: How many count.
        ballot_id: Of its newest ballot.
        outcome: Of its newest decision.
        founded_on: As the applicant states it.
        linkages: What the solution links to: `spc`, `korean_ai`.
        gpu: GPU time asked for, by SKU and quarter.
        ratings_tenths: The filed totals behind the statistics, ascending; empty while sealed.
    """

    application_id: uuid.UUID
    number: str
    company: str
    region: str
    sector: str
    solution_title: str
    state: str
    requested_krw: int
    requested_hours_e4: int
    own_state: OwnState
    score_sealed: bool
    score_tenths: int | None
    statistics: Statistics | None
    adjusted_tenths: int | None
    reviews_filed: int
    reviews_assigned: int
    ballot_id: uuid.UUID | None
    outcome: str | None
    founded_on: date | None
    linkages: tuple[str, ...]
    gpu: tuple[GpuRequest, ...]
    ratings_tenths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the viewer is with their own reviews of a call."""

    assigned: int
    filed: int
    next_application_id: uuid.UUID | None
    next_number: str | None


def docket(
    session: Session,
    viewer: Viewer,
    call_code: str,
    *,
    filters: DocketFilter | None = None,
    sort: SortKey = "number",
    descending: bool = False,
) -> list[DocketRow]:
    """Return the docket of a call, in six statements however long it is.

    Sealed figures are blank before anything is filtered or sorted, so neither can betray them; blanks sort last in
    either direction, by number among themselves.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    require_sight(viewer, Kind.REVIEW)
    among = (
        select(Application.id)
        .join(Call, Call.id == Application.call_id)
        .where(Call.code == call_code, Application.state.in_(DOCKET_STATES), in_sight(viewer))
    )
    return _sorted(narrow(_rows(session, viewer, among), filters or DocketFilter()), sort, descending=descending)


def narrow(rows: Iterable[DocketRow], chosen: DocketFilter) -> list[DocketRow]:
    """Return the rows that a filter leaves, in the order they came in."""
    return [row for row in rows if _stays(row, chosen)]


def my_progress(session: Session, viewer: Viewer, call_code: str) -> Progress:
    """Return how many of the viewer's reviews are filed, and the least reviewed application that waits for one."""
    return progress_in(docket(session, viewer, call_code))


def progress_in(rows: Iterable[DocketRow]) -> Progress:
    """Return how far the viewer is, from the viewer's own docket of a call."""
    mine = [row for row in rows if row.own_state != "unassigned"]
    waiting = [row for row in mine if row.own_state == "waiting" and row.state in {"eligible", "proposed"}]
    following = min(waiting, key=lambda row: (row.reviews_filed, row.number), default=None)
    return Progress(
        assigned=len(mine),
        filed=sum(1 for row in mine if row.own_state != "waiting"),
        next_application_id=following.application_id if following else None,
        next_number=following.number if following else None,
    )


def _stays(row: DocketRow, chosen: DocketFilter) -> bool:
    if chosen.states and row.state not in chosen.states:
        return False
    if chosen.own is not None and row.own_state != chosen.own:
        return False
    if chosen.sector and row.sector != chosen.sector:
        return False
    if chosen.least_score_tenths is not None and (row.score_tenths or -1) < chosen.least_score_tenths:
        return False
    term = chosen.search.strip().casefold()
    return not term or any(term in text.casefold() for text in (row.number, row.company, row.solution_title))


def _verdicts(session: Session, among: Select[uuid.UUID]) -> dict[uuid.UUID, tuple[uuid.UUID, str | None]]:
    """Return the newest ballot of each application and what it resolved."""
    rows = session.execute(
        select(Ballot.application_id, Ballot.id, Decision.outcome)
        .outerjoin(Decision, Decision.ballot_id == Ballot.id)
        .where(Ballot.application_id.in_(among))
        .order_by(Ballot.opened_at, Ballot.id)
    )
    return {row.application_id: (row.id, row.outcome) for row in rows}


def _rows(session: Session, viewer: Viewer, among: Select[uuid.UUID]) -> list[DocketRow]:
    figures, verdicts = load_figures(session, among), _verdicts(session, among)
    frozen: dict[uuid.UUID, dict[str, Any]] = {
        row.application_id: row.answers for row in session.execute(newest_answers(among))
    }
    heads = session.execute(
        select(Application.id, Application.number, Application.state, Company.name, Company.region)
        .join(Company, Company.id == Application.company_id)
        .where(Application.id.in_(among))
        .order_by(Application.number)
    ).all()
    adjusted = _adjusted(viewer, [head.id for head in heads], figures)
    rows = []
    for head in heads:
        answers = frozen.get(head.id, {})
        sealed = figures.sealed(head.id, viewer)
        ballot_id, outcome = verdicts.get(head.id, (None, None))
        gpu = gpu_requests(answers)
        rows.append(
            DocketRow(
                application_id=head.id,
                number=head.number,
                company=head.name,
                region=str(answers.get("region") or head.region or ""),
                sector=str(answers.get("sector") or ""),
                solution_title=str(answers.get("solution_title") or ""),
                state=head.state,
                requested_krw=int(answers.get("requested_krw") or 0),
                requested_hours_e4=sum(request.hours.minor for request in gpu),
                own_state=_own_state(figures, head.id, viewer),
                score_sealed=sealed,
                score_tenths=None if sealed else figures.scores.get(head.id),
                statistics=None if sealed else figures.statistics(head.id),
                adjusted_tenths=adjusted.get(head.id),
                reviews_filed=len(figures.reviews.get(head.id, ())),
                reviews_assigned=len(figures.assigned.get(head.id, ())),
                ballot_id=ballot_id,
                outcome=outcome,
                founded_on=_day(answers.get("founded_on")),
                linkages=tuple(key for key in ("spc", "korean_ai") if answers.get(f"{key}_link")),
                gpu=gpu,
                ratings_tenths=() if sealed else tuple(sorted(figures.totals(head.id).values())),
            )
        )
    return rows


def _day(answer: object) -> date | None:
    return date.fromisoformat(answer) if isinstance(answer, str) else None


def _adjusted(viewer: Viewer, ids: list[uuid.UUID], figures: Figures) -> dict[uuid.UUID, int | None]:
    """Return severity-adjusted means; none at all while anything is sealed, for the offsets would tell of it."""
    if any(figures.sealed(application_id, viewer) for application_id in ids):
        return {}
    by_person: dict[uuid.UUID, list[int]] = {}
    for application_id in ids:
        for person, total in figures.totals(application_id).items():
            by_person.setdefault(person, []).append(total)
    offsets = severity_offsets(by_person)
    return {key: adjusted_mean(figures.totals(key), offsets) for key in ids}


def _own_state(figures: Figures, application_id: uuid.UUID, viewer: Viewer) -> OwnState:
    review = figures.own_review(application_id, viewer.person_id)
    if review is not None:
        return "abstained" if review.total_tenths is None else "filed"
    assigned = viewer.person_id in figures.assigned.get(application_id, frozenset())
    return "waiting" if assigned else "unassigned"


_KEYS: dict[SortKey, Callable[[DocketRow], str | int | None]] = {
    "number": lambda row: row.number,
    "company": lambda row: row.company,
    "state": lambda row: DOCKET_STATES.index(row.state),
    "age": lambda row: -row.founded_on.toordinal() if row.founded_on else None,
    "requested": lambda row: row.requested_krw,
    "hours": lambda row: row.requested_hours_e4,
    "score": lambda row: row.score_tenths,
    "rating": lambda row: row.statistics.trimmed_tenths if row.statistics else None,
    "dispute": lambda row: row.statistics.deviation_tenths if row.statistics else None,
    "progress": lambda row: row.reviews_filed,
}


def _sorted(rows: list[DocketRow], sort: SortKey, *, descending: bool) -> list[DocketRow]:
    read = _KEYS[sort]
    numbers, words, blanks = list[tuple[int, DocketRow]](), list[tuple[str, DocketRow]](), list[DocketRow]()
    for row in sorted(rows, key=lambda row: row.number):
        match read(row):
            case int(value):
                numbers.append((value, row))
            case str(value):
                words.append((value, row))
            case None:
                blanks.append(row)
    numbers.sort(key=lambda pair: pair[0], reverse=descending)
    words.sort(key=lambda pair: pair[0], reverse=descending)
    return [row for _, row in numbers] + [row for _, row in words] + blanks
