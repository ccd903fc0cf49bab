"""What was sent: the newest frozen answers, which everybody but the applicant's own company is shown."""

from __future__ import annotations

import uuid
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import aliased

from fundapp.core.access import VIEWERS_KEPT, Role, Viewer
from fundapp.intake.tables import Application, Submission


@cache
def is_newest() -> ColumnElement[bool]:
    """Return the condition that joins a row of `Application` to its newest `Submission`, in an outer join too."""
    rival = aliased(Submission)
    version = (
        select(func.max(rival.version))
        .where(rival.application_id == Application.id)
        .correlate(Application)
        .scalar_subquery()
    )
    return and_(Submission.application_id == Application.id, Submission.version == version)


@lru_cache(VIEWERS_KEPT)
def shown_answers(viewer: Viewer) -> ColumnElement[dict[str, Any]]:
    """Return the answers that the viewer may read, in a query that joins `Submission` by `is_newest`.

    An applicant reads the working copy of their own companies. Everybody else reads what was sent, which is NULL
    where nothing was.
    """
    sent = Submission.answers.expression
    if not (viewer.has(Role.APPLICANT) and viewer.company_ids):
        return sent
    return case((Application.company_id.in_(viewer.company_ids), Application.answers), else_=sent)


def newest_answers(among: Select[uuid.UUID]) -> Select[uuid.UUID, dict[str, Any]]:
    """Return the query of the newest frozen answers of each application that `among` selects."""
    newest = (
        select(Submission.application_id, func.max(Submission.version).label("version"))
        .where(Submission.application_id.in_(among))
        .group_by(Submission.application_id)
        .subquery()
    )
    return select(Submission.application_id, Submission.answers).join(
        newest,
        and_(
            newest.c.application_id == Submission.application_id,
            newest.c.version == Submission.version,
        ),
    )
