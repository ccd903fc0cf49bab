"""JSON for programs. Reading only; everything a token sees is what its holder would see on the pages."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.allocation.queries import list_pools
from fundapp.committee.queries import ReviewPage, find_pledge, load_viewer, review_page
from fundapp.core.access import ANONYMOUS, Role, Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.identity.queries import find_token_holder
from fundapp.intake.queries import find_application_id, get_application, list_calls
from fundapp.intake.rules import STATES
from fundapp.intake.way_queries import own_stages
from fundapp.portfolio.queries import list_awards
from fundapp.reporting.queries import list_reports
from fundapp.screening.queries import find_scorecard
from fundapp.web.api import documents
from fundapp.web.api.openapi import describe
from fundapp.web.api.queries import page_applications
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.security import csrf, limiter
from fundapp.web.shell.viewer import viewer

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
# No cookie counts here, so no other site can make a browser act: a token has to be sent on purpose.
csrf.exempt(blueprint)
limiter.limit("300 per minute")(blueprint)

_OPEN = frozenset({"api.openapi"})
_SCHEME = "Bearer "
_LARGEST_PAGE = 200
_PAGE = 50


@blueprint.before_request
def authenticate() -> ResponseReturnValue | None:
    """Take the holder of the bearer token for the viewer, whoever may be signed in on the pages."""
    g.viewer = ANONYMOUS
    if request.endpoint in _OPEN:
        return None
    header = request.headers.get("Authorization", "")
    at = now()
    with db().read() as session:
        token = header.removeprefix(_SCHEME).strip()
        holder = find_token_holder(session, token, at) if header.startswith(_SCHEME) and token else None
        if holder is not None:
            g.viewer = load_viewer(session, holder)
            return None
    message = gettext("유효한 토큰이 필요합니다. Authorization: Bearer 머리말로 보내 주세요.")
    return jsonify(error={"code": "unauthorized", "message": message}), 401, {"WWW-Authenticate": "Bearer"}


@blueprint.after_request
def never_store(response: Response) -> Response:
    """Keep answers out of every cache; they depend on a header that caches do not look at."""
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Authorization")
    return response


@blueprint.get("/openapi.json")
def openapi() -> ResponseReturnValue:
    """Return the description of this API."""
    return jsonify(describe())


@blueprint.get("/me")
def me() -> ResponseReturnValue:
    """Return who the token speaks for."""
    return jsonify(documents.me(viewer()))


@blueprint.get("/calls")
def calls() -> ResponseReturnValue:
    """Return all calls."""
    with db().read() as session:
        rows = list_calls(session, now())
    return jsonify(items=[documents.call(row) for row in rows])


@blueprint.get("/applications")
def applications() -> ResponseReturnValue:
    """Return the applications that the holder may see, by number."""
    states = request.args.getlist("state")
    cursor = request.args.get("cursor")
    with db().read() as session:
        if not set(states) <= {*STATES, *own_stages(session)}:
            raise InvalidInputError(field="state", reason_ko="없는 상태입니다", reason_en="no such state")
        rows, after = page_applications(
            session,
            viewer(),
            call=request.args.get("call"),
            states=states,
            after=documents.read_cursor(cursor) if cursor is not None else None,
            limit=_asked_limit(),
        )
    items = [documents.listed_application(row) for row in rows]
    return jsonify(items=items, next_cursor=documents.write_cursor(after) if after is not None else None)


@blueprint.get("/applications/<number>")
def application(number: str) -> ResponseReturnValue:
    """Return one application. Its company reads the working answers, everybody else what was submitted."""
    who = viewer()
    with db().read() as session:
        application_id = find_application_id(session, who, number)
        if application_id is None:
            raise NotFoundError
        view = get_application(session, who, application_id)
        own = who.has(Role.APPLICANT) and view.company_id in who.company_ids
        answers = view.answers if own else _dossier(session, who, application_id).answers
    return jsonify(documents.application(view, answers))


@blueprint.get("/applications/<number>/scorecard")
def scorecard(number: str) -> ResponseReturnValue:
    """Return the machine's scorecard. To a reviewer it does not exist until their own review is filed."""
    who = viewer()
    with db().read() as session:
        application_id = find_application_id(session, who, number)
        if application_id is None or _dossier(session, who, application_id).sealed:
            raise NotFoundError
        found = find_scorecard(session, who, application_id)
    if found is None:
        raise NotFoundError
    return jsonify(found.document)


@blueprint.get("/pools")
def pools() -> ResponseReturnValue:
    """Return GPU pools and where their hours went."""
    with db().read() as session:
        rows = list_pools(session, viewer(), quarter=request.args.get("quarter"))
    return jsonify(items=[documents.pool(row) for row in rows])


@blueprint.get("/awards")
def awards() -> ResponseReturnValue:
    """Return the awards that the holder may see."""
    with db().read() as session:
        rows = list_awards(session, viewer(), call=request.args.get("call"))
    return jsonify(items=[documents.award(row) for row in rows])


@blueprint.get("/reports")
def reports() -> ResponseReturnValue:
    """Return the frozen quarters."""
    with db().read() as session:
        rows = list_reports(session, viewer())
    return jsonify(items=[documents.report(row) for row in rows])


def _dossier(session: Session, who: Viewer, application_id: uuid.UUID) -> ReviewPage:
    """Return what a reader from the fund may see of an application: to a member nothing, before the pledge."""
    if who.has(Role.COMMITTEE, Role.CHAIR) and find_pledge(session, who, application_id) is None:
        raise NotFoundError
    return review_page(session, who, application_id)


def _asked_limit() -> int:
    text = request.args.get("limit", str(_PAGE))
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= _LARGEST_PAGE):  # noqa: PLR2004
        raise InvalidInputError(field="limit", reason_ko="1부터 200까지입니다", reason_en="must be from 1 to 200")
    return int(text)
