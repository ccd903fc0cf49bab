"""The docket: list, file, and the next application to review."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fundapp.committee.queries import find_next
from fundapp.committee.rules import DOCKET_STATES
from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import NotFoundError
from fundapp.web.committee.board import Asked, find_call, load_board, load_lines
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.sheet import docket_sheet
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.pagination import asked_page
from fundapp.web.shell.viewer import viewer


@blueprint.get("/")
def docket() -> ResponseReturnValue:
    """Show the docket of a call."""
    with db().read() as session:
        calls, call = find_call(session, request.args.get("call"), now())
        if call is None:
            return render_template("committee/no_call.html")
        board = load_board(session, viewer(), calls, call, Asked.of(request.args), asked_page())
    recused = len(viewer().recused_from)
    return render_template("committee/docket.html", board=board, recused=recused, states=DOCKET_STATES)


@blueprint.get("/docket.csv")
def export() -> ResponseReturnValue:
    """Hand out the rows of the present view, or those ticked, as a file."""
    require(viewer(), Verb.EXPORT, Thing(Kind.APPLICATION))
    with db().read() as session:
        _, call = find_call(session, request.args.get("call"), now())
        if call is None:
            raise NotFoundError
        lines = load_lines(session, viewer(), call, Asked.of(request.args), request.args.getlist("number"))
    return docket_sheet(lines, f"docket-{call.code}.csv")


@blueprint.get("/next")
def following() -> ResponseReturnValue:
    """Go to the least reviewed application that waits for the viewer's review, the one just left passed over."""
    with db().read() as session:
        _, call = find_call(session, request.args.get("call"), now())
        waiting = find_next(session, viewer(), call.code, request.args.get("besides", type=uuid.UUID)) if call else None
    if waiting is None:
        flash(gettext("기다리는 심사가 없습니다."), "ok")
        return redirect(url_for("committee.docket", call=call.code if call else None))
    return redirect(url_for("committee.review", application_id=waiting.application_id))
