"""Corrections of payments: of a tranche that was paid, of a part of a call that was received."""

from __future__ import annotations

import uuid

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Verb
from fundapp.core.errors import NotFoundError
from fundapp.portfolio.actions import (
    approve_payment_correction,
    draft_payment_correction,
    return_payment_correction,
)
from fundapp.portfolio.queries import get_capital_call, get_correction
from fundapp.web.operations.doing import act, may_open, once_for, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import ReasonForm
from fundapp.web.operations.forms.cash import PaymentCorrectionForm, day_of
from fundapp.web.operations.routes.cash import load_award
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.viewer import viewer


@blueprint.post("/portfolio/<number>/cash/tranches/<uuid:tranche_id>/correct")
def correct_tranche(number: str, tranche_id: uuid.UUID) -> ResponseReturnValue:
    """Draft the right amount and day of a tranche that was paid."""
    may_open(Kind.AWARD, Verb.PREPARE)
    if all(one.id != tranche_id for one in load_award(number).tranches):
        raise NotFoundError
    _draft(tranche_id=tranche_id)
    return redirect(url_for(".one_award", number=number))


@blueprint.post("/cash/calls/<number>/lines/<int:place>/correct")
def correct_line(number: str, place: int) -> ResponseReturnValue:
    """Draft the right amount and day of a part of a call that was received."""
    may_open(Kind.AWARD, Verb.PREPARE)
    with db().read() as session:
        lines = get_capital_call(session, viewer(), number, now()).lines
    line = next((one for one in lines if one.place == place and not one.hidden), None)
    if line is None:
        raise NotFoundError
    _draft(line_id=line.id)
    return redirect(url_for(".one_call", number=number))


def _draft(*, tranche_id: uuid.UUID | None = None, line_id: uuid.UUID | None = None) -> None:
    form = PaymentCorrectionForm()
    if not form.validate_on_submit():
        say_faults(form)
        return

    def work(session: Session) -> None:
        draft_payment_correction(
            session,
            tranche_id=tranche_id,
            line_id=line_id,
            amount_krw=form.amount_krw.data or 0,
            effective_on=day_of(form.effective_on),
            reason=form.reason.data or "",
            actor=viewer(),
            at=now(),
        )

    act(once_for(form, work), gettext("정정을 올렸습니다. 다른 사람이 승인하면 기록됩니다."), form)


@blueprint.get("/cash/corrections/<number>")
def one_correction(number: str) -> ResponseReturnValue:
    """Show one correction of a payment, and what can be done with it."""
    may_open(Kind.AWARD)
    with db().read() as session:
        found = get_correction(session, viewer(), number)
    belongs_to = "" if found.call else "/operations/portfolio"
    return render_template("operations/cash_correction.html", one=found, belongs_to=belongs_to)


@blueprint.post("/cash/corrections/<number>/<any(approve,return):step>")
def step_correction(number: str, step: str) -> ResponseReturnValue:
    """Approve a correction of a payment, or send it back."""
    may_open(Kind.AWARD, Verb.APPROVE)
    form = KeyOnlyForm() if step == "approve" else ReasonForm()
    if not form.validate_on_submit():
        say_faults(form)
    elif isinstance(form, ReasonForm):
        reason = form.reason.data or ""
        act(
            lambda s: return_payment_correction(s, number=number, reason=reason, actor=viewer(), at=now()),
            gettext("돌려보냈습니다."),
        )
    else:
        act(
            lambda s: approve_payment_correction(s, number=number, actor=viewer(), at=now()),
            gettext("승인하고 기록했습니다."),
        )
    return redirect(url_for(".one_correction", number=number))
