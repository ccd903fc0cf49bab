"""An applicant's way from company to receipt."""

from __future__ import annotations

import copy
import hashlib
import json
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from intake_samples import CALL, EXAMPLES, NUMBERS, add_applicant, add_person, fill_draft
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fundapp.audit.tables import AuditEvent
from fundapp.core.access import SYSTEM, Role, Viewer
from fundapp.core.errors import (
    IdempotencyConflictError,
    InvalidInputError,
    NotFoundError,
    TransitionRefusedError,
)
from fundapp.core.outbox import OutboxMessage
from fundapp.core.sessions import Database
from fundapp.intake.actions import (
    Receipt,
    SavedDraft,
    join_company,
    move_application,
    open_call,
    record_consent,
    register_company,
    save_answers,
    start_application,
    submit_application,
    withdraw_application,
)
from fundapp.intake.call_file import CallFile, read_call_file
from fundapp.intake.form import AnswersRefusedError
from fundapp.intake.queries import get_application, get_call, section_progress
from fundapp.intake.rules import CallClosedError, CompanyTakenError, RevisionConflictError
from fundapp.intake.tables import Application, Call, Company, Submission

CLOSES = datetime(2026, 5, 8, 7, 0, tzinfo=UTC)


def submit(db: Database, who: Viewer, application: uuid.UUID, at: datetime, key: str = "k1") -> Receipt:
    return db.transaction(
        lambda session: submit_application(session, actor=who, at=at, application_id=application, key=key)
    )


def save(db: Database, who: Viewer, application: uuid.UUID, at: datetime, revision: int, **answers: str) -> SavedDraft:
    return db.transaction(
        lambda session: save_answers(
            session,
            actor=who,
            at=at,
            application_id=application,
            answers=answers,
            expected_revision=revision,
        )
    )


@pytest.fixture
def applicant(db: Database, call: str, at: datetime) -> tuple[Viewer, uuid.UUID]:
    return add_applicant(db, at)


@pytest.fixture
def draft(db: Database, applicant: tuple[Viewer, uuid.UUID], at: datetime) -> uuid.UUID:
    return fill_draft(db, *applicant, at, NUMBERS[0])


def test_a_submission_freezes_the_answers_under_their_hash(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    receipt = submit(db, applicant[0], draft, at)
    assert (receipt.number, receipt.version, receipt.submitted_at) == ("AX-2026-1-0001", 1, at)
    with db.read() as session:
        view = get_application(session, applicant[0], draft)
    text = json.dumps(view.answers, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert receipt.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert (view.state, [step.verb for step in view.history]) == ("submitted", ["submit"])
    assert view.consents == {"personal_data": True}


def test_a_frozen_submission_cannot_be_changed_even_in_the_database(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    submit(db, applicant[0], draft, at)
    with pytest.raises(DBAPIError):
        db.transaction(lambda session: session.execute(Submission.__table__.update().values(version=9)))


def test_a_receipt_is_mailed_once_to_the_sender_and_the_contact_person(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    receipt = submit(db, applicant[0], draft, at)
    submit(db, applicant[0], draft, at)
    with db.read() as session:
        mails = session.scalars(select(OutboxMessage).order_by(OutboxMessage.recipient)).all()
    assert [mail.recipient for mail in mails] == [applicant[0].email, "hana@ganada.example"]
    assert {mail.subject for mail in mails} == {"[AX-2026-1-0001] 접수증 / Receipt"}
    assert all(receipt.sha256 in mail.body and "2026-05-08 15:00:00 KST" in mail.body for mail in mails)


def test_in_the_grace_of_a_call_what_was_begun_can_be_finished_to_the_second(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    file = read_call_file(EXAMPLES / "calls" / "2026-1.toml")
    document = file.document | {"grace_seconds": 90}
    db.transaction(lambda session: open_call(session, actor=SYSTEM, at=at, document=document, text=f"{file.text} 90"))
    late = CLOSES + timedelta(seconds=90)
    assert save(db, applicant[0], draft, late, 2, employees="13").revision == 3
    with pytest.raises(CallClosedError):
        submit(db, applicant[0], draft, late + timedelta(seconds=1))
    assert submit(db, applicant[0], draft, late).version == 1
    other, company = add_applicant(db, at, NUMBERS[1])
    with pytest.raises(CallClosedError):
        db.transaction(
            lambda session: start_application(
                session, actor=other, at=CLOSES + timedelta(seconds=1), call_code=CALL, company_id=company
            )
        )


@pytest.mark.parametrize("grace", [-1, 3601, True, "60"])
def test_a_grace_beyond_an_hour_or_no_number_of_seconds_is_refused(db: Database, at: datetime, grace: object) -> None:
    file = read_call_file(EXAMPLES / "calls" / "2026-1.toml")
    document = file.document | {"grace_seconds": grace}
    with pytest.raises(InvalidInputError, match="grace_seconds"):
        db.transaction(lambda session: open_call(session, actor=SYSTEM, at=at, document=document, text="grace"))


def test_what_is_not_asked_is_not_frozen_and_stays_in_the_draft(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    plan = {"korean_model": "open", "korean_model_plan": "다음 분기"}
    save(db, applicant[0], draft, at, 2, **plan)
    save(db, applicant[0], draft, at, 3, korean_model="none")
    submit(db, applicant[0], draft, at)
    with db.read() as session:
        frozen = session.scalars(select(Submission.answers)).one()
        working = session.scalars(select(Application.answers)).one()
    assert "korean_model_plan" not in frozen
    assert working["korean_model_plan"] == "다음 분기"


def test_sending_twice_with_one_key_submits_once(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    first = submit(db, applicant[0], draft, at)
    assert submit(db, applicant[0], draft, at + timedelta(hours=9)) == first
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 1


def test_one_key_does_not_serve_two_revisions(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    submit(db, applicant[0], draft, at)
    save(db, applicant[0], draft, at, 2, employees="13")
    with pytest.raises(IdempotencyConflictError):
        submit(db, applicant[0], draft, at)
    assert submit(db, applicant[0], draft, at, "k2").version == 2


def test_the_closing_instant_is_in_time_and_the_next_microsecond_is_late(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID
) -> None:
    with pytest.raises(CallClosedError) as caught:
        submit(db, applicant[0], draft, CLOSES + timedelta(microseconds=1))
    assert caught.value.message("ko") == (
        "접수 시간이 아닙니다. 접수 기간 2026-04-01 10:00:00 – 2026-05-08 16:00:00, "
        "도착 시각 2026-05-08 16:00:00 (한국 시각)."
    )
    assert submit(db, applicant[0], draft, CLOSES).version == 1


def test_nothing_is_saved_after_the_deadline(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID
) -> None:
    with pytest.raises(CallClosedError):
        save(db, applicant[0], draft, CLOSES + timedelta(seconds=1), 2, employees="13")


def test_of_two_windows_the_second_to_save_is_told_so(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    assert save(db, applicant[0], draft, at, 2, employees="13").revision == 3
    with pytest.raises(RevisionConflictError) as caught:
        save(db, applicant[0], draft, at, 2, employees="14")
    assert (caught.value.details["expected"], caught.value.details["current"]) == (2, 3)
    with db.read() as session:
        assert get_application(session, applicant[0], draft).answers["employees"] == 13


def test_what_cannot_be_read_is_kept_as_typed_and_stops_the_submission(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    saved = save(db, applicant[0], draft, at, 2, founded_on="작년 봄")
    assert [(found.field, found.code) for found in saved.problems] == [("founded_on", "not_a_date")]
    with db.read() as session:
        assert get_application(session, applicant[0], draft).answers["founded_on"] == "작년 봄"
    with pytest.raises(AnswersRefusedError) as caught:
        submit(db, applicant[0], draft, at)
    assert [(found.field, found.code) for found in caught.value.problems] == [("founded_on", "not_a_date")]


def test_a_resident_number_is_never_stored(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    saved = save(db, applicant[0], draft, at, 2, solution_summary="대표 800101-1234567")
    assert [found.code for found in saved.problems] == ["resident_number"]
    with db.read() as session:
        assert get_application(session, applicant[0], draft).answers["solution_summary"] == "공공 문서를 요약합니다."


def test_a_blank_answer_is_removed(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    save(db, applicant[0], draft, at, 2, employees=" ")
    with db.read() as session:
        assert "employees" not in get_application(session, applicant[0], draft).answers


def test_without_the_required_consent_nothing_is_submitted_and_optional_ones_do_not_matter(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    for purpose in ("personal_data", "third_party"):
        db.transaction(
            lambda session, purpose=purpose: record_consent(
                session, actor=applicant[0], at=at, application_id=draft, purpose=purpose, given=False
            )
        )
    with pytest.raises(AnswersRefusedError) as caught:
        submit(db, applicant[0], draft, at)
    assert [found.field for found in caught.value.problems] == ["consent_personal_data"]


def test_another_companys_number_cannot_be_submitted(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    save(db, applicant[0], draft, at, 2, business_number=NUMBERS[1])
    with pytest.raises(AnswersRefusedError) as caught:
        submit(db, applicant[0], draft, at)
    assert [(found.field, found.code) for found in caught.value.problems] == [("business_number", "other_company")]


def test_a_withdrawn_application_stays_withdrawn(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    db.transaction(
        lambda session: withdraw_application(session, actor=applicant[0], at=at, application_id=draft, reason="사정")
    )
    with pytest.raises(TransitionRefusedError):
        submit(db, applicant[0], draft, at)


def test_starting_again_gives_the_same_application(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    again = db.transaction(
        lambda session: start_application(session, actor=applicant[0], at=at, call_code=CALL, company_id=applicant[1])
    )
    assert again == draft


def test_strangers_and_staff_find_no_draft(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    stranger, _ = add_applicant(db, at, NUMBERS[1])
    for who in (stranger, SYSTEM):
        with pytest.raises(NotFoundError):
            save(db, who, draft, at, 2, employees="1")
        with db.read() as session, pytest.raises(NotFoundError):
            get_application(session, who, draft)


def test_typing_a_known_number_does_not_make_one_its_company(
    db: Database, applicant: tuple[Viewer, uuid.UUID], at: datetime
) -> None:
    other = add_person(db, at, "other@person.example", {Role.APPLICANT})
    with pytest.raises(CompanyTakenError):
        db.transaction(
            lambda session: register_company(session, actor=other, at=at, name="가나다랩", business_number=NUMBERS[0])
        )
    with pytest.raises(NotFoundError):
        db.transaction(
            lambda session: join_company(
                session, actor=other, at=at, company_id=applicant[1], person_id=other.person_id or uuid.uuid4()
            )
        )


def test_each_step_leaves_one_event(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    submit(db, applicant[0], draft, at)
    with db.read() as session:
        verbs = list(session.scalars(select(AuditEvent.verb).order_by(AuditEvent.seq)))
    assert verbs == [
        "call.opened",
        "company.registered",
        "application.started",
        "application.saved",
        "application.consented",
        "document.kept",
        "document.attached",
        "application.submit",
    ]


def test_two_who_move_one_application_do_not_both_succeed(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    submit(db, applicant[0], draft, at)
    with db.read() as session:
        stale = session.get_one(Application, draft)

    def pass_it(session: object) -> str:
        return move_application(session, stale, "pass_screening", actor=SYSTEM, at=at)  # type: ignore[arg-type]

    db.transaction(
        lambda session: move_application(session, session.get_one(Application, draft), "hold", actor=SYSTEM, at=at)
    )
    with pytest.raises(TransitionRefusedError):
        db.transaction(pass_it)


def test_opening_a_call_again_changes_nothing_and_a_dropped_question_is_refused(
    db: Database, call: str, at: datetime
) -> None:
    file = read_call_file(EXAMPLES / "calls" / "2026-1.toml")
    assert reopen(db, file, at) == (False, False)
    fewer = file.document | {"sections": file.document["sections"][1:], "require_any": []}
    with pytest.raises(InvalidInputError) as caught:
        reopen(db, CallFile(fewer, file.text + " "), at)
    assert caught.value.details["field"] == "company_name"
    later = file.document | {"closes": "2026-05-09T16:00:00"}
    assert reopen(db, CallFile(later, file.text + "  "), at) == (False, True)
    with db.read() as session:
        assert get_call(session, CALL).closes_at == datetime(2026, 5, 9, 7, 0, tzinfo=UTC)


def reopen(db: Database, file: CallFile, at: datetime) -> tuple[bool, bool]:
    opened = db.transaction(
        lambda session: open_call(session, actor=SYSTEM, at=at, document=file.document, text=file.text)
    )
    return opened.created, opened.changed


def test_progress_of_a_section_follows_its_required_questions(form: object) -> None:
    progress = {one.key: one for one in section_progress(form, {"company_name": "가", "contact_name": "나"})}  # type: ignore[arg-type]
    assert (progress["company"].state, progress["company"].answered) == ("in_progress", 1)
    assert progress["contact"].missing == ("contact_email", "contact_phone")
    assert progress["solution"].state == "not_started"


def test_what_is_not_asked_any_more_neither_stops_a_submission_nor_changes_the_company(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    """A date half typed before an answer took its question away."""
    submit(db, applicant[0], draft, at)
    with db.read() as session:
        document = copy.deepcopy(get_call(session, CALL).document)
    questions = {one["key"]: one for section in document["sections"] for one in section["questions"]}
    questions["founded_on"]["when"] = {"question": "company_name", "answered": False}

    def half_typed(session: Session) -> None:
        session.execute(update(Call).values(document=document))
        answers = dict(session.scalars(select(Application.answers)).one()) | {"founded_on": "2019-1"}
        session.execute(update(Application).values(answers=answers))

    db.transaction(half_typed)
    assert submit(db, applicant[0], draft, at, "again").version == 2
    with db.read() as session:
        assert session.scalars(select(Company.founded_on)).one() == date(2021, 3, 15)
