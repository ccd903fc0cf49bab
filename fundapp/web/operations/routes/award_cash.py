"""An award's cash: what the company page shows of it, its proceeds, terms, rounds and conditions."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Role, Verb
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.portfolio.actions import (
    add_tranche_condition,
    draft_distribution,
    draft_write_off,
    meet_tranche_condition,
    record_round,
    record_terms,
    waive_tranche_condition,
)
from fundapp.portfolio.queries import (
    AwardRow,
    CorrectionRow,
    Lineage,
    RoundRow,
    TermsRow,
    as_converted,
    list_corrections,
    list_drafts,
    list_movements,
    load_lineage,
    load_rounds,
    load_terms,
)
from fundapp.portfolio.rules import TERMS, Converted
from fundapp.web.operations.doing import REFUSED, act, may_open, once_for, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import INSTRUMENT_WORDS, ReasonForm
from fundapp.web.operations.forms.cash import (
    ConditionTextForm,
    EvidenceForm,
    MovementForm,
    RoundForm,
    TermsForm,
    day_of,
)
from fundapp.web.operations.routes.cash import load_award, submit
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.viewer import viewer

_CONDITION = "/portfolio/<number>/cash/conditions/<uuid:condition_id>"


@dataclass(frozen=True, slots=True)
class AwardCash:
    """What the company page shows of an award's cash besides its tranches.

    Attributes:
        waiting: Numbers of drafted movements that wait for approval.
        drafts: Marks that wait for approval.
        lineage: The award that this one follows, and those that followed it.
        corrections: Of payments of its tranches, newest first.
    """

    terms: TermsRow | None
    rounds: tuple[RoundRow, ...]
    converted: Converted | None
    movements: int
    waiting: tuple[str, ...]
    drafts: tuple[uuid.UUID, ...]
    lineage: Lineage
    corrections: tuple[CorrectionRow, ...]


@blueprint.app_template_global("award_cash")
def award_cash(award: AwardRow) -> AwardCash:
    """Return terms, rounds and what waits, for an award that the viewer has been shown."""
    with db().read() as session:
        terms, rounds = load_terms(session, award.id), load_rounds(session, award.id)
        movements = list_movements(session, viewer(), award_id=award.id)
        drafts = list_drafts(session, viewer(), award_id=award.id)
        lineage = load_lineage(session, viewer(), award.id)
        corrections = list_corrections(session, viewer(), award=award.number)
    return AwardCash(
        terms=terms[0] if terms else None,
        rounds=rounds,
        converted=as_converted(terms, rounds, award.disbursed_krw),
        movements=len(movements),
        waiting=tuple(one.number for one in movements if one.state == "drafted"),
        drafts=tuple(one.id for one in drafts),
        lineage=lineage,
        corrections=tuple(corrections),
    )


@blueprint.app_template_global("may_waive")
def may_waive() -> bool:
    """Say whether the viewer may waive conditions of tranches: the chair and finance."""
    return viewer().has(Role.CHAIR, Role.FINANCE)


@blueprint.route("/portfolio/<number>/cash/movement", methods=["GET", "POST"])
def draft_movement(number: str) -> ResponseReturnValue:
    """Draft proceeds of a holding, or the loss of its cost."""
    may_open(Kind.AWARD, Verb.PREPARE)
    page = load_award(number)
    form = MovementForm(data={"effective_on": kst_date(now())})
    if form.validate_on_submit() and submit(
        form,
        lambda session: _draft_movement(session, page.award.id, form),
        gettext("올렸습니다. 다른 사람이 승인하면 기록됩니다."),
        "amount_krw",
    ):
        return redirect(url_for(".movements_page"))
    body = render_template("operations/cash_draft.html", award=page.award, form=form)
    return (body, REFUSED) if form.errors else body


def _draft_movement(session: Session, award_id: uuid.UUID, form: MovementForm) -> None:
    on, reason = day_of(form.effective_on), form.reason.data or ""
    if form.kind.data == "write_off":
        lost = form.cost_krw.data or 0
        draft_write_off(
            session, award_id=award_id, amount_krw=lost, effective_on=on, reason=reason, actor=viewer(), at=now()
        )
        return
    draft_distribution(
        session,
        award_id=award_id,
        kind=form.kind.data or "",
        amount_krw=form.amount_krw.data or 0,
        cost_krw=form.cost_krw.data or 0,
        effective_on=on,
        reason=reason,
        actor=viewer(),
        at=now(),
    )


# ---- terms and rounds ----


@blueprint.route("/portfolio/<number>/cash/terms", methods=["GET", "POST"])
def terms_page(number: str) -> ResponseReturnValue:
    """Show the versions of an award's terms, and record another."""
    page = load_award(number)
    instrument = page.award.instrument
    with db().read() as session:
        versions = load_terms(session, page.award.id)
    form = TermsForm.fit(instrument, data=_last_terms(versions))
    if form.is_submitted():
        may_open(Kind.AWARD, Verb.PREPARE)
        if form.validate() and submit(
            form, lambda session: _record_terms(session, page.award, form), gettext("투자 조건을 기록했습니다."), "note"
        ):
            return redirect(url_for(".terms_page", number=number))
    body = render_template(
        "operations/cash_terms.html",
        award=page.award,
        form=form,
        versions=versions,
        terms=TERMS[instrument],
        instruments=INSTRUMENT_WORDS,
    )
    return (body, REFUSED) if form.errors else body


def _last_terms(versions: tuple[TermsRow, ...]) -> dict[str, object]:
    """Return what the form of the next version starts from: dates as dates, basis points as percent."""
    if not versions:
        return {}
    last = versions[0]
    found: dict[str, object] = {"option_krw": last.option_krw, "option_until": last.option_until}
    for term in TERMS[last.instrument]:
        value = last.terms.get(term.name)
        if value is not None and term.kind == "date":
            value_shown: object = date.fromisoformat(str(value))
        elif value is not None and term.kind == "bp":
            value_shown = Decimal(int(value)) / 100
        else:
            value_shown = value
        found[term.name] = value_shown
    return found


def _record_terms(session: Session, award: AwardRow, form: TermsForm) -> None:
    record_terms(
        session,
        award_id=award.id,
        terms=form.to_terms(award.instrument),
        note=form.note.data or "",
        option_krw=form.option_krw.data,
        option_until=form.option_until.data,
        actor=viewer(),
        at=now(),
    )


@blueprint.route("/portfolio/<number>/cash/rounds", methods=["GET", "POST"])
def rounds_page(number: str) -> ResponseReturnValue:
    """Show the financing rounds of a company and our holding after each, and record another."""
    page = load_award(number)
    with db().read() as session:
        terms, rounds = load_terms(session, page.award.id), load_rounds(session, page.award.id)
    form = RoundForm()
    if form.is_submitted():
        may_open(Kind.AWARD, Verb.PREPARE)
        if form.validate() and submit(
            form, lambda session: _record_round(session, page.award.id, form), gettext("라운드를 기록했습니다."), "name"
        ):
            return redirect(url_for(".rounds_page", number=number))
    body = render_template(
        "operations/cash_rounds.html",
        award=page.award,
        form=form,
        rounds=rounds,
        converted=as_converted(terms, rounds, page.award.disbursed_krw),
        instruments=INSTRUMENT_WORDS,
    )
    return (body, REFUSED) if form.errors else body


def _record_round(session: Session, award_id: uuid.UUID, form: RoundForm) -> None:
    record_round(
        session,
        award_id=award_id,
        name=form.name.data or "",
        closed_on=day_of(form.closed_on),
        figures=form.to_round(),
        insider_only=form.insider_only.data,
        source=form.source.data or "",
        actor=viewer(),
        at=now(),
    )


# ---- conditions of tranches ----


@blueprint.post("/portfolio/<number>/cash/tranches/<uuid:tranche_id>/conditions")
def add_condition(number: str, tranche_id: uuid.UUID) -> ResponseReturnValue:
    """Add a condition to a tranche."""
    if all(one.id != tranche_id for one in load_award(number).tranches):
        raise NotFoundError
    form = ConditionTextForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            once_for(
                form,
                lambda s: add_tranche_condition(
                    s,
                    tranche_id=tranche_id,
                    kind=form.kind.data or "",
                    text=form.text.data or "",
                    actor=viewer(),
                    at=now(),
                ),
            ),
            gettext("조건을 더했습니다."),
            form,
        )
    return redirect(url_for(".one_award", number=number))


@blueprint.post(f"{_CONDITION}/<any(meet,waive):step>")
def end_condition(number: str, condition_id: uuid.UUID, step: str) -> ResponseReturnValue:
    """Record that a condition holds, or waive it."""
    known = {condition.id for tranche in load_award(number).tranches for condition in tranche.conditions}
    if condition_id not in known:
        raise NotFoundError
    if step == "meet":
        form = EvidenceForm()
        if not form.validate_on_submit():
            say_faults(form)
        else:
            act(
                lambda s: meet_tranche_condition(
                    s, condition_id=condition_id, evidence=form.evidence.data or "", actor=viewer(), at=now()
                ),
                gettext("충족을 기록했습니다."),
                form,
            )
        return redirect(url_for(".one_award", number=number))
    waiver = ReasonForm()
    if not waiver.validate_on_submit():
        say_faults(waiver)
    else:
        act(
            lambda s: waive_tranche_condition(
                s, condition_id=condition_id, reason=waiver.reason.data or "", actor=viewer(), at=now()
            ),
            gettext("면제를 기록했습니다."),
        )
    return redirect(url_for(".one_award", number=number))
