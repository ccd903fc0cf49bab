"""What the fund asks an applicant while it judges, and their answers."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from fundapp.committee.actions import answer_inquiry
from fundapp.committee.queries import get_asked
from fundapp.committee.rules.discussion import LONGEST_COMMENT, InquiryAnsweredError
from fundapp.core.errors import InvalidInputError
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.language import gettext, lazy, pick
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("portal_inquiries", __name__, url_prefix="/portal")
blueprint.before_request(only(*ROOMS["portal"]))

_REFUSED = 422


class AnswerForm(KeyedForm):
    """The applicant's words."""

    text = TextAreaField(
        lazy("답변"), validators=[InputRequired(lazy("답을 적어 주세요.")), Length(max=LONGEST_COMMENT)]
    )


@blueprint.route("/inquiries/<uuid:inquiry_id>", methods=["GET", "POST"])
def inquiry(inquiry_id: uuid.UUID) -> ResponseReturnValue:
    """Show a question of the fund, and take its answer."""
    form, at = AnswerForm(), now()
    with db().read() as session:
        found = get_asked(session, viewer(), inquiry_id)
    if form.validate_on_submit():
        try:
            db().transaction(
                lambda session: answer_inquiry(
                    session,
                    inquiry_id=inquiry_id,
                    text=str(form.text.data),
                    key=str(form.key.data),
                    actor=viewer(),
                    at=at,
                )
            )
        except InvalidInputError as error:
            form.text.errors = [pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))]
        except InquiryAnsweredError as error:
            form.text.errors = [say_refusal(error)]
        else:
            flash(gettext("답을 보냈습니다."), "ok")
            return redirect(url_for("portal.application", application_id=found.application_id))
    return render_template("portal/inquiry.html", asked=found, form=form), _REFUSED if form.errors else 200
