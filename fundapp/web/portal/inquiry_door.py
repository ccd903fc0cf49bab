"""The entrance to what the fund asks an applicant."""

from __future__ import annotations

from flask import Blueprint

from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.viewer import only

blueprint = Blueprint("portal_inquiries", __name__, url_prefix="/portal")
blueprint.before_request(only(*ROOMS["portal"]))
