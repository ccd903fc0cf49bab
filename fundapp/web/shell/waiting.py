"""What waits for the viewer behind a link of the side navigation: all counts in one statement, within their sight."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute

from fundapp.committee.queries.ballot_state import stands
from fundapp.committee.tables import Condition, Decision
from fundapp.core.access import Viewer
from fundapp.core.outbox import OutboxMessage, outbox_in_sight
from fundapp.core.sessions import Database
from fundapp.portfolio.queries.sight import award_clause, sees_all_awards
from fundapp.portfolio.tables import (
    Award,
    CapitalCall,
    CapitalCallLine,
    ChangeRequest,
    Grant,
    GrantAlert,
    Tranche,
    UsageDay,
    WaitlistEntry,
)


def count_waiting(database: Database, viewer: Viewer, asked: Collection[str]) -> dict[str, int]:
    """Count open conditions, change requests, alerts and the like that the viewer may see.

    Args:
        database: Where it is counted.
        viewer: Whose sight decides: nobody learns from a number what they are recused from.
        asked: Which of `conditions`, `changes`, `waitlist`, `alerts`, `suspense`, `calls`, `outbox`.
    """
    names = frozenset(asked)
    if not names:
        return {}
    query = _everything(names) if sees_all_awards(viewer) else _query(names, viewer)
    (row,) = database.ask(query)
    return {name: int(row._mapping[name]) for name in names}  # noqa: SLF001 - SQLAlchemy's public name


@cache
def _everything(names: frozenset[str]) -> Select[Any]:
    """Return the statement of those from whom no award is hidden; every page asks it, so it is built once."""
    return _query(names, None)


def _query(names: frozenset[str], viewer: Viewer | None) -> Select[Any]:
    counts = _counts(viewer)
    return select(*(counts[name].label(name) for name in sorted(names)))


def _counts(viewer: Viewer | None) -> dict[str, ColumnElement[Any]]:
    own = select(Grant.award_id).where(Grant.id == GrantAlert.grant_id).scalar_subquery()
    recused = viewer.recused_from if viewer else frozenset()
    decided = [Decision.application_id.not_in(recused)] if recused else []
    named = exists().where(Decision.id == Condition.decision_id, stands(), *decided)
    strangers = (
        select(UsageDay.owner)
        .where(UsageDay.award_id.is_(None))
        .group_by(UsageDay.owner)
        .having(func.sum(UsageDay.posted_e4) != 0)
    )
    return {
        "conditions": _count(Condition.id, Condition.state == "open", named),
        "changes": _count(ChangeRequest.id, ChangeRequest.state == "requested", *_seen(viewer, ChangeRequest.award_id)),
        "waitlist": _count(WaitlistEntry.id, WaitlistEntry.state == "waiting", *_seen(viewer, WaitlistEntry.award_id)),
        "alerts": _count(GrantAlert.id, GrantAlert.state == "open", *_seen(viewer, own)),
        "suspense": select(func.count()).select_from(strangers.subquery()).scalar_subquery(),
        "calls": _count(CapitalCall.id, CapitalCall.state.in_(("drafted", "issued")), *_open_to(viewer)),
        "outbox": _count(
            OutboxMessage.id,
            OutboxMessage.state.in_(("waiting", "failed")),
            *(outbox_in_sight(viewer) if viewer else ()),
        ),
    }


def _count(key: InstrumentedAttribute[Any], *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(func.count(key)).where(*conditions).scalar_subquery()


def _seen(viewer: Viewer | None, award_id: Any) -> list[ColumnElement[bool]]:  # noqa: ANN401 - a column or a subquery
    return [] if viewer is None else [exists().where(Award.id == award_id, award_clause(viewer))]


def _open_to(viewer: Viewer | None) -> list[ColumnElement[bool]]:
    """Leave out calls for an award that the viewer may not see; they could neither issue nor receive them."""
    if viewer is None:
        return []
    lines = exists().where(
        CapitalCallLine.call_id == CapitalCall.id,
        CapitalCallLine.tranche_id == Tranche.id,
        Tranche.award_id == Award.id,
        ~award_clause(viewer),
    )
    return [~lines]
