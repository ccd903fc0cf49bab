"""Minutes: read and printed by everybody, drafted and edited by the secretary, approved by the chair."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fundapp.committee.actions import approve_minutes, draft_minutes, edit_minutes
from fundapp.committee.queries import minutes_page
from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.web.committee.acting import act, press
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.forms import MinutesForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.viewer import viewer

_BODY = "body_"


@blueprint.get("/meetings/<uuid:meeting_id>/minutes")
def minutes(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Show a meeting's minutes, as they are printed."""
    with db().read() as session:
        page = minutes_page(session, viewer(), meeting_id)
    return render_template("committee/minutes.html", page=page)


@blueprint.post("/meetings/<uuid:meeting_id>/minutes")
def write_minutes(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Draft minutes from what happened."""
    press(
        lambda s: draft_minutes(s, meeting_id=meeting_id, actor=viewer(), at=now()),
        gettext("기록에서 의사록 초안을 만들었습니다."),
    )
    return _back(meeting_id)


@blueprint.get("/meetings/<uuid:meeting_id>/minutes/edit")
def change_minutes(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Show the sections for editing."""
    require(viewer(), Verb.PROPOSE, Thing(Kind.BALLOT))
    with db().read() as session:
        page = minutes_page(session, viewer(), meeting_id)
    if page.sha256 or not page.version:
        return _back(meeting_id)
    return render_template("committee/minutes_edit.html", page=page, form=MinutesForm(version=page.version), typed={})


@blueprint.post("/meetings/<uuid:meeting_id>/minutes/edit")
def save_minutes(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Keep the edited sections as a new version. What was typed stays on the page if somebody was faster."""
    form = MinutesForm()
    bodies = {
        int(name.removeprefix(_BODY)): text
        for name, text in request.form.items()
        if name.startswith(_BODY) and name.removeprefix(_BODY).isdecimal()
    }
    if not form.validate_on_submit():
        flash(gettext("다시 시도해 주세요."), "err")
        return _back(meeting_id)
    version = int(form.version.data or 0)
    kept = act(
        lambda s: edit_minutes(s, meeting_id=meeting_id, version=version, bodies=bodies, actor=viewer(), at=now()),
        gettext("의사록을 저장했습니다."),
    )
    if kept:
        return _back(meeting_id)
    with db().read() as session:
        page = minutes_page(session, viewer(), meeting_id)
    fresh = MinutesForm(formdata=None, version=page.version)
    return render_template("committee/minutes_edit.html", page=page, form=fresh, typed=bodies), 409


@blueprint.post("/meetings/<uuid:meeting_id>/minutes/approve")
def sign_minutes(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Approve the minutes; they stand from then on."""
    version = request.form.get("version", "0")
    press(
        lambda s: approve_minutes(
            s,
            meeting_id=meeting_id,
            version=int(version) if version.isdecimal() else 0,
            actor=viewer(),
            at=now(),
        ),
        gettext("의사록을 승인했습니다. 이제 고칠 수 없습니다."),
    )
    return _back(meeting_id)


def _back(meeting_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(url_for("committee.minutes", meeting_id=meeting_id))
