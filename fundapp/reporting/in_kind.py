"""GPU time in kind as flows of a report, under the policy that the fund's agreement names.

At delivery (the default): what was used is contribution and investment at once; grants are memoranda and what lapses
never was paid in. At grant: a grant is a contribution that waits as a prepaid asset; use turns it into investment,
lapse into expense. The same ledger gives both, so a change of policy is another version of the same quarter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fundapp.allocation.tables import Pool
from fundapp.ledger.queries import TransferRow
from fundapp.portfolio.rules import whole_won
from fundapp.portfolio.tables import Grant
from reports import rows as out

IMPUTED = "KRW-IMPUTED"
_HALF = 5_000
_SCALE = 10_000


@dataclass(frozen=True, slots=True)
class Source:
    """A grant's pool: who contributed it, and at what rate."""

    grant: Grant
    pool: Pool


@dataclass(frozen=True, slots=True)
class _Move:
    """Imputed value that went one step of its way on a day, in ten-thousandths of a won; negative when it came back."""

    on: date
    key: str
    step: str
    value_e4: int


def unreleased(source: Source) -> str:
    """Return the account of hours of a grant that wait for a progress report."""
    return "unreleased:" + source.grant.account.removeprefix("grant:")


def gpu_flows(
    posted: Sequence[TransferRow], sources: Mapping[str, Source], equity: Callable[[str], bool], policy: str
) -> list[out.Flow]:
    """Return GPU time as flows. Each award's running total is rounded, not each movement.

    Args:
        posted: Transfers up to the basis date.
        sources: Grants by account.
        equity: Whether the fund holds anything for an award; else what was used is support.
        policy: `at_delivery` or `at_grant`.
    """
    moves: dict[tuple[str, str], list[_Move]] = defaultdict(list)
    homes = dict(sources) | {unreleased(source): source for source in sources.values()}
    for row in posted:
        if row.commodity != IMPUTED:
            continue
        for account, other, sign in ((row.debit, row.credit, 1), (row.credit, row.debit, -1)):
            source = homes.get(account)
            step = _step(other, source) if source is not None else ""
            if source is not None and step:
                # Into a grant counts from the pool's side.
                value = -sign * row.amount if step == "granted" else sign * row.amount
                owner = (account.split(":")[1], source.pool.investor_code)
                moves[owner].append(_Move(row.effective_on, row.txn_key, step, value))
    made = _delivered_flows if policy == "at_delivery" else _granted_flows
    flows = []
    for (award, investor), found in sorted(moves.items()):
        found.sort(key=lambda move: (move.on, move.key, move.value_e4))
        flows += made(award, investor, found, supported=not equity(award))
    return flows


def _step(other: str, source: Source) -> str:
    if other == source.pool.account:
        return "granted"
    return {"used": "used", "expired": "lapsed"}.get(other.partition(":")[0], "")


def _delivered_flows(award: str, investor: str, moves: Sequence[_Move], *, supported: bool) -> list[out.Flow]:
    flows = []
    used = [move for move in moves if move.step == "used"]
    for move, amount in zip(used, whole_won([one.value_e4 for one in used]), strict=True):
        flows.append(out.Flow(move.on, "contribution", amount, "in_kind", move.key, investor, award))
        if supported:
            flows.append(out.Flow(move.on, "support", amount, "in_kind", move.key, company=award))
    return flows


def _granted_flows(award: str, investor: str, moves: Sequence[_Move], *, supported: bool) -> list[out.Flow]:
    """What lapses is what the prepaid asset loses, so that a grant with nothing left stands at exactly nothing."""
    flows = []
    exact, shown = dict.fromkeys(("granted", "used", "lapsed"), 0), dict.fromkeys(("granted", "used", "lapsed"), 0)
    for move in moves:
        exact[move.step] += move.value_e4
        if move.step == "lapsed":
            left = (exact["granted"] - exact["used"] - exact["lapsed"] + _HALF) // _SCALE
            total = shown["granted"] - shown["used"] - left
        else:
            total = (exact[move.step] + _HALF) // _SCALE
        amount = total - shown[move.step]
        shown[move.step] = total
        if move.step == "granted":
            flows.append(out.Flow(move.on, "contribution", amount, "in_kind", move.key, investor))
        elif move.step == "lapsed":
            flows.append(out.Flow(move.on, "expense", amount, "in_kind", move.key))
        else:
            flows.append(out.Flow(move.on, "disbursement", amount, "in_kind", move.key, company=award))
            if supported:
                flows.append(out.Flow(move.on, "support", amount, "in_kind", move.key, company=award))
    return [flow for flow in flows if flow.amount_krw]
