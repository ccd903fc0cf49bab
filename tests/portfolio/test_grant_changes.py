"""Change requests: what each kind moves, who decides, and what a refusal says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from fund_factory import HOUR
from grant_scenes import MID_QUARTER, Q3, Q4, World, assert_settled, hours_on, pool_rows, set_up, use
from sqlalchemy import select

from fundapp.core.access import Viewer
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.sessions import Database
from fundapp.ledger.queries import transfers
from fundapp.portfolio.actions import (
    Asked,
    Requested,
    approve_change,
    decline_change,
    expire_grants,
    request_change,
    wait_for_change,
    withdraw_change,
)
from fundapp.portfolio.queries import change_page, grant_choices, list_changes, list_waitlist
from fundapp.portfolio.rules import ChangeRefusedError, PoolShortError
from fundapp.portfolio.tables import ChangeRequest, Grant


def ask(
    db: Database, world: World, kind: str, *, key: str = "k", actor: Viewer | None = None, **more: object
) -> Requested:
    grant_id = more.pop("grant_id", world.grant_id)
    hours = more.pop("hours", None)
    asked = Asked(kind, "학습이 늦어짐", hours_e4=None if hours is None else int(str(hours)) * HOUR, **more)  # type: ignore[arg-type]
    return db.transaction(
        lambda s: request_change(
            s,
            grant_id=grant_id,  # type: ignore[arg-type]
            asked=asked,
            key=key,
            actor=actor or world.company,
            at=MID_QUARTER,
        )
    )


def approve(
    db: Database, world: World, change: Requested, *, at: datetime = MID_QUARTER, **less: object
) -> ChangeRequest:
    return db.transaction(
        lambda s: approve_change(
            s,
            change_id=change.id,
            reason="",
            actor=world.staff,
            at=at,
            **less,  # type: ignore[arg-type]
        )
    )


def test_a_supplement_comes_from_the_pool_of_the_same_vintage_and_may_be_less_than_asked(db: Database) -> None:
    world = set_up(db)
    change = ask(db, world, "supplement", hours=200)
    assert change == ask(db, world, "supplement", hours=200)
    assert change.number == "CR-2026-0001"
    approve(db, world, change, hours_e4=150 * HOUR)
    assert (hours_on(db, world.account()), pool_rows(db)["h100", Q3].free) == (550, 450 * HOUR)
    with db.read() as session:
        row = list_changes(session, world.company)[0]
        moved = transfers(session, source_ref="change:CR-2026-0001")
        assert list_changes(session, world.stranger) == []
    assert (row.state, row.hours_e4, row.approved_e4, row.given_e4) == ("approved", 2_000_000, 1_500_000, 1_500_000)
    assert [(one.kind, one.commodity, one.amount) for one in moved] == [
        ("supplement", "GPUH.H100", 1_500_000),
        ("supplement", "KRW-IMPUTED", 1_500_000 * 5200),
    ]
    assert_settled(db)


def test_an_early_return_goes_back_to_the_pool(db: Database) -> None:
    world = set_up(db)
    use(db, world.award, 100, date(2026, 7, 20))
    approve(db, world, ask(db, world, "early_return", hours=300))
    row = pool_rows(db)["h100", Q3]
    assert (row.granted, row.used, row.remaining, row.free) == (100 * HOUR, 100 * HOUR, 0, 900 * HOUR)
    assert_settled(db)


def test_a_transfer_to_another_kind_follows_the_ratio_of_the_rates(db: Database) -> None:
    world = set_up(db)
    change = ask(db, world, "transfer", hours=90, target_pool_id=world.pools["a100"])
    with db.read() as session:
        page = change_page(session, world.staff, change.number)
    assert page.arithmetic is not None
    assert (page.arithmetic.given_e4, page.arithmetic.taken_e4) == (1_200_000, 900_000)  # 90 x 5,200 / 3,900 = 120
    approve(db, world, change)
    assert (hours_on(db, world.account()), hours_on(db, world.account("a100"))) == (310, 120)
    rows = pool_rows(db)
    assert (rows["h100", Q3].free, rows["a100", Q3].free) == (690 * HOUR, 880 * HOUR)
    with db.read() as session:
        made = session.scalars(select(Grant).where(Grant.sku == "a100")).one()
    assert (made.hours_e4, made.requested_e4, made.usable_until) == (0, None, date(2026, 9, 30))
    assert_settled(db)


def test_hours_of_a_later_quarter_are_advanced_out_of_this_quarters_pool(db: Database) -> None:
    world = set_up(db)
    later = ask(db, world, "transfer", hours=100, target_pool_id=world.pools["q4"])
    approve(db, world, later)
    with db.read() as session:
        grant_id = session.scalars(select(Grant.id).where(Grant.quarter == Q4)).one()
    approve(db, world, ask(db, world, "advance", key="k2", grant_id=grant_id, hours=60))
    assert (hours_on(db, world.account()), hours_on(db, world.account(quarter=Q4))) == (360, 40)
    assert (pool_rows(db)["h100", Q3].free, pool_rows(db)["h100", Q4].free) == (640 * HOUR, 960 * HOUR)
    with pytest.raises(ChangeRefusedError):
        ask(db, world, "advance", key="k3", hours=1)
    assert_settled(db)


def test_an_extension_moves_the_last_days_within_what_the_contributor_allows(db: Database) -> None:
    world = set_up(db, gpu_max_extension_days=30, grant_grace_days=10)
    with pytest.raises(InvalidInputError) as refused:
        ask(db, world, "extension", until=date(2026, 10, 31))
    assert "2026-10-30" in refused.value.message("ko")
    approve(db, world, ask(db, world, "extension", until=date(2026, 10, 30)), until=date(2026, 10, 20))
    with db.read() as session:
        grant = session.scalars(select(Grant)).one()
    assert (grant.usable_until, grant.expires_on) == (date(2026, 10, 20), date(2026, 10, 30))
    still = db.transaction(lambda s: expire_grants(s, actor=world.staff, at=datetime(2026, 10, 30, 12, tzinfo=UTC)))
    gone = db.transaction(lambda s: expire_grants(s, actor=world.staff, at=datetime(2026, 10, 31, 12, tzinfo=UTC)))
    assert (still.grants, gone.grants) == (0, 1)
    assert_settled(db)


def test_hours_of_an_extended_grant_lapse_when_they_come_back_after_their_quarter(db: Database) -> None:
    world = set_up(db)
    october = datetime(2026, 10, 5, tzinfo=UTC)
    approve(db, world, ask(db, world, "extension", until=date(2026, 11, 1)))
    approve(db, world, ask(db, world, "early_return", key="k2", hours=50), at=october)
    row = pool_rows(db)["h100", Q3]
    assert (row.expired, row.remaining, row.free) == (50 * HOUR, 350 * HOUR, 600 * HOUR)
    more = ask(db, world, "supplement", key="k3", hours=1)
    with pytest.raises(ChangeRefusedError):
        approve(db, world, more, at=october)
    assert_settled(db)


def test_a_refusal_for_want_of_hours_says_how_many_are_free_and_moves_nothing(db: Database) -> None:
    world = set_up(db)
    change = ask(db, world, "supplement", hours=601)
    with pytest.raises(PoolShortError) as refused:
        approve(db, world, change)
    assert "600시간" in refused.value.message("ko")
    assert "대기 명단" in refused.value.message("ko")
    with db.read() as session:
        assert list_changes(session, world.staff)[0].state == "requested"
    assert hours_on(db, world.account()) == 400
    db.transaction(
        lambda s: decline_change(s, change_id=change.id, reason="풀이 부족함", actor=world.staff, at=MID_QUARTER)
    )
    for _ in range(2):
        db.transaction(lambda s: wait_for_change(s, change_id=change.id, actor=world.staff, at=MID_QUARTER))
    with db.read() as session:
        line = list_waitlist(session, world.company)
    assert [(one.priority, one.wanted_e4, one.change) for one in line] == [(1, 601 * HOUR, "CR-2026-0001")]


def test_more_than_was_asked_for_or_is_left_is_refused(db: Database) -> None:
    world = set_up(db)
    with pytest.raises(InvalidInputError):
        ask(db, world, "early_return", hours=401)
    change = ask(db, world, "supplement", hours=10)
    with pytest.raises(InvalidInputError):
        approve(db, world, change, hours_e4=11 * HOUR)
    with pytest.raises(InvalidInputError):
        ask(db, world, "supplement", key="k2")
    with pytest.raises(InvalidInputError):
        ask(db, world, "gift", key="k3", hours=1)


def test_the_company_decides_nothing_and_nobody_decides_their_own_request(db: Database) -> None:
    world = set_up(db)
    with pytest.raises(NotFoundError):
        ask(db, world, "supplement", actor=world.stranger, hours=1)
    both = replace(world.company, roles=world.company.roles | {"finance"})
    change = ask(db, world, "supplement", hours=10, actor=both)
    for actor, refusal in ((both, FourEyesError), (replace(both, roles=frozenset({"applicant"})), NotFoundError)):
        with pytest.raises(refusal):
            db.transaction(
                lambda s, who=actor: approve_change(s, change_id=change.id, reason="", actor=who, at=MID_QUARTER)  # type: ignore[misc]
            )


def test_a_request_ends_once(db: Database) -> None:
    world = set_up(db)
    change = ask(db, world, "supplement", hours=10)
    db.transaction(lambda s: withdraw_change(s, change_id=change.id, actor=world.company, at=MID_QUARTER))
    with pytest.raises(TransitionRefusedError):
        approve(db, world, change)
    assert hours_on(db, world.account()) == 400


def test_a_company_sees_what_it_may_ask_for_of_its_own_grants_only(db: Database) -> None:
    world = set_up(db)
    with db.read() as session:
        choice = grant_choices(session, world.company, world.award, MID_QUARTER)[0]
        with pytest.raises(NotFoundError):
            grant_choices(session, world.stranger, world.award, MID_QUARTER)
    assert [(pool.sku, pool.quarter, pool.rate_krw) for pool in choice.pools] == [
        ("a100", Q3, 3900),
        ("h100", Q4, 5200),
    ]
    assert (choice.usable, choice.latest_until) == (True, date(2026, 12, 29))
