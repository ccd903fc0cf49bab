"""Investing again in a company: decided on a ballot of its own, tied to the award that it follows."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date

import pytest
from fund_factory import SIGNED, SIGNED_AT, Case, add_person, decide, found_fund
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import ForbiddenError, InvalidInputError
from fundapp.core.sessions import Database
from fundapp.ledger.queries import find_balance, verify
from fundapp.portfolio.actions import record_terms, sign_award
from fundapp.portfolio.queries import list_earlier, load_lineage

FINANCE = "Seo"


def sign(
    session: Session, case: Case, key: str, actor: Viewer, follows: str | None = None, *, on: date = SIGNED
) -> uuid.UUID:
    terms = {"instrument": "common", "signed_on": on, "at": SIGNED_AT, "follows": follows}
    return sign_award(session, decision_id=case.decision_id, key=key, actor=actor, **terms).id  # type: ignore[arg-type]


def first(session: Session, *, until: date = date(2027, 12, 31)) -> tuple[Case, uuid.UUID, Viewer]:
    """Sign an award of 100 million with an option on 50 million more."""
    found_fund(session)
    finance = add_person(session, FINANCE, "finance")
    case = decide(session, krw=100_000_000)
    award = sign(session, case, "first", finance)
    terms = {"price_krw": 10_000, "shares": 10_000}
    option = {"option_krw": 50_000_000, "option_until": until}
    record_terms(session, award_id=award, terms=terms, actor=finance, at=SIGNED_AT, **option)  # type: ignore[arg-type]
    return case, award, finance


def again(session: Session, case: Case) -> Case:
    """Carry a second decision for the same company, in another call."""
    return decide(session, krw=40_000_000, call_code="AX-R", company_id=case.company_id)


def test_a_follow_on_commits_cash_of_its_own_and_exercises_the_option(db: Database) -> None:
    def work(session: Session) -> tuple[uuid.UUID, uuid.UUID]:
        case, award, finance = first(session)
        second = again(session, case)
        assert list_earlier(session, finance, second.decision_id) == ["AW-2026-0001"]
        return award, sign(session, second, "second", finance, "AW-2026-0001")

    award, second = db.transaction(work)
    with db.read() as session:
        before, after = load_lineage(session, SYSTEM, second).follows, load_lineage(session, SYSTEM, award).followed_by
        committed = find_balance(session, "award:AW-2026-0002", "KRW")
        assert verify(session).problems == []
    assert before is not None
    assert (before.number, before.option_krw) == ("AW-2026-0001", 50_000_000)
    assert [(row.number, row.committed_krw, row.option_krw) for row in after] == [
        ("AW-2026-0002", 40_000_000, 50_000_000)
    ]
    assert committed is not None
    assert committed.posted == 40_000_000


def test_an_option_whose_time_is_over_is_not_exercised(db: Database) -> None:
    def work(session: Session) -> uuid.UUID:
        case, _, finance = first(session, until=date(2026, 6, 22))
        return sign(session, again(session, case), "second", finance, "AW-2026-0001", on=date(2026, 6, 23))

    second = db.transaction(work)
    with db.read() as session:
        before = load_lineage(session, SYSTEM, second).follows
    assert before is not None
    assert before.option_krw is None


def test_another_companys_award_cannot_be_followed(db: Database) -> None:
    def work(session: Session) -> None:
        _, _, finance = first(session)
        other = decide(session, business_number="2223344445", name="다른회사", krw=10_000_000)
        assert list_earlier(session, finance, other.decision_id) == []
        sign(session, other, "other", finance, "AW-2026-0001")

    with pytest.raises(InvalidInputError, match="earlier award of the same company"):
        db.transaction(work)


def test_who_is_recused_from_the_earlier_award_sees_nothing_of_it_and_ties_nothing_to_it(db: Database) -> None:
    def work(session: Session) -> tuple[Case, uuid.UUID, Viewer]:
        case, _, finance = first(session)
        return case, sign(session, again(session, case), "second", finance, "AW-2026-0001"), finance

    case, second, finance = db.transaction(work)
    recused = replace(finance, recused_from=frozenset({case.application_id}))
    with db.read() as session:
        assert load_lineage(session, recused, second).follows is None

    def third(session: Session) -> None:
        decided = decide(session, krw=1_000_000, call_code="AX-S", company_id=case.company_id)
        assert list_earlier(session, recused, decided.decision_id) == ["AW-2026-0002"]
        sign(session, decided, "third", recused, "AW-2026-0001")

    with pytest.raises(ForbiddenError):
        db.transaction(third)
