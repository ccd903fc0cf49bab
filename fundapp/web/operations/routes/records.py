"""The record of who did what, and the outbox."""

from __future__ import annotations

import uuid

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fundapp.audit.queries import list_events, verify_chain
from fundapp.core.access import Kind
from fundapp.core.errors import InvalidInputError
from fundapp.identity.actions import resend_mail
from fundapp.web.operations.doing import act, may_open
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.events import show_events
from fundapp.web.operations.reading import list_mail, load_recusals
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.pagination import PAGE_SIZE, Page, asked_page
from fundapp.web.shell.viewer import viewer

_PER_PAGE = 100
_CHECKED_AT_ONCE = 50_000
"""A longer chain is walked only when asked for: a page should not take seconds."""


@blueprint.get("/audit")
def audit_page() -> ResponseReturnValue:
    """Show the newest events, and whether the chain holds."""
    may_open(Kind.AUDIT)
    text = request.args.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None  # noqa: PLR2004 - any number
    with db().read() as session:
        events = list_events(session, viewer(), limit=_PER_PAGE, before=before)
        newest = events[0].seq if events else 0
        asked = request.args.get("verify") == "1"
        walk = before is None and (asked or newest <= _CHECKED_AT_ONCE)
        check = verify_chain(session) if walk else None
        hidden = load_recusals(session, viewer())
    return render_template(
        "operations/audit.html",
        events=show_events(events, hidden),
        check=check,
        before=before,
        older=events[-1].seq if len(events) == _PER_PAGE else None,
    )


@blueprint.get("/outbox")
def outbox_page() -> ResponseReturnValue:
    """Show what was sent, and what waits or failed."""
    may_open(Kind.OUTBOX)
    number = asked_page()
    with db().read() as session:
        # Without a mail server nobody else can hand a link over; with one, it is the recipient's alone.
        rows, total = list_mail(
            session,
            viewer(),
            limit=PAGE_SIZE,
            offset=(number - 1) * PAGE_SIZE,
            masked=current_app.config["MAIL_LEAVES"],
        )
    return render_template("operations/outbox.html", page=Page(rows, number, total))


@blueprint.post("/outbox/<uuid:message_id>/resend")
def resend(message_id: uuid.UUID) -> ResponseReturnValue:
    """Send a mail once more."""
    form = KeyOnlyForm()
    if not form.validate():
        raise InvalidInputError(field="key", reason_ko="새로 고친 뒤 다시 보내세요", reason_en="reload and send again")
    key, actor, at = str(form.key.data), viewer(), now()
    act(
        lambda session: resend_mail(session, message_id=message_id, key=key, actor=actor, at=at),
        gettext("다시 보내도록 올렸습니다."),
    )
    return redirect(url_for(".outbox_page", page=asked_page()))
