"""The one list that only the API needs: applications of every call, page by page from a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.intake.queries import company_shown, visible_to
from fundapp.intake.tables import Application, Call, Company
from fundapp.intake.told import state_shown_to


@dataclass(frozen=True, slots=True)
class ListedApplication:
    """What a list says of an application; nothing of its answers, which may be unsent yet."""

    number: str
    call: str
    company_name: str
    business_number: str | None
    state: str
    created_at: datetime
    updated_at: datetime


def page_applications(
    session: Session,
    viewer: Viewer,
    *,
    call: str | None,
    states: Sequence[str],
    after: str | None,
    limit: int,
) -> tuple[list[ListedApplication], str | None]:
    """Return a page of the applications that the viewer may see, by number, and where the next page starts.

    Args:
        session: The session.
        viewer: Who asks.
        call: Only of this call.
        states: Only in these states; all when empty.
        after: The number that the page before ended with.
        limit: Rows of a page.
    """
    query = (
        select(
            Application, Call.code, company_shown(viewer), Company.scheme, Company.identifier, state_shown_to(viewer)
        )
        .join(Call, Call.id == Application.call_id)
        .join(Company, Company.id == Application.company_id)
        .where(visible_to(viewer))
        .order_by(Application.number)
        .limit(limit + 1)
    )
    if call is not None:
        query = query.where(Call.code == call)
    if states:
        query = query.where(state_shown_to(viewer).in_(states))
    if after is not None:
        query = query.where(Application.number > after)
    rows = [
        ListedApplication(
            number=found.number,
            call=code,
            company_name=name,
            business_number=identifier if scheme == "brn" and name != found.number else None,
            state=state,
            created_at=found.created_at,
            updated_at=found.updated_at,
        )
        for found, code, name, scheme, identifier, state in session.execute(query)
    ]
    return rows[:limit], rows[limit - 1].number if len(rows) > limit else None
