"""Solving in a process of its own: JSON in, lines of progress and one answer out.

A solve may take minutes and hold the interpreter all the while; the web and the clock go on beside it, and whoever
asked can stop it. The process gets an instance and leaves an answer; it touches neither database nor network.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from fundapp.allocation.explaining import explain, margins, needed_score
from fundapp.allocation.rules import Instance, Plan, PlanInfeasible, Setting, read_awards, read_instance
from fundapp.allocation.rules.plan import Baseline, ShadowPrices
from fundapp.allocation.scenarios import compare, price_quotas, read_changes, sensitivity, shrinking, with_changes
from fundapp.allocation.solver import Count, Progress, solve
from fundapp.core.errors import FundError
from fundapp.core.orm import canonical_json

LONGEST_SECONDS = 1_800
_LOOK_SECONDS = 1.0
_LAST_LINES = 300
#: From so many applicants on the score that would have been enough is not looked for: that is ten solves more.
SCORE_SOUGHT_UP_TO = 300
_NEAREST = 12

Beat = Callable[[Mapping[str, Any] | None], bool]
"""Hears of progress, or about once a second of nothing; says whether to go on."""


Say = Callable[[Mapping[str, Any]], None]
Task = Callable[[Instance, Mapping[str, Any], Say], dict[str, Any]]


class WorkStoppedError(FundError):
    """Somebody stopped the computation."""

    code = "work_stopped"
    ko = "계산을 멈췄습니다."
    en = "The computation was stopped."


class WorkFailedError(FundError):
    """The computation came to nothing, and why."""

    code = "work_failed"
    ko = "계산하지 못했습니다: {reason_ko}"
    en = "This could not be computed: {reason_en}"


def run_apart(task: Mapping[str, Any], environment: Mapping[str, str], beat: Beat) -> dict[str, Any]:
    """Do one task in a process of its own.

    Args:
        task: See `perform`.
        environment: The process's environment variables.
        beat: Hears of progress, and may end it.

    Raises:
        WorkStoppedError: if `beat` wanted no more.
        WorkFailedError: if the process failed, or took longer than `LONGEST_SECONDS`.
    """
    command = [sys.executable, "-m", "fundapp.allocation.workshop"]
    with subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        command,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            return _converse(process, canonical_json(task), beat)
        finally:
            process.kill()


def _converse(process: subprocess.Popen[str], task: str, beat: Beat) -> dict[str, Any]:
    lines: SimpleQueue[str | None] = SimpleQueue()
    errors: list[str] = []
    Thread(target=_listen, args=(process, lines), daemon=True).start()
    complaints = Thread(target=lambda: errors.append(process.stderr.read() if process.stderr else ""), daemon=True)
    complaints.start()
    if process.stdin is not None:
        process.stdin.write(task)
        process.stdin.close()
    looks = 0
    while looks < LONGEST_SECONDS / _LOOK_SECONDS:
        try:
            line = lines.get(timeout=_LOOK_SECONDS)
        except Empty:
            looks += 1
            said: Mapping[str, Any] | None = None
        else:
            if line is None:
                complaints.join(_LOOK_SECONDS)
                last = "".join(errors).strip()[-_LAST_LINES:]
                raise WorkFailedError(reason_ko=last, reason_en=last)
            document: dict[str, Any] = json.loads(line)
            if "progress" not in document:
                return document
            said = document["progress"]
        if not beat(said):
            raise WorkStoppedError
    raise WorkFailedError(reason_ko="30분을 넘겨 멈췄습니다", reason_en="it took longer than half an hour")


def _listen(process: subprocess.Popen[str], lines: SimpleQueue[str | None]) -> None:
    if process.stdout is not None:
        for line in process.stdout:
            lines.put(line)
    lines.put(None)


def perform(task: Mapping[str, Any], tell: Say) -> dict[str, Any]:
    """Do one task.

    Args:
        task: `do` (solve, quotas, sensitivity, exact or why), `instance`, and what the task needs besides: `plan` (a
            result as `result_document` writes it); `bands`, `draws` and `seed`; `changes`; `code`.
        tell: Hears how far it is.

    Returns:
        `result`, or `found`; or `infeasible` with the reason in both languages.
    """
    instance = read_instance(task["instance"])
    try:
        return _TASKS[task["do"]](instance, task, tell)
    except PlanInfeasible as error:
        return {"infeasible": {"reason_ko": error.reason_ko, "reason_en": error.reason}}


def _steps(tell: Say) -> Callable[[Progress], bool]:
    """Return what says the steps of one solve; whoever wants it stopped ends the process."""

    def say(progress: Progress) -> bool:
        tell(
            {
                "step": progress.step,
                "seconds": progress.seconds,
                "objective": progress.objective,
                "bound": progress.bound,
            }
        )
        return True

    return say


def _counts(tell: Say, step: str) -> Count:
    """Return what says how many of many solves are done, about once a second."""
    started = time.perf_counter()
    said = -1

    def count(done: int, of: int) -> None:
        nonlocal said
        seconds = time.perf_counter() - started
        if int(seconds) > said or done == of:
            said = int(seconds)
            tell({"step": step, "seconds": seconds, "objective": None, "bound": None, "done": done, "of": of})

    return count


def _solve(instance: Instance, _task: Mapping[str, Any], tell: Say) -> dict[str, Any]:
    return {"result": result_document(solve(instance, tell=_steps(tell)))}


def _quotas(instance: Instance, task: Mapping[str, Any], tell: Say) -> dict[str, Any]:
    plan = read_result(task["plan"])
    priced = price_quotas(instance, plan, count=_counts(tell, "quotas"))
    shrinks = {one.setting for one in shrinking(plan, priced)}
    nearest = margins(instance, plan)
    shown = [one for side in (True, False) for one in [m for m in nearest if m.awarded is side][:_NEAREST]]
    return {
        "found": {
            "quotas": [
                {
                    "kind": one.setting.kind,
                    "subject": one.setting.subject,
                    "points": one.points,
                    "share": one.share,
                    "hours_lost": one.hours_lost,
                    "shrinks": one.setting in shrinks,
                }
                for one in priced
            ],
            "margins": [{"code": one.code, "awarded": one.awarded, "points": one.points} for one in shown],
        }
    }


def _sensitivity(instance: Instance, task: Mapping[str, Any], tell: Say) -> dict[str, Any]:
    bands = {code: (low, high) for code, (low, high) in task["bands"].items()}
    found = sensitivity(instance, bands, draws=task["draws"], seed=task["seed"], count=_counts(tell, "draws"))
    return {
        "found": {
            "draws": found.draws,
            "seed": found.seed,
            "gap": found.gap,
            "wins": dict(found.wins),
            "bands": dict(task["bands"]),
        }
    }


def _exact(instance: Instance, task: Mapping[str, Any], tell: Say) -> dict[str, Any]:
    before = read_result(task["plan"])
    after = solve(with_changes(instance, read_changes(task["changes"])), tell=_steps(tell))
    found = compare(before, after)
    return {
        "found": {
            "points": found.points,
            "share": found.share,
            "entered": list(found.entered),
            "left": list(found.left),
            "changed": list(found.changed),
        }
    }


def _why(instance: Instance, task: Mapping[str, Any], tell: Say) -> dict[str, Any]:
    code = task["code"]
    found = explain(instance, read_result(task["plan"]), code, tell=_steps(tell))
    sought = not found.awarded and found.possible and len(instance.applicants) <= SCORE_SOUGHT_UP_TO
    return {
        "found": {
            "code": code,
            "awarded": found.awarded,
            "points": found.points,
            "charges": [[s.kind, s.subject, points] for s, points in found.charges.items()],
            "binding": [[s.kind, s.subject] for s in found.binding],
            "possible": found.possible,
            "loss": found.loss,
            "enters": list(found.enters),
            "leaves": list(found.leaves),
            "shrinks": list(found.shrinks),
            "needed_tenths": needed_score(instance, code, count=_counts(tell, "scores")) if sought else None,
            "score_sought": sought,
        }
    }


_TASKS: Mapping[str, Task] = {
    "solve": _solve,
    "quotas": _quotas,
    "sensitivity": _sensitivity,
    "exact": _exact,
    "why": _why,
}


def result_document(solved: Plan) -> dict[str, Any]:
    """Write a solved plan as JSON, its baselines without their awards."""
    return {
        "objective": solved.objective,
        "bound": solved.bound,
        "gap": solved.gap,
        "seconds": solved.seconds,
        "seed": solved.seed,
        "awards": [asdict(award) for award in solved.awards],
        "prices": asdict(solved.prices),
        "baseline": {
            name: {
                "objective": found.objective,
                "breaches": list(found.breaches),
                "broken": [[setting.kind, setting.subject] for setting in found.broken],
            }
            for name, found in solved.baseline.items()
        },
        "instance_sha256": solved.instance_sha256,
        "solver": solved.solver_version,
    }


def read_result(document: Mapping[str, Any]) -> Plan:
    """Read a plan from the JSON of `result_document`."""
    return Plan(
        awards=read_awards(document["awards"]),
        objective=document["objective"],
        bound=document["bound"],
        gap=document["gap"],
        seconds=document["seconds"],
        instance_sha256=document.get("instance_sha256", ""),
        solver_version=document.get("solver", ""),
        prices=ShadowPrices(**document["prices"]),
        baseline={
            name: Baseline(
                (),
                found["objective"],
                tuple(found["breaches"]),
                tuple(Setting(*setting) for setting in found.get("broken", ())),
            )
            for name, found in document["baseline"].items()
        },
        seed=document.get("seed", 0),
    )


def main() -> None:
    """Read a task from the input and write progress and the answer, a line each."""
    task = json.loads(sys.stdin.read())

    def tell(progress: Mapping[str, Any]) -> None:
        sys.stdout.write(canonical_json({"progress": progress}) + "\n")
        sys.stdout.flush()

    sys.stdout.write(canonical_json(perform(task, tell)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
