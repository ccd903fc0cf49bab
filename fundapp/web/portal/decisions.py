"""What an applicant was told of the committee's decision: the letter, its window for an appeal, and the appeal."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length

from fundapp.committee.actions import file_appeal
from fundapp.committee.actions.appeals import LONGEST_APPEAL
from fundapp.committee.queries import OwnLetter, own_letter
from fundapp.core.errors import FundError, NotFoundError
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.language import gettext, lazy
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("portal_decisions", __name__, url_prefix="/portal/applications")
blueprint.before_request(only(*ROOMS["portal"]))
_REFUSED = 422


class OwnAppealForm(KeyedForm):
    """Why an applicant thinks that the decision should be looked at again."""

    text = TextAreaField(
        lazy("이의 내용"), validators=[DataRequired(message=lazy("꼭 필요합니다")), Length(max=LONGEST_APPEAL)]
    )


@blueprint.app_template_global()
def find_own_letter(application_id: uuid.UUID) -> OwnLetter | None:
    """Return the letter about an application of the viewer's, for pages about it."""
    with db().read() as session:
        return own_letter(session, viewer(), application_id, now())


def _letter(application_id: uuid.UUID) -> OwnLetter:
    found = find_own_letter(application_id)
    if found is None:
        raise NotFoundError
    return found


@blueprint.get("/<uuid:application_id>/decision")
def decision(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show the letter and what may be done about it."""
    return _decision(_letter(application_id), OwnAppealForm(formdata=None))


def _decision(letter: OwnLetter, form: OwnAppealForm, refusal: str = "") -> str:
    return render_template("portal/decision.html", letter=letter, form=form, refusal=refusal)


@blueprint.post("/<uuid:application_id>/decision")
def appeal(application_id: uuid.UUID) -> ResponseReturnValue:
    """File an appeal; what was typed stays on the page when it is refused."""
    form, letter = OwnAppealForm(), _letter(application_id)
    if not form.validate_on_submit():
        return _decision(letter, form), _REFUSED
    try:
        db().transaction(
            lambda session: file_appeal(
                session,
                application_id=application_id,
                text=str(form.text.data),
                key=str(form.key.data),
                actor=viewer(),
                at=now(),
            )
        )
    except NotFoundError:
        raise
    except FundError as error:
        return _decision(letter, form, say_refusal(error)), _REFUSED
    flash(gettext("이의신청을 접수했습니다. 결과는 사유와 함께 알려 드립니다."), "ok")
    return redirect(url_for(".decision", application_id=application_id))
