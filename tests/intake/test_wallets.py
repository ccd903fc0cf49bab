"""Documents: the wallet, what an application needs, what goes in with it, and who may see what."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from documents_made import PLAN, received
from intake_samples import CALL, NUMBERS, add_applicant, fill_draft
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fundapp.core.access import Role, Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.sessions import Database
from fundapp.intake.actions import (
    attach_document,
    detach_document,
    keep_document,
    remove_document,
    submit_application,
)
from fundapp.intake.document_queries import find_document, list_documents, list_wallet, used_documents
from fundapp.intake.documents.kinds import display_name, good_until, read_requirements
from fundapp.intake.form import AnswersRefusedError
from fundapp.intake.rules import CallClosedError
from fundapp.intake.tables import Application, SubmittedDocument

READER = Viewer(uuid.UUID(int=1), roles=frozenset({Role.COMMITTEE}))
REGISTRATION = "business_registration"
CLOSES = datetime(2026, 5, 8, 7, 0, tzinfo=UTC)


@pytest.fixture
def applicant(db: Database, call: str, at: datetime) -> tuple[Viewer, uuid.UUID]:
    return add_applicant(db, at)


@pytest.fixture
def draft(db: Database, applicant: tuple[Viewer, uuid.UUID], at: datetime) -> uuid.UUID:
    return fill_draft(db, *applicant, at, NUMBERS[0])


@pytest.fixture
def keep(db: Database, applicant: tuple[Viewer, uuid.UUID], at: datetime) -> Callable[..., uuid.UUID]:
    """Put a file into the applicant's wallet."""

    def work(kind: str, serial: int, issued_on: date | None = None, **facts: object) -> uuid.UUID:
        return db.transaction(
            lambda session: keep_document(
                session,
                actor=applicant[0],
                at=at,
                company_id=applicant[1],
                kind=kind,
                name=f"{kind}.pdf",
                received=received(serial, **facts),
                issued_on=issued_on,
            )
        )

    return work


def attach(db: Database, who: Viewer, application: uuid.UUID, key: str, document: uuid.UUID, at: datetime) -> None:
    db.transaction(
        lambda session: attach_document(
            session, actor=who, at=at, application_id=application, requirement=key, document_id=document
        )
    )


def submit(db: Database, who: Viewer, application: uuid.UUID, at: datetime, key: str = "k") -> None:
    db.transaction(lambda session: submit_application(session, actor=who, at=at, application_id=application, key=key))


def in_state(db: Database, application: uuid.UUID, state: str) -> None:
    db.transaction(lambda s: s.execute(update(Application).where(Application.id == application).values(state=state)))


def seen(db: Database, who: Viewer, application: uuid.UUID) -> dict[str, list[uuid.UUID]]:
    with db.read() as session:
        found = list_documents(session, who, application)
    return {one.requirement.key: [document.id for document in one.documents] for one in found if one.documents}


@pytest.mark.parametrize(
    ("issued", "months", "last"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 3, 8), 3, date(2026, 6, 8)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 1), 12, date(2027, 12, 1)),
    ],
)
def test_months_count_by_the_calendar(issued: date, months: int, last: date) -> None:
    """Civil Act art. 160: a period in months ends on the day of the same number, or the month's last."""
    assert good_until(issued, months) == last


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("사업계획서.pdf", "사업계획서.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\plan.pdf", "plan.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie: x.pdf"),
        ("gpj.exe\u202efdp.pdf", "gpj.exe fdp.pdf"),
        ("a\x00b.pdf", "a b.pdf"),
        ("", "file"),
        ("..", ".."),
        ("가" * 300, "가" * 120),
    ],
)
def test_a_files_own_name_is_made_harmless(given: str, shown: str) -> None:
    assert display_name(given) == shown


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"key": "Plan"}, "documents[1].key"),
        ({"stage": "later"}, "documents[1].stage"),
        ({"required": "yes"}, "documents[1].required"),
        ({"title_en": ""}, "documents[1].title_ko"),
        ({"valid_months": 0}, "documents[1].valid_months"),
        ({"valid_months": True}, "documents[1].valid_months"),
        ({"max_pages": 1000}, "documents[1].max_pages"),
        ({"formats": ["exe"]}, "documents[1].formats"),
        ({"formats": []}, "documents[1].formats"),
    ],
)
def test_a_call_that_asks_for_nonsense_is_told_where(entry: dict[str, object], field: str) -> None:
    good: dict[str, object] = {"key": "plan", "title_ko": "계획", "title_en": "Plan", "stage": "submit"}
    assert read_requirements({"documents": [good]})[0].key == "plan"
    with pytest.raises(InvalidInputError) as caught:
        read_requirements({"documents": [good | entry]})
    assert caught.value.details["field"] == field


def test_the_same_key_twice_is_refused() -> None:
    good = {"key": "plan", "title_ko": "계획", "title_en": "Plan"}
    with pytest.raises(InvalidInputError):
        read_requirements({"documents": [good, good]})


def test_an_application_without_its_plan_is_not_sent(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    plan = seen(db, applicant[0], draft)[PLAN][0]
    db.transaction(
        lambda session: detach_document(
            session, actor=applicant[0], at=at, application_id=draft, requirement=PLAN, document_id=plan
        )
    )
    with pytest.raises(AnswersRefusedError) as caught:
        submit(db, applicant[0], draft, at)
    assert [(one.field, one.code) for one in caught.value.problems] == [("document_business_plan", "missing")]


def test_what_went_in_is_frozen_and_nothing_else_is_shown_to_the_fund(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime, keep: Callable[..., uuid.UUID]
) -> None:
    first = seen(db, applicant[0], draft)[PLAN][0]
    with pytest.raises(NotFoundError):
        seen(db, READER, draft)
    submit(db, applicant[0], draft, at)
    later = keep(PLAN, 2)
    attach(db, applicant[0], draft, PLAN, later, at)
    assert seen(db, READER, draft) == {PLAN: [first]}
    assert seen(db, applicant[0], draft) == {PLAN: [first, later]}
    with db.read() as session, pytest.raises(NotFoundError):
        find_document(session, READER, later)
    submit(db, applicant[0], draft, at, "again")
    assert seen(db, READER, draft) == {PLAN: [first, later]}
    with pytest.raises(DBAPIError, match="append-only"):
        db.transaction(lambda session: session.execute(update(SubmittedDocument).values(requirement="x")))


def test_a_recused_member_and_another_company_find_no_document(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    submit(db, applicant[0], draft, at)
    plan = seen(db, applicant[0], draft)[PLAN][0]
    rival, _ = add_applicant(db, at, NUMBERS[1])
    with db.read() as session:
        assert find_document(session, READER, plan)[1] == draft
        assert find_document(session, applicant[0], plan)[1] is None
        for nobody in (replace(READER, recused_from=frozenset({draft})), rival, Viewer(None)):
            with pytest.raises(NotFoundError):
                find_document(session, nobody, plan)
        with pytest.raises(NotFoundError):
            list_wallet(session, rival, applicant[1])


def test_proof_is_asked_for_only_after_screening(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime, keep: Callable[..., uuid.UUID]
) -> None:
    proof = keep(REGISTRATION, 3, issued_on=date(2026, 4, 1))
    with pytest.raises(TransitionRefusedError):
        attach(db, applicant[0], draft, REGISTRATION, proof, at)
    submit(db, applicant[0], draft, at)
    in_state(db, draft, "eligible")
    attach(db, applicant[0], draft, REGISTRATION, proof, CLOSES + timedelta(days=3))
    assert seen(db, READER, draft)[REGISTRATION] == [proof]
    with db.read() as session:
        assert find_document(session, READER, proof)[1] == draft


@pytest.mark.parametrize(
    ("key", "facts", "issued", "reason"),
    [
        (PLAN, {"pages": 16}, None, "pages"),
        (REGISTRATION, {}, None, "date of issue"),
        (REGISTRATION, {}, date(2026, 2, 7), "no longer valid"),
    ],
)
def test_a_document_that_does_not_fit_is_refused(
    db: Database,
    applicant: tuple[Viewer, uuid.UUID],
    draft: uuid.UUID,
    at: datetime,
    keep: Callable[..., uuid.UUID],
    key: str,
    facts: dict[str, object],
    issued: date | None,
    reason: str,
) -> None:
    """On 8 May 2026: three months reach back to 8 February, the plan has fifteen pages at most."""
    if key == REGISTRATION:
        in_state(db, draft, "eligible")
    document = keep(key, 9, issued_on=issued, **facts)
    with pytest.raises(InvalidInputError, match=reason):
        attach(db, applicant[0], draft, key, document, at)


def test_the_last_good_day_still_counts(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime, keep: Callable[..., uuid.UUID]
) -> None:
    in_state(db, draft, "eligible")
    document = keep(REGISTRATION, 9, issued_on=date(2026, 2, 8))
    attach(db, applicant[0], draft, REGISTRATION, document, at)
    assert seen(db, applicant[0], draft)[REGISTRATION] == [document]


def test_after_the_deadline_the_plan_can_neither_be_changed_nor_taken_off(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime, keep: Callable[..., uuid.UUID]
) -> None:
    plan, late = seen(db, applicant[0], draft)[PLAN][0], CLOSES + timedelta(seconds=1)
    with pytest.raises(CallClosedError):
        attach(db, applicant[0], draft, PLAN, keep(PLAN, 2), late)
    with pytest.raises(CallClosedError):
        db.transaction(
            lambda session: detach_document(
                session, actor=applicant[0], at=late, application_id=draft, requirement=PLAN, document_id=plan
            )
        )


def test_the_same_file_again_is_the_one_in_the_wallet(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, keep: Callable[..., uuid.UUID]
) -> None:
    assert keep(PLAN, 5) == keep(PLAN, 5) != keep(PLAN, 6)
    with db.read() as session:
        assert len(list_wallet(session, *applicant)) == 3


def test_a_document_in_use_stays_and_an_unused_one_can_go(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime, keep: Callable[..., uuid.UUID]
) -> None:
    def remove(document: uuid.UUID) -> Callable[[Session], None]:
        return lambda session: remove_document(session, actor=applicant[0], at=at, document_id=document)

    used, unused = seen(db, applicant[0], draft)[PLAN][0], keep(PLAN, 7)
    with pytest.raises(TransitionRefusedError):
        db.transaction(remove(used))
    db.transaction(remove(unused))
    with pytest.raises(NotFoundError):
        db.transaction(remove(unused))
    with db.read() as session:
        assert [one.id for one in list_wallet(session, *applicant)] == [used]
        number = session.scalars(select(Application.number)).one()
        assert used_documents(session, *applicant) == {used: (number,)}
    assert number.startswith(CALL)


def test_a_document_taken_out_of_the_wallet_is_not_handed_out_any_more(
    db: Database, applicant: tuple[Viewer, uuid.UUID], at: datetime, keep: Callable[..., uuid.UUID]
) -> None:
    gone = keep(PLAN, 7)
    with db.read() as session:
        assert find_document(session, applicant[0], gone)[0].id == gone
    db.transaction(lambda session: remove_document(session, actor=applicant[0], at=at, document_id=gone))
    with db.read() as session, pytest.raises(NotFoundError):
        find_document(session, applicant[0], gone)


def test_a_date_of_issue_is_put_right_until_something_rests_on_it(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime, keep: Callable[..., uuid.UUID]
) -> None:
    first, second = date(2026, 4, 1), date(2026, 4, 2)
    proof = keep(REGISTRATION, 3, issued_on=first)
    assert keep(REGISTRATION, 3, issued_on=second) == proof
    with db.read() as session:
        assert find_document(session, applicant[0], proof)[0].issued_on == second
    in_state(db, draft, "eligible")
    attach(db, applicant[0], draft, REGISTRATION, proof, at)
    assert keep(REGISTRATION, 3, issued_on=second) == proof
    with pytest.raises(InvalidInputError, match="take it off"):
        keep(REGISTRATION, 3, issued_on=first)


def test_five_files_answer_a_requirement_and_a_sixth_is_refused(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime, keep: Callable[..., uuid.UUID]
) -> None:
    for serial in range(20, 24):
        attach(db, applicant[0], draft, PLAN, keep(PLAN, serial), at)
    with pytest.raises(InvalidInputError, match="5 files"):
        attach(db, applicant[0], draft, PLAN, keep(PLAN, 30), at)


def test_nobody_files_anything_for_another_company(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    rival, own = add_applicant(db, at, NUMBERS[1])
    plan = seen(db, applicant[0], draft)[PLAN][0]
    theirs = fill_draft(db, rival, own, at, NUMBERS[1])
    with pytest.raises(NotFoundError):
        attach(db, rival, draft, PLAN, plan, at)
    with pytest.raises(NotFoundError):
        attach(db, rival, theirs, PLAN, plan, at)
    with pytest.raises(NotFoundError):
        db.transaction(lambda session: remove_document(session, actor=rival, at=at, document_id=plan))
