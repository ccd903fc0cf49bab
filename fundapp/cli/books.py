"""Commands about the ledger and the audit chain."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import click

from fundapp.audit.queries import verify_chain
from fundapp.cli.console import FAILED, OK, Answer, Console, command
from fundapp.ledger.export import to_beancount, to_frame
from fundapp.ledger.queries import balances, decimal_text, verify

_DATE = click.DateTime(formats=["%Y-%m-%d"])


@command("verify")
def verify_ledger(console: Console) -> Answer:
    """Fold all transfers and compare with the running balances."""
    with console.database.read() as session:
        verdict = verify(session)
    document = {
        "ok": verdict.ok,
        "transfers": verdict.transfers,
        "accounts": verdict.accounts,
        "problems": verdict.problems,
    }
    lines = verdict.problems or [f"{verdict.transfers} transfers over {verdict.accounts} accounts: all balances hold"]
    return Answer(document, lines, OK if verdict.ok else FAILED)


@command("balance", click.argument("account", required=False, default=""), click.option("--as-of", type=_DATE))
def balance(console: Console, *, account: str, as_of: datetime | None) -> Answer:
    """Balances of all accounts, or of those whose path begins with ACCOUNT."""
    day: date | None = as_of.date() if as_of else None
    with console.database.read() as session:
        rows = balances(session, prefix=account, as_of=day)
    listed = [
        {
            "account": row.account,
            "commodity": row.commodity,
            "amount": decimal_text(row.posted, row.commodity),
            "held": decimal_text(row.held, row.commodity),
        }
        for row in rows
    ]
    return Answer({"balances": listed}, [f"{b['amount']:>24} {b['commodity']:<12} {b['account']}" for b in listed])


@command("export", click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path)))
def export(console: Console, *, out: Path) -> Answer:
    """Write the ledger to FILE: .beancount, .csv or .parquet by suffix."""
    suffix = out.suffix.lower()
    if suffix not in {".beancount", ".csv", ".parquet"}:
        raise click.BadParameter("must end in .beancount, .csv or .parquet", param_hint="--out")
    with console.database.read() as session:
        if suffix == ".beancount":
            text = to_beancount(session)
            out.write_text(text, encoding="utf-8")
            return Answer({"file": str(out), "bytes": len(text.encode())}, [f"written {out}"])
        frame = to_frame(session)
    if suffix == ".csv":
        frame.to_csv(out, index=False, encoding="utf-8-sig")
    else:
        frame.to_parquet(out, index=False)
    return Answer({"file": str(out), "rows": len(frame)}, [f"{len(frame)} transfers in {out}"])


@click.group("ledger")
def ledger() -> None:
    """The double-entry ledger in won and GPU-hours."""


for item in (verify_ledger, balance, export):
    ledger.add_command(item)


@command("verify", click.option("--checkpoint", type=click.Path(exists=True, dir_okay=False, path_type=Path)))
def verify_audit(console: Console, *, checkpoint: Path | None) -> Answer:
    """Walk the audit chain; with a checkpoint kept elsewhere, truncation and rewriting show too."""
    mark: tuple[int, str] | None = None
    if checkpoint is not None:
        noted = json.loads(checkpoint.read_text(encoding="utf-8"))
        mark = (int(noted["events"]), str(noted["head"]))
    with console.database.read() as session:
        verdict = verify_chain(session, checkpoint=mark)
    document = {"ok": verdict.ok, "events": verdict.events, "first_bad": verdict.first_bad, "head": verdict.head}
    line = f"{verdict.events} events, chain whole" if verdict.ok else f"chain breaks at event {verdict.first_bad}"
    return Answer(document, [line], OK if verdict.ok else FAILED)


@click.group("audit")
def audit() -> None:
    """The tamper-evident record."""


audit.add_command(verify_audit)
COMMANDS = [ledger, audit]
