"""Where grants stand and what becomes of them: ledger, bills and rule put together, for many grants at once.

What a grant was given, used and lost comes from the ledger's transfers; how fast use goes from the bills by UTC day,
overage included. The number of statements does not depend on the number of grants up to `CHUNK`.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Uuid, and_, bindparam, func, select
from sqlalchemy.orm import Session

from fundapp.core.quarters import Quarter
from fundapp.portfolio.queries.grant_moves import Movement, flows_by_head, in_chunks, movements_of, sum_by_head
from fundapp.portfolio.rules import overage_account
from fundapp.portfolio.rules.attribution import Drawn, attribute_use
from fundapp.portfolio.rules.forecast import WINDOW_DAYS, Forecast, Pace, Standing, measure_pace, project
from fundapp.portfolio.tables import Award, Grant, GrantForecast, UsageCoverage, UsageDay

Place = tuple[uuid.UUID, str, str]
"""Award, SKU and region: what the same use draws on."""
OLDEST_RECORD_DAYS = 120
"""Bills older than this say nothing about today's pace."""


@dataclass(frozen=True, slots=True)
class GrantFigures:
    """One grant with all that is known and foreseen of it; hours in ten-thousandths.

    Attributes:
        used_e4: Drawn down, net of corrections.
        lapsed_e4: Expired unused.
        data_through: Last UTC day that bills of the award's cloud accounts cover.
        use: What was drawn by UTC day; empty unless whole histories were asked for, as are the movements.
    """

    id: uuid.UUID
    award_id: uuid.UUID
    award: str
    application_id: uuid.UUID
    company_id: uuid.UUID
    sku: str
    region: str
    quarter: str
    account: str
    expires_on: date
    standing: Standing
    used_e4: int
    lapsed_e4: int
    pace: Pace
    data_through: date | None
    forecast: Forecast
    use: Mapping[date, int]
    movements: tuple[Movement, ...]

    @property
    def place(self) -> Place:
        """What the same use draws on."""
        return (self.award_id, self.sku, self.region)


@dataclass(frozen=True, slots=True)
class _Member:
    """A grant among those that share its use: its row of `_GRANTS`, and where it stands."""

    grant: Row[*tuple[Any, ...]]
    standing: Standing


def load_figures(
    session: Session,
    condition: ColumnElement[bool] | uuid.UUID,
    today: date,
    *,
    whole: bool = False,
    covered: Mapping[uuid.UUID, date] | None = None,
    use: Mapping[Place, Mapping[date, int]] | None = None,
) -> list[GrantFigures]:
    """Return the grants that meet a condition, by award, quarter and SKU.

    Args:
        session: Any session.
        condition: On `Grant` or `Award`, or one award; choose whole awards, because an award's grants are drawn on in
            turn and a forecast of one needs the others.
        today: The UTC day.
        whole: Whether to load all use by day, or only what a pace needs.
        covered: How far bills cover each award, see `covered_through`; the newest watch's answer when not given.
        use: All use by day of these awards, where it is at hand.
    """
    if isinstance(condition, uuid.UUID):
        rows = session.connection().execute(_GRANTS_OF_AWARD, {"award": condition}).all()
    else:
        rows = session.connection().execute(_GRANTS.where(condition)).all()
    names = {overage_account(grant.award, grant.sku, grant.region, grant.quarter): grant.account for grant in rows}
    accounts = [*names.values(), *names]
    moved = movements_of(session, accounts) if whole else {}
    flows = sum_by_head(moved) if whole else flows_by_head(session, accounts)
    over = {account: -sum(flows[path].values()) for path, account in names.items() if path in flows}
    if use is None:
        since = date.min if whole else today - timedelta(days=OLDEST_RECORD_DAYS + WINDOW_DAYS)
        use = use_by_place(session, {grant.award_id for grant in rows}, since)
    through = dict(covered or {})
    reached = [(place[0], max(days)) for place, days in use.items() if days]
    reached += [(grant.award_id, grant.data_through) for grant in rows if grant.data_through is not None]
    for award_id, day in reached:
        through[award_id] = max(day, through.get(award_id, day))
    groups: dict[Place, list[_Member]] = defaultdict(list)
    for grant in rows:
        standing = _standing(grant, flows[grant.account], over.get(grant.account, 0))
        groups[grant.award_id, grant.sku, grant.region].append(_Member(grant, standing))
    found = []
    for place, members in groups.items():
        days = _Days(use.get(place, {}), through.get(place[0]), today)
        found += _foresee(members, flows, moved, days)
    return sorted(found, key=lambda one: (one.award, one.quarter, one.sku, one.region))


@dataclass(frozen=True, slots=True)
class _Days:
    """Use by day of grants that share it, how far it is known, and today."""

    use: Mapping[date, int]
    through: date | None
    today: date


def _foresee(
    members: Sequence[_Member],
    flows: Mapping[str, Mapping[str, int]],
    moved: Mapping[str, Sequence[Movement]],
    days: _Days,
) -> list[GrantFigures]:
    """Forecast the grants that share their use."""
    standings = [one.standing for one in members]
    used = [-flows[one.grant.account].get("used", 0) for one in members]
    drawn = [
        Drawn(hours, standing.first_day, standing.usable_until) for hours, standing in zip(used, standings, strict=True)
    ]
    own_use = attribute_use(days.use, drawn) if moved else tuple({} for _ in members)
    # A record so old says nothing about today: the grant then counts as one without a record.
    old = days.through is None or days.through < days.today - timedelta(days=OLDEST_RECORD_DAYS)
    last = None if old else days.through
    pace = measure_pace(days.use, standings, last)
    return [
        GrantFigures(
            id=one.grant.id,
            award_id=one.grant.award_id,
            award=one.grant.award,
            application_id=one.grant.application_id,
            company_id=one.grant.company_id,
            sku=one.grant.sku,
            region=one.grant.region,
            quarter=one.grant.quarter,
            account=one.grant.account,
            expires_on=one.grant.expires_on,
            standing=one.standing,
            used_e4=hours,
            lapsed_e4=-flows[one.grant.account].get("expired", 0),
            pace=pace,
            data_through=days.through,
            forecast=forecast,
            use=by_day,
            movements=tuple(moved.get(one.grant.account, ())),
        )
        for one, hours, by_day, forecast in zip(
            members, used, own_use, project(standings, pace, last, days.today), strict=True
        )
    ]


_GRANTS = (
    select(
        Grant.id,
        Grant.award_id,
        Grant.sku,
        Grant.region,
        Grant.quarter,
        Grant.account,
        Grant.usable_until,
        Grant.expires_on,
        Award.number.label("award"),
        Award.application_id,
        Award.company_id,
        Award.signed_on,
        GrantForecast.data_through,
    )
    .join(Award, Award.id == Grant.award_id)
    .outerjoin(GrantForecast, GrantForecast.grant_id == Grant.id)
    .order_by(Award.number, Grant.quarter, Grant.sku, Grant.region)
)
_GRANTS_OF_AWARD = _GRANTS.where(Grant.award_id == bindparam("award", type_=Uuid()))
"""What a page of one award asks; built once."""


def _standing(grant: Row[*tuple[Any, ...]], heads: Mapping[str, int], overage_e4: int) -> Standing:
    first = max(Quarter.parse(grant.quarter).first_day, min(grant.signed_on, grant.usable_until))
    return Standing(
        granted_e4=sum(amount for head, amount in heads.items() if head not in {"used", "expired"}),
        remaining_e4=sum(heads.values()),
        overage_e4=overage_e4,
        first_day=first,
        usable_until=grant.usable_until,
    )


def covered_through(session: Session, today: date) -> dict[uuid.UUID, date]:
    """Return how far bills cover each award that has use: also where the newest bills state none of it.

    An export states every account of its scope, so an account it names is covered as far as any account of the same
    scope and month is. An account that no export of a month names is not covered by it: its use is unknown, not nil.
    """
    since = (today - timedelta(days=OLDEST_RECORD_DAYS)).replace(day=1)
    stated = (
        select(UsageCoverage.scope, UsageCoverage.sub_account, UsageCoverage.month)
        .where(UsageCoverage.month >= since)
        .distinct()
        .subquery()
    )
    reaches = (
        select(stated.c.scope, stated.c.month, func.max(UsageDay.utc_day).label("day"))
        .join(UsageDay, and_(UsageDay.billing_month == stated.c.month, UsageDay.scope == stated.c.sub_account))
        .group_by(stated.c.scope, stated.c.month)
        .subquery()
    )
    accounts = select(UsageDay.award_id, UsageDay.scope).where(UsageDay.award_id.is_not(None)).distinct().subquery()
    rows = session.execute(
        select(accounts.c.award_id, func.max(reaches.c.day))
        .join(stated, stated.c.sub_account == accounts.c.scope)
        .join(reaches, and_(reaches.c.scope == stated.c.scope, reaches.c.month == stated.c.month))
        .group_by(accounts.c.award_id)
    )
    return {award_id: day for award_id, day in rows if day is not None}


def use_by_place(session: Session, awards: Iterable[uuid.UUID], since: date) -> dict[Place, dict[date, int]]:
    """Return use by UTC day of each award, SKU and region, overage included; ten-thousandths of an hour."""
    found: dict[Place, dict[date, int]] = defaultdict(dict)
    for some in in_chunks(awards):
        rows = session.connection().execute(_USE, {"awards": some, "since": since})
        for award_id, sku, region, day, hours in rows:
            if award_id is not None:
                found[award_id, sku, region][day] = int(hours)
    return found


_USE = (
    select(UsageDay.award_id, UsageDay.sku, UsageDay.region, UsageDay.utc_day, func.sum(UsageDay.posted_e4))
    .where(UsageDay.award_id.in_(bindparam("awards", expanding=True)), UsageDay.utc_day >= bindparam("since"))
    .group_by(UsageDay.award_id, UsageDay.sku, UsageDay.region, UsageDay.utc_day)
)
