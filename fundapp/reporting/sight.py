"""Who may open a report. A report names every funded company, so it is all or nothing."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import ForbiddenError
from fundapp.portfolio.tables import Award


def require_sight(session: Session, viewer: Viewer) -> None:
    """Raise unless the viewer may see reports and is recused from nobody in them.

    A page with one company cut out would still give it away by the sums; so somebody recused from a funded
    company, or acting for one, opens none.

    Raises:
        ForbiddenError: shown exactly as if there were no report.
    """
    require(viewer, Verb.VIEW, Thing(Kind.REPORT))
    if not viewer.recused_from and not viewer.company_ids:
        return
    touched = session.scalar(
        select(Award.id)
        .where(Award.application_id.in_(viewer.recused_from) | Award.company_id.in_(viewer.company_ids))
        .limit(1)
    )
    if touched is not None:
        raise ForbiddenError(verb=str(Verb.VIEW), kind=str(Kind.REPORT))
