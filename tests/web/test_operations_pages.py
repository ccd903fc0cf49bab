"""The portfolio, the ledger, rates and a company's progress, as staff see them and take them away as files."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO, StringIO

import openpyxl
import pytest
from committee.committee_factory import CALL, add_application
from flask import Flask
from flask.testing import FlaskClient
from portfolio import fund_factory
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from fundapp.allocation.tables import RateChange
from fundapp.core.access import SYSTEM
from fundapp.core.quantities import won
from fundapp.core.sessions import Database
from fundapp.ledger.actions import close_books, open_account, post
from fundapp.ledger.queries import rate_on
from fundapp.ledger.rules import Leg
from fundapp.portfolio.actions import sign_award
from fundapp.portfolio.queries import PortfolioFilter, list_portfolio, portfolio_totals
from fundapp.portfolio.queries.portfolio import SORTS
from fundapp.portfolio.tables import Award, CodevelopmentMilestone, Tranche

Enter = Callable[..., FlaskClient]
PostForm = Callable[..., TestResponse]
KEY = "1" * 32
TODAY = date(2026, 11, 23)
NAMES = {"1234567891": "가온시험", "2234567890": "나래시험", "3234567899": "=다솜시험"}


@pytest.fixture
def enter(app: Flask, person: Callable[..., str], sign_in: Callable[..., TestResponse]) -> Enter:
    def make(*roles: str, name: str = "김도윤") -> FlaskClient:
        client = app.test_client()
        sign_in(client, person(*roles, name=name))
        return client

    return make


@pytest.fixture
def awards(db: Database) -> Database:
    """Three awards of 1, 2 and 3억원, each with 100 hours of H100; half of the first one's cash has been paid."""

    def work(session: Session) -> None:
        fund_factory.found_fund(session)
        pool = fund_factory.add_pool(session)
        for place, (identifier, name) in enumerate(NAMES.items(), start=1):
            case = fund_factory.decide(
                session, business_number=identifier, name=name, krw=place * 100_000_000, hours=[(pool, 100)]
            )
            sign_award(
                session,
                decision_id=case.decision_id,
                instrument="RCPS",
                key=f"sign{place}",
                actor=SYSTEM,
                at=fund_factory.SIGNED_AT,
                signed_on=fund_factory.SIGNED,
            )
        first = session.scalars(select(Tranche).join(Award).where(Award.number == "AW-2026-0001")).first()
        assert first is not None
        first.state, first.disbursed_on = "disbursed", fund_factory.SIGNED

    db.transaction(work)
    return db


def statements(db: Database, ask: Callable[[], object]) -> int:
    seen: list[str] = []

    def count(*args: object) -> None:
        seen.append(str(args[2]))

    event.listen(db.engine, "before_cursor_execute", count)
    ask()
    event.remove(db.engine, "before_cursor_execute", count)
    return len(seen)


# ---- the portfolio ----


def test_the_portfolio_is_narrowed_sorted_and_taken_away_whole(awards: Database, enter: Enter) -> None:
    client = enter("analyst")
    order = re.compile("가온시험</a>|나래시험</a>|=다솜시험</a>")

    def shown(query: str) -> list[str]:
        return [one.removesuffix("</a>") for one in order.findall(client.get(f"/operations/portfolio?{query}").text)]

    assert shown("sort=committed&down=1") == ["=다솜시험", "나래시험", "가온시험"]
    assert shown("q=나래") == ["나래시험"]
    assert shown("sort=paid&down=1")[0] == "가온시험"
    assert shown("sku=a100") == []
    assert shown("call=AX-T&state=open&sku=h100") == ["가온시험", "나래시험", "=다솜시험"]
    file = client.get("/operations/portfolio?download=csv&sort=company&down=1&page=9")
    rows = list(csv.reader(StringIO(file.text.removeprefix("\ufeff"))))
    # Full won, four decimals of an hour, and no company name that a spreadsheet would run.
    assert [row[1] for row in rows[1:]] == ["나래시험", "가온시험", "'=다솜시험"]
    assert [(row[6], row[7]) for row in rows[1:]][1] == ("100000000", "50000000")
    assert rows[1][14] == "100.0000"


def test_every_sort_of_the_portfolio_is_one_the_database_knows(awards: Database) -> None:
    with awards.read() as session:
        for sort in SORTS:
            asked = PortfolioFilter(sort=sort, down=True)
            assert list_portfolio(session, SYSTEM, asked, today=TODAY, limit=2).total == 3


def test_a_page_of_the_portfolio_asks_as_often_for_one_award_as_for_fifty(awards: Database) -> None:
    def more(session: Session) -> None:
        pool = fund_factory.add_pool(session, quarter="2026Q4")
        for place in range(50):
            number = f"4{place:09d}"
            case = fund_factory.decide(session, business_number=number, name=f"열림{place}", krw=1, hours=[(pool, 10)])
            award = Award(
                number=f"AW-2026-{place + 10:04d}",
                decision_id=case.decision_id,
                application_id=case.application_id,
                company_id=case.company_id,
                instrument="none",
                committed_krw=0,
                signed_on=fund_factory.SIGNED,
                signed_by="x",
                created_at=fund_factory.SIGNED_AT,
            )
            session.add(award)

    def ask(limit: int) -> None:
        with awards.read() as session:
            list_portfolio(session, SYSTEM, PortfolioFilter(), today=TODAY, limit=limit)
            portfolio_totals(session, SYSTEM)

    few = statements(awards, lambda: ask(1))
    awards.transaction(more)
    assert statements(awards, lambda: ask(50)) == few


def test_totals_add_up_what_the_list_shows(awards: Database) -> None:
    with awards.read() as session:
        totals = portfolio_totals(session, SYSTEM)
        rows = list_portfolio(session, SYSTEM, PortfolioFilter(), today=TODAY).rows
    assert (totals.awards, totals.committed_krw, totals.disbursed_krw) == (3, 600_000_000, 50_000_000)
    assert [(one.sku, one.granted_e4, one.used_e4, one.remaining_e4) for one in totals.gpu] == [
        ("h100", 3_000_000, 0, 3_000_000)
    ]
    assert sum(row.waiting_krw for row in rows) == 550_000_000
    assert rows[0].next_due_on == date(2026, 12, 19)  # half a year, 182 days, after 20 June


def test_a_list_gives_out_what_its_filters_leave_and_to_those_only_who_may_export(db: Database, enter: Enter) -> None:
    def some(session: Session) -> None:
        add_application(session, 1, name="가람시험", score=785)
        add_application(session, 2, name="나루시험", score=None)

    db.transaction(some)
    path = f"/operations/?call={CALL}&q=가람&download=csv"
    rows = list(csv.reader(StringIO(enter("analyst").get(path).text.removeprefix("\ufeff"))))
    assert [(row[1], row[5]) for row in rows[1:]] == [("가람시험", "78.5")]
    assert enter("chair").get(path).status_code == 404


# ---- the ledger ----


def test_an_account_shows_each_transfer_with_the_balance_after_it_a_page_at_a_time(
    awards: Database, enter: Enter
) -> None:
    def spend(session: Session) -> None:
        open_account(session, "bank:fund", "KRW", on=date(2026, 1, 2))
        for place in range(60):
            legs = [Leg("pool:kt", "bank:fund", won(1_000))]
            day = date(2026, 8, 1 + place % 28)
            post(session, key=f"k{place}", kind="fee", legs=legs, effective_on=day, actor=SYSTEM, at=fund_factory.AT)

    awards.transaction(spend)
    client = enter("finance")
    page = client.get("/operations/ledger/account?path=pool:kt").text
    # 1,000,000,000 committed, 600,000,000 awarded, 60 fees of 1,000.
    balances = re.findall(r'<td class="r num nw">([\d,]+)원</td><td class="nw">', page)
    assert (balances[0], balances[49]) == ("399,940,000", "399,989,000")
    older = re.search(r'rel="next" href="([^"]+)"', page)
    assert older is not None
    rest = client.get("/operations/ledger/account" + older[1].replace("&amp;", "&")).text
    balances = re.findall(r'<td class="r num nw">([\d,]+)원</td><td class="nw">', rest)
    assert (len(balances), balances[0], balances[-1]) == (14, "399,990,000", "1,000,000,000")
    file = client.get("/operations/ledger/account?path=pool:kt&kind=fee&download=xlsx")
    sheet = openpyxl.load_workbook(BytesIO(file.data)).active
    assert sheet is not None
    assert sheet.max_row == 61


def test_gpu_time_stands_beside_its_value_and_a_transaction_shows_all_its_transfers(
    awards: Database, enter: Enter
) -> None:
    client = enter("auditor")
    page = client.get("/operations/ledger/account?path=grant:AW-2026-0001:h100:koreacentral:2026Q3").text
    # 100 hours at 5,200 won.
    assert "+100 GPU시간" in page
    assert "52만원 상당" in page
    key = re.search(r"/operations/ledger/transaction\?key=([^\"]+)", page)
    assert key is not None
    whole = client.get(f"/operations/ledger/transaction?key={key[1]}").text
    assert "pool:kt" in whole
    assert "award:AW-2026-0001" in whole
    moved = client.get("/operations/ledger/transfers?source_ref=award:AW-2026-0001").text
    assert "100,000,000원" in moved
    assert 'href="/operations/portfolio/AW-2026-0001"' in moved


def test_the_tree_never_adds_cash_to_gpu_time_and_goes_down_to_accounts(awards: Database, enter: Enter) -> None:
    client = enter("finance")
    top = client.get("/operations/ledger").text
    row = re.search(r'<a href="/operations/ledger\?under=pool">.*?</tr>', top, re.DOTALL)
    assert row is not None
    figures = [re.sub("<[^>]+>", " ", cell).split() for cell in re.findall(r"<td.*?</td>", row[0], re.DOTALL)]
    assert figures == [["400,000,000원"], ["H100", "700"], ["364만원", "상당"]]
    assert "pool:microsoft:h100:koreacentral:2026Q3" in client.get("/operations/ledger?q=koreacentral").text
    assert "1,000,000,000원" in client.get("/operations/ledger?under=pool&on=2026-06-19").text
    assert client.get("/operations/ledger?account=pool:kt").headers["Location"].endswith("account?path=pool:kt")


# ---- a company's progress ----


def test_a_step_that_slips_keeps_the_day_agreed_and_ends_once(
    awards: Database, enter: Enter, post_form: PostForm
) -> None:
    client, page = enter("analyst"), "/operations/portfolio/AW-2026-0001"
    post_form(
        client,
        page,
        {"key": KEY, "track": "spc", "text": "마켓 등록", "planned_on": "2026-10-30"},
        f"{page}/milestones",
    )
    with awards.read() as session:
        step = session.scalars(select(CodevelopmentMilestone.id)).one()
    place = f"{page}/milestones/{step}"
    post_form(client, page, {"key": KEY, "expected_on": "2026-12-18", "reason": "심사 지연"}, f"{place}/expect")
    assert "49일 늦음" in client.get(page).text  # 30 October to 18 December
    done = {"key": KEY, "done_on": "2026-07-02", "result": "등록 완료"}
    assert "2단계" not in post_form(client, page, done, f"{place}/done").text
    shown = client.get(page).text
    assert "1단계 중 1단계 완료" in shown
    post_form(client, page, done | {"result": "다시"}, f"{place}/done")
    with awards.read() as session:
        assert session.scalars(select(CodevelopmentMilestone.result)).one() == "등록 완료"


def test_quarterly_figures_show_the_plan_and_how_long_cash_lasts(
    awards: Database, enter: Enter, post_form: PostForm
) -> None:
    client, page = enter("analyst"), "/operations/portfolio/AW-2026-0001"
    figures = {
        "key": KEY,
        "quarter": "2026Q1",
        "source": "기업 제출",
        "revenue": "390000000",
        "revenue_plan": "361000000",
        "operating_profit": "-90000000",
        "operating_profit_plan": "-110000000",
        "cash": "488800000",
        "monthly_burn": "52000000",
    }
    post_form(client, page, figures, f"{page}/metrics")
    shown = client.get(page).text
    assert "108%" in shown  # 390 of 361
    assert "+2,000만원" in shown
    assert "9.4<" in shown  # 488.8 over 52 months
    assert "−9,000<" in shown


# ---- rates ----


def test_a_new_rate_touches_no_pool_and_no_closed_day(
    awards: Database, enter: Enter, post_form: PostForm, at: datetime
) -> None:
    client, page = enter("finance"), "/operations/rates"
    card = {
        "key": KEY,
        "sku": "h100",
        "currency": "KRW",
        "valid_from": "2026-10-01",
        "price": "4900",
        "source": "2차 협약",
    }
    assert post_form(client, page, card, f"{page}/cards").status_code == 422  # no reason
    post_form(client, page, card | {"reason": "단가 인하"}, f"{page}/cards")
    with awards.read() as session:
        assert rate_on(session, "GPUH.H100", date(2026, 10, 1)) == 4_900
        kept = session.scalars(select(RateChange)).one()
    assert (kept.reason, kept.entered_by, kept.price) == ("단가 인하", "김도윤", "KRW 4900")
    shown = client.get(page).text
    assert "4,900" in shown
    assert "5,200원" in shown
    assert ">pool:" not in shown
    assert '>마이크로소프트</a> <span class="meta d-block num">H100 · koreacentral</span>' in shown
    awards.transaction(lambda s: close_books(s, through=date(2026, 12, 31), actor=SYSTEM, at=at))
    refused = post_form(client, page, card | {"reason": "늦게", "price": "1"}, f"{page}/cards")
    assert refused.status_code == 422
    assert "2026-12-31까지 마감되었습니다" in refused.text


def test_an_exchange_rate_is_kept_exactly(awards: Database, enter: Enter, post_form: PostForm) -> None:
    client, page = enter("finance"), "/operations/rates"
    fields = {"key": KEY, "day": "2026-11-20", "rate": "1391.25", "source": "서울외국환중개", "reason": "월말 평가"}
    post_form(client, page, fields, f"{page}/fx")
    assert "1,391.25" in client.get(page).text
    assert post_form(client, page, fields, f"{page}/fx").status_code == 422  # nothing would change
