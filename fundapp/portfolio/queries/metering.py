"""What meters said: sources and their state, use against work by day, alerts."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.intake.tables import Company
from fundapp.portfolio.queries.grant_figures import Place, use_by_place
from fundapp.portfolio.queries.grant_moves import in_chunks
from fundapp.portfolio.queries.sight import award_clause, sees_all_awards
from fundapp.portfolio.rules.alerts import idle_hours
from fundapp.portfolio.tables import Award, Grant, GrantAlert, MeteringSource, UtilisationDay

_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source of utilisation; `state` is unverified until the server has answered once."""

    name: str
    base_url: str
    query: str
    auth: str
    secret_name: str | None
    state: str
    reached_at: datetime | None
    pulled_through: date | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class UtilisationRow:
    """Billed against seen on one UTC day, of one award and SKU; hours in ten-thousandths.

    Attributes:
        billed_e4: GPU-hours that bills state.
        observed_e4: GPU-hours that a meter saw.
        busy_permille: How busy those were, None when none was seen.
        idle_e4: Billed hours that stood idle.
        unknown_e4: Billed hours that no meter saw: neither busy nor idle.
    """

    utc_day: date
    gpus: int
    billed_e4: int
    observed_e4: int
    busy_permille: int | None
    idle_e4: int
    unknown_e4: int


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert with the grant it is about."""

    id: uuid.UUID
    grant_id: uuid.UUID
    award: str
    company: str
    sku: str
    region: str
    quarter: str
    kind: str
    severity: str
    state: str
    figures: Mapping[str, Any]
    first_seen: datetime
    last_seen: datetime
    acknowledged_by: str | None
    reason: str | None
    resolved_at: datetime | None


def list_sources(session: Session, viewer: Viewer) -> list[SourceRow]:
    """Return the sources of utilisation by name."""
    require(viewer, Verb.VIEW, Thing(Kind.USAGE))
    return [
        SourceRow(
            row.name,
            row.base_url,
            row.query,
            row.auth,
            row.secret_name,
            row.state,
            row.reached_at,
            row.pulled_through,
            row.last_error,
        )
        for row in session.scalars(select(MeteringSource).order_by(MeteringSource.name))
    ]


def metering_state(session: Session) -> str:
    """Return `none` without a source, else the best state of any: reached, failing or unverified."""
    states = {state for (state,) in session.connection().execute(_STATES)}
    return next((state for state in ("reached", "failing", "unverified") if state in states), "none")


_STATES = select(MeteringSource.state).distinct()


def utilisation_of(
    session: Session,
    awards: Iterable[uuid.UUID],
    since: date,
    use: Mapping[Place, Mapping[date, int]] | None = None,
) -> dict[tuple[uuid.UUID, str], dict[date, UtilisationRow]]:
    """Return billed and seen hours by award and SKU and UTC day; several sources add up.

    Args:
        session: Any session.
        awards: Which.
        since: First UTC day.
        use: Their use by day, where it is at hand; what is older than `since` is left out.
    """
    chosen = list(awards)
    seen: dict[tuple[uuid.UUID, str, date], tuple[int, int, int, int]] = {}
    for some in in_chunks(chosen):
        rows = session.connection().execute(_SEEN, {"awards": some, "since": since})
        for award_id, sku, day, gpus, observed, busy, idle in rows:
            seen[award_id, sku, day] = (int(gpus), int(observed), int(busy), int(idle))
    billed: dict[tuple[uuid.UUID, str, date], int] = defaultdict(int)
    for (award_id, sku, _region), days in (use_by_place(session, chosen, since) if use is None else use).items():
        for day, hours in days.items():
            if day >= since:
                billed[award_id, sku, day] += hours
    found: dict[tuple[uuid.UUID, str], dict[date, UtilisationRow]] = defaultdict(dict)
    for award_id, sku, day in sorted(seen.keys() | billed.keys(), key=lambda key: (str(key[0]), *key[1:])):
        gpus, observed, busy, idle = seen.get((award_id, sku, day), (0, 0, 0, 0))
        paid = max(0, billed.get((award_id, sku, day), 0))
        found[award_id, sku][day] = UtilisationRow(
            utc_day=day,
            gpus=gpus,
            billed_e4=paid,
            observed_e4=observed,
            busy_permille=busy // observed if observed else None,
            idle_e4=idle_hours(idle, paid),
            unknown_e4=max(0, paid - observed),
        )
    return found


_SEEN = (
    select(
        UtilisationDay.award_id,
        UtilisationDay.sku,
        UtilisationDay.utc_day,
        func.sum(UtilisationDay.gpus),
        func.sum(UtilisationDay.observed_e4),
        func.sum(UtilisationDay.observed_e4 * UtilisationDay.busy_permille),
        func.sum(UtilisationDay.idle_e4),
    )
    .where(
        UtilisationDay.award_id.in_(bindparam("awards", expanding=True)),
        UtilisationDay.utc_day >= bindparam("since"),
    )
    .group_by(UtilisationDay.award_id, UtilisationDay.sku, UtilisationDay.utc_day)
)


def list_alerts(
    session: Session,
    viewer: Viewer,
    *,
    award: str | None = None,
    kind: str | None = None,
    with_resolved: bool = False,
    limit: int = 200,
    offset: int = 0,
) -> list[AlertRow]:
    """Return alerts a viewer may see, critical before warnings, then the oldest first; one statement."""
    asked = {"award": award, "most": limit, "skipped": offset}
    query = _alerts(viewer, award is not None, kind, with_resolved)
    return [AlertRow(*row) for row in session.connection().execute(query, asked)]


@lru_cache(_REMEMBERED)
def _alerts(  # its arguments are a key
    viewer: Viewer,
    of_award: bool,  # noqa: FBT001
    kind: str | None,
    with_resolved: bool,  # noqa: FBT001
) -> Select[*tuple[Any, ...]]:
    named = [Award.number == bindparam("award")] if of_award else []
    return (
        select(
            GrantAlert.id,
            GrantAlert.grant_id,
            Award.number,
            Company.name,
            Grant.sku,
            Grant.region,
            Grant.quarter,
            GrantAlert.kind,
            GrantAlert.severity,
            GrantAlert.state,
            GrantAlert.figures,
            GrantAlert.first_seen,
            GrantAlert.last_seen,
            GrantAlert.acknowledged_by,
            GrantAlert.reason,
            GrantAlert.resolved_at,
        )
        .join(Grant, Grant.id == GrantAlert.grant_id)
        .join(Award, Award.id == Grant.award_id)
        .join(Company, Company.id == Award.company_id)
        .where(award_clause(viewer), *named, *_alerts_named(kind, with_resolved=with_resolved))
        .order_by(GrantAlert.severity, GrantAlert.first_seen, GrantAlert.id)
        .limit(bindparam("most"))
        .offset(bindparam("skipped"))
    )


def count_alerts(session: Session, viewer: Viewer, *, kind: str | None = None, with_resolved: bool = False) -> int:
    """Return how many alerts a viewer may see."""
    return int(session.connection().execute(_number(viewer, kind, with_resolved)).scalar_one())


@lru_cache(_REMEMBERED)
def _number(viewer: Viewer, kind: str | None, with_resolved: bool) -> Select[Any]:  # noqa: FBT001 - a key
    query = select(func.count()).select_from(GrantAlert).where(*_alerts_named(kind, with_resolved=with_resolved))
    if sees_all_awards(viewer):
        return query
    return (
        query.join(Grant, Grant.id == GrantAlert.grant_id)
        .join(Award, Award.id == Grant.award_id)
        .where(award_clause(viewer))
    )


def _alerts_named(kind: str | None, *, with_resolved: bool) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if kind is not None:
        found.append(GrantAlert.kind == kind)
    if not with_resolved:
        found.append(GrantAlert.state != "resolved")
    return found
