"""Changed answers of an application that was signed off wait for a second person and are sent with the signature."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from portal_people import Browser, Portal
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.actions import ask_applicant, post_comment, withdraw_inquiry
from fundapp.core.outbox import OutboxMessage
from fundapp.intake import actions
from fundapp.intake.certifying import content_sha256
from fundapp.intake.tables import Application, Certification, Membership, Submission


@dataclass(frozen=True)
class Office:
    """A company of two whose application was sent with a signature, and a question that opens its title."""

    portal: Portal
    writer: Browser
    head: Browser
    head_id: uuid.UUID
    key: uuid.UUID
    inquiry: uuid.UUID
    analyst_id: uuid.UUID

    @property
    def address(self) -> str:
        return f"/portal/inquiries/{self.inquiry}"

    def answer(self, **fields: str) -> tuple[int, str]:
        given = {"text": "고쳤습니다", "a_solution_title": "용접 결함 검출", "certifier": str(self.head_id)}
        answer = self.writer.post(self.address, given | fields)
        return answer.status_code, answer.text

    def sign(self, content: str = "", browser: Browser | None = None) -> int:
        page = self.head.text(self.address)
        found = re.search(r'name="content" value="([0-9a-f]{64})"', page)
        fields = {"content": content or (found[1] if found else ""), "sure": "y"}
        return (browser or self.head).post(f"{self.address}/sign", fields, page=self.address).status_code

    def titles(self) -> list[str]:
        with self.portal.db.read() as session:
            rows = session.scalars(
                select(Submission).where(Submission.application_id == self.key).order_by(Submission.version)
            ).all()
        return [str(row.answers["solution_title"]) for row in rows]

    def mails_to(self, email: str) -> list[str]:
        with self.portal.db.read() as session:
            query = select(OutboxMessage.subject).where(OutboxMessage.recipient == email)
            return list(session.scalars(query.order_by(OutboxMessage.created_at, OutboxMessage.id)))


def ask(portal: Portal, key: uuid.UUID, analyst_id: uuid.UUID) -> uuid.UUID:
    analyst, at = portal.viewer(analyst_id), datetime.now(UTC)

    def work(session: Session) -> uuid.UUID:
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
        return ask_applicant(
            session,
            comment_id=comment,
            text="이름을 바로잡아 주세요.",
            due_on=None,
            key="i" * 32,
            actor=analyst,
            at=at,
            questions=["solution_title"],
        )

    return portal.db.transaction(work)


@pytest.fixture
def office(portal: Portal) -> Office:
    head_id, writer_id = portal.person("head@example.com"), portal.person("writer@example.com")
    company = portal.company(head_id)
    at = datetime.now(UTC)
    head = portal.viewer(head_id)
    portal.db.transaction(lambda s: actions.join_company(s, actor=head, at=at, company_id=company, person_id=writer_id))
    key = portal.complete_draft(writer_id, company)
    writer, head = portal.viewer(writer_id), portal.viewer(head_id)

    def send(session: Session) -> None:
        actions.ask_certification(
            session, actor=writer, at=at, application_id=key, certifier_id=head_id, address="https://fund.example"
        )
        content = content_sha256(session, session.get_one(Application, key))
        actions.sign_certification(session, actor=head, at=at, application_id=key, content=content)
        actions.submit_application(session, actor=writer, at=at, application_id=key, key="s" * 32)

    portal.db.transaction(send)
    analyst_id = portal.person("analyst@example.com", "analyst")
    inquiry = ask(portal, key, analyst_id)
    browsers = portal.browser("writer@example.com"), portal.browser("head@example.com")
    return Office(portal, *browsers, head_id, key, inquiry, analyst_id)


def test_a_changed_answer_waits_until_the_second_person_signs_and_is_sent_with_that(office: Office) -> None:
    office.portal.close_call()
    assert office.answer()[0] == 302
    assert office.titles() == ["공장 결함 검출"]
    assert "확인을 부탁받았습니다" in office.head.text("/portal/")
    page = office.head.text(office.address)
    assert ("<ins>용접 결함 검출</ins>" in page, "서명하고 답 보내기" in page) == (True, True)
    assert "서명하고 답 보내기" not in office.writer.text(office.address)
    assert office.sign() == 302
    assert office.titles() == ["공장 결함 검출", "용접 결함 검출"]
    assert "<del>공장 결함 검출</del>" in office.writer.text(office.address)
    with office.portal.db.read() as session:
        newest = session.scalars(select(Certification).order_by(Certification.asked_at.desc())).first()
        sent = session.scalars(select(Submission).order_by(Submission.version.desc())).first()
        assert newest is not None
        assert sent is not None
        assert (newest.outcome, newest.certifier_id, newest.answers_sha256) == ("signed", office.head_id, sent.sha256)
        assert newest.content_sha256 == content_sha256(session, session.get_one(Application, office.key))
    assert office.mails_to("writer@example.com")[-1].endswith("고친 답에 서명했습니다")


def test_without_anybody_who_signs_a_changed_answer_is_refused_and_words_alone_are_sent(office: Office) -> None:
    code, page = office.answer(certifier="")
    assert (code, "대표자 확인을 받아야 접수됩니다" in page) == (422, True)
    assert office.answer(certifier="", a_solution_title="공장 결함 검출")[0] == 302
    assert office.titles() == ["공장 결함 검출"]
    assert "보낸 답" in office.writer.text(office.address)


@pytest.mark.parametrize(
    ("verb", "summary", "field"),
    [
        (
            "sign",
            "모든 답과 서류를 읽었고, 회사를 대표해 제출해도 좋다고 확인합니다: 확인란을 표시해 주세요",
            'id="sure-error"',
        ),
        ("return", "돌려보내는 사유: 사유를 적어 주세요", 'id="reason-error"'),
    ],
)
def test_a_signature_without_its_tick_and_a_return_without_its_reason_are_told_at_their_field(
    office: Office, verb: str, summary: str, field: str
) -> None:
    office.answer()
    refused = office.head.post(f"{office.address}/{verb}", {"content": "0" * 64}, page=office.address)
    told = re.findall(r'<div class="errsum".*?</div>', refused.text, re.DOTALL)
    assert (refused.status_code, len(told)) == (422, 1)
    assert re.findall(r"<li><a href=\"#\w+\">([^<]+)</a>", told[0]) == [summary]
    assert (" autofocus" in told[0], refused.text.count(field)) == (True, 1)
    assert "<ins>용접 결함 검출</ins>" in refused.text
    other = office.writer.post(f"{office.address}/{verb}", {}, page=office.address)
    assert (other.status_code, other.location) == (302, office.address)
    assert office.titles() == ["공장 결함 검출"]


def test_whoever_is_alone_is_told_to_invite_somebody_and_then_chooses_them(office: Office) -> None:
    portal = office.portal

    def leave(session: Session) -> uuid.UUID:
        company = session.get_one(Application, office.key).company_id
        writer = select(Membership).where(Membership.company_id == company, Membership.person_id != office.head_id)
        session.scalars(writer).one().role = "owner"
        session.flush()
        session.delete(session.get_one(Membership, (company, office.head_id)))
        return company

    company = portal.db.transaction(leave)
    page = office.writer.text(office.address)
    assert ("답을 고치려면 두 번째 사람이 필요합니다" in page, 'name="certifier"' in page) == (True, False)
    assert f'href="/portal/applications/{office.key}/team"' in page
    assert office.answer()[0] == 422
    second = portal.person("second@example.com")
    portal.db.transaction(lambda session: session.add(Membership(company_id=company, person_id=second)))
    page = office.writer.text(office.address)
    assert ("답을 고치려면 두 번째 사람이 필요합니다" in page, f'value="{second}"' in page) == (False, True)
    assert office.answer(certifier=str(second))[0] == 302
    assert len(office.mails_to("second@example.com")) == 1


def test_an_answer_that_came_back_says_why_and_is_there_to_be_changed(office: Office) -> None:
    office.answer()
    assert office.head.post(f"{office.address}/return", {"reason": ""}, page=office.address).status_code == 422
    assert "용접 결함 검출" in office.head.text(office.address)
    office.head.post(f"{office.address}/return", {"reason": "이름을 더 짧게"}, page=office.address)
    page = office.writer.text(office.address)
    assert ("이름을 더 짧게" in page, 'value="용접 결함 검출"' in page, "고쳤습니다" in page) == (True, True, True)
    assert office.answer(a_solution_title="결함 검출")[0] == 302
    assert office.sign() == 302
    assert office.titles()[-1] == "결함 검출"


def test_only_the_one_who_was_asked_signs_and_only_what_they_read(office: Office) -> None:
    office.answer()
    page = office.head.text(office.address)
    found = re.search(r'name="content" value="([0-9a-f]{64})"', page)
    assert found is not None
    office.sign(found[1], browser=office.writer)
    office.sign("0" * 64)
    assert office.titles() == ["공장 결함 검출"]
    assert office.writer.post(f"{office.address}/withdraw", {}, page=office.address).status_code == 302
    office.sign(found[1])
    assert office.titles() == ["공장 결함 검출"]
    assert 'name="text"' in office.writer.text(office.address)


def test_a_second_answer_beside_one_that_waits_is_refused(office: Office) -> None:
    hidden = office.writer.hidden(office.address)
    office.answer()
    given = hidden | {"text": "다른 답", "key": "z" * 32}
    assert office.writer.client.post(office.address, data=given).status_code == 422
    assert office.titles() == ["공장 결함 검출"]


def test_a_question_that_the_fund_takes_back_ends_what_waits(office: Office) -> None:
    office.answer()
    analyst = office.portal.viewer(office.analyst_id)
    office.portal.db.transaction(
        lambda s: withdraw_inquiry(
            s, inquiry_id=office.inquiry, reason="서류에서 보았습니다", key="w", actor=analyst, at=datetime.now(UTC)
        )
    )
    assert office.sign("0" * 64) == 302
    assert office.titles() == ["공장 결함 검출"]
    assert "확인을 부탁받았습니다" not in office.head.text("/portal/")


def test_a_stranger_neither_sees_nor_signs(office: Office) -> None:
    office.answer()
    office.portal.person("stranger@example.com")
    stranger = office.portal.browser("stranger@example.com")
    answers = [
        stranger.get(office.address).status_code,
        *(stranger.post(f"{office.address}/{verb}", {}, page="/portal/").status_code for verb in ("sign", "withdraw")),
    ]
    assert answers[0] == 404
    assert office.titles() == ["공장 결함 검출"]
