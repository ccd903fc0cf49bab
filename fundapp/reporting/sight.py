"""Who may open a report. A report names every funded company, so it is all or nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Role, Thing, Verb, Viewer, require
from fundapp.core.errors import ForbiddenError
from fundapp.portfolio.tables import Award
from fundapp.reporting.tables import FrozenQuarter, ReportSignature


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


def has_sight(session: Session, viewer: Viewer) -> bool:
    """Say whether the viewer may see reports."""
    try:
        require_sight(session, viewer)
    except ForbiddenError:
        return False
    return True


def newest_for(session: Session, viewer: Viewer) -> tuple[FrozenQuarter, datetime] | None:
    """Return the version that somebody is shown unless they choose another, and since when it is that.

    Finance works on the newest of all; everybody else reads the newest that the fund has signed.
    """
    newest = (FrozenQuarter.quarter.desc(), FrozenQuarter.version.desc())
    if viewer.has(Role.FINANCE):
        frozen = session.scalars(select(FrozenQuarter).order_by(*newest).limit(1)).one_or_none()
        return None if frozen is None else (frozen, frozen.frozen_at)
    signed = session.execute(
        select(FrozenQuarter, ReportSignature.signed_at)
        .join(ReportSignature, (ReportSignature.frozen_id == FrozenQuarter.id) & (ReportSignature.side == "fund"))
        .order_by(*newest)
        .limit(1)
    ).one_or_none()
    return None if signed is None else (signed[0], signed[1])
