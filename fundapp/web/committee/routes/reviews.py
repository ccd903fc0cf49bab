"""The conflict gate and the review behind it."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.committee.actions import declare_conflict, file_review, pledge_no_conflict
from fundapp.committee.queries import Progress, application_head, my_progress
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.dossier import Dossier, load_dossier, load_parties, must_pledge
from fundapp.web.committee.forms import ANCHORS, POINT_WORDS, PledgeForm, ReviewForm, review_form
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.viewer import viewer

_INVALID = 422


@blueprint.get("/applications/<uuid:application_id>")
def review(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show the dossier with the rubric, or with what opened after it was filed; the gate before a pledge."""
    with db().read() as session:
        if must_pledge(session, viewer(), application_id):
            return _gate(session, application_id, PledgeForm())
        dossier = load_dossier(session, viewer(), application_id)
        progress = my_progress(session, viewer(), dossier.page.call_code)
    form = review_form()
    if dossier.page.own:
        form.show(dossier.page.own[0].ratings, dossier.page.own[0].note)
    return _page(dossier, progress, form, writing=not dossier.page.own or request.args.get("edit") == "1")


@blueprint.post("/applications/<uuid:application_id>")
def save_review(application_id: uuid.UUID) -> ResponseReturnValue:
    """File the review; with errors, give everything typed back. The dossier is loaded only where it is shown again."""
    form = review_form()
    complete = form.validate_on_submit()
    with db().read() as session:
        if must_pledge(session, viewer(), application_id):
            return _gate(session, application_id, PledgeForm())
        if not complete:
            dossier = load_dossier(session, viewer(), application_id)
            progress = my_progress(session, viewer(), dossier.page.call_code)
            return _page(dossier, progress, form, writing=True), _INVALID
    number, call_code = db().transaction(lambda s: _file(s, application_id, form))
    flash(gettext("%(number)s 심사를 저장했습니다.", number=number), "ok")
    if request.form.get("then") == "next":
        return redirect(url_for("committee.following", call=call_code))
    return redirect(url_for("committee.review", application_id=application_id))


def _file(session: Session, application_id: uuid.UUID, form: ReviewForm) -> tuple[str, str]:
    """File the review and return the application's number and call."""
    file_review(
        session,
        actor=viewer(),
        application_id=application_id,
        ratings=form.to_review(),
        note=form.note.data,
        key=str(form.key.data),
        at=now(),
    )
    return application_head(session, viewer(), application_id)


@blueprint.get("/applications/<uuid:application_id>/pledge")
def gate(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show the related parties again, to step back after all."""
    with db().read() as session:
        return _gate(session, application_id, PledgeForm())


@blueprint.post("/applications/<uuid:application_id>/pledge")
def answer_gate(application_id: uuid.UUID) -> ResponseReturnValue:
    """Record a pledge, or recuse the viewer."""
    form = PledgeForm()
    if not form.validate_on_submit():
        with db().read() as session:
            return _gate(session, application_id, form), _INVALID
    me, at = viewer(), now()
    if form.answer.data == "none":
        db().transaction(lambda s: pledge_no_conflict(s, application_id=application_id, actor=me, at=at))
        return redirect(url_for("committee.review", application_id=application_id))
    db().transaction(lambda s: _step_back(s, application_id, str(form.reason.data)))
    flash(gettext("회피를 기록했습니다. 이 안건은 이제 목록, 회의, 메일에 나오지 않습니다."), "ok")
    return redirect(url_for("committee.docket"))


def _step_back(session: Session, application_id: uuid.UUID, reason: str) -> None:
    me = viewer()
    if me.person_id is not None:
        declare_conflict(
            session,
            application_id=application_id,
            person_id=me.person_id,
            route="self_recusal",
            reason=reason,
            actor=me,
            at=now(),
        )


def _gate(session: Session, application_id: uuid.UUID, form: PledgeForm) -> str:
    parties = load_parties(session, viewer(), application_id)
    return render_template("committee/gate.html", parties=parties, form=form)


def _page(dossier: Dossier, progress: Progress, form: ReviewForm, *, writing: bool) -> str:
    return render_template(
        "committee/review.html",
        dossier=dossier,
        page=dossier.page,
        progress=progress,
        form=form,
        writing=writing and dossier.page.may_review,
        anchors=ANCHORS,
        point_words=POINT_WORDS,
    )
