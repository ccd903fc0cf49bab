"""The ledger: balances, the transfers behind each, the check that they agree, and copies for other programs."""

from __future__ import annotations

import csv
from io import StringIO

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fundapp.core.access import Kind
from fundapp.core.cells import guard_cell
from fundapp.core.errors import NotFoundError
from fundapp.ledger.browsing import Mark, find_txn, list_held, list_kinds, list_moved, list_steps, sum_moved
from fundapp.ledger.export import to_beancount, to_frame
from fundapp.ledger.queries import BalanceRow, balances, verify
from fundapp.web.operations import booked
from fundapp.web.operations.doing import may_open
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.reading import Recusals, load_recusals
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import asked_download, table_download
from fundapp.web.shell.language import gettext
from fundapp.web.shell.pagination import PAGE_SIZE, Page, asked_page
from fundapp.web.shell.viewer import viewer

_MOST_IN_A_FILE = 100_000


@blueprint.get("/ledger")
def ledger_page() -> ResponseReturnValue:
    """Show accounts as a tree, or those that a search finds, today or on a day; on request, the check of the whole."""
    may_open(Kind.LEDGER)
    if account := request.args.get("account", "").strip():  # the address that links had before
        return redirect(url_for(".account_page", path=account, unit=request.args.get("unit")))
    under = request.args.get("under", request.args.get("group", "")).strip().strip(":")
    search, as_of = request.args.get("q", "").strip().lower(), booked.asked_day("on")
    form = asked_download()
    with db().read() as session:
        hidden = load_recusals(session, viewer())
        found = balances(session, prefix=f"{under}:" if under else "", as_of=as_of)
        rows = [row for row in booked.visible(found, hidden) if search in row.account.lower()]
        check = verify(session) if "verify" in request.args and not hidden.words else None
    if form is not None:
        return table_download(gettext("원장 잔액"), booked.balance_columns(), booked.balance_cells(rows), form=form)
    return render_template(
        "operations/ledger.html",
        under=under,
        search=search,
        as_of=as_of,
        page=Page.cut(booked.list_leaves(rows) if search else booked.grow_tree(rows, under), asked_page()),
        check=check,
        words=booked,
        whole=not hidden.words,
    )


@blueprint.get("/ledger/account")
def account_page() -> ResponseReturnValue:
    """Show one account: what it holds, what is held of it, and every transfer with the balance after it."""
    may_open(Kind.LEDGER)
    account = request.args.get("path", "").strip()
    span, after, form = booked.asked_span(), Mark.parse(request.args.get("after", "")), asked_download()
    with db().read() as session:
        hidden = load_recusals(session, viewer())
        own = [row for row in balances(session, prefix=account) if row.account == account]
        commodity = _asked_unit(own, account, hidden)
        limit = PAGE_SIZE + 1 if form is None else _MOST_IN_A_FILE
        steps = list_steps(session, account, commodity, span, after=after, limit=limit)
        held = list_held(session, account, commodity)
        kinds = list_kinds(session, account)
    shown = [step for step in steps if not hidden.hides(step.other, step.source_ref)]
    if form is not None:
        return table_download(
            account.replace(":", "-"), booked.step_columns(commodity), booked.step_cells(shown), form=form
        )
    return render_template(
        "operations/account.html",
        account=account,
        own=own,
        commodity=commodity,
        balance=next(row for row in own if row.commodity == commodity),
        steps=shown[:PAGE_SIZE],
        older=str(steps[PAGE_SIZE - 1].mark) if len(steps) > PAGE_SIZE else None,
        after=after,
        held=[one for one in held if not hidden.hides(one.other, one.source_ref)],
        kinds=kinds,
        span=span,
        words=booked,
    )


def _asked_unit(own: list[BalanceRow], account: str, hidden: Recusals) -> str:
    codes = [row.commodity for row in own]
    commodity = request.args.get("unit") or next(iter(codes), "")
    if commodity not in codes or hidden.hides(account):
        raise NotFoundError
    return commodity


@blueprint.get("/ledger/transfers")
def transfers_page() -> ResponseReturnValue:
    """Show the transfers of all accounts that something caused, of a kind or of some days, with their sums."""
    may_open(Kind.LEDGER)
    source_ref = request.args.get("source_ref", "").strip()
    span, after, form = booked.asked_span(), Mark.parse(request.args.get("after", "")), asked_download()
    with db().read() as session:
        hidden = load_recusals(session, viewer())
        if source_ref and hidden.hides(source_ref):
            raise NotFoundError
        limit = PAGE_SIZE + 1 if form is None else _MOST_IN_A_FILE
        found = list_moved(session, span, source_ref=source_ref, after=after, limit=limit)
        # Sums over everything would grow with the ledger, and sums over what is partly hidden would give it away.
        narrow = bool(source_ref) or span.narrow
        sums = sum_moved(session, span, source_ref=source_ref) if narrow and not hidden.words and not form else []
        kinds = list_kinds(session)
    shown = [row for row in found if not hidden.hides(row.debit, row.credit, row.source_ref)]
    if form is not None:
        return table_download(gettext("거래"), booked.moved_columns(), booked.moved_cells(shown), form=form)
    return render_template(
        "operations/transfers.html",
        source_ref=source_ref,
        rows=shown[:PAGE_SIZE],
        older=str(found[PAGE_SIZE - 1].mark) if len(found) > PAGE_SIZE else None,
        after=after,
        sums=sums,
        kinds=kinds,
        span=span,
        words=booked,
    )


@blueprint.get("/ledger/transaction")
def transaction_page() -> ResponseReturnValue:
    """Show one transaction with all its transfers, its hold and its reversal."""
    may_open(Kind.LEDGER)
    with db().read() as session:
        hidden = load_recusals(session, viewer())
        found = find_txn(session, request.args.get("key", ""))
    if found is None or hidden.hides(found.source_ref, found.key, *(leg[:2] for leg in found.legs)):
        raise NotFoundError
    return render_template("operations/transaction.html", txn=found, words=booked)


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
