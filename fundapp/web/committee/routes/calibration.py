"""Scores side by side, severities and agreement; and the phases that decide what members see."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fundapp.committee.actions import move_phase
from fundapp.committee.queries import calibration_page, phase_page
from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import NotFoundError
from fundapp.web.committee.board import find_call
from fundapp.web.committee.calibrated import (
    KINDS,
    calibration_cells,
    calibration_columns,
    draw_places,
    draw_severities,
)
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.forms import PhaseForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import asked_download, table_download
from fundapp.web.shell.language import gettext
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.remembering import remembered_page
from fundapp.web.shell.viewer import viewer

_REFUSED = 422


@blueprint.get("/calibration")
@remembered_page
def calibration() -> ResponseReturnValue:
    """Show raw, trimmed and severity-adjusted scores of a call side by side."""
    require(viewer(), Verb.VIEW, Thing(Kind.REVIEW))
    with db().read() as session:
        calls, call = find_call(session, request.args.get("call"), now())
        if call is None:
            return render_template("committee/no_call.html")
        found = calibration_page(session, viewer(), call.code)
    if form := asked_download():
        require(viewer(), Verb.EXPORT, Thing(Kind.APPLICATION))
        return table_download(gettext("점수 보정"), calibration_columns(), calibration_cells(found), form=form)
    return render_template(
        "committee/calibration.html",
        calls=calls,
        call=call,
        found=found,
        page=Page.cut(found.rows, asked_page()),
        kinds=KINDS,
        severities=draw_severities(found.severities),
        places=draw_places(found.rows),
    )


@blueprint.get("/phases")
def phases() -> ResponseReturnValue:
    """Show the phases of a call's review with their record."""
    return _phases(PhaseForm(), request.args.get("call"))


@blueprint.post("/phases")
def begin_phase() -> ResponseReturnValue:
    """Let a later phase begin."""
    require(viewer(), Verb.EDIT, Thing(Kind.CALL))
    form, code = PhaseForm(), request.form.get("call", "")
    with db().read() as session:
        form.offer(phase_page(session, viewer(), code).following)
    if not form.validate_on_submit():
        return _phases(form, code), _REFUSED
    db().transaction(
        lambda session: move_phase(
            session,
            call_code=code,
            phase=str(form.phase.data),
            reason=str(form.reason.data),
            key=str(form.key.data),
            actor=viewer(),
            at=now(),
        )
    )
    flash(gettext("단계를 옮겼습니다."), "ok")
    return redirect(url_for("committee.phases", call=code))


def _phases(form: PhaseForm, code: str | None) -> str:
    require(viewer(), Verb.VIEW, Thing(Kind.REVIEW))
    with db().read() as session:
        calls, call = find_call(session, code, now())
        if call is None:
            raise NotFoundError
        found = phase_page(session, viewer(), call.code)
    form.offer(found.following)
    return render_template("committee/phases.html", calls=calls, call=call, found=found, form=form)
