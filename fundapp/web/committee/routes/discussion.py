"""The discussion of an application."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.committee.actions import (
    ask_applicant,
    edit_comment,
    post_comment,
    resolve_question,
    retract_comment,
    withdraw_inquiry,
)
from fundapp.committee.queries import discussion_page, review_page
from fundapp.committee.rules.discussion import InquiryAnsweredError, InquiryWithdrawnError
from fundapp.core.access import Role
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.intake.form import openable
from fundapp.intake.queries import get_call
from fundapp.web.committee.discussion_forms import CommentForm, InquiryForm, TakeBackForm, TextForm
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.dossier import must_pledge
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyedForm, KeyOnlyForm
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

_REFUSED = 422
_ONE = "/applications/<uuid:application_id>/discussion"
_COMMENT = f"{_ONE}/<uuid:comment_id>"


@blueprint.get(_ONE)
def discussion(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show what has been said about an application, with the form to say more."""
    with db().read() as session:
        if must_pledge(session, viewer(), application_id):
            return redirect(url_for("committee.gate", application_id=application_id))
    return _page(application_id, CommentForm())


@blueprint.post(_ONE)
def comment(application_id: uuid.UUID) -> ResponseReturnValue:
    """Say something."""
    form, at = _comment_form(application_id), now()
    said = form.validate_on_submit() and _acted(
        form,
        lambda session: post_comment(
            session,
            application_id=application_id,
            text=str(form.text.data),
            kind=form.to_kind(),
            visibility=form.to_visibility(),
            named=form.to_named(),
            reply_to=None,
            key=str(form.key.data),
            actor=viewer(),
            at=at,
        ),
    )
    return _back(application_id) if said else (_page(application_id, form), _REFUSED)


@blueprint.post(f"{_COMMENT}/reply")
def reply(application_id: uuid.UUID, comment_id: uuid.UUID) -> ResponseReturnValue:
    """Reply to a comment."""
    form, at = TextForm(), now()
    said = form.validate_on_submit() and _acted(
        form,
        lambda session: post_comment(
            session,
            application_id=application_id,
            text=str(form.text.data),
            kind="comment",
            visibility="staff",
            named=(),
            reply_to=comment_id,
            key=str(form.key.data),
            actor=viewer(),
            at=at,
        ),
    )
    return _back(application_id, comment_id) if said else _again(application_id, comment_id, form)


@blueprint.post(f"{_COMMENT}/edit")
def edit(application_id: uuid.UUID, comment_id: uuid.UUID) -> ResponseReturnValue:
    """Say one's own comment better."""
    form, at = TextForm(), now()
    said = form.validate_on_submit() and _acted(
        form,
        lambda session: edit_comment(
            session,
            comment_id=comment_id,
            text=str(form.text.data),
            key=str(form.key.data),
            actor=viewer(),
            at=at,
        ),
    )
    return _back(application_id, comment_id) if said else _again(application_id, comment_id, form)


@blueprint.post(f"{_COMMENT}/retract")
def retract(application_id: uuid.UUID, comment_id: uuid.UUID) -> ResponseReturnValue:
    """Take one's own comment back."""
    key, at = _key(), now()
    db().transaction(lambda s: retract_comment(s, comment_id=comment_id, key=key, actor=viewer(), at=at))
    flash(gettext("글을 거두었습니다."), "ok")
    return _back(application_id, comment_id)


@blueprint.post(f"{_COMMENT}/resolve")
def resolve(application_id: uuid.UUID, comment_id: uuid.UUID) -> ResponseReturnValue:
    """Resolve a question, or open it again."""
    key, resolved, at = _key(), request.form.get("resolved") == "1", now()
    db().transaction(
        lambda s: resolve_question(s, comment_id=comment_id, resolved=resolved, key=key, actor=viewer(), at=at)
    )
    return _back(application_id, comment_id)


@blueprint.post(f"{_COMMENT}/inquire")
def inquire(application_id: uuid.UUID, comment_id: uuid.UUID) -> ResponseReturnValue:
    """Ask the applicant."""
    form, at = InquiryForm(), now()
    asked = form.validate_on_submit() and _acted(
        form,
        lambda session: ask_applicant(
            session,
            comment_id=comment_id,
            text=str(form.text.data),
            due_on=form.due_on.data,
            questions=form.questions.data or (),
            key=str(form.key.data),
            actor=viewer(),
            at=at,
        ),
    )
    if not asked:
        return _again(application_id, comment_id, form)
    flash(gettext("신청 기업에 질문을 보냈습니다."), "ok")
    return _back(application_id, comment_id)


@blueprint.post(f"{_COMMENT}/inquiries/<uuid:inquiry_id>/withdraw")
def take_back(application_id: uuid.UUID, comment_id: uuid.UUID, inquiry_id: uuid.UUID) -> ResponseReturnValue:
    """Take a question to the applicant back."""
    form, at = TakeBackForm(), now()
    if not form.validate_on_submit():
        flash(gettext("거두는 이유를 적어 주세요."), "err")
        return _back(application_id, comment_id)
    try:
        db().transaction(
            lambda session: withdraw_inquiry(
                session,
                inquiry_id=inquiry_id,
                reason=str(form.reason.data),
                key=str(form.key.data),
                actor=viewer(),
                at=at,
            )
        )
    except (InquiryAnsweredError, InquiryWithdrawnError, InvalidInputError) as error:
        flash(say_refusal(error, form), "err")
    else:
        flash(gettext("질문을 거두고 신청 기업에 알렸습니다."), "ok")
    return _back(application_id, comment_id)


def _acted(form: KeyedForm, work: Callable[[Session], object]) -> bool:
    """Carry out an action; what it refuses stands beside the field it concerns."""
    try:
        db().transaction(work)
    except InvalidInputError as error:
        field = str(error.details.get("field"))
        if field not in form:
            raise
        form[field].errors = [pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))]
        return False
    return True


def _key() -> str:
    form = KeyOnlyForm()
    if not form.validate():
        raise InvalidInputError(field="key", reason_ko="새로 고친 뒤 다시 보내세요", reason_en="reload and send again")
    return str(form.key.data)


def _comment_form(application_id: uuid.UUID) -> CommentForm:
    form = CommentForm()
    with db().read() as session:
        found = discussion_page(session, viewer(), application_id)
    form.offer(found.participants, on_board=viewer().has(Role.COMMITTEE, Role.CHAIR))
    return form


def _back(application_id: uuid.UUID, comment_id: uuid.UUID | None = None) -> ResponseReturnValue:
    anchor = f"c-{comment_id}" if comment_id else None
    return redirect(url_for("committee.discussion", application_id=application_id, _anchor=anchor))


def _again(application_id: uuid.UUID, comment_id: uuid.UUID, form: TextForm) -> ResponseReturnValue:
    """Give what was typed back, below the comment that it belongs to."""
    return _page(application_id, CommentForm(formdata=None), (comment_id, form)), _REFUSED


def _page(application_id: uuid.UUID, form: CommentForm, failed: tuple[uuid.UUID, TextForm] | None = None) -> str:
    with db().read() as session:
        if must_pledge(session, viewer(), application_id):
            raise NotFoundError
        review = review_page(session, viewer(), application_id)
        found = discussion_page(session, viewer(), application_id)
        asked = get_call(session, review.call_code).form
    form.offer(found.participants, on_board=viewer().has(Role.COMMITTEE, Role.CHAIR))
    labels = {one.key: pick(one.label_ko, one.label_en) for one in asked.questions}
    return render_template(
        "committee/discussion.html",
        page=review,
        found=found,
        form=form,
        failed=failed,
        labels=labels,
        openable=[one.key for one in openable(asked)],
    )
