"""The frozen versions of an application with their answers, for those who compare them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer, may_see_names
from fundapp.intake.queries import masker_of, visible_to
from fundapp.intake.tables import Application, Call, Company, Submission


@dataclass(frozen=True, slots=True)
class FrozenVersion:
    """One version as it was sent."""

    version: int
    sha256: str
    submitted_at: datetime
    answers: Mapping[str, Any]


def list_versions(session: Session, viewer: Viewer, application_id: uuid.UUID) -> list[FrozenVersion]:
    """Return the versions of an application in order, without who applies where the viewer may not know it."""
    rows = session.execute(
        select(Submission, Application.call_id, Application.state, Company.name, Company.identifier, Call.document)
        .join(Application, Application.id == Submission.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .where(Submission.application_id == application_id, visible_to(viewer))
        .order_by(Submission.version)
    ).all()
    found = []
    for frozen, call_id, state, company, identifier, document in rows:
        answers = frozen.answers
        if not may_see_names(viewer, call_id=call_id, state=state):
            answers = masker_of(document, answers, company=company, identifier=identifier).answers(answers)
        found.append(FrozenVersion(frozen.version, frozen.sha256, frozen.submitted_at, answers))
    return found
