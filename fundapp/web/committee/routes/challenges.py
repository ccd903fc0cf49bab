"""기피: challenging a member, and deciding about it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from fundapp.committee.actions import close_challenge, file_challenge, set_aside_challenge, vote_on_challenge
from fundapp.committee.queries import challenge_page, list_challenges, members, review_page
from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import FundError, NotFoundError
from fundapp.web.committee.conflict_forms import ChallengeForm, ChallengeVoteForm, ReasonForm
from fundapp.web.committee.conflict_words import CHALLENGE_WORDS
from fundapp.web.committee.door import blueprint
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

_INVALID = 422
_ONE = "/challenges/<uuid:challenge_id>"


@blueprint.get("/challenges")
def challenges() -> ResponseReturnValue:
    """Show challenges that the viewer may decide or has decided."""
    with db().read() as session:
        rows = list_challenges(session, viewer())
    return render_template("committee/challenges.html", rows=rows, challenge_words=CHALLENGE_WORDS)


@blueprint.get(_ONE)
def challenge(challenge_id: uuid.UUID) -> ResponseReturnValue:
    """Show one challenge with its reason and its count."""
    return _page(challenge_id, ChallengeVoteForm(formdata=None), ReasonForm(formdata=None))


@blueprint.post(f"{_ONE}/vote")
def vote_challenge(challenge_id: uuid.UUID) -> ResponseReturnValue:
    """Cast the viewer's vote on a challenge."""
    form = ChallengeVoteForm()
    if not form.validate_on_submit():
        return _page(challenge_id, form, ReasonForm(formdata=None)), _INVALID
    _act(
        lambda s: vote_on_challenge(
            s,
            challenge_id=challenge_id,
            choice=form.to_choice(),
            key=str(form.key.data),
            actor=viewer(),
            at=now(),
        ),
        gettext("투표했습니다."),
    )
    return redirect(url_for("committee.challenge", challenge_id=challenge_id))


@blueprint.post(f"{_ONE}/close")
def decide_challenge(challenge_id: uuid.UUID) -> ResponseReturnValue:
    """Count the votes and tell who challenged."""
    if KeyOnlyForm().validate_on_submit():
        _act(
            lambda s: close_challenge(s, challenge_id=challenge_id, actor=viewer(), at=now()),
            gettext("의결했습니다. 신청한 쪽에 결과를 알렸습니다."),
        )
    return redirect(url_for("committee.challenge", challenge_id=challenge_id))


@blueprint.post(f"{_ONE}/set-aside")
def set_aside(challenge_id: uuid.UUID) -> ResponseReturnValue:
    """Set a challenge aside without a vote, with a reason."""
    form = ReasonForm()
    if not form.validate_on_submit():
        return _page(challenge_id, ChallengeVoteForm(formdata=None), form), _INVALID
    reason = str(form.reason.data)
    _act(
        lambda s: set_aside_challenge(s, challenge_id=challenge_id, reason=reason, actor=viewer(), at=now()),
        gettext("각하했습니다. 신청한 쪽에 결과를 알렸습니다."),
    )
    return redirect(url_for("committee.challenge", challenge_id=challenge_id))


@blueprint.get("/applications/<uuid:application_id>/challenge")
def challenge_form(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show the form that challenges another member in a case."""
    with db().read() as session:
        return _form_page(session, application_id, _form(session, submitted=False))


@blueprint.post("/applications/<uuid:application_id>/challenge")
def challenge_member(application_id: uuid.UUID) -> ResponseReturnValue:
    """File a challenge; its target is kept out from now on."""
    with db().read() as session:
        form = _form(session, submitted=True)
        if not form.validate_on_submit():
            return _form_page(session, application_id, form), _INVALID
    _act(
        lambda s: file_challenge(
            s,
            application_id=application_id,
            target_id=uuid.UUID(form.person.data),
            reason=str(form.reason.data),
            key=str(form.key.data),
            actor=viewer(),
            at=now(),
        ),
        gettext("기피를 신청했습니다. 의결할 때까지 그 위원은 이 안건을 볼 수 없습니다."),
    )
    return redirect(url_for("committee.challenges"))


def _form(session: Session, *, submitted: bool) -> ChallengeForm:
    require(viewer(), Verb.SUBMIT, Thing(Kind.CONFLICT))
    form = ChallengeForm() if submitted else ChallengeForm(formdata=None)
    others = [seat for seat in members(session) if seat.person_id != viewer().person_id]
    form.person.choices = [
        SelectChoice("", gettext("고르세요")),
        *(SelectChoice(str(seat.person_id), seat.name) for seat in others),
    ]
    return form


def _form_page(session: Session, application_id: uuid.UUID, form: ChallengeForm) -> str:
    page = review_page(session, viewer(), application_id)
    return render_template("committee/challenge_form.html", page=page, form=form)


def _page(challenge_id: uuid.UUID, form: ChallengeVoteForm, aside: ReasonForm) -> str:
    with db().read() as session:
        row = challenge_page(session, viewer(), challenge_id)
    return render_template(
        "committee/challenge.html",
        row=row,
        form=form,
        aside=aside,
        closing=KeyOnlyForm(formdata=None),
        challenge_words=CHALLENGE_WORDS,
    )


def _act(work: Callable[[Session], object], said: str) -> None:
    try:
        db().transaction(work)
    except NotFoundError:
        raise
    except FundError as error:
        flash(say_refusal(error), "err")
    else:
        flash(said, "ok")
