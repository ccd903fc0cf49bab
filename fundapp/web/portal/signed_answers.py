"""Changed answers that a second person of the company signs before they are sent: before and after on one page."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.committee.actions import return_answer, sign_answer, withdraw_answer
from fundapp.committee.queries import (
    AskedRow,
    ProposedRow,
    WaitingAnswerRow,
    find_proposed,
    list_waiting_answers,
    wants_signature,
)
from fundapp.committee.signed_answers import content_of, preview_proposal
from fundapp.core.access import Role
from fundapp.core.errors import FundError, NotFoundError
from fundapp.web.portal import pages
from fundapp.web.portal.certifying import ask_certifier_form
from fundapp.web.portal.differences import Changed, differences
from fundapp.web.portal.forms import AskCertifierForm, SendBackForm, SignForm
from fundapp.web.portal.inquiry_door import blueprint
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyedForm, KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer


class SignAnswerForm(SignForm, KeyedForm):
    """A signature that sends an answer: once, however often it is pressed."""


@dataclass(frozen=True, slots=True)
class Signing:
    """What an inquiry's page says of a signature.

    Attributes:
        wanted: Whether changed answers want one.
        proposed: The answer that waits or came back.
        changes: What it would change.
        content: Hash of what would be signed; empty where it cannot be made any more.
        asking: The form that names who is to sign.
        mine: Whether the viewer is the one who was asked.
        sign: The form that signs.
        back: The form that sends back.
    """

    wanted: bool
    proposed: ProposedRow | None
    changes: tuple[Changed, ...]
    content: str
    asking: AskCertifierForm
    mine: bool
    sign: SignAnswerForm
    back: SendBackForm

    @property
    def waits(self) -> bool:
        """Whether an answer waits."""
        return self.proposed is not None and self.proposed.waits


def signing_of(session: Session, page: pages.ApplicationPage, asked: AskedRow) -> Signing:
    """Return what the page of an inquiry says of a signature; nothing once it is over."""
    open_ = asked.answer is None and asked.withdrawn is None
    proposed = find_proposed(session, viewer(), asked.inquiry_id) if open_ else None
    changes: list[Changed] = []
    content = ""
    if proposed is not None and proposed.waits:
        try:
            amendment = preview_proposal(session, asked.inquiry_id, viewer(), now())
        except FundError:
            amendment = None
        if amendment is not None:
            changes = differences(page.form, asked.questions, amendment.frozen.answers, amendment.answers)
            content = content_of(amendment, proposed.body)
    return Signing(
        wanted=open_ and bool(asked.questions) and wants_signature(session, viewer(), asked.application_id),
        proposed=proposed,
        changes=tuple(changes),
        content=content,
        asking=ask_certifier_form(page.application.company_id),
        mine=proposed is not None and proposed.certifier_id == viewer().person_id,
        sign=SignAnswerForm(formdata=None),
        back=SendBackForm(formdata=None),
    )


@blueprint.app_template_global()
def answers_waiting_for_me() -> list[WaitingAnswerRow]:
    """Return the changed answers that wait for the viewer's signature."""
    if not viewer().has(Role.APPLICANT) or not viewer().company_ids:
        return []
    with db().read() as session:
        return list_waiting_answers(session, viewer())


@blueprint.post("/inquiries/<uuid:inquiry_id>/sign")
def sign(inquiry_id: uuid.UUID) -> ResponseReturnValue:
    """Sign a colleague's answer, which sends it."""
    form, actor, at = SignAnswerForm(), viewer(), now()
    content, key = str(form.content.data or ""), str(form.key.data)
    if not form.validate_on_submit():
        flash(gettext("확인란을 표시해 주세요"), "err")
        return _back(inquiry_id)
    return _try(
        inquiry_id,
        lambda session: sign_answer(session, inquiry_id=inquiry_id, content=content, key=key, actor=actor, at=at),
        gettext("서명하고 답을 보냈습니다."),
    )


@blueprint.post("/inquiries/<uuid:inquiry_id>/return")
def send_back(inquiry_id: uuid.UUID) -> ResponseReturnValue:
    """Send a colleague's answer back with a reason."""
    form, actor, at = SendBackForm(), viewer(), now()
    reason = str(form.reason.data or "")
    if not form.validate_on_submit():
        flash(gettext("돌려보내는 사유를 적어 주세요"), "err")
        return _back(inquiry_id)
    return _try(
        inquiry_id,
        lambda session: return_answer(session, inquiry_id=inquiry_id, reason=reason, actor=actor, at=at),
        gettext("돌려보냈습니다. 부탁한 사람에게 사유를 알렸습니다."),
    )


@blueprint.post("/inquiries/<uuid:inquiry_id>/withdraw")
def withdraw(inquiry_id: uuid.UUID) -> ResponseReturnValue:
    """Take an answer back that waits for its signature."""
    actor, at = viewer(), now()
    if not KeyOnlyForm().validate_on_submit():
        return _back(inquiry_id)
    return _try(
        inquiry_id,
        lambda session: withdraw_answer(session, inquiry_id=inquiry_id, actor=actor, at=at),
        gettext("확인 부탁을 거두었습니다."),
    )


def _try(inquiry_id: uuid.UUID, work: Callable[[Session], None], done: str) -> ResponseReturnValue:
    try:
        db().transaction(work)
    except NotFoundError:
        raise
    except FundError as error:
        flash(say_refusal(error), "err")
    else:
        flash(done, "ok")
    return _back(inquiry_id)


def _back(inquiry_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(url_for(".inquiry", inquiry_id=inquiry_id))
