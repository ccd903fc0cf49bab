"""Reminders before a call closes and before a document runs out: who hears, when, once, in which language."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from documents_made import attach_plan
from intake_samples import NUMBERS, add_applicant, fill_draft
from sqlalchemy import select

from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import ForbiddenError, InvalidInputError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.reminding import day_words, instant_words, left_words, step_due
from fundapp.core.sessions import Database
from fundapp.identity.actions import choose_language
from fundapp.intake.actions import remind_deadlines, remind_documents, save_answers, submit_application
from fundapp.intake.call_terms import deadline_days
from fundapp.intake.tables import Application, AttachedDocument, Call, Document

URL = "https://fund.example"
CLOSES = datetime(2026, 5, 8, 7, 0, tzinfo=UTC)  # 16:00 in Seoul, as the example call says
BEGAN = datetime(2026, 4, 20, 3, 0, tzinfo=UTC)
DUE = date(2026, 5, 8)


def morning(days_before: int) -> datetime:
    """Nine in the morning in Seoul, so many days before the call closes."""
    return datetime(2026, 5, 8, 0, 0, tzinfo=UTC) - timedelta(days=days_before)


@pytest.mark.parametrize(
    ("today", "since", "step"),
    [
        (date(2026, 4, 30), date(2026, 4, 1), None),
        (date(2026, 5, 1), date(2026, 4, 1), 7),
        (date(2026, 5, 5), date(2026, 4, 1), 7),
        (date(2026, 5, 6), date(2026, 4, 1), 2),
        (date(2026, 5, 8), date(2026, 4, 1), 0),
        (date(2026, 5, 9), date(2026, 4, 1), None),
        (date(2026, 5, 4), date(2026, 5, 3), None),
        (date(2026, 5, 6), date(2026, 5, 6), 2),
    ],
)
def test_a_missed_step_is_due_still_and_one_from_before_the_draft_is_not(
    today: date, since: date, step: int | None
) -> None:
    assert step_due(DUE, today, (7, 2, 0), since) == step


def test_days_and_instants_are_written_in_both_languages() -> None:
    assert day_words(DUE) == {"ko": "2026-05-08(금)", "en": "Fri 8 May 2026"}
    assert instant_words(CLOSES) == {"ko": "2026-05-08(금) 16:00(한국 시각)", "en": "Fri 8 May 2026, 16:00 KST"}
    assert [left_words(days)["ko"] for days in (0, 1, 2)] == ["오늘", "내일", "2일 뒤"]
    assert [left_words(days)["en"] for days in (0, 1, 2)] == ["today", "tomorrow", "in 2 days"]


def test_a_call_may_say_when_its_applicants_are_reminded_and_nothing_absurd() -> None:
    assert deadline_days({}) == (7, 2, 0)
    assert deadline_days({"reminders": {"days": [1, 14, 1]}}) == (14, 1)
    assert deadline_days({"reminders": {"days": []}}) == ()
    for wrong in ({"days": [-1]}, {"days": ["7"]}, {"days": [True]}, {"days": 7}, {"days": [1, 2, 3, 4, 5, 6]}, 3):
        with pytest.raises(InvalidInputError, match=r"reminders\.days"):
            deadline_days({"reminders": wrong})


@pytest.fixture
def draft(db: Database, call: str) -> tuple[Viewer, uuid.UUID]:
    """An applicant with a complete draft in the example call, begun on 20 April."""
    assert call
    applicant, company = add_applicant(db, BEGAN)
    return applicant, fill_draft(db, applicant, company, BEGAN, NUMBERS[0])


def remind(db: Database, at: datetime) -> int:
    return db.transaction(lambda session: remind_deadlines(session, actor=SYSTEM, at=at, public_url=URL))


def mails(db: Database, cause: str) -> list[OutboxMessage]:
    with db.read() as session:
        return list(
            session.scalars(
                select(OutboxMessage)
                .where(OutboxMessage.dedupe_key.startswith(cause))
                .order_by(OutboxMessage.created_at)
            )
        )


def test_a_draft_is_spoken_of_seven_days_two_days_and_on_the_day_once_each(
    db: Database, draft: tuple[Viewer, uuid.UUID]
) -> None:
    applicant, _ = draft
    told = [remind(db, morning(days)) for days in (8, 7, 7, 6, 3, 2, 1, 0, 0)]
    after = remind(db, CLOSES)
    sent = mails(db, "deadline:")
    assert told == [0, 1, 0, 0, 0, 1, 0, 1, 0]
    assert after == 0
    assert [one.subject for one in sent] == [
        "[AX-2026-1-0001] 접수 마감 7일 뒤: 2026-05-08(금) 16:00(한국 시각)",
        "[AX-2026-1-0001] 접수 마감 2일 뒤: 2026-05-08(금) 16:00(한국 시각)",
        "[AX-2026-1-0001] 접수 마감 오늘: 2026-05-08(금) 16:00(한국 시각)",
    ]
    assert {one.recipient for one in sent} == {applicant.email}


def test_each_carries_a_calendar_file_whose_later_version_replaces_the_earlier(
    db: Database, draft: tuple[Viewer, uuid.UUID]
) -> None:
    _, key = draft
    for days in (7, 2):
        remind(db, morning(days))
    first, second = (one.calendar or "" for one in mails(db, "deadline:"))
    for text in (first, second):
        assert "METHOD:PUBLISH\r\n" in text
        assert f"UID:deadline-{key}@axfund.invalid\r\n" in text.replace("\r\n ", "")
        assert "DTEND:20260508T070000Z\r\n" in text
    numbers = [int(re.findall(r"SEQUENCE:(\d+)", text)[0]) for text in (first, second)]
    assert numbers[0] < numbers[1] < 2**31


def test_somebody_who_chose_english_is_written_to_in_english(db: Database, draft: tuple[Viewer, uuid.UUID]) -> None:
    applicant, _ = draft
    db.transaction(lambda session: choose_language(session, actor=applicant, language="en"))
    remind(db, morning(2))
    (sent,) = mails(db, "deadline:")
    assert sent.subject == "[AX-2026-1-0001] The call closes in 2 days: Fri 8 May 2026, 16:00 KST"
    assert f"{URL}/portal/applications/{draft[1]}/" in sent.body


def test_who_has_sent_the_newest_answers_hears_nothing_until_they_change_them(
    db: Database, draft: tuple[Viewer, uuid.UUID]
) -> None:
    applicant, key = draft
    sent_at = BEGAN + timedelta(hours=1)
    db.transaction(
        lambda session: submit_application(session, actor=applicant, at=sent_at, application_id=key, key="a" * 32)
    )
    quiet = remind(db, morning(7))
    with db.read() as session:
        revision = session.get_one(Application, key).revision
    db.transaction(
        lambda session: save_answers(
            session,
            actor=applicant,
            at=morning(5),
            application_id=key,
            answers={"solution_title": "문서 요약 2"},
            expected_revision=revision,
        )
    )
    assert (quiet, remind(db, morning(4)), remind(db, morning(2))) == (0, 0, 1)


def test_a_document_that_differs_from_what_was_sent_counts_as_unsent(
    db: Database, draft: tuple[Viewer, uuid.UUID]
) -> None:
    applicant, key = draft
    db.transaction(lambda s: submit_application(s, actor=applicant, at=BEGAN, application_id=key, key="a" * 32))

    def detach(session: object) -> None:
        session.delete(session.scalars(select(AttachedDocument)).one())  # type: ignore[attr-defined]

    db.transaction(detach)
    assert remind(db, morning(7)) == 1


def test_a_deadline_that_moved_is_spoken_of_anew(db: Database, draft: tuple[Viewer, uuid.UUID]) -> None:
    assert draft
    remind(db, morning(2))

    def extend(session: object) -> None:
        session.scalars(select(Call)).one().closes_at = CLOSES + timedelta(days=7)  # type: ignore[attr-defined]

    db.transaction(extend)
    assert (remind(db, morning(1)), remind(db, morning(0)), remind(db, morning(-5))) == (0, 1, 1)


def test_nobody_but_staff_and_the_clock_reminds(db: Database, draft: tuple[Viewer, uuid.UUID]) -> None:
    with pytest.raises(ForbiddenError):
        db.transaction(lambda s: remind_deadlines(s, actor=draft[0], at=morning(2), public_url=URL))


def test_a_document_that_runs_out_before_the_deadline_is_spoken_of_and_one_after_it_is_not(
    db: Database, call: str
) -> None:
    assert call
    applicant, company = add_applicant(db, BEGAN)
    key = fill_draft(db, applicant, company, BEGAN, NUMBERS[0])
    db.transaction(lambda session: attach_plan(session, applicant, BEGAN, company, key))

    def issue(day: date) -> int:
        def work(session: object) -> None:
            document = session.scalars(select(Document)).first()  # type: ignore[attr-defined]
            document.issued_on = day
            row = session.scalars(select(Call)).one()  # type: ignore[attr-defined]
            wanted = [one | {"valid_months": 3} for one in row.document["documents"]]
            row.document = row.document | {"documents": wanted}

        db.transaction(work)
        at = datetime(2026, 5, 1, 0, 0, tzinfo=UTC)
        return db.transaction(lambda s: remind_documents(s, actor=SYSTEM, at=at, public_url=URL))

    # Good for three months: until 8 May, which is the day the call closes, and until 4 May, which is before it.
    assert (issue(date(2026, 2, 8)), issue(date(2026, 2, 4)), issue(date(2026, 2, 4))) == (0, 1, 0)
    (sent,) = mails(db, "document:")
    assert sent.subject.startswith("[AX-2026-1-0001] 서류 유효기간이 3일 뒤 끝납니다: ")
    assert "DTSTART;VALUE=DATE:20260504\r\n" in (sent.calendar or "")
