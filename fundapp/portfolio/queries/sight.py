"""Who may see which award."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import ColumnElement, and_, false, true

from fundapp.core.access import VIEWERS_KEPT, Kind, Role, Thing, Verb, Viewer, may
from fundapp.portfolio.tables import Award


@lru_cache(VIEWERS_KEPT)
def award_clause(viewer: Viewer) -> ColumnElement[bool]:
    """Return the SQL condition under which a viewer may see an award; the same rule as `may(VIEW, AWARD)`."""
    own = Award.company_id.in_(viewer.company_ids) if viewer.has(Role.APPLICANT) and viewer.company_ids else false()
    general = true() if may(viewer, Verb.VIEW, Thing(Kind.AWARD)) else false()
    recused = Award.application_id.not_in(viewer.recused_from) if viewer.recused_from else true()
    return and_(own | general, recused)


def sees_all_awards(viewer: Viewer) -> bool:
    """Return whether `award_clause` leaves nothing out for a viewer, so that counts need not join awards."""
    return may(viewer, Verb.VIEW, Thing(Kind.AWARD)) and not viewer.recused_from
