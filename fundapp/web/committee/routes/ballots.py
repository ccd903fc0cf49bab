"""Ballots, votes, what they resolved, and the register of conditions."""

from __future__ import annotations

import uuid

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.committee.actions import cast_vote, close_ballot
from fundapp.committee.queries import ballot_page, list_conditions, list_decisions
from fundapp.committee.rules import AlreadyVotedError, BallotClosedError, BallotWaitsError, LateVoteError
from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.reporting.actions import issue_resolution
from fundapp.reporting.resolutions import find_resolution, print_resolution
from fundapp.web.committee.acting import press
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.forms import CloseForm, ReasonForm, VoteForm
from fundapp.web.committee.live import fingerprint
from fundapp.web.committee.sitting import load_sitting
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.security import instance_secret
from fundapp.web.shell.viewer import viewer

_INVALID = 422


@blueprint.get("/ballots/<uuid:ballot_id>")
def ballot(ballot_id: uuid.UUID) -> ResponseReturnValue:
    """Show a ballot: proposal, headroom, quorum, and the result once it is closed."""
    return _ballot(ballot_id, VoteForm())


@blueprint.post("/ballots/<uuid:ballot_id>/vote")
def vote(ballot_id: uuid.UUID) -> ResponseReturnValue:
    """Cast the viewer's vote. A second one is refused in words; the first stays."""
    form = VoteForm()
    if not form.validate_on_submit():
        return _ballot(ballot_id, form), _INVALID
    try:
        db().transaction(
            lambda s: cast_vote(
                s,
                ballot_id=ballot_id,
                choice=form.to_choice(),
                key=str(form.key.data),
                actor=viewer(),
                at=now(),
                reason=form.vote_reason.data or "",
                secret=instance_secret(),
            )
        )
        flash(gettext("투표했습니다. 개표 전에는 누가 투표했는지만 보입니다."), "ok")
    except (AlreadyVotedError, BallotClosedError, BallotWaitsError, LateVoteError) as refused:
        flash(say_refusal(refused), "warn")
    except InvalidInputError as refused:
        name = str(refused.details["field"])
        form[name if name in form else "choice"].errors = [
            pick(f"{refused.details['reason_ko']}.", f"{refused.details['reason_en']}.")
        ]
        return _ballot(ballot_id, form), _INVALID
    return redirect(url_for("committee.ballot", ballot_id=ballot_id))


@blueprint.get("/ballots/<uuid:ballot_id>/close")
def confirm_close(ballot_id: uuid.UUID) -> ResponseReturnValue:
    """Ask the chair once more, with the arithmetic as it stands."""
    return _confirm(ballot_id, CloseForm())


def _confirm(ballot_id: uuid.UUID, form: CloseForm) -> ResponseReturnValue:
    require(viewer(), Verb.CLOSE, Thing(Kind.BALLOT))
    with db().read() as session:
        page = ballot_page(session, viewer(), ballot_id)
    if page.state != "open":
        return redirect(url_for("committee.ballot", ballot_id=ballot_id))
    return render_template("committee/close.html", ballot=page, form=form)


@blueprint.post("/ballots/<uuid:ballot_id>/close")
def close(ballot_id: uuid.UUID) -> ResponseReturnValue:
    """Count and decide, and write the resolution down. Whoever comes second sees the first result."""
    form = CloseForm()
    if not form.validate_on_submit():
        return redirect(url_for("committee.confirm_close", ballot_id=ballot_id))
    try:
        db().transaction(lambda s: _close(s, ballot_id, form))
        flash(gettext("개표했습니다."), "ok")
    except InvalidInputError as refused:
        form.casting.errors = [pick(str(refused.details["reason_ko"]), str(refused.details["reason_en"]))]
        return _confirm(ballot_id, form)
    except BallotClosedError as refused:
        flash(say_refusal(refused), "warn")
    except TransitionRefusedError as refused:
        flash(say_refusal(refused), "err")
    return redirect(url_for("committee.ballot", ballot_id=ballot_id))


def _close(session: Session, ballot_id: uuid.UUID, form: CloseForm) -> None:
    at, secret = now(), instance_secret()
    decision = close_ballot(
        session,
        ballot_id=ballot_id,
        key=str(form.key.data),
        actor=viewer(),
        at=at,
        casting=form.to_casting(),
        secret=secret,
    )
    issue_resolution(session, decision_id=decision.decision_id, secret=secret, actor=viewer(), at=at)


def _ballot(ballot_id: uuid.UUID, form: VoteForm) -> str:
    with db().read() as session:
        sitting = load_sitting(session, viewer(), ballot_id)
        decision_id = sitting.ballot.decision_id
        resolution = find_resolution(session, viewer(), decision_id, secret=instance_secret()) if decision_id else None
    return render_template(
        "committee/ballot.html",
        sitting=sitting,
        ballot=sitting.ballot,
        meeting=sitting.meeting,
        seen=fingerprint(sitting.meeting),
        resolution=resolution,
        form=form,
        asking=ReasonForm(formdata=None),
    )


@blueprint.get("/decisions")
def decisions() -> ResponseReturnValue:
    """Show what the committee decided, with the arithmetic."""
    with db().read() as session:
        rows = list_decisions(session, viewer())
    return render_template("committee/decisions.html", rows=rows)


@blueprint.get("/decisions/<uuid:decision_id>/resolution")
def resolution(decision_id: uuid.UUID) -> ResponseReturnValue:
    """Say whether a resolution's hash and signature hold, with all that is needed to check it elsewhere."""
    with db().read() as session:
        page = find_resolution(session, viewer(), decision_id, secret=instance_secret())
    if page is None:
        raise NotFoundError
    return render_template("committee/resolution.html", page=page)


@blueprint.post("/decisions/<uuid:decision_id>/resolution")
def issue(decision_id: uuid.UUID) -> ResponseReturnValue:
    """Write a decision down that was closed by the clock, or before there were resolutions."""
    press(
        lambda s: issue_resolution(s, decision_id=decision_id, secret=instance_secret(), actor=viewer(), at=now()),
        gettext("의결서를 만들었습니다."),
    )
    return redirect(url_for("committee.resolution", decision_id=decision_id))


@blueprint.get("/decisions/<uuid:decision_id>/resolution.json")
def resolution_text(decision_id: uuid.UUID) -> ResponseReturnValue:
    """Hand out the very bytes that were hashed and signed."""
    with db().read() as session:
        page = find_resolution(session, viewer(), decision_id, secret=instance_secret())
    if page is None:
        raise NotFoundError
    answer = Response(page.text, content_type="application/json; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="resolution.json"'
    return answer


@blueprint.get("/decisions/<uuid:decision_id>/resolution-<any(ko, en):locale>.pdf")
def resolution_file(decision_id: uuid.UUID, locale: str) -> ResponseReturnValue:
    """Hand out a resolution as a PDF in one of the two languages."""
    with db().read() as session:
        page = find_resolution(session, viewer(), decision_id, secret=instance_secret())
    if page is None:
        raise NotFoundError
    body = print_resolution(page, locale="en" if locale == "en" else "ko")
    answer = Response(body, content_type="application/pdf")
    name = f"resolution-{page.content['application']}-{locale}.pdf"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@blueprint.get("/conditions")
def conditions() -> ResponseReturnValue:
    """Show the register of conditions."""
    state = request.args.get("state", "")
    with db().read() as session:
        everything = list_conditions(session, viewer())
    rows = [row for row in everything if state in {"", row.state}]
    counts = {name: sum(row.state == name for row in everything) for name in ("open", "met", "waived")}
    return render_template("committee/conditions.html", rows=rows, counts=counts, state=state, total=len(everything))
