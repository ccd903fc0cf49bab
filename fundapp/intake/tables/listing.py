"""Applications as lists and searches read them."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import Base

_SERIAL = BigInteger().with_variant(Integer(), "sqlite")
_ORDERED = String(200).with_variant(String(200, collation="C"), "postgresql")
"""Sorts by code point in both databases, which is the order of the dictionary for Hangul."""


def _sorted_by(column: str, *more: str) -> Index:
    return Index(f"ix_listing_{column}", "call_id", column, *(more or ("number",)))


class Listing(Base):
    """An application as lists show, sort, filter and count it: one narrow row, whatever it is made of.

    Triggers copy what another table says in a column (number, state, company, newest score, reviewers). The actions
    write what takes reading, in the transaction that changes it: `intake.listing` what was submitted, and the
    committee what its reviews say together. Nothing here is sealed yet: queries take the viewer.

    Attributes:
        stage: Place of the state on the docket, 0 for eligible; NULL while the committee has no part in it.
        linkages: What the solution links to, in words parted by spaces: `spc`, `korean_ai`.
        gpu: GPU time asked for: SKU, quarter and hours in ten-thousandths.
        ratings: The totals in tenths that count, by person; who abstained throughout is not in it.
        reviews_filed: Reviews that count, abstentions among them.
        gap_tenths: Distance between the machine's score and the trimmed mean.
    """

    __tablename__ = "listing"
    __table_args__ = (
        Index("ix_listing_number", "call_id", "number"),
        _sorted_by("company"),
        _sorted_by("stage"),
        _sorted_by("founded_on"),
        _sorted_by("requested_krw"),
        _sorted_by("requested_hours_e4"),
        _sorted_by("score_tenths"),
        _sorted_by("mean_tenths"),
        _sorted_by("median_tenths"),
        _sorted_by("trimmed_tenths"),
        _sorted_by("deviation_tenths"),
        _sorted_by("reviews_filed"),
        _sorted_by("sector", "stage"),
        Index(
            "ix_listing_counts",
            *("call_id", "stage", "sector", "state", "deviation_tenths", "gap_tenths", "application_id"),
        ),
    )

    id: Mapped[int] = mapped_column(_SERIAL, primary_key=True)
    application_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("application.id"), unique=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("call.id"))
    company_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"), index=True)
    number: Mapped[str] = mapped_column(_ORDERED)
    state: Mapped[str] = mapped_column(String(20))
    stage: Mapped[int | None]
    company: Mapped[str] = mapped_column(_ORDERED)
    title: Mapped[str] = mapped_column(Text, server_default="")
    region: Mapped[str] = mapped_column(String(200), server_default="")
    sector: Mapped[str] = mapped_column(_ORDERED, server_default="")
    founded_on: Mapped[date | None] = mapped_column(Date)
    linkages: Mapped[str] = mapped_column(String(40), server_default="")
    requested_krw: Mapped[int] = mapped_column(server_default="0")
    requested_hours_e4: Mapped[int] = mapped_column(server_default="0")
    gpu: Mapped[list[Any]] = mapped_column(server_default="[]")
    score_tenths: Mapped[int | None]
    reviews_assigned: Mapped[int] = mapped_column(server_default="0")
    reviews_filed: Mapped[int] = mapped_column(server_default="0")
    ratings: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    mean_tenths: Mapped[int | None]
    median_tenths: Mapped[int | None]
    trimmed_tenths: Mapped[int | None]
    deviation_tenths: Mapped[int | None]
    gap_tenths: Mapped[int | None]


class ListingText(Base):
    """What a search looks through: the words of a listing without spaces and case, and the grams found in them.

    A full-text index of the database's own lies over the grams: FTS5 in SQLite, an inverted index in PostgreSQL.
    """

    __tablename__ = "listing_text"

    listing_id: Mapped[int] = mapped_column(_SERIAL, ForeignKey("listing.id"), primary_key=True, autoincrement=False)
    words: Mapped[str] = mapped_column(Text)
    grams: Mapped[str] = mapped_column(Text)
