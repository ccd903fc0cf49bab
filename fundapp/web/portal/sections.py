"""One section of the form: shown, saved by its button, saved while somebody types, and settled where two disagree."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeGuard

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf, validate_csrf
from werkzeug.datastructures import MultiDict
from wtforms import ValidationError

from fundapp.core.access import Viewer
from fundapp.core.errors import FundError, InvalidInputError
from fundapp.intake import actions
from fundapp.intake.actions import SavedDraft
from fundapp.intake.answers import INCOMPLETE, NEVER_STORED
from fundapp.intake.form import FieldProblem, Form, Section
from fundapp.intake.rules import CallClosedError
from fundapp.web.portal import forms, pages, shown
from fundapp.web.portal.door import CONFLICT, ONE, REFUSED, blueprint, own_form, own_page, rate_card
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.formats import clock_time
from fundapp.web.shell.forms import sent_json
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.security import csrf
from fundapp.web.shell.viewer import viewer

_STALE = 400


@blueprint.get(f"{ONE}/sections/<key>")
def section(application_id: uuid.UUID, key: str) -> ResponseReturnValue:
    """Show one section's questions; once nothing can be changed, the answers."""
    page = own_page(application_id, now())
    part = page.find_section(key)
    if not page.editable:
        return redirect(url_for(".check", application_id=application_id))
    form = _filled(part, page)
    unreadable = [found for found in pages.section_problems(page, part) if found.code not in INCOMPLETE]
    form.show_problems(part, unreadable)
    return _section_page(page, part, form, 200)


@blueprint.post(f"{ONE}/sections/<key>")
@csrf.exempt  # type: ignore[untyped-decorator]  # asked below: a token that has ended must not cost the words that came with it
def save(application_id: uuid.UUID, key: str) -> ResponseReturnValue:
    """Save one section; say what is wrong with it, unless the applicant wants to go on later."""
    at = now()
    page = own_page(application_id, at)
    part = page.find_section(key)
    form = forms.section_form(part)()
    typed = form.to_patch(request.form)
    if not _token_fits():
        stale = gettext("로그인이 바뀌어 아직 저장하지 않았습니다. 저장을 한 번 더 눌러 주세요.")
        return _section_page(page, part, _handed_back(part, page, typed), _STALE, stale)
    chosen = {key: text for key, text in typed.items() if request.form.get(f"keep_{key}") != "stored"}
    chosen |= forms.rows_after(form, chosen, request.form.get("row", ""))
    try:
        saved = _save(application_id, chosen, form.expected_revision, form.bases, at)
    except CallClosedError as error:
        return _section_page(page, part, _handed_back(part, page, typed), CONFLICT, say_refusal(error))
    before, page = page, own_page(application_id, at)
    if saved.clashes:
        return _clash(page, part, saved, typed)
    merged = _merged(part, page, saved, chosen, form.bases)
    if "row" in request.form:
        return _with_rows_changed(page, part, merged)
    return _go_on(before, page, part, saved, merged)


@blueprint.post(f"{ONE}/sections/<key>/autosave")
def autosave(application_id: uuid.UUID, key: str) -> ResponseReturnValue:
    """Save some fields in the background; answers in JSON, field by field: saved, wrong, or changed by others."""
    at, whole = now(), own_form(application_id)
    part = whole.find_section(key)
    body = sent_json()
    sent, bases = body.get("fields"), body.get("bases", {})
    if not _texts(sent) or not _texts(bases):
        return jsonify(error={"code": "invalid_input", "message": gettext("요청을 이해하지 못했습니다.")}), REFUSED
    form = forms.section_form(part)(MultiDict([*sent.items(), ("revision", str(body.get("revision")))]))
    marks = {name.removeprefix(forms.ANSWER): mark for name, mark in bases.items()}
    try:
        saved = _save(application_id, form.to_patch(sent), form.expected_revision, marks, at)
    except FundError as error:
        status = REFUSED if isinstance(error, InvalidInputError) else CONFLICT
        return jsonify(error={"code": error.code, "message": say_refusal(error)}), status
    return jsonify(_told(whole, saved, at)), CONFLICT if saved.clashes else 200


@blueprint.get(f"{ONE}/sections/<key>/token")
def token(application_id: uuid.UUID, key: str) -> ResponseReturnValue:
    """Return a form token of the present session, for a page that outlived the session before."""
    own_form(application_id).find_section(key)
    return jsonify(token=generate_csrf(), person=str(viewer().person_id))


def _texts(sent: object) -> TypeGuard[dict[str, str]]:
    return isinstance(sent, dict) and all(isinstance(text, str) for text in sent.values())


def _token_fits() -> bool:
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        return False
    return True


def _nowhere(saved: SavedDraft) -> dict[str, list[str]]:
    """Return the fields that were not stored, and those of them that a device may not keep either."""
    unsaved = [forms.ANSWER + found.field for found in saved.problems if found.code in NEVER_STORED]
    unkept = [forms.ANSWER + found.field for found in saved.problems if found.code == "resident_number"]
    return {"unsaved": unsaved, "unkept": unkept}


def _told(whole: Form, saved: SavedDraft, at: datetime) -> dict[str, Any]:
    """Return what autosave answers: what is stored now of each field, and what somebody has to look at."""
    problems = {forms.ANSWER + found.field: pick(found.message_ko, found.message_en) for found in saved.problems}
    clashes = {
        forms.ANSWER + key: {"text": pages.stored_text(theirs), "said": shown.spoken(whole.fields[key], theirs)}
        for key, theirs in saved.clashes.items()
    }
    told: dict[str, Any] = {
        "revision": saved.revision,
        "saved_at": clock_time(at),
        "marks": {forms.ANSWER + key: mark for key, mark in saved.marks.items()},
        "problems": problems,
        **_nowhere(saved),
    }
    if clashes:
        message = gettext("다른 창이나 다른 사람이 먼저 고친 답이 있습니다.")
        told |= {"clashes": clashes, "error": {"code": "revision_conflict", "message": message}}
    return told


def _save(
    application_id: uuid.UUID, patch: dict[str, str], revision: int, bases: Mapping[str, str], at: datetime
) -> SavedDraft:
    actor: Viewer = viewer()
    return db().transaction(
        lambda session: actions.save_answers(
            session,
            actor=actor,
            at=at,
            application_id=application_id,
            answers=patch,
            expected_revision=revision,
            bases=bases,
        )
    )


def _with_rows_changed(page: pages.ApplicationPage, part: Section, form: forms.AnswersForm) -> ResponseReturnValue:
    """Show the section with a row more, a row less or rows in another order; nothing else is said about them yet."""
    forms.add_row(form, request.form["row"])
    return _section_page(page, part, form, 200)


def _go_on(
    before: pages.ApplicationPage,
    page: pages.ApplicationPage,
    part: Section,
    saved: SavedDraft,
    form: forms.AnswersForm,
) -> ResponseReturnValue:
    """Show the section again with what is wrong or asked further in it, or go where the pressed button leads."""
    later = request.form.get("then") == "later"
    problems = _problems_of(saved, page, part)
    if problems and not later:
        form.show_problems(part, problems)
        return _section_page(page, part, form, REFUSED, lost=_nowhere(saved))
    flash(gettext("%(time)s에 저장했습니다.", time=clock_time(page.application.updated_at)), "ok")
    if later:
        return redirect(url_for(".application", application_id=page.application.id))
    if not request.form.get("live") and _asks_more(before, page, part):
        flash(gettext("답에 따라 물을 것이 더 있습니다."), "warn")
        back = request.form.get("back")
        return redirect(url_for(".section", application_id=page.application.id, key=part.key, back=back))
    if request.form.get("back") == "check":
        return redirect(url_for(".check", application_id=page.application.id))
    return redirect(shown.address_after(page, part))


def _asks_more(before: pages.ApplicationPage, page: pages.ApplicationPage, part: Section) -> bool:
    """Say whether the answers brought up questions of this section that a page without scripts did not show."""
    own = {question.key for question in part.questions}
    was, now_asked = (
        {question.key for question in one.form.asked_of(one.application.answers).questions} & own
        for one in (before, page)
    )
    return bool(now_asked - was)


def _filled(part: Section, page: pages.ApplicationPage) -> forms.AnswersForm:
    """Fill a section's form with the stored answers."""
    return forms.section_form(part)(forms.stored_fields(part, page.application.answers, page.application.revision))


def _handed_back(part: Section, page: pages.ApplicationPage, typed: Mapping[str, str]) -> forms.AnswersForm:
    """Fill a section's form with what was sent and not saved, still over the answers that it was typed over."""
    given = forms.stored_fields(part, page.application.answers, page.application.revision)
    for key, text in typed.items():
        given[forms.ANSWER + key] = text
    for name in ("revision", "base"):
        given[name] = request.form.get(name, "")
    return forms.section_form(part)(given)


def _merged(
    part: Section,
    page: pages.ApplicationPage,
    saved: SavedDraft,
    chosen: Mapping[str, str],
    bases: Mapping[str, str],
) -> forms.AnswersForm:
    """Fill a section's form with the stored answers, and over them what was typed just now.

    What somebody else answered anew under an answer that nobody touched here is shown as theirs. What was refused still
    stands over the answer that it was typed over, so that it replaces no newer one unseen.
    """
    given = forms.stored_fields(part, page.application.answers, page.application.revision)
    for key in chosen.keys() - saved.overtaken:
        given[forms.ANSWER + key] = chosen[key]
    still = {key: bases[key] for key in saved.unstored & bases.keys()}
    given["base"] = forms.write_bases(forms.read_bases(given["base"]) | still)
    return forms.section_form(part)(given)


def _problems_of(saved: SavedDraft, page: pages.ApplicationPage, part: Section) -> list[FieldProblem]:
    """What was refused just now, then what the stored answers still lack; one problem a field or cell."""
    found = {(problem.field, problem.cell): problem for problem in pages.section_problems(page, part)}
    return list((found | {(problem.field, problem.cell): problem for problem in saved.problems}).values())


def _section_page(
    page: pages.ApplicationPage,
    part: Section,
    form: forms.AnswersForm,
    status: int,
    refusal: str = "",
    lost: Mapping[str, list[str]] = MappingProxyType({}),
) -> ResponseReturnValue:
    card = rate_card(page) if any(question.parts for question in part.questions) else {}
    parts = shown.section_parts(page, part, form, card)
    return render_template(
        "portal/section.html", page=page, section=part, form=form, refusal=refusal, lost=lost, **parts
    ), status


def _clash(
    page: pages.ApplicationPage, part: Section, saved: SavedDraft, typed: Mapping[str, str]
) -> ResponseReturnValue:
    """Show both versions of each answer that two disagree about; everything else is saved by now."""
    form = _filled(part, page)
    mine = {key: typed[key] for key in saved.clashes}
    rows = shown.clash_rows(page.form, list(saved.clashes), mine, saved.clashes)
    html = render_template("portal/clash.html", page=page, section=part, form=form, patch=mine, rows=rows)
    return html, CONFLICT
