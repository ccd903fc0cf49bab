"""Routes of the partners' room: the fund, its reports, the trail of a figure, signatures and files."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Role, Thing, Verb, may, require
from fundapp.core.errors import ForbiddenError, InvalidInputError, NotFoundError
from fundapp.core.idempotency import once
from fundapp.core.quarters import Quarter, kst_date
from fundapp.ledger.actions import halt_postings
from fundapp.reporting.actions import freeze_quarter, sign_report, tell_approved
from fundapp.reporting.queries import (
    ReportPage,
    dashboard,
    freeze_checklist,
    frozen_dashboard,
    get_report,
    list_comments,
    list_linkages,
    list_reports,
    show_moves,
    trace_figure,
)
from fundapp.reporting.rules import SIDES, FreezeRefusedError
from fundapp.web.partners import shown
from fundapp.web.partners.files import build_files, find_current, hand_out
from fundapp.web.partners.forms import CommentForm, FreezeForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm, new_key
from fundapp.web.shell.language import current_locale, gettext
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.remembering import remembered_page
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("partners", __name__, url_prefix="/partners")
_door = only(*ROOMS["partners"])

PERIOD = re.compile(r"(\d{4}Q[1-4])-(\d{1,4})")
_UNPROCESSABLE, _CONFLICT = 422, 409
_OFFERED_QUARTERS = 4
PUBLIC_URL = "PUBLIC_URL"
VERSION = "/reports/<quarter>/v<int:version>"


@dataclass(frozen=True, slots=True)
class Box:
    """One box of the signatures: whose, who signed and when, and whether the viewer may sign it now."""

    side: str
    title: str
    signed_by: str
    signed_on: str
    may_sign: bool


@blueprint.before_request
def keep_out() -> ResponseReturnValue | None:
    """Let in whom the room is for; to a stranger a file's address is as absent as any other."""
    if viewer().person_id is None and request.endpoint in {"partners.stored_file", "partners.download"}:
        raise NotFoundError
    return _door()


@blueprint.get("/")
@remembered_page
def fund() -> ResponseReturnValue:
    """Show the fund: as the newest frozen quarter has it, as another version has it, or as it stands today."""
    asked = request.args.get("period", "")
    basis = request.args.get("basis", "total")
    with db().read() as session:
        reports = list_reports(session, viewer())
        newest = f"{reports[0].quarter}-{reports[0].version}" if reports else "now"
        period = PERIOD.fullmatch(asked or newest)
        try:
            if period is None:
                board = dashboard(session, viewer(), at=now(), locale=current_locale())
            else:
                quarter, version = quarter_of(period[1]), int(period[2])
                board = frozen_dashboard(session, viewer(), quarter, version, locale=current_locale())
        except ForbiddenError:
            raise
        except NotFoundError:
            if period is not None:
                raise
            return render_template("partners/unfounded.html")
        linkages = list_linkages(session, viewer(), kst_date(now()))
    bases = tuple(base for base in shown.BASES if base in board.measures)
    return render_template(
        "partners/fund.html",
        board=board,
        reports=reports,
        period=period,
        basis=basis if basis in bases else "total",
        bases=bases,
        shown=shown,
        linkages=tuple(linkages),
    )


@blueprint.get("/reports")
def archive() -> ResponseReturnValue:
    """Show all frozen quarters and versions; finance sees what stands in the way of the next freeze."""
    return _archive(FreezeForm(), _asked_quarter(request.args.get("quarter")))


@blueprint.post("/reports")
def freeze() -> ResponseReturnValue:
    """Freeze a quarter and build its files."""
    require(viewer(), Verb.FREEZE, Thing(Kind.REPORT))
    form = FreezeForm()
    quarter = quarter_of(form.quarter.data or "")
    if not form.validate_on_submit():
        return _archive(form, quarter), _UNPROCESSABLE
    at, request_data = now(), {"quarter": str(quarter), "accept": form.accept_suspense.data, "why": form.reason.data}

    def work(session: Session) -> dict[str, object]:
        frozen = freeze_quarter(
            session,
            quarter=quarter,
            actor=viewer(),
            at=at,
            accept_suspense=bool(form.accept_suspense.data),
            reason=form.reason.data or "",
        )
        return {"version": frozen.version, "created": frozen.created}

    try:
        result = db().transaction(
            lambda s: once(
                s, key=form.key.data or "", verb="report.freeze", request=request_data, at=at, work=lambda: work(s)
            )
        )
    except InvalidInputError as error:
        form.reason.errors = [str(error.details[f"reason_{current_locale()}"])]
        return _archive(form, quarter), _UNPROCESSABLE
    except FreezeRefusedError as error:
        return _archive(form, quarter, refusal=say_refusal(error)), _CONFLICT
    version = int(result["version"])
    build_files(quarter, version)
    said = gettext("%(n)s판을 확정했습니다.", n=version)
    flash(said if result["created"] else gettext("바뀐 것이 없어 %(n)s판 그대로입니다.", n=version), "ok")
    return redirect(url_for("partners.report", quarter=quarter, version=version))


@blueprint.get("/reports/<quarter>")
def newest(quarter: str) -> ResponseReturnValue:
    """Go to the newest version of a quarter."""
    with db().read() as session:
        row = get_report(session, viewer(), quarter_of(quarter), locale=current_locale()).row
    return redirect(url_for("partners.report", quarter=row.quarter, version=row.version))


@blueprint.get(VERSION)
def report(quarter: str, version: int) -> ResponseReturnValue:
    """Show one version of a report."""
    return report_page(quarter, version, CommentForm(formdata=None))


def report_page(quarter: str, version: int, form: CommentForm) -> str:
    """Return the page of a version, with what has been said about its quarter and a form to say more."""
    period = quarter_of(quarter)
    with db().read() as session:
        page = get_report(session, viewer(), period, version, locale=current_locale())
        others = [row for row in list_reports(session, viewer()) if row.quarter == page.row.quarter]
        board = frozen_dashboard(session, viewer(), period, version, locale=current_locale())
        threads = list_comments(session, viewer(), period)
    titles = {chapter.key: f"{chapter.number}. {chapter.title}" for chapter in page.chapters}
    form.offer_chapters(titles.items())
    return render_template(
        "partners/report.html",
        page=page,
        others=others,
        board=board,
        boxes=_boxes(page),
        shown=shown,
        threads=threads,
        titles=titles,
        form=form,
        new_key=new_key,
        may_comment=may(viewer(), Verb.SUBMIT, Thing(Kind.REPORT)) and viewer().person_id is not None,
    )


@blueprint.get(f"{VERSION}/figures/<key>")
def figure(quarter: str, version: int, key: str) -> ResponseReturnValue:
    """Show what a figure rests on."""
    with db().read() as session:
        trail = trace_figure(session, viewer(), quarter_of(quarter), version, key, locale=current_locale())
        steps = Page.cut(trail.steps, asked_page())
        steps = replace(steps, rows=show_moves(session, viewer(), steps.rows))
    return render_template("partners/figure.html", trail=trail, steps=steps, quarter=quarter, version=version)


@blueprint.post(f"{VERSION}/sign")
def sign(quarter: str, version: int) -> ResponseReturnValue:
    """Sign a version for one side, once."""
    require(viewer(), Verb.APPROVE, Thing(Kind.REPORT))
    form, side, period, at = KeyOnlyForm(), request.form.get("side", ""), quarter_of(quarter), now()
    if not form.validate_on_submit():
        raise InvalidInputError(field="key", reason_ko="없거나 잘못되었습니다", reason_en="is missing or wrong")
    wanted = {"quarter": str(period), "version": version, "side": side, "by": str(viewer().person_id)}

    def work(session: Session) -> dict[str, object]:
        status = sign_report(session, quarter=period, version=version, side=side, actor=viewer(), at=at)
        if status == "approved":
            tell_approved(session, quarter=period, version=version, at=at, public_url=current_app.config[PUBLIC_URL])
        return {"status": status}

    def sign_once(session: Session) -> None:
        halt_postings(session)  # the last signature closes the books
        key = form.key.data or ""
        once(session, key=key, verb="report.sign", request=wanted, at=at, work=lambda: work(session))

    db().transaction(sign_once)
    build_files(period, version)
    flash(gettext("서명했습니다."), "ok")
    return redirect(url_for("partners.report", quarter=quarter, version=version))


@blueprint.get(f"{VERSION}/download/<kind>")
def download(quarter: str, version: int, kind: str) -> ResponseReturnValue:
    """Go to the current file of a format; it is built first when it is missing."""
    file = find_current(quarter_of(quarter), version, kind)
    return redirect(url_for("partners.stored_file", quarter=quarter, version=version, name=file.name))


@blueprint.get(f"{VERSION}/files/<name>")
def stored_file(quarter: str, version: int, name: str) -> ResponseReturnValue:
    """Hand out one recorded file."""
    return hand_out(quarter_of(quarter), version, name)


def _archive(form: FreezeForm, quarter: Quarter, refusal: str = "") -> str:
    with db().read() as session:
        reports = list_reports(session, viewer())
        may_freeze = may(viewer(), Verb.FREEZE, Thing(Kind.REPORT))
        checks = freeze_checklist(session, viewer(), quarter) if may_freeze else []
    form.quarter.data = str(quarter)
    return render_template(
        "partners/archive.html",
        reports=reports,
        form=form,
        checks=checks,
        may_freeze=may_freeze,
        quarter=str(quarter),
        period=quarter,
        running=not quarter.is_over(now()),
        offered=_offered(),
        refusal=refusal,
    )


def _offered() -> list[str]:
    one = Quarter.of_date(kst_date(now()))
    found = [str(one)]
    while len(found) < _OFFERED_QUARTERS:
        one = one.previous
        found.append(str(one))
    return found


def _asked_quarter(text: str | None) -> Quarter:
    return quarter_of(text) if text else Quarter.of_date(kst_date(now())).previous


def quarter_of(text: str) -> Quarter:
    """Return the quarter that an address names.

    Raises:
        NotFoundError: if it names none.
    """
    try:
        return Quarter.parse(text)
    except ValueError:
        raise NotFoundError from None


def _boxes(page: ReportPage) -> list[Box]:
    signed = {one.side: one for one in page.signatures}
    titles = {"fund": gettext("운용 측"), "kt": "KT", "microsoft": "Microsoft"}
    mine = {viewer().investor} if viewer().has(Role.PARTNER) else set[str | None]()
    if viewer().has(Role.FINANCE):
        mine.add("fund")
    boxes = []
    for side in SIDES:
        one = signed.get(side)
        boxes.append(
            Box(
                side,
                titles[side],
                one.signed_by if one else "",
                kst_date(one.signed_at).isoformat() if one else "",
                may_sign=one is None and side in mine,
            )
        )
    return boxes
