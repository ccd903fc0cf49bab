"""Training challengers, putting them through the gate, and correcting the served probability."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import ModelRefusedError, NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.core.sessions import Database, RetryTransactionError
from fundapp.intake.actions import actor_name
from fundapp.screening.keeping import keep_rubric
from fundapp.screening.labels import collect_labels, meaning_of
from fundapp.screening.learning_rules import FiledRating, Outcome
from fundapp.screening.rubric_queries import newest_rubric
from fundapp.screening.rubrics import LoadedRubric
from fundapp.screening.serving import active_model_id, read_stored
from fundapp.screening.shadowed import NEVER, shadowed_models
from fundapp.screening.tables import FitModel, GateVerdict, ModelCalibration, RubricVersion
from fundapp.screening.training import run_apart


@dataclass(frozen=True, slots=True)
class Trained:
    """A challenger as it was kept."""

    version: str
    method: str
    sha256: str
    labels: int
    smaller: int
    metrics: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Gated:
    """A verdict as it was kept; `document` holds every check with its reason."""

    version: str
    passed: bool
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration as it was kept, with the figures before and after it."""

    version: str
    model: str
    labels: int
    found: dict[str, Any]


def train_challenger(
    db: Database,
    *,
    ratings: Sequence[FiledRating],
    outcomes: Sequence[Outcome] = (),
    environment: Mapping[str, str],
    actor: Viewer,
    at: datetime,
    rubric: LoadedRubric | None = None,
    learn_text: bool = False,
) -> Trained:
    """Learn a model from all labels there are and keep it; it serves nobody yet.

    Args:
        db: The database; training itself runs in a process of its own, outside any transaction.
        ratings: Blind first ratings.
        outcomes: What became of awards.
        environment: Of the training process.
        actor: Who asks.
        at: Now; its Korean day names the version.
        rubric: The rubric that the model is tied to; by default the one in use.
        learn_text: Whether the texts' n-grams may count, within 15 of the 100 points.

    Raises:
        NotFoundError: if the actor may not train.
        ModelRefusedError: if there are too few labels or one column knows the outcome, and which.
    """
    require(actor, Verb.PREPARE, Thing(Kind.MODEL))
    with db.read() as session:
        loaded = rubric or newest_rubric(session)
        labels = collect_labels(session, ratings, outcomes)
        version = _next_version(session, f"{kst_date(at).isoformat()}")
    found = run_apart(
        {
            "do": "train",
            "version": version,
            "rubric": loaded.text,
            "rows": [label.to_row() for label in labels],
            "learn_text": learn_text,
            "meaning": meaning_of(labels),
        },
        environment,
    )
    return db.transaction(lambda session: _keep_model(session, found, loaded, actor, at))


def _next_version(session: Session, day: str) -> str:
    made = session.scalar(select(func.count()).select_from(FitModel).where(FitModel.version.like(f"{day}.%"))) or 0
    return f"{day}.{made + 1}"


def _keep_model(
    session: Session, found: Mapping[str, Any], loaded: LoadedRubric, actor: Viewer, at: datetime
) -> Trained:
    model = read_stored(found["model"])
    if session.scalar(select(FitModel.id).where(FitModel.version == model.version)) is not None:
        raise ModelRefusedError(
            reason_ko=f"같은 이름의 모델이 방금 만들어졌습니다: {model.version}",
            reason_en=f"somebody has just trained a model of the same name: {model.version}",
        )
    keep_rubric(session, loaded, at)
    rows = int(str(model.training["rows"]))
    kept = FitModel(
        version=model.version,
        method=model.method.value,
        text=found["model"],
        sha256=model.sha256,
        rubric_sha256=loaded.rubric.sha256,
        labels=rows,
        smaller=model.smaller,
        table_sha256=found["table_sha256"],
        metrics=dict(model.metrics),
        trained_at=at,
        trained_by=actor_name(actor),
    )
    session.add(kept)
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="model.trained",
        subject_kind="model",
        subject=model.version,
        at=at,
        details={"sha256": model.sha256, "labels": rows, "method": kept.method, "table_sha256": kept.table_sha256},
    )
    return Trained(kept.version, kept.method, kept.sha256, rows, model.smaller, kept.metrics)


def gate_model(
    db: Database,
    *,
    version: str,
    ratings: Sequence[FiledRating],
    outcomes: Sequence[Outcome] = (),
    environment: Mapping[str, str],
    actor: Viewer,
    at: datetime,
    explained: Mapping[str, str] | None = None,
) -> Gated:
    """Put a model against what serves now, on all labels there are; keep the verdict, whichever way it went.

    Args:
        db: The database; judging runs in a process of its own.
        version: The challenger.
        ratings: Blind first ratings.
        outcomes: What became of awards.
        environment: Of that process.
        actor: Who asks.
        at: Now.
        explained: By check (`group:region`, `sign:team`) why its finding stands in nobody's way.

    Raises:
        NotFoundError: if there is no such model, or the actor may not judge it.
        ModelRefusedError: if it serves already, or there are too few labels to judge on.
    """
    require(actor, Verb.PREPARE, Thing(Kind.MODEL))
    with db.read() as session:
        model = find_model(session, version)
        champion_id = active_model_id(session)
        if champion_id == model.id:
            raise ModelRefusedError(reason_ko="지금 쓰는 모델입니다.", reason_en="this model serves already")
        champion = None if champion_id is None else session.get_one(FitModel, champion_id)
        if champion is not None and champion.rubric_sha256 != model.rubric_sha256:
            # Its points are of another rubric: on this one it would not serve, the recalibrated rubric would.
            champion = None
        task = _table_task(session, model, ratings, outcomes) | {
            "do": "judge",
            "champion": None if champion is None else champion.text,
            "shadow_weeks": shadowed_models(session).get(model.id, NEVER).weeks,
            "explained": dict(explained or {}),
        }
    verdict = run_apart(task, environment)["verdict"]
    return db.transaction(lambda session: _keep_verdict(session, model.id, champion_id, verdict, actor, at))


def find_model(session: Session, version: str) -> FitModel:
    """Return a model by its version.

    Raises:
        NotFoundError: if there is none.
    """
    model = session.scalar(select(FitModel).where(FitModel.version == version))
    if model is None:
        raise NotFoundError(model=version)
    return model


def _table_task(
    session: Session, model: FitModel, ratings: Sequence[FiledRating], outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    return {
        "rubric": session.scalars(select(RubricVersion.text).where(RubricVersion.sha256 == model.rubric_sha256)).one(),
        "rows": [label.to_row() for label in collect_labels(session, ratings, outcomes)],
        "learn_text": read_stored(model.text).text is not None,
        "challenger": model.text,
    }


def _keep_verdict(
    session: Session,
    model_id: uuid.UUID,
    champion_id: uuid.UUID | None,
    verdict: dict[str, Any],
    actor: Viewer,
    at: datetime,
) -> Gated:
    session.add(
        GateVerdict(
            model_id=model_id,
            champion_id=champion_id,
            passed=verdict["passed"],
            document=verdict,
            decided_at=at,
            decided_by=actor_name(actor),
        )
    )
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="model.gated",
        subject_kind="model",
        subject=verdict["challenger"],
        at=at,
        details={
            "passed": verdict["passed"],
            "champion": verdict["champion"],
            "failed": [check["key"] for check in verdict["checks"] if check["passed"] is False],
        },
    )
    return Gated(verdict["challenger"], verdict["passed"], verdict)


def calibrate_model(
    db: Database,
    *,
    ratings: Sequence[FiledRating],
    outcomes: Sequence[Outcome] = (),
    environment: Mapping[str, str],
    actor: Viewer,
    at: datetime,
) -> Calibrated | None:
    """Correct the served model's probability on what was first labelled since it was trained; points stay as they are.

    Returns:
        The calibration; None while no model serves.

    Raises:
        NotFoundError: if the actor may not.
        ModelRefusedError: if there are too few new labels.
    """
    require(actor, Verb.PREPARE, Thing(Kind.MODEL))
    with db.read() as session:
        model_id = active_model_id(session)
        if model_id is None:
            return None
        model = session.get_one(FitModel, model_id)
        task = _table_task(session, model, ratings, outcomes)
        task["rows"] = [row for row in task["rows"] if row["first"] > model.trained_at.timestamp()]
        made = session.scalar(
            select(func.count()).select_from(ModelCalibration).where(ModelCalibration.model_id == model_id)
        )
        task |= {"do": "calibrate", "version": f"{model.version}-c{(made or 0) + 1}"}
    found = run_apart(task, environment)
    kept = Calibrated(task["version"], model.version, len(task["rows"]), found)
    db.transaction(lambda session: _keep_calibration(session, model_id, kept, actor, at))
    return kept


def _keep_calibration(session: Session, model_id: uuid.UUID, made: Calibrated, actor: Viewer, at: datetime) -> None:
    session.add(
        ModelCalibration(
            version=made.version,
            model_id=model_id,
            document=made.found["calibration"],
            labels=made.labels,
            found={"before": made.found["before"], "after": made.found["after"]},
            fitted_at=at,
            fitted_by=actor_name(actor),
        )
    )
    try:
        session.flush()
    except IntegrityError as error:
        raise RetryTransactionError from error
    record_event(
        session,
        actor=actor,
        verb="model.calibrated",
        subject_kind="model",
        subject=made.model,
        at=at,
        details={"calibration": made.version, "labels": made.labels},
    )
