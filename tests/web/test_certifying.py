from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from portal_people import ROOT, Browser, Portal
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.tables import AuditEvent
from fundapp.core.access import SYSTEM
from fundapp.core.errors import InvalidInputError
from fundapp.core.outbox import OutboxMessage
from fundapp.intake import actions
from fundapp.intake.call_file import read_call_file
from fundapp.intake.call_terms import certifier_required
from fundapp.intake.tables import Application, Submission


@dataclass(frozen=True)
class Office:
    """A company whose writer has a complete draft, and whose head may be asked to sign it."""

    portal: Portal
    writer: Browser
    head: Browser
    head_id: uuid.UUID
    writer_id: uuid.UUID
    key: uuid.UUID

    @property
    def address(self) -> str:
        return f"/portal/applications/{self.key}"

    def ask(self) -> int:
        fields = {"certifier": str(self.head_id)}
        return self.writer.post(f"{self.address}/certify/ask", fields, page=f"{self.address}/check").status_code

    def sign(self) -> int:
        page = self.head.text(f"{self.address}/certify")
        content = re.search(r'name="content" value="([0-9a-f]{64})"', page)
        fields = {"content": content[1] if content else "", "sure": "y"}
        return self.head.post(f"{self.address}/certify/sign", fields, page=f"{self.address}/certify").status_code

    def change(self) -> None:
        fields = {"a_solution_title": "고친 이름", "then": "later"}
        self.writer.post(f"{self.address}/sections/solution", fields)

    def submit(self) -> tuple[int, str]:
        answer = self.writer.post(f"{self.address}/submit", {}, page=f"{self.address}/check")
        return answer.status_code, answer.text

    def submissions(self) -> int:
        with self.portal.db.read() as session:
            return session.scalar(select(func.count()).select_from(Submission)) or 0

    def mails_to(self, email: str) -> list[str]:
        with self.portal.db.read() as session:
            query = select(OutboxMessage.subject).where(OutboxMessage.recipient == email)
            return list(session.scalars(query.order_by(OutboxMessage.created_at)))


@pytest.fixture
def office(portal: Portal) -> Office:
    head_id = portal.person("head@example.com")
    company = portal.company(head_id)
    writer_id = portal.person("writer@example.com")
    head = portal.viewer(head_id)
    portal.db.transaction(
        lambda s: actions.join_company(s, actor=head, at=datetime.now(UTC), company_id=company, person_id=writer_id)
    )
    key = portal.complete_draft(writer_id, company)
    browsers = portal.browser("writer@example.com"), portal.browser("head@example.com")
    return Office(portal, *browsers, head_id, writer_id, key)


def test_a_signed_application_is_sent(office: Office) -> None:
    assert office.ask() == 302
    assert office.mails_to("head@example.com") == ["AX 전략펀드: 신청서 AX-2026-1-0001의 대표자 확인을 부탁받았습니다"]
    assert "확인을 부탁받았습니다" in office.head.text("/portal/")
    page = office.head.text(f"{office.address}/certify")
    assert "공장 결함 검출" in page
    assert "600,000,000원" in page
    assert office.sign() == 302
    assert office.mails_to("writer@example.com") == ["AX 전략펀드: 신청서 AX-2026-1-0001에 서명했습니다"]
    assert office.submit()[0] == 302
    assert office.submissions() == 1
    with office.portal.db.read() as session:
        verbs = session.scalars(select(AuditEvent.verb).order_by(AuditEvent.seq)).all()
    assert [verb for verb in verbs if "certif" in verb] == [
        "application.certification_asked",
        "application.certified",
    ]


def test_every_mail_about_a_signature_names_the_application_it_is_about(office: Office) -> None:
    office.ask()
    office.sign()
    with office.portal.db.read() as session:
        query = select(OutboxMessage.about).where(OutboxMessage.dedupe_key.startswith("certification:"))
        assert session.scalars(query).all() == [[str(office.key)], [str(office.key)]]


def test_whoever_asked_waits_for_the_signature(office: Office) -> None:
    office.ask()
    status, text = office.submit()
    assert (status, "대표자 확인을 기다리고 있습니다" in text, office.submissions()) == (409, True, 0)
    assert "대표자 확인을 받으면 제출할 수 있습니다." in office.writer.text(f"{office.address}/check")


def test_a_change_undoes_the_signature(office: Office) -> None:
    office.ask()
    office.sign()
    office.change()
    assert "서명 사라짐" in office.writer.text(f"{office.address}/check")
    status, text = office.submit()
    assert (status, "서명이 사라졌습니다" in text) == (409, True)
    office.ask()
    office.sign()
    assert office.submit()[0] == 302


def test_an_answer_left_over_under_a_question_that_is_not_asked_keeps_nothing_back(office: Office) -> None:
    leftover = {"a_korean_model": "none", "a_korean_model_plan": "다음 분기", "then": "later"}
    office.writer.post(f"{office.address}/sections/korean_ai", leftover)
    office.ask()
    office.sign()
    assert office.submit()[0] == 302
    with office.portal.db.read() as session:
        assert session.scalars(select(Application.answers)).one()["korean_model_plan"] == "다음 분기"
        assert "korean_model_plan" not in session.scalars(select(Submission.answers)).one()


def test_what_was_changed_while_it_was_read_is_not_signed(office: Office) -> None:
    office.ask()
    fields = office.head.hidden(f"{office.address}/certify")
    content = re.search(r'name="content" value="([0-9a-f]{64})"', office.head.text(f"{office.address}/certify"))
    assert content is not None
    office.change()
    answer = office.head.client.post(
        f"{office.address}/certify/sign", data=fields | {"content": content[1], "sure": "y"}
    )
    assert (answer.status_code, "읽으시는 동안 내용이 바뀌었습니다" in answer.text) == (422, True)


def test_it_goes_back_with_a_reason_only(office: Office) -> None:
    office.ask()
    page, address = f"{office.address}/certify", f"{office.address}/certify/return"
    assert office.head.post(address, {"reason": ""}, page=page).status_code == 422
    assert office.head.post(address, {"reason": "금액을 줄여 주세요"}, page=page).status_code == 302
    assert "금액을 줄여 주세요" in office.writer.text(f"{office.address}/check")
    assert office.submit()[0] == 409
    assert office.mails_to("writer@example.com") == ["AX 전략펀드: 신청서 AX-2026-1-0001을(를) 돌려보냈습니다"]


def test_a_request_can_be_taken_back_where_the_call_asks_for_none(office: Office) -> None:
    office.ask()
    office.writer.post(f"{office.address}/certify/withdraw", {}, page=f"{office.address}/check")
    assert office.mails_to("head@example.com")[-1].endswith("확인 부탁을 거두었습니다")
    assert office.submit()[0] == 302


def change_call(portal: Portal, closes_at: datetime, **terms: object) -> None:
    file = read_call_file(ROOT / "examples" / "calls" / "2026-1.toml")
    hours = {"opens": portal.opens_at.isoformat(), "closes": closes_at.isoformat()}
    document = file.document | hours | terms
    portal.db.transaction(
        lambda s: actions.open_call(s, actor=SYSTEM, at=datetime.now(UTC), document=document, text=f"{file.text}#")
    )


def test_a_call_that_asks_for_a_signature_takes_nothing_without(office: Office) -> None:
    change_call(office.portal, office.portal.closes_at, certifying={"required": True})
    status, text = office.submit()
    assert (status, "이 공모는 제출하기 전에 대표자 확인을 받아야 합니다" in text) == (409, True)
    office.ask()
    office.sign()
    assert office.submit()[0] == 302


def test_in_the_grace_of_a_call_a_signature_can_still_be_asked_for_and_given(office: Office) -> None:
    change_call(office.portal, datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1), grace_seconds=3600)
    assert (office.ask(), office.sign(), office.submit()[0]) == (302, 302, 302)
    assert office.submissions() == 1


def test_nobody_signs_for_themselves_or_unasked(office: Office) -> None:
    office.writer.post(
        f"{office.address}/certify/ask", {"certifier": str(office.writer_id)}, page=f"{office.address}/check"
    )
    assert office.mails_to("writer@example.com") == []
    office.ask()
    assert office.writer.get(f"{office.address}/certify").status_code == 404
    hidden = office.writer.hidden(f"{office.address}/check") | {"content": "0" * 64, "sure": "y"}
    assert office.writer.client.post(f"{office.address}/certify/sign", data=hidden).status_code == 404


def test_another_companys_request_is_absent(office: Office) -> None:
    office.ask()
    office.portal.person("rival@example.com")
    rival = office.portal.browser("rival@example.com")
    assert rival.get(f"{office.address}/certify").status_code == 404


def test_the_database_takes_no_submission_without_the_signature(office: Office) -> None:
    office.ask()

    def slip_in(session: Session) -> None:
        application = session.scalars(select(Application)).one()
        session.add(
            Submission(
                application_id=application.id, version=1, answers=application.answers,
                sha256=actions.answers_sha256(application.answers), submitted_at=datetime.now(UTC), submitted_by="x",
            )
        )  # fmt: skip

    with pytest.raises(IntegrityError):
        office.portal.db.transaction(slip_in)
    office.sign()
    office.portal.db.transaction(slip_in)
    assert office.submissions() == 1


@pytest.mark.parametrize("section", [{"required": "yes"}, "yes", {"required": 1}])
def test_a_call_says_yes_or_no(section: object) -> None:
    assert not certifier_required({})
    with pytest.raises(InvalidInputError):
        certifier_required({"certifying": section})
