"""Passkeys on both databases, answered by an authenticator of a few lines (Web Authentication, level 3, section 6)."""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import select
from sqlalchemy.orm import Session
from webauthn.helpers import bytes_to_base64url

from fundapp.audit.tables import AuditEvent
from fundapp.core.access import SYSTEM, Role, Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.sealing import Seal
from fundapp.core.sessions import Database
from fundapp.identity import actions, queries
from fundapp.identity.actions import Challenge, Party
from fundapp.identity.rules import PasskeyRefusedError
from fundapp.identity.tables import Passkey

SEAL = Seal.of("of a test", salt=b"somebody", purpose="second factor")
PARTY = Party("fund.example", "https://fund.example")
_PRESENT, _VERIFIED, _NEW = 1, 4, 64


@dataclass
class Device:
    """A device that holds one key."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    count: int = 0
    origin: str = PARTY.origin
    flags: int = _PRESENT | _VERIFIED

    def _said(self, kind: str, challenge: Challenge) -> bytes:
        told = {"type": kind, "challenge": bytes_to_base64url(challenge.value), "origin": self.origin}
        return json.dumps(told).encode()

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(PARTY.host.encode()).digest() + struct.pack(">BI", flags, self.count)

    def make(self, challenge: Challenge) -> str:
        """What a browser says of a fresh passkey."""
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        data = self._data(self.flags | _NEW) + bytes(16) + struct.pack(">H", 16) + self.credential + cbor2.dumps(cose)
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(clientDataJSON=self._said("webauthn.create", challenge), attestationObject=made)

    def sign(self, challenge: Challenge) -> str:
        """What a browser says when it is used."""
        self.count += 1
        data, said = self._data(self.flags), self._said("webauthn.get", challenge)
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        return self._answer(clientDataJSON=said, authenticatorData=data, signature=signature)

    def _answer(self, **parts: bytes) -> str:
        name = bytes_to_base64url(self.credential)
        response = {key: bytes_to_base64url(value) for key, value in parts.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


def asked(at: datetime) -> Challenge:
    return Challenge(secrets.token_bytes(32), at)


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
        device.flags = _PRESENT
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
        actions.ask_new(session, actor=who, party=PARTY, challenge=b"x" * 32)
