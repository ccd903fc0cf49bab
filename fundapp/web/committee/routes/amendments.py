"""Amendments, with the headroom that other amounts would leave, and ballots that are voted on once more."""

from __future__ import annotations

import uuid
from decimal import Decimal

from flask import jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from fundapp.allocation.actions import amend_award, reopen_award
from fundapp.committee.actions import answer_reopening, ask_reopening
from fundapp.committee.queries import BallotPage, ballot_page, list_meetings
from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import FundError, NotFoundError
from fundapp.core.quantities import HOUR
from fundapp.web.committee.acting import act, press
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.forms import AmendForm, ReasonForm, amend_form
from fundapp.web.committee.sitting import Room, weigh
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.formats import quarter_dense
from fundapp.web.shell.language import gettext
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

_INVALID = 422


@blueprint.get("/ballots/<uuid:ballot_id>/amend")
def amend(ballot_id: uuid.UUID) -> ResponseReturnValue:
    """Show the form of an amendment, filled in with the original."""
    with db().read() as session:
        page, rooms = _load(session, ballot_id)
        form = _form(rooms)
        form.krw.data = page.proposed_krw
        form.conditions.data = "\n".join(
            f"{one.text} | {one.due_on}" if one.due_on else one.text for one in page.conditions
        )
        for line in page.gpu_lines:
            form[f"pool_{uuid.UUID(line.pool_id).hex}"].data = Decimal(line.hours_e4) / HOUR
        if page.voted == 0:
            form.mode.data = "replace"
        return _show(session, page, form)


@blueprint.post("/ballots/<uuid:ballot_id>/amend")
def file_amendment(ballot_id: uuid.UUID) -> ResponseReturnValue:
    """Put an amendment to the vote."""
    with db().read() as session:
        page, rooms = _load(session, ballot_id)
        form = _form(rooms)
        if not form.validate_on_submit():
            return _show(session, page, form), _INVALID
    try:
        made = db().transaction(
            lambda s: amend_award(
                s,
                ballot_id=ballot_id,
                proposal=form.to_proposal(),
                subsidiary=form.mode.data == "subsidiary",
                key=str(form.key.data),
                actor=viewer(),
                at=now(),
            )
        )
    except NotFoundError:
        raise
    except FundError as refused:
        form.krw.errors = [say_refusal(refused, form)]
        with db().read() as session:
            return _show(session, page, form), _INVALID
    return redirect(url_for("committee.ballot", ballot_id=made))


@blueprint.get("/ballots/<uuid:ballot_id>/headroom")
def headroom(ballot_id: uuid.UUID) -> ResponseReturnValue:
    """Return what amounts that are being typed would leave, drawn, and whether they fit."""
    with db().read() as session:
        page, rooms = _load(session, ballot_id)
        form = _form(rooms, request.args)
        after = _weighed(session, page, form)
    drawn = render_template("committee/_rooms.html", rooms=after)
    return jsonify(fits=all(room.after >= 0 for room in after), html=drawn)


def _load(session: Session, ballot_id: uuid.UUID) -> tuple[BallotPage, tuple[Room, ...]]:
    require(viewer(), Verb.PROPOSE, Thing(Kind.BALLOT))
    page = ballot_page(session, viewer(), ballot_id)
    if page.state != "open":
        raise NotFoundError
    return page, weigh(session, viewer(), page, 0, {})


def _form(rooms: tuple[Room, ...], given: MultiDict[str, str] | None = None) -> AmendForm:
    names = [
        (room.pool_id, f"{room.sku} {quarter_dense(room.quarter)} {room.region}") for room in rooms if room.pool_id
    ]
    return amend_form(names, given)


def _show(session: Session, page: BallotPage, form: AmendForm) -> str:
    return render_template("committee/amend.html", ballot=page, form=form, rooms=_weighed(session, page, form))


def _weighed(session: Session, page: BallotPage, form: AmendForm) -> tuple[Room, ...]:
    rooms = weigh(session, viewer(), page, max(int(form.krw.data or 0), 0), form.to_hours())
    proposed = {uuid.UUID(line.pool_id) for line in page.gpu_lines}
    return tuple(room for room in rooms if room.pool_id is None or room.asked or room.pool_id in proposed)


@blueprint.post("/ballots/<uuid:ballot_id>/reopenings")
def ask_again(ballot_id: uuid.UUID) -> ResponseReturnValue:
    """Ask that a closed ballot be voted on again."""
    form = ReasonForm()
    form.validate_on_submit()
    act(
        lambda s: ask_reopening(s, ballot_id=ballot_id, reason=str(form.reason.data or ""), actor=viewer(), at=now()),
        gettext("다시 의결해 달라고 요청했습니다. 다른 위원장이 확인합니다."),
        form,
    )
    return redirect(url_for("committee.ballot", ballot_id=ballot_id))


@blueprint.post("/reopenings/<uuid:reopening_id>")
def answer_again(reopening_id: uuid.UUID) -> ResponseReturnValue:
    """Confirm or decline what somebody else asked for."""
    ballot_id = request.form.get("ballot", "")
    if request.form.get("answer") != "confirm":
        press(
            lambda s: answer_reopening(s, reopening_id=reopening_id, confirmed=False, actor=viewer(), at=now()),
            gettext("받아들이지 않았다고 기록했습니다."),
        )
        return redirect(url_for("committee.ballot", ballot_id=ballot_id))
    meeting_id = _meeting_for(ballot_id)
    press(
        lambda s: reopen_award(s, reopening_id=reopening_id, meeting_id=meeting_id, actor=viewer(), at=now()),
        gettext("다시 의결할 안건을 올렸습니다."),
    )
    return redirect(url_for("committee.ballot", ballot_id=ballot_id))


def _meeting_for(ballot_id: str) -> uuid.UUID:
    """Return where a ballot is voted on again: its own meeting while that is not over, else the next of its call.

    Raises:
        NotFoundError: if there is neither.
    """
    try:
        key = uuid.UUID(ballot_id)
    except ValueError as error:
        raise NotFoundError from error
    with db().read() as session:
        page = ballot_page(session, viewer(), key)
        rows = {row.meeting_id: row for row in list_meetings(session, viewer())}
    own = rows[page.meeting_id]
    able = [
        row
        for row in rows.values()
        if row.call_code == own.call_code
        and row.state in {"scheduled", "running"}
        and (row.deadline is None or row.deadline > now())
    ]
    if own in able:
        return own.meeting_id
    if not able:
        return own.meeting_id  # the action refuses, and says that the meeting is over
    return min(able, key=lambda row: row.held_on).meeting_id
