"""Keeping a view of the docket, renaming it, sharing it and throwing it away."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.entrance import require_person
from fundapp.committee.tables import SavedView
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.idempotency import once

MOST_VIEWS = 20
LONGEST_NAME = 40


def save_view(
    session: Session, *, name: str, query: Mapping[str, str], shared: bool, key: str, actor: Viewer, at: datetime
) -> uuid.UUID:
    """Keep filters and order under a name; return the view's identifier.

    Raises:
        InvalidInputError: for a name that is missing, too long or taken, or when there are `MOST_VIEWS` already.
        ForbiddenError: if the actor sees no docket.
    """
    require(actor, Verb.EDIT, Thing(Kind.SAVED_VIEW))
    owner, clean, said = require_person(actor), _named(name), dict(query)

    def work() -> dict[str, Any]:
        own = session.scalar(select(func.count()).select_from(SavedView).where(SavedView.owner_id == owner))
        if (own or 0) >= MOST_VIEWS:
            raise InvalidInputError(
                field="name", reason_ko=f"보기는 {MOST_VIEWS}개까지 저장합니다", reason_en=f"at most {MOST_VIEWS} views"
            )
        view = SavedView(owner_id=owner, name=clean, shared=shared, query=said, created_at=at, updated_at=at)
        _write(session, view)
        _record(session, "view.saved", view, actor, at)
        return {"id": str(view.id)}

    request = {"owner": str(owner), "name": clean, "query": said, "shared": shared}
    return uuid.UUID(once(session, key=key, verb="view.save", request=request, at=at, work=work)["id"])


def change_view(session: Session, *, view_id: uuid.UUID, name: str, shared: bool, actor: Viewer, at: datetime) -> None:
    """Rename a view of one's own, share it or keep it to oneself again. A repeat changes nothing.

    Raises:
        NotFoundError: if it is absent or somebody else's.
        InvalidInputError: for a name that is missing, too long or taken.
    """
    view, clean = _own(session, view_id, actor), _named(name)
    if (view.name, view.shared) == (clean, shared):
        return
    view.name, view.shared, view.updated_at = clean, shared, at
    _write(session, view)
    _record(session, "view.changed", view, actor, at)


def delete_view(session: Session, *, view_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Throw a view of one's own away.

    Raises:
        NotFoundError: if it is absent or somebody else's.
    """
    view = _own(session, view_id, actor)
    _record(session, "view.deleted", view, actor, at)
    session.delete(view)
    session.flush()


def _own(session: Session, view_id: uuid.UUID, actor: Viewer) -> SavedView:
    require(actor, Verb.EDIT, Thing(Kind.SAVED_VIEW))
    view = session.get(SavedView, view_id)
    if view is None or view.owner_id != require_person(actor):
        raise NotFoundError(view=str(view_id))
    return view


def _named(name: str) -> str:
    clean = " ".join(name.split())
    if not clean:
        raise InvalidInputError(field="name", reason_ko="이름을 적어 주세요", reason_en="give a name")
    if len(clean) > LONGEST_NAME:
        raise InvalidInputError(
            field="name", reason_ko=f"{LONGEST_NAME}자까지 적습니다", reason_en=f"at most {LONGEST_NAME} characters"
        )
    return clean


def _write(session: Session, view: SavedView) -> None:
    try:
        with session.begin_nested():
            session.add(view)
            session.flush()
    except IntegrityError as error:
        raise InvalidInputError(
            field="name", reason_ko="같은 이름의 보기가 있습니다", reason_en="there is a view of that name"
        ) from error


def _record(session: Session, verb: str, view: SavedView, actor: Viewer, at: datetime) -> None:
    details = {"shared": view.shared}
    record_event(
        session, actor=actor, verb=verb, subject_kind="saved_view", subject=str(view.id), at=at, details=details
    )
