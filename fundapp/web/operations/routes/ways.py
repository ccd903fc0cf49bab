"""The way of a call: read as rows, changed with a preview of what it affects, put in force by a second person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fundapp.core.access import Kind, Verb
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.intake.actions import discard_workflow, propose_workflow, publish_workflow
from fundapp.intake.queries import list_calls
from fundapp.intake.way_queries import WayPage, preview_way, way_page
from fundapp.intake.workflow import ICONS, LOOSE, OPTIONAL, STEP_ROLES, TONES, Impact, Workflow
from fundapp.web.operations.doing import REFUSED, act, may_open
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms.staff import ROLE_WORDS
from fundapp.web.operations.ways import read_section
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer


@blueprint.get("/workflow")
def ways_page() -> ResponseReturnValue:
    """Lead to the way of the call that closes last."""
    may_open(Kind.WORKFLOW)
    with db().read() as session:
        calls = list_calls(session, now())
    if not calls:
        raise NotFoundError
    return redirect(url_for(".one_way", code=request.args.get("call") or calls[0].code))


@blueprint.get("/workflow/<code>")
def one_way(code: str) -> ResponseReturnValue:
    """Show the way of a call, its versions, and the proposal that waits."""
    may_open(Kind.WORKFLOW)
    page = _page(code)
    return _way(page, page.section)


def _page(code: str) -> WayPage:
    with db().read() as session:
        return way_page(session, viewer(), code)


def _way(
    page: WayPage,
    section: Mapping[str, Any],
    *,
    preview: tuple[Workflow, Impact] | None = None,
    refusal: str = "",
    note: str = "",
) -> str:
    with db().read() as session:
        calls = list_calls(session, now())
    call = next(one for one in calls if one.code == page.call_code)
    return render_template(
        "operations/way.html",
        page=page,
        call=call,
        calls=calls,
        section=section,
        taken={(one["verb"], one["from"]) for one in section.get("take_away", [])},
        preview=preview,
        refusal=refusal,
        note=note,
        tones=TONES,
        icons=ICONS,
        roles={role: ROLE_WORDS[role] for role in ROLE_WORDS if role in STEP_ROLES},
        loose=sorted(LOOSE),
        optional=OPTIONAL,
        form=KeyOnlyForm(formdata=None),
        editing=bool(preview or refusal),
    )


@blueprint.post("/workflow/<code>")
def change_way(code: str) -> ResponseReturnValue:
    """Preview a change, or propose it."""
    may_open(Kind.WORKFLOW, Verb.EDIT)
    page, section, note = _page(code), read_section(request.form), request.form.get("note", "")
    if not KeyOnlyForm().validate_on_submit():
        return redirect(url_for(".one_way", code=code))
    try:
        with db().read() as session:
            preview = preview_way(session, viewer(), code, section)
        if request.form.get("then") != "propose":
            return _way(page, section, preview=preview, note=note)
        version = db().transaction(
            lambda s: propose_workflow(s, call_code=code, section=section, note=note, actor=viewer(), at=now())
        )
    except NotFoundError:
        raise
    except InvalidInputError as error:
        words = pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))
        return _way(page, section, refusal=f"{error.details['field']}: {words}", note=note), REFUSED
    except FundError as error:
        return _way(page, section, refusal=say_refusal(error), note=note), REFUSED
    flash(gettext("제%(n)s판으로 올렸습니다. 다른 사람이 시행해야 바뀝니다.", n=version), "ok")
    return redirect(url_for(".one_way", code=code))


@blueprint.post("/workflow/<code>/<int:version>/publish")
def publish_way(code: str, version: int) -> ResponseReturnValue:
    """Put a proposed version in force, as the second person."""
    if KeyOnlyForm().validate_on_submit():
        act(
            lambda s: publish_workflow(s, call_code=code, version=version, actor=viewer(), at=now()),
            gettext("시행했습니다. 이 공모의 모든 신청이 새 단계를 따릅니다."),
        )
    return redirect(url_for(".one_way", code=code))


@blueprint.post("/workflow/<code>/<int:version>/discard")
def discard_way(code: str, version: int) -> ResponseReturnValue:
    """Discard a proposed version."""
    if KeyOnlyForm().validate_on_submit():
        act(
            lambda s: discard_workflow(s, call_code=code, version=version, actor=viewer(), at=now()),
            gettext("올린 판을 버렸습니다."),
        )
    return redirect(url_for(".one_way", code=code))
