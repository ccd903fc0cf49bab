"""GPU pools and where their hours went, told from the ledger alone."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, ColumnExpressionArgument, Select, case, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from fundapp.allocation.tables import Pool
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.ledger.tables import Account, Balance, HoldResolution, Transfer, Txn

OFFER_KIND = "offer"
"""Kind of the holds that keep hours for somebody on the waitlist."""

_POSTED = Transfer.effective_on.is_not(None)
"""What is only held has taken no effect and carries no day."""
_HEADS = ("investor", "grant", "unreleased", "expired", "returned")
_CHILDREN = ("grant", "unreleased")


@dataclass(frozen=True, slots=True)
class PoolRow:
    """One pool and where its hours went, in ten-thousandths of a GPU-hour, from the ledger.

    contributed = returned + free + held + offered + unreleased + remaining + used + expired.

    Attributes:
        contributed: Given by the investor; stays as stated when capacity is given back.
        returned: Given back to the investor for good.
        held: Reserved by open ballots and by decisions not signed yet.
        offered: Held for companies on the waitlist.
        unreleased: Awarded, waiting for a progress report.
        granted: In grants, whatever became of it there.
        remaining: In grants and neither used nor lapsed.
        used: Drawn from grants.
        expired: Lapsed, in the pool or in awards.
        free: What can still be promised.
    """

    pool_id: uuid.UUID
    investor: str
    sku: str
    region: str
    quarter: str
    rate_krw: int
    account: str
    contributed: int
    returned: int
    held: int
    offered: int
    unreleased: int
    granted: int
    remaining: int
    used: int
    expired: int
    free: int

    @property
    def capacity(self) -> int:
        """What the fund has of it: contributed less what was given back."""
        return self.contributed - self.returned

    @property
    def promised(self) -> int:
        """What awards can still draw, now or after a progress report."""
        return self.unreleased + self.remaining


def list_pools(session: Session, viewer: Viewer, *, quarter: str | None = None) -> list[PoolRow]:
    """Return pools by quarter and SKU with where their hours went.

    Six aggregated statements, however many pools, grants and days of use there are. What was used is what came into
    grants less what is left in them and what lapsed, so that the transfers of daily use are never read.

    Args:
        session: A session.
        viewer: Who asks.
        quarter: Such as `2026Q3`; None for all.

    Raises:
        ForbiddenError: if the viewer may not see pools.
    """
    require(viewer, Verb.VIEW, Thing(Kind.POOL))
    query = (
        select(Pool, Account.id, Balance.credits_posted - Balance.debits_posted, Balance.debits_pending)
        .outerjoin(Account, (Account.path == Pool.account) & _is_gpu(Account.commodity))
        .outerjoin(Balance, Balance.account_id == Account.id)
        .order_by(Pool.quarter, Pool.sku, Pool.region, Pool.investor_code)
    )
    if quarter is not None:
        query = query.where(Pool.quarter == quarter)
    flows = _Flows(session)
    rows = []
    for pool, account, posted, held in session.execute(query):
        offered = flows.offered[account]
        left = flows.left[account]
        lapsed = flows.lapsed[account]
        sent = {head: flows.net[account, head] for head in _HEADS}
        children = sum(sent[head] for head in _CHILDREN)
        rows.append(
            PoolRow(
                pool_id=pool.id,
                investor=pool.investor_code,
                sku=pool.sku,
                region=pool.region,
                quarter=pool.quarter,
                rate_krw=pool.rate_krw,
                account=pool.account,
                contributed=-sent["investor"],
                returned=sent["returned"],
                held=(held or 0) - offered,
                offered=offered,
                unreleased=left["unreleased"],
                granted=children - left["unreleased"] - lapsed["unreleased"],
                remaining=left["grant"],
                used=children - sum(left.values()) - sum(lapsed.values()),
                expired=sent["expired"] + sum(lapsed.values()),
                free=(posted or 0) - (held or 0),
            )
        )
    return rows


def pool_rates(session: Session, viewer: Viewer) -> dict[tuple[str, str], int]:
    """Return the rate of an hour in whole won by SKU (upper case) and quarter; the highest where regions differ.

    Raises:
        ForbiddenError: if the viewer may not see pools.
    """
    require(viewer, Verb.VIEW, Thing(Kind.POOL))
    rates: dict[tuple[str, str], int] = {}
    for sku, quarter, rate in session.connection().execute(select(Pool.sku, Pool.quarter, Pool.rate_krw)):
        place = (sku.upper(), quarter)
        rates[place] = max(rate, rates.get(place, 0))
    return rates


class _Flows:
    """Posted hours between pools and other accounts, by the pool's account, net of what came back."""

    def __init__(self, session: Session) -> None:
        self.net: defaultdict[tuple[int | None, str], int] = defaultdict(int)
        for query, sign in ((_moved(Transfer.debit_id, Transfer.credit_id), 1), (_moved_back(), -1)):
            for account, head, amount in session.execute(query):
                self.net[account, head] += sign * int(amount)
        self.offered: defaultdict[int | None, int] = defaultdict(int)
        for account, amount in session.execute(_open_offers()):
            self.offered[account] += int(amount)
        self.left = _by_head(session, _left_in_children())
        self.lapsed = _by_head(session, _lapsed_in_children())


def _by_head(session: Session, query: Select[int, str, int]) -> Mapping[int | None, dict[str, int]]:
    found: defaultdict[int | None, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_CHILDREN, 0))
    for account, head, amount in session.execute(query):
        found[account][head] += int(amount)
    return found


def _is_gpu(commodity: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return commodity.startswith("GPUH.", autoescape=True)


def _head(path: InstrumentedAttribute[str]) -> ColumnElement[str]:
    """Return the first part of an account's path, for the parts that pools deal with."""
    return case(*((path.startswith(f"{head}:"), literal(head)) for head in _HEADS), else_=literal("other"))


def _pool_accounts() -> Select[int]:
    return select(Account.id).join(Pool, Pool.account == Account.path).where(_is_gpu(Account.commodity))


def _accounts_under(prefix: str) -> Select[int]:
    return select(Account.id).where(Account.path.startswith(prefix), _is_gpu(Account.commodity))


def _moved(own: InstrumentedAttribute[int], other: InstrumentedAttribute[int]) -> Select[int, str, int]:
    """Return the query of what left (or, the other way round, reached) each pool, by head of the other account."""
    counter = aliased(Account)
    head = _head(counter.path)
    return (
        select(own, head, func.sum(Transfer.amount))
        .select_from(Transfer)
        .join(counter, counter.id == other)
        .where(own.in_(_pool_accounts()), _POSTED)
        .group_by(own, head)
    )


def _moved_back() -> Select[int, str, int]:
    return _moved(Transfer.credit_id, Transfer.debit_id)


def _open_offers() -> Select[int, int]:
    return (
        select(Transfer.debit_id, func.sum(Transfer.amount))
        .join(Txn, Txn.id == Transfer.txn_id)
        .outerjoin(HoldResolution, HoldResolution.hold_id == Txn.id)
        .where(
            Txn.status == "hold",
            Txn.kind == OFFER_KIND,
            HoldResolution.hold_id.is_(None),
            _is_gpu(Transfer.commodity),
        )
        .group_by(Transfer.debit_id)
    )


def _children() -> Select[int, int, str]:
    """Return the query of each account that got hours from a pool and may still have some, with its pool's account."""
    child = aliased(Account)
    return (
        select(Transfer.debit_id.label("pool"), Transfer.credit_id.label("child"), _head(child.path).label("head"))
        .join(child, child.id == Transfer.credit_id)
        .where(
            Transfer.debit_id.in_(_pool_accounts()),
            _POSTED,
            child.path.startswith("grant:") | child.path.startswith("unreleased:"),
        )
        .distinct()
    )


def _left_in_children() -> Select[int, str, int]:
    child = _children().subquery()
    return (
        select(child.c.pool, child.c.head, func.sum(Balance.credits_posted - Balance.debits_posted))
        .join(Balance, Balance.account_id == child.c.child)
        .group_by(child.c.pool, child.c.head)
    )


def _lapsed_in_children() -> Select[int, str, int]:
    """Return the query of what lapsed out of awards; it starts from the few accounts of lapsed hours."""
    child = _children().subquery()
    gone = _lapses(Transfer.debit_id, Transfer.credit_id, Transfer.amount)
    back = _lapses(Transfer.credit_id, Transfer.debit_id, -Transfer.amount)
    both = union_all(gone, back).subquery()
    return (
        select(child.c.pool, child.c.head, func.sum(both.c.amount))
        .join(both, both.c.account == child.c.child)
        .group_by(child.c.pool, child.c.head)
    )


def _lapses(
    account: InstrumentedAttribute[int], lapsed: InstrumentedAttribute[int], amount: ColumnExpressionArgument[int]
) -> Select[int, int]:
    return (
        select(account.label("account"), func.sum(amount).label("amount"))
        .where(lapsed.in_(_accounts_under("expired:")), _POSTED)
        .group_by(account)
    )
