"""Allocation plans: make one, read it, bring it to a meeting."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.allocation.actions import (
    Adoption,
    PlanStaleError,
    adopt_plan,
    ask_plan,
    plan_call,
)
from fundapp.allocation.planning import build_instance
from fundapp.allocation.queries import cash_headroom, list_plans, list_runs, plan_page, workbench
from fundapp.allocation.rules import PlanInfeasible
from fundapp.committee.actions import schedule_meeting
from fundapp.core.access import Kind, Verb
from fundapp.core.errors import FundError, NotFoundError
from fundapp.portfolio.standing import earlier_awards
from fundapp.web.operations.doing import CONFLICT, REFUSED, may_open, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import AdoptForm
from fundapp.web.operations.forms.plans import ScenarioForm
from fundapp.web.operations.plan_files import plan_file, plan_sheet
from fundapp.web.operations.plan_words import QUESTIONS, STEPS
from fundapp.web.operations.planned import Line, PlanShown, show_plan
from fundapp.web.operations.reading import choose_call, find_meeting
from fundapp.web.operations.weighed import show_bench
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import asked_download
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

AT_ONCE = 300
"""Up to so many applicants a plan takes seconds and is made while the page waits; more go to the clock's process. Its
page shows so many rows at once; more come in pages."""
ROWS = 100


@blueprint.get("/plans")
def plans_page() -> ResponseReturnValue:
    """List the plans of a call."""
    may_open(Kind.PLAN)
    with db().read() as session:
        calls, call = choose_call(session, viewer(), request.args.get("call", ""), now())
        plans = list_plans(session, viewer(), call.code) if call else []
        cash = cash_headroom(session, viewer())
        runs = list_runs(session, viewer(), call_code=call.code) if call else ()
    return render_template(
        "operations/plans.html",
        calls=calls,
        call=call,
        plans=plans,
        cash=cash,
        runs=[run for run in runs[:1] if run.is_open or run.state == "refused"],
        plan_steps=STEPS,
    )


@blueprint.post("/calls/<code>/plan")
def make_plan(code: str) -> ResponseReturnValue:
    """Solve the allocation of a call, or ask that it be solved where that takes longer than a page should."""
    may_open(Kind.PLAN, Verb.PLAN)
    back = redirect(url_for(".plans_page", call=code))
    if not KeyOnlyForm().validate_on_submit():
        say_faults(KeyOnlyForm())
        return back
    actor, at = viewer(), now()
    try:
        if _is_large(code):
            db().transaction(lambda session: ask_plan(session, call_code=code, actor=actor, at=at))
            flash(gettext("신청이 많아 따로 계산합니다. 끝나면 이 목록에 나타납니다."), "ok")
            return back
        made = plan_call(db(), call_code=code, actor=actor, at=at, standing=earlier_awards)
    except PlanInfeasible as error:
        flash(say_infeasible(error), "err")
    except NotFoundError:
        raise
    except FundError as error:
        flash(say_refusal(error), "err")
    else:
        flash(gettext("배정안을 만들었습니다. %(seconds)s초 걸렸습니다.", seconds=f"{made.seconds:.1f}"), "ok")
        return redirect(url_for(".one_plan", plan_id=made.plan_id))
    return back


def say_infeasible(error: PlanInfeasible) -> str:
    """Say which settings cannot hold together."""
    return gettext("조건을 모두 지키는 배정안이 없습니다: %(reason)s", reason=pick(error.reason_ko, error.reason))


def _is_large(code: str) -> bool:
    with db().read() as session:
        return len(build_instance(session, code).instance.applicants) > AT_ONCE


@blueprint.get("/plans/<uuid:plan_id>")
def one_plan(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Show a plan: requested, recommended and chosen side by side, what is scarce, what other rules would give."""
    may_open(Kind.PLAN)
    form = asked_download()
    if form is not None:
        with db().read() as session:
            page = plan_page(session, viewer(), plan_id)
            bench = workbench(session, viewer(), page)
        return plan_file(page, bench, form)
    return show(plan_id, Sent())


@blueprint.get("/plans/<uuid:plan_id>/plan.pdf")
def printed_plan(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Hand out a plan as a PDF for the committee's papers."""
    may_open(Kind.PLAN)
    with db().read() as session:
        page = plan_page(session, viewer(), plan_id)
        bench = workbench(session, viewer(), page)
    return plan_sheet(page, bench, now())


@dataclass(slots=True)
class Sent:
    """What somebody sent to a plan's page and gets back with what is wrong.

    Attributes:
        faults: By application number, what is wrong with a row of choices.
        typed: Whether the rows show what was typed instead of what is kept.
    """

    adopting: AdoptForm | None = None
    scenario: ScenarioForm | None = None
    changes: Sequence[str] = ()
    faults: dict[str, str] = field(default_factory=dict)
    typed: bool = False


def show(plan_id: uuid.UUID, sent: Sent) -> str:
    """Render a plan's page."""
    with db().read() as session:
        page = plan_page(session, viewer(), plan_id)
        bench = workbench(session, viewer(), page)
        meeting = find_meeting(session, viewer(), page.meeting_id) if page.meeting_id else None
    shown = show_plan(page, bench)
    scenario = sent.scenario
    names = {line.row.number: line.row.company for line in shown.lines}
    lines = _lines(shown, sent)
    if scenario is None:
        scenario = ScenarioForm(formdata=None)
        scenario.offer(names)
        scenario.start_from(bench.instance, page.title)
    near = {line.row.number for line in lines.rows} | {*(scenario.must.data or ()), *(scenario.must_not.data or ())}
    scenario.offer({code: name for code, name in names.items() if code in near})
    return render_template(
        "operations/plan.html",
        page=page,
        shown=shown,
        lines=lines,
        searched=request.args.get("q", ""),
        bench=bench,
        desk=show_bench(page, bench, names),
        desk_names=names,
        plan_questions=QUESTIONS,
        plan_steps=STEPS,
        meeting=meeting,
        form=sent.adopting or AdoptForm(formdata=None),
        scenario=scenario,
        changes=sent.changes,
        faults=sent.faults,
        typed=request.form if sent.typed else None,
    )


def _lines(shown: PlanShown, sent: Sent) -> Page[Line]:
    """Return the rows to show: all of a plan of usual size, a page of a large one, what was sent of a refused form."""
    lines = shown.lines
    if len(lines) <= AT_ONCE:
        return Page(lines, 1, len(lines), AT_ONCE)
    if sent.typed:
        lines = tuple(one for one in lines if any(f"{f}-{one.row.number}" in request.form for f in ("krw", "gpu")))
        return Page(lines, 1, len(lines), len(lines) or 1)
    word = request.args.get("q", "").strip().casefold()
    if word:
        lines = tuple(one for one in lines if word in one.row.company.casefold() or word in one.row.number.casefold())
    return Page.cut(lines, asked_page(), ROWS)


@blueprint.post("/plans/<uuid:plan_id>/adopt")
def adopt(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Bring a plan to a meeting; one made for other figures is refused, with what has changed."""
    may_open(Kind.PLAN)
    form = AdoptForm()
    if not form.validate_on_submit():
        return show(plan_id, Sent(adopting=form)), REFUSED
    try:
        done = db().transaction(lambda session: _adopt(session, plan_id, form))
    except PlanStaleError as error:
        changes = pick(str(error.details["changes_ko"]), str(error.details["changes_en"]))
        return show(plan_id, Sent(adopting=form, changes=changes.split("; "))), CONFLICT
    except NotFoundError:
        raise
    except FundError as error:
        form.title.errors = [say_refusal(error)]
        return show(plan_id, Sent(adopting=form)), CONFLICT
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
    return adopt_plan(
        session,
        plan_id=plan_id,
        meeting_id=meeting_id,
        actor=viewer(),
        at=now(),
        revision=form.revision.data,
        standing=earlier_awards,
    )
