"""A company's statement about itself, and what the tax office answers about its number."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.core.idempotency import once
from fundapp.core.orm import canonical_json
from fundapp.intake.actions.names import actor_name, refuse
from fundapp.intake.rules import corporate_number_valid, holds_resident_number
from fundapp.intake.standing import (
    CLAIMS,
    GROUPS,
    LARGEST_KRW,
    LEGAL_FORMS,
    MOST_RELATED,
    OUTGROWN,
    OWNERS,
    WHOLE_BP,
    Standing,
)
from fundapp.intake.standing_queries import newest_statement
from fundapp.intake.tables import Company, CompanyStatement

_CHOICES = {
    "legal_form": LEGAL_FORMS,
    "group": GROUPS,
    "owner": OWNERS,
    "outgrown": OUTGROWN,
    "claim": CLAIMS,
}
_MONTHS = 12
_FIRST_YEAR = 1980


def state_company(
    session: Session,
    *,
    actor: Viewer,
    at: datetime,
    company_id: uuid.UUID,
    standing: Standing,
    corporate_number: str | None,
    today: date,
    key: str,
) -> None:
    """Keep what a company says of itself as its next version; saying the same again changes nothing.

    Args:
        session: A session.
        actor: Somebody who acts for the company.
        at: When.
        company_id: The company.
        standing: What it says.
        corporate_number: Thirteen digits. A check digit that does not fit is kept all the same: newer numbers may
            lack it, so the page warns.
        today: The day in Korea, after which nothing can have begun.
        key: Of the form.

    Raises:
        InvalidInputError: for an answer that cannot be.
        NotFoundError: if the actor does not act for the company.
    """
    company = session.get(Company, company_id)
    if company is None or company_id not in actor.company_ids:
        raise NotFoundError
    require(actor, Verb.EDIT, Thing(Kind.COMPANY, company_id=company_id))
    _check(standing, today)
    number = _digits(corporate_number)
    request = {"company": str(company_id), "facts": standing.to_document(), "corporate_number": number}

    def work() -> dict[str, object]:
        _write(session, company, standing, number, actor, at)
        return {}

    once(session, key=key, verb="company.state", request=request, at=at, work=work)


def _write(
    session: Session, company: Company, standing: Standing, number: str | None, actor: Viewer, at: datetime
) -> None:
    facts = standing.to_document()
    newest = newest_statement(session, company.id)
    if number:
        company.corporate_number = number
    if newest is not None and canonical_json(newest.facts) == canonical_json(facts):
        return
    version = session.scalar(
        select(func.coalesce(func.max(CompanyStatement.version), 0)).where(CompanyStatement.company_id == company.id)
    )
    session.add(
        CompanyStatement(
            company_id=company.id,
            version=(version or 0) + 1,
            facts=facts,
            stated_by=actor_name(actor),
            stated_at=at,
        )
    )
    session.flush()
    record_event(session, actor=actor, verb="company.stated", subject_kind="company", subject=str(company.id), at=at)


def _digits(text: str | None) -> str | None:
    digits = "".join(letter for letter in text or "" if letter not in " -")
    if not digits:
        return None
    if len(digits) != 13 or not (digits.isascii() and digits.isdigit()):  # noqa: PLR2004 - its length
        raise refuse("corporate_number", "법인등록번호는 숫자 13자리입니다", "a corporate number has 13 digits")
    # A newer number may fail the check digit, so one that also reads as a person's number cannot be kept.
    if not corporate_number_valid(digits) and holds_resident_number(digits):
        raise refuse(
            "corporate_number", "주민등록번호로 보이는 숫자는 적을 수 없습니다", "looks like a person's number"
        )
    return digits


def doubts_corporate_number(digits: str | None) -> bool:
    """Say whether a number's check digit does not fit; a reason to look again, never to refuse."""
    return bool(digits) and not corporate_number_valid(digits or "")


def _check(standing: Standing, today: date) -> None:
    for name, known in _CHOICES.items():
        if getattr(standing, name) not in {None, *known}:
            raise refuse(name, "고를 수 있는 것 가운데 고르세요", "choose one of the choices")
    if standing.started_on is not None and standing.started_on > today:
        raise refuse("started_on", "오늘보다 뒤의 날짜입니다", "lies in the future")
    if standing.closing_month is not None and not 1 <= standing.closing_month <= _MONTHS:
        raise refuse("closing_month", "1부터 12까지 적으세요", "is a month from 1 to 12")
    if standing.outgrown_year is not None and not _FIRST_YEAR <= standing.outgrown_year <= today.year:
        raise refuse("outgrown_year", f"{_FIRST_YEAR}부터 {today.year} 사이의 해를 적으세요", "is not a possible year")
    name = standing.representative or ""
    if len(name) > 80 or not name.isprintable() or holds_resident_number(name):  # noqa: PLR2004 - as a company's name
        raise refuse("representative", "대표자 이름을 확인하세요", "check the representative's name")
    _check_recent(standing, today)
    _check_related(standing)


def _check_recent(standing: Standing, today: date) -> None:
    given = [standing.recent_krw, standing.recent_from, standing.recent_to]
    if any(one is None for one in given) and any(one is not None for one in given):
        raise refuse("recent_krw", "기간과 매출액을 함께 적으세요", "needs its period and its amount")
    if standing.recent_krw is not None and not 0 <= standing.recent_krw <= LARGEST_KRW:
        raise refuse("recent_krw", "0 이상의 원 단위 금액을 적으세요", "is an amount in won from 0")
    if standing.recent_to is not None and standing.recent_to > today:
        raise refuse("recent_to", "오늘보다 뒤의 날짜입니다", "lies in the future")


def _check_related(standing: Standing) -> None:
    firms: Sequence[object] = standing.related or ()
    if len(firms) > MOST_RELATED:
        raise refuse("related", f"관계기업은 {MOST_RELATED}곳까지 적습니다", f"lists at most {MOST_RELATED}")
    for firm in standing.related or ():
        if not firm.name.strip() or len(firm.name) > 80 or not firm.name.isprintable():  # noqa: PLR2004 - as a company
            raise refuse("related", "관계기업의 이름을 적으세요", "needs the company's name")
        if not 0 < firm.share_bp <= WHOLE_BP:
            raise refuse("related", f"{firm.name}: 지분율은 0%보다 크고 100% 이하입니다", "has shares up to 100 %")
        if firm.average_krw is not None and not 0 <= firm.average_krw <= LARGEST_KRW:
            raise refuse("related", f"{firm.name}: 매출액은 0 이상입니다", "has a revenue from 0")
