"""Staff look at a call before it opens, word its questions anew, extend it, and see how far drafts are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from portal_people import CALL, SECOND_NUMBER, Browser, Portal, open_example_call
from sqlalchemy import select

from fundapp.audit.tables import AuditEvent
from fundapp.core.outbox import OutboxMessage
from fundapp.core.quarters import KST
from fundapp.intake.queries import get_call

HOME = f"/operations/calls/{CALL}"


@pytest.fixture
def staff(portal: Portal) -> tuple[Portal, Browser]:
    portal.person("analyst@example.com", "analyst")
    return portal, portal.browser("analyst@example.com")


def event(portal: Portal, verb: str) -> dict[str, object]:
    with portal.db.read() as session:
        return dict(session.scalars(select(AuditEvent).where(AuditEvent.verb == verb)).one().details)


def test_staff_try_a_call_as_an_applicant_and_nothing_is_saved(staff: tuple[Portal, Browser]) -> None:
    _, browser = staff
    assert browser.get(f"/portal/preview/{CALL}/").headers["Location"].endswith("/sections/company")
    contact = f"/portal/preview/{CALL}/sections/contact"
    refused = browser.post(contact, {"a_contact_name": "김도윤", "a_contact_email": "no address"})
    assert refused.status_code == 422
    assert "이메일 주소가 아닙니다." in refused.text
    assert "연락처: 답이 필요합니다." in refused.text
    good = {"a_contact_name": "김도윤", "a_contact_email": "a@example.com", "a_contact_phone": "02-555-0100"}
    assert "이대로 제출할 수 있는 답입니다." in browser.post(contact, good).text
    assert "작성 중인 신청서가 없습니다." in browser.text(f"{HOME}/")


@pytest.mark.parametrize("role", ["applicant", "committee", "finance"])
def test_nobody_else_sees_the_preview_or_the_page_of_the_call(portal: Portal, role: str) -> None:
    portal.person("other@example.com", role)
    browser = portal.browser("other@example.com")
    assert browser.get(f"/portal/preview/{CALL}/sections/contact").status_code == 404
    assert browser.get(f"{HOME}/").status_code == 404


def test_the_page_says_how_far_drafts_are_but_not_whose_they_are(staff: tuple[Portal, Browser]) -> None:
    portal, browser = staff
    person = portal.person("a@example.com")
    portal.draft(person, portal.company(person), contact_name="김도윤", contact_email="no address")
    page = browser.text(f"{HOME}/")
    assert "AX-2026-1-0001" in page
    assert "/ 9" in page
    assert "온결비전" not in page
    assert "김도윤" not in page


def test_texts_of_an_answered_question_change_with_the_reason_on_record(staff: tuple[Portal, Browser]) -> None:
    portal, browser = staff
    person = portal.person("a@example.com")
    portal.draft(person, portal.company(person), contact_name="김도윤")
    browser.post(f"{HOME}/texts", {"contact_name.label_ko": "담당자 이름", "reason": "이름을 물음"}, page=f"{HOME}/")
    with portal.db.read() as session:
        assert get_call(session, CALL).form.fields["contact_name"].label_ko == "담당자 이름"
    assert event(portal, "call.worded") == {"questions": ["contact_name"], "reason": "이름을 물음"}


@pytest.mark.parametrize(
    "fields", [{"contact_name.label_ko": "새 라벨"}, {"contact_name.label_ko": " ", "reason": "왜"}]
)
def test_texts_without_a_reason_or_a_label_do_not_change(staff: tuple[Portal, Browser], fields: dict[str, str]) -> None:
    portal, browser = staff
    browser.post(f"{HOME}/texts", fields, page=f"{HOME}/")
    with portal.db.read() as session:
        assert get_call(session, CALL).form.fields["contact_name"].label_ko == "담당자"


def test_the_deadline_moves_later_with_the_reason_on_record_and_never_earlier(staff: tuple[Portal, Browser]) -> None:
    portal, browser = staff
    later, earlier = (portal.closes_at + timedelta(days=days) for days in (1, -1))
    typed = [one.astimezone(KST).strftime("%Y-%m-%dT%H:%M") for one in (later, earlier)]
    browser.post(f"{HOME}/extend", {"closes": typed[0], "reason": "접속 장애"}, page=f"{HOME}/")
    browser.post(f"{HOME}/extend", {"closes": typed[1], "reason": "실수"}, page=f"{HOME}/")
    with portal.db.read() as session:
        assert get_call(session, CALL).closes_at == later.replace(second=0)
    assert event(portal, "call.extended")["reason"] == "접속 장애"


def test_whoever_still_writes_is_told_of_a_new_deadline_once(staff: tuple[Portal, Browser]) -> None:
    portal, browser = staff
    writer, done = portal.person("writer@example.com"), portal.person("done@example.com")
    portal.draft(writer, portal.company(writer))
    portal.submitted(done, portal.company(done, SECOND_NUMBER, "다른회사"))
    typed = (portal.closes_at + timedelta(days=1)).astimezone(KST).strftime("%Y-%m-%dT%H:%M")
    for _ in range(2):
        browser.post(f"{HOME}/extend", {"closes": typed, "reason": "접속 장애"}, page=f"{HOME}/")
    with portal.db.read() as session:
        query = select(OutboxMessage).where(OutboxMessage.dedupe_key.startswith("extended:"))
        (mail,) = session.scalars(query).all()
    assert (mail.recipient, mail.subject) == ("writer@example.com", f"[{CALL}] 접수 마감 연장 / Deadline extended")
    assert "사유: 접속 장애" in mail.body
    assert typed.replace("T", " ") in mail.body


def test_a_call_that_has_closed_cannot_be_extended(staff: tuple[Portal, Browser]) -> None:
    portal, browser = staff
    hidden = browser.hidden(f"{HOME}/")
    closed = portal.close_call()
    later = (closed + timedelta(days=1)).astimezone(KST).strftime("%Y-%m-%dT%H:%M")
    browser.client.post(f"{HOME}/extend", data=hidden | {"closes": later, "reason": "늦은 연장"})
    with portal.db.read() as session:
        assert get_call(session, CALL).closes_at == closed


def test_opening_the_same_file_again_leaves_an_extension_alone(staff: tuple[Portal, Browser]) -> None:
    portal, browser = staff
    later = portal.closes_at + timedelta(days=1)
    typed = later.astimezone(KST).strftime("%Y-%m-%dT%H:%M")
    browser.post(f"{HOME}/extend", {"closes": typed, "reason": "접속 장애"}, page=f"{HOME}/")
    open_example_call(portal.db, portal.opens_at, portal.closes_at)
    with portal.db.read() as session:
        assert get_call(session, CALL).closes_at == later.replace(second=0)
