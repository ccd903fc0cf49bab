"""Everything that the page of one grant shows."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Date,
    Select,
    String,
    Uuid,
    bindparam,
    cast,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Pool
from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.intake.tables import Company
from fundapp.portfolio.queries.grant_figures import GrantFigures, load_figures, use_by_place
from fundapp.portfolio.queries.grant_moves import Movement
from fundapp.portfolio.queries.metering import (
    AlertRow,
    UtilisationRow,
    list_alerts,
    metering_state,
    utilisation_of,
)
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.tables import Award, ChangeRequest, Grant, ProgressReport, ReclaimNotice

UTILISATION_DAYS = 56
_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class StepRow:
    """Something that people did about a grant: a request, a report, a notice.

    Attributes:
        grant_id: The grant it is about, None for all of the award's.
        what: `change`, `report` or `notice`.
        kind: Kind of the change, or rule of the notice; empty for a report.
        state: What has become of it.
        until: The day that a change asks for, or on which a notice takes effect.
    """

    grant_id: uuid.UUID | None
    what: str
    number: str
    kind: str
    state: str
    hours_e4: int | None
    at: datetime
    until: date | None


@dataclass(frozen=True, slots=True)
class GrantPage:
    """Everything that the page of one grant shows.

    Attributes:
        others: The award's other grants, in order.
        metering: `none`, `unverified`, `failing` or `reached`: whether anybody measures.
    """

    figures: GrantFigures
    company: str
    investor: str
    rate_krw: int
    signed_on: date
    movements: tuple[Movement, ...]
    utilisation: tuple[UtilisationRow, ...]
    metering: str
    alerts: tuple[AlertRow, ...]
    steps: tuple[StepRow, ...]
    others: tuple[GrantFigures, ...]


@dataclass(frozen=True, slots=True)
class AwardGpu:
    """The GPU side of an award: every grant with its movements; what its alerts say."""

    award: str
    company: str
    figures: tuple[GrantFigures, ...]
    movements: dict[uuid.UUID, tuple[Movement, ...]]
    alerts: tuple[AlertRow, ...]


def grant_page(session: Session, viewer: Viewer, grant_id: uuid.UUID, today: date) -> GrantPage:
    """Return the page of one grant.

    Raises:
        NotFoundError: if there is none, or the viewer may not see its award.
    """
    pages = _load_pages(session, _of_grant(viewer), {"grant": grant_id}, viewer, today)
    return next(page for page in pages if page.figures.id == grant_id)


def award_pages(session: Session, viewer: Viewer, number: str, today: date) -> list[GrantPage]:
    """Return the pages of all grants of one award; a constant number of statements.

    Raises:
        NotFoundError: if there is no such award, or the viewer may not see it, or it has no GPU time.
    """
    return _load_pages(session, _of_award(viewer), {"number": number}, viewer, today)


@lru_cache(_REMEMBERED)
def _of_grant(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    own = select(Grant.award_id).where(Grant.id == bindparam("grant", type_=Uuid())).scalar_subquery()
    return _BESIDE.where(Award.id == own, award_clause(viewer))


@lru_cache(_REMEMBERED)
def _of_award(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    return _BESIDE.where(Award.number == bindparam("number"), award_clause(viewer))


_BESIDE = (
    select(Award.id, Award.signed_on, Company.name, Grant.id, Pool.investor_code, Pool.rate_krw)
    .select_from(Grant)
    .join(Award, Award.id == Grant.award_id)
    .join(Company, Company.id == Award.company_id)
    .join(Pool, Pool.id == Grant.pool_id)
)
"""What stands beside the figures of each grant of an award."""


def _load_pages(
    session: Session, query: Select[*tuple[Any, ...]], whose: Mapping[str, object], viewer: Viewer, today: date
) -> list[GrantPage]:
    rows = session.connection().execute(query, whose).all()
    if not rows:
        raise NotFoundError
    award_id, signed_on, company, *_ = rows[0]
    pools = {grant_id: (investor, rate) for *_, grant_id, investor, rate in rows}
    use = use_by_place(session, [award_id], date.min)
    figures = load_figures(session, award_id, today, whole=True, use=use)
    seen = utilisation_of(session, [award_id], today - timedelta(days=UTILISATION_DAYS), use)
    alerts = list_alerts(session, viewer, award=figures[0].award, with_resolved=True)
    metering, steps = metering_state(session), _steps(session, award_id)
    return [
        GrantPage(
            figures=one,
            company=company,
            investor=pools[one.id][0],
            rate_krw=pools[one.id][1],
            signed_on=signed_on,
            movements=one.movements,
            utilisation=tuple(
                row
                for day, row in seen.get((award_id, one.sku), {}).items()
                if one.standing.first_day <= day <= one.standing.usable_until
            ),
            metering=metering,
            alerts=tuple(row for row in alerts if row.grant_id == one.id),
            steps=tuple(row for row in steps if row.grant_id in {None, one.id}),
            others=tuple(other for other in figures if other.id != one.id),
        )
        for one in figures
    ]


def award_gpu(session: Session, viewer: Viewer, number: str, today: date) -> AwardGpu:
    """Return the GPU side of one award; a constant number of statements.

    Raises:
        NotFoundError: if there is no such award, or the viewer may not see it.
    """
    found = session.execute(
        select(Award.id, Company.name)
        .join(Company, Company.id == Award.company_id)
        .where(Award.number == number, award_clause(viewer))
    ).one_or_none()
    if found is None:
        raise NotFoundError
    figures = load_figures(session, found.id, today, whole=True)
    return AwardGpu(
        award=number,
        company=found.name,
        figures=tuple(figures),
        movements={one.id: one.movements for one in figures},
        alerts=tuple(list_alerts(session, viewer, award=number)),
    )


def list_own_awards(session: Session, viewer: Viewer) -> list[tuple[str, str]]:
    """Return number and company of the awards with GPU time of the viewer's own companies, by number."""
    if not viewer.company_ids:
        return []
    return [(number, company) for number, company in session.execute(_own_awards(viewer))]


@lru_cache(_REMEMBERED)
def _own_awards(viewer: Viewer) -> Select[str, str]:
    return (
        select(Award.number, Company.name)
        .join(Company, Company.id == Award.company_id)
        .where(
            Award.company_id.in_(viewer.company_ids),
            award_clause(viewer),
            select(Grant.id).where(Grant.award_id == Award.id).exists(),
        )
        .order_by(Award.number)
    )


def _steps(session: Session, award_id: uuid.UUID) -> list[StepRow]:
    """Return what people did about an award's grants, oldest first; reports are about all of them."""
    return [StepRow(*row) for row in session.connection().execute(_STEPS, {"award": award_id})]


_WHOSE = bindparam("award", type_=Uuid())
_STEPS: CompoundSelect[*tuple[Any, ...]] = union_all(
    select(
        ChangeRequest.grant_id,
        literal("change"),
        ChangeRequest.number,
        ChangeRequest.kind,
        ChangeRequest.state,
        ChangeRequest.hours_e4,
        ChangeRequest.requested_at.label("at"),
        ChangeRequest.until,
    ).where(ChangeRequest.award_id == _WHOSE),
    select(
        ReclaimNotice.grant_id,
        literal("notice"),
        literal(""),
        ReclaimNotice.rule,
        ReclaimNotice.state,
        ReclaimNotice.hours_e4,
        ReclaimNotice.noticed_at,
        ReclaimNotice.acts_on,
    )
    .join(Grant, Grant.id == ReclaimNotice.grant_id)
    .where(Grant.award_id == _WHOSE),
    select(
        cast(null(), Uuid()),
        literal("report"),
        cast(ProgressReport.number, String),
        literal(""),
        ProgressReport.state,
        cast(null(), BigInteger),
        ProgressReport.filed_at,
        cast(null(), Date),
    ).where(ProgressReport.award_id == _WHOSE),
).order_by("at")
"""In the order of `StepRow`."""
