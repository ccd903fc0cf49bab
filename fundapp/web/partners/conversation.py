"""What partners and the fund say to each other about a report, and what another version says otherwise."""

from __future__ import annotations

import uuid

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import NotFoundError
from fundapp.core.idempotency import once
from fundapp.reporting.actions import comment_on_report
from fundapp.reporting.company_pages import get_company_page
from fundapp.reporting.queries import compare_versions, list_reports
from fundapp.web.partners import shown
from fundapp.web.partners.forms import CommentForm
from fundapp.web.partners.recognition import blueprint
from fundapp.web.partners.routes import PUBLIC_URL, VERSION, quarter_of, report_page
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Column, asked_download, table_download
from fundapp.web.shell.language import current_locale, gettext
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.viewer import viewer

_REFUSED = 422

__all__ = ["blueprint"]
"""The room with all its pages."""


@blueprint.get(f"{VERSION}/companies")
def company(quarter: str, version: int) -> ResponseReturnValue:
    """Show the confidential page of one company: the one asked for, or the first of the schedule."""
    with db().read() as session:
        award = request.args.get("award") or None
        page = get_company_page(session, viewer(), quarter_of(quarter), version, award, locale=current_locale())
    return render_template("partners/company.html", page=page, shown=shown)


@blueprint.get(f"{VERSION}/changes")
def changes(quarter: str, version: int) -> ResponseReturnValue:
    """Show what a version says otherwise than another: the one before it, or the one asked for."""
    period = quarter_of(quarter)
    with db().read() as session:
        others = [row for row in list_reports(session, viewer()) if row.quarter == str(period)]
        against = request.args.get("against", type=int) or max(
            (row.version for row in others if row.version < version), default=version
        )
        found = compare_versions(session, viewer(), period, against, version, locale=current_locale())
    words = {"changed": gettext("바뀜"), "added": gettext("더함"), "removed": gettext("뺌")}
    form = asked_download()
    if form is not None:
        columns = [
            Column(gettext("장"), "number"),
            *map(Column, (gettext("표"), gettext("줄"), gettext("열"), gettext("구분"), gettext("전"), gettext("후"))),
        ]
        rows = ((d.section, d.table, d.line, d.column, words[d.change], d.before, d.after) for d in found)
        name = gettext("%(quarter)s %(a)s판과 %(b)s판", quarter=str(period), a=against, b=version)
        return table_download(name, columns, rows, form=form)
    return render_template(
        "partners/changes.html",
        quarter=str(period),
        version=version,
        against=against,
        others=others,
        words=words,
        rows=Page.cut(found, asked_page()),
    )


@blueprint.post(f"{VERSION}/comments")
def comment(quarter: str, version: int) -> ResponseReturnValue:
    """Say something about a version, or answer; what is refused stays in its field."""
    require(viewer(), Verb.SUBMIT, Thing(Kind.REPORT))
    form, period = CommentForm(), quarter_of(quarter)
    answers = _identifier(form.answers.data)
    if not form.validate_on_submit():
        return report_page(quarter, version, form), _REFUSED
    asked = {"to": f"{period}/{version}", "body": form.body.data, "chapter": form.chapter.data, "answers": str(answers)}
    actor, at, public_url = viewer(), now(), current_app.config[PUBLIC_URL]

    def work(session: Session) -> dict[str, object]:
        made = comment_on_report(
            session,
            quarter=period,
            version=version,
            chapter=form.chapter.data or "",
            body=form.body.data or "",
            answers=answers,
            actor=actor,
            at=at,
            public_url=public_url,
        )
        return {"comment": str(made)}

    db().transaction(
        lambda s: once(s, key=form.key.data or "", verb="report.comment", request=asked, at=at, work=lambda: work(s))
    )
    flash(gettext("의견을 남겼습니다."), "ok")
    return redirect(url_for(".report", quarter=str(period), version=version, _anchor="comments"))


def _identifier(text: str | None) -> uuid.UUID | None:
    if not text:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFoundError from None
