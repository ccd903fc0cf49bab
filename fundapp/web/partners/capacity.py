"""Demand of the coming quarters against what investors announced: for partners to read, for finance to keep."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.allocation.actions import announce_capacity
from fundapp.allocation.queries import list_investors
from fundapp.allocation.rules.outlook import Outlook
from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import InvalidInputError
from fundapp.core.idempotency import once
from fundapp.core.quantities import HOUR
from fundapp.portfolio.queries import capacity_outlook
from fundapp.web.partners.forms import AnnounceForm
from fundapp.web.partners.outlook import show_outlook
from fundapp.web.partners.routes import blueprint
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Cell, Column, asked_download, table_download
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.remembering import remembered_page
from fundapp.web.shell.viewer import viewer

_REFUSED = 422

__all__ = ["blueprint"]
"""The room with all its pages: those of the fund and its reports, and these."""


@blueprint.get("/capacity")
@remembered_page
def capacity() -> ResponseReturnValue:
    """Show demand against capacity for the next four quarters, and where the next plan starts."""
    require(viewer(), Verb.VIEW, Thing(Kind.POOL))
    form = asked_download()
    if form is not None:
        with db().read() as session:
            found = capacity_outlook(session, viewer(), now())
        return table_download(gettext("GPU 수요와 공급"), _columns(), map(_cells, found.rows), form=form)
    return _page(AnnounceForm(formdata=None))


def _page(form: AnnounceForm) -> str:
    with db().read() as session:
        found = capacity_outlook(session, viewer(), now())
        _offer(session, form)
    return render_template("partners/capacity.html", found=found, shown=show_outlook(found), form=form)


def _offer(session: Session, form: AnnounceForm) -> None:
    investors = list_investors(session, viewer())
    form.offer_investors((one.code, pick(one.name_ko, one.name_en)) for one in investors if one.kind == "in_kind")


@blueprint.post("/capacity")
def announce() -> ResponseReturnValue:
    """Note what an investor announced."""
    require(viewer(), Verb.EDIT, Thing(Kind.POOL))
    form = AnnounceForm()
    with db().read() as session:
        _offer(session, form)
    if not form.validate_on_submit():
        return _page(form), _REFUSED
    try:
        db().transaction(lambda session: _announce(session, form))
    except InvalidInputError as error:
        name = str(error.details["field"])
        form[name if name in form else "quarter"].errors = [say_refusal(error)]
        return _page(form), _REFUSED
    flash(gettext("발표를 적었습니다."), "ok")
    return redirect(url_for(".capacity"))


def _announce(session: Session, form: AnnounceForm) -> None:
    actor, at = viewer(), now()
    asked = {name: str(value) for name, value in form.data.items() if name not in {"csrf_token", "key"}}

    def work() -> dict[str, object]:
        announce_capacity(
            session,
            investor=form.investor.data or "",
            sku=form.sku.data or "",
            region=form.region.data or "",
            quarter=form.quarter.data or "",
            hours=form.hours.data or 0,
            announced_on=form.to_day(),
            source=form.source.data or "",
            actor=actor,
            at=at,
        )
        return {}

    once(session, key=form.key.data or "", verb="capacity.announced", request=asked, at=at, work=work)


def _columns() -> Sequence[Column]:
    return (
        Column(gettext("GPU 종류")),
        Column(gettext("분기")),
        Column(gettext("약속됨"), "hours"),
        Column(gettext("대기 명단"), "hours"),
        Column(gettext("심사 중 신청"), "hours"),
        Column(gettext("예상 수요"), "hours"),
        Column(gettext("신청을 모두 받아들일 때"), "hours"),
        Column(gettext("공급"), "hours"),
        Column(gettext("남음"), "hours"),
    )


def _cells(row: Outlook) -> tuple[Cell, ...]:
    hours = (row.promised, row.waiting, row.asked, row.expected, row.high, row.capacity, row.spare)
    return (row.sku.upper(), row.quarter, *(some * HOUR for some in hours))
