"""What holdings gave back: each release of cost, split over the cash and the GPU time that bought the holding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Investor
from fundapp.core.quantities import split_pro_rata
from fundapp.ledger.queries import TransferRow, transfers
from fundapp.portfolio.queries.proceeds import paid_in
from fundapp.portfolio.rules import BANK, split_by_cost
from fundapp.portfolio.tables import Grant

IMPUTED = "KRW-IMPUTED"
_KINDS = ("proceeds", "write_off")


@dataclass(frozen=True, slots=True)
class Release:
    """Proceeds or a write-off of one award; a reversal has the amounts of what it reverses with the sign turned.

    Attributes:
        key: Of the ledger's transaction.
        cash_krw: Part of what came in that cash had bought.
        in_kind_krw: Part that GPU time had bought.
        cash_cost_krw: Cash cost given up.
        in_kind_cost_krw: Cost of GPU time given up, in the same proportion.
        part: Of the holding that was given up, from 0 to 1.
        reverses: Key of what this reverses.
    """

    effective_on: date
    key: str
    award: str
    cash_krw: int
    in_kind_krw: int
    cash_cost_krw: int
    in_kind_cost_krw: int
    part: Fraction
    reverses: str | None = None


@dataclass(slots=True)
class _Holding:
    """Cost of one award as it grows by payments and deliveries, and shrinks by releases; GPU time in e4."""

    cash: int = 0
    in_kind_e4: int = 0
    in_kind_given: int = 0

    @property
    def in_kind(self) -> int:
        return (self.in_kind_e4 + 5_000) // 10_000 - self.in_kind_given


def read_releases(posted: Sequence[TransferRow], grants: Iterable[str]) -> list[Release]:
    """Read releases out of transfers, in order of effect.

    Proceeds with cost are split by the costs given up, income by the costs there are; the cost of GPU time goes in the
    proportion in which the cash cost goes.

    Args:
        posted: All posted transfers up to some day, in order of effect.
        grants: Accounts of grants; what moves from them to `used:` accounts was delivered.
    """
    sources, holdings = frozenset(grants), defaultdict[str, _Holding](_Holding)
    groups: dict[str, list[TransferRow]] = defaultdict(list)
    for row in posted:
        groups[row.txn_key].append(row)
    found: dict[str, Release] = {}
    for key, rows in groups.items():
        if rows[0].kind.removesuffix("_reversal") not in _KINDS:
            _grow(holdings, rows, sources)
            continue
        if key.startswith("reverse:"):
            original = found[key.removeprefix("reverse:")]
            release = _turned(original, key, rows[0].effective_on)
        else:
            release = _release(key, rows, holdings)
        found[key] = release
        one = holdings[release.award]
        one.cash -= release.cash_cost_krw
        one.in_kind_given += release.in_kind_cost_krw
    return list(found.values())


def _grow(holdings: Mapping[str, _Holding], rows: Sequence[TransferRow], sources: frozenset[str]) -> None:
    for row in rows:
        for source, target, sign in ((row.debit, row.credit, 1), (row.credit, row.debit, -1)):
            if row.commodity == "KRW" and source == BANK and target.startswith("investment:"):
                holdings[target.removeprefix("investment:")].cash += sign * row.amount
            elif row.commodity == IMPUTED and source in sources and target.startswith("used:"):
                holdings[target.split(":")[1]].in_kind_e4 += sign * row.amount


def _release(key: str, rows: Sequence[TransferRow], holdings: Mapping[str, _Holding]) -> Release:
    award = next(
        path.split(":")[1]
        for row in rows
        for path in (row.debit, row.credit)
        if path.startswith(("investment:", "gain:", "income:"))
    )
    amount = sum(row.amount for row in rows if row.credit == BANK)
    cost = sum(row.amount for row in rows if row.debit.startswith("investment:"))
    one = holdings[award]
    part = Fraction(cost, one.cash) if one.cash > 0 else Fraction(0)
    in_kind_cost = int(max(0, one.in_kind) * part)
    if cost:
        cash, in_kind = split_by_cost(amount, cost, in_kind_cost)
    else:
        cash, in_kind = split_by_cost(amount, one.cash, max(0, one.in_kind))
    return Release(rows[0].effective_on, key, award, cash, in_kind, cost, in_kind_cost, part)


def _turned(original: Release, key: str, on: date) -> Release:
    return replace(
        original,
        effective_on=on,
        key=key,
        cash_krw=-original.cash_krw,
        in_kind_krw=-original.in_kind_krw,
        cash_cost_krw=-original.cash_cost_krw,
        in_kind_cost_krw=-original.in_kind_cost_krw,
        reverses=original.key,
    )


def share_payout(session: Session, amount_krw: int, *, sharing: str, as_of: date) -> dict[str, int]:
    """Share a payout out to the investors, in won by code; won that do not divide go to the largest remainders.

    With `source` each kind of capital receives the proceeds of what it bought and not received yet, so that net asset
    value stays true by investor, and investors of a kind share by what they have paid in. With `all` everybody shares
    by what they have paid in, GPU time at its delivered value.

    Args:
        session: A session.
        amount_krw: Won; no more than what has not been paid out.
        sharing: `source` or `all`.
        as_of: Last day of payments that count.

    Returns:
        Nothing when nothing has been paid in.
    """
    paid = paid_in(session, as_of=as_of)
    if sharing == "all" or not paid:
        return split_pro_rata(amount_krw, paid) if paid else {}
    investors = session.scalars(select(Investor).order_by(Investor.code))
    kinds = {investor.code: investor.kind for investor in investors}
    posted = transfers(session, to_date=as_of)
    left = {"cash": 0, "in_kind": 0}
    for release in read_releases(posted, session.scalars(select(Grant.account))):
        left["cash"] += release.cash_krw
        left["in_kind"] += release.in_kind_krw
    for row in posted:
        for path, sign in ((row.credit, -1), (row.debit, 1)):
            if path.startswith("distributed:"):
                left[kinds[path.removeprefix("distributed:")]] += sign * row.amount
    weights = {kind: max(0, amount) for kind, amount in left.items()}
    shares: dict[str, int] = {}
    for kind, part in split_pro_rata(amount_krw, weights if any(weights.values()) else {"cash": 1}).items():
        peers = {code: amount for code, amount in paid.items() if kinds[code] == kind}
        shares |= split_pro_rata(part, peers or paid)
    return shares
