"""Questions of the fund in the browser: what they open, what is wrong, what changed, and what was taken back."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from portal_people import FIRST_NUMBER, Browser, Portal
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.actions import ask_applicant, post_comment
from fundapp.committee.tables import Inquiry
from fundapp.intake.tables import Submission

OWN = "founder@example.com"


@pytest.fixture
def asked(portal: Portal) -> tuple[Browser, uuid.UUID, uuid.UUID, uuid.UUID]:
    """A sent application of which an analyst has opened the title again: a browser, and the keys of all three."""
    person = portal.person(OWN)
    key = portal.submitted(person, portal.company(person, FIRST_NUMBER))
    analyst = portal.viewer(portal.person("analyst@example.com", "analyst"))
    at = datetime.now(UTC)

    def work(session: Session) -> tuple[uuid.UUID, uuid.UUID]:
        comment = post_comment(
            session,
            application_id=key,
            text="이름이 다릅니다",
            kind="question",
            visibility="staff",
            named=(),
            reply_to=None,
            key="c" * 32,
            actor=analyst,
            at=at,
        )
        inquiry = ask_applicant(
            session,
            comment_id=comment,
            text="계획서와 이름이 다릅니다. 바로잡아 주세요.",
            due_on=date.today() + timedelta(days=9),  # noqa: DTZ011 - far enough from midnight anywhere
            key="i" * 32,
            actor=analyst,
            at=at,
            questions=["solution_title"],
        )
        return comment, inquiry

    comment, inquiry = portal.db.transaction(work)
    return portal.browser(OWN), key, comment, inquiry


def test_the_page_opens_what_was_asked_and_shows_before_and_after(
    portal: Portal, asked: tuple[Browser, uuid.UUID, uuid.UUID, uuid.UUID]
) -> None:
    browser, key, _, inquiry = asked
    address = f"/portal/inquiries/{inquiry}"
    page = browser.text(address)
    assert 'name="a_solution_title"' in page
    assert 'name="a_sector"' not in page
    empty = browser.post(address, {"text": "고쳤습니다", "a_solution_title": ""})
    assert empty.status_code == 422
    assert "고쳤습니다" in empty.get_data(as_text=True)
    assert browser.post(address, {"text": "고쳤습니다", "a_solution_title": "용접 결함 검출"}).status_code == 302
    after = browser.text(address)
    assert "<del>공장 결함 검출</del>" in after
    assert "<ins>용접 결함 검출</ins>" in after
    with portal.db.read() as session:
        versions = session.scalars(select(Submission.version).where(Submission.application_id == key)).all()
    assert sorted(versions) == [1, 2]
    staff = portal.browser("analyst@example.com").text(f"/committee/applications/{key}/discussion")
    assert "제2판에서 답을 고쳤습니다." in staff


def test_a_field_that_was_not_opened_changes_nothing(
    portal: Portal, asked: tuple[Browser, uuid.UUID, uuid.UUID, uuid.UUID]
) -> None:
    browser, key, _, inquiry = asked
    browser.post(
        f"/portal/inquiries/{inquiry}", {"text": "답", "a_sector": "공공", "a_solution_title": "공장 결함 검출"}
    )
    with portal.db.read() as session:
        rows = session.scalars(select(Submission).where(Submission.application_id == key)).all()
    assert [row.answers["sector"] for row in rows] == ["제조"]


def test_staff_take_a_question_back_with_a_reason_and_its_page_says_so(
    portal: Portal, asked: tuple[Browser, uuid.UUID, uuid.UUID, uuid.UUID]
) -> None:
    browser, key, comment, inquiry = asked
    staff, page = portal.browser("analyst@example.com"), f"/committee/applications/{key}/discussion"
    address = f"{page}/{comment}/inquiries/{inquiry}/withdraw"
    assert "질문 거두기" in staff.text(page)
    staff.post(address, {"reason": ""}, page=page)
    assert "답 보내기" in browser.text(f"/portal/inquiries/{inquiry}")
    staff.post(address, {"reason": "서류에서 확인했습니다"}, page=page)
    after = browser.text(f"/portal/inquiries/{inquiry}")
    assert ("서류에서 확인했습니다" in after, "답 보내기" in after) == (True, False)
    assert browser.post(f"/portal/inquiries/{inquiry}", {"text": "늦었나요"}, page="/portal/").status_code == 422


def test_staff_choose_the_questions_to_open_on_the_page_of_the_discussion(
    portal: Portal, asked: tuple[Browser, uuid.UUID, uuid.UUID, uuid.UUID]
) -> None:
    _, key, comment, _ = asked
    staff, page = portal.browser("analyst@example.com"), f"/committee/applications/{key}/discussion"
    wrong = staff.post(f"{page}/{comment}/inquire", {"text": "번호는요?", "questions": "business_number"}, page=page)
    right = staff.post(f"{page}/{comment}/inquire", {"text": "분야는요?", "questions": "sector"}, page=page)
    assert (wrong.status_code, right.status_code) == (422, 302)
    with portal.db.read() as session:
        assert len(session.scalars(select(Inquiry)).all()) == 2


def test_another_company_finds_no_such_question(
    portal: Portal, asked: tuple[Browser, uuid.UUID, uuid.UUID, uuid.UUID]
) -> None:
    portal.person("other@example.com")
    assert portal.browser("other@example.com").get(f"/portal/inquiries/{asked[3]}").status_code == 404
