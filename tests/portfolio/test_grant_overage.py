"""Use beyond a grant: warned, blocked or charged; quota that is not credit; capacity given back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest
from fund_factory import HOUR, add_person
from grant_scenes import MID_QUARTER, Q3, World, assert_settled, hours_on, overuse, pool_rows, set_up, use
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.actions import return_pool_hours
from fundapp.committee.tables import Recusal
from fundapp.core.access import SYSTEM
from fundapp.core.errors import HeadroomExceededError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.quantities import gpu_hours
from fundapp.core.sessions import Database
from fundapp.identity.actions import ensure_roles
from fundapp.identity.tables import Role, person_role
from fundapp.portfolio.actions import (
    Asked,
    PolicyResult,
    QuotaLine,
    apply_overage_policy,
    approve_change,
    mark_blocked,
    record_quota,
    request_change,
    settle_charge,
)
from fundapp.portfolio.queries import list_blocks, list_charges, list_quota, quota_warnings
from fundapp.portfolio.tables import Award

DAY = date(2026, 8, 1)


def apply(db: Database) -> PolicyResult:
    return db.transaction(lambda s: apply_overage_policy(s, actor=SYSTEM, at=MID_QUARTER))


def mails(db: Database) -> list[OutboxMessage]:
    with db.read() as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.recipient)))


def test_company_and_staff_are_warned_once(db: Database) -> None:
    world = set_up(db)
    assert apply(db) == PolicyResult(0, 0, 0)
    use(db, world.award, 400, date(2026, 7, 20))
    overuse(db, world.award, 12, DAY)
    assert apply(db) == PolicyResult(1, 0, 0)
    overuse(db, world.award, 3, date(2026, 8, 2))
    assert apply(db) == PolicyResult(0, 0, 0)
    assert [one.recipient for one in mails(db)] == ["han@example.org"]  # people of tests hold roles in memory only


def test_the_contributor_is_asked_to_block_and_staff_note_that_it_is_done(db: Database) -> None:
    world = set_up(db, gpu_overage="block")
    db.transaction(lambda s: add_person(s, "Partner", "partner", investor="microsoft"))
    use(db, world.award, 400, date(2026, 7, 20))
    overuse(db, world.award, 12, DAY)
    assert apply(db).blocked == 1
    assert apply(db).blocked == 0
    with db.read() as session:
        block = list_blocks(session, world.staff)[0]
        assert list_blocks(session, world.stranger) == []
    assert (block.subscriptions, block.overage_e4, block.state) == ("/subscriptions/one", 12 * HOUR, "open")
    assert any(one.recipient == "partner@example.org" and "/subscriptions/one" in one.body for one in mails(db))

    def done() -> None:
        db.transaction(lambda s: mark_blocked(s, request_id=block.id, note="차단함", actor=world.staff, at=MID_QUARTER))

    done()
    with pytest.raises(TransitionRefusedError):
        done()


def test_overage_is_charged_at_the_pools_rate_and_what_changes_after_settlement_is_a_further_line(
    db: Database,
) -> None:
    world = set_up(db, gpu_overage="charge")
    use(db, world.award, 400, date(2026, 7, 20))
    overuse(db, world.award, 12, DAY)
    assert apply(db).charged == 1
    overuse(db, world.award, 3, date(2026, 8, 2))
    assert (apply(db).charged, apply(db).charged) == (1, 0)
    with db.read() as session:
        line = list_charges(session, world.company)[0]
    assert (line.number, line.hours_e4, line.rate_krw, line.amount_krw) == (1, 15 * HOUR, 5200, 78_000)
    db.transaction(lambda s: settle_charge(s, charge_id=line.id, actor=world.staff, at=MID_QUARTER))
    overuse(db, world.award, -5, date(2026, 8, 3))
    assert apply(db).charged == 1
    overuse(db, world.award, -10, date(2026, 8, 4))
    assert apply(db).charged == 1
    with db.read() as session:
        lines = list_charges(session, SYSTEM)
    assert [(one.number, one.amount_krw, one.state) for one in lines] == [(1, 78_000, "settled"), (2, -78_000, "open")]
    assert_settled(db)


def line(world: World) -> QuotaLine:
    return QuotaLine(
        award=world.award,
        subscription="/subscriptions/one",
        region="koreacentral",
        vm_family="Standard NCadsH100v5 Family",
        sku="H100",
        vcpus=40,
        vcpus_per_gpu=None,
        state="approved",
        dated_on=date(2026, 7, 1),
        source="지원 요청 2607010040",
    )


def test_a_grant_that_needs_more_gpus_than_its_quota_carries_is_named(db: Database) -> None:
    world = set_up(db, hours=1000)  # 1,000 of 2,208 hours of a quarter: one GPU around the clock

    def note(one: QuotaLine) -> None:
        db.transaction(lambda s: record_quota(s, line=one, actor=world.staff, at=MID_QUARTER))

    def warnings() -> list[tuple[int, int]]:
        with db.read() as session:
            found = quota_warnings(session, world.staff, MID_QUARTER)
        return [(one.needed_gpus, one.approved_gpus) for one in found]

    assert warnings() == []
    note(replace(line(world), state="requested"))
    assert warnings() == [(1, 0)]
    note(replace(line(world), dated_on=date(2026, 7, 5)))
    assert warnings() == []
    note(replace(line(world), award=None, vcpus=640))
    with db.read() as session:
        rows = list_quota(session, world.staff)
        mine = list_quota(session, world.company)
    assert [(row.award, row.gpus, row.state, row.lines) for row in rows] == [
        (None, 16, "approved", 1),
        (world.award, 1, "approved", 2),
    ]
    assert [row.award for row in mine] == [world.award]
    for wrong, field in (
        (replace(line(world), vm_family="Made Up"), "vcpus_per_gpu"),
        (replace(line(world), source=" "), "source"),
        (replace(line(world), dated_on=date(2027, 1, 1)), "dated_on"),
        (replace(line(world), vcpus=-1), "vcpus"),
    ):
        with pytest.raises(InvalidInputError) as refused:
            note(wrong)
        assert refused.value.details["field"] == field
    with pytest.raises(NotFoundError):
        db.transaction(lambda s: record_quota(s, line=line(world), actor=world.company, at=MID_QUARTER))


def test_capacity_given_back_is_less_capacity_but_stays_contributed(db: Database) -> None:
    world = set_up(db)
    account = "pool:microsoft:h100:koreacentral:2026Q3"

    def give_back(hours: int, key: str, at: datetime = MID_QUARTER) -> bool:
        return db.transaction(
            lambda s: return_pool_hours(
                s,
                account=account,
                hours=gpu_hours("H100", hours),
                reason="용량 조정",
                key=key,
                actor=world.staff,
                at=at,
            )
        )

    assert (give_back(100, "a"), give_back(100, "a")) == (True, False)
    with pytest.raises(HeadroomExceededError):
        give_back(501, "b")
    row = pool_rows(db)["h100", Q3]
    assert (row.contributed, row.returned, row.capacity, row.free) == (1000 * HOUR, 100 * HOUR, 900 * HOUR, 500 * HOUR)
    assert hours_on(db, "returned:microsoft:h100") == 100
    assert_settled(db)


def test_a_supplement_takes_in_what_stood_beyond_the_grant(db: Database) -> None:
    world = set_up(db)
    use(db, world.award, 400, date(2026, 7, 20))
    overuse(db, world.award, 12, DAY)
    asked = Asked("supplement", "검증을 더 함", hours_e4=20 * HOUR)
    change = db.transaction(
        lambda s: request_change(
            s, grant_id=world.grant_id, asked=asked, key="more", actor=world.company, at=MID_QUARTER
        )
    )
    db.transaction(lambda s: approve_change(s, change_id=change.id, reason="", actor=world.other_staff, at=MID_QUARTER))
    over = f"overage:{world.award}:h100:koreacentral:{Q3}"
    assert (hours_on(db, over), hours_on(db, world.account()), hours_on(db, f"used:{world.award}:h100")) == (0, 8, 412)
    assert_settled(db)


def test_staff_recused_from_an_award_are_not_written_to_about_it(db: Database) -> None:
    world = set_up(db)

    def work(session: Session) -> None:
        ensure_roles(session)
        role = session.scalars(select(Role.id).where(Role.name == "finance")).one()
        for name in ("Kim", "Recused"):
            one = add_person(session, name, "finance")
            session.execute(person_role.insert().values(person_id=one.person_id, role_id=role))
        application = session.scalars(select(Award.application_id)).one()
        about = {"reason": "친족", "declared_by": "test", "at": MID_QUARTER}
        session.add(Recusal(application_id=application, person_id=one.person_id, route="self_recusal", **about))

    db.transaction(work)
    use(db, world.award, 400, date(2026, 7, 20))
    overuse(db, world.award, 12, DAY)
    apply(db)
    assert [one.recipient for one in mails(db)] == ["han@example.org", "kim@example.org"]
