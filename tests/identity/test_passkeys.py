"""Passkeys on both databases, answered by an authenticator of a few lines (Web Authentication, level 3, section 6)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from authenticators import PARTY, PRESENT, Device, asked
from cryptography.hazmat.primitives.asymmetric import ec
from passlib.totp import TOTP
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.audit.tables import AuditEvent
from fundapp.core.access import ANONYMOUS, SYSTEM, Role, Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.sealing import Seal
from fundapp.core.sessions import Database
from fundapp.identity import actions, queries
from fundapp.identity.actions import Challenge
from fundapp.identity.rules import PasskeyRefusedError
from fundapp.identity.tables import Passkey, Person

SEAL = Seal.of("of a test", salt=b"somebody", purpose="second factor")


@pytest.fixture
def who(db: Database, at: datetime) -> Viewer:
    key = db.transaction(
        lambda s: actions.create_person(
            s, actor=SYSTEM, at=at, email="a@example.com", name="김도윤", roles={Role.APPLICANT}, password_hash="x"
        )
    )
    return Viewer(key, name="김도윤", roles=frozenset({Role.APPLICANT}))


def add(db: Database, who: Viewer, at: datetime, device: Device, name: str = "전화") -> tuple[str, ...]:
    challenge = asked(at)
    answer = device.make(challenge)

    def work(session: Session) -> tuple[str, ...]:
        return actions.add_passkey(
            session, actor=who, at=at, seal=SEAL, party=PARTY, challenge=challenge, name=name, answer=answer
        )

    return db.transaction(work)


def session_of(db: Database, who: Viewer) -> str:
    with db.read() as session:
        return session.get_one(Person, who.person_id).fs_uniquifier


def names_of(db: Database, who: Viewer) -> list[str]:
    with db.read() as session:
        return [one.name for one in queries.list_passkeys(session, who)]


def codes_left(db: Database, who: Viewer, at: datetime) -> int:
    with db.read() as session:
        return queries.get_account(session, who, at).codes_left


def enter(db: Database, at: datetime, challenge: Challenge, answer: str, person: uuid.UUID | None = None) -> uuid.UUID:
    return db.transaction(
        lambda s: actions.pass_passkey(s, at=at, party=PARTY, challenge=challenge, answer=answer, person_id=person)
    )


def test_a_passkey_lets_its_owner_in_and_makes_the_password_alone_too_little(
    db: Database, who: Viewer, at: datetime
) -> None:
    device = Device()
    assert len(add(db, who, at, device)) == 10
    assert add(db, who, at, Device(), "노트북") == ()
    challenge = asked(at + timedelta(minutes=1))
    assert enter(db, at + timedelta(minutes=2), challenge, device.sign(challenge)) == who.person_id
    with db.read() as session:
        known = queries.find_credentials(session, "a@example.com", at)
        assert known is not None
        assert known.factor
        assert [one.name for one in queries.list_passkeys(session, who)] == ["전화", "노트북"]
        verbs = session.scalars(select(AuditEvent.verb).order_by(AuditEvent.seq)).all()
        assert verbs[1:] == ["person.passkey_added", "person.passkey_added", "person.passkey_used"]
        told = session.scalars(select(OutboxMessage.subject)).all()
    assert told == ["AX 전략펀드: 패스키를 더했습니다"] * len(told)


def test_no_answer_opens_twice(db: Database, who: Viewer, at: datetime) -> None:
    device = Device()
    add(db, who, at, device)
    earlier, challenge = asked(at + timedelta(seconds=1)), asked(at + timedelta(seconds=2))
    old = device.sign(earlier)
    answer = device.sign(challenge)
    enter(db, at + timedelta(minutes=1), challenge, answer)
    for put, said in ((challenge, answer), (earlier, old)):
        with pytest.raises(PasskeyRefusedError):
            enter(db, at + timedelta(minutes=1), put, said)


@pytest.mark.parametrize(
    "wrong", ["late", "other challenge", "other site", "unverified", "other key", "other person", "nonsense"]
)
def test_what_does_not_prove_its_owner_lets_nobody_in(db: Database, who: Viewer, at: datetime, wrong: str) -> None:
    device = Device()
    add(db, who, at, device)
    challenge = asked(at + timedelta(minutes=1))
    if wrong == "other site":
        device.origin = "https://fund.example.evil.example"
    if wrong == "unverified":
        device.flags = PRESENT
    if wrong == "other key":
        device.key = ec.generate_private_key(ec.SECP256R1())
    answer = device.sign(asked(at) if wrong == "other challenge" else challenge)
    later = at + timedelta(minutes=20 if wrong == "late" else 2)
    with pytest.raises(PasskeyRefusedError):
        enter(
            db,
            later,
            challenge,
            "[]" if wrong == "nonsense" else answer,
            uuid.uuid4() if wrong == "other person" else None,
        )


def test_codes_go_with_the_last_passkey_and_a_reset_takes_all(db: Database, who: Viewer, at: datetime) -> None:
    codes = add(db, who, at, Device())
    assert db.transaction(
        lambda s: actions.pass_factor(s, person_id=who.person_id, at=at, seal=SEAL, code=codes[0])  # type: ignore[arg-type]
    )
    with db.read() as session:
        (one,) = queries.list_passkeys(session, who)
    with pytest.raises(NotFoundError):
        db.transaction(lambda s: actions.remove_passkey(s, actor=who, at=at, passkey_id=uuid.uuid4()))
    db.transaction(lambda s: actions.remove_passkey(s, actor=who, at=at, passkey_id=one.id))
    assert not db.transaction(
        lambda s: actions.pass_factor(s, person_id=who.person_id, at=at, seal=SEAL, code=codes[1])  # type: ignore[arg-type]
    )
    add(db, who, at, Device())
    boss = Viewer(uuid.uuid4(), name="관리자", roles=frozenset({Role.ADMIN}))
    db.transaction(
        lambda s: actions.reset_factor(s, actor=boss, at=at, person_id=who.person_id, reason="신분증을 보았음")  # type: ignore[arg-type]
    )
    with db.read() as session:
        assert session.scalars(select(Passkey)).all() == []


def test_a_passkey_needs_a_name_and_there_are_ten_at_most(db: Database, who: Viewer, at: datetime) -> None:
    with pytest.raises(InvalidInputError):
        add(db, who, at, Device(), " ")
    twice = Device()
    add(db, who, at, twice)
    with pytest.raises(PasskeyRefusedError):
        add(db, who, at, twice)
    for _ in range(9):
        add(db, who, at, Device())
    with pytest.raises(InvalidInputError), db.read() as session:
        actions.ask_new(session, actor=who, party=PARTY, challenge=b"x" * 32, name="열한 번째")
    with pytest.raises(InvalidInputError):
        add(db, who, at, Device())
    assert len(names_of(db, who)) == 10


def test_a_name_is_looked_at_before_the_device_makes_a_key(db: Database, who: Viewer) -> None:
    for name in (" ", "가" * 81, "한\u202e글"):
        with pytest.raises(InvalidInputError), db.read() as session:
            actions.ask_new(session, actor=who, party=PARTY, challenge=b"x" * 32, name=name)


@pytest.mark.parametrize(
    "answer", ["[" * 20_000, '{"id": "\\u0000"}', '{"id": "' + "A" * 1365 + '"}', '{"id": ""}', '{"id": ["A"]}', "{}"]
)
def test_what_no_device_says_is_refused_before_anybody_is_looked_for(db: Database, at: datetime, answer: str) -> None:
    with pytest.raises(PasskeyRefusedError):
        enter(db, at, asked(at), answer)


@pytest.mark.parametrize(
    "device", [Device(odd_key=b"\x80"), Device(odd_key=b"\x81" * 2000 + b"\x00"), Device(credential=bytes(1100))]
)
def test_what_no_device_makes_is_refused(db: Database, who: Viewer, at: datetime, device: Device) -> None:
    with pytest.raises(PasskeyRefusedError):
        add(db, who, at, device)
    assert names_of(db, who) == []


def test_everybody_is_out_once_a_passkey_comes_or_goes(db: Database, who: Viewer, at: datetime) -> None:
    assert who.person_id is not None
    key, seen = who.person_id, [session_of(db, who)]
    add(db, who, at, Device())
    seen.append(session_of(db, who))
    with db.read() as session:
        (one,) = queries.list_passkeys(session, who)
    db.transaction(lambda s: actions.remove_passkey(s, actor=who, at=at, passkey_id=one.id))
    seen.append(session_of(db, who))
    add(db, who, at + timedelta(seconds=1), Device())
    seen.append(session_of(db, who))
    db.transaction(lambda s: actions.reset_factor(s, actor=SYSTEM, at=at, person_id=key, reason="신분증을 보았음"))
    seen.append(session_of(db, who))
    assert len(set(seen)) == 5


def test_passkeys_go_with_the_old_password_unless_they_are_to_stay(db: Database, who: Viewer, at: datetime) -> None:
    assert who.person_id is not None
    key, device = who.person_id, Device()
    add(db, who, at, device)
    db.transaction(
        lambda s: actions.set_password(s, actor=who, at=at, person_id=key, password_hash="y", keep_passkeys=True)
    )
    assert (names_of(db, who), codes_left(db, who, at)) == (["전화"], 10)
    db.transaction(lambda s: actions.set_password(s, actor=who, at=at, person_id=key, password_hash="z"))
    assert (names_of(db, who), codes_left(db, who, at)) == ([], 0)
    challenge = asked(at + timedelta(minutes=1))
    with pytest.raises(PasskeyRefusedError):
        enter(db, at + timedelta(minutes=2), challenge, device.sign(challenge))
    with db.read() as session:
        verbs = session.scalars(select(AuditEvent.verb).order_by(AuditEvent.seq)).all()
        told = session.scalars(select(OutboxMessage.subject).order_by(OutboxMessage.created_at)).all()
    assert verbs[2:] == ["person.password_set", "person.passkeys_ended", "person.password_set"]
    assert told.count("AX 전략펀드: 패스키를 지웠습니다") == 1


def test_codes_stay_where_an_authenticator_does(db: Database, who: Viewer, at: datetime) -> None:
    assert who.person_id is not None
    key = who.person_id
    secret = db.transaction(lambda s: actions.begin_factor(s, actor=who, at=at, seal=SEAL))
    code = TOTP(key=secret, format="base32").generate(time=at).token
    db.transaction(lambda s: actions.confirm_factor(s, actor=who, at=at, seal=SEAL, code=code))
    add(db, who, at, Device())
    db.transaction(lambda s: actions.set_password(s, actor=who, at=at, person_id=key, password_hash="y"))
    assert (names_of(db, who), codes_left(db, who, at)) == ([], 10)


def follow_link(
    db: Database, place: str, ask: Callable[[Session], None], follow: Callable[[Session, str], object]
) -> None:
    """Ask for a link by mail and follow it."""
    db.transaction(ask)
    with db.read() as session:
        bodies = session.scalars(select(OutboxMessage.body)).all()
    (token,) = {found[1] for body in bodies if (found := re.search(rf"{place}(\S+)", body))}
    db.transaction(lambda session: follow(session, token))


def test_no_passkey_outlives_a_move(db: Database, who: Viewer, at: datetime) -> None:
    place = "https://fund.example/account/x/"
    add(db, who, at, Device())
    follow_link(
        db,
        place,
        lambda s: actions.ask_move(s, actor=who, at=at, email="b@example.com", address=place),
        lambda s, token: actions.move_email(s, actor=ANONYMOUS, at=at, token=token),
    )
    assert (names_of(db, who), codes_left(db, who, at)) == ([], 0)
    with db.read() as session:
        verbs = session.scalars(select(AuditEvent.verb)).all()
    assert verbs.count("person.passkeys_ended") == 1


def test_a_new_password_by_mail_does_not_pass_the_second_step_by(db: Database, who: Viewer, at: datetime) -> None:
    place = "https://fund.example/account/x/"
    add(db, who, at, Device())
    before = names_of(db, who)
    follow_link(
        db,
        place,
        lambda s: actions.ask_recovery(s, actor=ANONYMOUS, at=at, email="a@example.com", address=place),
        lambda s, token: actions.recover_password(s, actor=ANONYMOUS, at=at, token=token, password_hash="y"),
    )
    assert (len(before), names_of(db, who), codes_left(db, who, at)) == (1, before, 10)
