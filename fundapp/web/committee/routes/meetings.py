"""Meetings: their list, one with its agenda, its order, times and invitations."""

from __future__ import annotations

import uuid

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fundapp.committee.actions import (
    cancel_meeting,
    invite_members,
    reschedule_meeting,
    schedule_meeting,
    set_agenda,
)
from fundapp.committee.queries import AgendaItem, MeetingPage, list_meetings, meeting_event, meeting_page
from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.calendar import calendar_text
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.quarters import KST
from fundapp.web.committee.acting import act, once_for, press
from fundapp.web.committee.board import find_call
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.forms import MeetingForm, ReasonForm, TimesForm
from fundapp.web.committee.live import fingerprint
from fundapp.web.committee.sitting import agenda_groups
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

_INVALID = 422


@blueprint.get("/meetings")
def meetings() -> ResponseReturnValue:
    """Show the committee's meetings."""
    return _meetings(MeetingForm())


@blueprint.post("/meetings")
def schedule() -> ResponseReturnValue:
    """Set a meeting, or a written resolution."""
    require(viewer(), Verb.PROPOSE, Thing(Kind.BALLOT))
    form = MeetingForm()
    if not form.validate_on_submit():
        return _meetings(form), _INVALID
    with db().read() as session:
        _, call = find_call(session, request.form.get("call"), now())
    if call is None:
        raise NotFoundError
    try:
        times, deadline, code = form.to_times(), form.to_deadline(), call.code
        meeting_id = db().transaction(
            lambda s: schedule_meeting(
                s,
                call_code=code,
                title=str(form.title.data),
                held_on=form.to_day(),
                actor=viewer(),
                at=now(),
                times=times,
                deadline=deadline,
            )
        )
    except InvalidInputError as error:
        field = str(error.details["field"])
        name = {"deadline": "ends_at"}.get(field, field)
        form[name if name in form else "title"].errors = [
            pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))
        ]
        return _meetings(form), _INVALID
    return redirect(url_for("committee.meeting", meeting_id=meeting_id))


def _meetings(form: MeetingForm) -> str:
    with db().read() as session:
        rows = list_meetings(session, viewer())
        calls, _ = find_call(session, None, now())
    return render_template("committee/meetings.html", rows=rows, calls=calls, form=form)


@blueprint.get("/meetings/<uuid:meeting_id>")
def meeting(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Show a meeting with its agenda, who is there, and what is on now."""
    with db().read() as session:
        page = meeting_page(session, viewer(), meeting_id)
    return render_template(
        "committee/meeting.html",
        meeting=page,
        groups=agenda_groups(page.items),
        shown=len(page.items),
        current=None,
        seen=fingerprint(page),
        form=_times_form(page),
    )


def _times_form(page: MeetingPage) -> TimesForm:
    form = TimesForm(formdata=None)
    form.held_on.data, form.place.data = page.held_on, page.place
    if page.starts_at and page.ends_at:
        form.starts_at.data = page.starts_at.astimezone(KST).time()
        form.ends_at.data = page.ends_at.astimezone(KST).time()
    return form


@blueprint.post("/meetings/<uuid:meeting_id>/times")
def set_times(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Say when and where a sitting is; who was invited gets the change."""
    form = TimesForm()
    if not form.validate_on_submit():
        flash(gettext("날짜와 시각을 확인해 주세요."), "err")
        return _back(meeting_id)
    try:
        times = form.to_times()
    except InvalidInputError as error:
        flash(say_refusal(error, form), "err")
        return _back(meeting_id)
    act(
        once_for(form, lambda s: reschedule_meeting(s, meeting_id=meeting_id, times=times, actor=viewer(), at=now())),
        gettext("일정을 저장했습니다."),
        form,
    )
    return _back(meeting_id)


@blueprint.post("/meetings/<uuid:meeting_id>/invitations")
def invite(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Mail every member an invitation."""
    press(
        lambda s: invite_members(s, meeting_id=meeting_id, actor=viewer(), at=now()),
        gettext("모든 위원에게 초대장을 보냈습니다."),
    )
    return _back(meeting_id)


@blueprint.post("/meetings/<uuid:meeting_id>/cancel")
def cancel(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Cancel a meeting without ballots."""
    press(
        lambda s: cancel_meeting(s, meeting_id=meeting_id, actor=viewer(), at=now()),
        gettext("회의를 취소했습니다."),
    )
    return _back(meeting_id)


@blueprint.get("/meetings/<uuid:meeting_id>/meeting.ics")
def calendar(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Hand out the meeting for a calendar; it names no application."""
    with db().read() as session:
        event = meeting_event(session, viewer(), meeting_id, at=now())
    answer = Response(calendar_text(event), content_type="text/calendar; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="meeting.ics"'
    return answer


@blueprint.get("/meetings/<uuid:meeting_id>/agenda")
def agenda(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Show the items for ordering by hand."""
    return _agenda(meeting_id, ReasonForm(formdata=None), None)


@blueprint.post("/meetings/<uuid:meeting_id>/agenda")
def order_agenda(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Move an item one place on the page, or keep the order with its reason; nothing is kept before."""
    form, order = ReasonForm(), [uuid.UUID(item) for item in request.form.getlist("order")]
    move = request.form.get("move", "")
    if move:
        return _agenda(meeting_id, ReasonForm(formdata=None, reason=form.reason.data), _moved(order, move))
    if request.form.get("then") == "computed":
        press(
            lambda s: set_agenda(s, meeting_id=meeting_id, order=[], reason="", actor=viewer(), at=now()),
            gettext("드나듦이 가장 적은 순서로 되돌렸습니다."),
        )
        return _back(meeting_id)
    if not form.validate_on_submit():
        return _agenda(meeting_id, form, order), _INVALID
    kept = act(
        lambda s: set_agenda(
            s, meeting_id=meeting_id, order=order, reason=str(form.reason.data), actor=viewer(), at=now()
        ),
        gettext("안건 순서를 저장했습니다."),
    )
    return _back(meeting_id) if kept else redirect(url_for("committee.agenda", meeting_id=meeting_id))


def _moved(order: list[uuid.UUID], move: str) -> list[uuid.UUID]:
    """Return the order after `up:<item>` or `down:<item>`."""
    direction, _, item = move.partition(":")
    place = next((place for place, one in enumerate(order) if str(one) == item), None)
    if place is None:
        return order
    target = min(max(place + (-1 if direction == "up" else 1), 0), len(order) - 1)
    order.insert(target, order.pop(place))
    return order


def _agenda(meeting_id: uuid.UUID, form: ReasonForm, order: list[uuid.UUID] | None) -> str:
    require(viewer(), Verb.PROPOSE, Thing(Kind.BALLOT))
    with db().read() as session:
        page = meeting_page(session, viewer(), meeting_id)
    items: dict[uuid.UUID, AgendaItem] = {item.ballot_id: item for item in page.items}
    listed = [items[key] for key in order if key in items] if order is not None else list(page.items)
    moved = request.form.get("move", "").partition(":")[2]
    return render_template("committee/agenda.html", meeting=page, listed=listed, form=form, moved=moved)


def _back(meeting_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(url_for("committee.meeting", meeting_id=meeting_id))
