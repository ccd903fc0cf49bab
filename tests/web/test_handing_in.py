"""Handing documents in on the web, and who may take them away again."""

from __future__ import annotations

import io
import re
import uuid
from pathlib import Path

import pikepdf
import pytest
from documents_made import pdf_of, picture, with_javascript
from flask.testing import FlaskClient
from portal_people import FIRST_NUMBER, SECOND_NUMBER, Browser, Portal
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from fundapp.core.access import Role
from fundapp.intake.tables import Application, Document

PLAN = pdf_of("사업 계획 첫 쪽", "둘째 쪽")


@pytest.fixture
def company(portal: Portal) -> tuple[Browser, uuid.UUID, uuid.UUID]:
    """Somebody signed in, their company, and an application that lacks nothing."""
    person = portal.person("founder@example.com")
    company = portal.company(person, FIRST_NUMBER)
    return portal.browser("founder@example.com"), company, portal.complete_draft(person, company)


def hand_in(
    browser: Browser, application: uuid.UUID, requirement: str, name: str, content: bytes, /, **fields: str
) -> TestResponse:
    page = f"/portal/applications/{application}/documents/"
    data = browser.hidden(page) | fields | {"file": (io.BytesIO(content), name)}
    return browser.client.post(f"{page}{requirement}", data=data, content_type="multipart/form-data")


def newest(portal: Portal) -> Document:
    with portal.db.read() as session:
        return session.scalars(select(Document).order_by(Document.uploaded_at.desc(), Document.id.desc())).first()  # type: ignore[return-value]


def test_a_file_is_taken_in_cleaned_and_listed(portal: Portal, company: tuple[Browser, uuid.UUID, uuid.UUID]) -> None:
    browser, _, application = company
    answer = hand_in(browser, application, "business_plan", "../계획 <b>.pdf", with_javascript(PLAN))
    assert answer.status_code == 302
    kept = newest(portal)
    assert (kept.name, kept.format, kept.pages, kept.scanned_by) == ("계획 <b>.pdf", "pdf", 2, None)
    page = browser.text(f"/portal/applications/{application}/documents/")
    assert "계획 &lt;b&gt;.pdf" in page
    assert "악성 코드 미확인" in page
    assert "계획 &lt;b&gt;.pdf" in browser.text("/portal/documents")


def test_a_file_is_only_ever_handed_out_as_a_download_that_cannot_run(
    portal: Portal, company: tuple[Browser, uuid.UUID, uuid.UUID]
) -> None:
    browser, _, application = company
    hand_in(browser, application, "business_plan", "plan.html", with_javascript(PLAN))
    kept = newest(portal)
    clean, original = (browser.get(f"/documents/{kept.id}/{what}") for what in ("file", "original"))
    for answer in (clean, original):
        assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''business_plan-")
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
    assert clean.content_type == "application/pdf"
    assert original.content_type == "application/octet-stream"
    assert b"SCRIPT-CANARY" in original.data
    with pikepdf.open(io.BytesIO(clean.data)) as pdf:
        assert "/OpenAction" not in pdf.Root


def test_pages_are_shown_as_pictures(portal: Portal, company: tuple[Browser, uuid.UUID, uuid.UUID]) -> None:
    browser, _, application = company
    hand_in(browser, application, "business_plan", "plan.pdf", PLAN)
    kept = newest(portal)
    first, again = (browser.get(f"/documents/{kept.id}/pages/1.png") for _ in range(2))
    assert (first.status_code, first.content_type) == (200, "image/png")
    assert first.data == again.data
    assert first.data.startswith(b"\x89PNG")
    assert browser.get(f"/documents/{kept.id}/pages/3.png").status_code == 404


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<script>alert(1)</script>", "어느 것도 아닙니다"),
        (b"", "빈 파일입니다"),
        (pdf_of("900101-1234567"), "주민등록번호로 보이는 숫자가 있습니다"),
    ],
)
def test_what_is_refused_is_said_beside_its_requirement_and_nothing_is_lost(
    portal: Portal, company: tuple[Browser, uuid.UUID, uuid.UUID], content: bytes, words: str
) -> None:
    browser, _, application = company
    before = newest(portal).id
    answer = hand_in(browser, application, "business_plan", "a.pdf", content)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in page
    assert 'href="#f-business_plan"' in page
    assert "이미 붙인 서류는 그대로 있습니다" in page
    assert newest(portal).id == before


def test_a_document_of_the_wallet_answers_again_and_can_be_taken_off(
    portal: Portal, company: tuple[Browser, uuid.UUID, uuid.UUID]
) -> None:
    browser, _, application = company
    page = f"/portal/applications/{application}/documents/"
    plan = newest(portal).id
    browser.post(f"{page}business_plan/{plan}/detach", {}, page=page)
    assert f'<option value="{plan}">' in browser.text(page)
    assert "아직 내지 않았습니다" in browser.text(f"/portal/applications/{application}/check")
    answer = browser.post(f"{page}business_plan", {"kept": str(plan)}, page=page)
    assert answer.status_code == 302
    assert "아직 내지 않았습니다" not in browser.text(f"/portal/applications/{application}/check")


def test_proof_shows_its_arithmetic_once_it_is_asked_for(
    portal: Portal, company: tuple[Browser, uuid.UUID, uuid.UUID]
) -> None:
    browser, _, application = company
    page = f"/portal/applications/{application}/documents/"
    assert "지금 준비하지 않아도 됩니다" in browser.text(page)
    portal.db.transaction(lambda s: s.execute(update(Application).values(state="eligible")))
    refused = hand_in(browser, application, "business_registration", "a.png", picture(), issued_on="2019-01-01")
    assert refused.status_code == 422
    assert "유효기간이 지났습니다" in refused.get_data(as_text=True)
    unreadable = hand_in(browser, application, "business_registration", "a.png", picture(), issued_on="어제")
    assert "2026-01-31처럼" in unreadable.get_data(as_text=True)


def every_address(document: uuid.UUID) -> list[str]:
    return [f"/documents/{document}/{what}" for what in ("file", "original", "pages/1.png")]


def test_nobody_else_gets_a_file_and_absent_looks_like_forbidden(
    portal: Portal, company: tuple[Browser, uuid.UUID, uuid.UUID]
) -> None:
    browser, _, application = company
    hand_in(browser, application, "business_plan", "plan.pdf", PLAN)
    kept = newest(portal).id
    rival = portal.person("rival@example.com")
    portal.company(rival, SECOND_NUMBER, "다른회사")
    for role in (Role.ANALYST, Role.COMMITTEE, Role.FINANCE):
        portal.person(f"{role}@example.com", role)
    portal.person("partner@example.com", Role.PARTNER, investor="kt")
    for who in ("rival", "analyst", "committee", "finance", "partner"):
        other = portal.browser(f"{who}@example.com")
        absent = other.get(f"/documents/{uuid.uuid4()}/file")
        for address in every_address(kept):
            answer = other.get(address)
            assert answer.status_code == 404, (who, address)
            assert scrubbed(answer) == scrubbed(absent)
        for address in (f"/portal/applications/{application}/documents/", "/portal/documents"):
            assert "plan.pdf" not in other.text(address)
    assert portal.app.test_client().get(every_address(kept)[0]).status_code == 302


def scrubbed(answer: TestResponse) -> str:
    return re.sub(r'(value|content|nonce)="[^"]*"|href="[^"]*"', "", answer.get_data(as_text=True))


def test_the_fund_reads_what_was_sent_and_a_member_only_after_the_pledge(
    portal: Portal, company: tuple[Browser, uuid.UUID, uuid.UUID]
) -> None:
    browser, _, application = company
    hand_in(browser, application, "business_plan", "plan.pdf", PLAN)
    kept = newest(portal).id
    browser.post(f"/portal/applications/{application}/submit", {}, page=f"/portal/applications/{application}/check")
    portal.db.transaction(lambda s: s.execute(update(Application).values(state="eligible")))
    portal.person("analyst@example.com", Role.ANALYST)
    portal.person("member@example.com", Role.COMMITTEE)
    analyst, member = portal.browser("analyst@example.com"), portal.browser("member@example.com")
    assert analyst.get(f"/documents/{kept}/file").status_code == 200
    assert "plan.pdf" in analyst.text(f"/operations/applications/{application}")
    assert member.get(f"/documents/{kept}/file").status_code == 404
    pledge = f"/committee/applications/{application}/pledge"
    member.post(pledge, {"answer": "none"}, page=pledge)
    assert member.get(f"/documents/{kept}/file").status_code == 200
    assert [who.get(f"/documents/{kept}/original").status_code for who in (analyst, member)] == [200, 404]


def test_check_page_receipt_and_status_speak_of_documents(
    portal: Portal, company: tuple[Browser, uuid.UUID, uuid.UUID]
) -> None:
    browser, _, application = company
    address = f"/portal/applications/{application}"
    hand_in(browser, application, "business_plan", "plan.pdf", PLAN)
    assert "plan.pdf" in browser.text(f"{address}/check")
    browser.post(f"{address}/submit", {}, page=f"{address}/check")
    receipt = browser.text(f"{address}/receipts/1")
    assert "plan.pdf" in receipt
    assert newest(portal).sha256 in receipt
    assert "이제 증빙을 내 주세요" not in browser.text(f"{address}/status")
    portal.db.transaction(lambda s: s.execute(update(Application).values(state="eligible")))
    assert "이제 증빙을 내 주세요" in browser.text(f"{address}/status")


def test_after_the_deadline_no_file_is_even_opened(
    portal: Portal, company: tuple[Browser, uuid.UUID, uuid.UUID]
) -> None:
    browser, _, application = company
    opened = browser.hidden(f"/portal/applications/{application}/documents/")
    portal.close_call()
    answer = hand_in(browser, application, "business_plan", "plan.pdf", PLAN, **opened)
    assert answer.status_code == 409
    assert not (Path(portal.app.config["FILES_URL"]) / "documents").exists()


def test_a_posted_file_without_its_token_is_not_taken(
    portal: Portal, company: tuple[Browser, uuid.UUID, uuid.UUID]
) -> None:
    browser, _, application = company
    before = newest(portal).id
    client: FlaskClient = browser.client
    data = {"file": (io.BytesIO(PLAN), "plan.pdf")}
    answer = client.post(
        f"/portal/applications/{application}/documents/business_plan", data=data, content_type="multipart/form-data"
    )
    assert answer.status_code == 400
    assert newest(portal).id == before


def test_pages_say_everything_in_english_too(portal: Portal, company: tuple[Browser, uuid.UUID, uuid.UUID]) -> None:
    browser, _, application = company
    hand_in(browser, application, "business_plan", "plan.pdf", PLAN)
    browser.get("/portal/documents")  # takes the message of the upload away, which was said in Korean
    for address in (f"/portal/applications/{application}/documents/?lang=en", "/portal/documents?lang=en"):
        main = re.search(r"<main.*</main>", browser.text(address), re.DOTALL)
        assert main is not None
        kept = re.sub(r"푸른|온결비전|사업계획서\.pdf", "", main[0])
        assert re.findall(r"[가-힣]+", kept) == []
