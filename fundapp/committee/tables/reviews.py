"""What members rated."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class Review(Base):
    """One member's ratings, 1 to 5 per criterion with a compulsory reason; a change is a new version."""

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("application_id", "person_id", "version"),
        CheckConstraint("total_tenths BETWEEN 0 AND 1000", name="total"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    version: Mapped[int]
    ratings: Mapped[list[Any]]
    total_tenths: Mapped[int]
    note: Mapped[str | None] = mapped_column(Text)
    filed_at: Mapped[datetime]
