"""The register of interests: what members declare of themselves, and what the secretary keeps."""

from __future__ import annotations

import uuid

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.committee.actions import (
    add_affiliate,
    declare_interest,
    withdraw_affiliate,
    withdraw_interest,
)
from fundapp.committee.queries import find_interest, list_affiliates, list_interests, list_registered
from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.web.committee.conflict_forms import GroupForm, InterestForm, ReasonForm
from fundapp.web.committee.conflict_words import (
    KIND_WORDS,
    interest_cells,
    interest_columns,
    share_text,
)
from fundapp.web.committee.door import blueprint
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import asked_download, table_download
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.viewer import viewer

_INVALID = 422
_ONE = "/interests/<uuid:interest_id>"


@blueprint.get("/interests")
def own_interests() -> ResponseReturnValue:
    """Show what the viewer has declared, and the form that declares more."""
    return _person_page(_own(), InterestForm(formdata=None))


@blueprint.get("/interests/of/<uuid:person_id>")
def interests_of(person_id: uuid.UUID) -> ResponseReturnValue:
    """Show one person's part of the register to who keeps it."""
    require(viewer(), Verb.VIEW, Thing(Kind.CONFLICT))
    return _person_page(person_id, InterestForm(formdata=None))


@blueprint.post("/interests/of/<uuid:person_id>")
def declare(person_id: uuid.UUID) -> ResponseReturnValue:
    """Record an interest and say what it brought about."""
    form = InterestForm()
    if not form.validate_on_submit():
        return _person_page(person_id, form), _INVALID
    try:
        db().transaction(
            lambda s: declare_interest(
                s, person_id=person_id, declaration=form.to_declaration(), actor=viewer(), at=now()
            )
        )
    except InvalidInputError as error:
        _show(form, error)
        return _person_page(person_id, form), _INVALID
    _say()
    return redirect(_back(person_id))


@blueprint.get(f"{_ONE}/edit")
def edit_interest(interest_id: uuid.UUID) -> ResponseReturnValue:
    """Show a declaration as a form, to change it or take it back."""
    with db().read() as session:
        row = find_interest(session, viewer(), interest_id)
    form = InterestForm(formdata=None)
    form.show(row)
    return _edit_page(interest_id, form)


@blueprint.post(_ONE)
def replace_interest(interest_id: uuid.UUID) -> ResponseReturnValue:
    """Record a new version of a declaration; the old one stays in the record."""
    form = InterestForm()
    with db().read() as session:
        row = find_interest(session, viewer(), interest_id)
    if not form.validate_on_submit():
        return _edit_page(interest_id, form), _INVALID
    try:
        db().transaction(
            lambda s: declare_interest(
                s,
                person_id=row.person_id,
                declaration=form.to_declaration(),
                actor=viewer(),
                at=now(),
                replaces_id=interest_id,
            )
        )
    except InvalidInputError as error:
        _show(form, error)
        return _edit_page(interest_id, form), _INVALID
    _say()
    return redirect(_back(row.person_id))


@blueprint.post(f"{_ONE}/withdraw")
def withdraw(interest_id: uuid.UUID) -> ResponseReturnValue:
    """Take a wrong declaration back."""
    form = ReasonForm()
    with db().read() as session:
        row = find_interest(session, viewer(), interest_id)
    if not form.validate_on_submit():
        flash(gettext("사유를 적어 주세요."), "err")
        return redirect(url_for("committee.edit_interest", interest_id=interest_id))
    reason = str(form.reason.data)
    db().transaction(lambda s: withdraw_interest(s, interest_id=interest_id, reason=reason, actor=viewer(), at=now()))
    flash(gettext("신고를 취소했습니다. 이미 생긴 제척은 두 사람이 해제해야 풀립니다."), "ok")
    return redirect(_back(row.person_id))


@blueprint.get("/conflicts/register")
def register() -> ResponseReturnValue:
    """Show everybody's declarations and the register of groups."""
    return _register(GroupForm(formdata=None))


@blueprint.post("/conflicts/groups")
def add_group() -> ResponseReturnValue:
    """Record that a company belongs to a group."""
    require(viewer(), Verb.EDIT, Thing(Kind.CONFLICT))
    form = GroupForm()
    if not form.validate_on_submit():
        return _register(form), _INVALID
    try:
        db().transaction(
            lambda s: add_affiliate(
                s,
                group_name=str(form.group_name.data),
                company_name=str(form.company_name.data),
                business_number=form.business_number.data or "",
                corporate_number=form.corporate_number.data or "",
                source=str(form.source.data),
                actor=viewer(),
                at=now(),
            )
        )
    except InvalidInputError as error:
        _show(form, error)
        return _register(form), _INVALID
    _say()
    return redirect(url_for("committee.register"))


@blueprint.post("/conflicts/groups/<uuid:affiliate_id>/withdraw")
def drop_group(affiliate_id: uuid.UUID) -> ResponseReturnValue:
    """Take a company out of its group."""
    db().transaction(lambda s: withdraw_affiliate(s, affiliate_id=affiliate_id, actor=viewer(), at=now()))
    flash(gettext("기업집단에서 뺐습니다."), "ok")
    return redirect(url_for("committee.register"))


def _own() -> uuid.UUID:
    require(viewer(), Verb.SUBMIT, Thing(Kind.CONFLICT))
    found = viewer().person_id
    if found is None:
        raise NotFoundError
    return found


def _person_page(person_id: uuid.UUID, form: InterestForm) -> str | Response:
    own = person_id == viewer().person_id
    with db().read() as session:
        rows = list_interests(session, viewer(), person_id)
        name = viewer().name if own else _name(session, person_id)
    if download := asked_download():
        return table_download("interests", interest_columns(), interest_cells(rows), form=download)
    return render_template(
        "committee/interests.html",
        person_id=person_id,
        name=name,
        own=own,
        rows=rows,
        form=form,
        kind_words=KIND_WORDS,
        share_text=share_text,
    )


def _name(session: Session, person_id: uuid.UUID) -> str:
    found = next((one.name for one in list_registered(session, viewer()) if one.person_id == person_id), None)
    if found is None:
        raise NotFoundError
    return found


def _edit_page(interest_id: uuid.UUID, form: InterestForm) -> str:
    with db().read() as session:
        row = find_interest(session, viewer(), interest_id)
    return render_template(
        "committee/interest.html", row=row, form=form, withdrawal=ReasonForm(formdata=None), back=_back(row.person_id)
    )


def _register(form: GroupForm) -> str | Response:
    require(viewer(), Verb.VIEW, Thing(Kind.CONFLICT))
    with db().read() as session:
        people = list_registered(session, viewer())
        rows = list_interests(session, viewer())
        groups = list_affiliates(session, viewer())
    if download := asked_download():
        return table_download("register", interest_columns(), interest_cells(rows), form=download)
    current = [row for row in rows if row.current]
    held = {person.person_id: [row for row in current if row.person_id == person.person_id] for person in people}
    return render_template(
        "committee/register.html",
        people=people,
        held=held,
        groups=groups,
        form=form,
        kind_words=KIND_WORDS,
        share_text=share_text,
    )


def _back(person_id: uuid.UUID) -> str:
    if person_id == viewer().person_id:
        return url_for("committee.own_interests")
    return url_for("committee.interests_of", person_id=person_id)


def _show(form: InterestForm | GroupForm, error: InvalidInputError) -> None:
    name = str(error.details.get("field"))
    field = form[name if name in form else "company_name"]
    field.errors = [pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))]


def _say() -> None:
    """Say that it was compared, not with what result: the reader may be the one who is kept out of something now."""
    flash(gettext("기록하고 접수된 신청과 대조했습니다."), "ok")
