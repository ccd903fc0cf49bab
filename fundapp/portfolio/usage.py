"""Importing usage: a file states totals, the ledger gets the difference to what is posted.

A bill is restated as a whole, so the newest file of one cloud account and billing month replaces what the earlier
one said, and only the difference is posted. Reading the same file twice therefore posts nothing, and a run that was
killed may simply be run again.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Pool
from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InputFileError
from fundapp.core.orm import new_id
from fundapp.core.quantities import Quantity, gpu_commodity
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.ledger.actions import open_account, post_many
from fundapp.ledger.queries import balances, rate_on
from fundapp.ledger.rules import Entry, Leg
from fundapp.ledger.tables import Book
from fundapp.portfolio.bills import Bill, bills_of, doubtful_bills
from fundapp.portfolio.focus import FocusFile, FocusFileError, FocusMapping, Rejected, UsageRow, aggregate, read_focus
from fundapp.portfolio.owners import OwnerBook
from fundapp.portfolio.rules import (
    Draw,
    Stock,
    after_draw,
    digest,
    draw,
    expired_account,
    grant_account,
    overage_account,
    suspense_account,
    unmapped_account,
    used_account,
)
from fundapp.portfolio.tables import Grant, UsageDay, UsageImport
from fundapp.portfolio.valuation import (
    IMPUTED,
    Valued,
    day_of_key,
    overage_posted,
    suspense_posted,
    value_of_change,
)

_CHUNK = 2000
_MAY_GO_BELOW = ("overage:", "suspense:", "used:", "unmapped:")
"""Sources, and the targets that a correction may reach before the use it corrects."""


@dataclass(frozen=True, slots=True)
class UsageResult:
    """What became of a usage file.

    Attributes:
        rows: Rows of the file.
        usage_rows: Rows that are GPU time.
        posted: Ledger transactions written.
        unchanged: Day totals that were posted already.
        suspense_rows: Rows of GPU time that belong to no award.
        gpu_hours: The file's GPU-hours by SKU, exact decimals as text.
        rejected: Rows that could not be read.
        missing_scopes: Cloud accounts that had use in these billing months but are not in this file; left untouched.
        held_back: Bills (`scope YYYY-MM`) whose hours were not lowered, because a refused row may belong to them.
    """

    rows: int
    usage_rows: int
    posted: int
    unchanged: int
    suspense_rows: int
    gpu_hours: dict[str, str]
    rejected: list[Rejected]
    missing_scopes: list[str]
    held_back: list[str]


@dataclass(frozen=True, slots=True, order=True)
class _Slot:
    """The place of one total: an owner's SKU, region and UTC day on one bill."""

    owner: str
    sku: str
    region: str
    utc_day: date
    scope: str
    billing_month: date


@dataclass(slots=True)
class _Known:
    """What is posted for a slot."""

    id: uuid.UUID
    award_id: uuid.UUID | None
    posted_e4: int
    postings: int


@dataclass(frozen=True, slots=True)
class _Change:
    """A slot whose total differs from what is posted."""

    slot: _Slot
    award_id: uuid.UUID | None
    delta_e4: int
    posting: int


@dataclass(frozen=True, slots=True)
class _Source:
    """A grant and its pool, as far as posting needs them."""

    account: str
    investor: str
    rate_krw: int
    hours_e4: int
    expires_on: date
    lapsed: bool


def import_usage(
    db: Database,
    path: Path,
    mapping: FocusMapping | Path | None = None,
    *,
    actor: Viewer,
    at: datetime,
) -> UsageResult:
    """Read a usage file and post what it changes, in one transaction.

    Args:
        db: The database.
        path: A FOCUS 1.0 to 1.3 file, CSV or Parquet.
        mapping: Column names that differ, and whose sub-account is whose; or the path of such a file.
        actor: Staff.
        at: Now.

    Raises:
        InputFileError: if the file cannot be read at all.
    """
    require(actor, Verb.IMPORT, Thing(Kind.USAGE))
    try:
        read = read_focus(path, mapping)
        content_sha256 = _sha256(path)
    except FocusFileError as error:
        raise InputFileError(reason_ko=error.message_ko, reason_en=error.message_en) from error

    def work(session: Session) -> UsageResult:
        importer = _Importer(session, actor, at)
        result = importer.apply(read)
        importer.log(path.name, content_sha256, result)
        return result

    return db.transaction(work)


def open_day(session: Session, day: date) -> date:
    """Return the day itself, or the first day after the closed books: late records correct in the open period."""
    closed = session.scalar(select(Book.closed_through).where(Book.id == 1))
    return day if closed is None or day > closed else closed + timedelta(days=1)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Importer:
    """One import within one transaction."""

    def __init__(self, session: Session, actor: Viewer, at: datetime) -> None:
        self.session, self.actor, self.at = session, actor, at
        self.closed = session.scalar(select(Book.closed_through).where(Book.id == 1))
        pools = session.scalars(select(Pool).order_by(Pool.investor_code.desc())).all()
        self.rates = {(pool.sku.lower(), pool.region, pool.quarter): pool.rate_krw for pool in pools}
        self.sources = self._load_sources({pool.id: pool for pool in pools})
        self.stocks: dict[tuple[str, str, str, str], Stock] = {}
        self.accounts: dict[tuple[str, str], date] = {}
        self.card: dict[tuple[str, date], int | None] = {}

    def apply(self, read: FocusFile) -> UsageResult:
        """Post the differences; return the counts."""
        bills = bills_of(read)
        totals, suspense_rows = self._totals(bills)
        known, missing = self._known(bills.keys())
        self._load_stocks()
        changes, unchanged = _changes(totals, known)
        changes, held_back = _hold_back(changes, doubtful_bills(read, bills.keys()))
        self.aside = suspense_posted(self.session, {change.slot.owner for change in changes if not change.award_id})
        # What frees hours goes first, so that no grant passes below zero on the way.
        entries = [entry for change in changes for entry in self._entries(change)]
        self._open_accounts()
        posted = post_many(self.session, entries, actor=self.actor, at=self.at)
        self._store(changes, known)
        return UsageResult(
            rows=read.read,
            usage_rows=sum(row.sku is not None for row in read.rows),
            posted=posted,
            unchanged=unchanged,
            suspense_rows=suspense_rows,
            gpu_hours=_by_sku(totals),
            rejected=list(read.rejected),
            missing_scopes=missing,
            held_back=held_back,
        )

    def log(self, name: str, content_sha256: str, result: UsageResult) -> None:
        """Record the file unless it has been recorded and changed nothing this time."""
        seen = self.session.scalar(
            select(func.count()).select_from(UsageImport).where(UsageImport.file_sha256 == content_sha256)
        )
        if seen and not result.posted:
            return
        counts = {key: value for key, value in asdict(result).items() if key != "rejected"}
        summary = counts | {"rejected": len(result.rejected)}
        self.session.add(
            UsageImport(
                file_name=name[-200:],
                file_sha256=content_sha256,
                summary=summary,
                imported_by=self.actor.name or self.actor.email,
                imported_at=self.at,
            )
        )
        record_event(
            self.session,
            actor=self.actor,
            verb="usage.imported",
            subject_kind="usage",
            subject=content_sha256,
            at=self.at,
            details={key: summary[key] for key in ("rows", "usage_rows", "posted", "suspense_rows", "gpu_hours")},
        )

    # ---- what the file says ----

    def _totals(
        self, bills: Mapping[Bill, Sequence[UsageRow]]
    ) -> tuple[dict[_Slot, tuple[uuid.UUID | None, int]], int]:
        """Return hours and award by slot, and how many rows belong to no award."""
        book = OwnerBook(self.session)
        totals: dict[_Slot, tuple[uuid.UUID | None, int]] = {}
        suspense_rows = 0
        for bill, rows in bills.items():
            for (company, model, region, day), hours_e4 in aggregate(rows).items():
                sku = model.lower()
                owner = book.resolve(company, bill.scope, sku, region, day)
                slot = _Slot(owner.code, sku, region, day, bill.scope, bill.month)
                before = totals.get(slot, (None, 0))[1]
                totals[slot] = (owner.award_id, before + hours_e4)
            metered = [(row, row.sku.lower()) for row in rows if row.sku is not None]
            suspense_rows += sum(
                book.resolve(row.company, bill.scope, sku, row.region, row.utc_day).award_id is None
                for row, sku in metered
            )
        return totals, suspense_rows

    def _known(self, bills: Collection[Bill]) -> tuple[dict[_Slot, _Known], list[str]]:
        """Return what is posted for the bills in the file, and the accounts of those months that it leaves out."""
        months = {bill.month for bill in bills}
        rows = self.session.execute(
            select(
                UsageDay.id,
                UsageDay.award_id,
                UsageDay.posted_e4,
                UsageDay.postings,
                UsageDay.owner,
                UsageDay.sku,
                UsageDay.region,
                UsageDay.utc_day,
                UsageDay.scope,
                UsageDay.billing_month,
            ).where(UsageDay.billing_month.in_(months))
        )
        known: dict[_Slot, _Known] = {}
        missing: set[str] = set()
        for row in rows:
            if Bill(row.scope, row.billing_month) in bills:
                slot = _Slot(row.owner, row.sku, row.region, row.utc_day, row.scope, row.billing_month)
                known[slot] = _Known(row.id, row.award_id, row.posted_e4, row.postings)
            elif row.posted_e4:
                missing.add(row.scope)
        return known, sorted(missing)

    # ---- what the grants hold ----

    def _load_sources(self, pools: Mapping[uuid.UUID, Pool]) -> dict[tuple[uuid.UUID, str, str, str], _Source]:
        return {
            (grant.award_id, grant.sku.lower(), grant.region, grant.quarter): _Source(
                grant.account,
                pools[grant.pool_id].investor_code,
                pools[grant.pool_id].rate_krw,
                grant.hours_e4,
                grant.expires_on,
                lapsed=grant.expired_at is not None,
            )
            for grant in self.session.scalars(select(Grant))
        }

    def _load_stocks(self) -> None:
        hours = [row for row in balances(self.session, prefix="grant:") if row.commodity.startswith("GPUH.")]
        self.free = {row.account: row.posted for row in hours}
        self.over = overage_posted(self.session)
        self.posted_by_grant: dict[tuple[uuid.UUID, str, str, str], int] = defaultdict(int)
        awards = {key[0] for key, source in self.sources.items() if source.lapsed}
        days = self.session.execute(
            select(UsageDay.award_id, UsageDay.sku, UsageDay.region, UsageDay.utc_day, func.sum(UsageDay.posted_e4))
            .where(UsageDay.award_id.in_(awards))
            .group_by(UsageDay.award_id, UsageDay.sku, UsageDay.region, UsageDay.utc_day)
        )
        for award_id, sku, region, day, posted in days:
            if award_id is not None:
                self.posted_by_grant[award_id, sku, region, str(Quarter.of_date(day))] += int(posted)

    def _stock(self, award_id: uuid.UUID, slot: _Slot, quarter: str) -> Stock:
        place = (slot.owner, slot.sku, slot.region, quarter)
        if place not in self.stocks:
            overage = self.over.get(overage_account(*place), Valued()).hours_e4
            source = self.sources.get((award_id, *place[1:]))
            free = self.free.get(source.account, 0) if source else 0
            lapsed = 0
            if source is not None and source.lapsed:
                drawn = self.posted_by_grant[award_id, *place[1:]] - overage
                lapsed = max(0, source.hours_e4 - free - drawn)
            self.stocks[place] = Stock(free, lapsed, overage)
        return self.stocks[place]

    # ---- postings ----

    def _entries(self, change: _Change) -> list[Entry]:
        slot = change.slot
        if change.award_id is None:
            legs = self._suspense_legs(change)
            return [Entry(_key(change), "suspense", legs, self._effective(slot.utc_day), f"usage:{slot.owner}")]
        quarter = str(Quarter.of_date(slot.utc_day))
        stock = self._stock(change.award_id, slot, quarter)
        taken = draw(change.delta_e4, stock)
        self.stocks[slot.owner, slot.sku, slot.region, quarter] = after_draw(stock, taken)
        source = self.sources.get((change.award_id, slot.sku, slot.region, quarter))
        ref = f"usage:{slot.owner}"
        entries = []
        if source is not None and taken.recovered:
            # The lapse took effect on the day after expiry; so does taking part of it back.
            on = self._effective(source.expires_on + timedelta(days=1))
            lapse = expired_account(source.investor, slot.sku)
            value = taken.recovered * source.rate_krw
            legs = self._legs(lapse, source.account, taken.recovered, slot, value)
            entries.append(Entry(f"{_key(change)}:recover", "recovery", legs, on, ref))
        kind = "drawdown" if change.delta_e4 > 0 else "drawdown_correction"
        legs = self._award_legs(slot, quarter, taken, source)
        entries.append(Entry(_key(change), kind, legs, self._effective(slot.utc_day), ref))
        return entries

    def _award_legs(self, slot: _Slot, quarter: str, taken: Draw, source: _Source | None) -> tuple[Leg, ...]:
        used = used_account(slot.owner, slot.sku)
        granted = taken.granted + taken.recovered
        legs: tuple[Leg, ...] = ()
        if granted:
            value = granted * source.rate_krw if source else 0
            account = source.account if source else grant_account(slot.owner, slot.sku, slot.region, quarter)
            legs += self._legs(account, used, granted, slot, value)
        if taken.overage:
            over = overage_account(slot.owner, slot.sku, slot.region, quarter)
            value = self._value(self.over, over, taken.overage, slot)
            legs += self._legs(over, used, taken.overage, slot, value)
        return legs

    def _suspense_legs(self, change: _Change) -> tuple[Leg, ...]:
        slot = change.slot
        source, target = suspense_account(slot.sku), unmapped_account(slot.owner, slot.sku)
        value = self._value(self.aside, day_of_key(_key(change)), change.delta_e4, slot)
        return self._legs(source, target, change.delta_e4, slot, value)

    def _value(self, posted: dict[str, Valued], place: str, hours_e4: int, slot: _Slot) -> int:
        """Return the value of a change at a place, and remember both."""
        before = posted.get(place, Valued())
        value = value_of_change(before, hours_e4, self._rate(slot))
        posted[place] = before.plus(hours_e4, value)
        return value

    def _legs(self, source: str, target: str, hours_e4: int, slot: _Slot, value_e4: int) -> tuple[Leg, ...]:
        """Return the legs in hours and in imputed value; negative hours flow back."""
        if hours_e4 < 0:
            source, target = target, source
        hours = Quantity(abs(hours_e4), gpu_commodity(slot.sku.upper()))
        quantities = [hours, Quantity(abs(value_e4), IMPUTED)] if value_e4 else [hours]
        for path in (source, target):
            for quantity in quantities:
                place = (path, quantity.commodity)
                self.accounts[place] = min(slot.utc_day, self.accounts.get(place, slot.utc_day))
        return tuple(Leg(source, target, quantity) for quantity in quantities)

    def _rate(self, slot: _Slot) -> int | None:
        """Return the pool's rate, else the rate card's of the day, else None: then only hours are posted."""
        rate = self.rates.get((slot.sku, slot.region, str(Quarter.of_date(slot.utc_day))))
        if rate is not None:
            return rate
        place = (slot.sku, slot.utc_day)
        if place not in self.card:
            self.card[place] = rate_on(self.session, gpu_commodity(slot.sku.upper()), slot.utc_day)
        return self.card[place]

    def _effective(self, day: date) -> date:
        return day if self.closed is None or day > self.closed else self.closed + timedelta(days=1)

    def _open_accounts(self) -> None:
        for (path, commodity), on in sorted(self.accounts.items()):
            floor = None if path.startswith(_MAY_GO_BELOW) else 0
            open_account(self.session, path, commodity, on=on, floor=floor)

    def _store(self, changes: Sequence[_Change], known: Mapping[_Slot, _Known]) -> None:
        fresh, moved = [], []
        for change in changes:
            before = known.get(change.slot)
            if before is None:
                fresh.append(_row(change))
            else:
                posted = before.posted_e4 + change.delta_e4
                moved.append({"id": before.id, "posted_e4": posted, "postings": change.posting})
        for chunk in _chunks(fresh):
            self.session.execute(insert(UsageDay), chunk)
        for chunk in _chunks(moved):
            self.session.execute(update(UsageDay), chunk)


def _hold_back(changes: Sequence[_Change], doubtful: Collection[Bill]) -> tuple[list[_Change], list[str]]:
    """Leave out what would lower an incompletely read bill; return the rest and the bills that it concerns."""
    kept: list[_Change] = []
    held: set[Bill] = set()
    for change in changes:
        bill = Bill(change.slot.scope, change.slot.billing_month)
        if change.delta_e4 < 0 and bill in doubtful:
            held.add(bill)
        else:
            kept.append(change)
    return kept, [f"{bill.scope} {bill.month:%Y-%m}" for bill in sorted(held)]


def _changes(
    totals: Mapping[_Slot, tuple[uuid.UUID | None, int]], known: Mapping[_Slot, _Known]
) -> tuple[list[_Change], int]:
    """Return the slots to post, downward ones first, and how many need nothing."""
    changes, unchanged = [], 0
    for slot in totals.keys() | known.keys():
        before = known.get(slot)
        award_id, total = totals.get(slot, (before.award_id if before else None, 0))
        delta = total - (before.posted_e4 if before else 0)
        if delta:
            changes.append(_Change(slot, award_id, delta, (before.postings if before else 0) + 1))
        else:
            unchanged += slot in totals
    changes.sort(key=lambda change: (change.delta_e4 > 0, change.slot))
    return changes, unchanged


def _key(change: _Change) -> str:
    slot = change.slot
    bill = f"{slot.billing_month:%Y-%m}.{digest(slot.scope)}"
    return f"usage:{slot.owner}:{slot.sku}:{slot.region}:{slot.utc_day}:{bill}:{change.posting}"


def _row(change: _Change) -> dict[str, Any]:
    slot = change.slot
    place = {
        "owner": slot.owner,
        "sku": slot.sku,
        "region": slot.region,
        "utc_day": slot.utc_day,
        "scope": slot.scope,
        "billing_month": slot.billing_month,
    }
    own = {"id": new_id(), "award_id": change.award_id, "posted_e4": change.delta_e4, "postings": change.posting}
    return place | own


def _by_sku(totals: Mapping[_Slot, tuple[uuid.UUID | None, int]]) -> dict[str, str]:
    sums: dict[str, int] = defaultdict(int)
    for slot, (_, hours_e4) in totals.items():
        sums[slot.sku] += hours_e4
    return {sku: str(Quantity(hours, gpu_commodity(sku.upper()))) for sku, hours in sorted(sums.items())}


def _chunks(rows: Sequence[dict[str, Any]]) -> Iterable[Sequence[dict[str, Any]]]:
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
