"""Who is at the door: the session, how long it lasts, and the viewer that every query takes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from flask import Flask, Response, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_security import UserMixin, current_user
from flask_security.utils import login_user, logout_user

from fundapp.committee.queries import SignedIn, find_viewer, load_viewer
from fundapp.core.access import ANONYMOUS, Role, Viewer
from fundapp.core.errors import NotFoundError
from fundapp.identity.actions import choose_language
from fundapp.identity.tables import Person
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import COOKIE, current_locale
from fundapp.web.shell.remembering import note_state

_SIGNED_IN = "signed_in_at"
_SEEN = "seen_at"
_REFRESH_SECONDS = 30
CARRIED = "carried"
"""Where a browser keeps the answers of an eligibility check until an application begins with them."""


class _SignedIn(UserMixin):
    """What the session library asks about somebody; our viewer was read in the same statement."""

    active = True

    def __init__(self, fs_uniquifier: str, found: SignedIn) -> None:
        self.fs_uniquifier = fs_uniquifier
        self.roles = []  # our own policy asks the viewer's
        self.found = found


def init_viewer(app: Flask) -> None:
    """Load `g.viewer` for every request that is not for a static file."""
    cast("Any", app).login_manager.user_loader(_find_signed_in)
    app.before_request(_load)
    app.after_request(keep_language)
    app.jinja_env.globals["viewer"] = viewer


def viewer() -> Viewer:
    """Return who asks; somebody not signed in is `ANONYMOUS`."""
    return cast("Viewer", g.get("viewer", ANONYMOUS))


def open_session(person_id: uuid.UUID, at: datetime) -> None:
    """Start a fresh session: of what the browser brought along nothing survives, the form token included.

    Only the answers of an eligibility check that somebody chose to take along come in with them.
    """
    brought = session.get(CARRIED)
    session.clear()
    if brought is not None:
        session[CARRIED] = brought
    login_user(_find_user(person_id))
    session[_SIGNED_IN] = session[_SEEN] = int(at.timestamp())
    g.viewer = _viewer_of(person_id)
    if request.cookies.get(COOKIE) == current_locale():  # chosen, and not merely the instance's default
        _remember_language()


def keep_language(response: Response) -> Response:
    """Write to somebody signed in, from now on, in the language that they have just chosen on a page."""
    if request.args.get("lang") in {"ko", "en"} and request.cookies.get(COOKIE) != current_locale():
        _remember_language()
    return response


def _remember_language() -> None:
    actor, language = viewer(), current_locale()
    if actor.person_id is not None:
        db().transaction(lambda writing: choose_language(writing, actor=actor, language=language))


def close_session() -> None:
    """End the session of this browser."""
    logout_user()
    session.clear()
    g.viewer = ANONYMOUS


def only(*roles: Role) -> Callable[[], ResponseReturnValue | None]:
    """Return a guard for `blueprint.before_request`.

    Strangers are asked to sign in and come back; people without any of the roles see a page that does not exist.
    """

    def guard() -> ResponseReturnValue | None:
        if viewer().person_id is None:
            return ask_to_sign_in()
        if not viewer().has(*roles):
            raise NotFoundError
        return None

    return guard


def ask_to_sign_in() -> ResponseReturnValue:
    """Redirect to the sign-in page; a page that was only looked at is where one comes back to."""
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("account.login", next=target))


def _load() -> None:
    g.viewer = ANONYMOUS
    if not current_user.is_authenticated:
        return
    found = cast("_SignedIn", current_user).found
    if _still_open(found.viewer, now()):
        g.viewer = found.viewer
        note_state(found.state)
    else:
        close_session()


def _find_signed_in(fs_uniquifier: str) -> _SignedIn | None:
    if (request.endpoint or "").endswith("static"):
        return None
    found = find_viewer(db(), fs_uniquifier)
    return None if found is None else _SignedIn(fs_uniquifier, found)


def _datastore() -> Any:  # noqa: ANN401 - Flask-Security is untyped
    return current_app.extensions["security"].datastore


def _find_user(person_id: uuid.UUID) -> Person:
    datastore = _datastore()
    datastore.db.session.remove()  # an identifier rotated in this request must be read afresh
    return cast("Person", datastore.find_user(id=person_id))


def _viewer_of(person_id: uuid.UUID) -> Viewer:
    with db().read() as reading:
        return load_viewer(reading, person_id)


def _still_open(found: Viewer, at: datetime) -> bool:
    moment = int(at.timestamp())
    started, seen = session.get(_SIGNED_IN), session.get(_SEEN)
    if not isinstance(started, int) or not isinstance(seen, int):
        return False
    idle: timedelta = current_app.config["APPLICANT_IDLE" if found.roles <= {Role.APPLICANT} else "STAFF_IDLE"]
    longest: timedelta = current_app.config["SESSION_LENGTH"]
    if moment - seen > idle.total_seconds() or moment - started > longest.total_seconds():
        return False
    if moment - seen > _REFRESH_SECONDS:  # not at every request, so that most responses set no cookie
        session[_SEEN] = moment
    return True
