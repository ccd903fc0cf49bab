from __future__ import annotations

import uuid
from datetime import date
from fractions import Fraction
from itertools import accumulate

import pytest
from fund_factory import SIGNED, SIGNED_AT, add_pool, decide, found_fund
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM, Kind, Role, Thing, Verb, Viewer, may
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.portfolio.actions import sign_award
from fundapp.portfolio.queries import award_clause
from fundapp.portfolio.rules import grant_expiry, plan_tranches, slug, split_by_cost, whole_won
from fundapp.portfolio.tables import Award


@given(values=st.lists(st.integers(-(10**12), 10**12), max_size=30))
def test_every_running_total_of_whole_won_is_within_half_a_won_of_the_exact_one(values: list[int]) -> None:
    shown = list(accumulate(whole_won(values)))
    exact = [Fraction(total, 10_000) for total in accumulate(values)]
    assert len(shown) == len(exact)
    assert all(abs(one - two) <= Fraction(1, 2) for one, two in zip(shown, exact, strict=True))


def test_three_thirds_of_a_won_are_one_won() -> None:
    assert whole_won([3_333, 3_333, 3_334]) == [0, 1, 0]


@given(value=st.integers(0, 10**13), cash=st.integers(0, 10**12), in_kind=st.integers(0, 10**12))
def test_a_fair_value_is_split_without_losing_a_won(value: int, cash: int, in_kind: int) -> None:
    parts = split_by_cost(value, cash, in_kind)
    assert sum(parts) == value
    assert min(parts) >= 0


def test_a_fair_value_follows_cost() -> None:
    assert split_by_cost(1_001, 300, 100) == (751, 250)


def test_a_commitment_of_one_won_is_one_tranche() -> None:
    assert [(one.number, one.amount_krw) for one in plan_tranches(1, SIGNED)] == [(1, 1)]


def test_the_grace_of_a_call_is_added_to_the_end_of_the_quarter() -> None:
    assert grant_expiry(Quarter(2026, 3), 14) == date(2026, 10, 14)


@pytest.mark.parametrize(
    ("text", "code"),
    [("/subscriptions/AB-12", "ab-12"), ("1234567891", "1234567891"), ("plain", "plain")],
)
def test_a_plain_resource_id_is_its_own_code(text: str, code: str) -> None:
    assert slug(text) == code


def test_names_that_had_to_be_changed_never_share_a_code() -> None:
    codes = {slug("a:b"), slug("a b"), slug("a-b"), slug("가"), slug("나"), slug("x" * 90), slug("x" * 91)}
    assert len(codes) == 7
    assert all(":" not in code for code in codes)


def test_the_clause_over_awards_says_what_the_policy_says_for_every_role(db: Database) -> None:
    def work(session: Session) -> uuid.UUID:
        found_fund(session)
        case = decide(session, hours=[(add_pool(session), 1)])
        signed = sign_award(
            session,
            decision_id=case.decision_id,
            instrument="RCPS",
            key="k",
            actor=SYSTEM,
            at=SIGNED_AT,
            signed_on=SIGNED,
        )
        return signed.id

    award_id = db.transaction(work)
    with db.read() as session:
        award = session.get_one(Award, award_id)
        for role in Role:
            for companies in (frozenset[uuid.UUID](), frozenset({award.company_id})):
                for recused in (frozenset[uuid.UUID](), frozenset({award.application_id})):
                    viewer = Viewer(None, roles=frozenset({role}), company_ids=companies, recused_from=recused)
                    thing = Thing(Kind.AWARD, award.application_id, award.company_id)
                    seen = session.scalars(select(Award.id).where(award_clause(viewer))).all() == [award_id]
                    assert seen == may(viewer, Verb.VIEW, thing), (role, companies, recused)
