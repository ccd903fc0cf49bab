from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import partial

import pytest

from fundapp.audit.queries import verify_chain
from fundapp.core.access import ANONYMOUS, SYSTEM, Viewer
from fundapp.core.errors import ForbiddenError, InvalidInputError
from fundapp.core.sessions import Database
from fundapp.identity import actions, queries
from fundapp.identity.passwords import find_password_fault, hash_password, verify_password
from fundapp.identity.rules import Attempts, count_failure, is_locked
from fundapp.identity.tables import Person


def make(db: Database, at: datetime, *roles: str, email: str = "one@example.com") -> uuid.UUID:
    return db.transaction(
        lambda session: actions.create_person(
            session, actor=SYSTEM, at=at, email=email, name="김도윤", roles=roles, password_hash="hash"
        )
    )


def test_an_address_is_kept_in_lower_case(db: Database, at: datetime) -> None:
    person_id = make(db, at, "analyst", email=" One@Example.COM ")
    with db.read() as session:
        found = queries.find_person_by_email(session, "ONE@example.com", at)
    assert found is not None
    assert (found.id, found.email) == (person_id, "one@example.com")


def test_an_address_cannot_be_taken_twice(db: Database, at: datetime) -> None:
    make(db, at, "analyst")
    with pytest.raises(InvalidInputError):
        make(db, at, "applicant", email="ONE@example.com")


def test_a_stranger_may_become_an_applicant_only(db: Database, at: datetime) -> None:
    with pytest.raises(ForbiddenError):
        db.transaction(
            lambda session: actions.create_person(
                session, actor=ANONYMOUS, at=at, email="x@example.com", name="x", roles={"admin"}, password_hash=None
            )
        )


def test_an_unknown_role_is_refused(db: Database, at: datetime) -> None:
    with pytest.raises(InvalidInputError):
        make(db, at, "emperor")


def test_roles_are_those_given(db: Database, at: datetime) -> None:
    person_id = make(db, at, "committee", "chair")
    with db.read() as session:
        assert queries.load_roles(session, person_id) == {"committee", "chair"}


def test_the_fifth_failure_locks_for_fifteen_minutes(at: datetime) -> None:
    attempts = Attempts(0, None)
    for _ in range(4):
        attempts = count_failure(attempts, at)
    assert not is_locked(attempts, at)
    attempts = count_failure(attempts, at)
    assert is_locked(attempts, at + timedelta(minutes=15) - timedelta(seconds=1))
    assert not is_locked(attempts, at + timedelta(minutes=15))


def test_after_a_lock_the_count_starts_anew(at: datetime) -> None:
    locked = Attempts(5, at)
    assert count_failure(locked, at) == Attempts(1, None)


def test_a_right_password_forgets_the_failures(db: Database, at: datetime) -> None:
    person_id = make(db, at, "analyst")
    db.transaction(lambda session: actions.record_failed_login(session, person_id=person_id, at=at))
    db.transaction(lambda session: actions.record_login(session, person_id=person_id, at=at))
    with db.read() as session:
        person = session.get_one(Person, person_id)
        assert (person.failed_logins, person.locked_until) == (0, None)


def test_a_token_names_its_holder_until_it_expires(db: Database, at: datetime) -> None:
    person_id = make(db, at, "analyst")
    token = db.transaction(
        lambda session: actions.issue_token(session, actor=SYSTEM, at=at, person_id=person_id, label="batch")
    )
    with db.read() as session:
        assert queries.find_token_holder(session, token, at) == person_id
        assert queries.find_token_holder(session, token, at + timedelta(days=90)) is None
        assert queries.find_token_holder(session, token + "x", at) is None


def test_a_revoked_token_names_nobody(db: Database, at: datetime) -> None:
    person_id = make(db, at, "analyst")
    owner = Viewer(person_id=person_id)
    token = db.transaction(
        lambda session: actions.issue_token(session, actor=owner, at=at, person_id=person_id, label="batch")
    )
    with db.read() as session:
        row = queries.list_tokens(session, owner)[0]
    db.transaction(lambda session: actions.revoke_token(session, actor=owner, at=at, token_id=row.id))
    with db.read() as session:
        assert queries.find_token_holder(session, token, at) is None


def test_somebody_elses_token_cannot_be_issued(db: Database, at: datetime) -> None:
    person_id = make(db, at, "analyst")
    with pytest.raises(ForbiddenError):
        db.transaction(
            lambda session: actions.issue_token(
                session, actor=Viewer(person_id=uuid.uuid4()), at=at, person_id=person_id, label="mine"
            )
        )


def test_losing_a_role_ends_the_sessions(db: Database, at: datetime) -> None:
    person_id = make(db, at, "analyst")
    with db.read() as session:
        before = session.get_one(Person, person_id).fs_uniquifier
    db.transaction(
        lambda session: actions.set_roles(session, actor=SYSTEM, at=at, person_id=person_id, roles={"auditor"})
    )
    with db.read() as session:
        assert session.get_one(Person, person_id).fs_uniquifier != before


def test_an_unproved_address_gets_no_role_beyond_applicant(db: Database, at: datetime) -> None:
    person_id = db.transaction(
        lambda session: actions.create_person(
            session, actor=ANONYMOUS, at=at, email="x@example.com", name="x", roles={"applicant"}, password_hash="own"
        )
    )
    set_roles = partial(actions.set_roles, actor=SYSTEM, at=at, person_id=person_id)
    with pytest.raises(InvalidInputError) as caught:
        db.transaction(lambda session: set_roles(session, roles={"applicant", "chair"}))
    assert caught.value.details["field"] == "roles"
    with db.read() as session:
        assert queries.load_roles(session, person_id) == {"applicant"}
        assert [row.confirmed for row in queries.list_people(session, SYSTEM, at)] == [False]
    owner = Viewer(person_id=person_id)
    db.transaction(lambda session: actions.prove_address(session, actor=owner, at=at))
    db.transaction(lambda session: set_roles(session, roles={"applicant", "chair"}))
    with db.read() as session:
        assert queries.load_roles(session, person_id) == {"applicant", "chair"}


def test_only_administrators_list_people(db: Database, at: datetime) -> None:
    make(db, at, "analyst")
    with db.read() as session:
        assert [row.email for row in queries.list_people(session, SYSTEM, at)] == ["one@example.com"]
        with pytest.raises(ForbiddenError):
            queries.list_people(session, Viewer(person_id=None, roles=frozenset({"analyst"})), at)


def test_every_change_leaves_an_event(db: Database, at: datetime) -> None:
    person_id = make(db, at, "analyst")
    db.transaction(lambda session: actions.record_failed_login(session, person_id=person_id, at=at))
    db.transaction(lambda session: actions.record_login(session, person_id=person_id, at=at))
    db.transaction(lambda session: actions.revoke_sessions(session, actor=SYSTEM, at=at, person_id=person_id))
    with db.read() as session:
        assert verify_chain(session).events == 4


def test_a_password_is_kept_as_argon2id() -> None:
    assert hash_password("a long enough sentence").startswith("$argon2id$")


def test_only_the_right_password_fits() -> None:
    kept = hash_password("a long enough sentence")
    assert verify_password("a long enough sentence", kept)
    assert not verify_password("a long enough sentence ", kept)
    assert not verify_password("nobody has this password", None)


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("ninechars", "short"),
        ("x1" * 129, "long"),
        ("Password1234", "common"),
        ("me@example.com", "email"),
        ("비밀번호는길게정한다고", None),
        ("a long enough sentence", None),
    ],
)
def test_length_and_obviousness_decide(password: str, fault: str | None) -> None:
    assert find_password_fault(password, email="me@example.com") == fault
