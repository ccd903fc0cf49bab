"""Bills: what a usage file restates as a whole, and which of them it may state incompletely."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from fundapp.portfolio.focus import FocusFile, UsageRow


@dataclass(frozen=True, slots=True, order=True)
class Bill:
    """One cloud account's bill of one month: what a file restates as a whole."""

    scope: str
    month: date


def bills_of(read: FocusFile) -> dict[Bill, list[UsageRow]]:
    """Return the rows by bill, GPU use or not: a bill that no longer has any use takes back what it had."""
    bills: dict[Bill, list[UsageRow]] = defaultdict(list)
    for row in read.rows:
        bills[Bill(_scope(read, row.sub_account_id), row.billed_in or row.utc_day.replace(day=1))].append(row)
    return bills


def doubtful_bills(read: FocusFile, bills: Collection[Bill]) -> set[Bill]:
    """Return those of the bills that a refused row may belong to: what a row does not say may be any."""
    found: set[Bill] = set()
    for account, month in read.refused_bills:
        scope = None if account is None else _scope(read, account)
        found |= {bill for bill in bills if scope in {None, bill.scope} and month in {None, bill.month}}
    return found


def _scope(read: FocusFile, sub_account_id: str) -> str:
    nameless = read.scopes[0] if len(read.scopes) == 1 else "unknown"
    return (sub_account_id or nameless)[-200:]
