"""Rate cards and exchange rates: every version, who set it, and what a new one would touch."""

from __future__ import annotations

from collections.abc import Iterator

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from fundapp.allocation.actions.rates import set_exchange_rate, set_rate_card
from fundapp.allocation.rates import RateRow, rates_page
from fundapp.core.access import Kind, Thing, Verb, may
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.web.operations.doing import CONFLICT, REFUSED, may_open, show_fault
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms.close import FxForm, RateForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Cell, Column, asked_download, table_download
from fundapp.web.shell.language import gettext
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer


@blueprint.get("/rates")
def rates() -> ResponseReturnValue:
    """Show rate cards and exchange rates."""
    may_open(Kind.LEDGER)
    if form := asked_download():
        with db().read() as session:
            page = rates_page(session, viewer(), on=kst_date(now()))
        return table_download(gettext("단가표"), _columns(), _cells((*page.cards, *page.fx)), form=form)
    return _page(RateForm(formdata=None), FxForm(formdata=None))


def _columns() -> list[Column]:
    return [
        Column(gettext("코드")),
        Column(gettext("적용 시작일"), "day"),
        Column(gettext("판"), "number"),
        Column(gettext("값")),
        Column(gettext("통화")),
        Column(gettext("출처")),
        Column(gettext("사유")),
        Column(gettext("적은 사람")),
        Column(gettext("적은 때"), "instant"),
    ]


def _cells(rows: tuple[RateRow, ...]) -> Iterator[list[Cell]]:
    for row in rows:
        yield [
            row.code, row.valid_from, row.version, f"{row.price:f}", row.currency, row.source, row.reason,
            row.entered_by, row.at,
        ]  # fmt: skip


def _page(card: RateForm, fx: FxForm) -> str:
    today = kst_date(now())
    with db().read() as session:
        page = rates_page(session, viewer(), on=today)
    editable = may(viewer(), Verb.EDIT, Thing(Kind.LEDGER))
    return render_template(
        "operations/rates.html", page=page, today=today, card=card if editable else None, fx=fx if editable else None
    )


@blueprint.post("/rates/cards")
def set_card() -> ResponseReturnValue:
    """Append a version to a SKU's rate card."""
    may_open(Kind.LEDGER, Verb.EDIT)
    form = RateForm()
    if not form.validate_on_submit():
        return _page(form, FxForm(formdata=None)), REFUSED
    try:
        db().transaction(
            lambda session: set_rate_card(
                session,
                sku=form.sku.data or "",
                valid_from=form.to_day(),
                price=form.price.data or 0,
                currency=form.currency.data,
                source=form.source.data or "",
                reason=form.reason.data or "",
                actor=viewer(),
                at=now(),
            )
        )
    except NotFoundError:
        raise
    except InvalidInputError as error:
        show_fault(form, error, "price")
        return _page(form, FxForm(formdata=None)), REFUSED
    except FundError as error:
        form.price.errors = [say_refusal(error)]
        return _page(form, FxForm(formdata=None)), CONFLICT
    flash(gettext("단가를 적었습니다. 이미 있는 풀의 단가는 그대로입니다."), "ok")
    return redirect(url_for(".rates"))


@blueprint.post("/rates/fx")
def set_fx_rate() -> ResponseReturnValue:
    """Append an exchange rate."""
    may_open(Kind.LEDGER, Verb.EDIT)
    form = FxForm()
    if not form.validate_on_submit():
        return _page(RateForm(formdata=None), form), REFUSED
    try:
        db().transaction(
            lambda session: set_exchange_rate(
                session,
                day=form.to_day(),
                rate=form.to_rate(),
                source=form.source.data or "",
                reason=form.reason.data or "",
                actor=viewer(),
                at=now(),
            )
        )
    except NotFoundError:
        raise
    except InvalidInputError as error:
        show_fault(form, error, "rate")
        return _page(RateForm(formdata=None), form), REFUSED
    except FundError as error:
        form.rate.errors = [say_refusal(error)]
        return _page(RateForm(formdata=None), form), CONFLICT
    flash(gettext("환율을 적었습니다."), "ok")
    return redirect(url_for(".rates"))
