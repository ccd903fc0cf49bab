"""One page of the docket, filtered and sorted by the database."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Row, Select, Subquery, cast, exists, literal, null, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from fundapp.committee.queries.docket.filters import (
    DocketFilter,
    OwnState,
    in_view,
    is_sqlite,
    left_in,
    looked_up,
    on_docket,
)
from fundapp.committee.queries.sight import require_sight, sealed_applications, waits_for
from fundapp.committee.rules import Statistics, adjusted_mean, severity_offsets
from fundapp.committee.tables import Assignment, Ballot, Decision, Review
from fundapp.core.access import Kind, Viewer, may_see_machine_score
from fundapp.core.quantities import Quantity, gpu_commodity
from fundapp.intake.answers import GpuRequest
from fundapp.intake.tables import Listing

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
_SEALED = frozenset({"score", "rating", "mean", "median", "dispute"})
_BLANK = _SEALED | {"age"}


@dataclass(frozen=True, slots=True)
class DocketRow:
    """One application as one viewer may see it.

    Attributes:
        requested_hours_e4: Hours of all SKUs together, in ten-thousandths.
        own_state: What the viewer still has to do here.
        score_sealed: Whether score and statistics wait for the viewer's own review.
        score_tenths: The machine's; None while sealed, and where there is none.
        statistics: Of the filed reviews; None while sealed, and where there are none.
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
    """Return rows of the docket of a call, in one statement however long it is.

    Sealed figures are blank before anything is filtered or sorted, so neither can betray them; blanks stand last in
    either direction, by number among themselves.

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
    require_sight(viewer, Kind.REVIEW)
    chosen = looked_up(session, filters or DocketFilter())
    asked = (viewer, call_code, chosen, sort, descending, limit, offset, is_sqlite(session))
    query = _query.__wrapped__(*asked) if chosen.found is not None else _query(*asked)
    return [_row(viewer, row) for row in session.execute(query)]


@lru_cache(_KEPT)
def _query(
    viewer: Viewer,
    call_code: str,
    chosen: DocketFilter,
    sort: SortKey,
    descending: bool,  # noqa: FBT001 - as `docket` has it
    limit: int | None,
    offset: int,
    sqlite: bool,  # noqa: FBT001 - of the session
) -> Select[*tuple[Any, ...]]:
    """Return the statement of a page. Putting it together takes longer than running it, and people come back."""
    among = [in_view(viewer, chosen.view), *left_in(viewer, chosen, sqlite=sqlite)]
    page = _page(viewer, call_code, among, sort, descending=descending, limit=limit, offset=offset)
    order = _order(page, sort, descending=descending)
    return _shown(viewer).join(page, page.c.id == Listing.id).order_by(*order)


def _page(
    viewer: Viewer,
    call_code: str,
    among: list[ColumnElement[bool]],
    sort: SortKey,
    *,
    descending: bool,
    limit: int | None,
    offset: int,
) -> Subquery:
    """Select which rows, with what sorts them: those with a value by the value's index, then blank ones by number."""
    last = None if limit is None else offset + limit
    column = _COLUMNS[sort]
    valued = _candidates([on_docket(viewer, call_code), *among], column, blank=False)
    by_value = [_towards(column, falling=_falls(sort, descending)), _towards(Listing.number, falling=descending)]
    if sort not in _BLANK:
        return valued.order_by(*by_value).limit(limit).offset(offset).subquery()
    hidden = sealed_applications(viewer) if sort in _SEALED else None
    blank = _candidates([on_docket(viewer, call_code, by_stage=False), *among], column, blank=True)
    parts = [blank.where(column.is_(None))]
    valued = valued.where(column.is_not(None))
    if hidden is not None:
        valued = valued.where(Listing.application_id.not_in(hidden))
        parts.append(blank.where(column.is_not(None), waits_for(viewer, Listing.application_id.expression)))
    # Each part takes no more than the page can need of it, from its own index; the few that are left are sorted.
    several = [valued.order_by(*by_value).limit(last).subquery()]
    # No index gives this order, lest SQLite should walk the whole call by number to find the few blank ones.
    by_number = Listing.number.op("||")("")
    several += [part.order_by(by_number).limit(last).subquery() for part in parts]
    together = union_all(*(select(part) for part in several)).subquery()
    order = _order(together, sort, descending=descending)
    return select(together).order_by(*order).limit(limit).offset(offset).subquery()


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
        .where(Ballot.application_id == Listing.application_id)
        .order_by(Ballot.opened_at.desc(), Ballot.id.desc())
        .limit(1)
    )
    ballot = newest.with_only_columns(Ballot.id, maintain_column_froms=True).scalar_subquery()
    outcome = newest.with_only_columns(Decision.outcome, maintain_column_froms=True).scalar_subquery()
    return select(
        Listing.application_id,
        Listing.number,
        Listing.company,
        Listing.region,
        Listing.sector,
        Listing.title,
        Listing.state,
        Listing.requested_krw,
        Listing.requested_hours_e4,
        Listing.score_tenths,
        Listing.ratings,
        Listing.mean_tenths,
        Listing.median_tenths,
        Listing.trimmed_tenths,
        Listing.deviation_tenths,
        Listing.reviews_filed,
        Listing.reviews_assigned,
        Listing.founded_on,
        Listing.linkages,
        Listing.gpu,
        mine.label("mine"),
        own_total.label("own_total"),
        ballot.label("ballot_id"),
        outcome.label("outcome"),
    )


def _row(viewer: Viewer, row: Row[*tuple[Any, ...]]) -> DocketRow:
    sealed = not may_see_machine_score(viewer, reviews_here=row.mine, own_review_filed=row.own_total is not None)
    return DocketRow(
        application_id=row.application_id,
        number=row.number,
        company=row.company,
        region=row.region,
        sector=row.sector,
        solution_title=row.title,
        state=row.state,
        requested_krw=row.requested_krw,
        requested_hours_e4=row.requested_hours_e4,
        own_state=_own_state(row.own_total, assigned=row.mine),
        score_sealed=sealed,
        score_tenths=None if sealed else row.score_tenths,
        statistics=None if sealed else _statistics(row),
        reviews_filed=row.reviews_filed,
        reviews_assigned=row.reviews_assigned,
        ballot_id=row.ballot_id,
        outcome=row.outcome,
        founded_on=row.founded_on,
        linkages=tuple(row.linkages.split()),
        gpu=tuple(_gpu(row.gpu)),
        ratings_tenths=() if sealed else tuple(sorted(row.ratings.values())),
    )


def _gpu(kept: list[list[Any]]) -> Iterator[GpuRequest]:
    for sku, quarter, minor in kept:
        yield GpuRequest(sku, quarter, Quantity(minor, gpu_commodity(sku.upper())))


def _statistics(row: Row[*tuple[Any, ...]]) -> Statistics | None:
    if not row.ratings:
        return None
    return Statistics(len(row.ratings), row.mean_tenths, row.median_tenths, row.trimmed_tenths, row.deviation_tenths)


def _own_state(total: int | None, *, assigned: bool) -> OwnState:
    if total is None:
        return "waiting" if assigned else "unassigned"
    return "filed" if total else "abstained"


def adjusted_means(session: Session, viewer: Viewer, call_code: str) -> dict[uuid.UUID, int]:
    """Return means after taking reviewers' severity off, in tenths, of the applications with a rating.

    None at all while anything is sealed for the viewer, for the offsets would tell of it.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    require_sight(viewer, Kind.REVIEW)
    seen, sealed = on_docket(viewer, call_code), sealed_applications(viewer)
    if sealed is not None:
        hidden = select(Listing.id).where(seen, Listing.application_id.in_(sealed)).limit(1)
        if session.scalar(hidden) is not None:
            return {}
    kept = {row[0]: row[1] for row in session.execute(select(Listing.application_id, Listing.ratings).where(seen))}
    by_person: dict[uuid.UUID, list[int]] = {}
    totals = {key: {uuid.UUID(who): total for who, total in ratings.items()} for key, ratings in kept.items()}
    for ratings in totals.values():
        for person, total in ratings.items():
            by_person.setdefault(person, []).append(total)
    offsets = severity_offsets(by_person)
    means = {key: adjusted_mean(ratings, offsets) for key, ratings in totals.items()}
    return {key: mean for key, mean in means.items() if mean is not None}
