"""The register of conditions: who owes what by when, the evidence, its judgement, and votes to waive it."""

from __future__ import annotations

import uuid

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fundapp.committee.actions import (
    accept_evidence,
    assign_condition,
    cast_waiver_vote,
    close_waiver,
    propose_waiver,
    return_evidence,
    submit_evidence,
)
from fundapp.committee.queries import ConditionPage, condition_page, list_conditions
from fundapp.core.access import Kind
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.web.operations.doing import REFUSED, act, may_open, say_faults, show_fault
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import ReasonForm
from fundapp.web.operations.forms.conditions import EvidenceForm, JudgementForm, OwnerForm, WaiverVoteForm
from fundapp.web.operations.registered import is_overdue, read_register, register_cells, register_columns
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import asked_download, table_download
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer


@blueprint.get("/conditions")
def conditions_page() -> ResponseReturnValue:
    """List conditions, those still open and due first."""
    may_open(Kind.CONDITION)
    today = kst_date(now())
    with db().read() as session:
        rows = list_conditions(session, viewer())
    register = read_register(rows, request.args, viewer(), today)
    if form := asked_download():
        return table_download(gettext("이행조건"), register_columns(), register_cells(register.rows), form=form)
    return render_template(
        "operations/conditions.html",
        page=Page.cut(register.rows, asked_page()),
        register=register,
        late=sum(is_overdue(row, today) for row in rows),
        total=len(rows),
        today=today,
    )


@blueprint.get("/conditions/<uuid:condition_id>")
def one_condition(condition_id: uuid.UUID) -> ResponseReturnValue:
    """Show one condition with its evidence and votes."""
    may_open(Kind.CONDITION)
    return _condition(_load(condition_id), EvidenceForm(formdata=None))


def _load(condition_id: uuid.UUID) -> ConditionPage:
    with db().read() as session:
        return condition_page(session, viewer(), condition_id)


def _condition(page: ConditionPage, form: EvidenceForm, refusal: str = "") -> str:
    owner = OwnerForm(formdata=None)
    owner.offer(page.candidates, page.row.company)
    owner.owner.data = f"{page.row.owner_side}:{page.row.owner_id or ''}"
    owner.due_on.data = page.row.due_on
    return render_template(
        "operations/condition.html",
        page=page,
        row=page.row,
        form=form,
        owner=owner,
        refusal=refusal,
        today=kst_date(now()),
    )


def _back(condition_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(url_for(".one_condition", condition_id=condition_id))


@blueprint.post("/conditions/<uuid:condition_id>/evidence")
def hand_in_evidence(condition_id: uuid.UUID) -> ResponseReturnValue:
    """Hand in evidence, as its owner or for what reached the fund by another way."""
    form, page = EvidenceForm(), _load(condition_id)
    if not form.validate_on_submit():
        return _condition(page, form), REFUSED
    try:
        db().transaction(
            lambda session: submit_evidence(
                session,
                condition_id=condition_id,
                text=str(form.text.data),
                links=form.to_links(),
                key=str(form.key.data),
                actor=viewer(),
                at=now(),
            )
        )
    except NotFoundError:
        raise
    except InvalidInputError as error:
        show_fault(form, error, "text")
        return _condition(page, form), REFUSED
    except FundError as error:
        return _condition(page, form, say_refusal(error)), REFUSED
    return _back(condition_id)


@blueprint.post("/conditions/<uuid:condition_id>/judgement")
def judge_evidence(condition_id: uuid.UUID) -> ResponseReturnValue:
    """Accept a version of evidence, or give it back with what is missing."""
    form = JudgementForm()
    actor, at, version = viewer(), now(), form.version.data or 0
    if not form.validate_on_submit():
        say_faults(form)
    elif form.outcome.data == "accept":
        act(
            lambda session: accept_evidence(session, condition_id=condition_id, version=version, actor=actor, at=at),
            gettext("이행조건이 충족되었다고 기록했습니다."),
            form,
        )
    else:
        reason = form.reason.data or ""
        act(
            lambda session: return_evidence(
                session, condition_id=condition_id, version=version, reason=reason, actor=actor, at=at
            ),
            gettext("보완을 요청했습니다."),
            form,
        )
    return _back(condition_id)


@blueprint.post("/conditions/<uuid:condition_id>/owner")
def assign_owner(condition_id: uuid.UUID) -> ResponseReturnValue:
    """Say who owes the evidence, and by when."""
    form, page = OwnerForm(), _load(condition_id)
    form.offer(page.candidates, page.row.company)
    if not form.validate_on_submit():
        say_faults(form)
        return _back(condition_id)
    side, person = form.to_owner()
    act(
        lambda session: assign_condition(
            session,
            condition_id=condition_id,
            owner_side=side,
            owner_id=person,
            due_on=form.due_on.data,
            reason=str(form.reason.data),
            actor=viewer(),
            at=now(),
        ),
        gettext("담당과 기한을 바꾸었습니다."),
        form,
    )
    return _back(condition_id)


@blueprint.post("/conditions/<uuid:condition_id>/waiver")
def ask_waiver(condition_id: uuid.UUID) -> ResponseReturnValue:
    """Ask the committee to waive a condition."""
    form = ReasonForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: propose_waiver(
                session,
                condition_id=condition_id,
                reason=str(form.reason.data),
                key=str(form.key.data),
                actor=viewer(),
                at=now(),
            ),
            gettext("면제를 표결에 올렸습니다."),
            form,
        )
    return _back(condition_id)


@blueprint.post("/conditions/<uuid:condition_id>/waivers/<uuid:waiver_id>/vote")
def vote_waiver(condition_id: uuid.UUID, waiver_id: uuid.UUID) -> ResponseReturnValue:
    """Cast the viewer's vote about a waiver."""
    form = WaiverVoteForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: cast_waiver_vote(
                session,
                waiver_id=waiver_id,
                choice=form.to_choice(),
                key=str(form.key.data),
                actor=viewer(),
                at=now(),
            ),
            gettext("투표했습니다."),
            form,
        )
    return _back(condition_id)


@blueprint.post("/conditions/<uuid:condition_id>/waivers/<uuid:waiver_id>/close")
def count_waiver(condition_id: uuid.UUID, waiver_id: uuid.UUID) -> ResponseReturnValue:
    """Count the votes about a waiver."""
    form = KeyOnlyForm()
    if form.validate_on_submit():
        act(
            lambda session: close_waiver(
                session, waiver_id=waiver_id, key=str(form.key.data), actor=viewer(), at=now()
            ),
            gettext("개표했습니다."),
        )
    return _back(condition_id)
