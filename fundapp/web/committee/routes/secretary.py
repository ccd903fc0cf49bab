"""What analyst and chair do before the committee judges: the conflicts of others."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from fundapp.committee.actions import declare_conflict
from fundapp.committee.queries import list_recusals, members, review_page
from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.forms import RecusalForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.viewer import viewer

_INVALID = 422


@blueprint.get("/applications/<uuid:application_id>/recusals")
def recusals(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show who is recused, and the form that declares somebody's conflict."""
    with db().read() as session:
        return _recusals(session, application_id, _recusal_form(session))


@blueprint.post("/applications/<uuid:application_id>/recusals")
def recuse(application_id: uuid.UUID) -> ResponseReturnValue:
    """Declare the conflict of another member."""
    with db().read() as session:
        form = _recusal_form(session)
        if not form.validate_on_submit():
            return _recusals(session, application_id, form), _INVALID
    db().transaction(
        lambda s: declare_conflict(
            s,
            application_id=application_id,
            person_id=uuid.UUID(form.person.data),
            route=form.to_route(),
            reason=str(form.reason.data),
            actor=viewer(),
            at=now(),
        )
    )
    flash(gettext("이해충돌을 기록했습니다."), "ok")
    return redirect(url_for("committee.recusals", application_id=application_id))


def _recusal_form(session: Session) -> RecusalForm:
    require(viewer(), Verb.ASSIGN, Thing(Kind.APPLICATION))
    form = RecusalForm()
    others = [member for member in members(session) if member.person_id != viewer().person_id]
    form.person.choices = [
        SelectChoice("", gettext("고르세요")),
        *(SelectChoice(str(member.person_id), member.name) for member in others),
    ]
    return form


def _recusals(session: Session, application_id: uuid.UUID, form: RecusalForm) -> str:
    page = review_page(session, viewer(), application_id)
    rows = list_recusals(session, viewer(), application_id=application_id)
    return render_template("committee/recusals.html", page=page, rows=rows, form=form)
