"""A call as an applicant will see it, for the staff who open it: everything can be tried and nothing is saved."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.quarters import kst_date
from fundapp.intake.answers import find_missing, read_answers
from fundapp.intake.queries import ApplicationView, get_call
from fundapp.intake.standing_queries import Registration
from fundapp.web.portal import forms, shown
from fundapp.web.portal.door import REFUSED, rate_card
from fundapp.web.portal.pages import ApplicationPage, count_down
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("portal_preview", __name__, url_prefix="/portal/preview")
blueprint.before_request(only(*ROOMS["operations"]))
_NOBODY = uuid.UUID(int=0)


@blueprint.get("/<code>/")
def sections(code: str) -> ResponseReturnValue:
    """Lead to the first section."""
    page = _page(code, {}, now())
    return redirect(url_for(".section", code=code, key=page.form.sections[0].key))


@blueprint.route("/<code>/sections/<key>", methods=["GET", "POST"])
def section(code: str, key: str) -> ResponseReturnValue:
    """Show one section; say of what was typed what an applicant would be told."""
    at = now()
    page = _page(code, {}, at)
    part = page.find_section(key)
    typed = forms.section_form(part)().to_patch(request.form) if request.method == "POST" else {}
    reading = read_answers(page.form, typed, today=kst_date(at))
    page = _page(code, reading.answers, at)
    stored = forms.stored_fields(part, reading.answers, 1)
    for name, text in typed.items():
        stored[forms.ANSWER + name] = text
    form = forms.section_form(part)(stored)
    own = {question.key for question in part.questions}
    missing = [found for found in find_missing(page.form, reading.answers) if found.field in own]
    problems = [*reading.problems, *missing] if typed else []
    form.show_problems(part, problems)
    parts = shown.section_parts(page, part, form, rate_card(page))
    good = bool(typed) and not problems
    html = render_template("portal/preview.html", page=page, section=part, form=form, good=good, **parts)
    return html, REFUSED if problems else 200


def _page(code: str, answers: Mapping[str, object], at: datetime) -> ApplicationPage:
    """Return the page of an application that nobody has made.

    Raises:
        ForbiddenError: if the viewer may not change calls.
        NotFoundError: if there is no such call.
    """
    require(viewer(), Verb.EDIT, Thing(Kind.CALL))
    with db().read() as session:
        call = get_call(session, code)
    application = ApplicationView(
        id=_NOBODY,
        number=code,
        call_code=code,
        company_id=_NOBODY,
        company_name="",
        scheme="",
        identifier="",
        state="draft",
        revision=1,
        answers=dict(answers),
        created_at=at,
        updated_at=at,
        submissions=(),
        history=(),
        consents={},
    )
    countdown = count_down(call.opens_at, call.closes_at, at)
    return ApplicationPage(
        application,
        call,
        (),
        editable=True,
        changed=True,
        countdown=countdown,
        papers=(),
        registration=Registration(known=None, tried=None, rows=()),
    )
