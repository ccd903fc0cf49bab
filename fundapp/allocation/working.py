"""Doing what people asked of the workbench: one run at a time, each in a process of its own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from fundapp.allocation.actions.plans import record_plan
from fundapp.allocation.actions.runs import TakenRun, beat, end_run, refuse_run, take_run
from fundapp.allocation.actions.scenarios import keep_scenario, suppose
from fundapp.allocation.planning import Standing, build_instance
from fundapp.allocation.rules import Instance, canonical_json
from fundapp.allocation.scenarios import read_changes
from fundapp.allocation.tables import Plan
from fundapp.allocation.workshop import Beat, WorkFailedError, WorkStoppedError, run_apart
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import FundError
from fundapp.core.sessions import Database

DRAWS, SEED = 200, 0

Compute = Callable[[Mapping[str, Any], Mapping[str, str], Beat], dict[str, Any]]
Keep = Callable[[Session, Mapping[str, Any]], Mapping[str, Any]]
"""Keeps an answer; returns what to write beside the run."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a run comes to: the task for the process, and how its answer is kept."""

    task: Mapping[str, Any]
    keep: Keep


def work_on_run(
    database: Database,
    *,
    environment: Mapping[str, str],
    standing: Standing,
    viewer_of: Callable[[Session, uuid.UUID], Viewer],
    clock: Callable[[], datetime],
    compute: Compute = run_apart,
) -> str | None:
    """Do the run that has waited longest, with its asker's rights as they are by now.

    Args:
        database: The database; several short transactions.
        environment: Of the process that computes.
        standing: Tells what earlier awards hold.
        viewer_of: Looks a person up by identifier.
        clock: Tells the time, for a run may last.
        compute: Does the task; normally a process of its own.

    Returns:
        The kind of run that was done; None where none waited.
    """
    taken = database.transaction(lambda s: take_run(s, actor=SYSTEM, at=clock()))
    if taken is None:
        return None

    def heard(progress: Mapping[str, Any] | None) -> bool:
        return database.transaction(lambda s: beat(s, run_id=taken.run_id, progress=progress, actor=SYSTEM, at=clock()))

    try:
        with database.read() as session:
            asker = viewer_of(session, taken.asked_by_id)
            work = _prepare(session, taken, asker, standing, clock())
        answer = compute(work.task, environment, heard)
        if "infeasible" in answer:
            raise WorkFailedError(**answer["infeasible"])
        database.transaction(lambda s: _finish(s, taken, work, answer, clock()))
    except WorkStoppedError:
        database.transaction(lambda s: end_run(s, run_id=taken.run_id, actor=SYSTEM, at=clock()))
    except FundError as error:
        refused = error
        database.transaction(lambda s: refuse_run(s, run_id=taken.run_id, error=refused, actor=SYSTEM, at=clock()))
    return taken.kind


def _finish(session: Session, taken: TakenRun, work: Work, answer: Mapping[str, Any], at: datetime) -> None:
    """Keep an answer, unless somebody stopped the run, or another worker took it up, in the meantime."""
    if not beat(session, run_id=taken.run_id, progress=None, actor=SYSTEM, at=at):
        raise WorkStoppedError
    end_run(session, run_id=taken.run_id, actor=SYSTEM, at=at, **work.keep(session, answer))


def _prepare(session: Session, taken: TakenRun, asker: Viewer, standing: Standing, at: datetime) -> Work:
    if taken.kind == "plan":
        problem = build_instance(session, taken.call_code, standing)
        task: dict[str, Any] = {"do": "solve", "instance": _plain(problem.instance)}
        return Work(
            task,
            lambda s, answer: {
                "made_id": record_plan(s, problem=problem, result=answer["result"], actor=asker, at=at).plan_id
            },
        )
    plan = session.get_one(Plan, taken.plan_id)
    if taken.kind == "scenario":
        changes, keep_pins = read_changes(taken.changes), bool(taken.changes["keep_pins"])
        supposed = suppose(session, plan_id=plan.id, changes=changes, keep_pins=keep_pins, actor=asker)
        task = {"do": "solve", "instance": supposed.document}
        return Work(
            task,
            lambda s, answer: {
                "made_id": keep_scenario(
                    s, supposed=supposed, title=taken.subject, result=answer["result"], actor=asker, at=at
                ).plan_id
            },
        )
    return Work(_question(plan, taken), lambda _, answer: {"found": answer["found"]})


def _question(plan: Plan, taken: TakenRun) -> dict[str, Any]:
    return {
        "do": taken.kind,
        "instance": plan.instance,
        "plan": {**plan.result, "instance_sha256": plan.instance_sha256, "solver": plan.solver},
        "code": taken.subject,
        "changes": taken.changes,
        "bands": plan.instance.get("score_bands", {}),
        "draws": DRAWS,
        "seed": SEED,
    }


def _plain(instance: Instance) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(canonical_json(instance))
    return document
