"""Terms of awards, financing rounds, and the part of a company that the fund holds."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.portfolio.rules import Converted, Round, Scalar, convert
from fundapp.portfolio.tables import AwardTerms, FinancingRound


@dataclass(frozen=True, slots=True)
class TermsRow:
    """One version of an award's terms."""

    version: int
    instrument: str
    terms: Mapping[str, Scalar]
    note: str
    option_krw: int | None
    option_until: date | None
    recorded_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RoundRow:
    """One financing round in its newest version."""

    name: str
    version: int
    closed_on: date
    figures: Round
    insider_only: bool
    source: str
    recorded_by: str


def load_terms(session: Session, award_id: uuid.UUID) -> tuple[TermsRow, ...]:
    """Return the versions of an award's terms, newest first."""
    rows = session.scalars(
        select(AwardTerms).where(AwardTerms.award_id == award_id).order_by(AwardTerms.version.desc())
    )
    return tuple(
        TermsRow(
            row.version,
            row.instrument,
            row.terms,
            row.note,
            row.option_krw,
            row.option_until,
            row.recorded_by,
            row.at,
        )
        for row in rows
    )


def load_rounds(session: Session, award_id: uuid.UUID) -> tuple[RoundRow, ...]:
    """Return the company's financing rounds by day; of each its newest version."""
    rows = session.scalars(
        select(FinancingRound).where(FinancingRound.award_id == award_id).order_by(FinancingRound.version)
    )
    newest = {row.name: row for row in rows}
    return tuple(
        RoundRow(
            name=row.name,
            version=row.version,
            closed_on=row.closed_on,
            figures=Round(row.pre_money_krw, row.new_money_krw, row.price_krw, row.total_shares, row.our_shares),
            insider_only=row.insider_only,
            source=row.source,
            recorded_by=row.recorded_by,
        )
        for row in sorted(newest.values(), key=lambda row: (row.closed_on, row.name))
    )


def as_converted(terms: tuple[TermsRow, ...], rounds: tuple[RoundRow, ...], paid_krw: int) -> Converted | None:
    """Estimate the holding after conversion at the last round; None where terms or rounds do not say."""
    if not terms or not rounds:
        return None
    return convert(terms[0].instrument, terms[0].terms, paid_krw, rounds[-1].figures)
