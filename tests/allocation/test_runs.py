"""What is computed beside the web: asked for once, done in a process of its own, stopped when somebody says so."""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from capital_scene import capital
from committee_factory import AT, CALL, application, do, look, person
from invented import synthetic
from sqlalchemy import select
from sqlalchemy.orm import Session
from test_actions_plans import asks, plan

from fundapp.allocation import actions
from fundapp.allocation.actions.runs import ABANDONED
from fundapp.allocation.planning import nothing_held
from fundapp.allocation.rules import canonical_json
from fundapp.allocation.scenarios import Changes
from fundapp.allocation.solver import solve
from fundapp.allocation.tables import Plan, PlanRun, PlanScenario
from fundapp.allocation.working import Compute, work_on_run
from fundapp.allocation.workshop import (
    Beat,
    WorkFailedError,
    WorkStoppedError,
    perform,
    result_document,
    run_apart,
)
from fundapp.committee.queries import load_viewer
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import NotFoundError, TransitionRefusedError
from fundapp.core.sessions import Database

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
ONE, TWO = f"{CALL}-0001", f"{CALL}-0002"


@pytest.fixture
def analyst(db: Database) -> Viewer:
    """An analyst of a call with two applicants; there is money for one and a half."""
    do(db, lambda s: capital(s, cash=300_000_000, hours=500))
    asks(db, 1, score=900)
    asks(db, 2, score=700)
    return person(db, "Analyst", "analyst")


def here(task: Mapping[str, Any], _environment: Mapping[str, str], beat: Beat) -> dict[str, Any]:
    """Compute in this process: starting one takes longer than most tests."""

    def tell(progress: Mapping[str, Any]) -> None:
        beat(progress)

    return perform(task, tell)


def work(db: Database, compute: Compute = here) -> str | None:
    return work_on_run(
        db,
        environment=ENVIRONMENT,
        standing=nothing_held,
        viewer_of=load_viewer,
        clock=lambda: AT,
        compute=compute,
    )


def run_of(db: Database, run_id: uuid.UUID) -> PlanRun:
    with db.read() as session:
        run = session.get_one(PlanRun, run_id)
        session.expunge(run)
    return run


def ask(
    db: Database, plan_id: uuid.UUID, kind: str, who: Viewer, subject: str = "", changes: Changes | None = None
) -> uuid.UUID:
    settings = changes.to_document() if changes else {}
    return do(
        db,
        lambda s: actions.ask_question(
            s, plan_id=plan_id, kind=kind, actor=who, at=AT, subject=subject, changes=settings
        ),
    )


def test_a_plan_that_is_asked_for_is_made_beside_the_web_in_the_askers_name(db: Database, analyst: Viewer) -> None:
    run_id = do(db, lambda s: actions.ask_plan(s, call_code=CALL, actor=analyst, at=AT))
    assert do(db, lambda s: actions.ask_plan(s, call_code=CALL, actor=analyst, at=AT)) == run_id
    assert (work(db, run_apart), work(db)) == ("plan", None)
    run = run_of(db, run_id)
    assert (run.state, run.progress and run.progress["step"]) == ("done", "finished")
    with db.read() as session:
        made = session.get_one(Plan, run.made_id)
        assert (made.made_by, made.result["objective"]) == ("Analyst", plan(db).objective)


def test_questions_about_a_plan_are_answered(db: Database, analyst: Viewer) -> None:
    made = plan(db)
    more = Changes(hours={("h100", "2026Q3"): 1500})
    asked = {
        "quotas": ask(db, made.plan_id, "quotas", analyst),
        "sensitivity": ask(db, made.plan_id, "sensitivity", analyst),
        "why": ask(db, made.plan_id, "why", analyst, subject=TWO),
        "exact": ask(db, made.plan_id, "exact", analyst, subject="gpu h100 2026Q3", changes=more),
    }
    assert {work(db) for _ in asked} == set(asked)
    found = {kind: run_of(db, run_id).found or {} for kind, run_id in asked.items()}
    assert [margin["code"] for margin in found["quotas"]["margins"]] == [TWO, ONE]
    assert (found["sensitivity"]["draws"], found["sensitivity"]["wins"]) == (200, {ONE: 200, TWO: 200})
    assert (found["why"]["code"], found["why"]["awarded"], found["why"]["leaves"]) == (TWO, True, [])
    assert (found["exact"]["entered"], found["exact"]["changed"]) == ([], [ONE, TWO])
    assert found["exact"]["points"] > 0


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ({"do": "quotas"}, [("quotas", 1, 2), ("quotas", 2, 2)]),
        ({"do": "sensitivity", "bands": {}, "draws": 3, "seed": 0}, [("draws", 1, 3), ("draws", 3, 3)]),
        (
            {"do": "exact", "changes": {"terms": {"budget_krw": 900}}},
            [("relaxed", None, None), ("finished", None, None)],
        ),
    ],
)
def test_every_question_tells_how_far_it_is(
    task: dict[str, Any], told: list[tuple[str, int | None, int | None]]
) -> None:
    few = synthetic(0, 12)
    instance = replace(few, terms=replace(few.terms, sector_cap_permille=1000, quotas=(), non_capital_floor_permille=0))
    instance = replace(instance, terms=replace(instance.terms, sme_floor_permille=100, own_cap_permille=500))
    plan_document = result_document(solve(instance))
    heard: list[Mapping[str, Any]] = []
    perform({"instance": json.loads(canonical_json(instance)), "plan": plan_document, **task}, heard.append)
    steps = [(one["step"], one.get("done"), one.get("of")) for one in heard]
    assert [step for step in steps if step in told] == told


def test_a_scenario_is_solved_beside_the_web(db: Database, analyst: Viewer) -> None:
    made = plan(db)
    changes = Changes(terms={"budget_krw": 100_000_000}).to_document()
    run_id = do(
        db,
        lambda s: actions.ask_scenario(
            s, plan_id=made.plan_id, title="현금 1억", changes=changes, keep_pins=False, actor=analyst, at=AT
        ),
    )
    work(db)
    with db.read() as session:
        kept = session.get_one(PlanScenario, run_of(db, run_id).made_id)
    assert (kept.base_id, kept.title) == (made.plan_id, "현금 1억")


def test_settings_without_a_plan_say_so_in_both_languages(db: Database, analyst: Viewer) -> None:
    changes = Changes(terms={"must_award": (ONE, TWO), "budget_krw": 150_000_000}).to_document()
    made = plan(db)
    run_id = do(
        db,
        lambda s: actions.ask_scenario(
            s, plan_id=made.plan_id, title="둘 다", changes=changes, keep_pins=False, actor=analyst, at=AT
        ),
    )
    work(db)
    run = run_of(db, run_id)
    assert run.state == "refused"
    assert run.found is not None
    assert "현금 한도" in run.found["reason_ko"]
    assert "the cash budget" in run.found["reason_en"]


def test_a_run_that_waits_is_stopped_at_once_and_never_taken(db: Database, analyst: Viewer) -> None:
    run_id = do(db, lambda s: actions.ask_plan(s, call_code=CALL, actor=analyst, at=AT))
    do(db, lambda s: actions.cancel_run(s, run_id=run_id, actor=analyst, at=AT))
    assert work(db) is None
    assert run_of(db, run_id).state == "cancelled"
    with pytest.raises(TransitionRefusedError):
        do(db, lambda s: actions.cancel_run(s, run_id=run_id, actor=analyst, at=AT))


def test_a_run_under_way_hears_that_it_is_to_stop_and_keeps_nothing(db: Database, analyst: Viewer) -> None:
    run_id = do(db, lambda s: actions.ask_plan(s, call_code=CALL, actor=analyst, at=AT))

    def stop_it(session: Session, person_id: uuid.UUID) -> Viewer:
        do(db, lambda s: actions.cancel_run(s, run_id=run_id, actor=analyst, at=AT))
        return load_viewer(session, person_id)

    work_on_run(db, environment=ENVIRONMENT, standing=nothing_held, viewer_of=stop_it, clock=lambda: AT, compute=here)
    assert run_of(db, run_id).state == "cancelled"
    with db.read() as session:
        assert session.scalars(select(Plan)).all() == []


def test_a_run_that_its_worker_left_is_taken_up_again(db: Database, analyst: Viewer) -> None:
    do(db, lambda s: actions.ask_plan(s, call_code=CALL, actor=analyst, at=AT))

    def take(at: datetime) -> bool:
        return do(db, lambda s: actions.take_run(s, actor=SYSTEM, at=at)) is not None

    late = AT + ABANDONED + timedelta(seconds=1)
    assert [take(AT), take(AT + ABANDONED), take(late)] == [True, False, True]


def test_who_lost_the_role_meanwhile_gets_nothing(db: Database, analyst: Viewer) -> None:
    run_id = do(db, lambda s: actions.ask_plan(s, call_code=CALL, actor=analyst, at=AT))
    nobody = look(db, person(db, "Nobody", "finance").person_id)
    work_on_run(
        db, environment=ENVIRONMENT, standing=nothing_held, viewer_of=lambda *_: nobody, clock=lambda: AT, compute=here
    )
    assert run_of(db, run_id).state == "refused"


def test_why_is_asked_about_applicants_of_the_plan_only(db: Database, analyst: Viewer) -> None:
    made = plan(db)
    application(db, 9, score=None)
    with pytest.raises(NotFoundError):
        ask(db, made.plan_id, "why", analyst, subject=f"{CALL}-0009")


# ---- the process ----


def test_the_process_tells_its_progress_and_ends_when_it_is_told() -> None:
    task = {"do": "solve", "instance": json.loads(canonical_json(synthetic(0, 30)))}
    heard: list[Mapping[str, Any] | None] = []

    def stop(progress: Mapping[str, Any] | None) -> bool:
        heard.append(progress)
        return progress is None

    with pytest.raises(WorkStoppedError):
        run_apart(task, ENVIRONMENT, stop)
    assert heard[-1] is not None
    assert heard[-1]["step"] == "relaxed"


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(WorkFailedError, match="KeyError"):
        run_apart({"do": "nothing"}, ENVIRONMENT, lambda _: True)
