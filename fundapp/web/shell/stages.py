"""Names of stages that calls have added, for whoever reads: staff by their name, applicants by theirs."""

from __future__ import annotations

from flask import Flask, g, request

from fundapp.intake.way_queries import own_stages
from fundapp.intake.workflow import Stage
from fundapp.web.shell.database import db
from fundapp.web.shell.language import pick


def init_stages(app: Flask) -> None:
    """Give templates `own_stage(key)`."""
    app.jinja_env.globals.update(own_stage=own_stage)


def own_stage(key: str) -> tuple[str, str, str]:
    """Return what a stage of a call's own is called here, its tone and its icon; a key that nobody named stays."""
    stage = _known().get(key)
    if stage is None:
        return key, "", ""
    if request.path.startswith("/portal"):
        return pick(stage.applicant_ko, stage.applicant_en), stage.tone, stage.icon
    return pick(stage.ko, stage.en), stage.tone, stage.icon


def _known() -> dict[str, Stage]:
    if "own_stages" not in g:
        with db().read() as session:
            g.own_stages = own_stages(session)
    found: dict[str, Stage] = g.own_stages
    return found
