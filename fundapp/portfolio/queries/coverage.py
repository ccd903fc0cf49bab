"""How far the bills of each award's cloud accounts reach: a month that no export names is unknown, not nil."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from fundapp.core.quarters import Quarter
from fundapp.portfolio.queries.grant_moves import in_chunks
from fundapp.portfolio.tables import UsageCoverage, UsageDay, UsageImport


@dataclass(frozen=True, slots=True)
class AccountCover:
    """What exports state of one cloud account that an award's use came from.

    Attributes:
        months: First days of the months through the quarter's last that an export names it in, with the instant when
            the newest of those exports was taken in.
        reach: Last UTC day with use in the quarter's last month of any account of the same export's scope; None if that
            month names none.
    """

    account: str
    months: Mapping[date, datetime]
    reach: date | None

    def missing(self, quarter: Quarter) -> tuple[date, ...]:
        """Return the months of the quarter, from the account's first on, that no export names it in."""
        first = min(self.months, default=quarter.first_day)
        return tuple(month for month in months_of(quarter) if month > first and month not in self.months)

    def unfinished(self, quarter: Quarter) -> tuple[date, ...]:
        """Return the months of the quarter whose newest export was taken in before they were over, by UTC."""
        return tuple(
            month
            for month in months_of(quarter)
            if month in self.months and self.months[month].date() < _next_month(month)
        )


def months_of(quarter: Quarter) -> tuple[date, ...]:
    """Return the first days of a quarter's months."""
    first = quarter.first_day
    second = _next_month(first)
    return first, second, _next_month(second)


def account_covers(
    session: Session, awards: Iterable[uuid.UUID], quarter: Quarter
) -> dict[uuid.UUID, tuple[AccountCover, ...]]:
    """Return the cover of the accounts that each award's use through a quarter came from, by account."""
    accounts: dict[uuid.UUID, list[str]] = defaultdict(list)
    for some in in_chunks(awards):
        rows = session.execute(
            select(UsageDay.award_id, UsageDay.scope)
            .where(UsageDay.award_id.in_(some), UsageDay.utc_day <= quarter.last_day)
            .distinct()
            .order_by(UsageDay.scope)
        )
        for award_id, account in rows:
            if award_id is not None:
                accounts[award_id].append(account)
    names = {name for some in accounts.values() for name in some}
    covers = {cover.account: cover for cover in _covers(session, names, months_of(quarter)[-1])}
    return {award_id: tuple(covers[name] for name in some) for award_id, some in accounts.items()}


def _covers(session: Session, names: Iterable[str], last: date) -> Iterable[AccountCover]:
    reaches = _reaches(session, last)
    for some in in_chunks(sorted(names)):
        months: dict[str, dict[date, datetime]] = {name: {} for name in some}
        reach: dict[str, date] = {}
        rows = session.execute(
            select(
                UsageCoverage.sub_account,
                UsageCoverage.month,
                UsageCoverage.scope,
                func.max(UsageImport.imported_at),
            )
            .join(UsageImport, UsageImport.id == UsageCoverage.import_id)
            .where(UsageCoverage.sub_account.in_(some), UsageCoverage.month <= last)
            .group_by(UsageCoverage.sub_account, UsageCoverage.month, UsageCoverage.scope)
        )
        for name, month, scope, at in rows:
            known = months[name].get(month)
            months[name][month] = at if known is None else max(known, at)
            if month == last and scope in reaches:
                reach[name] = max(reaches[scope], reach.get(name, reaches[scope]))
        for name in some:
            yield AccountCover(name, months[name], reach.get(name))


def _reaches(session: Session, month: date) -> dict[str, date]:
    """Return the last day with use of any account that an export's scope names in a month."""
    rows = session.execute(
        select(UsageCoverage.scope, func.max(UsageDay.utc_day))
        .join(
            UsageDay,
            and_(UsageDay.billing_month == UsageCoverage.month, UsageDay.scope == UsageCoverage.sub_account),
        )
        .where(UsageCoverage.month == month)
        .group_by(UsageCoverage.scope)
    )
    return {scope: day for scope, day in rows}  # noqa: C416 - a typed Row is not a pair


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
