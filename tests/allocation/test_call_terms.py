"""What a call's document says about plans, and what earlier awards leave of the hours on offer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from capital_scene import TERMS, capital
from committee_factory import CALL, application, do
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.planning import Held, build_instance
from fundapp.allocation.planning.terms import read_call_terms
from fundapp.allocation.rules import Commitment, Instance, Quota, free_codev_days, free_hours
from fundapp.core.errors import InvalidInputError
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application, Call


def told(db: Database, **document: object) -> None:
    """Found the fund with a call that says more than the usual."""

    def work(session: Session) -> None:
        capital(session)
        session.scalars(select(Call)).one().document = {**TERMS, **document}

    do(db, work)


def built(db: Database, *held: Held) -> Instance:
    with db.read() as session:
        return build_instance(session, CALL, lambda _: held).instance


def test_every_term_of_a_plan_can_be_set_by_the_call(db: Database) -> None:
    told(
        db,
        objective={**TERMS["objective"], "fairness_permille": 180},  # type: ignore[dict-item]
        shares={"groups": [{"tag": "korean_ai", "answered": "korean_ai_link", "at_least_permille": 300}]},
        allocation={"joint": "gpu_needs_cash", "block_hours": 192, "reserve_permille": 100},
        codevelopment={"days": {"2026Q3": 40}, "days_by_answer": {"korean_ai_link": 15, "spc_link": 5}},
    )
    application(db, 1, korean_ai_link="모델", spc_link="연계", gpu_h100_2026Q3="10")
    application(db, 2, gpu_h100_2026Q3="10")
    instance = built(db)
    terms = instance.terms
    assert (terms.joint, terms.block_hours, terms.reserve_permille, terms.fairness_permille) == (
        "gpu_needs_cash",
        192,
        100,
        180,
    )
    assert terms.quotas == (Quota("korean_ai", "at_least", 300),)
    assert terms.codev_days == {"2026Q3": 40}
    assert [(a.tags, a.codev_days) for a in instance.applicants] == [(("korean_ai",), {"2026Q3": 20}), ((), {})]


def test_earlier_awards_keep_their_days_of_the_delivery_centre(db: Database) -> None:
    told(db, codevelopment={"days": {"2026Q3": 40, "2026Q4": 20}, "days_by_answer": {"spc_link": 5}})
    application(db, 1, gpu_h100_2026Q3="10")
    with db.read() as session:
        candidate = session.scalars(select(Application.company_id)).one()
    others = Held(uuid.UUID(int=1), "AW-1", "", "2026Q3", codev_days=12)
    own = Held(candidate, "AW-2", "", "2026Q3", codev_days=5)
    instance = built(db, others, own)
    assert instance.commitments == (
        Commitment("AW-1", "", "2026Q3", codev_days=12),
        Commitment(f"{CALL}-0001", "", "2026Q3", codev_days=5),
    )
    assert free_codev_days(instance) == {"2026Q3": 23, "2026Q4": 20}


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"shares": {"sme_flor_permille": 400}}, "sme_flor_permille"),
        ({"shares": {"groups": [{"tag": "ai"}]}}, "groups.answered"),
        ({"shares": {"groups": [{"tag": "ai", "answered": "x", "at_least_permille": 1001}]}}, "at_least_permille"),
        ({"allocation": {"block": 8}}, "block"),
        ({"codevelopment": {"days": {"2026-3": 4}}}, "2026-3"),
        ({"codevelopment": {"days": {"2026Q3": -1}}}, "2026Q3"),
    ],
)
def test_a_term_that_nothing_reads_or_that_cannot_be_is_refused_by_name(
    document: Mapping[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_call_terms(document)
    assert refused.value.details["field"] == field


@pytest.mark.parametrize(("allocation", "field"), [({"joint": "all"}, "joint"), ({"block_hours": 0}, "block_hours")])
def test_a_wrong_word_of_the_allocation_is_refused(db: Database, allocation: dict[str, object], field: str) -> None:
    told(db, allocation=allocation)
    with pytest.raises(InvalidInputError, match=field):
        built(db)


def test_granted_hours_come_back_as_commitments_and_waiting_ones_are_kept_from_the_plan(db: Database) -> None:
    do(db, capital)
    key = application(db, 1, gpu_h100_2026Q3="10")
    with db.read() as session:
        company = session.get_one(Application, key).company_id
    instance = built(
        db,
        Held(company, "AW-1", "h100", "2026Q3", 300),
        Held(Application().company_id, "AW-2", "h100", "2026Q3", 50, waiting=True),
        Held(company, "AW-1", "a100", "2026Q3", 9),
    )
    # 1,000 free hours and 300 granted: 1,300 in all, of which 1,000 less 50 kept for the waitlist may be planned.
    assert [(pool.sku, pool.hours) for pool in instance.capacities] == [("h100", 1300)]
    assert instance.commitments == (
        Commitment("AW-2", "h100", "2026Q3", 50),
        Commitment(f"{CALL}-0001", "h100", "2026Q3", 300),
    )
    assert free_hours(instance) == {("h100", "2026Q3"): 950}
