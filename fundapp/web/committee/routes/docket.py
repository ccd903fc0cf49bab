"""The docket: list and board, file, comparison, and the next application to review."""

from __future__ import annotations

import uuid

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fundapp.committee.queries import compare, find_next
from fundapp.core.access import Kind, Thing, Verb, may, require
from fundapp.core.errors import NotFoundError
from fundapp.web.committee.board import Asked, find_call, lines_of, load_board, load_lines
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.forms import ViewForm, criterion_label
from fundapp.web.committee.sheet import docket_sheet
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Form
from fundapp.web.shell.language import gettext
from fundapp.web.shell.pagination import asked_page
from fundapp.web.shell.remembering import remembered_page
from fundapp.web.shell.viewer import viewer


@blueprint.get("/")
@remembered_page
def docket() -> ResponseReturnValue:
    """Show the docket of a call, as a list or as a board."""
    with db().read() as session:
        calls, call = find_call(session, request.args.get("call"), now())
        if call is None:
            return render_template("committee/no_call.html")
        board = load_board(session, viewer(), calls, call, Asked.of(request.args), asked_page())
    page = "committee/docket_board.html" if board.asked.layout == "board" else "committee/docket.html"
    recused = len(viewer().recused_from)
    form = ViewForm() if may(viewer(), Verb.EDIT, Thing(Kind.SAVED_VIEW)) else None
    return render_template(page, board=board, recused=recused, form=form)


@blueprint.get("/docket.csv")
def export() -> ResponseReturnValue:
    """Hand out the rows of the present view, or those ticked, as CSV."""
    return _export("csv")


@blueprint.get("/docket.xlsx")
def export_workbook() -> ResponseReturnValue:
    """Hand out the same as a workbook."""
    return _export("xlsx")


def _export(form: Form) -> Response:
    require(viewer(), Verb.EXPORT, Thing(Kind.APPLICATION))
    with db().read() as session:
        _, call = find_call(session, request.args.get("call"), now())
        if call is None:
            raise NotFoundError
        ticked = [] if request.args.get("all") == "1" else request.args.getlist("number")
        lines = load_lines(session, viewer(), call, Asked.of(request.args), ticked)
    return docket_sheet(lines, f"docket-{call.code}", form)


@blueprint.get("/compare")
@remembered_page
def comparison() -> ResponseReturnValue:
    """Show two to four applications side by side."""
    named = [number for part in request.args.getlist("ids") for number in part.split(",") if number]
    numbers = named or request.args.getlist("number")
    with db().read() as session:
        calls, call = find_call(session, request.args.get("call"), now())
        call = next((one for one in calls if numbers and numbers[0].startswith(f"{one.code}-")), call)
        if call is None:
            raise NotFoundError
        found = compare(session, viewer(), call.code, numbers)
        lines = lines_of(session, viewer(), call, [one.row for one in found.compared])
    labels = {one.key: criterion_label(one) for one in found.criteria}
    pairs = list(zip(found.compared, lines, strict=True))
    return render_template("committee/compare.html", call=call, pairs=pairs, criteria=labels)


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
