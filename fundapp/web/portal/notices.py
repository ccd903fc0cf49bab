"""What happened to one's applications since one last looked, in the words of the mail."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, g, render_template
from flask.typing import ResponseReturnValue

from fundapp.core.access import Role
from fundapp.identity.actions import mark_seen
from fundapp.intake.notices import count_unread, list_notices, notice_calendar
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("portal_notices", __name__, url_prefix="/portal/notices")
blueprint.before_request(only(*ROOMS["portal"]))
_PER_PAGE = 25


@blueprint.app_template_global()
def unread_notices() -> int:
    """Return how many notices the viewer has not seen; asked once a request, and of applicants only."""
    if "unread_notices" not in g:
        g.unread_notices = 0
        if viewer().has(Role.APPLICANT) and viewer().company_ids:
            with db().read() as session:
                g.unread_notices = count_unread(session, viewer())
    return int(g.unread_notices)


@blueprint.get("")
def notices() -> ResponseReturnValue:
    """Show the newest notices; having looked is remembered, so that the next look shows what is new."""
    at, number = now(), asked_page()
    with db().read() as session:
        rows, total = list_notices(session, viewer(), limit=_PER_PAGE, offset=(number - 1) * _PER_PAGE)
    if any(row.unread for row in rows):
        actor = viewer()
        db().transaction(lambda session: mark_seen(session, actor=actor, at=at))
    g.unread_notices = 0
    return render_template("portal/notices.html", page=Page(rows, number, total, _PER_PAGE))


@blueprint.get("/<uuid:notice_id>.ics")
def calendar(notice_id: uuid.UUID) -> ResponseReturnValue:
    """Give out the calendar file of a notice."""
    with db().read() as session:
        text = notice_calendar(session, viewer(), notice_id)
    answer = Response(text, content_type="text/calendar; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="deadline.ics"'
    return answer
