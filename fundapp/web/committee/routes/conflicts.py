"""The secretary's overview of conflicts: what holds, what is suggested, what two people lift, who might be invited."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from fundapp.committee.actions import ask_lift, confirm_signals, decide_lift, dismiss_signals
from fundapp.committee.queries import (
    Candidate,
    Obstacle,
    check_candidate,
    list_challenges,
    list_lift_requests,
    list_recusals,
    list_registered,
    list_suggestions,
)
from fundapp.core.access import Kind, Thing, Verb, may, require
from fundapp.core.errors import FundError, NotFoundError
from fundapp.web.committee.board import find_call
from fundapp.web.committee.conflict_forms import AnswerForm, CheckForm, ReasonForm
from fundapp.web.committee.conflict_words import (
    CHALLENGE_WORDS,
    OUTCOME_WORDS,
    ROUTE_WORDS,
    SIGNAL_WORDS,
    recusal_cells,
    recusal_columns,
    rule_basis,
    rule_word,
    suggestion_cells,
    suggestion_columns,
)
from fundapp.web.committee.door import blueprint
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import asked_download, table_download
from fundapp.web.shell.language import gettext
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

VIEWS = ("waiting", "recusals", "people", "challenges", "lifts", "answered")
_INVALID = 422


@blueprint.get("/conflicts")
def conflicts() -> ResponseReturnValue:
    """Show the conflicts of all calls by one of the views, or give them out as a file."""
    require(viewer(), Verb.VIEW, Thing(Kind.CONFLICT))
    view = request.args.get("view", "waiting")
    view = view if view in VIEWS else "waiting"
    decides = may(viewer(), Verb.RESOLVE, Thing(Kind.CONFLICT))
    with db().read() as session:
        lists = _lists(session, decides=decides)
    if download := asked_download():
        if view in {"waiting", "answered"}:
            return table_download("suggestions", suggestion_columns(), suggestion_cells(lists[view]), form=download)
        return table_download("recusals", recusal_columns(), recusal_cells(lists["recusals"]), form=download)
    return render_template(
        "committee/conflicts.html",
        view=view,
        lists=lists,
        page=Page.cut(lists[view], asked_page()),
        decides=decides,
        counts={name: len(rows) for name, rows in lists.items()},
        **_words(),
    )


def _lists(session: Session, *, decides: bool) -> dict[str, Any]:
    recusals = list_recusals(session, viewer())
    by_person: dict[str, list[Any]] = {}
    for row in recusals:
        if row.lifted_at is None:
            by_person.setdefault(row.person, []).append(row)
    return {
        "waiting": list_suggestions(session, viewer()),
        "recusals": recusals,
        "people": sorted(by_person.items()),
        "challenges": list_challenges(session, viewer()),
        "lifts": list_lift_requests(session, viewer()) if decides else [],
        "answered": list_suggestions(session, viewer(), answered=True),
    }


def _words() -> Mapping[str, Any]:
    return {
        "route_words": ROUTE_WORDS,
        "signal_words": SIGNAL_WORDS,
        "outcome_words": OUTCOME_WORDS,
        "challenge_words": CHALLENGE_WORDS,
        "rule_word": rule_word,
        "rule_basis": rule_basis,
    }


@blueprint.get("/applications/<uuid:application_id>/suggestions/<uuid:person_id>")
def suggestion(application_id: uuid.UUID, person_id: uuid.UUID) -> ResponseReturnValue:
    """Show what suggests a conflict between a member and an application, and ask what it comes to."""
    return _suggestion(application_id, person_id, AnswerForm(formdata=None))


@blueprint.post("/applications/<uuid:application_id>/suggestions/<uuid:person_id>")
def answer_suggestion(application_id: uuid.UUID, person_id: uuid.UUID) -> ResponseReturnValue:
    """Dismiss it with a reason, or recuse the member."""
    form = AnswerForm()
    if not form.validate_on_submit():
        return _suggestion(application_id, person_id, form), _INVALID
    work = dismiss_signals if form.answer.data == "dismiss" else confirm_signals
    reason = str(form.reason.data)
    db().transaction(
        lambda s: work(s, application_id=application_id, person_id=person_id, reason=reason, actor=viewer(), at=now())
    )
    dismissed = gettext("이해충돌이 아니라고 기록했습니다. 같은 사실로는 다시 묻지 않습니다.")
    flash(dismissed if form.answer.data == "dismiss" else gettext("이해충돌을 기록했습니다."), "ok")
    return redirect(url_for("committee.conflicts"))


def _suggestion(application_id: uuid.UUID, person_id: uuid.UUID, form: AnswerForm) -> str:
    require(viewer(), Verb.RESOLVE, Thing(Kind.CONFLICT))
    with db().read() as session:
        found = next(
            (
                one
                for one in list_suggestions(session, viewer())
                if one.application_id == application_id and one.person_id == person_id
            ),
            None,
        )
    if found is None:
        raise NotFoundError
    return render_template("committee/suggestion.html", one=found, form=form, **_words())


@blueprint.get("/conflicts/<uuid:recusal_id>/lift")
def lift(recusal_id: uuid.UUID) -> ResponseReturnValue:
    """Show a recusal, and the form that asks to lift it."""
    return _lift(recusal_id, ReasonForm(formdata=None))


@blueprint.post("/conflicts/<uuid:recusal_id>/lift")
def request_lift(recusal_id: uuid.UUID) -> ResponseReturnValue:
    """Ask that a recusal be lifted; somebody else decides."""
    form = ReasonForm()
    if not form.validate_on_submit():
        return _lift(recusal_id, form), _INVALID
    reason = str(form.reason.data)
    db().transaction(lambda s: ask_lift(s, recusal_id=recusal_id, reason=reason, actor=viewer(), at=now()))
    flash(gettext("해제를 요청했습니다. 다른 사람이 승인해야 풀립니다."), "ok")
    return redirect(url_for("committee.conflicts", view="lifts"))


def _lift(recusal_id: uuid.UUID, form: ReasonForm) -> str:
    require(viewer(), Verb.RESOLVE, Thing(Kind.CONFLICT))
    with db().read() as session:
        rows = list_recusals(session, viewer())
    row = next((row for row in rows if row.recusal_id == recusal_id), None)
    if row is None or row.lifted_at is not None or row.person_id == viewer().person_id:
        raise NotFoundError
    return render_template("committee/lift.html", row=row, form=form, **_words())


@blueprint.post("/lifts/<uuid:request_id>")
def answer_lift(request_id: uuid.UUID) -> ResponseReturnValue:
    """Approve or refuse what another person asked for."""
    approve = request.form.get("answer") == "approve"
    try:
        db().transaction(lambda s: decide_lift(s, request_id=request_id, approve=approve, actor=viewer(), at=now()))
    except NotFoundError:
        raise
    except FundError as error:
        flash(say_refusal(error), "err")
    else:
        flash(gettext("해제했습니다.") if approve else gettext("해제 요청을 받아들이지 않았습니다."), "ok")
    return redirect(url_for("committee.conflicts", view="lifts"))


@blueprint.get("/conflicts/check")
def check() -> ResponseReturnValue:
    """Show what would stand between somebody and a call, before they are invited or assigned."""
    form, call_code, found = _checked()
    with db().read() as session:
        calls, _ = find_call(session, None, now())
    return render_template("committee/check.html", form=form, call=call_code, calls=calls, found=found, **_words())


@blueprint.get("/conflicts/check.json")
def check_json() -> ResponseReturnValue:
    """Return the same for programs."""
    _, call_code, found = _checked()
    rows = found or []
    return jsonify(
        call=call_code,
        disqualified=sum(1 for one in rows if one.rules),
        suggested=sum(1 for one in rows if not one.rules),
        items=[
            {
                "application": one.number,
                "company": one.company,
                "disqualifies": [
                    {"rule": rule, "reason": rule_word(rule), "basis": rule_basis(rule)} for rule in one.rules
                ],
                "suggests": list(one.signals),
                "compared": [{"ours": ours, "theirs": theirs} for ours, theirs in one.words],
            }
            for one in rows
        ],
    )


def _checked() -> tuple[CheckForm, str | None, list[Obstacle] | None]:
    """Return the form, the call asked about, and what was found; None before anything was asked."""
    require(viewer(), Verb.ASSIGN, Thing(Kind.APPLICATION))
    require(viewer(), Verb.VIEW, Thing(Kind.CONFLICT))
    form = CheckForm(request.args)
    with db().read() as session:
        _, call = find_call(session, request.args.get("call"), now())
        people = list_registered(session, viewer())
        form.person.choices = [
            SelectChoice("", gettext("아직 계정이 없는 사람")),
            *(SelectChoice(str(one.person_id), one.name) for one in people),
        ]
        if call is None or not form.validate():
            return form, call.code if call else None, None
        asked = form.person.data or form.email.data or form.companies.data
        if not asked:
            return form, call.code, None
        person = uuid.UUID(form.person.data) if form.person.data else None
        candidate = Candidate(person, form.email.data or "", form.to_interests())
        return form, call.code, check_candidate(session, viewer(), call.code, candidate, now())
