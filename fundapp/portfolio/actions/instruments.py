"""Recording what was agreed with a company and what its financing rounds did to the holding."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.rules import CheckedTerms, Round, check_terms, require_option, require_round
from fundapp.portfolio.tables import Award, AwardTerms, FinancingRound


def record_terms(
    session: Session,
    *,
    award_id: uuid.UUID,
    terms: Mapping[str, object],
    note: str = "",
    option_krw: int | None = None,
    option_until: date | None = None,
    actor: Viewer,
    at: datetime,
) -> CheckedTerms:
    """Append a version of an award's terms; a later version supersedes the earlier.

    Args:
        session: A writing session.
        award_id: The award.
        terms: By name, as `rules.TERMS` has them for its instrument.
        note: Why this version; says why when the terms buy another amount than the commitment.
        option_krw: Most that the fund may invest again by right; None without such a right.
        option_until: Last day of that right.
        actor: Staff.
        at: Now.

    Raises:
        InvalidInputError: naming the term that is wrong, or when a later version does not say why.
        NotFoundError: if the award is absent or out of sight.
    """
    award = _load(session, award_id, actor)
    found = check_terms(
        award.instrument, terms, committed_krw=award.committed_krw, signed_on=award.signed_on, note=note
    )
    require_option(option_krw, option_until, award.signed_on)
    known = session.scalar(select(func.max(AwardTerms.version)).where(AwardTerms.award_id == award_id)) or 0
    if known and not note.strip():
        raise InvalidInputError(field="note", reason_ko="바꾼 이유를 적어 주세요", reason_en="say why it changed")
    session.add(
        AwardTerms(
            award_id=award_id,
            version=known + 1,
            instrument=award.instrument,
            terms=found.terms,
            note=note.strip(),
            option_krw=option_krw,
            option_until=option_until,
            recorded_by=actor.name or actor.email,
            at=at,
        )
    )
    session.flush()
    record(session, actor, "terms.recorded", award.number, at, version=known + 1, terms=found.terms)
    return found


def record_round(
    session: Session,
    *,
    award_id: uuid.UUID,
    name: str,
    closed_on: date,
    figures: Round,
    insider_only: bool,
    source: str,
    actor: Viewer,
    at: datetime,
) -> int:
    """Append a financing round of the company, or a corrected version of one; return the version.

    Raises:
        InvalidInputError: without name or source, for a date after today, or for figures that cannot be.
        NotFoundError: if the award is absent or out of sight.
    """
    award = _load(session, award_id, actor)
    require_round(figures)
    for field, value in (("name", name), ("source", source)):
        if not value.strip():
            raise InvalidInputError(field=field, reason_ko="꼭 필요합니다", reason_en="is needed")
    if closed_on > kst_date(at):
        raise InvalidInputError(field="closed_on", reason_ko="오늘까지의 날짜여야 합니다", reason_en="not after today")
    known = session.scalar(
        select(func.max(FinancingRound.version)).where(
            FinancingRound.award_id == award_id, FinancingRound.name == name.strip()
        )
    )
    version = (known or 0) + 1
    session.add(
        FinancingRound(
            award_id=award_id,
            name=name.strip(),
            version=version,
            closed_on=closed_on,
            pre_money_krw=figures.pre_money_krw,
            new_money_krw=figures.new_money_krw,
            price_krw=figures.price_krw,
            total_shares=figures.total_shares,
            our_shares=figures.our_shares,
            insider_only=insider_only,
            source=source.strip(),
            recorded_by=actor.name or actor.email,
            at=at,
        )
    )
    session.flush()
    record(session, actor, "round.recorded", award.number, at, name=name.strip(), version=version)
    return version


def _load(session: Session, award_id: uuid.UUID, actor: Viewer) -> Award:
    award = session.get(Award, award_id)
    if award is None:
        raise NotFoundError
    require(actor, Verb.PREPARE, Thing(Kind.AWARD, award.application_id, award.company_id))
    return award
