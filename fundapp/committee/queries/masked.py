"""What takes an applicant's identity out of texts, for the applications that a viewer judges blind."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.intake.masking import Masker
from fundapp.intake.newest import newest_answers
from fundapp.intake.queries import masker_of, named_to
from fundapp.intake.tables import Application, Call, Company


def load_maskers(session: Session, viewer: Viewer, among: Select[uuid.UUID]) -> dict[uuid.UUID, Masker]:
    """Return a masker for each application that the viewer may not know the applicant of, in three statements.

    Nothing is asked where the viewer judges nothing blind.
    """
    if not viewer.masked_calls:
        return {}
    rows = session.execute(
        select(Application.id, Application.call_id, Company.name, Company.identifier)
        .join(Company, Company.id == Application.company_id)
        .where(Application.id.in_(among), ~named_to(viewer))
    ).all()
    if not rows:
        return {}
    answers: dict[uuid.UUID, dict[str, Any]] = {
        row.application_id: row.answers for row in session.execute(newest_answers(among))
    }
    calls = session.execute(select(Call.id, Call.document).where(Call.id.in_({row.call_id for row in rows})))
    documents = {row.id: row.document for row in calls}
    return {
        row.id: masker_of(documents[row.call_id], answers.get(row.id, {}), company=row.name, identifier=row.identifier)
        for row in rows
    }


def find_masker(session: Session, viewer: Viewer, application_id: uuid.UUID) -> Masker | None:
    """Return what takes the applicant's identity out of one application; None where the viewer may know it."""
    return load_maskers(session, viewer, select(Application.id).where(Application.id == application_id)).get(
        application_id
    )
