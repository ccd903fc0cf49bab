"""The front door: open calls, and what machines ask of a running instance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, abort, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from fundapp.core.schema import current_revision, newest_revision
from fundapp.intake.queries import list_calls
from fundapp.web.calls import TimeLeft, time_left
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import pick
from fundapp.web.shell.metrics import CONTENT_TYPE, metrics
from fundapp.web.shell.security import limiter

blueprint = Blueprint("landing", __name__)


@dataclass(frozen=True, slots=True)
class OpenCall:
    """One call as the front page shows it."""

    code: str
    title: str
    opens_at: datetime
    closes_at: datetime
    left: TimeLeft
    is_open: bool


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """Show the calls that are open or will open."""
    at = now()
    with db().read() as session:
        rows = [row for row in list_calls(session, at) if row.phase != "closed"]
    calls = [
        OpenCall(
            row.code,
            pick(row.title_ko, row.title_en),
            row.opens_at,
            row.closes_at,
            time_left(row.opens_at, row.closes_at, at),
            row.phase == "open",
        )
        for row in reversed(rows)
    ]
    return render_template("landing.html", calls=calls, at=at)


@blueprint.get("/healthz")
@limiter.exempt
def healthz() -> ResponseReturnValue:
    """Answer that the process is alive."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
@limiter.exempt
def readyz() -> ResponseReturnValue:
    """Answer whether the database can be reached and its schema is the one this release expects."""
    try:
        fits = current_revision(db()) == newest_revision()
    except SQLAlchemyError:
        return jsonify(status="unavailable", database=False, migrations=False), 503
    return jsonify(status="ready" if fits else "unavailable", database=True, migrations=fits), 200 if fits else 503


@blueprint.get("/metrics")
@limiter.exempt
def show_metrics() -> ResponseReturnValue:
    """Answer with the counters, when the instance is set to."""
    if not current_app.config["METRICS_ENABLED"]:
        abort(404)
    return Response(metrics().render(), content_type=CONTENT_TYPE)
