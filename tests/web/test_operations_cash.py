"""The pages of the fund's cash: who may, what two people do, what a refusal says."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from portfolio import cash_scene
from portfolio.fund_factory import SIGNED_AT
from sqlalchemy import select
from werkzeug.test import TestResponse

from fundapp.core.access import SYSTEM, Role, Viewer
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.ledger.actions import close_books
from fundapp.portfolio.actions import ExpenseLine, draft_calls
from fundapp.portfolio.tables import (
    Award,
    AwardTerms,
    CapitalCall,
    CashMovement,
    FinancingRound,
    PaymentCorrection,
    TrancheCondition,
    Valuation,
    ValuationDraft,
)
from fundapp.web.shell.waiting import count_waiting

NUMBER = "AW-2026-0001"
LIT = re.compile(r'<li><a href="([^"]+)" aria-current="page"')
"""The entry of the menu that a page belongs to."""
PostForm = Callable[..., TestResponse]
PAGES = (
    "/operations/cash/calls",
    "/operations/cash/calls/CC-2026-0001",
    "/operations/cash/movements",
    "/operations/cash/valuations?quarter=2026Q3",
    f"/operations/portfolio/{NUMBER}/cash/terms",
    f"/operations/portfolio/{NUMBER}/cash/rounds",
    f"/operations/portfolio/{NUMBER}/cash/movement",
    f"/operations/portfolio/{NUMBER}/cash/valuation",
    f"/operations/portfolio/{NUMBER}",
)


@pytest.fixture
def held(db: Database) -> cash_scene.Scene:
    who = cash_scene.scene(db)
    cash_scene.pay(db, who, 1)
    return who


@pytest.fixture
def two(
    app: Flask, person: Callable[..., str], sign_in: Callable[..., TestResponse]
) -> tuple[FlaskClient, FlaskClient]:
    """An analyst and somebody of finance, each in a browser of their own."""
    clients = []
    for role in ("analyst", "finance"):
        client = app.test_client()
        sign_in(client, person(role, name=role))
        clients.append(client)
    return clients[0], clients[1]


def press(client: FlaskClient, page: str, action: str, **fields: str) -> TestResponse:
    """Post a form of a page to its action with a fresh key."""
    text = client.get(page).text
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', text)
    key = re.search(r'name="key"[^>]* value="([^"]+)"', text)
    assert token is not None
    assert key is not None
    return client.post(action, data={"csrf_token": token[1], "key": key[1], **fields}, follow_redirects=True)


def first(db: Database, kind: type[Any]) -> Any:  # noqa: ANN401 - whichever row it is
    with db.read() as session:
        return session.scalars(select(kind)).first()


def test_every_page_opens_for_the_staff_in_both_languages(
    held: cash_scene.Scene, two: tuple[FlaskClient, FlaskClient]
) -> None:
    opened = {page: two[0].get(page).status_code for page in PAGES}
    assert set(opened.values()) == {200}, opened
    said, main = re.compile(r"출자|집행|조건|평가|회수|승인|라운드|지분|분기"), re.compile(r"<main[\s\S]*</main>")
    korean = {}
    for page in PAGES:
        text = two[0].get(f"{page}{'&' if '?' in page else '?'}lang=en").text
        korean[page] = said.findall("".join(main.findall(text)))
    assert {page: words for page, words in korean.items() if words} == {}


def test_pages_of_an_award_are_absent_for_strangers_and_actions_for_readers(
    held: cash_scene.Scene, app: Flask, person: Callable[..., str], sign_in: Callable[..., TestResponse]
) -> None:
    auditor, partner = app.test_client(), app.test_client()
    sign_in(auditor, person("auditor"))
    sign_in(partner, person("partner", investor="kt"))
    assert auditor.get("/operations/cash/calls").status_code == 200
    assert auditor.get(f"/operations/portfolio/{NUMBER}/cash/movement").status_code == 404
    assert partner.get("/operations/cash/calls").status_code == 404


def test_a_call_goes_from_draft_to_paid_through_two_browsers(
    held: cash_scene.Scene, two: tuple[FlaskClient, FlaskClient], db: Database, at: object
) -> None:
    analyst, finance = two
    path = "/operations/cash/calls"
    second = cash_scene.tranches(db)[1].id
    press(analyst, path, path, tranches=str(second), due_on="2099-01-01", expense="", quarter="", amount_krw="")
    number = first_drafted(db)
    page = f"{path}/{number}"
    assert press(analyst, path, f"{page}/issue").status_code == 404
    press(finance, page, f"{page}/issue")
    today = re.search(r'name="paid_on"[^>]*value="([0-9-]+)"', finance.get(page).text)
    assert today is not None
    press(finance, page, f"{page}/receive", paid_on=today[1])
    assert cash_scene.balance(db, "bank:fund") == 50_000_000


def test_the_count_of_calls_leaves_out_what_a_recused_viewer_may_not_see(held: cash_scene.Scene, db: Database) -> None:
    second = cash_scene.tranches(db)[1].id
    cost = [ExpenseLine("audit", Quarter(2026, 3), 1_000_000)]
    for tranche_ids, expenses in (([second], ()), ([], cost)):
        db.transaction(
            lambda s, ids=tranche_ids, costs=expenses: draft_calls(
                s, tranche_ids=ids, expenses=costs, due_on=date(2026, 7, 15), actor=held.one, at=SIGNED_AT
            )
        )
    with db.read() as session:
        award = session.scalars(select(Award)).one()
    counts = [
        count_waiting(db, Viewer(None, roles=frozenset({Role.FINANCE}), recused_from=recused), {"calls"})
        for recused in (frozenset(), frozenset({award.application_id}))
    ]
    assert counts == [{"calls": 2}, {"calls": 1}]


def first_drafted(db: Database) -> str:
    with db.read() as session:
        return str(session.scalars(select(CapitalCall.number).where(CapitalCall.automatic.is_(False))).one())


def test_proceeds_are_drafted_by_one_and_posted_by_another(
    held: cash_scene.Scene, two: tuple[FlaskClient, FlaskClient], db: Database
) -> None:
    analyst, finance = two
    form = f"/operations/portfolio/{NUMBER}/cash/movement"
    fields = {"kind": "redemption", "amount_krw": "6000000", "effective_on": "2026-07-02", "reason": "상환 청구"}
    refused = press(analyst, form, form, **fields, cost_krw="60000000")
    assert refused.status_code == 422
    assert "남은 투자 원가는 50,000,000원입니다" in refused.text
    press(analyst, form, form, **fields, cost_krw="5000000")
    number = first(db, CashMovement).number
    page = f"/operations/cash/movements/{number}"
    assert press(finance, page, f"{page}/approve").status_code == 200
    assert cash_scene.balance(db, f"gain:{NUMBER}") == -1_000_000
    assert f"key=redemption:{number}" in finance.get(page).text.replace("%3A", ":")


def test_terms_show_the_fields_of_their_instrument_and_say_a_difference(
    held: cash_scene.Scene, two: tuple[FlaskClient, FlaskClient], db: Database
) -> None:
    page = f"/operations/portfolio/{NUMBER}/cash/terms"
    text = two[0].get(page).text
    assert 'name="redemption_from"' in text
    assert 'name="valuation_cap_krw"' not in text
    agreed = {"price_krw": "9999", "shares": "10000", "liquidation_bp": "100", "redemption_interest_bp": "5.5"}
    refused = press(two[0], page, page, **agreed)
    assert (refused.status_code, "-10,000원 차이" in refused.text) == (422, True)
    press(two[0], page, page, **agreed, note="단수 정리")
    kept = first(db, AwardTerms)
    assert (kept.terms["redemption_interest_bp"], kept.terms["liquidation_bp"]) == (550, 10_000)


def test_a_round_shows_what_we_own_to_two_decimals(
    held: cash_scene.Scene, two: tuple[FlaskClient, FlaskClient], db: Database
) -> None:
    page = f"/operations/portfolio/{NUMBER}/cash/rounds"
    fields = {
        "name": "시리즈 A",
        "closed_on": "2026-07-01",
        "pre_money_krw": "6000000000",
        "new_money_krw": "1000000000",
        "price_krw": "10000",
        "total_shares": "700000",
        "our_shares": "100000",
        "source": "주주명부",
    }
    text = press(two[0], page, page, **fields).text
    assert "14.29%" in text
    assert first(db, FinancingRound).our_shares == 100_000
    assert "14.29%" in two[0].get(f"/operations/portfolio/{NUMBER}").text


def test_a_mark_is_sent_up_by_one_and_stands_in_the_history_after_another_approved_it(
    held: cash_scene.Scene, two: tuple[FlaskClient, FlaskClient], db: Database
) -> None:
    analyst, finance = two
    form = f"/operations/portfolio/{NUMBER}/cash/valuation"
    fields = {
        "quarter": "2026Q3",
        "fair_value_krw": "60000000",
        "technique": "multiples",
        "inputs_1-name": "EV/매출",
        "inputs_1-entry": "4.0",
        "inputs_1-now": "3.5",
        "inputs_1-source": "상장사 5곳",
    }
    assert press(analyst, form, form, **fields).status_code == 422
    press(analyst, form, form, **fields, calibration_note="진입 가격에 맞춤")
    waiting = re.search(r"/operations/cash/valuations/([0-9a-f-]{36})", finance.get("/operations/cash/valuations").text)
    assert waiting is not None
    page = waiting[0]
    assert "EV/매출" in finance.get(page).text
    text = press(finance, page, f"{page}/approve").text
    assert "시장 배수" in text
    assert first(db, Valuation).fair_value_krw == 60_000_000


def test_a_mark_for_a_closed_quarter_is_refused_beside_the_quarter(
    held: cash_scene.Scene, two: tuple[FlaskClient, FlaskClient], db: Database
) -> None:
    form = f"/operations/portfolio/{NUMBER}/cash/valuation"
    fields = {"quarter": "2026Q3", "fair_value_krw": "60000000", "technique": "multiples", "calibration_note": "그대로"}
    fields |= {"inputs_1-name": "EV/매출", "inputs_1-entry": "4.0", "inputs_1-now": "3.5", "inputs_1-source": "상장사"}
    db.transaction(lambda s: close_books(s, through=date(2026, 9, 30), actor=SYSTEM, at=SIGNED_AT))
    answer = press(two[0], form, form, **fields)
    assert answer.status_code == 422
    assert "2026Q3은 마감되어 평가를 더할 수 없습니다. 열린 분기에 적어 주세요" in answer.text
    assert first(db, ValuationDraft) is None


def test_a_condition_is_added_met_and_opens_the_payment(
    held: cash_scene.Scene, two: tuple[FlaskClient, FlaskClient], db: Database
) -> None:
    page, second = f"/operations/portfolio/{NUMBER}", cash_scene.tranches(db)[1].id
    base = f"/operations/portfolio/{NUMBER}/cash"
    text = press(two[0], page, f"{base}/tranches/{second}/conditions", kind="milestone", text="시험 통과").text
    assert "조건 0/1" in text
    one = first(db, TrancheCondition).id
    assert "면제 사유" not in text
    text = press(two[0], page, f"{base}/conditions/{one}/meet", evidence="성적서").text
    assert "조건 1/1" in text


def test_lists_come_as_files(held: cash_scene.Scene, two: tuple[FlaskClient, FlaskClient]) -> None:
    calls = two[0].get("/operations/cash/calls?download=csv").data.decode("utf-8-sig").splitlines()
    assert calls[1].startswith("CC-2026-0001,")
    assert calls[1].endswith(",50000000")
    assert two[0].get("/operations/cash/movements?download=xlsx").data[:2] == b"PK"


def test_a_form_that_arrives_twice_drafts_once(
    held: cash_scene.Scene, two: tuple[FlaskClient, FlaskClient], db: Database
) -> None:
    page = f"/operations/portfolio/{NUMBER}/cash/movement"
    fields = {"kind": "dividend", "amount_krw": "1000", "cost_krw": "0", "reason": "배당 통지", "key": "a" * 32}
    answers = [press(two[0], page, page, **fields, effective_on="2026-07-02").status_code for _ in range(2)]
    assert answers == [200, 200]
    changed = press(two[0], page, page, **{**fields, "amount_krw": "2000"}, effective_on="2026-07-02")
    assert changed.status_code == 422
    with db.read() as session:
        assert session.scalars(select(CashMovement.amount_krw)).all() == [1000]


@pytest.mark.parametrize("number", ["sNaN", "9" * 400])
def test_what_is_no_sensible_number_is_refused_beside_its_field(
    held: cash_scene.Scene, two: tuple[FlaskClient, FlaskClient], number: str
) -> None:
    page = f"/operations/portfolio/{NUMBER}/cash/valuation"
    refused = press(two[0], page, page, round_new_percent=number, round_price_krw=number)
    assert refused.status_code == 422
    assert "숫자를 확인해 주세요" in refused.text


@pytest.mark.parametrize(("hours", "rate"), [("1", "9" * 20), ("1e15", "5000")])
def test_a_contribution_beyond_what_the_ledger_can_count_is_refused(
    held: cash_scene.Scene, two: tuple[FlaskClient, FlaskClient], hours: str, rate: str
) -> None:
    page = "/operations/pools"
    fields = {"investor": "microsoft", "sku": "h200", "region": "koreacentral", "quarter": "2027Q1"}
    assert press(two[1], page, page, **fields, hours=hours, rate_krw=rate).status_code == 422


def test_a_paid_tranche_and_a_received_call_are_corrected_through_two_browsers(
    held: cash_scene.Scene, two: tuple[FlaskClient, FlaskClient], db: Database
) -> None:
    analyst, finance = two
    award, tranche = f"/operations/portfolio/{NUMBER}", cash_scene.tranches(db)[0]
    right = {"amount_krw": "50000000", "effective_on": "2026-07-13", "reason": "거래 명세"}
    press(analyst, award, f"{award}/cash/tranches/{tranche.id}/correct", **right)
    number = first(db, PaymentCorrection).number
    page = f"/operations/cash/corrections/{number}"
    assert number in analyst.get(award).text
    assert LIT.findall(analyst.get(page).text) == ["/operations/portfolio"]
    assert press(analyst, "/operations/cash/calls", f"{page}/approve").status_code == 404
    assert "승인하고 기록했습니다." in press(finance, page, f"{page}/approve").text
    assert cash_scene.tranches(db)[0].disbursed_on == date(2026, 7, 13)
    booked = first(db, PaymentCorrection).txn_key.replace(":", "%3A")
    assert booked in finance.get(award).text.replace(":", "%3A")

    call = "/operations/cash/calls/CC-2026-0001"
    press(finance, call, f"{call}/lines/1/correct", **(right | {"effective_on": "2026-07-09"}))
    (received,) = re.findall(r'href="(/operations/cash/corrections/[^"]+)"', finance.get(call).text)
    assert LIT.findall(finance.get(received).text) == ["/operations/cash"]
    said = re.compile(r"<main[\s\S]*</main>").findall(finance.get(f"{page}?lang=en").text)[0]
    assert re.findall(r"정정|실제|금액|근거|승인", said.replace("거래 명세", "")) == []


def test_the_form_of_a_correction_says_what_is_wrong_and_strangers_find_no_page(
    held: cash_scene.Scene,
    two: tuple[FlaskClient, FlaskClient],
    db: Database,
    app: Flask,
    person: Callable[..., str],
    sign_in: Callable[..., TestResponse],
) -> None:
    award, tranche = f"/operations/portfolio/{NUMBER}", cash_scene.tranches(db)[0]
    asked = f"{award}/cash/tranches/{tranche.id}/correct"
    same = {"amount_krw": "50000000", "effective_on": str(tranche.disbursed_on), "reason": "x"}
    assert "지금 기록과 같습니다" in press(two[0], award, asked, **same).text
    assert "실제 금액" in press(two[0], award, asked, **(same | {"amount_krw": "많이"})).text
    press(two[0], award, asked, **(same | {"amount_krw": "45000000"}))
    page = f"/operations/cash/corrections/{first(db, PaymentCorrection).number}"
    auditor, partner = app.test_client(), app.test_client()
    sign_in(auditor, person("auditor"))
    sign_in(partner, person("partner", investor="kt"))
    assert [one.get(page).status_code for one in (auditor, partner)] == [200, 404]
    assert "정정 올리기" not in auditor.get(award).text
    finance = press(two[1], page, f"{page}/return", reason="근거 부족")
    assert "돌려보냈습니다." in finance.text


@pytest.mark.parametrize(
    ("language", "said"),
    [("ko", "실제로 오간 날: 오늘까지의 날짜여야 합니다"), ("en", "Day it really moved: not after today")],
)
def test_a_refusal_names_its_field_as_the_form_does(
    held: cash_scene.Scene, two: tuple[FlaskClient, FlaskClient], db: Database, language: str, said: str
) -> None:
    award, tranche = f"/operations/portfolio/{NUMBER}", cash_scene.tranches(db)[0]
    asked = f"{award}/cash/tranches/{tranche.id}/correct"
    future = {"amount_krw": "50000000", "effective_on": "2099-01-01", "reason": "x"}
    two[0].get(f"{award}?lang={language}")
    text = press(two[0], award, asked, **future).text
    assert said in text
    assert "effective_on:" not in text
