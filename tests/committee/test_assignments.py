"""Giving reviews out by hand and from a file, and reminding only those for whom some wait."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from committee_factory import AT, CALL, application, assign, committee, do, recuse, review
from sqlalchemy import select

from fundapp.committee import actions
from fundapp.committee.actions.assignments.from_file import ImportedAssignments
from fundapp.committee.queries.assigning import list_assignments, list_expertise, list_reminders
from fundapp.committee.tables import Assignment
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import ForbiddenError, InputFileError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.sessions import Database


def give(db: Database, key: uuid.UUID, who: Viewer, actor: Viewer, reason: str = "전공자") -> None:
    assert who.person_id is not None
    person_id = who.person_id
    do(
        db,
        lambda s: actions.add_reviewer(s, application_id=key, person_id=person_id, reason=reason, actor=actor, at=AT),
    )


def take(db: Database, key: uuid.UUID, who: Viewer, actor: Viewer, reason: str = "일정") -> None:
    assert who.person_id is not None
    person_id = who.person_id
    do(
        db,
        lambda s: actions.remove_reviewer(
            s, application_id=key, person_id=person_id, reason=reason, actor=actor, at=AT
        ),
    )


def test_a_review_is_given_and_taken_by_hand_with_reasons(db: Database) -> None:
    chair, member = committee(db, 2)
    key = application(db, 1)
    give(db, key, member, chair)
    give(db, key, member, chair)
    with db.read() as session:
        rows = list_assignments(session, chair, CALL)
    assert [(row.reviewer, row.origin, row.reason) for row in rows] == [("Member1", "hand", "전공자")]
    take(db, key, member, chair)
    with pytest.raises(NotFoundError):
        take(db, key, member, chair)
    give(db, key, member, chair)
    review(db, member, key)
    with pytest.raises(TransitionRefusedError):
        take(db, key, member, chair)


def test_nobody_is_given_what_they_are_recused_from(db: Database) -> None:
    chair, member = committee(db, 2)
    key = application(db, 1)
    member = recuse(db, key, member)
    with pytest.raises(InvalidInputError, match="recused"):
        give(db, key, member, chair)
    chair = recuse(db, key, chair)
    with pytest.raises(NotFoundError):
        give(db, key, member, chair)
    with pytest.raises(ForbiddenError):
        give(db, application(db, 2), member, member)


def sheet(db: Database, text: str, actor: Viewer = SYSTEM, *, strict: bool = False) -> ImportedAssignments:
    return do(
        db,
        lambda s: actions.import_assignments(
            s, call_code=CALL, content=text.encode(), all_or_nothing=strict, actor=actor, at=AT
        ),
    )


SHEET = f"""접수번호,위원 이메일,사유
{CALL}-0001,member1@example.org,전공자
{CALL}-0001,MEMBER2@example.org,
{CALL}-0009,member1@example.org,
{CALL}-0002,nobody@example.org,
{CALL}-0002,member1@example.org,
"""


def test_a_sheet_names_row_and_field_of_each_fault_and_the_rest_counts(db: Database) -> None:
    _, one, _ = committee(db, 3)
    application(db, 1)
    recuse(db, application(db, 2), one)
    strict = sheet(db, SHEET, strict=True)
    faults = [(fault.row, fault.field) for fault in strict.faults]
    assert (strict.created, faults) == (0, [(4, "application"), (5, "member"), (6, "member")])
    with db.read() as session:
        assert session.scalars(select(Assignment)).all() == []
    done = sheet(db, SHEET)
    assert (done.created, done.unchanged, done.faults) == (2, 0, strict.faults)
    again = sheet(db, SHEET)
    assert (again.created, again.unchanged) == (0, 2)


def test_what_the_secretary_is_recused_from_looks_absent_in_a_sheet_too(db: Database) -> None:
    chair, _ = committee(db, 2)
    chair = recuse(db, application(db, 1), chair)
    done = sheet(db, f"application,member\n{CALL}-0001,member1@example.org\n", chair)
    assert [(fault.field, fault.reason_en) for fault in done.faults] == [
        ("application", "no such application in this call")
    ]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", 'application,member\n"x'])
def test_a_file_that_is_no_sheet_is_refused_whole(db: Database, text: str) -> None:
    with pytest.raises(InputFileError):
        sheet(db, text)


def test_fields_that_a_member_knows_decide_who_gets_what(db: Database) -> None:
    chair, one, two = committee(db, 3)
    for ordinal, sector in ((1, "의료"), (2, "제조")):
        application(db, ordinal, sector=sector)
    for who, tags in ((one, ["의료"]), (two, ["제조", " 제조 "]), (chair, [])):
        assert who.person_id is not None
        do(
            db,
            lambda s, p=who.person_id, t=tags: actions.set_expertise(s, person_id=p, tags=t, actor=chair, at=AT),  # type: ignore[misc]
        )
    done = do(
        db, lambda s: actions.assign_reviewers(s, call_code=CALL, per_application=1, max_load=2, actor=chair, at=AT)
    )
    assert [(pair.number, pair.reviewer, pair.fields) for pair in done.pairs] == [
        (f"{CALL}-0001", "Member1", ("의료",)),
        (f"{CALL}-0002", "Member2", ("제조",)),
    ]
    with db.read() as session:
        assert [tags for _, tags in list_expertise(session, chair)] == [(), ("의료",), ("제조",)]


def remind(db: Database, *, days: int = 0, by_clock: bool = False) -> list[tuple[str, int, str]]:
    found = do(
        db,
        lambda s: actions.remind_reviewers(
            s, call_code=CALL, actor=SYSTEM, at=AT + timedelta(days=days), by_clock=by_clock
        ),
    )
    return [(one.name, one.waiting, one.fate) for one in found]


def test_only_those_whose_reviews_wait_are_reminded_and_once_a_day(db: Database) -> None:
    chair, done, late, recused = committee(db, 4)
    key = application(db, 1)
    assign(db, key, done, late, recused)
    assign(db, application(db, 2, state="rejected"), done)
    review(db, done, key)
    recuse(db, key, recused)
    expected = [
        ("Chair", 0, "unassigned"),
        ("Member1", 0, "done"),
        ("Member2", 1, "mailed"),
        ("Member3", 0, "unassigned"),
    ]
    assert remind(db) == expected
    assert [fate for *_, fate in remind(db)] == ["unassigned", "done", "today", "unassigned"]
    assert remind(db, days=1, by_clock=True)[2] == ("Member2", 1, "recently")
    assert remind(db, days=3, by_clock=True)[2] == ("Member2", 1, "mailed")
    with db.read() as session:
        assert session.scalars(select(OutboxMessage.recipient)).all() == ["member2@example.org"] * 2
        assert [row.waiting for row in list_reminders(session, chair, CALL)] == [1, 1]
    assert do(db, lambda s: actions.remind_all(s, actor=SYSTEM, at=AT + timedelta(days=9))) == {CALL: 1}
