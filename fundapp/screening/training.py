"""Training and judging in a process of its own: one thread, canonical JSON in, canonical JSON out.

The web and the clock never load what trains. The process gets labels and models as a file and leaves a model, a
verdict, or the reason why there is none; it touches neither database nor network.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fundapp.core.errors import ModelRefusedError
from fundapp.core.orm import canonical_json
from scoring import LearnError

LONGEST_SECONDS = 1_800
_LAST_LINES = 300


def run_apart(task: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Run one task of training in a process of its own and return what it found.

    Args:
        task: See `perform`.
        environment: The process's environment variables.

    Raises:
        ModelRefusedError: if the labels do not carry a model, or the process failed.
    """
    with tempfile.TemporaryDirectory(prefix="fund-training-") as folder:
        given, found = Path(folder) / "task.json", Path(folder) / "found.json"
        given.write_text(canonical_json(task), encoding="utf-8")
        command = [sys.executable, "-m", "fundapp.screening.training", str(given), str(found)]
        try:
            done = subprocess.run(  # noqa: S603 - our own module, by our own interpreter
                command, env=dict(environment), capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise ModelRefusedError(
                reason_ko="학습이 30분을 넘겨 멈췄습니다.", reason_en="training took longer than half an hour"
            ) from error
        if done.returncode or not found.exists():
            last = done.stderr.strip()[-_LAST_LINES:]
            raise ModelRefusedError(
                reason_ko=f"학습 과정이 멈췄습니다: {last}", reason_en=f"the training process failed: {last}"
            )
        document: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    if "refused" in document:
        raise ModelRefusedError(**document["refused"])
    return document


def perform(task: Mapping[str, Any]) -> dict[str, Any]:
    """Do one task.

    Args:
        task: `do` (train, judge or calibrate), `rubric` (its TOML text), `rows` (facts, label, time, groups),
            `learn_text`, and what the task needs besides: `version`; or `challenger`, `champion`, `shadow_weeks`,
            `explained`; or `challenger` and `version`.

    Returns:
        `model` as canonical JSON, or `verdict`, or `calibration` with figures before and after; or `refused`.
    """
    work = {"train": _train, "judge": _judge, "calibrate": _calibrate}[task["do"]]
    try:
        return work(task)
    except LearnError as error:
        return {"refused": {"reason_ko": error.message_ko, "reason_en": error.message_en}}


def _laid_out(task: Mapping[str, Any], **more: Any) -> Any:  # noqa: ANN401 - passed through to the library
    from scoring import Facts, parse_rubric, train_applications  # noqa: PLC0415 - loads what trains

    rows = task["rows"]
    names = sorted({name for row in rows for name in row["groups"]})
    return train_applications(
        [Facts.from_answers(row["facts"]) for row in rows],
        [row["label"] for row in rows],
        parse_rubric(task["rubric"]),
        text=task["learn_text"],
        groups={name: [row["groups"].get(name) for row in rows] for name in names},
        times=[row["time"] for row in rows],
        firsts=[row["first"] for row in rows],
        label=task.get("meaning", ""),
        **more,
    )


def _train(task: Mapping[str, Any]) -> dict[str, Any]:
    model, table = _laid_out(task, version=task["version"])
    return {"model": model.canonical_json(), "table_sha256": table.sha256}


def _judge(task: Mapping[str, Any]) -> dict[str, Any]:
    from scoring import judge, parse_model  # noqa: PLC0415 - likewise

    challenger = parse_model(task["challenger"])
    champion = None if task["champion"] is None else parse_model(task["champion"])
    # Only the table is wanted: the same columns as in training, on all labels there are by now.
    _, table = _laid_out(task, version=challenger.version, method=challenger.method, replicas=0)
    verdict = judge(
        table, challenger, champion, shadow_weeks=task["shadow_weeks"], explained=task.get("explained") or {}
    )
    return {"verdict": verdict.to_document()}


def _calibrate(task: Mapping[str, Any]) -> dict[str, Any]:
    import numpy as np  # noqa: PLC0415 - likewise

    from scoring import fit_calibration, parse_model  # noqa: PLC0415
    from scoring.watch import tabulate_calibration  # noqa: PLC0415

    model = parse_model(task["challenger"])
    _, table = _laid_out(task, version=model.version, method=model.method, replicas=0)
    logits = model.logits(table)
    made = fit_calibration(logits, table.labels, version=task["version"])
    after = np.array([made.probability(float(one)) for one in logits])
    outcomes = table.labels.tolist()
    return {
        "calibration": made.to_document(),
        "before": tabulate_calibration(model.probabilities(table).tolist(), outcomes).to_document(),
        "after": tabulate_calibration(after.tolist(), outcomes).to_document(),
    }


def main(given: str, found: str) -> None:
    """Read a task from one file and write what became of it to another."""
    task = json.loads(Path(given).read_text(encoding="utf-8"))
    Path(found).write_text(canonical_json(perform(task)), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
