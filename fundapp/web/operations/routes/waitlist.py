"""The waitlist and its offers, notices of reclaim, and what followed use beyond grants."""

from __future__ import annotations

import uuid

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from fundapp.core.access import Kind, Thing, Verb, may
from fundapp.portfolio.actions import (
    leave_waitlist,
    mark_blocked,
    offer_reclaimed,
    settle_charge,
    waive_notice,
)
from fundapp.portfolio.queries import (
    ChargeRow,
    NoticeRow,
    WaitlistRow,
    list_blocks,
    list_charges,
    list_notices,
    list_offers,
    list_waitlist,
)
from fundapp.web.grants.change_words import NOTICE_WORDS, OFFER_WORDS, RULE_WORDS
from fundapp.web.operations.doing import act, may_open, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import ReasonForm
from fundapp.web.operations.forms.changes import NoteForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Cell, Column, asked_download, table_download
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.viewer import viewer

_OFFERS_SHOWN = 30


@blueprint.get("/waitlist")
def waitlist_page() -> ResponseReturnValue:
    """Show the line in order, open offers with their end, and the newest answers."""
    may_open(Kind.CHANGE)
    form = asked_download()
    with db().read() as session:
        line = list_waitlist(session, viewer())
        offers = list_offers(session, viewer(), limit=_OFFERS_SHOWN)
    if form is not None:
        rows = (_entry_cells(place, row) for place, row in enumerate(line, start=1))
        return table_download(gettext("대기 명단"), _entry_columns(), rows, form=form)
    return render_template(
        "operations/waitlist.html",
        page=Page.cut(line, asked_page()),
        offers=[one for one in offers if one.state != "open"],
        words=OFFER_WORDS,
        may_offer=may(viewer(), Verb.EDIT, Thing(Kind.POOL)),
    )


def _entry_columns() -> list[Column]:
    return [
        Column(gettext("순서"), "number"),
        Column(gettext("협약 번호")),
        Column(gettext("기업")),
        Column(gettext("종류")),
        Column(gettext("리전")),
        Column(gettext("분기")),
        Column(gettext("원하는 시간"), "hours"),
        Column(gettext("최소 시간"), "hours"),
        Column(gettext("받은 시간"), "hours"),
        Column(gettext("변경 요청")),
        Column(gettext("올린 시각"), "instant"),
    ]


def _entry_cells(place: int, row: WaitlistRow) -> list[Cell]:
    return [
        place,
        row.award,
        row.company,
        row.sku.upper(),
        row.region,
        row.quarter,
        row.wanted_e4,
        row.minimum_e4,
        row.served_e4,
        row.change,
        row.joined_at,
    ]


@blueprint.post("/waitlist/offer")
def offer_now() -> ResponseReturnValue:
    """Offer free hours now instead of at the next full hour."""
    may_open(Kind.POOL, Verb.EDIT)
    if KeyOnlyForm().validate_on_submit():
        act(
            lambda session: offer_reclaimed(session, actor=viewer(), at=now()),
            gettext("남은 시간을 차례대로 제안했습니다."),
        )
    return redirect(url_for(".waitlist_page"))


@blueprint.post("/waitlist/<uuid:entry_id>/leave")
def leave(entry_id: uuid.UUID) -> ResponseReturnValue:
    """Take an entry out of the line."""
    may_open(Kind.CHANGE, Verb.RESOLVE)
    if KeyOnlyForm().validate_on_submit():
        act(
            lambda session: leave_waitlist(session, entry_id=entry_id, actor=viewer(), at=now()),
            gettext("대기 명단에서 뺐습니다."),
        )
    return redirect(url_for(".waitlist_page"))


@blueprint.get("/changes/reclaim")
def reclaim_page() -> ResponseReturnValue:
    """List notices of reclaim, open ones first."""
    may_open(Kind.CHANGE)
    form = asked_download()
    with db().read() as session:
        rows = list_notices(session, viewer())
    rows.sort(key=lambda row: row.state != "open")
    if form is not None:
        return table_download(gettext("회수 예고"), _notice_columns(), map(_notice_cells, rows), form=form)
    return render_template(
        "operations/reclaim.html", page=Page.cut(rows, asked_page()), states=NOTICE_WORDS, rules=RULE_WORDS
    )


def _notice_columns() -> list[Column]:
    return [
        Column(gettext("협약 번호")),
        Column(gettext("기업")),
        Column(gettext("종류")),
        Column(gettext("리전")),
        Column(gettext("분기")),
        Column(gettext("회수 규칙")),
        Column(gettext("대상 시간"), "hours"),
        Column(gettext("예고 시각"), "instant"),
        Column(gettext("회수일(UTC)"), "day"),
        Column(gettext("상태")),
        Column(gettext("회수한 시간"), "hours"),
        Column(gettext("사유")),
        Column(gettext("거래")),
    ]


def _notice_cells(row: NoticeRow) -> list[Cell]:
    return [
        row.award,
        row.company,
        row.sku.upper(),
        row.region,
        row.quarter,
        str(RULE_WORDS[row.rule]),
        row.hours_e4,
        row.noticed_at,
        row.acts_on,
        str(NOTICE_WORDS[row.state][0]),
        row.reclaimed_e4,
        row.end_reason,
        row.txn_key,
    ]


@blueprint.post("/changes/reclaim/<uuid:notice_id>")
def waive(notice_id: uuid.UUID) -> ResponseReturnValue:
    """Leave a company its hours in spite of the rule, with a reason."""
    may_open(Kind.CHANGE, Verb.RESOLVE)
    form = ReasonForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: waive_notice(
                session, notice_id=notice_id, reason=form.reason.data or "", actor=viewer(), at=now()
            ),
            gettext("회수를 면제했습니다."),
            form,
        )
    return redirect(url_for(".reclaim_page"))


@blueprint.get("/changes/overage")
def overage_page() -> ResponseReturnValue:
    """List requests to block and lines that bill use beyond grants."""
    may_open(Kind.CHANGE)
    form = asked_download()
    with db().read() as session:
        blocks = list_blocks(session, viewer())
        charges = list_charges(session, viewer())
    if form is not None:
        return table_download(gettext("초과 사용 청구"), _charge_columns(), map(_charge_cells, charges), form=form)
    return render_template(
        "operations/overage.html",
        blocks=blocks,
        page=Page.cut(charges, asked_page()),
        may_settle=may(viewer(), Verb.APPROVE, Thing(Kind.AWARD)),
    )


def _charge_columns() -> list[Column]:
    return [
        Column(gettext("협약 번호")),
        Column(gettext("기업")),
        Column(gettext("종류")),
        Column(gettext("리전")),
        Column(gettext("분기")),
        Column(gettext("줄"), "number"),
        Column(gettext("초과 시간"), "hours"),
        Column(gettext("단가"), "won"),
        Column(gettext("금액"), "won"),
        Column(gettext("상태")),
        Column(gettext("청구 시각"), "instant"),
        Column(gettext("정산 시각"), "instant"),
    ]


def _charge_cells(row: ChargeRow) -> list[Cell]:
    return [
        row.award,
        row.company,
        row.sku.upper(),
        row.region,
        row.quarter,
        row.number,
        row.hours_e4,
        row.rate_krw,
        row.amount_krw,
        gettext("정산") if row.state == "settled" else gettext("미정산"),
        row.charged_at,
        row.settled_at,
    ]


@blueprint.post("/changes/overage/blocks/<uuid:request_id>")
def block_done(request_id: uuid.UUID) -> ResponseReturnValue:
    """Note that the contributor has blocked the subscriptions."""
    may_open(Kind.USAGE, Verb.EDIT)
    form = NoteForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: mark_blocked(
                session, request_id=request_id, note=form.note.data or "", actor=viewer(), at=now()
            ),
            gettext("차단되었다고 기록했습니다."),
            form,
        )
    return redirect(url_for(".overage_page"))


@blueprint.post("/changes/overage/charges/<uuid:charge_id>")
def charge_settled(charge_id: uuid.UUID) -> ResponseReturnValue:
    """Note that a charge line has been paid or credited."""
    may_open(Kind.AWARD, Verb.APPROVE)
    if KeyOnlyForm().validate_on_submit():
        act(
            lambda session: settle_charge(session, charge_id=charge_id, actor=viewer(), at=now()),
            gettext("정산되었다고 기록했습니다."),
        )
    return redirect(url_for(".overage_page"))
