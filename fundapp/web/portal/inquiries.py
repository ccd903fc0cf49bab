"""What the fund asks an applicant while it judges, the answers that it lets them change, and their answer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from fundapp.committee.actions import answer_inquiry
from fundapp.committee.queries import AskedRow, get_asked
from fundapp.committee.rules.discussion import LONGEST_COMMENT, InquiryAnsweredError, InquiryWithdrawnError
from fundapp.core.errors import InvalidInputError, TransitionRefusedError
from fundapp.identity.rules import UnconfirmedError
from fundapp.intake.form import AnswersRefusedError, Section
from fundapp.intake.rules import NotCertifiedError
from fundapp.intake.submitted import list_versions
from fundapp.web.portal import forms, pages, shown
from fundapp.web.portal.differences import Changed, differences
from fundapp.web.portal.door import own_page, rate_card
from fundapp.web.portal.inquiry_door import blueprint
from fundapp.web.portal.signed_answers import SignAnswerForm, Signing, signing_of
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.language import gettext, lazy, pick
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

__all__ = ["blueprint"]
_REFUSED = 422
_REFUSALS = (
    InquiryAnsweredError,
    InquiryWithdrawnError,
    NotCertifiedError,
    TransitionRefusedError,
    UnconfirmedError,
)


class AnswerForm(KeyedForm):
    """The applicant's words."""

    text = TextAreaField(
        lazy("답변"), validators=[InputRequired(lazy("답을 적어 주세요.")), Length(max=LONGEST_COMMENT)]
    )


@blueprint.route("/inquiries/<uuid:inquiry_id>", methods=["GET", "POST"])
def inquiry(inquiry_id: uuid.UUID) -> ResponseReturnValue:
    """Show a question of the fund with what it opens, and take its answer."""
    form = AnswerForm()
    with db().read() as session:
        found = get_asked(session, viewer(), inquiry_id)
    page = own_page(found.application_id, now())
    part = _opened(page, found)
    typed = forms.section_form(part)() if request.method == "POST" else None
    if typed is not None and "row" in request.form:
        return _page(page, found, form, _with_rows_changed(typed, part)), 200
    with db().read() as session:
        signing = signing_of(session, page, found)
    sent = _answered(inquiry_id, form, part, typed, _certifier(signing)) if form.validate_on_submit() else None
    if sent is not None:
        asked = gettext("확인을 부탁하는 메일을 보냈습니다. 서명하면 답이 갑니다.")
        flash(gettext("답을 보냈습니다.") if sent else asked, "ok")
        if part.questions:  # what it changed stands on its own page
            return redirect(url_for(".inquiry", inquiry_id=inquiry_id))
        return redirect(url_for("portal.application", application_id=found.application_id))
    bad = bool(form.errors or (typed is not None and typed.errors))
    if request.method == "GET" and signing.proposed is not None:
        form.text.data = signing.proposed.body
    return _page(page, found, form, typed or _as_sent(page, part, signing)), _REFUSED if bad else 200


def refused_signing(
    inquiry_id: uuid.UUID, *, sign: SignAnswerForm | None = None, back: forms.SendBackForm | None = None
) -> ResponseReturnValue:
    """Show the page of an inquiry with what is wrong beside the field of a signature or of a return.

    Whoever was not asked, or comes too late, is shown the page as it is.
    """
    with db().read() as session:
        found = get_asked(session, viewer(), inquiry_id)
    page = own_page(found.application_id, now())
    with db().read() as session:
        signing = signing_of(session, page, found, sign, back)
    if not (signing.mine and signing.waits):
        return redirect(url_for(".inquiry", inquiry_id=inquiry_id))
    fields = _as_sent(page, _opened(page, found), signing)
    return _page(page, found, AnswerForm(formdata=None), fields, signing), _REFUSED


def _page(
    page: pages.ApplicationPage,
    found: AskedRow,
    form: AnswerForm,
    fields: forms.AnswersForm,
    signing: Signing | None = None,
) -> str:
    part = _opened(page, found)
    card = rate_card(page) if any(one.parts for one in part.questions) else {}
    with db().read() as session:
        changes = _changes(session, page, found)
        signing = signing or signing_of(session, page, found)
    return render_template(
        "portal/inquiry.html",
        asked=found,
        form=form,
        part=part,
        fields=fields,
        changes=changes,
        signing=signing,
        parts=shown.section_parts(page, part, fields, card) if part.questions else {},
    )


def _as_sent(page: pages.ApplicationPage, part: Section, signing: Signing) -> forms.AnswersForm:
    """Return the fields as they were sent, and over them what came back unsigned.

    A working copy may say more than was asked about.
    """
    with db().read() as session:
        sent = list_versions(session, viewer(), page.application.id)[-1:]
    answers = sent[0].answers if sent else page.application.answers
    given = forms.stored_fields(part, answers, page.application.revision)
    for key, text in (signing.proposed.answers if signing.proposed else {}).items():
        given[forms.ANSWER + key] = text
    return forms.section_form(part)(given)


def _certifier(signing: Signing) -> uuid.UUID | None:
    """Return who was chosen to sign, of those who can be."""
    chosen = request.form.get("certifier", "")
    offered = {str(value) for value, *_ in signing.asking.certifier.iter_choices()} if signing.wanted else set()
    return uuid.UUID(chosen) if chosen and chosen in offered else None


def _with_rows_changed(typed: forms.AnswersForm, part: Section) -> forms.AnswersForm:
    """Return the fields with a row more, a row less or rows in another order; nothing is sent."""
    press = request.form.get("row", "")
    patch = typed.to_patch(request.form)
    patch |= forms.rows_after(typed, patch, press)
    given = MultiDict([(forms.ANSWER + key, text) for key, text in patch.items()])
    for name in ("revision", "base"):
        given[name] = request.form.get(name, "")
    again = forms.section_form(part)(given)
    forms.add_row(again, press)
    return again


def _opened(page: pages.ApplicationPage, asked: AskedRow) -> Section:
    """Return the questions that an inquiry opens as a section of their own; none once it is over."""
    waits = asked.answer is None and asked.withdrawn is None
    questions = tuple(one for one in page.form.questions if waits and one.key in asked.questions)
    return replace(page.form.sections[0], questions=questions)


def _answered(
    inquiry_id: uuid.UUID,
    form: AnswerForm,
    part: Section,
    typed: forms.AnswersForm | None,
    certifier_id: uuid.UUID | None,
) -> bool | None:
    """Send the answer, or have it signed first; None where it is refused, and why stands beside its field."""
    answers: Mapping[str, str] = typed.to_patch(request.form) if typed is not None and part.questions else {}
    actor, at = viewer(), now()
    address = f"{current_app.config['PUBLIC_URL']}{url_for('.inquiry', inquiry_id=inquiry_id)}"
    try:
        return db().transaction(
            lambda session: answer_inquiry(
                session,
                inquiry_id=inquiry_id,
                text=str(form.text.data),
                key=str(form.key.data),
                actor=actor,
                at=at,
                answers=answers,
                certifier_id=certifier_id,
                address=address,
            )
        )
    except AnswersRefusedError as error:
        if typed is not None:
            typed.show_problems(part, error.problems)
    except InvalidInputError as error:
        form.text.errors = [pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))]
    except _REFUSALS as error:
        form.text.errors = [say_refusal(error)]
    return None


def _changes(session: Session, page: pages.ApplicationPage, asked: AskedRow) -> list[Changed]:
    """Return what the answer changed in the form: of each question that it opened, before and after."""
    if asked.version is None:
        return []
    versions = {one.version: one.answers for one in list_versions(session, viewer(), asked.application_id)}
    before, after = versions[asked.version - 1], versions[asked.version]
    return differences(page.form, asked.questions, before, after)
