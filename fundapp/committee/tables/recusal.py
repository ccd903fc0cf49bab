"""Who was recused from what, by which route and why."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Conflict(Base):
    """A recusal: 제척 disqualification, 기피 challenge, 회피 self_recusal."""

    __tablename__ = "conflict"
    __table_args__ = (
        UniqueConstraint("application_id", "person_id"),
        CheckConstraint("route IN ('disqualification','challenge','self_recusal')", name="route"),
        CheckConstraint("length(reason) > 0", name="reason"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    route: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    declared_by: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]
