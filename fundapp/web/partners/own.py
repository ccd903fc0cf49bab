"""Readers' own questions to the report: kept, shared, answered from a version, taken away as a file."""

from __future__ import annotations

import uuid
from typing import cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.idempotency import once
from fundapp.reporting.actions import drop_own_report, save_own_report
from fundapp.reporting.own_queries import (
    MOST_CONDITIONS,
    Answer,
    Condition,
    OwnRow,
    Question,
    View,
    ask_report,
    get_own_report,
    list_own_reports,
    list_views,
)
from fundapp.reporting.queries import list_reports
from fundapp.web.partners import shown
from fundapp.web.partners.conversation import blueprint
from fundapp.web.partners.forms import OwnForm
from fundapp.web.partners.routes import PERIOD, quarter_of
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Column, ColumnKind, asked_download, table_download
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import current_locale, gettext
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

_REFUSED = 422

__all__ = ["blueprint"]
"""The room with all its pages."""


@blueprint.get("/own")
def own() -> ResponseReturnValue:
    """Show the viewer's questions, those that others share, and what can be asked."""
    with db().read() as session:
        rows = list_own_reports(session, viewer())
    return render_template("partners/own.html", rows=rows, views=list_views(current_locale()))


@blueprint.get("/own/new")
def own_new() -> ResponseReturnValue:
    """Show the form of a new question to one view."""
    view = _view(request.args.get("view", ""))
    with db().read() as session:
        list_own_reports(session, viewer())  # asks the policy
    form = OwnForm(formdata=None, view=view.key, columns=[key for key, _, _ in view.columns])
    return _builder(form, view, None)


@blueprint.get("/own/<uuid:report_id>/edit")
def own_edit(report_id: uuid.UUID) -> ResponseReturnValue:
    """Show the form of a kept question."""
    row = _mine(report_id)
    asked = row.question
    lines = {
        f"{part}{n}": getattr(condition, name)
        for n, condition in enumerate(asked.conditions, 1)
        for part, name in (("column", "column"), ("operator", "operator"), ("value", "value"))
    }
    form = OwnForm(
        formdata=None,
        view=asked.view,
        name=row.name,
        columns=list(asked.columns),
        group=asked.group,
        chart=asked.chart,
        shared=row.shared,
        notify=row.notify,
        schedule=row.schedule,
        **lines,
    )
    return _builder(form, _view(asked.view), row)


@blueprint.post("/own")
def own_save() -> ResponseReturnValue:
    """Keep a question, or change one of the viewer's own."""
    require(viewer(), Verb.VIEW, Thing(Kind.REPORT))
    form = OwnForm()
    view = _view(form.view.data or "")
    row = _mine(_identifier(form.report.data)) if form.report.data else None
    _offer(form, view)
    if not form.validate_on_submit():
        return _builder(form, view, row), _REFUSED
    try:
        kept = db().transaction(lambda session: _save(session, form, row))
    except InvalidInputError as error:
        name = str(error.details["field"])
        form[name if name in form else "column1" if name == "filters" else "columns"].errors = [say_refusal(error)]
        return _builder(form, view, row), _REFUSED
    flash(gettext("내 보고서를 저장했습니다."), "ok")
    return redirect(url_for(".own_show", report_id=kept))


def _save(session: Session, form: OwnForm, row: OwnRow | None) -> str:
    actor, at = viewer(), now()
    asked = {name: str(value) for name, value in form.data.items() if name not in {"csrf_token", "key"}}

    def work() -> dict[str, object]:
        made = save_own_report(
            session,
            report_id=row.id if row else None,
            name=form.name.data or "",
            question=_question(form),
            shared=bool(form.shared.data),
            notify=bool(form.notify.data),
            schedule=form.schedule.data or "",
            actor=actor,
            at=at,
        )
        return {"report": str(made)}

    return str(
        once(session, key=form.key.data or "", verb="own-report.save", request=asked, at=at, work=work)["report"]
    )


def _question(form: OwnForm) -> Question:
    conditions = tuple(
        Condition(form[f"column{n}"].data, form[f"operator{n}"].data, form[f"value{n}"].data or "")
        for n in range(1, MOST_CONDITIONS + 1)
        if form[f"column{n}"].data
    )
    columns = tuple(form.columns.data or ())
    return Question(form.view.data or "", columns, conditions, form.group.data or "", form.chart.data or "")


@blueprint.get("/own/<uuid:report_id>")
def own_show(report_id: uuid.UUID) -> ResponseReturnValue:
    """Show what a kept question finds in a version, or hand it out as a file."""
    period = PERIOD.fullmatch(request.args.get("period", ""))
    with db().read() as session:
        row = get_own_report(session, viewer(), report_id)
        reports = list_reports(session, viewer())
        quarter, version = (quarter_of(period[1]), int(period[2])) if period else (None, None)
        found = ask_report(session, viewer(), row.question, quarter, version, current_locale()) if reports else None
    form = asked_download()
    if form is not None and found is not None:
        return table_download(_file_name(row, found), _columns(found), found.cells, form=form)
    drop = KeyOnlyForm(formdata=None) if row.mine else None
    return render_template("partners/own_show.html", row=row, found=found, reports=reports, drop=drop, shown=shown)


def _file_name(row: OwnRow, found: Answer) -> str:
    words = {"draft": gettext("초안"), "reviewed": gettext("운용 서명"), "approved": gettext("승인")}
    return f"{row.name} {found.quarter} {gettext('%(n)s판', n=found.version)} {words[found.status]}"


def _columns(found: Answer) -> list[Column]:
    heads = zip(found.sheet.heads, found.kinds, strict=True)
    return [Column(head.label, cast("ColumnKind", kind)) for head, kind in heads]


@blueprint.post("/own/<uuid:report_id>/drop")
def own_drop(report_id: uuid.UUID) -> ResponseReturnValue:
    """Take one of the viewer's own questions away."""
    require(viewer(), Verb.VIEW, Thing(Kind.REPORT))
    form, actor, at = KeyOnlyForm(), viewer(), now()
    if not form.validate_on_submit():
        raise InvalidInputError(field="key", reason_ko="없거나 잘못되었습니다", reason_en="is missing or wrong")

    def work(session: Session) -> dict[str, object]:
        drop_own_report(session, report_id=report_id, actor=actor, at=at)
        return {}

    asked = {"report": str(report_id)}
    key = form.key.data or ""
    db().transaction(lambda s: once(s, key=key, verb="own-report.drop", request=asked, at=at, work=lambda: work(s)))
    flash(gettext("내 보고서를 지웠습니다."), "ok")
    return redirect(url_for(".own"))


def _builder(form: OwnForm, view: View, row: OwnRow | None) -> str:
    _offer(form, view)
    form.report.data = str(row.id) if row else ""
    return render_template("partners/own_edit.html", form=form, view=view, row=row, lines=range(1, MOST_CONDITIONS + 1))


def _offer(form: OwnForm, view: View) -> None:
    form.offer_columns(view.columns)


def _view(key: str) -> View:
    found = next((view for view in list_views(current_locale()) if view.key == key), None)
    if found is None:
        raise NotFoundError
    return found


def _mine(report_id: uuid.UUID) -> OwnRow:
    with db().read() as session:
        row = get_own_report(session, viewer(), report_id)
    if not row.mine:
        raise NotFoundError
    return row


def _identifier(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFoundError from None
