"""The portal's entrance: its blueprint, who comes in, and the application that a page is about."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from fundapp.core.errors import NotFoundError
from fundapp.intake.call_queries import find_own_document
from fundapp.intake.form import Form, parse_form
from fundapp.web.portal import gpu, pages
from fundapp.web.shell.database import db
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("portal", __name__, url_prefix="/portal")

REFUSED = 422
CONFLICT = 409
UNKNOWN = 401
ONE = "/applications/<uuid:application_id>"
_guard = only(*ROOMS["portal"])
_CARRIED = frozenset({"csrf_token"})


@blueprint.before_request
def let_in() -> ResponseReturnValue | None:
    """Let applicants in; whoever saves a section after the session has ended is handed back every word of it."""
    if request.endpoint == "portal.save" and viewer().person_id is None:
        words = [(name, text) for name, text in request.form.items(multi=True) if name not in _CARRIED]
        return render_template("portal/held.html", words=words), UNKNOWN
    return _guard()


def own_page(application_id: uuid.UUID, at: datetime) -> pages.ApplicationPage:
    """Return one of the viewer's own applications as its pages show it.

    Raises:
        NotFoundError: if there is none, or it is another company's.
    """
    with db().read() as session:
        return pages.load_page(session, viewer(), application_id, at)


def own_form(application_id: uuid.UUID) -> Form:
    """Return the form of one of the viewer's own applications, in one statement: what autosave needs of it.

    Raises:
        NotFoundError: if there is none, or it is another company's.
    """
    with db().read() as session:
        document = find_own_document(session, viewer(), application_id)
    if document is None:
        raise NotFoundError
    return parse_form(document)


def rate_card(page: pages.ApplicationPage) -> dict[tuple[str, str], int]:
    """Return the rates in force for what the page's call offers."""
    with db().read() as session:
        return gpu.rates_in_force(session, page.call.document)
