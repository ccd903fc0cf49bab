"""Meetings, ballots, votes and what they resolved."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fundapp.committee.actions import cast_vote, close_ballot, schedule_meeting
from fundapp.committee.queries import ballot_page, list_conditions, list_decisions, list_meetings, meeting_page
from fundapp.committee.rules import AlreadyVotedError, BallotClosedError
from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import NotFoundError
from fundapp.web.committee.board import find_call
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.forms import MeetingForm, VoteForm
from fundapp.web.committee.sitting import load_sitting
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.security import instance_secret
from fundapp.web.shell.viewer import viewer

_INVALID = 422


@blueprint.get("/meetings")
def meetings() -> ResponseReturnValue:
    """Show the committee's meetings."""
    return _meetings(MeetingForm())


@blueprint.post("/meetings")
def schedule() -> ResponseReturnValue:
    """Set a meeting."""
    require(viewer(), Verb.PROPOSE, Thing(Kind.BALLOT))
    form = MeetingForm()
    if not form.validate_on_submit():
        return _meetings(form), _INVALID
    with db().read() as session:
        _, call = find_call(session, request.form.get("call"), now())
    if call is None:
        raise NotFoundError
    code = call.code
    meeting_id = db().transaction(
        lambda s: schedule_meeting(
            s, call_code=code, title=str(form.title.data), held_on=form.to_day(), actor=viewer(), at=now()
        )
    )
    return redirect(url_for("committee.meeting", meeting_id=meeting_id))


def _meetings(form: MeetingForm) -> str:
    with db().read() as session:
        rows = list_meetings(session, viewer())
        calls, _ = find_call(session, None, now())
    return render_template("committee/meetings.html", rows=rows, calls=calls, form=form)


@blueprint.get("/meetings/<uuid:meeting_id>")
def meeting(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Show a meeting with its agenda."""
    with db().read() as session:
        page = meeting_page(session, viewer(), meeting_id)
    return render_template("committee/meeting.html", meeting=page)


@blueprint.get("/ballots/<uuid:ballot_id>")
def ballot(ballot_id: uuid.UUID) -> ResponseReturnValue:
    """Show a ballot: proposal, headroom, quorum, and the result once it is closed."""
    return _ballot(ballot_id, VoteForm())


@blueprint.post("/ballots/<uuid:ballot_id>/vote")
def vote(ballot_id: uuid.UUID) -> ResponseReturnValue:
    """Cast the viewer's vote. A second one is refused in words; the first stays."""
    form = VoteForm()
    if not form.validate_on_submit():
        return _ballot(ballot_id, form), _INVALID
    try:
        db().transaction(
            lambda s: cast_vote(
                s,
                ballot_id=ballot_id,
                choice=form.to_choice(),
                key=str(form.key.data),
                actor=viewer(),
                at=now(),
                reason=form.vote_reason.data or "",
                secret=instance_secret(),
            )
        )
        flash(gettext("투표했습니다. 개표 전에는 누가 투표했는지만 보입니다."), "ok")
    except (AlreadyVotedError, BallotClosedError) as refused:
        flash(say_refusal(refused), "warn")
    return redirect(url_for("committee.ballot", ballot_id=ballot_id))


@blueprint.get("/ballots/<uuid:ballot_id>/close")
def confirm_close(ballot_id: uuid.UUID) -> ResponseReturnValue:
    """Ask the chair once more, with the arithmetic as it stands."""
    require(viewer(), Verb.CLOSE, Thing(Kind.BALLOT))
    with db().read() as session:
        page = ballot_page(session, viewer(), ballot_id)
    if page.state != "open":
        return redirect(url_for("committee.ballot", ballot_id=ballot_id))
    return render_template("committee/close.html", ballot=page, form=KeyOnlyForm())


@blueprint.post("/ballots/<uuid:ballot_id>/close")
def close(ballot_id: uuid.UUID) -> ResponseReturnValue:
    """Count and decide. Whoever comes second sees the first result."""
    form = KeyOnlyForm()
    if not form.validate_on_submit():
        return redirect(url_for("committee.confirm_close", ballot_id=ballot_id))
    try:
        db().transaction(
            lambda s: close_ballot(
                s,
                ballot_id=ballot_id,
                key=str(form.key.data),
                actor=viewer(),
                at=now(),
                secret=instance_secret(),
            )
        )
        flash(gettext("개표했습니다."), "ok")
    except BallotClosedError as refused:
        flash(say_refusal(refused), "warn")
    return redirect(url_for("committee.ballot", ballot_id=ballot_id))


def _ballot(ballot_id: uuid.UUID, form: VoteForm) -> str:
    with db().read() as session:
        sitting = load_sitting(session, viewer(), ballot_id)
    return render_template("committee/ballot.html", sitting=sitting, ballot=sitting.ballot, form=form)


@blueprint.get("/decisions")
def decisions() -> ResponseReturnValue:
    """Show what the committee decided, with the arithmetic."""
    with db().read() as session:
        rows = list_decisions(session, viewer())
    return render_template("committee/decisions.html", rows=rows)


@blueprint.get("/conditions")
def conditions() -> ResponseReturnValue:
    """Show the register of conditions."""
    state = request.args.get("state", "")
    with db().read() as session:
        everything = list_conditions(session, viewer())
    rows = [row for row in everything if state in {"", row.state}]
    counts = {name: sum(row.state == name for row in everything) for name in ("open", "met", "waived")}
    return render_template("committee/conditions.html", rows=rows, counts=counts, state=state, total=len(everything))
