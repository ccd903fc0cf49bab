"""The applicant's pages: load, form, one action, redirect or render."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import datetime

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.committee.actions import match_application
from fundapp.committee.actions.challenges import CHALLENGEABLE
from fundapp.committee.queries import list_asked
from fundapp.committee.rules import read_conflict_terms
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import InvalidInputError
from fundapp.identity.rules import UnconfirmedError
from fundapp.intake import actions, queries
from fundapp.intake.actions.documents import PROVING_STATES
from fundapp.intake.form import AnswersRefusedError
from fundapp.intake.rules import CallClosedError, CompanyTakenError, NotCertifiedError, counts_as
from fundapp.web import calls
from fundapp.web.portal import companies, forms, pages, receipts, sections, shown
from fundapp.web.portal.decisions import find_own_letter
from fundapp.web.portal.door import CONFLICT, ONE, REFUSED, blueprint, own_page, rate_card
from fundapp.web.portal.outlook import Outlook, outlook
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.links import public_address
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.security import limiter
from fundapp.web.shell.viewer import viewer

__all__ = ["blueprint", "receipts", "sections"]


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Show the viewer's applications and the calls that one can apply to."""
    at = now()
    with db().read() as session:
        calls = {call.code: call for call in queries.list_calls(session, at)}
        mine = queries.list_my_applications(session, viewer())
    open_calls = [call for call in calls.values() if call.phase != "closed"]
    return render_template("portal/home.html", mine=mine, calls=calls, open_calls=open_calls, at=at)


@blueprint.route("/calls/<code>/start", methods=["GET", "POST"])
@limiter.limit("30 per hour", methods=["POST"])
def start(code: str) -> ResponseReturnValue:
    """Start an application, for a company of one's own or one that is registered here."""
    with db().read() as session:
        call = queries.get_call(session, code)
        own = companies.list_companies(session, viewer())
    form = forms.StartForm()
    known = [(str(one.id), one.name) for one in own]
    form.company.choices = forms.options([*known, ("new", gettext("새 기업 등록"))])
    if form.validate_on_submit():
        try:
            return redirect(url_for(".application", application_id=_start(code, form)))
        except CompanyTakenError as error:
            form.business_number.errors = [say_refusal(error)]
        except InvalidInputError as error:
            field = form[str(error.details.get("field"))]
            field.errors = [pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))]
    countdown = pages.count_down(call.opens_at, call.closes_at, now())
    page = render_template("portal/start.html", form=form, call=call, own=own, countdown=countdown)
    return page, REFUSED if form.errors else 200


def _start(code: str, form: forms.StartForm) -> uuid.UUID:
    actor, at, brought = viewer(), now(), calls.find_carried(code)
    chosen = next((one for one in actor.company_ids if str(one) == form.company.data), None)

    def work(session: Session) -> uuid.UUID:
        company_id = chosen or actions.register_company(
            session,
            actor=actor,
            at=at,
            name=form.company_name.data or "",
            business_number=form.business_number.data or "",
        )
        # Registering made the actor its owner, which the viewer of this request does not know yet.
        owner = dataclasses.replace(actor, company_ids=actor.company_ids | {company_id})
        key = actions.start_application(session, actor=owner, at=at, call_code=code, company_id=company_id)
        actions.carry_answers(session, actor=owner, at=at, application_id=key, answers=brought)
        return key

    started = db().transaction(work)
    calls.forget_carried()
    return started


@blueprint.get(f"{ONE}/")
def application(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show the task list of an application."""
    at = now()
    page = own_page(application_id, at)
    with db().read() as session:
        members = companies.list_members(session, viewer(), page.application.company_id)
        asked = list_asked(session, viewer(), application_id)
    tasks = pages.section_tasks(page)
    return render_template(
        "portal/application.html",
        page=page,
        tasks=tasks,
        consents=pages.consent_state(page.application.consents),
        papers=pages.document_state(page),
        onward=pages.next_task(tasks) if page.editable else None,
        members=members,
        asked=asked,
        notes=shown.task_notes(page, tasks),
        stages=shown.stage_rail(page.application),
        said=_outlook(page),
        at=at,
    )


def _outlook(page: pages.ApplicationPage) -> Outlook:
    told = page.application.state in {"approved", "rejected"}
    return outlook(page, find_own_letter(page.application.id) if told else None)


@blueprint.route(f"{ONE}/consents", methods=["GET", "POST"])
def consents(application_id: uuid.UUID) -> ResponseReturnValue:
    """Ask for consent to each purpose, apart from every other."""
    at = now()
    page = own_page(application_id, at)
    before = page.application.consents
    form = forms.consent_form()(data={f"consent_{purpose}": given for purpose, given in before.items()})
    if form.validate_on_submit():
        _record_consents(application_id, before, form.to_choices(), at)
        for purpose, field in form.purposes():
            if purpose.required and not field.data:
                field.errors = [gettext("필수 동의가 필요합니다.")]
        if not any(field.errors for _, field in form.purposes()):
            flash(gettext("동의 여부를 기록했습니다."), "ok")
            return redirect(url_for(".application", application_id=application_id))
    return render_template("portal/consents.html", page=page, form=form), REFUSED if form.errors else 200


@blueprint.get(f"{ONE}/check")
def check(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show all answers before they are sent."""
    page = own_page(application_id, now())
    parts = shown.check_parts(page, rate_card(page))
    return render_template("portal/check.html", page=page, form=KeyOnlyForm(), **parts)


@blueprint.post(f"{ONE}/submit")
def submit(application_id: uuid.UUID) -> ResponseReturnValue:
    """Send the application; the same form sent twice gives one receipt."""
    actor, at, form = viewer(), now(), KeyOnlyForm()
    if not form.validate():
        raise InvalidInputError(field="key", reason_ko="새로 고친 뒤 다시 보내세요", reason_en="reload and send again")
    try:
        receipt = db().transaction(lambda session: _submit(session, application_id, actor, form.key.data or "", at))
    except (AnswersRefusedError, CallClosedError, NotCertifiedError, UnconfirmedError) as error:
        page = own_page(application_id, at)
        refusal = "" if isinstance(error, AnswersRefusedError) else say_refusal(error)
        parts = shown.check_parts(page, rate_card(page))
        html = render_template("portal/check.html", page=page, form=form, refusal=refusal, **parts)
        return html, CONFLICT if refusal else REFUSED
    return redirect(url_for(".receipt", application_id=application_id, version=receipt.version))


def _submit(session: Session, application_id: uuid.UUID, actor: Viewer, key: str, at: datetime) -> actions.Receipt:
    """Take the application in, and keep whoever a fact disqualifies away from it from the first moment."""
    receipt = actions.submit_application(
        session,
        actor=actor,
        at=at,
        application_id=application_id,
        key=key,
        receipts=public_address(url_for(".application", application_id=application_id)) + "receipts/",
    )
    match_application(session, application_id=application_id, actor=SYSTEM, at=at)
    return receipt


@blueprint.get(f"{ONE}/status")
def status(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show how far the application has come, in the applicant's words."""
    page = own_page(application_id, now())
    return render_template(
        "portal/status.html",
        page=page,
        stages=shown.stage_rail(page.application),
        said=_outlook(page),
        history=shown.history(page.application),
        withdrawable=page.application.state in pages.WITHDRAWABLE_STATES,
        challengeable=counts_as(page.application.state) in CHALLENGEABLE
        and read_conflict_terms(page.call.document).challenges,
        proof_wanted=counts_as(page.application.state) in PROVING_STATES and pages.document_state(page) != "done",
    )


@blueprint.route(f"{ONE}/withdraw", methods=["GET", "POST"])
def withdraw(application_id: uuid.UUID) -> ResponseReturnValue:
    """Take the application back."""
    actor, at, form = viewer(), now(), forms.WithdrawForm()
    page = own_page(application_id, at)
    if page.application.state not in pages.WITHDRAWABLE_STATES:
        return redirect(url_for(".status", application_id=application_id))
    if form.validate_on_submit():
        reason = (form.reason.data or "").strip() or None
        db().transaction(
            lambda session: actions.withdraw_application(
                session, actor=actor, at=at, application_id=application_id, reason=reason
            )
        )
        flash(gettext("신청을 철회했습니다."), "ok")
        return redirect(url_for(".status", application_id=application_id))
    return render_template("portal/withdraw.html", page=page, form=form), REFUSED if form.errors else 200


def _record_consents(
    application_id: uuid.UUID, before: dict[str, bool], choices: dict[str, bool], at: datetime
) -> None:
    actor = viewer()

    def work(session: Session) -> None:
        for purpose, given in choices.items():
            if before.get(purpose) != given:
                actions.record_consent(
                    session, actor=actor, at=at, application_id=application_id, purpose=purpose, given=given
                )

    db().transaction(work)
