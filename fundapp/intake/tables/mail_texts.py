"""The texts of the mail that applicants get."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class MailText(Base):
    """One version of what a mail says, in both languages; the newest counts, and without one the text that ships."""

    __tablename__ = "mail_text"
    __table_args__ = (UniqueConstraint("key", "version"), {"info": APPEND_ONLY})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(String(30))
    version: Mapped[int]
    subject_ko: Mapped[str] = mapped_column(String(140))
    body_ko: Mapped[str] = mapped_column(Text)
    subject_en: Mapped[str] = mapped_column(String(140))
    body_en: Mapped[str] = mapped_column(Text)
    saved_by: Mapped[str] = mapped_column(String(120))
    saved_at: Mapped[datetime]
