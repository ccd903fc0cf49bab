"""The way in: who may enter the staff's room."""

from __future__ import annotations

from flask import Blueprint

from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.viewer import only

blueprint = Blueprint("operations", __name__, url_prefix="/operations")
blueprint.before_request(only(*ROOMS["operations"]))
