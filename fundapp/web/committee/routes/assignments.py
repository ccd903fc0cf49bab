"""Giving reviews out: balanced, by hand, from a file; and reminding of those that wait."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from fundapp.committee.actions import (
    Assigned,
    Reminded,
    add_reviewer,
    assign_reviewers,
    import_assignments,
    remind_reviewers,
    remove_reviewer,
    set_expertise,
)
from fundapp.committee.actions.assignments.from_file import ImportedAssignments
from fundapp.committee.queries import members, reviewer_progress
from fundapp.committee.queries.assigning import (
    AssignmentRow,
    assignment_terms,
    find_application_by_number,
    list_assignments,
    list_expertise,
    list_fields,
    list_reminders,
)
from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import FundError, InputFileError, NotFoundError
from fundapp.intake.queries import CallRow
from fundapp.screening.learning_queries import drawn_low_scorers
from fundapp.web.committee.board import find_call
from fundapp.web.committee.conflict_forms import AssignmentFileForm, HandForm, ReasonForm
from fundapp.web.committee.conflict_words import FATE_WORDS, ROUTE_WORDS, tag_word
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.forms import AssignForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Cell, Column, asked_download, table_download
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.remembering import remembered_page
from fundapp.web.shell.viewer import viewer

_INVALID = 422
_SHOWN = 200
"""New pairs that a preview lists; a file holds them all."""


class _RehearsedError(Exception):
    """Carries the result of an assignment that must not stay."""

    def __init__(self, outcome: Assigned) -> None:
        self.outcome = outcome
        super().__init__("rehearsed")


@dataclass(frozen=True, slots=True)
class _Said:
    """What an act on the page came to, shown on it once."""

    preview: Assigned | None = None
    imported: ImportedAssignments | None = None
    reminded: tuple[Reminded, ...] = ()


@blueprint.get("/assignments")
@remembered_page
def assignments() -> ResponseReturnValue:
    """Show how far each member is, and the form that shares out what is left."""
    call = _call(request.args.get("call"))
    with db().read() as session:
        terms = assignment_terms(session, call.code)
    form = AssignForm(formdata=None, per_application=terms.reviews, max_load=terms.load_cap)
    return _assignments(form, call, _Said())


@blueprint.post("/assignments")
def assign() -> ResponseReturnValue:
    """Rehearse the assignment, or carry it out."""
    require(viewer(), Verb.ASSIGN, Thing(Kind.APPLICATION))
    form, call = AssignForm(), _call(request.form.get("call"))
    if not form.validate_on_submit():
        return _assignments(form, call, _Said()), _INVALID
    if request.form.get("then") != "assign":
        return _assignments(form, call, _Said(preview=_rehearse(form, call)))
    outcome = db().transaction(lambda s: _assign(s, form, call))
    flash(gettext("심사를 %(num)s건 나누었습니다.", num=outcome.created), "ok")
    return redirect(url_for("committee.assignments", call=call.code))


@blueprint.get("/assignments/list")
@remembered_page
def assignment_list() -> ResponseReturnValue:
    """Show every review that was given out with its reason, or give the list out as a file."""
    call = _call(request.args.get("call"))
    with db().read() as session:
        rows = list_assignments(session, viewer(), call.code)
        form = _hand_form(session, submitted=False)
    if download := asked_download():
        return table_download("assignments", _columns(), map(_cells, rows), form=download)
    return _list_page(call, rows, form)


@blueprint.post("/assignments/add")
def add_by_hand() -> ResponseReturnValue:
    """Give one application to one member."""
    call = _call(request.form.get("call"))
    with db().read() as session:
        form = _hand_form(session, submitted=True)
        rows = list_assignments(session, viewer(), call.code)
        if not form.validate_on_submit():
            return _list_page(call, rows, form), _INVALID
        try:
            application_id = find_application_by_number(session, viewer(), call.code, str(form.number.data))
        except NotFoundError:
            form.number.errors = [gettext("이 공모에 없는 접수번호입니다.")]
            return _list_page(call, rows, form), _INVALID
    try:
        db().transaction(
            lambda s: add_reviewer(
                s,
                application_id=application_id,
                person_id=uuid.UUID(form.person.data),
                reason=str(form.reason.data),
                actor=viewer(),
                at=now(),
            )
        )
    except NotFoundError:
        raise
    except FundError as error:
        form.person.errors = [say_refusal(error, form)]
        return _list_page(call, rows, form), _INVALID
    flash(gettext("심사를 맡겼습니다."), "ok")
    return redirect(url_for("committee.assignment_list", call=call.code))


@blueprint.get("/applications/<uuid:application_id>/reviewers/<uuid:person_id>/remove")
def confirm_removal(application_id: uuid.UUID, person_id: uuid.UUID) -> ResponseReturnValue:
    """Ask why a review is taken back."""
    return _removal(application_id, person_id, ReasonForm(formdata=None), _call(request.args.get("call")))


@blueprint.post("/applications/<uuid:application_id>/reviewers/<uuid:person_id>/remove")
def remove_by_hand(application_id: uuid.UUID, person_id: uuid.UUID) -> ResponseReturnValue:
    """Take a review back from a member who has filed nothing."""
    form, call = ReasonForm(), _call(request.form.get("call"))
    if not form.validate_on_submit():
        return _removal(application_id, person_id, form, call), _INVALID
    reason = str(form.reason.data)
    try:
        db().transaction(
            lambda s: remove_reviewer(
                s, application_id=application_id, person_id=person_id, reason=reason, actor=viewer(), at=now()
            )
        )
    except NotFoundError:
        raise
    except FundError as error:
        flash(say_refusal(error), "err")
    else:
        flash(gettext("심사를 거두었습니다."), "ok")
    return redirect(url_for("committee.assignment_list", call=call.code))


@blueprint.post("/assignments/file")
def assign_from_file() -> ResponseReturnValue:
    """Give reviews out as a sheet says, and say what became of each row."""
    require(viewer(), Verb.ASSIGN, Thing(Kind.APPLICATION))
    form, call = AssignmentFileForm(), _call(request.form.get("call"))
    if not form.validate_on_submit():
        flash(gettext("파일을 골라 주세요."), "err")
        return redirect(url_for("committee.assignments", call=call.code))
    content = form.file.data.read()
    strict = bool(form.all_or_nothing.data)
    try:
        done = db().transaction(
            lambda s: import_assignments(
                s, call_code=call.code, content=content, all_or_nothing=strict, actor=viewer(), at=now()
            )
        )
    except InputFileError as error:
        flash(say_refusal(error), "err")
        return redirect(url_for("committee.assignments", call=call.code))
    page = _assignments(AssignForm(formdata=None), call, _Said(imported=done))
    return page, _INVALID if done.faults else 200


@blueprint.post("/assignments/expertise/<uuid:person_id>")
def note_expertise(person_id: uuid.UUID) -> ResponseReturnValue:
    """Note which fields a member knows."""
    call = _call(request.form.get("call"))
    if KeyOnlyForm().validate_on_submit():
        tags = request.form.getlist("tag")
        db().transaction(lambda s: set_expertise(s, person_id=person_id, tags=tags, actor=viewer(), at=now()))
        flash(gettext("전문 분야를 저장했습니다."), "ok")
    return redirect(url_for("committee.assignments", call=call.code))


@blueprint.post("/assignments/remind")
def remind() -> ResponseReturnValue:
    """Write to those whose reviews wait, and say who was written to and who was not."""
    call = _call(request.form.get("call"))
    if not KeyOnlyForm().validate_on_submit():
        return redirect(url_for("committee.assignments", call=call.code))
    fates = db().transaction(lambda s: remind_reviewers(s, call_code=call.code, actor=viewer(), at=now()))
    return _assignments(AssignForm(formdata=None), call, _Said(reminded=fates))


def _call(code: str | None) -> CallRow:
    require(viewer(), Verb.ASSIGN, Thing(Kind.APPLICATION))
    with db().read() as session:
        _, call = find_call(session, code, now())
    if call is None:
        raise NotFoundError
    return call


def _assign(session: Session, form: AssignForm, call: CallRow) -> Assigned:
    per_application, max_load = form.to_numbers()
    return assign_reviewers(
        session,
        call_code=call.code,
        per_application=per_application,
        max_load=max_load,
        actor=viewer(),
        at=now(),
    )


def _rehearse(form: AssignForm, call: CallRow) -> Assigned:
    """Carry out the assignment and take it back, so that the preview is the very result."""

    def work(session: Session) -> Assigned:
        raise _RehearsedError(_assign(session, form, call))

    try:
        return db().transaction(work)
    except _RehearsedError as rehearsed:
        return rehearsed.outcome


def _assignments(form: AssignForm, call: CallRow, said: _Said) -> str:
    require(viewer(), Verb.ASSIGN, Thing(Kind.APPLICATION))
    with db().read() as session:
        progress = reviewer_progress(session, viewer(), call.code)
        calls, _ = find_call(session, call.code, now())
        drawn = drawn_low_scorers(session, viewer(), call.code)
        expertise = list_expertise(session, viewer())
        fields = list_fields(session, call.code)
        reminders = list_reminders(session, viewer(), call.code)
        terms = assignment_terms(session, call.code)
    return render_template(
        "committee/assignments.html",
        form=form,
        file_form=AssignmentFileForm(formdata=None),
        call=call,
        calls=calls,
        progress=progress,
        preview=said.preview,
        imported=said.imported,
        reminded=said.reminded,
        drawn=drawn,
        expertise=expertise,
        fields=fields,
        reminders=reminders,
        terms=terms,
        shown=_SHOWN,
        tag_word=tag_word,
        fate_words=FATE_WORDS,
    )


def _hand_form(session: Session, *, submitted: bool) -> HandForm:
    form = HandForm() if submitted else HandForm(formdata=None)
    form.person.choices = [
        SelectChoice("", gettext("고르세요")),
        *(SelectChoice(str(seat.person_id), seat.name) for seat in members(session)),
    ]
    return form


def _list_page(call: CallRow, rows: list[AssignmentRow], form: HandForm) -> str:
    return render_template(
        "committee/assignment_list.html",
        call=call,
        page=Page.cut(rows, asked_page()),
        form=form,
        tag_word=tag_word,
        route_words=ROUTE_WORDS,
    )


def _removal(application_id: uuid.UUID, person_id: uuid.UUID, form: ReasonForm, call: CallRow) -> str:
    with db().read() as session:
        rows = list_assignments(session, viewer(), call.code)
    row = next((row for row in rows if (row.application_id, row.person_id) == (application_id, person_id)), None)
    if row is None:
        raise NotFoundError
    return render_template("committee/removal.html", row=row, form=form, call=call)


def _columns() -> list[Column]:
    return [
        Column(gettext("접수번호")),
        Column(gettext("기업")),
        Column(gettext("위원 이메일")),
        Column(gettext("위원")),
        Column(gettext("맞는 분야")),
        Column(gettext("사유")),
        Column(gettext("저장함")),
        Column(gettext("배정한 사람")),
        Column(gettext("시각"), "instant"),
    ]


def _cells(row: AssignmentRow) -> tuple[Cell, ...]:
    return (
        row.number,
        row.company,
        row.email,
        row.reviewer,
        ", ".join(map(tag_word, row.fields)),
        row.reason,
        gettext("예") if row.filed else gettext("아니오"),
        row.assigned_by,
        row.at,
    )
