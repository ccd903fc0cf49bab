"""What earlier awards hold of the GPU quarters, and who waits for more: where the next plan starts."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.planning import Held, PoolStock, codev_days, load_stocks, read_call_terms
from fundapp.core.quantities import HOUR
from fundapp.intake.newest import newest_answers
from fundapp.intake.tables import Application, Call
from fundapp.portfolio.queries.grant_moves import flows_by_head
from fundapp.portfolio.rules import unreleased_account
from fundapp.portfolio.tables import Award, Grant, WaitlistEntry, WaitlistOffer

_GONE = frozenset({"used", "expired"})


def earlier_awards(session: Session) -> Sequence[Held]:
    """Return the hours that awards were granted, those they wait for, and the days of the delivery centre they take.

    Granted is what the company was given of a pool, whatever became of it there. Hours that it gave back, or that were
    reclaimed, are the pool's again and in no grant. The waitlist takes what is free in the order of its line: an entry
    that any quarter serves takes the earliest, and what has been offered is held in the ledger already.
    """
    return [*_granted(session), *_waiting(session), *_developed(session)]


def _granted(session: Session) -> list[Held]:
    rows = session.execute(
        select(Award.company_id, Award.number, Grant.sku, Grant.region, Grant.quarter, Grant.account)
        .join(Award, Award.id == Grant.award_id)
        .order_by(Award.number, Grant.quarter, Grant.sku, Grant.region)
    ).all()
    waiting = [unreleased_account(row.number, row.sku, row.region, row.quarter) for row in rows]
    flows = flows_by_head(session, [*(row.account for row in rows), *waiting])
    found = []
    for row, unreleased in zip(rows, waiting, strict=True):
        given = sum(amount for head, amount in flows.get(row.account, {}).items() if head not in _GONE)
        given += sum(amount for head, amount in flows.get(unreleased, {}).items() if head not in _GONE)
        found.append(Held(row.company_id, row.number, row.sku, row.quarter, max(0, given) // HOUR))
    return found


def _developed(session: Session) -> list[Held]:
    """Return the days of co-development that each award was planned with, in the first quarter it has hours in."""
    quarters: defaultdict[uuid.UUID, set[str]] = defaultdict(set)
    for award_id, quarter in session.execute(select(Grant.award_id, Grant.quarter)):
        quarters[award_id].add(quarter)
    answers = {row.application_id: row.answers for row in session.execute(newest_answers(select(Award.application_id)))}
    rows = session.execute(
        select(Award.id, Award.number, Award.company_id, Award.application_id, Application.call_id)
        .join(Application, Application.id == Award.application_id)
        .order_by(Award.number)
    ).all()
    calls = session.execute(select(Call.id, Call.document).where(Call.id.in_({row.call_id for row in rows})))
    terms = {call_id: read_call_terms(document) for call_id, document in calls}
    found = []
    for row in rows:
        days = codev_days(terms[row.call_id], answers.get(row.application_id, {}), quarters[row.id])
        found += [Held(row.company_id, row.number, "", quarter, codev_days=taken) for quarter, taken in days.items()]
    return found


def _waiting(session: Session) -> list[Held]:
    offered = select(WaitlistOffer.entry_id).where(WaitlistOffer.state == "open")
    rows = session.execute(
        select(WaitlistEntry, Award.company_id, Award.number)
        .join(Award, Award.id == WaitlistEntry.award_id)
        .where(WaitlistEntry.state == "waiting", WaitlistEntry.id.not_in(offered))
        .order_by(WaitlistEntry.priority, WaitlistEntry.joined_at, WaitlistEntry.id)
    ).all()
    stocks = sorted(load_stocks(session), key=lambda stock: (stock.quarter, stock.account)) if rows else []
    left = {stock.account: stock.free_e4 // HOUR for stock in stocks}
    found = []
    for entry, company_id, number in rows:
        for quarter, hours in _served(entry, stocks, left).items():
            found.append(Held(company_id, number, entry.sku, quarter, hours, waiting=True))
    return found


def _served(entry: WaitlistEntry, stocks: Sequence[PoolStock], left: dict[str, int]) -> dict[str, int]:
    """Return the hours by quarter that an entry would be served with now, and take them from what is left."""
    wanted = -(-(entry.wanted_e4 - entry.served_e4) // HOUR)
    found: defaultdict[str, int] = defaultdict(int)
    for stock in stocks:
        if (stock.sku, stock.region) != (entry.sku, entry.region) or entry.quarter not in {None, stock.quarter}:
            continue
        taken = min(wanted, left[stock.account])
        if taken > 0:
            found[stock.quarter] += taken
            left[stock.account] -= taken
            wanted -= taken
    return dict(found)
