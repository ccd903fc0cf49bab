"""What companies ask to have changed, and their progress reports: read, decide, say why."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Verb
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.portfolio.actions import (
    accept_progress_report,
    approve_change,
    decline_change,
    release_unsigned,
    return_progress_report,
    wait_for_change,
)
from fundapp.portfolio.queries import (
    ChangePage,
    ChangeRow,
    change_page,
    list_changes,
    list_progress_reports,
    list_waitlist,
)
from fundapp.portfolio.rules import CHANGE_KINDS, PoolShortError
from fundapp.web.grants.change_words import KIND_WORDS, REPORT_WORDS, STATE_WORDS, exact_hours
from fundapp.web.operations.doing import CONFLICT, REFUSED, act, may_open, say_faults, show_fault
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import ReasonForm
from fundapp.web.operations.forms.changes import AnswerForm, DecideForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Cell, Column, asked_download, table_download
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer


@blueprint.get("/changes")
def changes_page() -> ResponseReturnValue:
    """List change requests; those that wait for a decision first."""
    may_open(Kind.CHANGE)
    form = asked_download()
    with db().read() as session:
        rows = list_changes(session, viewer())
    counts = {state: sum(row.state == state for row in rows) for state in STATE_WORDS}
    asked, kind = request.args.get("state", ""), request.args.get("kind", "")
    state = asked if asked in (*STATE_WORDS, "all") else "requested" if counts["requested"] else "all"
    chosen = [row for row in rows if state in {row.state, "all"} and (kind not in CHANGE_KINDS or row.kind == kind)]
    if form is not None:
        return table_download(gettext("변경 요청"), _columns(), map(_cells, chosen), form=form)
    return render_template(
        "operations/changes.html",
        page=Page.cut(chosen, asked_page()),
        counts=counts,
        state=state,
        kind=kind if kind in CHANGE_KINDS else "",
        kinds=KIND_WORDS,
        states=STATE_WORDS,
    )


def _columns() -> list[Column]:
    return [
        Column(gettext("번호")),
        Column(gettext("협약 번호")),
        Column(gettext("기업")),
        Column(gettext("무엇을")),
        Column(gettext("종류")),
        Column(gettext("리전")),
        Column(gettext("분기")),
        Column(gettext("요청한 시간"), "hours"),
        Column(gettext("요청 기한"), "day"),
        Column(gettext("승인한 시간"), "hours"),
        Column(gettext("승인 기한"), "day"),
        Column(gettext("빠진 시간"), "hours"),
        Column(gettext("들어온 시간"), "hours"),
        Column(gettext("상태")),
        Column(gettext("요청 시각"), "instant"),
        Column(gettext("결정한 사람")),
        Column(gettext("결정 시각"), "instant"),
        Column(gettext("거래")),
    ]


def _cells(row: ChangeRow) -> list[Cell]:
    return [
        row.number,
        row.award,
        row.company,
        str(KIND_WORDS[row.kind]),
        row.sku.upper(),
        row.region,
        row.quarter,
        row.hours_e4,
        row.until,
        row.approved_e4,
        row.approved_until,
        row.taken_e4,
        row.given_e4,
        str(STATE_WORDS[row.state][0]),
        row.requested_at,
        row.decided_by,
        row.decided_at,
        row.txn_key,
    ]


@blueprint.get("/changes/<number>")
def one_change(number: str) -> ResponseReturnValue:
    """Show one request with the grant as it stands, what is free, and the arithmetic."""
    may_open(Kind.CHANGE)
    form = DecideForm(formdata=None)
    with db().read() as session:
        page = change_page(session, viewer(), number)
    form.until.data = page.change.until
    return _change(page, form)


def _change(page: ChangePage, form: DecideForm, refusal: str = "") -> str:
    with db().read() as session:
        line = list_waitlist(session, viewer(), state=None, award=page.change.award)
    return render_template(
        "operations/change.html",
        page=page,
        change=page.change,
        form=form,
        refusal=refusal,
        waits=any(entry.change == page.change.number for entry in line),
        kinds=KIND_WORDS,
        states=STATE_WORDS,
    )


@blueprint.post("/changes/<number>")
def decide_change(number: str) -> ResponseReturnValue:
    """Approve a request, wholly or in part, or decline it with a reason."""
    may_open(Kind.CHANGE, Verb.RESOLVE)
    form = DecideForm()
    with db().read() as session:
        page = change_page(session, viewer(), number)
    if not form.validate_on_submit():
        return _change(page, form), REFUSED
    try:
        db().transaction(lambda session: _decide(session, page.change.id, form))
    except NotFoundError:
        raise
    except InvalidInputError as error:
        show_fault(form, error, "reason")
        return _change(page, form), REFUSED
    except PoolShortError as error:
        return _change(page, form, say_refusal(error)), CONFLICT
    except FundError as error:
        flash(say_refusal(error), "err")
        return redirect(url_for(".one_change", number=number))
    approved = form.outcome.data == "approve"
    flash(gettext("승인하고 원장에 옮겼습니다.") if approved else gettext("사유와 함께 알렸습니다."), "ok")
    return redirect(url_for(".one_change", number=number))


def _decide(session: Session, change_id: uuid.UUID, form: DecideForm) -> None:
    reason = form.reason.data or ""
    if form.outcome.data == "decline":
        decline_change(session, change_id=change_id, reason=reason, actor=viewer(), at=now())
        return
    approve_change(
        session,
        change_id=change_id,
        reason=reason,
        actor=viewer(),
        at=now(),
        hours_e4=exact_hours(form.hours.data),
        until=form.until.data,
    )


@blueprint.post("/changes/<number>/wait")
def wait(number: str) -> ResponseReturnValue:
    """Put a company whose supplement was refused at the head of the waitlist."""
    may_open(Kind.CHANGE, Verb.RESOLVE)
    with db().read() as session:
        page = change_page(session, viewer(), number)
    if KeyOnlyForm().validate_on_submit():
        act(
            lambda session: wait_for_change(session, change_id=page.change.id, actor=viewer(), at=now()),
            gettext("대기 명단 맨 앞에 올렸습니다."),
        )
    return redirect(url_for(".one_change", number=number))


@blueprint.get("/changes/progress")
def progress_page() -> ResponseReturnValue:
    """List progress reports; those that wait for an answer first."""
    may_open(Kind.CHANGE)
    with db().read() as session:
        rows = list_progress_reports(session, viewer())
    rows.sort(key=lambda row: row.state != "filed")
    return render_template("operations/progress.html", page=Page.cut(rows, asked_page()), states=REPORT_WORDS)


@blueprint.post("/changes/progress/<uuid:report_id>")
def answer_report(report_id: uuid.UUID) -> ResponseReturnValue:
    """Accept a report, which releases the second half, or give it back with a reason."""
    may_open(Kind.CHANGE, Verb.RESOLVE)
    form = AnswerForm()
    text, actor, at = form.reason.data or "", viewer(), now()
    if not form.validate_on_submit():
        say_faults(form)
    elif form.outcome.data == "accept":
        act(
            lambda session: accept_progress_report(session, report_id=report_id, note=text, actor=actor, at=at),
            gettext("확인하고 나머지 시간을 열었습니다."),
        )
    else:
        act(
            lambda session: return_progress_report(session, report_id=report_id, reason=text, actor=actor, at=at),
            gettext("보완을 요청했습니다."),
        )
    return redirect(url_for(".progress_page"))


@blueprint.post("/decisions/<uuid:decision_id>/lapse")
def lapse_decision(decision_id: uuid.UUID) -> ResponseReturnValue:
    """Let a carried decision lapse that nobody signs; what it holds is free again."""
    form = ReasonForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        reason = form.reason.data or ""
        act(
            lambda session: release_unsigned(session, decision_id=decision_id, reason=reason, actor=viewer(), at=now()),
            gettext("협약하지 않기로 하고 예약을 풀었습니다."),
        )
    return redirect(url_for(".portfolio_page"))
