"""The ledger as pages show it: accounts by group, amounts with their unit, transfers with a running balance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fundapp.ledger.queries import BalanceRow, TransferRow
from fundapp.web.operations.reading import Recusals
from fundapp.web.shell.formats import hours, in_kind, won
from fundapp.web.shell.language import current_locale, gettext, lazy

GROUPS: Mapping[str, Any] = {
    "pool": lazy("풀과 약정"),
    "reserved": lazy("안건 예약"),
    "award": lazy("협약 약정"),
    "investment": lazy("투자 원가"),
    "bank": lazy("예금"),
    "expense": lazy("비용"),
    "grant": lazy("GPU 배정"),
    "used": lazy("GPU 소진"),
    "expired": lazy("GPU 만료"),
    "overage": lazy("GPU 초과"),
    "suspense": lazy("미확인 사용"),
    "unmapped": lazy("미확인 사용처"),
    "promise": lazy("현물 약정"),
    "investor": lazy("출자자"),
}
KINDS: Mapping[str, Any] = {
    "commitment": lazy("출자 약정"),
    "contribution": lazy("현물출자"),
    "reserve": lazy("예약"),
    "award": lazy("협약"),
    "capital_call": lazy("출자 요청"),
    "disbursement": lazy("집행"),
    "drawdown": lazy("소진"),
    "drawdown_correction": lazy("소진 정정"),
    "expiry": lazy("만료"),
    "recovery": lazy("만료분 소급 사용"),
    "release": lazy("예약 해제"),
    "suspense": lazy("미확인"),
    "fee": lazy("보수"),
}
IMPUTED = "KRW-IMPUTED"


@dataclass(frozen=True, slots=True)
class Sums:
    """One commodity of one group of accounts."""

    commodity: str
    accounts: int
    posted: int
    held: int
    free: int


@dataclass(frozen=True, slots=True)
class GroupShown:
    """Accounts whose path begins alike."""

    key: str
    label: str
    sums: tuple[Sums, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One transfer seen from an account: what it changed, and the balance after it.

    Attributes:
        change: Positive where the account is credited; 0 for a hold.
        held: Amount of a hold.
    """

    transfer: TransferRow
    other: str
    change: int
    held: int
    balance: int


def amount(minor: int, commodity: str) -> str:
    """Return an amount with its unit, in full."""
    if commodity == "KRW":
        return won(minor, current_locale())
    if commodity == IMPUTED:
        return in_kind(minor, current_locale())
    return hours(minor, current_locale())


def unit_name(commodity: str) -> str:
    """Return a commodity in words."""
    if commodity == "KRW":
        return gettext("현금")
    if commodity == IMPUTED:
        return gettext("현물 상당액")
    return commodity.removeprefix("GPUH.")


def tone(commodity: str) -> str:
    """Return the colour that a commodity has everywhere."""
    return "cash" if commodity == "KRW" else "gpu"


def visible(rows: Sequence[BalanceRow], recusals: Recusals) -> list[BalanceRow]:
    """Leave out accounts that name what the viewer may know nothing of."""
    return [row for row in rows if not recusals.hides(row.account)]


def group_accounts(rows: Sequence[BalanceRow]) -> list[GroupShown]:
    """Sum accounts up by the first part of their path."""
    piles: defaultdict[str, defaultdict[str, list[BalanceRow]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        piles[row.account.partition(":")[0]][row.commodity].append(row)
    known = [key for key in GROUPS if key in piles]
    return [
        GroupShown(
            key,
            str(GROUPS.get(key, key)),
            tuple(
                Sums(
                    commodity,
                    len(found),
                    sum(row.posted for row in found),
                    sum(row.held for row in found),
                    sum(row.free for row in found),
                )
                for commodity, found in sorted(piles[key].items())
            ),
        )
        for key in [*known, *sorted(piles.keys() - GROUPS.keys())]
    ]


def trace(account: str, transfers: Sequence[TransferRow]) -> list[Step]:
    """Follow one commodity of an account through its transfers, newest first; holds change nothing yet."""
    steps, balance = [], 0
    for one in transfers:
        into = one.credit == account
        posted = one.status in {"posted", "post"}
        change = (one.amount if into else -one.amount) if posted else 0
        balance += change
        steps.append(Step(one, one.debit if into else one.credit, change, 0 if posted else one.amount, balance))
    return steps[::-1]


def source_link(source_ref: str | None) -> tuple[str, str] | None:
    """Return text and address of what caused a transfer, where there is a page for it."""
    kind, _, name = (source_ref or "").partition(":")
    if kind == "award":
        return name, f"/operations/portfolio/{name}"
    if kind == "grant":
        number = name.partition(":")[0]
        return number, f"/operations/portfolio/{number}"
    if kind == "ballot":
        return gettext("표결"), f"/committee/ballots/{name}"
    return None
