"""The chain of audit events and its head."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, WRITTEN_BY_ALL, Base


class AuditEvent(Base):
    """One event. `hash` covers the previous hash, so an edited, removed or swapped event breaks the chain."""

    __tablename__ = "audit_event"
    __table_args__ = ({"info": APPEND_ONLY},)

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))
    actor_id: Mapped[uuid.UUID | None]
    verb: Mapped[str] = mapped_column(String(60), index=True)
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(120), index=True)
    details: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """The newest link; its row lock puts writers in one line."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"), {"info": WRITTEN_BY_ALL})

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
