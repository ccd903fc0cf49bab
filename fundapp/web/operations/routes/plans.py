"""Allocation plans: make one, read it, bring it to a meeting."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.allocation.actions import Adoption, PlanStaleError, adopt_plan, plan_call
from fundapp.allocation.queries import cash_headroom, list_plans, plan_page
from fundapp.allocation.rules import PlanInfeasible
from fundapp.committee.actions import schedule_meeting
from fundapp.core.access import Kind
from fundapp.core.errors import FundError, NotFoundError
from fundapp.web.operations.doing import CONFLICT, REFUSED, may_open, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import AdoptForm
from fundapp.web.operations.planned import show_plan
from fundapp.web.operations.reading import choose_call, find_meeting
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer


@blueprint.get("/plans")
def plans_page() -> ResponseReturnValue:
    """List the plans of a call."""
    may_open(Kind.PLAN)
    with db().read() as session:
        calls, call = choose_call(session, viewer(), request.args.get("call", ""), now())
        plans = list_plans(session, viewer(), call.code) if call else []
        cash = cash_headroom(session, viewer())
    return render_template("operations/plans.html", calls=calls, call=call, plans=plans, cash=cash)


@blueprint.post("/calls/<code>/plan")
def make_plan(code: str) -> ResponseReturnValue:
    """Solve the allocation of a call."""
    if not KeyOnlyForm().validate_on_submit():
        say_faults(KeyOnlyForm())
        return redirect(url_for(".plans_page", call=code))
    try:
        made = plan_call(db(), call_code=code, actor=viewer(), at=now())
    except PlanInfeasible as error:
        flash(
            gettext("조건을 모두 지키는 배정안이 없습니다: %(reason)s", reason=pick(error.reason_ko, error.reason)),
            "err",
        )
    except NotFoundError:
        raise
    except FundError as error:
        flash(say_refusal(error), "err")
    else:
        flash(gettext("배정안을 만들었습니다. %(seconds)s초 걸렸습니다.", seconds=f"{made.seconds:.1f}"), "ok")
        return redirect(url_for(".one_plan", plan_id=made.plan_id))
    return redirect(url_for(".plans_page", call=code))


@blueprint.get("/plans/<uuid:plan_id>")
def one_plan(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Show a plan: requested and recommended side by side, what is scarce, what a rule of thumb would give."""
    may_open(Kind.PLAN)
    return _plan(plan_id, AdoptForm())


def _plan(plan_id: uuid.UUID, form: AdoptForm, changes: list[str] | None = None) -> str:
    with db().read() as session:
        page = plan_page(session, viewer(), plan_id)
        meeting = find_meeting(session, viewer(), page.meeting_id) if page.meeting_id else None
    return render_template(
        "operations/plan.html",
        page=page,
        shown=show_plan(page),
        meeting=meeting,
        form=form,
        changes=changes or [],
    )


@blueprint.post("/plans/<uuid:plan_id>/adopt")
def adopt(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Bring a plan to a meeting; one made for other figures is refused, with what has changed."""
    may_open(Kind.PLAN)
    form = AdoptForm()
    if not form.validate_on_submit():
        return _plan(plan_id, form), REFUSED
    try:
        done = db().transaction(lambda session: _adopt(session, plan_id, form))
    except PlanStaleError as error:
        changes = pick(str(error.details["changes_ko"]), str(error.details["changes_en"]))
        return _plan(plan_id, form, changes.split("; ")), CONFLICT
    except NotFoundError:
        raise
    except FundError as error:
        form.title.errors = [say_refusal(error)]
        return _plan(plan_id, form), CONFLICT
    flash(gettext("안건 %(n)s건을 회의에 올리고 그만큼 예약했습니다.", n=len(done.ballots)), "ok")
    return redirect(url_for(".one_plan", plan_id=plan_id))


def _adopt(session: Session, plan_id: uuid.UUID, form: AdoptForm) -> Adoption:
    code = plan_page(session, viewer(), plan_id).call_code
    meeting_id = schedule_meeting(
        session,
        call_code=code,
        title=form.title.data or "",
        held_on=form.to_day(),
        actor=viewer(),
        at=now(),
    )
    return adopt_plan(session, plan_id=plan_id, meeting_id=meeting_id, actor=viewer(), at=now())
