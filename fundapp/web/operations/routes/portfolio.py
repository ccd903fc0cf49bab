"""Awards: sign what was carried, pay in two steps by two people, watch what is used, mark what it is worth."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, may
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.core.quarters import Quarter, kst_date, utc_day
from fundapp.portfolio.actions import (
    disburse_tranche,
    prepare_tranche,
    record_valuation,
    return_tranche,
    sign_award,
)
from fundapp.portfolio.queries import AwardPage, award_page, list_awards, portfolio_totals
from fundapp.web.operations.burndown import draw_burndowns
from fundapp.web.operations.doing import CONFLICT, REFUSED, act, may_open, say_faults, show_fault
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import INSTRUMENT_WORDS, ReasonForm, SignForm, TrancheForm, ValuationForm
from fundapp.web.operations.reading import UnsignedRow, list_unsigned
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import current_locale, gettext
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.viewer import viewer

_TRANCHE = "/portfolio/<number>/tranches/<uuid:tranche_id>"


@blueprint.get("/portfolio")
def portfolio_page() -> ResponseReturnValue:
    """List the awards, and the decisions that wait to be signed."""
    may_open(Kind.AWARD)
    with db().read() as session:
        awards = list_awards(session, viewer())
        totals = portfolio_totals(session, viewer())
        unsigned = list_unsigned(session, viewer())
    return render_template(
        "operations/portfolio.html",
        page=Page.cut(awards, asked_page()),
        totals=totals,
        unsigned=unsigned,
        instruments=INSTRUMENT_WORDS,
    )


@blueprint.route("/decisions/<uuid:decision_id>/sign", methods=["GET", "POST"])
def sign(decision_id: uuid.UUID) -> ResponseReturnValue:
    """Turn a carried decision into an award; open conditions stand in the way."""
    may_open(Kind.AWARD, Verb.SIGN)
    with db().read() as session:
        found = next((one for one in list_unsigned(session, viewer()) if one.decision_id == decision_id), None)
    if found is None:
        raise NotFoundError
    form = SignForm(data={"signed_on": kst_date(now()), "instrument": "RCPS"})
    if not form.validate_on_submit():
        return _sign_page(found, form), REFUSED if form.errors else 200
    try:
        number = db().transaction(lambda session: _sign(session, decision_id, form))
    except NotFoundError:
        raise
    except FundError as error:
        form.instrument.errors = [error.message(current_locale())]
        return _sign_page(found, form), CONFLICT
    flash(gettext("협약 %(number)s을 체결했습니다.", number=number), "ok")
    return redirect(url_for(".one_award", number=number))


def _sign_page(found: UnsignedRow, form: SignForm) -> str:
    return render_template("operations/sign.html", one=found, form=form)


def _sign(session: Session, decision_id: uuid.UUID, form: SignForm) -> str:
    return sign_award(
        session,
        decision_id=decision_id,
        instrument=form.instrument.data,
        key=form.key.data or "",
        actor=viewer(),
        at=now(),
        signed_on=form.to_day(),
    ).number


@blueprint.get("/portfolio/<number>")
def one_award(number: str) -> ResponseReturnValue:
    """Show an award: cash, GPU time, conditions, marks."""
    may_open(Kind.AWARD)
    return _award(number, ValuationForm())


def _load(number: str) -> AwardPage:
    with db().read() as session:
        return award_page(session, viewer(), number)


def _award(number: str, form: ValuationForm) -> str:
    page = _load(number)
    return render_template(
        "operations/award.html",
        page=page,
        burndowns=draw_burndowns(page.grants, page.usage, utc_day(now())),
        instruments=INSTRUMENT_WORDS,
        form=form if may(viewer(), Verb.SIGN, Thing(Kind.AWARD)) else None,
        previous=str(Quarter.of_instant_kst(now()).previous),
    )


def _require_tranche(number: str, tranche_id: uuid.UUID) -> None:
    if all(one.id != tranche_id for one in _load(number).tranches):
        raise NotFoundError


@blueprint.post(f"{_TRANCHE}/prepare")
def prepare(number: str, tranche_id: uuid.UUID) -> ResponseReturnValue:
    """Propose a tranche for payment."""
    _require_tranche(number, tranche_id)
    form = TrancheForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: prepare_tranche(
                session, tranche_id=tranche_id, evidence=form.evidence.data, actor=viewer(), at=now()
            ),
            gettext("집행을 올렸습니다. 다른 사람이 승인하면 지급됩니다."),
        )
    return redirect(url_for(".one_award", number=number))


@blueprint.post(f"{_TRANCHE}/approve")
def approve(number: str, tranche_id: uuid.UUID) -> ResponseReturnValue:
    """Approve and pay a tranche that somebody else proposed."""
    _require_tranche(number, tranche_id)
    form = KeyOnlyForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: disburse_tranche(
                session, tranche_id=tranche_id, key=form.key.data or "", actor=viewer(), at=now()
            ),
            gettext("집행을 승인하고 지급했습니다."),
        )
    return redirect(url_for(".one_award", number=number))


@blueprint.post(f"{_TRANCHE}/return")
def send_back(number: str, tranche_id: uuid.UUID) -> ResponseReturnValue:
    """Send a proposed tranche back, with the reason."""
    _require_tranche(number, tranche_id)
    form = ReasonForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: return_tranche(
                session, tranche_id=tranche_id, reason=form.reason.data or "", actor=viewer(), at=now()
            ),
            gettext("집행을 돌려보냈습니다."),
        )
    return redirect(url_for(".one_award", number=number))


@blueprint.post("/portfolio/<number>/valuations")
def value(number: str) -> ResponseReturnValue:
    """Record a fair-value mark that somebody else prepared."""
    may_open(Kind.AWARD, Verb.SIGN)
    form, award = ValuationForm(request.form), _load(number).award
    if not form.validate_on_submit():
        return _award(number, form), REFUSED
    try:
        db().transaction(
            lambda session: record_valuation(
                session,
                award_id=award.id,
                quarter=Quarter.parse(form.quarter.data or ""),
                fair_value_krw=form.fair_value_krw.data or 0,
                technique=form.technique.data or "",
                note=form.note.data or "",
                prepared_by=(form.prepared_by.data or "").strip(),
                actor=viewer(),
                at=now(),
            )
        )
    except InvalidInputError as error:
        show_fault(form, error, "note")
        return _award(number, form), REFUSED
    except NotFoundError:
        raise
    except FundError as error:
        form.prepared_by.errors = [error.message(current_locale())]
        return _award(number, form), CONFLICT
    flash(gettext("공정가치를 기록했습니다."), "ok")
    return redirect(url_for(".one_award", number=number))
