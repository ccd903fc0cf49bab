"""The same for many rows of the docket: choose, look at what would happen, do it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from fundapp.committee.actions import MOST_ROWS, BulkLine
from fundapp.committee.queries import DocketRow, list_meetings, members
from fundapp.core.access import Kind, Thing, Verb, may
from fundapp.core.errors import NotFoundError
from fundapp.intake.queries import CallRow
from fundapp.web.committee.board import Asked, docket_address, find_call
from fundapp.web.committee.bulk import chosen_rows, put_through, rehearse, to_bulk
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.forms import BulkForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.viewer import viewer

_INVALID = 422


@blueprint.get("/bulk")
def bulk() -> ResponseReturnValue:
    """Show what was chosen and what can be done with it."""
    sent = MultiDict(request.args)
    with db().read() as session:
        call = _call(session, sent)
        form = _form(session, call)
        form.what.data = sent.get("what") or form.what.data
        return _page(call, form, chosen_rows(session, viewer(), call, sent), sent)


@blueprint.post("/bulk")
def do_bulk() -> ResponseReturnValue:
    """Show what would become of each row, or do it."""
    sent = MultiDict(request.form)
    with db().read() as session:
        call = _call(session, sent)
        form, rows = _form(session, call), chosen_rows(session, viewer(), call, sent)
        if not form.validate_on_submit():
            return _page(call, form, rows, sent), _INVALID
        wanted = to_bulk(session, viewer(), rows, form.to_what(), **form.to_targets())
    key = str(form.key.data)
    if sent.get("then") != "do":
        return _page(call, form, rows, sent, preview=rehearse(db(), wanted, key=key, actor=viewer()))
    lines = db().transaction(lambda s: put_through(s, wanted, key=key, actor=viewer()))
    refused = [line for line in lines if not line.done]
    flash(gettext("%(num)s건을 처리했습니다.", num=len(lines) - len(refused)), "ok")
    if refused:
        return _page(call, form, rows, sent, result=lines)
    return redirect(docket_address(call.code, Asked.of(sent)))


def _call(session: Session, sent: MultiDict[str, str]) -> CallRow:
    allowed = [may(viewer(), Verb.ASSIGN, Thing(Kind.APPLICATION)), may(viewer(), Verb.PROPOSE, Thing(Kind.BALLOT))]
    _, call = find_call(session, sent.get("call"), now())
    if call is None or not any(allowed):
        raise NotFoundError
    return call


def _form(session: Session, call: CallRow) -> BulkForm:
    """Return the form with this viewer's choices: what they may do, to whom, at which meeting."""
    form = BulkForm()
    form.offer(
        assign=may(viewer(), Verb.ASSIGN, Thing(Kind.APPLICATION)),
        propose=may(viewer(), Verb.PROPOSE, Thing(Kind.BALLOT)),
        people=[SelectChoice(str(one.person_id), one.name) for one in members(session)],
        meetings=[
            SelectChoice(str(one.meeting_id), f"{one.held_on} {one.title}")
            for one in list_meetings(session, viewer(), call.code)
        ],
    )
    return form


def _page(
    call: CallRow,
    form: BulkForm,
    rows: Sequence[DocketRow],
    sent: MultiDict[str, str],
    *,
    preview: Sequence[BulkLine] = (),
    result: Sequence[BulkLine] = (),
) -> str:
    return render_template(
        "committee/bulk.html",
        call=call,
        form=form,
        rows=rows,
        every=sent.get("all") == "1",
        asked=Asked.of(sent),
        preview=preview,
        result=result,
        most=MOST_ROWS,
    )
