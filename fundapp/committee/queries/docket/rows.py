"""One page of the docket, filtered and sorted by the database."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal, get_args

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Subquery,
    Text,
    cast,
    exists,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from fundapp.committee.queries.calibration import official_scores
from fundapp.committee.queries.docket.filters import (
    DocketFilter,
    OwnState,
    Sight,
    beside,
    in_view,
    is_sqlite,
    left_in,
    looked_up,
    on_docket,
    sight_of,
    unsealed,
)
from fundapp.committee.queries.masked import load_maskers
from fundapp.committee.queries.phases import find_official
from fundapp.committee.queries.sight import Seal, waits_for
from fundapp.committee.rules import Official, Statistics
from fundapp.committee.tables import Assignment, Ballot, Decision, Review
from fundapp.core.access import Viewer, shown_name
from fundapp.core.quantities import Quantity, gpu_commodity
from fundapp.intake.answers import GpuRequest
from fundapp.intake.tables import Application, Listing

SortKey = Literal[
    "number",
    "company",
    "state",
    "age",
    "requested",
    "hours",
    "score",
    "rating",
    "mean",
    "median",
    "dispute",
    "progress",
]
SORT_KEYS: tuple[SortKey, ...] = get_args(SortKey)

_COLUMNS: dict[SortKey, InstrumentedAttribute[Any]] = {
    "number": Listing.number,
    "company": Listing.company,
    "state": Listing.stage,
    "age": Listing.founded_on,
    "requested": Listing.requested_krw,
    "hours": Listing.requested_hours_e4,
    "score": Listing.score_tenths,
    "rating": Listing.trimmed_tenths,
    "mean": Listing.mean_tenths,
    "median": Listing.median_tenths,
    "dispute": Listing.deviation_tenths,
    "progress": Listing.reviews_filed,
}
_KEPT = 512
_TEXTS = 4096
_RATED = frozenset({"rating", "mean", "median", "dispute"})
_BLANK = _RATED | {"score", "age"}


@dataclass(frozen=True, slots=True)
class DocketRow:
    """One application as one viewer may see it.

    Attributes:
        requested_hours_e4: Hours of all SKUs together, in ten-thousandths.
        own_state: What the viewer still has to do here.
        score_sealed: Whether the machine's score waits for the viewer's own review, or for a later phase.
        score_tenths: The machine's; None while sealed, and where there is none.
        sealed: Whether the ratings of others do.
        statistics: Of the filed reviews; None while sealed, and where there are none.
        official_tenths: Whichever of mean, trimmed and adjusted mean counts by the call's terms; None while sealed.
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
    sealed: bool
    statistics: Statistics | None
    official_tenths: int | None
    reviews_filed: int
    reviews_assigned: int
    ballot_id: uuid.UUID | None
    outcome: str | None
    founded_on: date | None
    linkages: tuple[str, ...]
    gpu: tuple[GpuRequest, ...]
    ratings_tenths: tuple[int, ...]


def docket(
    session: Session,
    viewer: Viewer,
    call_code: str,
    *,
    filters: DocketFilter | None = None,
    sort: SortKey = "number",
    descending: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[DocketRow]:
    """Return rows of the docket of a call, in three statements however long it is.

    Sealed figures are blank before anything is filtered or sorted, so neither can betray them; blanks stand last in
    either direction, by number among themselves. Before somebody who judges blind an application goes by its number,
    also where companies are sorted. Where the official score is the adjusted one, it takes all reviews of the call.

    Args:
        session: A session.
        viewer: Who looks.
        call_code: Of which call.
        filters: What to leave in.
        sort: By what; equals are sorted by number in the same direction.
        descending: From the largest down.
        limit: At most so many rows; all without it.
        offset: After so many rows.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    sight = sight_of(session, viewer, call_code)
    chosen = looked_up(session, viewer, filters or DocketFilter())
    official = find_official(session, call_code)
    adjusted: dict[uuid.UUID, int] = {}
    if official == "adjusted":
        scores = official_scores(session, viewer, call_code)
        adjusted = {key: one.official for key, one in scores.items() if one.official is not None}
    if official == "adjusted" and sort == "rating":
        among = [in_view(sight, chosen.view), *left_in(sight, chosen, sqlite=is_sqlite(session))]
        ids = _ranked(session, sight, among, adjusted, descending=descending)[offset:]
        ids = ids if limit is None else ids[:limit]
        query = _shown(viewer).where(Listing.id.in_(ids))
        found = {row.id: row for row in session.connection().execute(query)}
        rows = [found[key] for key in ids]
    else:
        asked = (sight, chosen, _rated(sort, official), descending, limit, offset, is_sqlite(session))
        query = _query.__wrapped__(*asked) if chosen.found is not None else _query(*asked)
        rows = list(session.connection().execute(query))
    titles = _masked_titles(session, viewer, [row.application_id for row in rows])
    return [_row(sight, row, official, adjusted, titles) for row in rows]


def _rated(sort: SortKey, official: Official) -> SortKey:
    """Return the column that a sort by rating means."""
    return "mean" if sort == "rating" and official == "raw" else sort


def _ranked(
    session: Session,
    sight: Sight,
    among: list[ColumnElement[bool]],
    scores: dict[uuid.UUID, int],
    *,
    descending: bool,
) -> list[int]:
    """Return the listings in the order of scores that no column holds; those without one last, by number."""
    query = select(Listing.id, Listing.application_id, Listing.number)
    rows = session.execute(query.where(on_docket(sight.viewer, sight.call_code), *among).order_by(Listing.number)).all()
    valued = [row for row in rows if row.application_id in scores]
    valued.sort(key=lambda row: (scores[row.application_id], row.number), reverse=descending)
    return [row.id for row in (*valued, *(row for row in rows if row.application_id not in scores))]


def _masked_titles(session: Session, viewer: Viewer, ids: list[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """Return title and region of the applications whose applicant the viewer may not know, without what tells it."""
    if not viewer.masked_calls or not ids:
        return {}
    maskers = load_maskers(session, viewer, select(Application.id).where(Application.id.in_(ids)))
    if not maskers:
        return {}
    texts = session.execute(
        select(Listing.application_id, Listing.title, Listing.region).where(Listing.application_id.in_(list(maskers)))
    )
    return {
        row.application_id: (maskers[row.application_id].text(row.title), maskers[row.application_id].text(row.region))
        for row in texts
    }


@lru_cache(_KEPT)
def _query(
    sight: Sight,
    chosen: DocketFilter,
    sort: SortKey,
    descending: bool,  # noqa: FBT001 - as `docket` has it
    limit: int | None,
    offset: int,
    sqlite: bool,  # noqa: FBT001 - of the session
) -> Select[*tuple[Any, ...]]:
    """Return the statement of a page. Putting it together takes longer than running it, and people come back."""
    among = [in_view(sight, chosen.view), *left_in(sight, chosen, sqlite=sqlite)]
    page = _page(sight, among, sort, descending=descending, limit=limit, offset=offset)
    order = _order(page, sort, descending=descending)
    return _shown(sight.viewer).join(page, page.c.id == Listing.id).order_by(*order)


def _page(
    sight: Sight,
    among: list[ColumnElement[bool]],
    sort: SortKey,
    *,
    descending: bool,
    limit: int | None,
    offset: int,
) -> Subquery:
    """Select which rows, with what sorts them: those with a value by the value's index, then blank ones by number."""
    viewer, call_code = sight.viewer, sight.call_code
    last = None if limit is None else offset + limit
    column = Listing.number if sort == "company" and viewer.masked_calls else _COLUMNS[sort]
    valued = _candidates([on_docket(viewer, call_code), *among], column, blank=False)
    by_value = [_towards(column, falling=_falls(sort, descending)), _towards(Listing.number, falling=descending)]
    if sort not in _BLANK:
        return valued.order_by(*by_value).limit(limit).offset(offset).subquery()
    seal = _seal_of_sort(sight, sort)
    blank = _candidates([on_docket(viewer, call_code, by_stage=False), *among, *_unrated(sort)], column, blank=True)
    parts = [blank.where(column.is_(None))]
    valued = valued.where(column.is_not(None))
    if seal != "nothing":
        valued = valued.where(unsealed(viewer, seal))
        parts.append(_hidden(viewer, [on_docket(viewer, call_code), *among, column.is_not(None)], column, seal))
    # Each part takes no more than the page can need of it, from its own index; the few that are left are sorted.
    several = [valued.order_by(*by_value).limit(last).subquery()]
    # No index gives this order, lest SQLite should walk the whole call by number to find the few blank ones.
    by_number = Listing.number.op("||")("")
    several += [part.order_by(by_number).limit(last).subquery() for part in parts]
    together = union_all(*(select(part) for part in several)).subquery()
    order = _order(together, sort, descending=descending)
    return select(together).order_by(*order).limit(limit).offset(offset).subquery()


def _unrated(sort: SortKey) -> list[ColumnElement[bool]]:
    """Return what also holds of a row without this figure, and the index of counts answers: no rating, no deviation."""
    return [Listing.deviation_tenths.is_(None)] if sort in _RATED else []


def _hidden(
    viewer: Viewer, among: list[ColumnElement[bool]], column: InstrumentedAttribute[Any], seal: Seal
) -> Select[*tuple[Any, ...]]:
    """Select the rows whose figure is there and sealed; those that wait for the viewer are few, and begun with."""
    if seal == "waiting":
        among = [beside(*among), waits_for(viewer, Listing.application_id.expression)]
    return _candidates(among, column, blank=True)


def _seal_of_sort(sight: Sight, sort: SortKey) -> Seal:
    if sort == "score":
        return sight.machine
    return sight.others if sort in _RATED else "nothing"


def _candidates(
    among: list[ColumnElement[bool]], column: InstrumentedAttribute[Any], *, blank: bool
) -> Select[*tuple[Any, ...]]:
    """Select what sorts a row: its value and then its number; a blank one has neither and stands by number alone."""
    value = cast(null(), column.type) if blank else column
    tie = cast(null(), Listing.number.type) if blank else Listing.number
    return select(
        Listing.id, literal(int(blank)).label("blank"), value.label("value"), tie.label("tie"), Listing.number
    ).where(*among)


def _order(page: Subquery, sort: SortKey, *, descending: bool) -> list[ColumnElement[Any]]:
    value, tie = page.c.value, page.c.tie
    return [
        page.c.blank,
        _towards(value, falling=_falls(sort, descending)),
        _towards(tie, falling=descending),
        page.c.number,
    ]


def _falls(sort: SortKey, descending: bool) -> bool:  # noqa: FBT001 - of one word's meaning
    """Whether the column's values fall: the later somebody was founded, the younger they are."""
    return descending != (sort == "age")


def _towards(column: ColumnElement[Any] | InstrumentedAttribute[Any], *, falling: bool) -> ColumnElement[Any]:
    return column.desc() if falling else column.asc()


def _shown(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    """Select what a row shows, before sealing: the listing, the viewer's own part in it, and its newest ballot."""
    mine = exists().where(Assignment.application_id == Listing.application_id, Assignment.person_id == viewer.person_id)
    own_total = (
        select(Review.total_tenths)
        .where(Review.application_id == Listing.application_id, Review.person_id == viewer.person_id)
        .order_by(Review.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    newest = (
        select(Ballot.id, Decision.outcome)
        .join_from(Ballot, Decision, Decision.ballot_id == Ballot.id, isouter=True)
        .where(
            Ballot.application_id == Listing.application_id,
            Ballot.state != "superseded",
            or_(~Ballot.subsidiary, Decision.outcome.is_(None), Decision.outcome == "carried"),
        )
        .order_by(Ballot.opened_at.desc(), Ballot.id.desc())
        .limit(1)
    )
    ballot = newest.with_only_columns(Ballot.id, maintain_column_froms=True).scalar_subquery()
    outcome = newest.with_only_columns(Decision.outcome, maintain_column_froms=True).scalar_subquery()
    return select(
        Listing.id,
        Listing.application_id,
        Listing.number,
        _company(viewer).label("company"),
        Listing.region,
        Listing.sector,
        Listing.title,
        Listing.state,
        Listing.requested_krw,
        Listing.requested_hours_e4,
        Listing.score_tenths,
        type_coerce(Listing.ratings, Text).label("ratings"),
        Listing.mean_tenths,
        Listing.median_tenths,
        Listing.trimmed_tenths,
        Listing.deviation_tenths,
        Listing.reviews_filed,
        Listing.reviews_assigned,
        Listing.founded_on,
        Listing.linkages,
        type_coerce(Listing.gpu, Text).label("gpu"),
        mine.label("mine"),
        own_total.label("own_total"),
        ballot.label("ballot_id"),
        outcome.label("outcome"),
    )


def _company(viewer: Viewer) -> ColumnElement[str]:
    return shown_name(
        viewer,
        call_id=Listing.call_id.expression,
        state=Listing.state.expression,
        name=Listing.company.expression,
        number=Listing.number.expression,
    )


def _row(
    sight: Sight,
    row: Row[*tuple[Any, ...]],
    official: Official,
    adjusted: dict[uuid.UUID, int],
    titles: dict[uuid.UUID, tuple[str, str]],
) -> DocketRow:
    waits = row.mine and row.own_total is None
    sealed, score_sealed = sight.seals(sight.others, waits=waits), sight.seals(sight.machine, waits=waits)
    title, region = titles.get(row.application_id, (row.title, row.region))
    ratings = () if sealed else _ratings(row.ratings)
    statistics = _statistics(row, len(ratings)) if ratings else None
    return DocketRow(
        application_id=row.application_id,
        number=row.number,
        company=row.company,
        region=region,
        sector=row.sector,
        solution_title=title,
        state=row.state,
        requested_krw=row.requested_krw,
        requested_hours_e4=row.requested_hours_e4,
        own_state=_own_state(row.own_total, assigned=row.mine),
        score_sealed=score_sealed,
        score_tenths=None if score_sealed else row.score_tenths,
        sealed=sealed,
        statistics=statistics,
        official_tenths=_official(statistics, official, adjusted.get(row.application_id)),
        reviews_filed=row.reviews_filed,
        reviews_assigned=row.reviews_assigned,
        ballot_id=row.ballot_id,
        outcome=row.outcome,
        founded_on=row.founded_on,
        linkages=tuple(row.linkages.split()),
        gpu=_gpu(row.gpu),
        ratings_tenths=ratings,
    )


@lru_cache(_TEXTS)
def _gpu(kept: str) -> tuple[GpuRequest, ...]:
    """Read what a listing keeps of the hours asked for; the same text is read again whenever somebody looks."""
    return tuple(
        GpuRequest(sku, quarter, Quantity(minor, gpu_commodity(sku.upper())))
        for sku, quarter, minor in json.loads(kept)
    )


@lru_cache(_TEXTS)
def _ratings(kept: str) -> tuple[int, ...]:
    """Read the totals that a listing keeps, ascending."""
    return tuple(sorted(json.loads(kept).values()))


def _statistics(row: Row[*tuple[Any, ...]], count: int) -> Statistics:
    return Statistics(count, row.mean_tenths, row.median_tenths, row.trimmed_tenths, row.deviation_tenths)


def _own_state(total: int | None, *, assigned: bool) -> OwnState:
    if total is None:
        return "waiting" if assigned else "unassigned"
    return "filed" if total else "abstained"


def _official(statistics: Statistics | None, official: Official, adjusted: int | None) -> int | None:
    if official == "adjusted":
        return adjusted
    if statistics is None:
        return None
    return statistics.mean_tenths if official == "raw" else statistics.trimmed_tenths
