"""Keeping the text of every rubric that scored or was learned on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from fundapp.screening.rubrics import LoadedRubric
from fundapp.screening.tables import RubricVersion


def keep_rubric(session: Session, loaded: LoadedRubric, at: datetime) -> None:
    """Keep a rubric's text unless it is kept already."""
    if session.get(RubricVersion, loaded.rubric.sha256) is None:
        session.add(
            RubricVersion(
                sha256=loaded.rubric.sha256, version=loaded.rubric.version, text=loaded.text, first_used_at=at
            )
        )
        session.flush()
