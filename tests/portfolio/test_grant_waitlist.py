"""The line for free hours: order, offers as holds, answers, expiry, and who wins a race."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fund_factory import HOUR, REGION
from grant_scenes import MID_QUARTER, Q3, World, add_award, assert_settled, hours_on, pool_rows, set_up
from running import RIVALS

from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.sessions import Database
from fundapp.portfolio.actions import (
    Asked,
    Wanted,
    accept_offer,
    decline_change,
    decline_offer,
    expire_offers,
    join_waitlist,
    leave_waitlist,
    offer_reclaimed,
    request_change,
    wait_for_change,
)
from fundapp.portfolio.queries import OfferRow, list_offers, list_waitlist

LATER = MID_QUARTER + timedelta(days=5)


def join(
    db: Database, award: str, actor: Viewer, hours: int, *, minimum: int = 1, quarter: str | None = Q3, hour: int = 0
) -> uuid.UUID:
    wanted = Wanted("h100", REGION, quarter, hours * HOUR, minimum * HOUR)
    at = MID_QUARTER + timedelta(hours=hour)
    return db.transaction(
        lambda s: join_waitlist(s, award=award, wanted=wanted, key=f"{award}{hours}{hour}", actor=actor, at=at)
    )


def offer(db: Database, at: datetime = MID_QUARTER) -> int:
    return db.transaction(lambda s: offer_reclaimed(s, actor=SYSTEM, at=at))


def offers(db: Database, state: str | None = "open") -> list[OfferRow]:
    with db.read() as session:
        return list_offers(session, SYSTEM, state=state)


def test_a_refused_supplement_comes_before_those_who_joined_earlier(db: Database) -> None:
    world = set_up(db)
    second, second_person = add_award(db, "2208162517", 100)
    third, third_person = add_award(db, "1248100998", 100)  # 400 of the pool are free
    join(db, third, third_person, 300, hour=1)
    join(db, second, second_person, 300, hour=2)
    change = db.transaction(
        lambda s: request_change(
            s,
            grant_id=world.grant_id,
            asked=Asked("supplement", "부족", hours_e4=500 * HOUR),
            key="c",
            actor=world.company,
            at=MID_QUARTER,
        )
    )
    db.transaction(lambda s: decline_change(s, change_id=change.id, reason="부족", actor=world.staff, at=MID_QUARTER))
    db.transaction(lambda s: wait_for_change(s, change_id=change.id, actor=world.staff, at=LATER))
    with db.read() as session:
        assert [row.award for row in list_waitlist(session, SYSTEM)] == [world.award, third, second]
    assert offer(db) == 1
    assert [(one.award, one.hours_e4) for one in offers(db)] == [(world.award, 400 * HOUR)]
    row = pool_rows(db)["h100", Q3]
    assert (row.free, row.offered, row.held) == (0, 400 * HOUR, 0)
    assert_settled(db)


def test_an_offer_is_accepted_in_part_down_to_the_minimum_and_the_rest_goes_on(db: Database) -> None:
    world = set_up(db)
    second, person = add_award(db, "2208162517", 0, pool="a100")
    join(db, second, person, 500, minimum=200)
    join(db, world.award, world.company, 300, hour=1)
    assert offer(db) == 2
    assert [(one.award, one.hours_e4) for one in reversed(offers(db))] == [
        (second, 500 * HOUR),
        (world.award, 100 * HOUR),
    ]
    mine = next(one for one in offers(db) if one.award == second)

    def accept(hours: int, actor: Viewer = person) -> int:
        return db.transaction(
            lambda s: accept_offer(s, offer_id=mine.id, actor=actor, at=MID_QUARTER, hours_e4=hours * HOUR)
        )

    with pytest.raises(InvalidInputError):
        accept(199)
    with pytest.raises(NotFoundError):
        accept(200, world.company)
    assert accept(350) == 350 * HOUR
    with pytest.raises(TransitionRefusedError):
        accept(350)
    assert hours_on(db, f"grant:{second}:h100:{REGION}:{Q3}") == 350
    row = pool_rows(db)["h100", Q3]
    assert (row.free, row.offered) == (150 * HOUR, 100 * HOUR)
    with db.read() as session:
        assert list_waitlist(session, SYSTEM, award=second) == []  # 150 are left of its wish, less than its minimum
    assert_settled(db)


def test_who_lets_an_offer_go_is_not_offered_that_pool_again_and_the_next_gets_it(db: Database) -> None:
    world = set_up(db)
    second, person = add_award(db, "2208162517", 0)
    join(db, world.award, world.company, 600)
    join(db, second, person, 600, hour=1)
    assert offer(db) == 1
    first = offers(db)[0]
    db.transaction(lambda s: decline_offer(s, offer_id=first.id, actor=world.company, at=MID_QUARTER))
    assert offer(db) == 1
    assert [one.award for one in offers(db)] == [second]
    expired = db.transaction(lambda s: expire_offers(s, actor=SYSTEM, at=LATER))
    again = db.transaction(lambda s: expire_offers(s, actor=SYSTEM, at=LATER))
    assert (expired, again, offer(db, LATER)) == (1, 0, 0)
    assert pool_rows(db)["h100", Q3].free == 600 * HOUR
    with db.read() as session:
        assert [row.award for row in list_waitlist(session, SYSTEM)] == [world.award, second]
    assert_settled(db)


def test_an_offer_cannot_be_taken_once_its_time_is_over(db: Database) -> None:
    world = set_up(db, gpu_offer_days=2)
    join(db, world.award, world.company, 10)
    offer(db)
    found = offers(db)[0]
    assert found.expires_at == MID_QUARTER + timedelta(days=2)
    with pytest.raises(TransitionRefusedError):
        db.transaction(
            lambda s: accept_offer(s, offer_id=found.id, actor=world.company, at=MID_QUARTER + timedelta(days=2))
        )


def test_whoever_needs_more_than_is_free_is_passed_over(db: Database) -> None:
    world = set_up(db)
    second, person = add_award(db, "2208162517", 0)
    join(db, world.award, world.company, 900, minimum=700)
    join(db, second, person, 50, hour=1)
    assert offer(db) == 1
    assert offers(db)[0].award == second
    entry = join(db, world.award, world.company, 5, quarter=None, hour=2)
    assert offer(db) == 1  # any quarter: the earliest pool first
    assert {one.quarter for one in offers(db)} == {Q3}
    with pytest.raises(TransitionRefusedError):
        db.transaction(lambda s: leave_waitlist(s, entry_id=entry, actor=world.company, at=MID_QUARTER))


def test_hours_that_make_no_sense_and_quarters_that_are_over_do_not_join(db: Database) -> None:
    world = set_up(db)
    with pytest.raises(InvalidInputError):
        join(db, world.award, world.company, 5, minimum=6)
    with pytest.raises(InvalidInputError):
        join(db, world.award, world.company, 5, quarter="2026Q2")
    with pytest.raises(NotFoundError):
        join(db, world.award, world.stranger, 5)


def _answer(url: str, offer_id: uuid.UUID, company: uuid.UUID, what: str, results: object) -> None:
    database = Database(url)
    actor = Viewer(uuid.uuid4(), name=what, roles=frozenset({"applicant"}), company_ids=frozenset({company}))
    end = datetime(2026, 8, 15, 3, 0, tzinfo=UTC)
    try:
        if what == "expire":
            done = database.transaction(lambda s: expire_offers(s, actor=SYSTEM, at=end))
        else:
            just = end - timedelta(seconds=1)
            done = database.transaction(lambda s: accept_offer(s, offer_id=offer_id, actor=actor, at=just))
    except FundError:
        done = 0
    database.dispose()
    results.put((what, done))  # type: ignore[attr-defined]


@pytest.mark.race
def test_of_two_acceptances_and_an_expiry_exactly_one_wins(db: Database, database_url: str) -> None:
    world: World = set_up(db)
    join(db, world.award, world.company, 300)
    offer(db)
    found = offers(db)[0]
    assert found.expires_at == datetime(2026, 8, 15, 3, 0, tzinfo=UTC)
    company = next(iter(world.company.company_ids))
    results = RIVALS.Queue()
    runs = [
        RIVALS.Process(target=_answer, args=(database_url, found.id, company, what, results))
        for what in ("accept", "accept", "expire")
    ]
    for process in runs:
        process.start()
    answers = [results.get(timeout=120) for _ in runs]
    for process in runs:
        process.join(timeout=60)
    won = [(what, done) for what, done in answers if done]
    assert won in ([("accept", 300 * HOUR)], [("expire", 1)])
    granted = 700 if won[0][0] == "accept" else 400
    assert hours_on(db, world.account()) == granted
    assert_settled(db)


def test_staff_may_not_answer_for_the_company(db: Database) -> None:
    world = set_up(db)
    join(db, world.award, replace(world.staff), 10)
    offer(db)
    with pytest.raises(NotFoundError):
        db.transaction(lambda s: accept_offer(s, offer_id=offers(db)[0].id, actor=world.staff, at=MID_QUARTER))
