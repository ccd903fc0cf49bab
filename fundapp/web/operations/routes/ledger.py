"""The ledger: balances, the transfers behind each, the check that they agree, and copies for other programs."""

from __future__ import annotations

import csv
from io import StringIO

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from fundapp.core.access import Kind
from fundapp.core.errors import NotFoundError
from fundapp.intake.tabular import guard_cell
from fundapp.ledger.export import to_beancount, to_frame
from fundapp.ledger.queries import balances, transfers, verify
from fundapp.web.operations import booked
from fundapp.web.operations.doing import may_open
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.reading import load_recusals
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.viewer import viewer


@blueprint.get("/ledger")
def ledger_page() -> ResponseReturnValue:
    """Show balances by group, or the accounts of a group, or the transfers of one account."""
    may_open(Kind.LEDGER)
    if account := request.args.get("account", "").strip():
        return _account(account)
    group = request.args.get("group", "").strip()
    with db().read() as session:
        hidden = load_recusals(session, viewer())
        rows = booked.visible(balances(session, prefix=f"{group}:" if group else ""), hidden)
        check = None if group else verify(session)
    return render_template(
        "operations/ledger.html",
        group=group,
        groups=booked.group_accounts(rows),
        page=Page.cut(rows, asked_page()) if group else None,
        check=check,
        words=booked,
        whole=not hidden.words,
    )


def _account(account: str) -> str:
    with db().read() as session:
        hidden = load_recusals(session, viewer())
        own = [row for row in balances(session, prefix=account) if row.account == account]
        if not own or hidden.hides(account):
            raise NotFoundError
        codes = [row.commodity for row in own]
        commodity = request.args.get("unit", codes[0])
        if commodity not in codes:
            raise NotFoundError
        found = transfers(session, account=account, posted_only=False)
    steps = booked.trace(account, [one for one in found if one.commodity == commodity])
    return render_template(
        "operations/account.html",
        account=account,
        own=own,
        commodity=commodity,
        balance=next(row for row in own if row.commodity == commodity),
        page=Page.cut([step for step in steps if not hidden.hides(step.other, step.transfer.source_ref)], asked_page()),
        words=booked,
    )


@blueprint.get("/ledger/export.<kind>")
def ledger_export(kind: str) -> ResponseReturnValue:
    """Give the whole ledger out; somebody recused from a part of it does not get the whole."""
    may_open(Kind.LEDGER)
    with db().read() as session:
        if kind not in {"beancount", "csv"} or load_recusals(session, viewer()).words:
            raise NotFoundError
        text = to_beancount(session) if kind == "beancount" else _csv(to_frame(session).to_dict("split"))
    name = f"ledger-{now():%Y%m%d}.{kind}"
    mimetype = "text/csv" if kind == "csv" else "text/plain"
    return Response(text, mimetype=mimetype, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _csv(table: dict[str, list[list[str]] | list[str]]) -> str:
    """Return the table as CSV that a spreadsheet opens as it is: marked as UTF-8, with nothing taken for a formula."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(table["columns"])
    writer.writerows([guard_cell(str(cell)) for cell in row] for row in table["data"])
    return "\ufeff" + file.getvalue()
