"""What a company asks about its GPU time in the portal, and what it may not see or do."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from fund_factory import HOUR, REGION
from grant_scenes import MID_QUARTER, Q3, World, add_award, assert_settled, hours_on, set_up
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from fundapp.core.access import SYSTEM
from fundapp.core.errors import InvalidInputError
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person
from fundapp.intake.tables import Membership
from fundapp.portfolio.actions import Wanted, join_waitlist, offer_reclaimed
from fundapp.portfolio.tables import ChangeRequest, ProgressReport, WaitlistEntry, WaitlistOffer
from fundapp.web.grants.change_words import exact_hours
from fundapp.web.portal import changes

PostForm = Callable[..., TestResponse]


@pytest.fixture(autouse=True)
def _mid_quarter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "now", lambda: MID_QUARTER)


@pytest.fixture
def enter(
    app: Flask, db: Database, person: Callable[..., str], sign_in: Callable[..., TestResponse]
) -> Callable[[World], FlaskClient]:
    """Sign somebody of the world's company in."""

    def make(world: World) -> FlaskClient:
        email = person("applicant")

        def belong(session: Session) -> None:
            found = session.scalars(select(Person.id).where(Person.email == email)).one()
            company = next(iter(world.company.company_ids))
            session.add(Membership(company_id=company, person_id=found, role="member"))

        db.transaction(belong)
        client = app.test_client()
        sign_in(client, email)
        return client

    return make


def key() -> str:
    return uuid.uuid4().hex


def test_a_company_asks_for_more_hours_once_and_can_take_it_back(
    db: Database, enter: Callable[[World], FlaskClient], post_form: PostForm
) -> None:
    world = set_up(db)
    client = enter(world)
    path = f"/portal/grants/{world.award}/changes/new?kind=supplement&grant={world.grant_id}"
    fields = {"kind": "supplement", "grant": str(world.grant_id), "hours": "12.5", "reason": "학습 지연", "key": key()}
    for _ in range(2):
        assert post_form(client, path, fields).headers["Location"].endswith(f"/portal/grants/{world.award}/changes")
    with db.read() as session:
        change = session.scalars(select(ChangeRequest)).one()
    assert (change.kind, change.hours_e4, change.state) == ("supplement", 125_000, "requested")
    page = f"/portal/grants/{world.award}/changes"
    assert "CR-2026-0001" in client.get(page).text
    post_form(client, page, {"key": key(), "award": world.award}, f"/portal/changes/{change.id}/withdraw")
    with db.read() as session:
        assert session.scalars(select(ChangeRequest.state)).one() == "withdrawn"


def test_what_is_wrong_stands_beside_its_field(
    db: Database, enter: Callable[[World], FlaskClient], post_form: PostForm
) -> None:
    world = set_up(db)
    client = enter(world)
    path = f"/portal/grants/{world.award}/changes/new"
    common = {"grant": str(world.grant_id), "reason": "사유", "key": key()}
    for more, said in (
        ({"kind": "supplement", "hours": "0"}, "0보다 큰 시간이어야 합니다"),
        ({"kind": "supplement", "hours": "1.00001"}, "소수점 아래 넷째 자리까지"),
        ({"kind": "supplement", "hours": "NaN"}, "소수점 아래 넷째 자리까지"),
        ({"kind": "supplement", "hours": "1e999999"}, "소수점 아래 넷째 자리까지"),
        ({"kind": "early_return", "hours": "401"}, "남은 시간보다 많습니다"),
        ({"kind": "extension", "until": "2027-01-31"}, "2026-12-29까지"),
        ({"kind": "transfer", "hours": "5"}, "옮길 종류와 분기를 골라 주세요"),
        ({"kind": "advance", "hours": "5"}, "뒤 분기의 시간만"),
    ):
        answer = post_form(client, path, common | more)
        assert (answer.status_code, said in answer.text) == (422, True), said
    with db.read() as session:
        assert session.scalars(select(ChangeRequest)).all() == []


def test_another_companys_award_and_offers_are_not_there(db: Database, enter: Callable[[World], FlaskClient]) -> None:
    world = set_up(db)
    other, person = add_award(db, "2208162517", 10)
    wanted = Wanted("h100", REGION, Q3, 5 * HOUR, HOUR)
    db.transaction(lambda s: join_waitlist(s, award=other, wanted=wanted, key="j", actor=person, at=MID_QUARTER))
    db.transaction(lambda s: offer_reclaimed(s, actor=SYSTEM, at=MID_QUARTER))
    with db.read() as session:
        offer = session.scalars(select(WaitlistOffer.id)).one()
    client = enter(world)
    for path in (
        f"/portal/grants/{other}/changes",
        f"/portal/grants/{other}/changes/new",
        f"/portal/grants/{other}/report",
        f"/portal/grants/{other}/waitlist",
        f"/portal/offers/{offer}",
    ):
        assert client.get(path).status_code == 404
    assert client.get(f"/portal/grants/{world.award}/changes").status_code == 200


def test_a_progress_report_is_filed_with_the_hours_used(
    db: Database, enter: Callable[[World], FlaskClient], post_form: PostForm
) -> None:
    world = set_up(db, release="half")
    client = enter(world)
    page = f"/portal/grants/{world.award}/report"
    assert "200" in client.get(page).text
    assert post_form(client, page, {"text": "", "key": key()}).status_code == 422
    assert post_form(client, page, {"text": "절반을 마쳤습니다.", "key": key()}).status_code == 302
    again = post_form(client, page, {"text": "또 냅니다.", "key": key()})
    assert (again.status_code, "확인을 기다리는 보고가 있거나" in again.text) == (422, True)
    with db.read() as session:
        assert session.scalars(select(ProgressReport.state)).one() == "filed"


def test_a_company_joins_the_line_and_takes_part_of_an_offer(
    db: Database, enter: Callable[[World], FlaskClient], post_form: PostForm
) -> None:
    world = set_up(db)
    client = enter(world)
    join = f"/portal/grants/{world.award}/waitlist"
    fields = {"kind": f"h100:{REGION}", "quarter": Q3, "wanted": "100", "minimum": "40", "key": key()}
    assert post_form(client, join, fields | {"minimum": "101"}).status_code == 422
    assert post_form(client, join, fields).status_code == 302
    db.transaction(lambda s: offer_reclaimed(s, actor=SYSTEM, at=MID_QUARTER))
    with db.read() as session:
        offer = session.scalars(select(WaitlistOffer.id)).one()
    page = f"/portal/offers/{offer}"
    assert "H100 100 GPU시간을 받으시겠어요?" in client.get(page).text
    assert post_form(client, page, {"hours": "39", "key": key()}, f"{page}/accept").status_code == 422
    assert post_form(client, page, {"hours": "60", "key": key()}, f"{page}/accept").status_code == 302
    assert hours_on(db, world.account()) == 460
    with db.read() as session:
        assert session.scalars(select(WaitlistEntry.state)).one() == "waiting"  # 40 of 100 are still of use
    assert "60 GPU시간을 받았습니다." in client.get(page).text
    assert_settled(db)


@pytest.mark.parametrize("text", ["1e999999999", "sNaN", "-Infinity", "0.00001"])
def test_hours_that_the_ledger_cannot_keep_are_refused_and_not_computed_with(text: str) -> None:
    with pytest.raises(InvalidInputError):
        exact_hours(Decimal(text))
