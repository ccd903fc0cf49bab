"""What every page of the room does the same way: ask the policy, run one action, keep an upload for a moment."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from flask import flash, request
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.core.idempotency import once
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

REFUSED = 422
CONFLICT = 409


def may_open(kind: Kind, verb: Verb = Verb.VIEW) -> None:
    """Raise unless the viewer may do this to things of a kind at all.

    Raises:
        ForbiddenError: shown like an absent page.
    """
    require(viewer(), verb, Thing(kind))


def act(work: Callable[[Session], object], said: str, form: FlaskForm | None = None) -> bool:
    """Run a change and say so; a refusal is said just as politely, on the page that comes next.

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


def once_for(form: KeyedForm, work: Callable[[Session], object]) -> Callable[[Session], object]:
    """Return the change so that it is made once for a form's key, however often the form arrives."""
    fields = {name: str(value) for name, value in form.data.items() if name not in {"csrf_token", "key"}}
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


def say_faults(form: FlaskForm) -> None:
    """Put what is wrong with a small form into a message, for forms that have no page of their own."""
    faults = [f"{field.label.text}: {' '.join(map(str, field.errors))}" for field in form if field.errors]
    flash(" / ".join(faults) or gettext("다시 시도해 주세요."), "err")


def show_fault(form: FlaskForm, error: InvalidInputError, fallback: str) -> None:
    """Put a refusal beside the field it concerns, or beside `fallback` with the name of the other."""
    name = str(error.details.get("field"))
    if name in form:
        form[name].errors = [pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))]
    else:
        form[fallback].errors = [say_refusal(error)]


@contextmanager
def kept_upload(upload: FileStorage, *, stem: str, at: datetime, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Keep an upload in a private folder as long as it is read, under a name of our own.

    Args:
        upload: What the browser sent; the server's size limit has been applied to the request.
        stem: First part of the name.
        at: Second part.
        suffixes: Kinds of file we read; the browser's name decides only which.

    Raises:
        InvalidInputError: if there is no file or it is of another kind.
    """
    suffix = Path(upload.filename or "").suffix.lower()
    if suffix not in suffixes:
        listed = ", ".join(suffixes)
        raise InvalidInputError(
            field="file", reason_ko=f"{listed} 파일을 골라 주세요", reason_en=f"choose a {listed} file"
        )
    with tempfile.TemporaryDirectory(prefix="fund-upload-") as folder:
        path = Path(folder) / f"{stem}-{at:%Y%m%d-%H%M%S}{suffix}"
        upload.save(path)
        yield path
