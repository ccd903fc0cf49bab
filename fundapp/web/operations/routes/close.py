"""Closing a quarter: the list of quarters, the checklist of one, and the steps of two people."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import Quarter
from fundapp.reporting.actions import confirm_close, explain_line, prepare_close, withdraw_close
from fundapp.reporting.close_pages import CloseRow, close_page, list_closes
from fundapp.reporting.close_rules import EXPLAINABLE, Missing
from fundapp.web.operations.doing import act, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import ReasonForm
from fundapp.web.operations.forms.close import ExplainForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Cell, Column, asked_download, table_download
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext, lazy
from fundapp.web.shell.viewer import viewer

STATE_WORDS = {
    "running": (lazy("진행 중"), "line", "hourglass-split"),
    "open": (lazy("마감 전"), "warn", "circle"),
    "prepared": (lazy("확인 대기"), "brand", "person-check"),
    "confirmed": (lazy("서명 대기"), "brand", "pen"),
    "closed": (lazy("마감"), "ok", "lock-fill"),
}
ITEM_WORDS = {
    "over": lazy("분기가 끝났는가"),
    "earlier": lazy("앞선 분기를 마감했는가 (사유를 적으면 함께 닫힙니다)"),
    "suspense": lazy("주인을 모르는 GPU 사용이 없는가"),
    "usage": lazy("사용 기록이 분기 끝(UTC)까지 들어왔는가"),
    "tranches": lazy("기한이 된 집행을 모두 처리했는가"),
    "calls": lazy("기한이 된 출자 요청이 모두 납입되었는가"),
    "marks": lazy("보유 지분을 모두 평가하고 승인했는가"),
    "holds": lazy("열린 예약을 살펴보았는가"),
    "changes": lazy("변경 요청을 모두 결정했는가"),
    "conditions": lazy("기한이 지난 이행조건을 살펴보았는가"),
    "ledger": lazy("원장이 맞는가"),
    "report": lazy("펀드와 두 출자자가 보고서에 서명했는가"),
}
STEP_WORDS = {
    "prepared": lazy("점검을 마침"),
    "confirmed": lazy("확인"),
    "withdrawn": lazy("되돌림"),
    "closed": lazy("마감"),
}


@blueprint.get("/close")
def closes_page() -> ResponseReturnValue:
    """List the quarters with their state."""
    with db().read() as session:
        rows = list_closes(session, viewer(), at=now())
    if form := asked_download():
        return table_download(gettext("분기 마감"), _columns(), map(_cells, rows), form=form)
    return render_template("operations/closes.html", rows=rows, states=STATE_WORDS)


def _columns() -> list[Column]:
    return [
        Column(gettext("분기")),
        Column(gettext("상태")),
        Column(gettext("거래"), "number"),
        Column(gettext("마감한 사람")),
        Column(gettext("마감한 때"), "instant"),
        Column("SHA-256"),
    ]


def _cells(row: CloseRow) -> list[Cell]:
    return [row.quarter, str(STATE_WORDS[row.state][0]), row.transfers, row.closed_by, row.closed_at, row.sha256]


def _quarter(text: str) -> Quarter:
    try:
        return Quarter.parse(text)
    except ValueError as error:
        raise NotFoundError from error


@blueprint.get("/close/<quarter>")
def close_quarter_page(quarter: str) -> ResponseReturnValue:
    """Show the checklist of a quarter and what has been done about it."""
    with db().read() as session:
        page = close_page(session, viewer(), _quarter(quarter), at=now())
    prepared = next((one for one in reversed(page.steps) if one.step == "prepared"), None)
    return render_template(
        "operations/close.html",
        page=page,
        period=_quarter(quarter),
        states=STATE_WORDS,
        items=ITEM_WORDS,
        steps=STEP_WORDS,
        explainable=EXPLAINABLE,
        mine=prepared is not None and prepared.person_id == viewer().person_id,
        link_of=_link,
    )


_PLACES = {
    "award": ("operations.one_award", "number"),
    "hold": ("operations.transaction_page", "key"),
    "quarter": ("operations.close_quarter_page", "quarter"),
    "call": ("operations.one_call", "number"),
    "change": ("operations.one_change", "number"),
    "report": ("partners.archive", ""),
    "suspense": ("operations.usage_page", ""),
}


def _link(one: Missing) -> str | None:
    """Return where something missing can be dealt with."""
    if one.kind not in _PLACES:
        return None
    endpoint, name = _PLACES[one.kind]
    values: dict[str, Any] = {name: one.ref} if name else {}
    return url_for(endpoint, **values)


@blueprint.post("/close/<quarter>/explain")
def explain_close(quarter: str) -> ResponseReturnValue:
    """Write down why a line may stay open."""
    form, period = ExplainForm(), _quarter(quarter)
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: explain_line(
                session,
                quarter=period,
                item=form.item.data or "",
                note=form.note.data or "",
                actor=viewer(),
                at=now(),
            ),
            gettext("사유를 적었습니다. 빠진 것이 바뀌면 다시 적어야 합니다."),
            form,
        )
    return redirect(url_for(".close_quarter_page", quarter=quarter))


@blueprint.post("/close/<quarter>/prepare")
def prepare_quarter(quarter: str) -> ResponseReturnValue:
    """Vouch for the checklist."""
    form, period = KeyOnlyForm(), _quarter(quarter)
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: prepare_close(session, quarter=period, actor=viewer(), at=now()),
            gettext("점검을 마쳤습니다. 다른 사람이 확인하면 마감으로 넘어갑니다."),
        )
    return redirect(url_for(".close_quarter_page", quarter=quarter))


@blueprint.post("/close/<quarter>/confirm")
def confirm_quarter(quarter: str) -> ResponseReturnValue:
    """Confirm what somebody else prepared."""
    form, period = KeyOnlyForm(), _quarter(quarter)
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: confirm_close(session, quarter=period, actor=viewer(), at=now()),
            gettext("확인했습니다. 보고서 서명이 모두 모이면 장부가 닫힙니다."),
        )
    return redirect(url_for(".close_quarter_page", quarter=quarter))


@blueprint.post("/close/<quarter>/withdraw")
def withdraw_quarter(quarter: str) -> ResponseReturnValue:
    """Take a preparation back."""
    form, period = ReasonForm(), _quarter(quarter)
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: withdraw_close(
                session, quarter=period, reason=form.reason.data or "", actor=viewer(), at=now()
            ),
            gettext("마감 점검을 되돌렸습니다."),
            form,
        )
    return redirect(url_for(".close_quarter_page", quarter=quarter))
