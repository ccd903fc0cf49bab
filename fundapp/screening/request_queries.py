"""What the models' page may ask about requests for training and verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.screening.learning_rules import may_be_explained
from fundapp.screening.tables import FitModel, GateVerdict, ModelRequest

SHOWN = 5
"""So many requests are shown, newest first; what is open is among them unless more than these wait."""


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request.

    Attributes:
        kind: train or judge.
        state: waiting, running, done or refused.
        version: The model to judge, or the one that training made.
        passed: Of a verdict that was given, whether it let the model in.
        reason_ko: Why it led to nothing; "" where it did not come to that.
    """

    kind: str
    state: str
    version: str | None
    asked_by: str
    asked_at: datetime
    passed: bool | None
    reason_ko: str
    reason_en: str

    @property
    def is_open(self) -> bool:
        """Whether its answer is still to come."""
        return self.state in {"waiting", "running"}


def model_requests(session: Session, viewer: Viewer) -> tuple[RequestRow, ...]:
    """Return the newest requests, newest first.

    Raises:
        ForbiddenError: if the viewer may not see models.
    """
    require(viewer, Verb.VIEW, Thing(Kind.MODEL))
    query = (
        select(ModelRequest, FitModel.version)
        .outerjoin(FitModel, FitModel.id == ModelRequest.model_id)
        .order_by(ModelRequest.asked_at.desc(), ModelRequest.id.desc())
        .limit(SHOWN)
    )
    return tuple(_row(request, version) for request, version in session.execute(query))


def _row(request: ModelRequest, version: str | None) -> RequestRow:
    found = request.found or {}
    return RequestRow(
        kind=request.kind,
        state=request.state,
        version=version or found.get("version"),
        asked_by=request.asked_by,
        asked_at=request.asked_at,
        passed=found.get("passed"),
        reason_ko=found.get("reason_ko", ""),
        reason_en=found.get("reason_en", ""),
    )


def explainable_findings(session: Session, viewer: Viewer, version: str) -> tuple[str, ...]:
    """Return the checks that a model's newest verdict failed and that a reason on record may let pass.

    Raises:
        ForbiddenError: if the viewer may not see models.
    """
    require(viewer, Verb.VIEW, Thing(Kind.MODEL))
    document = session.scalar(
        select(GateVerdict.document)
        .join(FitModel, FitModel.id == GateVerdict.model_id)
        .where(FitModel.version == version)
        .order_by(GateVerdict.decided_at.desc(), GateVerdict.id.desc())
        .limit(1)
    )
    checks = [] if document is None else document["checks"]
    return tuple(check["key"] for check in checks if check["passed"] is False and may_be_explained(check["key"]))
