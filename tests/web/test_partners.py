from __future__ import annotations

import hashlib
import html
import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from portfolio.fund_factory import SIGNED_AT, Use, add_person, add_pool, decide, found_fund, write_usage
from scenes import Scenes
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from fundapp.core.access import SYSTEM, Role
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.portfolio.actions import disburse_tranche, import_usage, prepare_tranche, sign_award
from fundapp.portfolio.tables import Tranche
from fundapp.reporting.actions import freeze_quarter
from fundapp.reporting.tables import FrozenQuarter, ReportFile, ReportSignature

Q3 = Quarter(2026, 3)
PAID = datetime(2026, 7, 10, 3, 0, tzinfo=UTC)
AFTER = datetime(2026, 10, 12, 3, 0, tzinfo=UTC)
REPORT = "/partners/reports/2026Q3/v1"
FUNDED, UNFUNDED = "가온시험", "하늘새비공개"
READERS = {Role.PARTNER, Role.ANALYST, Role.FINANCE, Role.AUDITOR, Role.CHAIR, Role.COMMITTEE}

Enter = Callable[..., TestResponse]
Person = Callable[..., str]


@pytest.fixture
def fund(db: Database, scenes: Scenes, tmp_path: Path) -> Database:
    """One funded company, paid 50,000,001 won and using 120.5 h at 5,200 won, and one that was not funded."""
    scenes.set(db, "frozen fund", lambda: freeze_third_quarter(db, tmp_path))
    return db


def freeze_third_quarter(db: Database, folder: Path) -> None:
    def prepare(session: Session) -> None:
        found_fund(session)
        pool = add_pool(session)
        case = decide(session, name=FUNDED, hours=[(pool, 400)])
        decide(session, business_number="2208700001", name=UNFUNDED, outcome="deferred")
        one, two = add_person(session, "Han", "finance"), add_person(session, "Seo", "finance")
        sign_award(
            session,
            decision_id=case.decision_id,
            instrument="RCPS",
            key="sign",
            actor=SYSTEM,
            at=SIGNED_AT,
            signed_on=date(2026, 7, 1),
        )
        tranche = session.scalars(select(Tranche).where(Tranche.number == 1)).one()
        prepare_tranche(session, tranche_id=tranche.id, evidence="점검표", actor=one, at=PAID)
        disburse_tranche(session, tranche_id=tranche.id, key="d1", actor=two, at=PAID)

    db.transaction(prepare)
    usage = write_usage(folder / "usage.csv", [Use(date(2026, 8, 3), "120.5")])
    import_usage(db, usage, actor=SYSTEM, at=AFTER)
    db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=AFTER))


@pytest.fixture
def as_role(fund: Database, app: Flask, person: Person, sign_in: Enter) -> Callable[..., FlaskClient]:
    def enter(role: str, investor: str | None = None) -> FlaskClient:
        client = app.test_client()
        sign_in(client, person(role, investor=investor))
        return client

    return enter


@pytest.fixture
def partner(as_role: Callable[..., FlaskClient]) -> FlaskClient:
    return as_role("partner", "kt")


def words(answer: TestResponse) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def links(answer: TestResponse) -> set[str]:
    found = re.findall(r'href="(/partners/[^"#]*)', answer.text)
    return {html.unescape(one) for one in found if "theme=" not in one and "lang=" not in one}


def walk(client: FlaskClient) -> Iterator[tuple[str, TestResponse]]:
    """Every address of the room that links lead to, files included."""
    waiting, seen = ["/partners/", "/partners/?period=now", "/partners/?lang=en"], set[str]()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        answer = client.get(address, follow_redirects=True)
        yield address, answer
        if answer.mimetype == "text/html":
            waiting += sorted(links(answer) - seen)


def readable(answer: TestResponse) -> str:
    """What somebody can read in a page or file."""
    if answer.mimetype == "application/pdf":
        if shutil.which("pdftotext") is None:
            return ""
        done = subprocess.run(["pdftotext", "-", "-"], input=answer.data, capture_output=True, check=True)
        return done.stdout.decode()
    if answer.data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
            return " ".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    return answer.data.decode("utf-8", "replace")


def file_names(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(ReportFile.name)))


def signed_sides(db: Database) -> list[str]:
    with db.read() as session:
        return sorted(session.scalars(select(ReportSignature.side)))


def versions(db: Database, quarter: str) -> list[int]:
    with db.read() as session:
        return sorted(session.scalars(select(FrozenQuarter.version).where(FrozenQuarter.quarter == quarter)))


def test_the_fund_page_shows_cash_and_gpu_time_of_the_newest_frozen_quarter(partner: FlaskClient) -> None:
    page = words(partner.get("/partners/"))
    assert "2026-09-30 기준" in page
    assert "약정 10.0 억 100%" in page
    assert "납입 5,000만원" not in page  # the unit stands apart from its number
    assert "납입 5,000 만원 5% · 미납입 9.5억" in page
    assert "1,000 GPU시간" in page
    assert "배정의 30%" in page


def test_each_key_figure_explains_itself_on_hover_on_focus_and_when_opened(partner: FlaskClient) -> None:
    page = partner.get("/partners/").text
    meaning = "(분배 + NAV) ÷ 납입. 낸 돈이 지금 몇 배의 가치인지 말합니다."
    assert f'<summary class="k" data-meaning="{meaning}">TVPI' in page
    assert f"<p>{meaning}</p>" in page


def test_every_chart_is_an_image_with_a_korean_sentence_and_a_table(partner: FlaskClient) -> None:
    page = partner.get("/partners/").text
    labels = re.findall(r'<svg [^>]*viewBox[^>]* role="img" aria-label="([^"]+)"', page)
    charts = [label for label in labels if label.endswith("다.")]
    assert len(charts) == 6
    assert page.count("<summary>표로 보기</summary>") == 6


def test_today_can_be_shown_instead_of_a_frozen_quarter(partner: FlaskClient) -> None:
    assert "확정하지 않은 수치" in words(partner.get("/partners/?period=now"))


@pytest.mark.parametrize("period", ["2026Q2-1", "2026Q3-2"])
def test_a_version_that_does_not_exist_is_absent(partner: FlaskClient, period: str) -> None:
    assert partner.get(f"/partners/?period={period}").status_code == 404


def test_a_report_shows_its_version_status_and_ten_sections(partner: FlaskClient) -> None:
    answer = partner.get(REPORT)
    assert re.findall(r'<h2 id="h-[a-z]+">(\d+)\.', answer.text) == [str(n) for n in range(1, 11)]
    assert "2026년 3분기 출자자 보고서" in words(answer)
    assert "초안" in words(answer)


def test_a_company_of_a_report_has_a_confidential_page_with_its_tables(partner: FlaskClient) -> None:
    address = "/partners/reports/2026Q3/v1/companies"
    page = partner.get(address).text
    assert "기업 비밀, 배포 금지" in page
    (award,) = re.findall(r'<option value="(AW-[^"]+)" selected>', page)
    assert partner.get(f"{address}?award={award}").text.count("<h1>") == 1
    assert "배정 잔여 시간" in page
    assert "기업별 배정과 소진" in page
    assert partner.get(f"{address}?award=AW-9999").status_code == 404
    assert partner.get("/partners/reports/2026Q3/v9/companies").status_code == 404


def test_the_short_address_of_a_quarter_leads_to_its_newest_version(partner: FlaskClient) -> None:
    assert partner.get("/partners/reports/2026Q3").location == REPORT


@pytest.mark.parametrize(
    "address", ["/partners/reports/2026Q9/v1", "/partners/reports/2026Q3/v2", f"{REPORT}/figures/x.y"]
)
def test_a_report_or_figure_that_does_not_exist_is_absent(partner: FlaskClient, address: str) -> None:
    assert partner.get(address).status_code == 404


def test_a_figure_opens_the_transfers_behind_it_and_they_add_up(partner: FlaskClient) -> None:
    assert f"{REPORT}/figures/total.paid_in" in links(partner.get("/partners/"))
    page = words(partner.get(f"{REPORT}/figures/total.paid_in"))
    assert "보고한 값 50,626,601원" in page
    assert "근거의 합 50,626,601원 보고한 값과 같습니다. 차이 0원" in page
    assert "2026-07-10 납입 · 현금 50,000,001 award:AW-2026-0001 → bank:fund 50,000,001원" in page
    assert "grant:AW-2026-0001:h100:koreacentral:2026Q3 → used:AW-2026-0001:h100" in page
    assert "120.5 GPU시간" in page
    assert "capital_call:AW-2026-0001:1" in page


def test_a_holding_opens_what_went_to_its_company(partner: FlaskClient) -> None:
    page = words(partner.get(f"{REPORT}/figures/holdings.AW-2026-0001"))
    assert "투자 집행 · 현금 가온시험 50,000,001 bank:fund → investment:AW-2026-0001" in page


def test_every_trail_that_a_report_links_to_opens(partner: FlaskClient) -> None:
    trails = sorted(one for one in links(partner.get(REPORT)) if "/figures/" in one)
    assert len(trails) > 30
    assert [one for one in trails if partner.get(one).status_code != 200] == []


def test_a_download_is_built_when_asked_for_and_kept_by_its_hash(partner: FlaskClient, fund: Database) -> None:
    assert file_names(fund) == []
    answer = partner.get(f"{REPORT}/download/pdf", follow_redirects=True)
    assert answer.data[:5] == b"%PDF-"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="report-2026Q3-v1-ko.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    with fund.read() as session:
        row = session.scalars(select(ReportFile).where(ReportFile.name == "report-2026Q3-v1-ko.pdf")).one()
    assert (hashlib.sha256(answer.data).hexdigest(), len(answer.data)) == (row.sha256, row.bytes)


def test_a_second_download_builds_nothing(partner: FlaskClient, fund: Database) -> None:
    partner.get(f"{REPORT}/download/json")
    names = file_names(fund)
    partner.get(f"{REPORT}/download/headline.csv")
    assert file_names(fund) == names


def test_a_store_that_was_emptied_fills_again(partner: FlaskClient, app: Flask) -> None:
    first = partner.get(f"{REPORT}/download/xlsx", follow_redirects=True).data
    shutil.rmtree(app.config["FILES_URL"])
    assert partner.get(f"{REPORT}/download/xlsx", follow_redirects=True).data == first


def test_a_file_whose_bytes_were_changed_in_the_store_is_not_handed_out(
    partner: FlaskClient, app: Flask, fund: Database
) -> None:
    address = partner.get(f"{REPORT}/download/json").location
    with fund.read() as session:
        sha256 = session.scalars(select(ReportFile.sha256).where(ReportFile.name.endswith(".json"))).one()
    (Path(app.config["FILES_URL"]) / "reports" / sha256[:2] / sha256).write_bytes(b"{}")
    assert partner.get(address).status_code == 404


@pytest.mark.parametrize("kind", ["docx", "no-such-table.csv", "..%2fsecret-key"])
def test_an_unknown_format_is_absent(partner: FlaskClient, kind: str) -> None:
    assert partner.get(f"{REPORT}/download/{kind}").status_code == 404


def test_the_english_report_is_built_in_english(partner: FlaskClient) -> None:
    partner.get("/partners/?lang=en")
    answer = partner.get(f"{REPORT}/download/headline.csv", follow_redirects=True)
    assert answer.data.decode("utf-8-sig").splitlines()[0].startswith("Basis,Total,")
    assert "Q3 2026 investor report" in words(partner.get(REPORT))


@pytest.mark.parametrize("role", list(Role))
def test_files_are_for_those_who_may_read_reports(
    as_role: Callable[..., FlaskClient], app: Flask, fund: Database, role: Role
) -> None:
    chosen = as_role(role, "kt" if role is Role.PARTNER else None)
    reader = chosen if role in READERS else None
    with fund.read() as session:
        assert session.scalars(select(ReportFile.id)).first() is None
    if reader is None:
        assert chosen.get(f"{REPORT}/download/pdf").status_code == 404
        assert file_names(fund) == []
        return
    reader.get(f"{REPORT}/download/pdf")
    addresses = [f"{REPORT}/files/{name}" for name in file_names(fund)]
    assert len(addresses) > 25
    assert {reader.get(one).status_code for one in addresses} == {200}
    assert {app.test_client().get(one).status_code for one in addresses} == {404}


@pytest.mark.parametrize("role", [Role.APPLICANT, Role.ADMIN])
def test_no_file_and_no_page_opens_for_roles_that_may_not_read_reports(
    as_role: Callable[..., FlaskClient], partner: FlaskClient, fund: Database, role: Role
) -> None:
    partner.get(f"{REPORT}/download/pdf")
    stranger = as_role(role)
    addresses = [f"{REPORT}/files/{name}" for name in file_names(fund)]
    pages = ["/partners/", "/partners/reports", REPORT, f"{REPORT}/figures/total.nav", f"{REPORT}/download/pdf"]
    assert len(addresses) > 25
    assert {stranger.get(one).status_code for one in [*addresses, *pages]} == {404}


def test_strangers_are_asked_to_sign_in(client: FlaskClient, fund: Database) -> None:
    assert client.get("/partners/").location == "/account/login?next=/partners/"
    assert client.get(f"{REPORT}/files/report-2026Q3-v1-ko.pdf").status_code == 404


def test_a_partner_meets_no_applicant_that_is_not_funded(partner: FlaskClient) -> None:
    met = {address: readable(answer) for address, answer in walk(partner)}
    assert [address for address, text in met.items() if UNFUNDED in text or "2208700001" in text] == []
    assert [address for address, text in met.items() if "AX-T-0001" in text or "비밀 과제" in text] == []
    # The same walk does meet the company that is funded, in pages and in files.
    naming = [address for address, text in met.items() if FUNDED in text]
    assert "/partners/" in naming
    assert any(one.endswith("holdings.csv") for one in naming)
    assert any(one.endswith("xlsx") for one in naming)


def test_a_partner_signs_for_its_own_side_once(
    partner: FlaskClient, fund: Database, post_form: Callable[..., TestResponse]
) -> None:
    assert partner.get(REPORT).text.count('name="side"') == 1
    fields = {"key": "0" * 32, "side": "kt"}
    for _ in range(2):
        assert post_form(partner, REPORT, fields, f"{REPORT}/sign").location == REPORT
    assert signed_sides(fund) == ["kt"]
    assert 'name="side"' not in partner.get(REPORT).text


@pytest.mark.parametrize("side", ["microsoft", "fund", "somebody"])
def test_nobody_signs_for_another_side(
    partner: FlaskClient, fund: Database, post_form: Callable[..., TestResponse], side: str
) -> None:
    answer = post_form(partner, REPORT, {"key": "0" * 32, "side": side}, f"{REPORT}/sign")
    assert answer.status_code in {404, 422}
    assert signed_sides(fund) == []


def test_a_signature_needs_its_key(
    partner: FlaskClient, fund: Database, post_form: Callable[..., TestResponse]
) -> None:
    assert post_form(partner, REPORT, {"side": "kt"}, f"{REPORT}/sign").status_code == 422
    assert signed_sides(fund) == []


def test_three_signatures_approve_a_report_and_its_files_say_so(
    as_role: Callable[..., FlaskClient],
    app: Flask,
    person: Person,
    sign_in: Enter,
    post_form: Callable[..., TestResponse],
) -> None:
    finance, kt = as_role("finance"), as_role("partner", "kt")
    microsoft = app.test_client()
    sign_in(microsoft, person("partner", "auditor", investor="microsoft"))
    before = kt.get(f"{REPORT}/download/pdf", follow_redirects=True).data
    for number, (who, side) in enumerate([(finance, "fund"), (kt, "kt"), (microsoft, "microsoft")]):
        post_form(who, REPORT, {"key": f"{number:032x}", "side": side}, f"{REPORT}/sign")
    assert "승인" in words(kt.get("/partners/reports"))
    document = kt.get(f"{REPORT}/download/json", follow_redirects=True)
    assert document.data != b""
    assert '"status": "approved"' in document.data.decode()
    assert kt.get(f"{REPORT}/download/pdf", follow_redirects=True).data != before


def test_finance_freezes_a_quarter_and_its_files_are_built(
    as_role: Callable[..., FlaskClient], fund: Database, post_form: Callable[..., TestResponse]
) -> None:
    finance = as_role("finance")
    page = "/partners/reports?quarter=2026Q4"
    fields = {"key": "1" * 32, "quarter": "2026Q4", "reason": ""}
    answer = post_form(finance, page, fields, "/partners/reports")
    assert answer.location == "/partners/reports/2026Q4/v1"
    assert post_form(finance, page, fields, "/partners/reports").location == answer.location
    assert versions(fund, "2026Q4") == [1]
    assert "report-2026Q4-v1-ko.pdf" in file_names(fund)


def test_use_that_belongs_to_nobody_stops_the_freeze_until_a_reason_is_given(
    as_role: Callable[..., FlaskClient], fund: Database, tmp_path: Path, post_form: Callable[..., TestResponse]
) -> None:
    import_usage(fund, write_usage(tmp_path / "lost.csv", [Use(date(2026, 8, 4), "4", tag="")]), actor=SYSTEM, at=AFTER)
    finance, page = as_role("finance"), "/partners/reports?quarter=2026Q3"

    def ask(key: str, **more: str) -> TestResponse:
        return post_form(finance, page, {"key": key * 32, "quarter": "2026Q3", **more}, "/partners/reports")

    refused = ask("a")
    assert refused.status_code == 409
    assert "주인을 모르는 GPU 사용 4 GPU시간" in words(refused)
    unreasoned = ask("b", accept_suspense="y")
    assert unreasoned.status_code == 422
    assert "사유를 적어 주세요" in words(unreasoned)
    assert ask("c", accept_suspense="y", reason="태그 확인 중").location == "/partners/reports/2026Q3/v2"
    assert versions(fund, "2026Q3") == [1, 2]


def test_the_list_before_a_freeze_names_the_quarters_own_days(
    as_role: Callable[..., FlaskClient], fund: Database
) -> None:
    assert fund
    finance = as_role("finance")
    over = words(finance.get("/partners/reports?quarter=2026Q3"))
    assert "2026-07-01부터 2026-09-30까지, GPU 사용은 UTC 날짜로 봅니다." in over
    assert "확정하면 오늘까지의 초안" not in over
    assert "아직 끝나지 않은 분기라, 확정하면 오늘까지의 초안이 됩니다." in words(
        finance.get("/partners/reports?quarter=2090Q1")
    )


@pytest.mark.parametrize("role", sorted(READERS - {Role.FINANCE}))
def test_only_finance_is_offered_a_freeze(
    as_role: Callable[..., FlaskClient], fund: Database, post_form: Callable[..., TestResponse], role: Role
) -> None:
    reader = as_role(role, "kt" if role is Role.PARTNER else None)
    assert "분기 확정" not in reader.get("/partners/reports").text
    answer = post_form(reader, "/account/password", {"key": "2" * 32, "quarter": "2026Q3"}, "/partners/reports")
    assert answer.status_code == 404
    assert versions(fund, "2026Q3") == [1]


def test_an_earlier_version_stays_beside_the_newer_one(partner: FlaskClient, fund: Database, tmp_path: Path) -> None:
    import_usage(fund, write_usage(tmp_path / "less.csv", [Use(date(2026, 8, 3), "100")]), actor=SYSTEM, at=AFTER)
    fund.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=AFTER))
    assert "납입 (PI) · 합계" in words(partner.get(f"{REPORT}/figures/total.paid_in"))
    assert "보고한 값 50,626,601원" in words(partner.get(f"{REPORT}/figures/total.paid_in"))
    newer = words(partner.get("/partners/reports/2026Q3/v2/figures/total.paid_in"))
    assert "보고한 값 50,520,001원" in newer
    assert "더 새로운 판이 있습니다" in words(partner.get(REPORT))


def test_an_instance_without_a_fund_says_so(app: Flask, person: Person, sign_in: Enter) -> None:
    client = app.test_client()
    sign_in(client, person("partner", investor="kt"))
    answer = client.get("/partners/")
    assert answer.status_code == 200
    assert "펀드가 아직 설립되지 않았습니다" in words(answer)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_fund_in_which_nothing_has_happened_has_a_page_and_a_report(
    db: Database, app: Flask, person: Person, sign_in: Enter, language: str
) -> None:
    db.transaction(found_fund)
    client = app.test_client()
    sign_in(client, person("partner", investor="kt"))
    today = client.get(f"/partners/?lang={language}", follow_redirects=True)
    assert today.status_code == 200
    assert {"ko": "풀이 없습니다", "en": "No pools"}[language] in words(today)
    db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=AFTER))
    for address in ("/partners/", REPORT, "/partners/reports/recognition"):
        assert client.get(address).status_code == 200, address
