"""기피: a company asks that a member of the committee be kept out of its case."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import BooleanField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length

from fundapp.committee.actions import file_challenge
from fundapp.committee.actions.challenges import CHALLENGEABLE
from fundapp.committee.queries import members, own_challenges
from fundapp.committee.rules import read_conflict_terms
from fundapp.core.errors import FundError, NotFoundError
from fundapp.intake.rules import counts_as
from fundapp.web.portal import pages
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.language import gettext, lazy
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("portal_challenges", __name__, url_prefix="/portal")
blueprint.before_request(only(*ROOMS["portal"]))

_REFUSED = 422
_STATE_WORDS = {
    "pending": lazy("의결 전"),
    "upheld": lazy("받아들임"),
    "dismissed": lazy("기각"),
    "set_aside": lazy("각하"),
}


class AskForm(KeyedForm):
    """Whom the company does not expect to judge impartially, and why."""

    person = SelectField(lazy("심사위원"), validators=[InputRequired(lazy("위원을 골라 주세요."))])
    reason = TextAreaField(lazy("사유"), validators=[InputRequired(lazy("사유를 적어 주세요.")), Length(max=2000)])
    sure = BooleanField(lazy("사실대로 적었습니다"), validators=[InputRequired(lazy("확인하고 표시해 주세요."))])


@blueprint.route("/applications/<uuid:application_id>/challenge", methods=["GET", "POST"])
def challenge(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show the committee, take a challenge, and say what became of earlier ones."""
    at, form = now(), AskForm()
    with db().read() as session:
        page = pages.load_page(session, viewer(), application_id, at)
        if page.application.state == "draft" or not read_conflict_terms(page.call.document).challenges:
            raise NotFoundError
        filed = own_challenges(session, viewer(), application_id)
        _offer(session, form)
    open_now = counts_as(page.application.state) in CHALLENGEABLE
    if open_now and form.validate_on_submit() and _file(application_id, form):
        return redirect(url_for(".challenge", application_id=application_id))
    html = render_template(
        "portal/challenge.html", page=page, form=form, filed=filed, open_now=open_now, state_words=_STATE_WORDS
    )
    return html, _REFUSED if form.errors else 200


def _offer(session: Session, form: AskForm) -> None:
    form.person.choices = [
        SelectChoice("", gettext("고르세요")),
        *(SelectChoice(str(seat.person_id), seat.name) for seat in members(session)),
    ]


def _file(application_id: uuid.UUID, form: AskForm) -> bool:
    try:
        db().transaction(
            lambda s: file_challenge(
                s,
                application_id=application_id,
                target_id=uuid.UUID(form.person.data),
                reason=str(form.reason.data),
                key=str(form.key.data),
                actor=viewer(),
                at=now(),
            )
        )
    except NotFoundError:
        raise
    except FundError as error:
        _blame(form, error)
        return False
    flash(gettext("기피를 신청했습니다. 위원회가 의결하면 메일로 알려 드립니다."), "ok")
    return True


def _blame(form: FlaskForm, error: FundError) -> None:
    form.person.errors = [say_refusal(error, form)]
