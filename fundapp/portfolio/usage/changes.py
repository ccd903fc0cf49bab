"""What a statement changes: the difference between what it says and what is posted, slot by slot."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.portfolio.focus import HOURS_SCOPE, Line, Statement
from fundapp.portfolio.owners import Owner, OwnerBook
from fundapp.portfolio.tables import UsageDay


class Bill(NamedTuple):
    """One cloud account's bill of one month: what an export restates as a whole."""

    scope: str
    month: date

    def __str__(self) -> str:
        return f"{self.scope} {self.month:%Y-%m}"


class Slot(NamedTuple):
    """The place of one total: an owner's SKU, region and UTC day on one bill."""

    owner: str
    sku: str
    region: str
    utc_day: date
    scope: str
    billing_month: date


class Change(NamedTuple):
    """A slot whose total differs from what is posted; the difference in ten-thousandths of an hour."""

    slot: Slot
    award_id: uuid.UUID | None
    delta_e4: int


class Totals(NamedTuple):
    """What a statement says, by slot.

    Attributes:
        hours: Award and ten-thousandths of an hour by slot.
        suspense_rows: GPU rows that belong to no award.
    """

    hours: dict[Slot, tuple[uuid.UUID | None, int]]
    suspense_rows: int


def scope_of(statement: Statement, sub_account: str) -> str:
    """Return the cloud account of a bill; a file without sub-accounts is the bill of its billing account."""
    nameless = statement.accounts[0] if len(statement.accounts) == 1 else "unknown"
    return (sub_account or nameless)[-200:]


def bills_of(statement: Statement) -> set[Bill]:
    """Return the bills that a statement restates, GPU use or not: one without any use takes back what it had."""
    return {Bill(scope_of(statement, sub_account), month) for sub_account, month in statement.bills}


def doubtful_bills(statement: Statement, bills: Collection[Bill]) -> set[Bill]:
    """Return those of the bills that a refused row may belong to: what a row does not say may be any."""
    found: set[Bill] = set()
    for account, month in statement.refused_bills:
        scope = None if account is None else scope_of(statement, account)
        found |= {bill for bill in bills if scope in {None, bill.scope} and month in {None, bill.month}}
    return found


def totals_of(statement: Statement, book: OwnerBook) -> Totals:
    """Return what a statement says, by slot."""
    hours: dict[Slot, tuple[uuid.UUID | None, int]] = {}
    suspense_rows = 0
    sub_accounts = {line.sub_account for places in (statement.totals, statement.rows) for line in places}
    scopes = {sub_account: scope_of(statement, sub_account) for sub_account in sub_accounts}
    owners: dict[Line, Owner] = {}
    for line, hours_e4 in statement.totals.items():
        scope = scopes[line.sub_account]
        owner = owners[line] = book.resolve(line.company, scope, line.sku, line.region, line.day)
        slot = Slot(owner.code, line.sku, line.region, line.day, scope, line.month)
        before = hours.get(slot)
        hours[slot] = (owner.award_id, hours_e4 + (before[1] if before else 0))
    for line, rows in statement.rows.items():
        owner = owners.get(line) or book.resolve(
            line.company, scopes[line.sub_account], line.sku, line.region, line.day
        )
        if owner.award_id is None:
            suspense_rows += rows
    return Totals(hours, suspense_rows)


def load_posted(session: Session, bills: Collection[Bill]) -> tuple[dict[Slot, tuple[uuid.UUID | None, int]], set[str]]:
    """Return what is posted for bills by slot, and the other accounts of their kind with use in those months."""
    months = {bill.month for bill in bills}
    listed = any(bill.scope.startswith(HOURS_SCOPE) for bill in bills)
    rows = session.execute(
        select(
            UsageDay.owner,
            UsageDay.sku,
            UsageDay.region,
            UsageDay.utc_day,
            UsageDay.scope,
            UsageDay.billing_month,
            UsageDay.award_id,
            func.sum(UsageDay.posted_e4),
        )
        .where(UsageDay.billing_month.in_(months))
        .group_by(
            UsageDay.owner,
            UsageDay.sku,
            UsageDay.region,
            UsageDay.utc_day,
            UsageDay.scope,
            UsageDay.billing_month,
            UsageDay.award_id,
        )
    )
    posted: dict[Slot, tuple[uuid.UUID | None, int]] = {}
    others: set[str] = set()
    for owner, sku, region, day, scope, month, award_id, hours_e4 in rows:
        slot = Slot(owner, sku, region, day, scope, month)
        if (slot.scope, slot.billing_month) in bills:
            posted[slot] = (award_id, int(hours_e4))
        elif hours_e4 and slot.scope.startswith(HOURS_SCOPE) == listed:
            others.add(slot.scope)
    return posted, others


def changes_between(
    stated: Mapping[Slot, tuple[uuid.UUID | None, int]], posted: Mapping[Slot, tuple[uuid.UUID | None, int]]
) -> tuple[list[Change], int]:
    """Return the slots that differ, and how many stated ones do not."""
    changes, unchanged = [], 0
    for slot, (award_id, total) in stated.items():
        before = posted.get(slot) if posted else None
        delta = total if before is None else total - before[1]
        if delta:
            changes.append(Change(slot, award_id, delta))
        else:
            unchanged += 1
    for slot, (award_id, total) in posted.items():
        if total and slot not in stated:
            changes.append(Change(slot, award_id, -total))
    return changes, unchanged


def hold_back(changes: Collection[Change], doubtful: Collection[Bill]) -> tuple[list[Change], list[str]]:
    """Leave out what would lower an incompletely read bill; return the rest and the bills that it concerns."""
    if not doubtful:
        return list(changes), []
    kept: list[Change] = []
    held: set[Bill] = set()
    for change in changes:
        bill = Bill(change.slot.scope, change.slot.billing_month)
        if change.delta_e4 < 0 and bill in doubtful:
            held.add(bill)
        else:
            kept.append(change)
    return kept, [str(bill) for bill in sorted(held)]


def hours_by_sku(totals: Mapping[Slot, tuple[uuid.UUID | None, int]]) -> dict[str, int]:
    """Return ten-thousandths of an hour by SKU."""
    sums: dict[str, int] = defaultdict(int)
    for slot, (_, hours_e4) in totals.items():
        sums[slot.sku] += hours_e4
    return dict(sorted(sums.items()))
