"""Where a call's applications stand; screening, taking in a sheet and giving one out."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path

from flask import flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from fundapp.committee.actions import match_call
from fundapp.core.access import SYSTEM, Kind, Role, Thing, Verb, may
from fundapp.core.errors import FundError, InputFileError, InvalidInputError, NotFoundError
from fundapp.intake.exporting import export_applications
from fundapp.intake.importing import ImportResult, import_applications
from fundapp.intake.queries import funnel_counts, get_call
from fundapp.intake.rules import STATES
from fundapp.screening.actions import screen_call
from fundapp.web.operations.doing import REFUSED, kept_upload, may_open, show_fault
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import ImportForm
from fundapp.web.operations.listed import pipeline_cells, pipeline_columns
from fundapp.web.operations.pipeline import PipelineFilter, funnel, list_pipeline
from fundapp.web.operations.reading import choose_call
from fundapp.web.operations.shown import STAGE_WORDS, VERDICT_WORDS
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import asked_download, table_download
from fundapp.web.shell.language import gettext
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.remembering import remembered_page
from fundapp.web.shell.viewer import viewer

_SHEETS = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
_FIRST_ROOMS = (
    (Role.FINANCE, "operations.portfolio_page"),
    (Role.ADMIN, "operations.people_page"),
)


def may_read_applications() -> None:
    """Raise unless the viewer is staff who may see applications.

    Members of the committee read them in their own room, after their declaration about conflicts.

    Raises:
        NotFoundError: shown like an absent page.
    """
    may_open(Kind.APPLICATION)
    if not viewer().has(Role.ANALYST, Role.AUDITOR):
        raise NotFoundError


@blueprint.get("/")
@remembered_page
def home() -> ResponseReturnValue:
    """Show the pipeline; those of the staff who see no applications go to their own pages."""
    if not may(viewer(), Verb.VIEW, Thing(Kind.APPLICATION)):
        place = next((endpoint for role, endpoint in _FIRST_ROOMS if viewer().has(role)), None)
        if place is not None:
            return redirect(url_for(place))
    may_read_applications()
    asked = PipelineFilter.of_query(request.args)
    with db().read() as session:
        calls, call = choose_call(session, viewer(), request.args.get("call", ""), now())
        counts = funnel_counts(session, viewer(), call.code) if call else {}
        rows = list_pipeline(session, viewer(), call.code, asked) if call else []
    if form := asked_download():
        may_open(Kind.APPLICATION, Verb.EXPORT)
        return table_download(gettext("파이프라인"), pipeline_columns(), pipeline_cells(rows), form=form)
    return render_template(
        "operations/pipeline.html",
        calls=calls,
        call=call,
        asked=asked,
        counts=counts,
        states=[state for state in (*STATES, *sorted(set(counts).difference(STATES))) if counts.get(state)],
        stages=funnel(counts),
        stage_words=STAGE_WORDS,
        verdict_words=VERDICT_WORDS,
        page=Page.cut(rows, asked_page()),
    )


@blueprint.post("/calls/<code>/screen")
def screen(code: str) -> ResponseReturnValue:
    """Score what waits to be scored."""
    try:
        result = screen_call(db(), code, actor=viewer(), at=now())
    except NotFoundError:
        raise
    except FundError as error:
        flash(say_refusal(error), "err")
        return redirect(url_for(".home", call=code))
    flash(
        gettext(
            "새로 %(scored)s건을 채점했습니다. 요건 통과 %(passed)s건, 보완·확인 %(held)s건, 그대로 %(unchanged)s건.",
            scored=result.scored,
            passed=result.passed,
            held=result.held,
            unchanged=result.unchanged,
        ),
        "ok",
    )
    return redirect(url_for(".home", call=code))


@blueprint.route("/calls/<code>/import", methods=["GET", "POST"])
def take_in(code: str) -> ResponseReturnValue:
    """Take in a sheet of applications and say what became of each row."""
    may_open(Kind.APPLICATION, Verb.IMPORT)
    with db().read() as session:
        call = get_call(session, code)
    form, result = ImportForm(), None
    if form.validate_on_submit():
        try:
            result = _take_in(form, code)
        except InputFileError as error:
            form.file.errors = [say_refusal(error)]
        except InvalidInputError as error:
            show_fault(form, error, "file")
    page = render_template(
        "operations/import.html", form=form, call=call, result=result, dry_run=bool(form.dry_run.data)
    )
    return page, REFUSED if form.errors or form.file.errors else 200


def _take_in(form: ImportForm, code: str) -> ImportResult:
    at = now()
    with kept_upload(form.file.data, stem="applications", at=at, suffixes=(".csv", ".xlsx")) as path:
        result = import_applications(
            db(),
            path,
            call_code=code,
            actor=viewer(),
            at=at,
            dry_run=bool(form.dry_run.data),
            all_or_nothing=bool(form.all_or_nothing.data),
        )
    if not form.dry_run.data:
        db().transaction(lambda s: match_call(s, call_code=code, actor=SYSTEM, at=at))
    return result


@blueprint.get("/calls/<code>/applications.<kind>")
def give_out(code: str, kind: str) -> ResponseReturnValue:
    """Give a call's applications out as a file, and put that on record."""
    may_read_applications()
    if kind not in _SHEETS:
        raise NotFoundError
    at = now()
    with tempfile.TemporaryDirectory(prefix="fund-export-") as folder:
        path = Path(folder) / f"applications-{at:%Y%m%d-%H%M%S}.{kind}"
        db().transaction(lambda session: export_applications(session, viewer(), code, path, at=at))
        content = BytesIO(path.read_bytes())
    return send_file(content, mimetype=_SHEETS[kind], as_attachment=True, download_name=f"{code}.{kind}")
