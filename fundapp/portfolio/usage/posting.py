"""Posting changes in use: one transaction for each owner, SKU, region and day of effect, and a line for each bill.

An import that changes more than :data:`MOST_DAYS` days posts one transaction a month instead, dated on the last of its
days, because a million rows would otherwise become tens of thousands of transactions. Either way the lines keep the
day, the bill and the number of the transaction, so that a figure of any day leads to the transfer behind it, and
balances at the end of every month are exact.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.quantities import Quantity, gpu_commodity
from fundapp.core.quarters import Quarter
from fundapp.ledger.actions import Opening, open_accounts, post_many
from fundapp.ledger.rules import Entry, Leg
from fundapp.ledger.tables import Book
from fundapp.portfolio.rules import (
    Division,
    divide,
    expired_account,
    overage_account,
    suspense_account,
    unmapped_account,
    used_account,
)
from fundapp.portfolio.tables import UsageDay
from fundapp.portfolio.usage.changes import Change
from fundapp.portfolio.usage.lines import UsageLine, write_lines
from fundapp.portfolio.usage.stocks import GrantStock, Stocks, load_stocks, portions
from fundapp.portfolio.valuation import IMPUTED, Valued, value_of_change

MOST_DAYS: Final = 5_000
_MAY_GO_BELOW: Final = ("overage:", "suspense:", "used:", "unmapped:")
"""Sources, and the targets that a correction may reach before the use it corrects."""

Group = tuple[str, uuid.UUID | None, str, str]
"""Owner, award, SKU and region."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What posting did to one owner's SKU, in ten-thousandths of an hour; negative parts went back.

    Attributes:
        hours_e4: Change in use.
        granted_e4: Of it, from grants.
        overage_e4: Of it, beyond every grant.
        aside_e4: Of it, in suspense.
    """

    owner: str
    sku: str
    award_id: uuid.UUID | None
    hours_e4: int = 0
    granted_e4: int = 0
    overage_e4: int = 0
    aside_e4: int = 0


@dataclass(frozen=True, slots=True)
class Negative:
    """A day of an award whose bills add up to less than nothing."""

    owner: str
    sku: str
    region: str
    utc_day: date
    hours_e4: int


@dataclass(frozen=True, slots=True)
class Posted:
    """What was posted.

    Attributes:
        lines: Day totals whose difference was posted.
        transactions: Ledger transactions.
        effects: By owner and SKU.
        negative: Days that are left below zero.
    """

    lines: int
    transactions: int
    effects: tuple[Effect, ...] = ()
    negative: tuple[Negative, ...] = ()


@dataclass(slots=True)
class _Work:
    """What is to be written."""

    entries: list[Entry] = field(default_factory=list)
    lines: list[UsageLine] = field(default_factory=list)
    accounts: dict[tuple[str, str], date] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    negative: list[Negative] = field(default_factory=list)


def open_day(session: Session, day: date) -> date:
    """Return the day itself, or the first day after the closed books: late records correct in the open period."""
    return _open_day(day, _closed_through(session))


def _closed_through(session: Session) -> date | None:
    return session.scalar(select(Book.closed_through).where(Book.id == 1))


def _open_day(day: date, closed: date | None) -> date:
    return day if closed is None or day > closed else closed + timedelta(days=1)


def post_changes(session: Session, changes: Collection[Change], *, actor: Viewer, at: datetime) -> Posted:
    """Post changes in use: from grants, then as overage, or in suspense where nobody is known."""
    if not changes:
        return Posted(0, 0)
    poster = _Poster(session, changes)
    for group, own in sorted(poster.groups.items(), key=lambda item: (item[0][0], item[0][2], item[0][3])):
        poster.post_group(group, own)
    work = poster.work
    _open_accounts(session, work.accounts)
    written = post_many(session, work.entries, actor=actor, at=at)
    write_lines(session.connection(), work.lines)
    return Posted(len(work.lines), written, tuple(work.effects), tuple(work.negative))


def redivide(
    session: Session, places: Iterable[tuple[str, uuid.UUID, str, str]], *, actor: Viewer, at: datetime
) -> int:
    """Divide use over grants again after grants changed, for instance by an extension or a supplement.

    Args:
        session: A writing session.
        places: Award number, award, SKU and region.
        actor: Who.
        at: Now.

    Returns:
        Ledger transactions written; 0 when the division stands.
    """
    poster = _Poster(session, (), {group[1] for group in places})
    for owner, award_id, sku, region in sorted(places):
        days = poster.stocks.days.get((award_id, sku, region))
        if days:
            key = f"redivide:{owner}:{sku}:{region}:{at:%Y%m%dT%H%M%S%f}"
            poster.divide_again((owner, award_id, sku, region), key, poster.effective(max(days)))
    _open_accounts(session, poster.work.accounts)
    return post_many(session, poster.work.entries, actor=actor, at=at)


class _Poster:
    """The postings of some changes in the making."""

    def __init__(self, session: Session, changes: Collection[Change], awards: Collection[uuid.UUID] = ()) -> None:
        self.session, self.work = session, _Work()
        self.closed = _closed_through(session)
        self.groups: dict[Group, dict[str, list[Change]]] = defaultdict(lambda: defaultdict(list))
        length = len("2026-07") if len(changes) > MOST_DAYS else len("2026-07-01")
        periods: dict[date, str] = {}
        for change in changes:
            slot = change.slot
            day = slot.utc_day
            period = periods.get(day) or periods.setdefault(day, str(self.effective(day))[:length])
            self.groups[slot.owner, change.award_id, slot.sku, slot.region][period].append(change)
        known = {award_id for _, award_id, _, _ in self.groups if award_id is not None} | set(awards)
        self.stocks: Stocks = load_stocks(
            session, known, {owner for owner, award, _, _ in self.groups if award is None}
        )
        self.over_quarters: dict[str, set[str]] = defaultdict(set)
        for account in self.stocks.overage:
            stem, _, quarter = account.rpartition(":")
            self.over_quarters[f"{stem}:"].add(quarter)
        self.postings = _last_postings(session, {owner for owner, _, _, _ in self.groups})

    def effective(self, day: date) -> date:
        """Return the day on which use of a UTC day takes effect."""
        return _open_day(day, self.closed)

    def post_group(self, group: Group, periods: dict[str, list[Change]]) -> None:
        """Post the changes of one owner's SKU and region, period by period."""
        owner, award_id, sku, region = group
        first, effective = self.postings.get((owner, sku, region), 0) + 1, self.effective
        for number, (period, changes) in enumerate(sorted(periods.items()), start=first):
            on = effective(max(change.slot.utc_day for change in changes))
            key = f"usage:{owner}:{sku}:{region}:{period}:{number}"
            if award_id is None:
                values = self._set_aside(group, changes, key, on)
            else:
                self._draw((owner, award_id, sku, region), changes, key, on)
                values = [0] * len(changes)
            self.work.lines += [
                UsageLine(owner, award_id, sku, region, day, scope, month, effective(day), number, delta_e4, value)
                for ((_, _, _, day, scope, month), _, delta_e4), value in zip(changes, values, strict=True)
            ]

    def _set_aside(self, group: Group, changes: Sequence[Change], key: str, on: date) -> list[int]:
        """Post use without an award; return the value of each change."""
        owner, _, sku, region = group
        values = []
        for change in changes:
            day = change.slot.utc_day
            before = self.stocks.aside.get((owner, sku, region, day), Valued())
            value = value_of_change(before, change.delta_e4, self.stocks.rate(self.session, sku, region, day))
            self.stocks.aside[owner, sku, region, day] = before.plus(change.delta_e4, value)
            values.append(value)
        hours = sum(change.delta_e4 for change in changes)
        legs = self._legs(suspense_account(sku), unmapped_account(owner, sku), sku, hours, sum(values), on)
        if legs:
            self.work.entries.append(Entry(key, "suspense", legs, on, f"usage:{owner}"))
        self.work.effects.append(Effect(owner, sku, None, hours, aside_e4=hours))
        return values

    def _draw(self, place: tuple[str, uuid.UUID, str, str], changes: Sequence[Change], key: str, on: date) -> None:
        """Post use of an award: the difference between how it is divided and how it now must be."""
        owner, award_id, sku, region = place
        days = self.stocks.days[award_id, sku, region]
        below, hours, touched = _below(days), 0, set[date]()
        for slot, _, delta_e4 in changes:
            day = slot.utc_day
            days[day] = days.get(day, 0) + delta_e4
            hours += delta_e4
            touched.add(day)
        minus = sorted(day for day in touched if days[day] < 0)
        self.work.negative += [Negative(owner, sku, region, day, days[day]) for day in minus]
        self._move(place, below, key, on, hours)

    def divide_again(self, place: tuple[str, uuid.UUID, str, str], key: str, on: date) -> None:
        """Post the difference between how unchanged use is divided and how it now must be."""
        _, award_id, sku, region = place
        below = _below(self.stocks.days[award_id, sku, region])
        self._move(place, below, key, on, 0)

    def _move(self, place: tuple[str, uuid.UUID, str, str], below: int, key: str, on: date, hours: int) -> None:
        owner, award_id, sku, region = place
        grants = self.stocks.grants.get((award_id, sku, region), {})
        target = divide(self.stocks.days[award_id, sku, region], [grant.source() for grant in grants.values()])
        legs: list[Leg] = []
        granted = 0
        for account, grant in sorted(grants.items()):
            delta = target.granted.get(account, 0) - grant.drawn
            if delta:
                legs += self._draw_on(grant, delta, place, key, on)
                granted += delta
        over, overage_legs = self._overage(place, target, on)
        legs += overage_legs
        aside = target.negative - below
        if aside:
            account = unmapped_account(owner, sku)
            value = self._value(self.stocks.unmapped, account, aside, sku, region, on)
            legs += self._legs(suspense_account(sku), account, sku, aside, value, on)
        if legs:
            kind = "drawdown" if granted + over + aside >= 0 else "drawdown_correction"
            self.work.entries.append(Entry(key, kind, tuple(legs), on, f"usage:{owner}"))
        self.work.effects.append(Effect(owner, sku, award_id, hours, granted, over, aside))

    def _draw_on(
        self, grant: GrantStock, delta: int, place: tuple[str, uuid.UUID, str, str], key: str, on: date
    ) -> tuple[Leg, ...]:
        """Return the legs of a change on one grant; what lapsed before the record arrived is taken back first."""
        owner, _, sku, _ = place
        recovered = max(0, delta - max(0, grant.free))
        if recovered:
            # The lapse took effect on the day after expiry; so does taking part of it back.
            day = self.effective(grant.expires_on + timedelta(days=1))
            lapse = expired_account(grant.investor, sku)
            legs = self._legs(lapse, grant.account, sku, recovered, recovered * grant.rate_krw, day)
            name = f"{key}:recover:{grant.account.rsplit(':', 1)[-1]}"
            self.work.entries.append(Entry(name, "recovery", legs, day, f"usage:{owner}"))
            grant.lapsed -= recovered
            grant.free += recovered
        grant.free -= delta
        grant.drawn += delta
        return self._legs(grant.account, used_account(owner, sku), sku, delta, delta * grant.rate_krw, on)

    def _overage(self, place: tuple[str, uuid.UUID, str, str], target: Division, on: date) -> tuple[int, list[Leg]]:
        """Return the change in use beyond the grants, and its legs by quarter."""
        owner, _, sku, region = place
        known = self.over_quarters[overage_account(owner, sku, region, "")]
        total, legs = 0, list[Leg]()
        for quarter in sorted(known | set(target.overage)):
            account = overage_account(owner, sku, region, quarter)
            delta = target.overage.get(quarter, 0) - self.stocks.overage.get(account, Valued()).hours_e4
            if delta:
                known.add(quarter)
                day = min(on, Quarter.parse(quarter).last_day)
                value = self._value(self.stocks.overage, account, delta, sku, region, day)
                legs += self._legs(account, used_account(owner, sku), sku, delta, value, on)
                total += delta
        return total, legs

    def _value(self, posted: dict[str, Valued], account: str, hours_e4: int, sku: str, region: str, day: date) -> int:
        """Return the value of a change on an account, and remember both."""
        before = posted.get(account, Valued())
        value = value_of_change(before, hours_e4, self.stocks.rate(self.session, sku, region, day))
        posted[account] = before.plus(hours_e4, value)
        return value

    def _legs(self, source: str, target: str, sku: str, hours_e4: int, value_e4: int, on: date) -> tuple[Leg, ...]:
        """Return the legs in hours and in imputed value; what is negative flows back."""
        legs = []
        for amount, commodity in ((hours_e4, gpu_commodity(sku.upper())), (value_e4, IMPUTED)):
            if amount:
                one, two = (source, target) if amount > 0 else (target, source)
                legs.append(Leg(one, two, Quantity(abs(amount), commodity)))
                for path in (source, target):
                    place = (path, commodity)
                    self.work.accounts[place] = min(on, self.work.accounts.get(place, on))
        return tuple(legs)


def _below(days: Mapping[date, int]) -> int:
    """Return the sum of the days that are below zero."""
    return sum(hours for hours in days.values() if hours < 0)


def _last_postings(session: Session, owners: Collection[str]) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = {}
    for some in portions(owners):
        rows = session.execute(
            select(UsageDay.owner, UsageDay.sku, UsageDay.region, func.max(UsageDay.posting))
            .where(UsageDay.owner.in_(some))
            .group_by(UsageDay.owner, UsageDay.sku, UsageDay.region)
        )
        found |= {(owner, sku, region): int(number) for owner, sku, region, number in rows}
    return found


def _open_accounts(session: Session, wanted: dict[tuple[str, str], date]) -> None:
    open_accounts(
        session,
        [
            Opening(path, commodity, on, None if path.startswith(_MAY_GO_BELOW) else 0)
            for (path, commodity), on in wanted.items()
        ],
    )
