"""A call while it is open: its deadline, the texts of its questions, and how far the drafts are."""

from __future__ import annotations

from datetime import datetime

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fundapp.core.access import Kind, Verb
from fundapp.core.errors import InvalidInputError
from fundapp.core.quarters import KST
from fundapp.intake.actions.call_changes import TEXTS, change_texts, extend_call
from fundapp.intake.call_queries import list_drafts
from fundapp.intake.queries import CallPage, get_call
from fundapp.web.operations.doing import act, may_open
from fundapp.web.operations.door import blueprint
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.viewer import viewer


@blueprint.get("/calls/<code>/")
def call_page(code: str) -> ResponseReturnValue:
    """Show a call with its deadline, its questions and its drafts."""
    may_open(Kind.CALL, Verb.EDIT)
    at = now()
    with db().read() as session:
        call, drafts = get_call(session, code), list_drafts(session, viewer(), code, at=at)
    return render_template(
        "operations/call.html", call=call, drafts=drafts, at=at, texts=TEXTS, form=KeyOnlyForm(formdata=None)
    )


@blueprint.post("/calls/<code>/extend")
def move_deadline(code: str) -> ResponseReturnValue:
    """Move the deadline to a later instant, with the reason."""
    may_open(Kind.CALL, Verb.EDIT)
    reason, typed = request.form.get("reason", ""), request.form.get("closes", "")
    act(
        lambda session: extend_call(
            session, actor=viewer(), at=now(), call_code=code, closes_at=_instant(typed), reason=reason
        ),
        gettext("마감을 연장했습니다."),
        KeyOnlyForm(),
    )
    return redirect(url_for(".call_page", code=code))


@blueprint.post("/calls/<code>/texts")
def word_call(code: str) -> ResponseReturnValue:
    """Word questions anew, with the reason."""
    may_open(Kind.CALL, Verb.EDIT)
    with db().read() as session:
        call = get_call(session, code)
    texts = _changed(call)
    reason = request.form.get("reason", "")
    act(
        lambda session: change_texts(session, actor=viewer(), at=now(), call_code=code, texts=texts, reason=reason),
        gettext("문항의 글을 바꿨습니다."),
        KeyOnlyForm(),
    )
    return redirect(url_for(".call_page", code=code))


def _instant(typed: str) -> datetime:
    """Return an instant that was typed in Korean time.

    Raises:
        InvalidInputError: if it is none.
    """
    try:
        read = datetime.fromisoformat(typed)
    except ValueError:
        raise InvalidInputError(
            field="closes", reason_ko="날짜와 시각이 아닙니다", reason_en="no date and time"
        ) from None
    return read if read.tzinfo else read.replace(tzinfo=KST)


def _changed(call: CallPage) -> dict[str, dict[str, str]]:
    """Return the texts of the form that differ from the call's, by question."""
    found: dict[str, dict[str, str]] = {}
    for question in call.form.questions:
        for name in TEXTS:
            typed = request.form.get(f"{question.key}.{name}")
            if typed is not None and " ".join(typed.split()) != getattr(question, name):
                found.setdefault(question.key, {})[name] = typed
    return found
