"""What analyst and chair do before the committee judges: reviewers for applications, conflicts of others."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from fundapp.committee.actions import Assigned, assign_reviewers, declare_conflict
from fundapp.committee.queries import list_conflicts, members, review_page, reviewer_progress
from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import NotFoundError
from fundapp.intake.queries import CallRow
from fundapp.screening.learning_queries import drawn_low_scorers
from fundapp.web.committee.board import find_call
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.forms import AssignForm, RecusalForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.viewer import viewer

_INVALID = 422


class _RehearsedError(Exception):
    """Carries the result of an assignment that must not stay."""

    def __init__(self, outcome: Assigned) -> None:
        self.outcome = outcome
        super().__init__("rehearsed")


@blueprint.get("/assignments")
def assignments() -> ResponseReturnValue:
    """Show how far each member is, and the form that shares out what is left."""
    return _assignments(AssignForm(), _call(request.args.get("call")))


@blueprint.post("/assignments")
def assign() -> ResponseReturnValue:
    """Rehearse the assignment, or carry it out."""
    require(viewer(), Verb.ASSIGN, Thing(Kind.APPLICATION))
    form, call = AssignForm(), _call(request.form.get("call"))
    if not form.validate_on_submit():
        return _assignments(form, call), _INVALID
    if request.form.get("then") != "assign":
        return _assignments(form, call, _rehearse(form, call))
    outcome = db().transaction(lambda s: _assign(s, form, call))
    flash(gettext("심사를 %(num)s건 나누었습니다.", num=outcome.created), "ok")
    return redirect(url_for("committee.assignments", call=call.code))


def _call(code: str | None) -> CallRow:
    with db().read() as session:
        _, call = find_call(session, code, now())
    if call is None:
        raise NotFoundError
    return call


def _assign(session: Session, form: AssignForm, call: CallRow) -> Assigned:
    per_application, max_load = form.to_numbers()
    return assign_reviewers(
        session,
        call_code=call.code,
        per_application=per_application,
        max_load=max_load,
        actor=viewer(),
        at=now(),
    )


def _rehearse(form: AssignForm, call: CallRow) -> Assigned:
    """Carry out the assignment and take it back, so that the preview is the very result."""

    def work(session: Session) -> Assigned:
        raise _RehearsedError(_assign(session, form, call))

    try:
        return db().transaction(work)
    except _RehearsedError as rehearsed:
        return rehearsed.outcome


def _assignments(form: AssignForm, call: CallRow, preview: Assigned | None = None) -> str:
    require(viewer(), Verb.ASSIGN, Thing(Kind.APPLICATION))
    with db().read() as session:
        progress = reviewer_progress(session, viewer(), call.code)
        calls, _ = find_call(session, call.code, now())
        drawn = drawn_low_scorers(session, viewer(), call.code)
    return render_template(
        "committee/assignments.html",
        form=form,
        call=call,
        calls=calls,
        progress=progress,
        preview=preview,
        drawn=drawn,
    )


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
    rows = [row for row in list_conflicts(session, viewer(), page.call_code) if row.application_number == page.number]
    return render_template("committee/recusals.html", page=page, rows=rows, form=form)
