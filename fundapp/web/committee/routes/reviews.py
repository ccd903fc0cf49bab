"""The conflict gate and the review behind it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.committee.actions import declare_conflict, file_review, pledge_no_conflict, save_review_draft
from fundapp.committee.queries import find_draft, review_head, waiting_signals
from fundapp.committee.rules.drafts import PRIVATE_NOTE
from fundapp.core.errors import FundError, InvalidInputError
from fundapp.intake.rules import RevisionConflictError
from fundapp.web.committee.conflict_words import SIGNAL_WORDS
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.dossier import Dossier, load_dossier, load_parties, must_pledge, pledges
from fundapp.web.committee.forms import POINT_WORDS, PledgeForm, PrivateNoteForm, ReviewForm, review_form, typed_of
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.formats import clock_time
from fundapp.web.shell.forms import sent_json
from fundapp.web.shell.language import gettext
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

_REFUSED = 422
_CONFLICT = 409
_ONE = "/applications/<uuid:application_id>"


@blueprint.get(_ONE)
def review(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show the dossier with the rubric, or with what opened after it was filed; the gate before a pledge."""
    with db().read() as session:
        if must_pledge(session, viewer(), application_id):
            return _gate(session, application_id, PledgeForm())
        dossier = load_dossier(session, viewer(), application_id)
    form = review_form(dossier.page.terms.criteria)
    form.show(_stored(dossier))
    form.revision.data = str(dossier.draft.revision)
    unfiled = not dossier.page.own or bool(dossier.draft.fields)
    return _page(dossier, form, writing=unfiled or request.args.get("edit") == "1")


@blueprint.post(_ONE)
def save_review(application_id: uuid.UUID) -> ResponseReturnValue:
    """File the review, or keep it for later; with errors, give everything typed back.

    The dossier is loaded only where it is shown again, or where two windows were compared.
    """
    at, compared = now(), any(name.startswith("keep_") for name in request.form)
    head = review_head(db(), viewer(), application_id)
    if pledges(viewer()) and head.pledged_at is None:
        with db().read() as session:
            return _gate(session, application_id, PledgeForm())
    stored = _stored(_dossier(application_id)) if compared else {}
    form = review_form(head.criteria)
    form.show(_chosen(stored, form))
    valid = form.validate_on_submit()
    try:
        if request.form.get("then") == "later" or not valid:
            _keep(application_id, form, at)
        else:
            db().transaction(lambda session: _file(session, application_id, form, at))
    except RevisionConflictError:
        return _clash(_dossier(application_id), form)
    if request.form.get("then") == "later":
        flash(gettext("%(number)s 초안을 저장했습니다.", number=head.number), "ok")
        return redirect(url_for("committee.docket", call=head.call_code))
    if not valid:
        return _page(_dossier(application_id), form, writing=True), _REFUSED
    flash(gettext("%(number)s 심사를 저장했습니다.", number=head.number), "ok")
    if request.form.get("then") == "next":
        return redirect(url_for("committee.following", call=head.call_code))
    return redirect(url_for("committee.review", application_id=application_id))


@blueprint.post(f"{_ONE}/draft")
def autosave_review(application_id: uuid.UUID) -> ResponseReturnValue:
    """Keep some fields in the background; the answer is JSON."""
    at = now()
    with db().read() as session:
        if must_pledge(session, viewer(), application_id):
            return _say(gettext("이해충돌 서약이 먼저 필요합니다."), "pledge_needed", _CONFLICT)
    body = sent_json()
    sent, revision = body.get("fields"), str(body.get("revision"))
    texts = isinstance(sent, dict) and all(isinstance(text, str) for text in sent.values())
    if not isinstance(sent, dict) or not texts or re.fullmatch("[0-9]{1,9}", revision) is None:
        return _say(gettext("요청을 이해하지 못했습니다."), "invalid_input", _REFUSED)
    try:
        saved = db().transaction(
            lambda session: save_review_draft(
                session,
                actor=viewer(),
                application_id=application_id,
                fields=sent,
                expected_revision=int(revision),
                at=at,
            )
        )
    except FundError as error:
        return _say(say_refusal(error), error.code, _REFUSED if isinstance(error, InvalidInputError) else _CONFLICT)
    return jsonify(revision=saved.revision, saved_at=clock_time(at), problems={})


@blueprint.post(f"{_ONE}/note")
def save_note(application_id: uuid.UUID) -> ResponseReturnValue:
    """Keep the viewer's private note, without a review beside it."""
    at, form = now(), PrivateNoteForm()
    with db().read() as session:
        if must_pledge(session, viewer(), application_id):
            return _gate(session, application_id, PledgeForm())
        dossier = load_dossier(session, viewer(), application_id)
    if not form.validate_on_submit():
        return _page(dossier, review_form(dossier.page.terms.criteria), writing=False), _REFUSED
    db().transaction(lambda session: _keep_note(session, application_id, at))
    flash(gettext("메모를 저장했습니다."), "ok")
    return redirect(url_for("committee.review", application_id=application_id))


def _say(message: str, code: str, status: int) -> ResponseReturnValue:
    return jsonify(error={"code": code, "message": message}), status


def _dossier(application_id: uuid.UUID) -> Dossier:
    with db().read() as session:
        return load_dossier(session, viewer(), application_id)


def _stored(dossier: Dossier) -> dict[str, str]:
    """Return what the server has of the rubric: what was filed, and over it what was typed since."""
    own = dossier.page.own
    filed = typed_of(own[0].ratings, own[0].note) if own else {}
    return filed | dict(dossier.draft.fields)


def _chosen(stored: Mapping[str, str], form: ReviewForm) -> Mapping[str, str]:
    """Return the fields for which the comparison of two windows chose what had been saved before."""
    return {name: stored.get(name, "") for name in form.names() if request.form.get(f"keep_{name}") == "stored"}


def _keep(application_id: uuid.UUID, form: ReviewForm, at: datetime) -> None:
    """Keep what was typed as a draft, as far as a draft may hold it; the form then stands over that draft."""
    fields = {name: text[: form.longest] for name, text in form.typed().items()}
    saved = db().transaction(
        lambda session: save_review_draft(
            session,
            actor=viewer(),
            application_id=application_id,
            fields=fields | _private(),
            expected_revision=_revision(session, application_id, form),
            at=at,
        )
    )
    form.revision.data = str(saved.revision)


def _revision(session: Session, application_id: uuid.UUID, form: ReviewForm) -> int:
    """Return the revision that the form was shown with; a browser that sends none overwrites."""
    sent = form.draft_revision
    return find_draft(session, viewer(), application_id).revision if sent is None else sent


def _file(session: Session, application_id: uuid.UUID, form: ReviewForm, at: datetime) -> None:
    file_review(
        session,
        actor=viewer(),
        application_id=application_id,
        ratings=form.to_review(),
        note=form.note.data,
        key=str(form.key.data),
        at=at,
        draft_revision=form.draft_revision,
    )
    _keep_note(session, application_id, at)


def _keep_note(session: Session, application_id: uuid.UUID, at: datetime) -> None:
    if note := _private():
        standing = find_draft(session, viewer(), application_id).revision
        save_review_draft(
            session,
            actor=viewer(),
            application_id=application_id,
            fields=note,
            expected_revision=standing,
            at=at,
        )


def _private() -> dict[str, str]:
    text = request.form.get(PRIVATE_NOTE)
    return {} if text is None else {PRIVATE_NOTE: text.replace("\r\n", "\n")}


def _clash(dossier: Dossier, form: ReviewForm) -> ResponseReturnValue:
    """Show what two windows hold, field by field."""
    typed = form.typed()
    with db().read() as session:
        draft = find_draft(session, viewer(), dossier.page.application_id)
    stored = _stored(dossier) | dict(draft.fields)
    rows = [(form[name], typed[name], stored.get(name, "")) for name in typed if typed[name] != stored.get(name, "")]
    html = render_template(
        "committee/review_clash.html",
        page=dossier.page,
        rows=rows,
        typed=typed,
        form=form,
        revision=draft.revision,
        private_note=_private().get(PRIVATE_NOTE),
        then=request.form.get("then", ""),
    )
    return html, _CONFLICT


@blueprint.get(f"{_ONE}/pledge")
def gate(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show the related parties again, to step back after all."""
    with db().read() as session:
        return _gate(session, application_id, PledgeForm())


@blueprint.post(f"{_ONE}/pledge")
def answer_gate(application_id: uuid.UUID) -> ResponseReturnValue:
    """Record a pledge, or recuse the viewer."""
    form = PledgeForm()
    if not form.validate_on_submit():
        with db().read() as session:
            return _gate(session, application_id, form), _REFUSED
    me, at, reason = viewer(), now(), str(form.reason.data or "")
    if form.answer.data == "none":
        try:
            db().transaction(
                lambda s: pledge_no_conflict(s, application_id=application_id, actor=me, at=at, dismissal=reason)
            )
        except InvalidInputError as error:
            form.reason.errors = [say_refusal(error)]
            with db().read() as session:
                return _gate(session, application_id, form), _REFUSED
        return redirect(url_for("committee.review", application_id=application_id))
    if form.sure.data != "yes":
        with db().read() as session:
            return _confirm(session, application_id, form)
    db().transaction(lambda s: _step_back(s, application_id, reason))
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
    signals = waiting_signals(session, [application_id], viewer().person_id).get(application_id, ())
    return render_template(
        "committee/gate.html", parties=parties, form=form, signals=signals, signal_words=SIGNAL_WORDS
    )


def _confirm(session: Session, application_id: uuid.UUID, form: PledgeForm) -> str:
    """Ask once more: stepping back closes the case for good."""
    parties = load_parties(session, viewer(), application_id)
    return render_template("committee/step_back.html", parties=parties, form=form)


def _page(dossier: Dossier, form: ReviewForm, *, writing: bool) -> str:
    return render_template(
        "committee/review.html",
        dossier=dossier,
        page=dossier.page,
        form=form,
        note_form=PrivateNoteForm(data={PRIVATE_NOTE: _private().get(PRIVATE_NOTE, dossier.draft.private_note)}),
        writing=writing and dossier.page.may_review,
        point_words=POINT_WORDS,
    )
