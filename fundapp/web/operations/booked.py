"""The ledger as pages show it: accounts as a tree, amounts with their unit, and where a transfer came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import request, url_for

from fundapp.ledger.browsing import MovedRow, Span, StepRow
from fundapp.ledger.queries import BalanceRow
from fundapp.web.operations.reading import Recusals
from fundapp.web.shell.downloads import Cell, Column, ColumnKind
from fundapp.web.shell.formats import grouped, hours, in_kind, won
from fundapp.web.shell.language import current_locale, gettext, lazy

GROUPS: Mapping[str, Any] = {
    "pool": lazy("풀과 약정"),
    "reserved": lazy("안건 예약"),
    "award": lazy("협약 약정"),
    "investment": lazy("투자 원가"),
    "bank": lazy("예금"),
    "expense": lazy("비용"),
    "gain": lazy("실현 손익"),
    "income": lazy("배당·이자"),
    "distributed": lazy("분배"),
    "written-off": lazy("상각"),
    "grant": lazy("GPU 배정"),
    "unreleased": lazy("GPU 2차 인도 대기"),
    "used": lazy("GPU 소진"),
    "expired": lazy("GPU 만료"),
    "returned": lazy("GPU 반납"),
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
    "expense": lazy("비용"),
    "proceeds": lazy("회수"),
    "proceeds_reversal": lazy("회수 정정"),
    "write_off": lazy("손실 처리"),
    "write_off_reversal": lazy("손실 처리 정정"),
    "payout": lazy("출자자 분배"),
    "payout_reversal": lazy("출자자 분배 정정"),
    "reversal": lazy("취소"),
}
STATUSES: Mapping[str, Any] = {
    "posted": lazy("기록"),
    "hold": lazy("예약"),
    "post": lazy("예약 확정"),
    "void": lazy("예약 해제"),
}
IMPUTED = "KRW-IMPUTED"
_CASH = ("KRW", "USD")


@dataclass(frozen=True, slots=True)
class Sums:
    """One commodity of some accounts, in minor units."""

    commodity: str
    posted: int
    held: int
    free: int


@dataclass(frozen=True, slots=True)
class Branch:
    """Accounts whose path begins alike. Cash, GPU time and in-kind value stand apart and are never added.

    Attributes:
        path: The beginning.
        label: Its last part, the first parts in words.
        accounts: How many accounts lie under it.
        leaf: Whether it is itself an account.
    """

    path: str
    label: str
    accounts: int
    leaf: bool
    cash: tuple[Sums, ...]
    gpu: tuple[Sums, ...]
    value: tuple[Sums, ...]


def amount(minor: int, commodity: str) -> str:
    """Return an amount with its unit, in full."""
    if commodity == "KRW":
        return won(minor, current_locale())
    if commodity == "USD":
        return f"USD {grouped(minor // 100)}.{minor % 100:02d}"
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
    return "cash" if commodity in _CASH else "gpu"


def visible(rows: Sequence[BalanceRow], recusals: Recusals) -> list[BalanceRow]:
    """Leave out accounts that name what the viewer may know nothing of."""
    return [row for row in rows if not recusals.hides(row.account)]


def grow_tree(rows: Sequence[BalanceRow], under: str) -> list[Branch]:
    """Sum accounts up by the next part of their path below a beginning; heads in the order of the business."""
    depth = under.count(":") + 2 if under else 1
    piles = _pile(rows, depth)
    names = list(piles) if under else [key for key in GROUPS if key in piles] + sorted(piles.keys() - GROUPS.keys())
    return [_branch(name, piles[name]) for name in names]


def list_leaves(rows: Sequence[BalanceRow]) -> list[Branch]:
    """Return each account by itself, under its whole name."""
    deepest = max((row.account.count(":") + 1 for row in rows), default=1)
    return [replace(_branch(name, found), label=name) for name, found in _pile(rows, deepest).items()]


def _pile(rows: Sequence[BalanceRow], depth: int) -> dict[str, list[BalanceRow]]:
    piles: defaultdict[str, list[BalanceRow]] = defaultdict(list)
    for row in rows:
        piles[":".join(row.account.split(":")[:depth])].append(row)
    return piles


def _branch(path: str, rows: Sequence[BalanceRow]) -> Branch:
    by_unit: defaultdict[str, list[BalanceRow]] = defaultdict(list)
    for row in rows:
        by_unit[row.commodity].append(row)
    sums = [
        Sums(code, sum(row.posted for row in found), sum(row.held for row in found), sum(row.free for row in found))
        for code, found in sorted(by_unit.items())
    ]
    last = path.rpartition(":")[2]
    return Branch(
        path=path,
        label=str(GROUPS.get(path, last)),
        accounts=len({row.account for row in rows}),
        leaf=all(row.account == path for row in rows),
        cash=tuple(one for one in sums if one.commodity in _CASH),
        gpu=tuple(one for one in sums if one.commodity not in (*_CASH, IMPUTED)),
        value=tuple(one for one in sums if one.commodity == IMPUTED),
    )


def trail(path: str) -> list[tuple[str, str]]:
    """Return the beginnings of a path, each with its name, for the way back up."""
    parts = path.split(":")
    return [
        (":".join(parts[: place + 1]), str(GROUPS.get(part, part)) if place == 0 else part)
        for place, part in enumerate(parts)
    ]


def asked_day(name: str) -> date | None:
    """Return a date that the request gives, or None for none or nonsense."""
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def asked_span() -> Span:
    """Return what the request narrows a list to."""
    return Span(request.args.get("kind", "").strip(), asked_day("from"), asked_day("to"))


def source_link(source_ref: str | None) -> tuple[str, str] | None:
    """Return text and address of what caused a transfer, where there is a page for it."""
    kind, _, name = (source_ref or "").partition(":")
    number = name.partition(":")[0]
    if kind in {"award", "grant", "tranche", "valuation"} and number.startswith("AW-"):
        return number, url_for("operations.one_award", number=number)
    if kind == "ballot":
        return gettext("표결"), f"/committee/ballots/{name}"
    if kind == "payout":
        return name, url_for("operations.one_movement", number=name)
    if kind == "pool":
        return gettext("GPU 풀"), url_for("operations.pools_page")
    if kind in {"usage", "import"}:
        return gettext("사용량 반영"), url_for("operations.usage_page")
    return None


# ---- files ----


def _kind(commodity: str) -> ColumnKind:
    return "won" if commodity == "KRW" else "value" if commodity == IMPUTED else "hours"


def balance_columns() -> list[Column]:
    """Return the columns of accounts as a file: each kind of capital in its own."""
    columns = [Column(gettext("계정")), Column(gettext("단위"))]
    pairs: tuple[tuple[str, ColumnKind], ...] = (
        (gettext("현금"), "won"),
        (gettext("GPU"), "hours"),
        (gettext("현물 상당액"), "value"),
    )
    for words, kind in pairs:
        columns += [Column(f"{words} {gettext('잔액')}", kind), Column(f"{words} {gettext('예약')}", kind)]
    return columns


def balance_cells(rows: Sequence[BalanceRow]) -> Iterator[list[Cell]]:
    """Yield accounts as a file has them."""
    places = {"won": 0, "hours": 1, "value": 2}
    for row in rows:
        if row.commodity == "USD":  # the fund keeps no dollar accounts; a column of its own would stand empty
            continue
        cells: list[Cell] = [None] * 6
        place = 2 * places[_kind(row.commodity)]
        cells[place : place + 2] = [row.posted, row.held]
        yield [row.account, row.commodity, *cells]


def step_columns(commodity: str) -> list[Column]:
    """Return the columns of an account's transfers as a file; GPU time has its in-kind value beside it."""
    return [
        Column(gettext("날짜"), "day"),
        Column(gettext("무엇")),
        Column(gettext("상대 계정")),
        Column(gettext("근거")),
        Column(gettext("금액"), _kind(commodity)),
        Column(gettext("현물 상당액"), "value"),
        Column(gettext("잔액"), _kind(commodity)),
        Column(gettext("적은 사람")),
        Column(gettext("적은 때"), "instant"),
        Column(gettext("거래 키")),
    ]


def step_cells(steps: Sequence[StepRow]) -> Iterator[list[Cell]]:
    """Yield an account's transfers as a file has them."""
    for step in steps:
        yield [
            step.effective_on, step.kind, step.other, step.source_ref, step.change, step.value_e4, step.balance,
            step.actor, step.recorded_at, step.txn_key,
        ]  # fmt: skip


def moved_columns() -> list[Column]:
    """Return the columns of transfers over all accounts as a file."""
    return [
        Column(gettext("날짜"), "day"),
        Column(gettext("무엇")),
        Column(gettext("차변")),
        Column(gettext("대변")),
        Column(gettext("단위")),
        Column(gettext("현금"), "won"),
        Column(gettext("GPU"), "hours"),
        Column(gettext("현물 상당액"), "value"),
        Column(gettext("근거")),
        Column(gettext("적은 사람")),
        Column(gettext("적은 때"), "instant"),
        Column(gettext("거래 키")),
    ]


def moved_cells(rows: Sequence[MovedRow]) -> Iterator[list[Cell]]:
    """Yield transfers as a file has them."""
    places = {"won": 0, "hours": 1, "value": 2}
    for row in rows:
        amounts: list[Cell] = [None] * 3
        amounts[places[_kind(row.commodity)]] = row.amount
        yield [
            row.effective_on, row.kind, row.debit, row.credit, row.commodity, *amounts, row.source_ref, row.actor,
            row.recorded_at, row.txn_key,
        ]  # fmt: skip
