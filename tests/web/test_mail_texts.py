"""Texts of mail to applicants: tried with a real application, checked, versions; and mail sent once more."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from portal_people import FIRST_NUMBER, Browser, Portal
from sqlalchemy import select, update

from fundapp.core.access import SYSTEM
from fundapp.core.errors import InvalidInputError, TransitionRefusedError
from fundapp.core.outbox import OutboxMessage, enqueue_mail
from fundapp.core.sessions import Database
from fundapp.intake.actions import remind_deadlines, save_mail_text
from fundapp.intake.mail_texts import EXAMPLE, MAIL_KINDS, MailTexts, check_texts
from fundapp.intake.tables import MailText

PAGE = "/operations/mail-texts/deadline"
TEXTS = {"subject_ko": "{number} 곧 마감", "body_ko": "{due}", "subject_en": "{number} closes", "body_en": "{due} {{}}"}


@pytest.fixture
def analyst(portal: Portal) -> Browser:
    portal.person("analyst@example.com", "analyst")
    return portal.browser("analyst@example.com")


@pytest.mark.parametrize("kind", MAIL_KINDS)
def test_every_text_that_ships_passes_its_own_check_and_fills_in_both_languages(kind: str) -> None:
    check_texts(MAIL_KINDS[kind].texts)
    for language in ("ko", "en"):
        subject, body = MAIL_KINDS[kind].texts.filled(EXAMPLE, language)
        assert "{" not in subject + body
        assert len(subject) <= 140


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("subject_ko", "{nobody}"),
        ("body_ko", "{number"),
        ("body_en", "{number!r}"),
        ("body_en", "{number.__class__}"),
        ("subject_en", "two\nlines"),
        ("subject_en", " "),
        ("body_ko", "가" * 8001),
    ],
)
def test_a_text_that_cannot_be_filled_is_refused_by_its_field(field: str, text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_texts(MailTexts(**TEXTS | {field: text}))
    assert refused.value.details["field"] == field


def test_a_saved_text_is_what_the_next_mail_says_and_the_one_before_stays(portal: Portal, analyst: Browser) -> None:
    founder = portal.person("founder@example.com")
    portal.draft(founder, portal.company(founder, FIRST_NUMBER))
    assert "지금 기본 글" in analyst.text(PAGE)
    answer = analyst.post(PAGE, {**TEXTS, "base": "0"}, page=PAGE)
    assert answer.status_code == 302
    at = portal.closes_at - timedelta(days=2)
    portal.db.transaction(lambda s: remind_deadlines(s, actor=SYSTEM, at=at, public_url="https://fund.example"))
    with portal.db.read() as session:
        mail = session.scalars(select(OutboxMessage).where(OutboxMessage.dedupe_key.startswith("deadline:"))).one()
        saved = [(one.version, one.saved_by) for one in session.scalars(select(MailText))]
    assert mail.subject == "AX-2026-1-0001 곧 마감"
    assert saved == [(1, "analyst")]
    assert "지난 판" in analyst.text(PAGE)


def test_trying_shows_both_languages_with_a_real_application_and_saves_nothing(
    portal: Portal, analyst: Browser
) -> None:
    founder = portal.person("founder@example.com")
    portal.submitted(founder, portal.company(founder, FIRST_NUMBER))
    shown = analyst.post(PAGE, {**TEXTS, "base": "0", "try": "1"}, page=PAGE).get_data(as_text=True)
    with portal.db.read() as session:
        saved = session.scalars(select(MailText)).all()
    assert "AX-2026-1-0001 곧 마감" in shown
    assert "AX-2026-1-0001 closes" in shown
    assert saved == []


def test_a_wrong_place_stands_beside_its_field_and_what_was_typed_stays(analyst: Browser) -> None:
    answer = analyst.post(PAGE, {**TEXTS, "body_en": "Dear {somebody}", "base": "0"}, page=PAGE)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "없는 자리입니다: {somebody}" in page
    assert "Dear {somebody}" in page


def test_of_two_who_edit_the_same_version_the_second_is_told(db: Database) -> None:
    def save(text: str, base: int) -> int:
        texts = MailTexts(**TEXTS | {"body_ko": text})
        at = datetime.now(UTC)
        return db.transaction(lambda s: save_mail_text(s, key="deadline", texts=texts, base=base, actor=SYSTEM, at=at))

    assert (save("하나", 0), save("하나", 1), save("둘", 1)) == (1, 1, 2)
    with pytest.raises(TransitionRefusedError):
        save("셋", 1)


@pytest.mark.parametrize("who", ["committee", "finance", "partner", "applicant"])
def test_others_find_no_such_page(portal: Portal, who: str) -> None:
    portal.person("other@example.com", who)
    assert portal.browser("other@example.com").get(PAGE).status_code == 404


def test_a_mail_that_failed_is_tried_afresh_and_of_one_that_was_sent_a_copy_goes_out(portal: Portal) -> None:
    portal.person("admin@example.com", "admin")
    browser = portal.browser("admin@example.com")

    def put(state: str) -> uuid.UUID:
        def work(session: object) -> uuid.UUID:
            enqueue_mail(
                session,  # type: ignore[arg-type]
                dedupe_key=f"one:{state}",
                recipient="a@example.com",
                subject=f"제목 {state}",
                body="본문",
                at=datetime.now(UTC),
            )
            session.flush()  # type: ignore[attr-defined]
            session.execute(  # type: ignore[attr-defined]
                update(OutboxMessage).where(OutboxMessage.dedupe_key == f"one:{state}").values(state=state, attempts=8)
            )
            return session.scalars(  # type: ignore[attr-defined,no-any-return]
                select(OutboxMessage.id).where(OutboxMessage.dedupe_key == f"one:{state}")
            ).one()

        return portal.db.transaction(work)

    for state in ("failed", "sent", "withheld"):
        browser.post(f"/operations/outbox/{put(state)}/resend", {}, page="/operations/outbox")
    with portal.db.read() as session:
        rows = session.scalars(select(OutboxMessage).where(OutboxMessage.recipient == "a@example.com"))
        found = sorted((one.subject, one.state, one.attempts) for one in rows)
    assert found == [
        ("제목 failed", "waiting", 0),
        ("제목 sent", "sent", 8),
        ("제목 sent", "waiting", 0),
        ("제목 withheld", "withheld", 8),
    ]
    assert "보내지 않음" in browser.text("/operations/outbox")


def test_only_an_administrator_sends_again(portal: Portal, analyst: Browser) -> None:
    assert analyst.post(f"/operations/outbox/{uuid.uuid4()}/resend", {}, page=PAGE).status_code == 404
