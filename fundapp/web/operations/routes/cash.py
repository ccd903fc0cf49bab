"""The fund's cash: calls to the investors, what comes back, terms, rounds, conditions of tranches."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Verb
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.portfolio.actions import (
    approve_movement,
    cancel_call,
    draft_calls,
    draft_correction,
    draft_payout,
    issue_call,
    receive_call,
    return_movement,
)
from fundapp.portfolio.queries import (
    AwardPage,
    award_page,
    get_capital_call,
    get_movement,
    list_callable,
    list_capital_calls,
    list_corrections,
    list_movements,
    undistributed,
)
from fundapp.web.operations.doing import REFUSED, act, may_open, once_for, say_faults, show_fault
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import ReasonForm
from fundapp.web.operations.forms.cash import (
    EXPENSE_WORDS,
    MOVEMENT_WORDS,
    SHARING_WORDS,
    STATE_WORDS,
    CallForm,
    CorrectionForm,
    PayoutForm,
    ReceiveForm,
    day_of,
)
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Column, asked_download, table_download
from fundapp.web.shell.forms import KeyedForm, KeyOnlyForm
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

_CONDITION = "/portfolio/<number>/cash/conditions/<uuid:condition_id>"


def load_award(number: str) -> AwardPage:
    """Return the page of an award that the viewer may see."""
    may_open(Kind.AWARD)
    with db().read() as session:
        return award_page(session, viewer(), number)


def submit(form: KeyedForm, work: Callable[[Session], object], said: str, fallback: str) -> bool:
    """Run a change that a form on a page of its own asks for, once; a refusal stands beside its field.

    Raises:
        NotFoundError: if what it is about is absent or out of sight.
    """
    try:
        db().transaction(once_for(form, work))
    except NotFoundError:
        raise
    except InvalidInputError as error:
        show_fault(form, error, fallback)
        return False
    except FundError as error:
        form[fallback].errors = [say_refusal(error)]
        return False
    flash(said, "ok")
    return True


# ---- calls ----


@blueprint.get("/cash")
def cash_page() -> ResponseReturnValue:
    """Lead to the first of the pages about cash."""
    may_open(Kind.AWARD)
    return redirect(url_for(".calls_page"))


@blueprint.route("/cash/calls", methods=["GET", "POST"])
def calls_page() -> ResponseReturnValue:
    """List the capital calls, and draft new ones."""
    may_open(Kind.AWARD)
    with db().read() as session:
        rows = list_capital_calls(session, viewer(), now())
        open_ones = list_callable(session, viewer())
    if kind := asked_download():
        columns = [
            Column(gettext("번호")),
            Column(gettext("출자자")),
            Column(gettext("상태")),
            Column(gettext("통지일"), "day"),
            Column(gettext("납입 기한"), "day"),
            Column(gettext("입금일"), "day"),
            Column(gettext("금액"), "won"),
        ]
        cells = [
            (
                one.number,
                pick(one.investor_ko, one.investor_en),
                str(STATE_WORDS[one.state]),
                one.notice_on,
                one.due_on,
                one.paid_on,
                one.amount_krw,
            )
            for one in rows
        ]
        return table_download(gettext("출자 요청"), columns, cells, form=kind)
    form = CallForm()
    form.offer((one.id, f"{one.company} {one.number}") for one in open_ones)
    if form.is_submitted():
        may_open(Kind.AWARD, Verb.PREPARE)
        if form.validate() and submit(
            form,
            lambda session: _draft_calls(session, form),
            gettext("출자 요청을 작성했습니다. 다른 사람이 보내면 출자자에게 편지가 갑니다."),
            "due_on",
        ):
            return redirect(url_for(".calls_page"))
    page = Page.cut(rows, asked_page())
    body = render_template(
        "operations/cash_calls.html", page=page, form=form, callable=open_ones, expenses=EXPENSE_WORDS
    )
    return (body, REFUSED) if form.errors else body


def _draft_calls(session: Session, form: CallForm) -> None:
    draft_calls(
        session,
        tranche_ids=form.tranches.data or [],
        expenses=form.to_expenses(),
        due_on=day_of(form.due_on),
        note=form.note.data or "",
        actor=viewer(),
        at=now(),
    )


@blueprint.get("/cash/calls/<number>")
def one_call(number: str) -> ResponseReturnValue:
    """Show one capital call with its lines, and what can be done with it."""
    may_open(Kind.AWARD)
    with db().read() as session:
        call = get_capital_call(session, viewer(), number, now())
        corrections = list_corrections(session, viewer(), call=number)
    form = ReceiveForm(formdata=None, data={"paid_on": kst_date(now())})
    return render_template(
        "operations/cash_call.html", call=call, form=form, expenses=EXPENSE_WORDS, corrections=corrections
    )


@blueprint.post("/cash/calls/<number>/<any(issue,receive,cancel):step>")
def step_call(number: str, step: str) -> ResponseReturnValue:
    """Issue a call, record that it was paid in, or take it back."""
    may_open(Kind.AWARD, Verb.APPROVE)
    form = {"issue": KeyOnlyForm, "receive": ReceiveForm, "cancel": ReasonForm}[step]()
    if not form.validate_on_submit():
        say_faults(form)
    elif step == "issue":
        act(lambda s: issue_call(s, number=number, actor=viewer(), at=now()), gettext("출자 요청을 보냈습니다."))
    elif step == "receive":
        act(
            lambda s: receive_call(s, number=number, paid_on=day_of(form.paid_on), actor=viewer(), at=now()),
            gettext("납입을 기록했습니다."),
            form,
        )
    else:
        act(
            lambda s: cancel_call(s, number=number, reason=form.reason.data or "", actor=viewer(), at=now()),
            gettext("출자 요청을 거두었습니다."),
            form,
        )
    return redirect(url_for(".one_call", number=number))


# ---- movements ----


@blueprint.route("/cash/movements", methods=["GET", "POST"])
def movements_page() -> ResponseReturnValue:
    """List what came back, was lost and was paid out; draft a payout."""
    may_open(Kind.AWARD)
    with db().read() as session:
        rows = list_movements(session, viewer())
        there = undistributed(session)
    if kind := asked_download():
        columns = [
            Column(gettext("번호")),
            Column(gettext("종류")),
            Column(gettext("협약")),
            Column(gettext("기업")),
            Column(gettext("기준일"), "day"),
            Column(gettext("금액"), "won"),
            Column(gettext("줄어든 투자 원가"), "won"),
            Column(gettext("상태")),
            Column(gettext("근거")),
        ]
        cells = [
            (
                one.number,
                str(MOVEMENT_WORDS[one.kind]),
                one.award,
                one.company,
                one.effective_on,
                one.amount_krw,
                one.cost_krw,
                str(STATE_WORDS[one.state]),
                one.reason,
            )
            for one in rows
        ]
        return table_download(gettext("회수와 분배"), columns, cells, form=kind)
    form = PayoutForm(data={"amount_krw": there, "effective_on": kst_date(now())})
    if form.is_submitted():
        may_open(Kind.AWARD, Verb.PREPARE)
        if form.validate() and submit(
            form,
            lambda session: _draft_payout(session, form),
            gettext("분배를 올렸습니다. 다른 사람이 승인하면 지급됩니다."),
            "amount_krw",
        ):
            return redirect(url_for(".movements_page"))
    body = render_template(
        "operations/cash_movements.html",
        page=Page.cut(rows, asked_page()),
        there=there,
        form=form,
        words=MOVEMENT_WORDS,
    )
    return (body, REFUSED) if form.errors else body


def _draft_payout(session: Session, form: PayoutForm) -> None:
    draft_payout(
        session,
        amount_krw=form.amount_krw.data,
        sharing=form.sharing.data or "",
        effective_on=day_of(form.effective_on),
        reason=form.reason.data or "",
        actor=viewer(),
        at=now(),
    )


@blueprint.get("/cash/movements/<number>")
def one_movement(number: str) -> ResponseReturnValue:
    """Show one movement, and what can be done with it."""
    may_open(Kind.AWARD)
    with db().read() as session:
        found = get_movement(session, viewer(), number)
    form = CorrectionForm(formdata=None, data={"effective_on": kst_date(now())})
    return render_template(
        "operations/cash_movement.html", one=found, words=MOVEMENT_WORDS, sharing=SHARING_WORDS, form=form
    )


@blueprint.post("/cash/movements/<number>/<any(approve,return,correct):step>")
def step_movement(number: str, step: str) -> ResponseReturnValue:
    """Approve a movement, send it back, or draft its correction."""
    may_open(Kind.AWARD, Verb.PREPARE if step == "correct" else Verb.APPROVE)
    form = {"approve": KeyOnlyForm, "return": ReasonForm, "correct": CorrectionForm}[step]()
    if not form.validate_on_submit():
        say_faults(form)
    elif step == "approve":
        act(lambda s: approve_movement(s, number=number, actor=viewer(), at=now()), gettext("승인하고 기록했습니다."))
    elif step == "return":
        act(
            lambda s: return_movement(s, number=number, reason=form.reason.data or "", actor=viewer(), at=now()),
            gettext("돌려보냈습니다."),
            form,
        )
    else:
        act(
            once_for(form, lambda s: _correct(s, number, form)),
            gettext("정정을 올렸습니다. 다른 사람이 승인하면 되돌립니다."),
            form,
        )
    return redirect(url_for(".one_movement", number=number))


def _correct(session: Session, number: str, form: CorrectionForm) -> None:
    draft_correction(
        session,
        number=number,
        effective_on=day_of(form.effective_on),
        reason=form.reason.data or "",
        actor=viewer(),
        at=now(),
    )
