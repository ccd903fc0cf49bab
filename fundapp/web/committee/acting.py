"""Running one change of the meetings' pages, and saying what came of it."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, request
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session

from fundapp.core.errors import FundError, NotFoundError
from fundapp.core.idempotency import once
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyedForm, KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer


def act(work: Callable[[Session], object], said: str, form: FlaskForm | None = None) -> bool:
    """Run a change and say so; a refusal is said on the page that comes next.

    Args:
        work: The change.
        said: What is said of it.
        form: The form that asked, whose labels a refusal uses.

    Raises:
        NotFoundError: if what it is about is absent or out of sight; that is a page of its own.
    """
    try:
        db().transaction(work)
    except NotFoundError:
        raise
    except FundError as error:
        flash(say_refusal(error, form), "err")
        return False
    flash(said, "ok")
    return True


def press(work: Callable[[Session], object], said: str) -> bool:
    """Do the same for a form that is one button, once for its key however often it arrives."""
    form = KeyOnlyForm()
    if not form.validate_on_submit():
        flash(gettext("다시 시도해 주세요."), "err")
        return False
    return act(once_for(form, work), said)


def once_for(form: KeyedForm, work: Callable[[Session], object]) -> Callable[[Session], object]:
    """Return the change so that it is made once for a form's key, however often the form arrives."""
    fields = {name: value for name, value in sorted(request.form.items()) if name not in {"csrf_token", "key"}}
    asked = {"path": request.path, "by": str(viewer().person_id), "fields": fields}

    def run(session: Session) -> dict[str, object]:
        work(session)
        return {}

    return lambda session: once(
        session,
        key=form.key.data or "",
        verb=f"form.{request.endpoint}"[:80],
        request=asked,
        at=now(),
        work=lambda: run(session),
    )
