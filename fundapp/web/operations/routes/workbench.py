"""The workbench beside a plan: other settings, other amounts, questions about it, and plans side by side."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.allocation.actions import (
    ask_question,
    ask_scenario,
    cancel_run,
    choose_awards,
    plan_scenario,
)
from fundapp.allocation.queries import PlanPage, Workbench, plan_page, workbench
from fundapp.allocation.rules import Instance, PlanInfeasible, breaches, choose, objective_points
from fundapp.allocation.scenarios import Changes, a_little_more
from fundapp.core.access import Kind, Verb
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.core.idempotency import once
from fundapp.web.operations.compared import set_side_by_side, show_why
from fundapp.web.operations.doing import CONFLICT, REFUSED, act, may_open, say_faults, show_fault
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms.plans import ChoicesForm, ScenarioForm, SentChoices, read_choices
from fundapp.web.operations.plan_words import QUESTIONS, STEPS
from fundapp.web.operations.planned import show_plan
from fundapp.web.operations.routes.plans import AT_ONCE, Sent, say_infeasible, show
from fundapp.web.operations.weighed import show_bench
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer


def _load(plan_id: uuid.UUID, verb: Verb = Verb.VIEW) -> tuple[PlanPage, Workbench]:
    """Return a plan and what stands beside it; to whom it is not told whole it is as absent.

    Raises:
        NotFoundError: likewise.
    """
    may_open(Kind.PLAN, verb)
    with db().read() as session:
        page = plan_page(session, viewer(), plan_id)
        bench = workbench(session, viewer(), page)
    if not bench.whole:
        raise NotFoundError(plan=str(plan_id))
    return page, bench


def _base_instance(page: PlanPage, bench: Workbench) -> Instance:
    if page.base_id is None:
        return bench.instance
    return _load(page.base_id)[1].instance


@blueprint.post("/plans/<uuid:plan_id>/scenario")
def make_scenario(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Solve the same applicants under other settings; the plan itself stays as it is."""
    page, bench = _load(plan_id, Verb.PLAN)
    form = ScenarioForm()
    form.offer({row.number: row.company for row in page.rows})
    if not form.validate_on_submit():
        return show(plan_id, Sent(scenario=form)), REFUSED
    try:
        changes = form.to_changes(_base_instance(page, bench), request.form)
    except ValueError as error:
        form.title.errors = [str(error)]
        return show(plan_id, Sent(scenario=form)), REFUSED
    try:
        made = _solve(
            plan_id, bench, form.title.data or "", changes, keep_pins=bool(form.keep_pins.data), key=form.key.data or ""
        )
    except PlanInfeasible as error:
        form.title.errors = [say_infeasible(error)]
        return show(plan_id, Sent(scenario=form)), CONFLICT
    except InvalidInputError as error:
        show_fault(form, error, "title")
        return show(plan_id, Sent(scenario=form)), REFUSED
    return _after(plan_id, made)


def _solve(
    plan_id: uuid.UUID, bench: Workbench, title: str, changes: Changes, *, keep_pins: bool, key: str
) -> uuid.UUID | None:
    """Solve a scenario while the page waits, or ask for it where that takes longer."""
    actor, at = viewer(), now()
    if len(bench.instance.applicants) <= AT_ONCE:
        return plan_scenario(
            db(), plan_id=plan_id, title=title, changes=changes, keep_pins=keep_pins, actor=actor, at=at, key=key
        )
    document = changes.to_document()
    db().transaction(
        lambda session: ask_scenario(
            session, plan_id=plan_id, title=title, changes=document, keep_pins=keep_pins, actor=actor, at=at
        )
    )
    return None


def _after(plan_id: uuid.UUID, made: uuid.UUID | None) -> ResponseReturnValue:
    if made is None:
        flash(gettext("신청이 많아 따로 계산합니다. 진행은 이 화면에 나옵니다."), "ok")
        return redirect(url_for(".one_plan", plan_id=plan_id, _anchor="asked"))
    flash(gettext("시나리오를 만들었습니다."), "ok")
    return redirect(url_for(".one_plan", plan_id=made))


@blueprint.post("/plans/<uuid:plan_id>/choose")
def choose_otherwise(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Keep what the committee is to be asked instead of the recommendations, and solve around pins if asked to."""
    page, bench = _load(plan_id, Verb.PLAN)
    form = ChoicesForm()
    if not form.validate_on_submit():
        say_faults(form)
        return redirect(url_for(".one_plan", plan_id=plan_id))
    sent = read_choices(request.form, bench.instance, bench.awards, bench.choices)
    if sent.faults:
        return show(plan_id, Sent(faults=dict(sent.faults), typed=True)), REFUSED
    actor, at = viewer(), now()
    asked = {name: value for name, value in request.form.items(multi=True) if name not in {"csrf_token", "key"}}

    def keep(session: Session) -> dict[str, object]:
        seen = form.revision.data or 0
        chosen = choose_awards(session, plan_id=plan_id, choices=sent.choices, seen=seen, actor=actor, at=at)
        return {"revision": chosen.revision}

    try:
        db().transaction(
            lambda session: once(
                session,
                key=form.key.data or "",
                verb="plan.chosen",
                request={"plan": str(plan_id), "by": str(actor.person_id), "rows": asked},
                at=at,
                work=lambda: keep(session),
            )
        )
    except InvalidInputError as error:
        code = str(error.details["reason_en"]).partition(":")[0]
        return show(plan_id, Sent(faults={code: _own_words(error)}, typed=True)), REFUSED
    except NotFoundError:
        raise
    except FundError as error:
        flash(say_refusal(error), "err")
        return show(plan_id, Sent(typed=True)), CONFLICT
    flash(gettext("위원회안을 저장했습니다."), "ok")
    if "again" in request.form:
        return _solve_around(page, bench, form.key.data or "")
    return redirect(url_for(".one_plan", plan_id=plan_id, _anchor="lines"))


def _own_words(error: InvalidInputError) -> str:
    return say_refusal(error).rpartition(": ")[2]


def _solve_around(page: PlanPage, bench: Workbench, key: str) -> ResponseReturnValue:
    base = _base_instance(page, bench)
    terms = {
        name: getattr(bench.instance.terms, name)
        for name in page.changes.get("terms", {})
        if name != "pins" and getattr(bench.instance.terms, name) != getattr(base.terms, name)
    }
    before = {(pool.sku, pool.quarter): pool.hours for pool in base.capacities}
    hours = {
        (pool.sku, pool.quarter): pool.hours
        for pool in bench.instance.capacities
        if pool.hours != before[pool.sku, pool.quarter]
    }
    title = gettext("%(title)s, 고정하고 다시 계산", title=page.title or gettext("배정안"))[:120]
    try:
        made = _solve(page.plan_id, bench, title, Changes(terms, hours), keep_pins=True, key=f"{key}:again")
    except PlanInfeasible as error:
        flash(say_infeasible(error), "err")
        return redirect(url_for(".one_plan", plan_id=page.plan_id, _anchor="lines"))
    return _after(page.plan_id, made)


@blueprint.post("/plans/<uuid:plan_id>/check")
def check_choices(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Name at once what the amounts being typed do not keep; nothing is saved."""
    page, bench = _load(plan_id, Verb.PLAN)
    sent: SentChoices = read_choices(request.form, bench.instance, bench.awards, bench.choices)
    chosen = choose(bench.awards.values(), sent.choices)
    found = tuple(breaches(chosen, bench.instance))
    names = {row.number: row.company for row in page.rows}
    points = float(objective_points(chosen, bench.instance))
    desk = show_bench(page, bench, names, found=found, points=points, chosen=chosen)
    return render_template("operations/_plan_verdict.html", desk=desk, faults=sent.faults, names=names)


@blueprint.post("/plans/<uuid:plan_id>/ask/<kind>")
def ask(plan_id: uuid.UUID, kind: str) -> ResponseReturnValue:
    """Ask something about a plan that takes a while; the answer comes to the page."""
    _, bench = _load(plan_id, Verb.PLAN)
    form, actor, at = KeyOnlyForm(), viewer(), now()
    subject = request.form.get("subject", "")
    changes = {}
    if kind == "exact":
        try:
            changes = a_little_more(bench.instance, subject).to_document()
        except ValueError as error:
            raise NotFoundError(subject=subject) from error
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: ask_question(
                session, plan_id=plan_id, kind=kind, subject=subject, changes=changes, actor=actor, at=at
            ),
            gettext("계산을 시작합니다. 결과는 이 화면에 나옵니다."),
        )
    if kind == "why":
        return redirect(url_for(".why", plan_id=plan_id, number=subject))
    return redirect(url_for(".one_plan", plan_id=plan_id, _anchor="asked"))


@blueprint.post("/plans/<uuid:plan_id>/runs/<uuid:run_id>/stop")
def stop_run(plan_id: uuid.UUID, run_id: uuid.UUID) -> ResponseReturnValue:
    """Stop what is being computed about a plan."""
    _stop(run_id)
    return redirect(url_for(".one_plan", plan_id=plan_id, _anchor="asked"))


@blueprint.post("/calls/<code>/plan/runs/<uuid:run_id>/stop")
def stop_call_run(code: str, run_id: uuid.UUID) -> ResponseReturnValue:
    """Stop the solving of a call."""
    _stop(run_id)
    return redirect(url_for(".plans_page", call=code))


def _stop(run_id: uuid.UUID) -> None:
    may_open(Kind.PLAN, Verb.PLAN)
    form, actor, at = KeyOnlyForm(), viewer(), now()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(lambda session: cancel_run(session, run_id=run_id, actor=actor, at=at), gettext("멈추라고 했습니다."))


@blueprint.get("/plans/<uuid:plan_id>/asked")
def asked_of_plan(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Show what was asked and found; the page looks in on this while something is open."""
    page, bench = _load(plan_id)
    names = {row.number: row.company for row in page.rows}
    return render_template(
        "operations/_plan_findings.html",
        page=page,
        bench=bench,
        desk=show_bench(page, bench, names),
        names=names,
        plan_questions=QUESTIONS,
        plan_steps=STEPS,
    )


@blueprint.get("/plans/<uuid:plan_id>/beside/<uuid:other_id>")
def beside(plan_id: uuid.UUID, other_id: uuid.UUID) -> ResponseReturnValue:
    """Put two plans of a call side by side: who enters, who leaves, what it costs."""
    page, bench = _load(plan_id)
    other, other_bench = _load(other_id)
    if page.call_code != other.call_code:
        raise NotFoundError(plan=str(other_id))
    pair = set_side_by_side(page, bench, other, other_bench)
    return render_template(
        "operations/plan_beside.html",
        page=page,
        other=other,
        bench=bench,
        pair=pair,
        first=show_plan(page, bench),
        second=show_plan(other, other_bench),
    )


@blueprint.get("/plans/<uuid:plan_id>/why/<number>")
def why(plan_id: uuid.UUID, number: str) -> ResponseReturnValue:
    """Explain a company's place: what stood in its way, what it would cost, what would have changed it."""
    page, bench = _load(plan_id)
    row = next((row for row in page.rows if row.number == number), None)
    if row is None:
        raise NotFoundError(application=number)
    names = {one.number: one.company for one in page.rows}
    return render_template(
        "operations/plan_why.html",
        page=page,
        bench=bench,
        row=row,
        answer=show_why(bench, number, names),
        shown=show_plan(page, bench),
        plan_steps=STEPS,
    )
