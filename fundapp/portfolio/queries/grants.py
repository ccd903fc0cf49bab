"""GPU time of awards."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from fundapp.ledger.queries import balances
from fundapp.ledger.tables import Account, Balance, Transfer, Txn
from fundapp.portfolio.tables import Grant

_POSTED = ("posted", "post")
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class SkuHours:
    """GPU time of one SKU in ten-thousandths of an hour; remaining = granted − used − expired."""

    sku: str
    granted_e4: int
    used_e4: int
    expired_e4: int
    remaining_e4: int
    overage_e4: int


@dataclass(frozen=True, slots=True)
class GrantRow:
    """GPU time of an award in one SKU, region and quarter, in ten-thousandths of an hour.

    remaining = granted − used − expired.

    Attributes:
        requested_e4: What the company's submission asked for; None where it is not known.
        recommended_e4: What the adopted plan recommended; None without a plan.
        awarded_e4: What was decided.
        granted_e4: What has come into the grant, net of what changes moved away again.
        unreleased_e4: Awarded, waiting for a progress report.
        overage_e4: Use of the quarter beyond every grant.
        usable_until: Last UTC day whose use draws on it.
        expires_on: After this day the rest lapses.
    """

    id: uuid.UUID
    sku: str
    region: str
    quarter: str
    account: str
    requested_e4: int | None
    recommended_e4: int | None
    awarded_e4: int
    granted_e4: int
    unreleased_e4: int
    used_e4: int
    expired_e4: int
    remaining_e4: int
    overage_e4: int
    usable_until: date
    expires_on: date


def load_grants(session: Session, numbers: Mapping[uuid.UUID, str]) -> dict[uuid.UUID, list[GrantRow]]:
    """Return the grants of awards with what became of them, all from the ledger.

    Args:
        session: A session.
        numbers: Award numbers by identifier.
    """
    ids = list(numbers)
    grants = [
        grant
        for start in range(0, len(ids), _CHUNK)
        for grant in session.scalars(
            select(Grant)
            .where(Grant.award_id.in_(ids[start : start + _CHUNK]))
            .order_by(Grant.quarter, Grant.sku, Grant.region)
        )
    ]
    moved = moved_by_head(session, [grant.id for grant in grants])
    waiting = unreleased_hours(session, [grant.id for grant in grants])
    over = _beyond(session, numbers)
    rows: dict[uuid.UUID, list[GrantRow]] = defaultdict(list)
    for grant in grants:
        heads = moved[grant.id]
        place = (grant.sku, grant.region, grant.quarter)
        rows[grant.award_id].append(
            GrantRow(
                grant.id,
                *place,
                account=grant.account,
                requested_e4=grant.requested_e4,
                recommended_e4=grant.recommended_e4,
                awarded_e4=grant.hours_e4,
                granted_e4=heads["other"],
                unreleased_e4=waiting.get(grant.id, 0),
                used_e4=-heads["used"],
                expired_e4=-heads["expired"],
                remaining_e4=sum(heads.values()),
                overage_e4=over.get(":".join(("overage", numbers[grant.award_id], *place)), 0),
                usable_until=grant.usable_until,
                expires_on=grant.expires_on,
            )
        )
    return rows


def _beyond(session: Session, numbers: Mapping[uuid.UUID, str]) -> dict[str, int]:
    """Return use beyond grants by overage account: of one award by its name, of many in one go."""
    prefix = f"overage:{next(iter(numbers.values()))}:" if len(numbers) == 1 else "overage:"
    rows = balances(session, prefix=prefix)
    return {row.account: -row.posted for row in rows if row.commodity != "KRW-IMPUTED"}


def moved_by_head(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, int]]:
    """Return what came into grants less what went out, by the other side: `used`, `expired` or `other`."""
    found: dict[uuid.UUID, dict[str, int]] = defaultdict(lambda: {"used": 0, "expired": 0, "other": 0})
    own, other = aliased(Account), aliased(Account)
    head = case(
        (or_(other.path.startswith("used:"), other.path.startswith("overage:")), literal("used")),
        (other.path.startswith("expired:"), literal("expired")),
        else_=literal("other"),
    )
    for start in range(0, len(ids), _CHUNK):
        for mine, theirs, sign in _SIDES:
            query = (
                select(Grant.id, head, func.sum(Transfer.amount))
                .join(own, and_(own.path == Grant.account, _hours(own.commodity)))
                .join(Transfer, mine == own.id)
                .join(other, theirs == other.id)
                .join(Txn, Txn.id == Transfer.txn_id)
                .where(Grant.id.in_(ids[start : start + _CHUNK]), Txn.status.in_(_POSTED))
                .group_by(Grant.id, head)
            )
            for grant_id, name, amount in session.execute(query):
                found[grant_id][name] += sign * int(amount)
    return found


_SIDES = ((Transfer.credit_id, Transfer.debit_id, 1), (Transfer.debit_id, Transfer.credit_id, -1))


def _hours(commodity: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return commodity.startswith("GPUH.", autoescape=True)


def unreleased_hours(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Return the hours of grants that wait for a progress report."""
    path = literal("unreleased:") + func.substr(Grant.account, len("grant:") + 1)
    found: dict[uuid.UUID, int] = {}
    for start in range(0, len(ids), _CHUNK):
        query = (
            select(Grant.id, Balance.credits_posted - Balance.debits_posted)
            .join(Account, and_(Account.path == path, _hours(Account.commodity)))
            .join(Balance, Balance.account_id == Account.id)
            .where(Grant.id.in_(ids[start : start + _CHUNK]))
        )
        found |= {grant_id: int(hours) for grant_id, hours in session.execute(query)}
    return found


def sum_by_sku(grants: Sequence[GrantRow]) -> tuple[SkuHours, ...]:
    """Return sums of grants by SKU."""
    return tuple(
        SkuHours(
            sku,
            sum(row.granted_e4 for row in grants if row.sku == sku),
            sum(row.used_e4 for row in grants if row.sku == sku),
            sum(row.expired_e4 for row in grants if row.sku == sku),
            sum(row.remaining_e4 for row in grants if row.sku == sku),
            sum(row.overage_e4 for row in grants if row.sku == sku),
        )
        for sku in sorted({row.sku for row in grants})
    )
