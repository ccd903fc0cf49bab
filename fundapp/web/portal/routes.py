"""The applicant's pages: load, form, one action, redirect or render."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from fundapp.committee.actions import match_application
from fundapp.committee.actions.challenges import CHALLENGEABLE
from fundapp.committee.queries import list_asked
from fundapp.committee.rules import read_conflict_terms
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.identity.rules import UnconfirmedError
from fundapp.intake import actions, queries
from fundapp.intake.actions import SavedDraft
from fundapp.intake.actions.documents import PROVING_STATES
from fundapp.intake.answers import read_answers
from fundapp.intake.document_queries import list_submitted
from fundapp.intake.form import AnswersRefusedError, FieldProblem, Section
from fundapp.intake.rules import (
    CallClosedError,
    CompanyTakenError,
    NotCertifiedError,
    RevisionConflictError,
    counts_as,
)
from fundapp.web import calls
from fundapp.web.portal import companies, forms, pages, shown
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.formats import clock_time
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.security import limiter
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("portal", __name__, url_prefix="/portal")
blueprint.before_request(only(*ROOMS["portal"]))

_REFUSED = 422
_CONFLICT = 409
_ONE = "/applications/<uuid:application_id>"


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
    return page, _REFUSED if form.errors else 200


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


@blueprint.get(f"{_ONE}/")
def application(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show the task list of an application."""
    at = now()
    page = _page(application_id, at)
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
        at=at,
    )


@blueprint.get(f"{_ONE}/sections/<key>")
def section(application_id: uuid.UUID, key: str) -> ResponseReturnValue:
    """Show one section's questions; once nothing can be changed, the answers."""
    page = _page(application_id, now())
    part = page.find_section(key)
    if not page.editable:
        return redirect(url_for(".check", application_id=application_id))
    form = _filled(part, page)
    unreadable = [found for found in pages.section_problems(page, part) if found.code != "required"]
    form.show_problems(part, unreadable)
    return _section_page(page, part, form, 200)


@blueprint.post(f"{_ONE}/sections/<key>")
def save(application_id: uuid.UUID, key: str) -> ResponseReturnValue:
    """Save one section; say what is wrong with it, unless the applicant wants to go on later."""
    at = now()
    page = _page(application_id, at)
    part = page.find_section(key)
    form = forms.section_form(part)()
    typed = form.to_patch(request.form)
    chosen = {key: text for key, text in typed.items() if request.form.get(f"keep_{key}") != "stored"}
    try:
        saved = _save(application_id, chosen, form.expected_revision, at)
    except RevisionConflictError:
        return _clash(application_id, part, form, at)
    except CallClosedError as error:
        return _refused(page, part, form, error)
    later = request.form.get("then") == "later"
    page = _page(application_id, at)
    problems = _problems_of(saved, page, part)
    if problems and not later:
        form = _filled(part, page, chosen)
        form.show_problems(part, problems)
        return _section_page(page, part, form, _REFUSED)
    flash(gettext("%(time)s에 저장했습니다.", time=clock_time(at)), "ok")
    if later:
        return redirect(url_for(".application", application_id=application_id))
    return redirect(shown.address_after(page, part))


@blueprint.post(f"{_ONE}/sections/<key>/autosave")
def autosave(application_id: uuid.UUID, key: str) -> ResponseReturnValue:
    """Save some fields in the background; answers in JSON, with what is wrong beside each field."""
    at = now()
    part = _page(application_id, at).find_section(key)
    body: dict[str, object] = read if isinstance(read := request.get_json(silent=True), dict) else {}
    sent = body.get("fields")
    if not isinstance(sent, dict) or not all(isinstance(text, str) for text in sent.values()):
        return jsonify(error={"code": "invalid_input", "message": gettext("요청을 이해하지 못했습니다.")}), _REFUSED
    form = forms.section_form(part)(MultiDict([*sent.items(), ("revision", str(body.get("revision")))]))
    try:
        saved = _save(application_id, form.to_patch(sent), form.expected_revision, at)
    except FundError as error:
        status = _REFUSED if isinstance(error, InvalidInputError) else _CONFLICT
        return jsonify(error={"code": error.code, "message": say_refusal(error)}), status
    problems = {forms.ANSWER + found.field: pick(found.message_ko, found.message_en) for found in saved.problems}
    return jsonify(revision=saved.revision, saved_at=clock_time(at), problems=problems)


@blueprint.route(f"{_ONE}/consents", methods=["GET", "POST"])
def consents(application_id: uuid.UUID) -> ResponseReturnValue:
    """Ask for consent to each purpose, apart from every other."""
    at = now()
    page = _page(application_id, at)
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
    return render_template("portal/consents.html", page=page, form=form), _REFUSED if form.errors else 200


@blueprint.get(f"{_ONE}/check")
def check(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show all answers before they are sent."""
    page = _page(application_id, now())
    return render_template("portal/check.html", page=page, form=KeyOnlyForm(), **shown.check_parts(page))


@blueprint.post(f"{_ONE}/submit")
def submit(application_id: uuid.UUID) -> ResponseReturnValue:
    """Send the application; the same form sent twice gives one receipt."""
    actor, at, form = viewer(), now(), KeyOnlyForm()
    if not form.validate():
        raise InvalidInputError(field="key", reason_ko="새로 고친 뒤 다시 보내세요", reason_en="reload and send again")
    try:
        receipt = db().transaction(lambda session: _submit(session, application_id, actor, form.key.data or "", at))
    except (AnswersRefusedError, CallClosedError, NotCertifiedError, UnconfirmedError) as error:
        page = _page(application_id, at)
        refusal = "" if isinstance(error, AnswersRefusedError) else say_refusal(error)
        html = render_template("portal/check.html", page=page, form=form, refusal=refusal, **shown.check_parts(page))
        return html, _CONFLICT if refusal else _REFUSED
    return redirect(url_for(".receipt", application_id=application_id, version=receipt.version))


def _submit(session: Session, application_id: uuid.UUID, actor: Viewer, key: str, at: datetime) -> actions.Receipt:
    """Take the application in, and keep whoever a fact disqualifies away from it from the first moment."""
    receipt = actions.submit_application(session, actor=actor, at=at, application_id=application_id, key=key)
    match_application(session, application_id=application_id, actor=SYSTEM, at=at)
    return receipt


@blueprint.get(f"{_ONE}/receipts/<int:version>")
def receipt(application_id: uuid.UUID, version: int) -> ResponseReturnValue:
    """Show the receipt of one submission."""
    page = _page(application_id, now())
    found = next((one for one in page.application.submissions if one.version == version), None)
    if found is None:
        raise NotFoundError
    with db().read() as session:
        papers = list_submitted(session, viewer(), application_id, version)
    return render_template("portal/receipt.html", page=page, receipt=found, papers=papers)


@blueprint.get(f"{_ONE}/status")
def status(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show how far the application has come, in the applicant's words."""
    page = _page(application_id, now())
    return render_template(
        "portal/status.html",
        page=page,
        stages=shown.stage_rail(page.application),
        history=shown.history(page.application),
        withdrawable=page.application.state in pages.WITHDRAWABLE_STATES,
        challengeable=counts_as(page.application.state) in CHALLENGEABLE
        and read_conflict_terms(page.call.document).challenges,
        proof_wanted=counts_as(page.application.state) in PROVING_STATES and pages.document_state(page) != "done",
    )


@blueprint.route(f"{_ONE}/withdraw", methods=["GET", "POST"])
def withdraw(application_id: uuid.UUID) -> ResponseReturnValue:
    """Take the application back."""
    actor, at, form = viewer(), now(), forms.WithdrawForm()
    page = _page(application_id, at)
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
    return render_template("portal/withdraw.html", page=page, form=form), _REFUSED if form.errors else 200


def _page(application_id: uuid.UUID, at: datetime) -> pages.ApplicationPage:
    with db().read() as session:
        return pages.load_page(session, viewer(), application_id, at)


def _filled(part: Section, page: pages.ApplicationPage, typed: Mapping[str, str] | None = None) -> forms.AnswersForm:
    """Fill a section's form with the stored answers, and over them what was typed just now."""
    answers = page.application.answers | dict(typed or {})
    return forms.section_form(part)(forms.stored_fields(part, answers, page.application.revision))


def _save(application_id: uuid.UUID, patch: dict[str, str], revision: int, at: datetime) -> SavedDraft:
    actor: Viewer = viewer()
    return db().transaction(
        lambda session: actions.save_answers(
            session,
            actor=actor,
            at=at,
            application_id=application_id,
            answers=patch,
            expected_revision=revision,
        )
    )


def _problems_of(saved: SavedDraft, page: pages.ApplicationPage, part: Section) -> list[FieldProblem]:
    """What was refused just now, then what the stored answers still lack; one problem a field."""
    found = {problem.field: problem for problem in pages.section_problems(page, part)}
    return list((found | {problem.field: problem for problem in saved.problems}).values())


def _section_page(
    page: pages.ApplicationPage, part: Section, form: forms.AnswersForm, status: int, refusal: str = ""
) -> ResponseReturnValue:
    parts = shown.section_parts(page, part, form)
    return render_template("portal/section.html", page=page, section=part, form=form, refusal=refusal, **parts), status


def _refused(
    page: pages.ApplicationPage, part: Section, form: forms.AnswersForm, error: CallClosedError
) -> ResponseReturnValue:
    return _section_page(page, part, form, _CONFLICT, say_refusal(error))


def _clash(application_id: uuid.UUID, part: Section, form: forms.AnswersForm, at: datetime) -> ResponseReturnValue:
    """Show both versions where they differ; where they do not, the other window said the same and all is saved."""
    page = _page(application_id, at)
    patch = form.to_patch(request.form)
    read = read_answers(page.form, patch, today=kst_date(at)).answers
    mine = {key: read.get(key, text.strip()) for key, text in patch.items()}
    stored = page.application.answers
    differing = [key for key, answer in mine.items() if answer != stored.get(key, "")]
    if not differing:
        return redirect(shown.address_after(page, part))
    rows = shown.clash_rows(page.form, differing, patch, stored)
    html = render_template("portal/clash.html", page=page, section=part, form=form, patch=patch, rows=rows)
    return html, _CONFLICT


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
