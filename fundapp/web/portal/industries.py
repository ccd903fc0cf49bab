"""Finding an industry by words or code: a page, and the same as JSON for the field that completes itself."""

from __future__ import annotations

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from fundapp.intake.industries import chain_of, find_industries
from fundapp.web.shell.language import pick
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.viewer import only

blueprint = Blueprint("portal_industries", __name__, url_prefix="/portal/industries")
blueprint.before_request(only(*ROOMS["portal"]))

_LONGEST = 80


@blueprint.get("/")
def search() -> ResponseReturnValue:
    """Show what a search finds; without one, the sections."""
    asked = request.args.get("q", "").strip()[:_LONGEST]
    found = find_industries(asked, most=40)
    return render_template("portal/industries.html", asked=asked, found=found, chain_of=chain_of)


@blueprint.get("/suggest")
def suggest() -> ResponseReturnValue:
    """Return the first findings for what is being typed."""
    found = find_industries(request.args.get("q", "")[:_LONGEST])
    return jsonify(found=[{"code": one.code, "name": pick(one.ko, one.en)} for one in found])
