"""What was decided."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Decision(Base):
    """What a closed ballot resolved, with its arithmetic. One ballot, one decision."""

    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("ballot_id"),
        CheckConstraint("outcome IN ('carried','rejected','deferred')", name="outcome"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    ballot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ballot.id"))
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), index=True)
    outcome: Mapped[str] = mapped_column(String(10))
    approved_krw: Mapped[int]
    gpu_lines: Mapped[list[Any]]
    tally: Mapped[dict[str, Any]]
    closed_by: Mapped[str] = mapped_column(String(120))
    decided_at: Mapped[datetime]
