"""The way in: who may enter the committee's room."""

from __future__ import annotations

from flask import Blueprint

from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.viewer import only

blueprint = Blueprint("committee", __name__, url_prefix="/committee")
blueprint.before_request(only(*ROOMS["committee"]))
