"""A company's documents: what an application needs, and the wallet that keeps them for the next one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField
from sqlalchemy.orm import Session
from wtforms import DateField, SelectField
from wtforms.validators import Optional

from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.quarters import kst_date
from fundapp.intake import actions
from fundapp.intake.actions.documents import PROVING_STATES
from fundapp.intake.call_terms import grace_of
from fundapp.intake.document_queries import DocumentRow, list_wallet, used_documents
from fundapp.intake.documents.kinds import MOST_BYTES, MOST_PER_REQUIREMENT, Facts, Requirement, find_misfit
from fundapp.intake.documents.receiving import Received, receive
from fundapp.intake.rules import CallClosedError, counts_as, require_open
from fundapp.web.documents.shown import RequirementShown, show_document, show_requirements
from fundapp.web.portal import companies, pages
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyedForm, KeyOnlyForm
from fundapp.web.shell.language import gettext, lazy, pick
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.security import limiter
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("portal_documents", __name__, url_prefix="/portal")
blueprint.before_request(only(*ROOMS["portal"]))

_REFUSED = 422
_CONFLICT = 409
_ONE = "/applications/<uuid:application_id>/documents"


class HandInForm(KeyedForm):
    """A file from the device, or one from the wallet, for one requirement."""

    file = FileField(lazy("파일"))
    issued_on = DateField(lazy("발급일"), validators=[Optional()])
    kept = SelectField(lazy("보관함에서 고르기"), validate_choice=False)


@dataclass(frozen=True, slots=True)
class Slot:
    """One requirement on the page.

    Attributes:
        state: done, todo, check or locked.
        open: Whether files may be handed in now.
        kept: Documents of the wallet that fit and are not attached yet.
        problem: What was wrong with what was just handed in.
    """

    shown: RequirementShown
    state: str
    open: bool
    kept: tuple[DocumentRow, ...]
    problem: str = ""


@blueprint.get(f"{_ONE}/")
def documents(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show which documents an application needs and which it has."""
    return _documents_page(application_id, {}, 200)


@blueprint.post(f"{_ONE}/<requirement>")
@limiter.limit("120 per hour")
def hand_in(application_id: uuid.UUID, requirement: str) -> ResponseReturnValue:
    """Take a file in, or one of the wallet, and let it answer a requirement."""
    page = _page(application_id)
    form = HandInForm()
    try:
        _hand_in(page, requirement, form)
    except CallClosedError as error:
        return _documents_page(application_id, {requirement: say_refusal(error)}, _CONFLICT)
    except InvalidInputError as error:
        words = pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))
        return _documents_page(application_id, {requirement: words}, _REFUSED)
    flash(gettext("서류를 붙였습니다."), "ok")
    return redirect(url_for(".documents", application_id=application_id) + f"#d-{requirement}")


@blueprint.post(f"{_ONE}/<requirement>/<uuid:document_id>/detach")
def detach(application_id: uuid.UUID, requirement: str, document_id: uuid.UUID) -> ResponseReturnValue:
    """Take a document off an application."""
    page, actor, at = _page(application_id), viewer(), now()
    if not KeyOnlyForm().validate():
        raise InvalidInputError(field="key", reason_ko="새로 고친 뒤 다시 보내세요", reason_en="reload and send again")
    db().transaction(
        lambda session: actions.detach_document(
            session,
            actor=actor,
            at=at,
            application_id=page.application.id,
            requirement=requirement,
            document_id=document_id,
        )
    )
    flash(gettext("서류를 뗐습니다. 보관함에는 남아 있습니다."), "ok")
    return redirect(url_for(".documents", application_id=application_id) + f"#d-{requirement}")


@blueprint.get("/documents")
def wallet() -> ResponseReturnValue:
    """Show the wallets of the viewer's companies."""
    with db().read() as session:
        own = companies.list_companies(session, viewer())
        held = [(one, list_wallet(session, viewer(), one.id), used_documents(session, viewer(), one.id)) for one in own]
    rows = [
        (company, [(show_document(document), used.get(document.id, ())) for document in documents])
        for company, documents, used in held
    ]
    return render_template("portal/wallet.html", wallets=rows)


@blueprint.post("/documents/<uuid:document_id>/remove")
def remove(document_id: uuid.UUID) -> ResponseReturnValue:
    """Take a document out of the wallet."""
    actor, at = viewer(), now()
    if not KeyOnlyForm().validate():
        raise InvalidInputError(field="key", reason_ko="새로 고친 뒤 다시 보내세요", reason_en="reload and send again")
    db().transaction(lambda session: actions.remove_document(session, actor=actor, at=at, document_id=document_id))
    flash(gettext("보관함에서 지웠습니다."), "ok")
    return redirect(url_for(".wallet"))


def _hand_in(page: pages.ApplicationPage, requirement: str, form: HandInForm) -> None:
    if not form.validate():
        if form.issued_on.errors:
            raise InvalidInputError(
                field="issued_on",
                reason_ko="발급일을 2026-01-31처럼 적어 주세요",
                reason_en="give the date of issue like 2026-01-31",
            )
        raise InvalidInputError(field="key", reason_ko="새로 고친 뒤 다시 보내세요", reason_en="reload and send again")
    _require_open(page, requirement)  # before a file is opened: that costs a process
    actor, at, one = viewer(), now(), page.application
    given = form.file.data
    received: Received | None = None
    if given is not None and given.filename:
        content = given.stream.read(MOST_BYTES + 1)
        received = receive(current_app.config["FILES_URL"], content, current_app.config["CLAMD"])
    elif not form.kept.data:
        raise InvalidInputError(field="file", reason_ko="파일을 골라 주세요", reason_en="choose a file")

    def work(session: Session) -> None:
        if received is None:
            document_id = _chosen(form.kept.data or "")
        else:
            document_id = actions.keep_document(
                session,
                actor=actor,
                at=at,
                company_id=one.company_id,
                kind=requirement,
                name=given.filename,
                received=received,
                issued_on=form.issued_on.data,
            )
        actions.attach_document(
            session, actor=actor, at=at, application_id=one.id, requirement=requirement, document_id=document_id
        )

    db().transaction(work)


def _chosen(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFoundError from None


def _require_open(page: pages.ApplicationPage, key: str) -> None:
    wanted = next((one.requirement for one in page.papers if one.requirement.key == key), None)
    if wanted is None:
        raise NotFoundError
    if wanted.stage == "submit":
        require_open(page.call.opens_at, page.call.closes_at, now(), grace=grace_of(page.call.document))
    if not _is_open(page, wanted):
        raise TransitionRefusedError(thing="application", state=page.application.state, verb="edit")


def _is_open(page: pages.ApplicationPage, wanted: Requirement) -> bool:
    return page.editable if wanted.stage == "submit" else counts_as(page.application.state) in PROVING_STATES


def _page(application_id: uuid.UUID) -> pages.ApplicationPage:
    with db().read() as session:
        return pages.load_page(session, viewer(), application_id, now())


def _documents_page(application_id: uuid.UUID, problems: Mapping[str, str], status: int) -> ResponseReturnValue:
    at = now()
    today = kst_date(at)
    with db().read() as session:
        page = pages.load_page(session, viewer(), application_id, at)
        kept = list_wallet(session, viewer(), page.application.company_id)
    slots = [_slot(page, shown, kept, today, problems) for shown in show_requirements(page.papers, today)]
    return render_template("portal/documents.html", page=page, slots=slots, most=MOST_PER_REQUIREMENT), status


def _slot(
    page: pages.ApplicationPage,
    shown: RequirementShown,
    kept: list[DocumentRow],
    today: date,
    problems: Mapping[str, str],
) -> Slot:
    wanted = shown.requirement
    attached = {one.row.id for one in shown.documents}
    fitting = tuple(
        one
        for one in kept
        if one.id not in attached
        and find_misfit(wanted, Facts(one.kind, one.format, one.pages, one.issued_on), today) is None
    )
    is_open = _is_open(page, wanted) and len(attached) < MOST_PER_REQUIREMENT
    if shown.misfits:
        state = "check"
    elif shown.documents:
        state = "done"
    else:
        state = "todo" if is_open else "locked"
    return Slot(shown, state, is_open, fitting, problems.get(wanted.key, ""))
