from __future__ import annotations

import uuid

import pytest
from portal_people import Browser, Portal
from sqlalchemy import func, select

from fundapp.core.quarters import KST
from fundapp.intake.tables import Application, Consent, Submission


@pytest.fixture
def complete(portal: Portal) -> tuple[Portal, Browser, str]:
    person = portal.person("a@example.com")
    key = portal.complete_draft(person, portal.company(person))
    return portal, portal.browser("a@example.com"), f"/portal/applications/{key}"


def submissions(portal: Portal) -> int:
    with portal.db.read() as session:
        return session.scalar(select(func.count()).select_from(Submission)) or 0


def state(portal: Portal) -> str:
    with portal.db.read() as session:
        return session.scalars(select(Application.state)).one()


def test_answers_are_shown_in_words_before_they_are_sent(complete: tuple[Portal, Browser, str]) -> None:
    _, browser, address = complete
    page = browser.text(f"{address}/check")
    assert "220-81-62517" in page
    assert "600,000,000원" in page
    assert "2021년 3월 2일(화)" in page
    assert "24,000 GPU시간" in page


def test_a_submission_gives_a_receipt_with_number_time_version_and_hash(complete: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = complete
    answer = browser.post(f"{address}/submit", {}, page=f"{address}/check")
    assert answer.headers["Location"] == f"{address}/receipts/1"
    page = browser.text(f"{address}/receipts/1")
    with portal.db.read() as session:
        frozen = session.scalars(select(Submission)).one()
    assert "AX-2026-1-0001" in page
    assert "제1판" in page
    assert frozen.sha256 in page
    assert frozen.submitted_at.astimezone(KST).strftime("%H:%M:%S") in page


def test_the_receipt_comes_as_a_pdf_of_what_was_sent_and_always_with_the_same_bytes(
    complete: tuple[Portal, Browser, str],
) -> None:
    portal, browser, address = complete
    browser.post(f"{address}/submit", {}, page=f"{address}/check")
    first = browser.get(f"{address}/receipts/1.pdf")
    browser.post(f"{address}/sections/contact", {"a_contact_name": "나중 이름", "then": "later"})
    second = browser.get(f"{address}/receipts/1.pdf")
    assert (first.status_code, first.content_type, first.data[:5]) == (200, "application/pdf", b"%PDF-")
    assert first.data == second.data
    assert browser.get(f"{address}/receipts/2.pdf").status_code == 404
    portal.person("b@example.com")
    assert portal.browser("b@example.com").get(f"{address}/receipts/1.pdf").status_code == 404


def test_a_change_from_the_last_page_comes_back_to_it(complete: tuple[Portal, Browser, str]) -> None:
    _, browser, address = complete
    page = f"{address}/sections/contact?back=check"
    fields = {"a_contact_name": "새 이름", "back": "check"}
    assert browser.post(f"{address}/sections/contact", fields, page=page).headers["Location"] == f"{address}/check"


def test_the_same_form_sent_twice_is_one_submission(complete: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = complete
    fields = browser.hidden(f"{address}/check")
    first, second = (browser.client.post(f"{address}/submit", data=fields) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert submissions(portal) == 1


def test_a_submission_without_its_key_is_refused(complete: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = complete
    fields = browser.hidden(f"{address}/check") | {"key": "no key"}
    assert browser.client.post(f"{address}/submit", data=fields).status_code == 422
    assert submissions(portal) == 0


def test_a_submission_after_the_deadline_is_refused_with_the_exact_time(complete: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = complete
    fields = browser.hidden(f"{address}/check")
    closed = portal.close_call()
    answer = browser.client.post(f"{address}/submit", data=fields)
    assert answer.status_code == 409
    assert closed.astimezone(KST).strftime("%Y-%m-%d %H:%M:%S") in answer.text
    assert submissions(portal) == 0


def test_an_incomplete_application_is_refused_with_links_to_what_is_missing(portal: Portal) -> None:
    person = portal.person("a@example.com")
    key = portal.draft(person, portal.company(person))
    browser = portal.browser("a@example.com")
    address = f"/portal/applications/{key}"
    fields = browser.hidden(f"{address}/check")
    answer = browser.client.post(f"{address}/submit", data=fields | {"key": uuid.uuid4().hex})
    assert answer.status_code == 422
    assert f'href="{address}/sections/contact?back=check#a_contact_email"' in answer.text
    assert f'href="{address}/consents#consent_personal_data"' in answer.text
    assert submissions(portal) == 0


def test_a_required_consent_is_needed_and_an_optional_one_is_not(portal: Portal) -> None:
    person = portal.person("a@example.com")
    address = f"/portal/applications/{portal.draft(person, portal.company(person))}"
    browser = portal.browser("a@example.com")
    assert browser.post(f"{address}/consents", {}).status_code == 422
    assert browser.post(f"{address}/consents", {"consent_personal_data": "y"}).status_code == 302
    with portal.db.read() as session:
        rows = session.execute(select(Consent.purpose, Consent.given, Consent.text_version).order_by(Consent.id)).all()
    assert rows[-1] == ("personal_data", True, "2026-01")


def test_before_the_deadline_a_changed_application_can_be_sent_again(complete: tuple[Portal, Browser, str]) -> None:
    _, browser, address = complete
    browser.post(f"{address}/submit", {}, page=f"{address}/check")
    assert "다시 제출할 것이 없습니다" in browser.text(f"{address}/check")
    browser.post(f"{address}/sections/solution", {"a_solution_title": "새 이름", "then": "later"})
    assert "아직 접수되지 않았습니다" in browser.text(f"{address}/")
    answer = browser.post(f"{address}/submit", {}, page=f"{address}/check")
    assert answer.headers["Location"] == f"{address}/receipts/2"


def test_the_status_page_tells_the_way_so_far_in_plain_words(complete: tuple[Portal, Browser, str]) -> None:
    _, browser, address = complete
    browser.post(f"{address}/submit", {}, page=f"{address}/check")
    page = browser.text(f"{address}/status")
    assert "신청서를 접수했습니다" in page
    assert "제1판 접수증" in page
    assert "submitted" not in page


def test_withdrawing_needs_to_be_meant(complete: tuple[Portal, Browser, str]) -> None:
    portal, browser, address = complete
    assert browser.post(f"{address}/withdraw", {"reason": "사정이 바뀌었습니다"}).status_code == 422
    assert state(portal) == "draft"
    assert browser.post(f"{address}/withdraw", {"sure": "y", "reason": "사정이 바뀌었습니다"}).status_code == 302
    assert state(portal) == "withdrawn"
    assert "사정이 바뀌었습니다" in browser.text(f"{address}/status")


def test_nothing_can_be_changed_after_a_withdrawal(complete: tuple[Portal, Browser, str]) -> None:
    _, browser, address = complete
    hidden = browser.hidden(f"{address}/sections/contact")
    browser.post(f"{address}/withdraw", {"sure": "y"})
    assert browser.get(f"{address}/sections/contact").status_code == 302
    answer = browser.client.post(f"{address}/sections/contact", data=hidden | {"a_contact_name": "바뀐 이름"})
    assert answer.status_code == 409
