"""What happens in a sitting: opening and ending it, calling items, attendance, and telling open pages of it."""

from __future__ import annotations

import uuid

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from fundapp.committee.actions import (
    agree_in_writing,
    call_item,
    end_meeting,
    open_meeting,
    record_attendance,
)
from fundapp.committee.queries import meeting_page
from fundapp.core.errors import NotFoundError
from fundapp.web.committee.acting import press
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.live import fingerprint, take_place, watch
from fundapp.web.committee.sitting import agenda_groups, load_sitting
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.viewer import viewer

_NO_CONTENT = 204


@blueprint.post("/meetings/<uuid:meeting_id>/open")
def open_sitting(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Open a sitting."""
    press(
        lambda s: open_meeting(s, meeting_id=meeting_id, actor=viewer(), at=now()),
        gettext("회의를 열었습니다."),
    )
    return _back(meeting_id)


@blueprint.post("/meetings/<uuid:meeting_id>/end")
def end_sitting(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """End a sitting."""
    press(
        lambda s: end_meeting(s, meeting_id=meeting_id, actor=viewer(), at=now()),
        gettext("회의를 마쳤습니다."),
    )
    return _back(meeting_id)


@blueprint.post("/meetings/<uuid:meeting_id>/item")
def call(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Call an item, or none for a pause."""
    ballot_id = _asked("ballot")
    press(
        lambda s: call_item(s, meeting_id=meeting_id, ballot_id=ballot_id, actor=viewer(), at=now()),
        gettext("안건을 불렀습니다.") if ballot_id else gettext("안건 사이에 쉽니다."),
    )
    if ballot_id and request.form.get("then") == "ballot":
        return redirect(url_for("committee.ballot", ballot_id=ballot_id))
    return _back(meeting_id)


@blueprint.post("/meetings/<uuid:meeting_id>/attendance")
def attend(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Record that a member came in or went out."""
    person_id, present = _asked("person"), request.form.get("present") == "1"
    if person_id is None:
        raise NotFoundError
    press(
        lambda s: record_attendance(
            s, meeting_id=meeting_id, person_id=person_id, present=present, actor=viewer(), at=now()
        ),
        gettext("입장을 기록했습니다.") if present else gettext("퇴장을 기록했습니다."),
    )
    return _back(meeting_id)


@blueprint.post("/meetings/<uuid:meeting_id>/consent")
def consent_in_writing(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Say whether the viewer agrees to decide in writing."""
    agrees, ballot_id = request.form.get("agrees") == "1", _asked("ballot")
    press(
        lambda s: agree_in_writing(s, meeting_id=meeting_id, agrees=agrees, actor=viewer(), at=now()),
        gettext("서면결의 동의 여부를 기록했습니다."),
    )
    return redirect(url_for("committee.ballot", ballot_id=ballot_id)) if ballot_id else _back(meeting_id)


def _asked(name: str) -> uuid.UUID | None:
    """Return an identifier that a form sent.

    Raises:
        NotFoundError: if it is none.
    """
    text = request.form.get(name, "")
    try:
        return uuid.UUID(text) if text else None
    except ValueError as error:
        raise NotFoundError from error


@blueprint.get("/meetings/<uuid:meeting_id>/live")
def live(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Return the parts of a meeting's page that change while it is open."""
    with db().read() as session:
        page = meeting_page(session, viewer(), meeting_id)
    return render_template(
        "committee/_live_meeting.html",
        meeting=page,
        groups=agenda_groups(page.items),
        shown=len(page.items),
        current=None,
        seen=fingerprint(page),
    )


@blueprint.get("/ballots/<uuid:ballot_id>/live")
def live_ballot(ballot_id: uuid.UUID) -> ResponseReturnValue:
    """Return the parts of a ballot's page that change while it is open."""
    with db().read() as session:
        sitting = load_sitting(session, viewer(), ballot_id)
    return render_template(
        "committee/_live_ballot.html",
        sitting=sitting,
        ballot=sitting.ballot,
        meeting=sitting.meeting,
        seen=fingerprint(sitting.meeting),
    )


@blueprint.get("/meetings/<uuid:meeting_id>/events")
def events(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Tell an open page that something has changed for its viewer: server-sent events without any content.

    Where too many watch already, the answer is empty and the page asks every two seconds.
    """
    with db().read() as session:
        meeting_page(session, viewer(), meeting_id)
    if not take_place():
        return Response(status=_NO_CONTENT)
    last = request.headers.get("Last-Event-ID") or request.args.get("seen")
    told = watch(db(), str(current_user.fs_uniquifier), meeting_id, last)
    answer = Response(told, content_type="text/event-stream; charset=utf-8")
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


def _back(meeting_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(url_for("committee.meeting", meeting_id=meeting_id))
