"""Staff decide changes, answer reports, offer hours, give capacity back and note quota."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from fund_factory import HOUR, REGION, Case, add_pool, decide, found_fund
from grant_scenes import MID_QUARTER, Q3, World, assert_settled, hours_on, overuse, pool_rows, set_up, use
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.portfolio.actions import (
    Asked,
    Wanted,
    apply_overage_policy,
    file_progress_report,
    join_waitlist,
    request_change,
)
from fundapp.portfolio.tables import CloudQuota, OverageCharge, ReclaimNotice, WaitlistOffer
from fundapp.web.operations.routes import changes, pools, waitlist

PostForm = Callable[..., TestResponse]
PAGES = (
    "/operations/changes",
    "/operations/changes/progress",
    "/operations/waitlist",
    "/operations/changes/reclaim",
    "/operations/changes/overage",
)


@pytest.fixture(autouse=True)
def _mid_quarter(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (changes, pools, waitlist):
        monkeypatch.setattr(module, "now", lambda: MID_QUARTER)


@pytest.fixture
def enter(app: Flask, person: Callable[..., str], sign_in: Callable[..., TestResponse]) -> Callable[..., FlaskClient]:
    def make(*roles: str) -> FlaskClient:
        client = app.test_client()
        sign_in(client, person(*roles, investor="microsoft" if "partner" in roles else None))
        return client

    return make


def key() -> str:
    return uuid.uuid4().hex


def ask(db: Database, world: World, kind: str, hours: int, place: str = "k", **more: object) -> str:
    asked = Asked(kind, "<b>학습 지연</b>", hours_e4=hours * HOUR, **more)  # type: ignore[arg-type]
    return db.transaction(
        lambda s: request_change(
            s, grant_id=world.grant_id, asked=asked, key=place, actor=world.company, at=MID_QUARTER
        )
    ).number


def test_a_transfer_shows_its_sum_and_is_approved_in_part(
    db: Database, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    world = set_up(db)
    number = ask(db, world, "transfer", 90, target_pool_id=world.pools["a100"])
    client, page = enter("analyst"), f"/operations/changes/{number}"
    text = client.get(page).text
    assert "90시간 × 5,200원 ÷ 3,900원 = A100 2026년 3분기 120시간" in text
    assert "&lt;b&gt;학습 지연&lt;/b&gt;" in text
    assert post_form(client, page, {"outcome": "approve", "hours": "30", "reason": "", "key": key()}).status_code == 302
    assert (hours_on(db, world.account()), hours_on(db, world.account("a100"))) == (370, 40)
    listed = client.get("/operations/changes?state=approved&download=csv")
    assert listed.text.splitlines()[1].split(",")[:2] == [number, world.award]
    assert_settled(db)


def test_a_refusal_says_what_is_free_and_a_declined_supplement_can_wait_first_in_line(
    db: Database, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    world = set_up(db)
    number = ask(db, world, "supplement", 700)
    client, page = enter("analyst"), f"/operations/changes/{number}"
    short = post_form(client, page, {"outcome": "approve", "reason": "", "key": key()})
    assert (short.status_code, "남은 시간은 600시간입니다" in short.text) == (409, True)
    bare = post_form(client, page, {"outcome": "decline", "reason": "", "key": key()})
    assert (bare.status_code, "사유를 적어 주세요" in bare.text) == (422, True)
    assert post_form(client, page, {"outcome": "decline", "reason": "풀 부족", "key": key()}).status_code == 302
    assert post_form(client, page, {"key": key()}, f"{page}/wait").status_code == 302
    assert number in client.get("/operations/waitlist").text


def test_readers_see_a_request_and_decide_nothing(
    db: Database, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    world = set_up(db)
    number = ask(db, world, "supplement", 7)
    client, page = enter("auditor"), f"/operations/changes/{number}"
    assert 'value="approve"' not in client.get(page).text
    refused = post_form(client, "/operations/changes", {"outcome": "approve", "key": key()}, page)
    assert refused.status_code == 404
    assert hours_on(db, world.account()) == 400


def test_accepting_a_report_on_its_page_releases_the_second_half(
    db: Database, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    world = set_up(db, release="half")
    report = db.transaction(
        lambda s: file_progress_report(s, award=world.award, text="끝", key="r", actor=world.company, at=MID_QUARTER)
    )
    client = enter("analyst")
    page = "/operations/changes/progress"
    post_form(client, page, {"outcome": "accept", "reason": "", "key": key()}, f"{page}/{report.id}")
    assert hours_on(db, world.account()) == 400


def test_finance_offers_free_hours_now_and_waives_a_reclaim(
    db: Database, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    world = set_up(db, gpu_reclaim={"idle_days": 10, "minimal_use_percent": 0})
    use(db, world.award, 1, MID_QUARTER.date().replace(day=1))
    wanted = Wanted("h100", REGION, Q3, 50 * HOUR, HOUR)
    db.transaction(
        lambda s: join_waitlist(s, award=world.award, wanted=wanted, key="j", actor=world.company, at=MID_QUARTER)
    )
    client = enter("finance")
    post_form(client, "/operations/waitlist", {"key": key()}, "/operations/waitlist/offer")
    with db.read() as session:
        assert session.scalars(select(WaitlistOffer.hours_e4)).one() == 50 * HOUR
    db.transaction(lambda s: _notice(s, world))
    page = "/operations/changes/reclaim"
    with db.read() as session:
        notice = session.scalars(select(ReclaimNotice.id)).one()
    post_form(client, page, {"reason": "장비 반입 지연", "key": key()}, f"{page}/{notice}")
    with db.read() as session:
        assert session.scalars(select(ReclaimNotice.state)).one() == "waived"


def _notice(session: Session, world: World) -> None:
    session.add(
        ReclaimNotice(
            grant_id=world.grant_id,
            rule="idle",
            hours_e4=399 * HOUR,
            noticed_at=MID_QUARTER,
            acts_on=MID_QUARTER.date(),
            reclaimed_e4=0,
        )
    )


def test_a_charge_is_shown_and_settled_by_finance_only(
    db: Database, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    world = set_up(db, gpu_overage="charge")
    overuse(db, world.award, 12, MID_QUARTER.date())
    db.transaction(lambda s: apply_overage_policy(s, actor=SYSTEM, at=MID_QUARTER))
    page = "/operations/changes/overage"
    with db.read() as session:
        charge = session.scalars(select(OverageCharge.id)).one()
    analyst, finance = enter("analyst"), enter("finance")
    assert "62,400원" in analyst.get(page).text  # 12 x 5,200
    assert post_form(analyst, "/operations/changes", {"key": key()}, f"{page}/charges/{charge}").status_code == 404
    post_form(finance, page, {"key": key()}, f"{page}/charges/{charge}")
    with db.read() as session:
        assert session.scalars(select(OverageCharge.state)).one() == "settled"


def test_finance_gives_capacity_back_and_notes_quota_on_the_pools_page(
    db: Database, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    world = set_up(db)
    client, page = enter("finance"), "/operations/pools"
    account = f"pool:microsoft:h100:{REGION}:{Q3}"
    back = {"back-account": account, "back-reason": "용량 조정", "back-key": key()}
    much = post_form(client, page, back | {"back-hours": "601"}, f"{page}/returns")
    assert (much.status_code, "여력이 부족합니다" in much.text) == (422, True)
    assert post_form(client, page, back | {"back-hours": "100"}, f"{page}/returns").status_code == 302
    assert pool_rows(db)["h100", Q3].returned == 100 * HOUR
    quota = {
        "quota-award": world.award,
        "quota-subscription": "/subscriptions/one",
        "quota-region": REGION,
        "quota-vm_family": "Standard NCadsH100v5 Family",
        "quota-sku": "H100",
        "quota-vcpus": "640",
        "quota-state": "approved",
        "quota-dated_on": "2026-07-01",
        "quota-source": "지원 요청 2607010040",
        "quota-key": key(),
    }
    unknown = post_form(client, page, quota | {"quota-vm_family": "Made Up"}, f"{page}/quota")
    assert (unknown.status_code, "모르는 VM 계열입니다" in unknown.text) == (422, True)
    assert post_form(client, page, quota, f"{page}/quota").status_code == 302
    assert "H100 16장" in client.get(page).text
    with db.read() as session:
        assert session.scalars(select(CloudQuota.vcpus_per_gpu)).one() == 40


def test_the_pages_cost_as_many_statements_with_many_requests_as_with_one(
    db: Database, enter: Callable[..., FlaskClient]
) -> None:
    world = set_up(db)
    client = enter("analyst")

    def count(path: str) -> int:
        seen: list[str] = []

        def note(*arguments: object) -> None:
            seen.append(str(arguments[2]))

        event.listen(db.engine, "before_cursor_execute", note)
        assert client.get(path).status_code == 200
        event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    ask(db, world, "supplement", 1, "first")
    single = {path: count(path) for path in PAGES}
    for number in range(20):
        ask(db, world, "supplement", 1, f"more{number}")
        wanted = Wanted("h100", REGION, Q3, (number + 1) * HOUR, HOUR)
        db.transaction(
            lambda s, w=wanted, n=number: join_waitlist(  # type: ignore[misc]
                s, award=world.award, wanted=w, key=f"j{n}", actor=world.company, at=MID_QUARTER
            )
        )
    assert {path: count(path) for path in PAGES} == single


def test_finance_lets_a_decision_lapse_that_nobody_signs(
    db: Database, enter: Callable[..., FlaskClient], post_form: PostForm
) -> None:
    def work(session: Session) -> Case:
        found_fund(session)
        return decide(session, hours=[(add_pool(session), 400)])

    case = db.transaction(work)
    client, path = enter("finance"), "/operations/decisions"
    fields = {"reason": "기업이 원하지 않음", "key": key()}
    post_form(client, f"{path}/{case.decision_id}/sign", fields, f"{path}/{case.decision_id}/lapse")
    row = pool_rows(db)["h100", Q3]
    assert (row.held, row.free) == (0, 1000 * HOUR)
    assert client.get(f"{path}/{case.decision_id}/sign").status_code == 404
