"""The ledger for other programs: Beancount text and a data frame."""

from __future__ import annotations

import re
from itertools import groupby

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.ledger.queries import TransferRow, decimal_text, list_fx, list_rates, transfers
from fundapp.ledger.tables import Account

_ROOTS = {
    "investor": "Equity",
    "promise": "Equity",
    "pool": "Liabilities",
    "reserved": "Liabilities",
    "offered": "Liabilities",
    "unreleased": "Liabilities",
    "award": "Liabilities",
    "grant": "Liabilities",
    "bank": "Assets",
    "investment": "Assets",
    "used": "Assets",
    "unmapped": "Assets",
    "expired": "Equity",
    "returned": "Equity",
    "distributed": "Equity",
    "written-off": "Expenses",
    "gain": "Income",
    "income": "Income",
    "expense": "Expenses",
    "overage": "Liabilities",
    "suspense": "Liabilities",
}


def beancount_account(path: str) -> str:
    """Return the Beancount name of an account path; the first part picks the root.

    Beancount knows five roots and wants parts that start with a capital or a digit. Our credit balances become
    positive amounts, so that every figure there equals ours without a change of sign.
    """
    head, *rest = path.split(":")
    root = _ROOTS.get(head, "Equity")
    parts = [re.sub(r"[^A-Za-z0-9-]", "-", part) for part in (head, *rest)]
    return ":".join([root, *(part[:1].upper() + part[1:] for part in parts)])


def beancount_commodity(code: str) -> str:
    """Return the Beancount currency of a commodity code: capitals, digits, dot, dash."""
    return re.sub(r"[^A-Z0-9.-]", "-", code.upper())


def to_beancount(session: Session) -> str:
    """Return the whole ledger as Beancount text: dated prices and exchange rates, then every posted transaction."""
    accounts = session.execute(select(Account.path, Account.opened_on, Account.commodity)).all()
    opened: dict[str, tuple[str, set[str]]] = {}
    for path, day, code in accounts:
        name = beancount_account(path)
        first, codes = opened.get(name, (day.isoformat(), set()))
        opened[name] = (min(first, day.isoformat()), codes | {beancount_commodity(code)})
    rows = transfers(session)
    earliest = min((row.effective_on.isoformat() for row in rows), default="2000-01-01")
    lines = ['option "title" "AX fund"', 'option "operating_currency" "KRW"', ""]
    for name, (day_text, codes) in sorted(opened.items()):
        lines.append(f"{min(day_text, earliest)} open {name} {','.join(sorted(codes))}")
    lines.append("")
    lines += _prices(session)
    lines.append("")
    for key, group in groupby(rows, key=lambda row: row.txn_key):
        lines += _beancount_txn(key, list(group))
    return "\n".join(lines) + "\n"


def _prices(session: Session) -> list[str]:
    """Return the newest price of each day, oldest day first."""
    prices: dict[tuple[str, str], str] = {}
    for rate in list_rates(session):
        amount = decimal_text(rate.unit_price, rate.currency)
        prices[rate.valid_from.isoformat(), beancount_commodity(rate.commodity)] = f"{amount} {rate.currency}"
    for fx in list_fx(session):
        prices[fx.day.isoformat(), fx.pair[:3]] = f"{fx.rate} {fx.pair[3:]}"
    return [f"{day} price {code} {price}" for (day, code), price in sorted(prices.items())]


def _beancount_txn(key: str, rows: list[TransferRow]) -> list[str]:
    first = rows[0]
    lines = [f'{first.effective_on} * "{_quoted(first.kind)}" "{_quoted(key)}"']
    for row in rows:
        code = beancount_commodity(row.commodity)
        amount = decimal_text(row.amount, row.commodity)
        lines.append(f"  {beancount_account(row.credit)}  {amount} {code}")
        lines.append(f"  {beancount_account(row.debit)}  -{amount} {code}")
    return [*lines, ""]


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def to_frame(session: Session) -> pd.DataFrame:
    """Return all transfers, holds included, one row each; amounts as exact decimal text."""
    records = [
        {
            "txn_key": row.txn_key,
            "kind": row.kind,
            "status": row.status,
            "effective_on": row.effective_on.isoformat(),
            "recorded_at": row.recorded_at.isoformat(),
            "actor": row.actor,
            "debit": row.debit,
            "credit": row.credit,
            "commodity": row.commodity,
            "amount": decimal_text(row.amount, row.commodity),
            "source_ref": row.source_ref or "",
        }
        for row in transfers(session, posted_only=False)
    ]
    columns = list(TransferRow.__dataclass_fields__)
    return pd.DataFrame.from_records(records, columns=columns)
