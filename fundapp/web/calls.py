"""A call before one signs up: until when, who, what is needed, and an eligibility check that keeps nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.intake.call_terms import certifier_required
from fundapp.intake.documents.kinds import read_requirements
from fundapp.intake.eligibility import CheckQuestion, Finding, carried, judge, parse_check
from fundapp.intake.queries import CallPage, get_call
from fundapp.intake.rules import PURPOSES
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import pick
from fundapp.web.shell.security import limiter
from fundapp.web.shell.viewer import CARRIED

blueprint = Blueprint("calls", __name__, url_prefix="/calls")

_FIELD = "q_"
_LONGEST = 40
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """What is left of a call's hours on the server's clock; `phase` is upcoming, open or closed."""

    phase: str
    seconds: int
    days: int
    hours: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the check with what was answered and what that leads to."""

    question: CheckQuestion
    answer: str
    finding: Finding | None


def time_left(opens_at: datetime, closes_at: datetime, at: datetime) -> TimeLeft:
    """Return what is left until a call closes, all 0 once it has."""
    left = max(0, int((closes_at - at).total_seconds()))
    phase = "upcoming" if at < opens_at else "open" if at <= closes_at else "closed"
    return TimeLeft(phase, left, left // _DAY, left % _DAY // _HOUR, left % _HOUR // _MINUTE)


@blueprint.get("/<code>")
def show(code: str) -> ResponseReturnValue:
    """Show a call to anybody."""
    at, call = now(), _load(code)
    return render_template(
        "calls/call.html",
        call=call,
        at=at,
        left=time_left(call.opens_at, call.closes_at, at),
        requirements=read_requirements(call.document),
        purposes=PURPOSES,
        certified=certifier_required(call.document),
        questions=parse_check(call.document),
        who=_lines(call.document, pick("eligibility_ko", "eligibility_en")),
    )


@blueprint.route("/<code>/check", methods=["GET", "POST"])
@limiter.limit("60 per minute", methods=["POST"])
def check(code: str) -> ResponseReturnValue:
    """Ask the call's questions and say what the answers lead to; they are in this answer and nowhere else."""
    call = _load(code)
    questions = parse_check(call.document)
    if not questions:
        raise NotFoundError
    form, verdict = KeyOnlyForm(), None
    answers = _answers(questions)
    if request.method == "POST" and form.validate():
        verdict = judge(questions, answers, closes_on=kst_date(call.closes_at))
        if request.form.get("then") == "carry":
            session[CARRIED] = {"call": code, "answers": carried(questions, answers)}
            return redirect(url_for("portal.start", code=code))
    found = {one.key: one for one in verdict.findings} if verdict is not None else {}
    rows = [Asked(one, answers.get(one.key, ""), found.get(one.key)) for one in questions]
    at = now()
    return render_template(
        "calls/check.html",
        call=call,
        form=form,
        rows=rows,
        verdict=verdict,
        left=time_left(call.opens_at, call.closes_at, at),
        at=at,
    )


def find_carried(code: str) -> dict[str, str]:
    """Return the answers that this browser brought along for an application to a call."""
    brought = session.get(CARRIED)
    return dict(brought["answers"]) if isinstance(brought, dict) and brought.get("call") == code else {}


def forget_carried() -> None:
    """Let the browser forget them: an application has begun with them."""
    session.pop(CARRIED, None)


def _load(code: str) -> CallPage:
    with db().read() as reading:
        return get_call(reading, code)


def _answers(questions: tuple[CheckQuestion, ...]) -> dict[str, str]:
    return {one.key: request.form.get(_FIELD + one.key, "")[:_LONGEST] for one in questions}


def _lines(document: dict[str, Any], key: str) -> list[str]:
    lines = document.get(key)
    return [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
