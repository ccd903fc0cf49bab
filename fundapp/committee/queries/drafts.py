"""What a member has typed and not filed, and their note for themselves: for its author alone."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.queries.sight import in_sight
from fundapp.committee.tables import ReviewDraft
from fundapp.core.access import Viewer
from fundapp.intake.tables import Application


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft.

    Attributes:
        revision: What the next save has to name; 0 where there is none yet.
        fields: As typed; a blank takes back what was filed.
    """

    revision: int
    fields: Mapping[str, str]
    private_note: str
    saved_at: datetime | None


def find_draft(session: Session, viewer: Viewer, application_id: uuid.UUID) -> DraftView:
    """Return the viewer's own draft of an application; an empty one where there is none, or nothing may be seen."""
    found = session.execute(
        select(ReviewDraft.revision, ReviewDraft.fields, ReviewDraft.private_note, ReviewDraft.saved_at)
        .join(Application, Application.id == ReviewDraft.application_id)
        .where(
            ReviewDraft.application_id == application_id,
            ReviewDraft.person_id == viewer.person_id,
            in_sight(viewer),
        )
    ).one_or_none()
    if found is None:
        return DraftView(0, {}, "", None)
    return DraftView(found.revision, found.fields, found.private_note or "", found.saved_at)
