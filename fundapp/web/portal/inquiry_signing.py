"""Signing a colleague's changed answers, sending them back, and taking back what waits for a signature."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.committee.actions import return_answer, sign_answer, withdraw_answer
from fundapp.core.errors import FundError, NotFoundError
from fundapp.web.portal.forms import SendBackForm
from fundapp.web.portal.inquiries import refused_signing
from fundapp.web.portal.inquiry_door import blueprint
from fundapp.web.portal.signed_answers import SignAnswerForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

__all__ = ["blueprint"]


@blueprint.post("/inquiries/<uuid:inquiry_id>/sign")
def sign(inquiry_id: uuid.UUID) -> ResponseReturnValue:
    """Sign a colleague's answer, which sends it."""
    form, actor, at = SignAnswerForm(), viewer(), now()
    content, key = str(form.content.data or ""), str(form.key.data)
    if not form.validate_on_submit():
        return refused_signing(inquiry_id, sign=form)
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
        return refused_signing(inquiry_id, back=form)
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
