from __future__ import annotations

import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from passlib.totp import TOTP
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from fundapp.audit.tables import AuditEvent
from fundapp.core.access import ANONYMOUS, SYSTEM, Viewer
from fundapp.core.errors import ForbiddenError, InvalidInputError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.sealing import Seal
from fundapp.core.sessions import Database
from fundapp.identity import actions, queries
from fundapp.identity.passwords import find_password_fault
from fundapp.identity.rules import FactorStandsError, LinkSpentError, TooManyLinksError, UnconfirmedError, may_send_link
from fundapp.identity.tables import AccountLink, Person

PLACE = "https://fund.example/account/x/"
SEAL = Seal.of("of a test", salt=b"somebody", purpose="second factor")


def register(db: Database, at: datetime, email: str = "one@example.com") -> Viewer:
    person_id = db.transaction(
        lambda s: actions.create_person(
            s, actor=ANONYMOUS, at=at, email=email, name="김도윤", roles={"applicant"}, password_hash="old"
        )
    )
    return Viewer(person_id=person_id, name="김도윤", email=email, roles=frozenset({"applicant"}))


def mails_to(db: Database, recipient: str) -> list[OutboxMessage]:
    with db.read() as session:
        found = select(OutboxMessage).where(OutboxMessage.recipient == recipient).order_by(OutboxMessage.created_at)
        return list(session.scalars(found))


def token_to(db: Database, recipient: str) -> str:
    """The token of the newest link that was mailed to an address."""
    links = [re.search(rf"{PLACE}(\S+)", mail.body) for mail in mails_to(db, recipient)]
    return next(found[1] for found in reversed(links) if found)


def person_of(db: Database, who: Viewer) -> Person:
    with db.read() as session:
        return session.get_one(Person, who.person_id)


def ask_confirmation(db: Database, who: Viewer, at: datetime) -> None:
    db.transaction(lambda s: actions.ask_confirmation(s, actor=who, at=at, address=PLACE))


def confirm(db: Database, token: str, at: datetime) -> None:
    db.transaction(lambda s: actions.confirm_email(s, actor=ANONYMOUS, at=at, token=token))


def ask_recovery(db: Database, email: str, at: datetime) -> None:
    db.transaction(lambda s: actions.ask_recovery(s, actor=ANONYMOUS, at=at, email=email, address=PLACE))


def recover(db: Database, token: str, at: datetime, password_hash: str) -> uuid.UUID:
    return db.transaction(
        lambda s: actions.recover_password(s, actor=ANONYMOUS, at=at, token=token, password_hash=password_hash)
    )


def test_an_address_is_proved_by_the_link_once_and_within_three_days(db: Database, at: datetime) -> None:
    who = register(db, at)
    assert person_of(db, who).confirmed_at is None
    ask_confirmation(db, who, at)
    token = token_to(db, who.email)
    with pytest.raises(LinkSpentError):
        confirm(db, token, at + timedelta(days=3))
    confirm(db, token, at + timedelta(days=2))
    assert person_of(db, who).confirmed_at == at + timedelta(days=2)
    with pytest.raises(LinkSpentError):
        confirm(db, token, at + timedelta(days=2))


def test_whoever_the_fund_lets_in_is_proved(db: Database, at: datetime) -> None:
    key = db.transaction(
        lambda s: actions.create_person(
            s, actor=SYSTEM, at=at, email="b@example.com", name="b", roles={"analyst"}, password_hash=None
        )
    )
    assert person_of(db, Viewer(person_id=key)).confirmed_at == at


def test_only_the_newest_link_is_good_and_an_hour_has_three(db: Database, at: datetime) -> None:
    who = register(db, at)
    tokens = []
    for minute in range(3):
        ask_confirmation(db, who, at + timedelta(minutes=minute))
        tokens.append(token_to(db, who.email))
    with pytest.raises(TooManyLinksError):
        ask_confirmation(db, who, at + timedelta(minutes=59))
    with pytest.raises(LinkSpentError):
        confirm(db, tokens[1], at + timedelta(minutes=3))
    confirm(db, tokens[2], at + timedelta(minutes=3))


def test_links_are_counted_over_the_hour_before(at: datetime) -> None:
    hour = timedelta(hours=1)
    assert may_send_link([at - hour, at - hour / 2, at], at)
    assert not may_send_link([at - hour + timedelta(seconds=1), at - hour / 2, at], at)


def test_a_link_of_one_purpose_serves_no_other(db: Database, at: datetime) -> None:
    who = register(db, at)
    ask_confirmation(db, who, at)
    with pytest.raises(LinkSpentError):
        recover(db, token_to(db, who.email), at, "new")


def test_the_database_keeps_one_open_link_of_a_purpose(db: Database, at: datetime) -> None:
    who = register(db, at)
    ask_confirmation(db, who, at)
    with pytest.raises(IntegrityError):
        db.transaction(
            lambda s: s.add(
                AccountLink(
                    person_id=who.person_id, purpose="confirm", email=who.email, token_sha256="0" * 64,
                    created_at=at, expires_at=at + timedelta(hours=1),
                )
            )
        )  # fmt: skip


def test_recovery_sets_the_password_ends_sessions_and_proves_the_mailbox(db: Database, at: datetime) -> None:
    who = register(db, at)
    before = person_of(db, who).fs_uniquifier
    ask_recovery(db, "ONE@example.com", at)
    assert recover(db, token_to(db, who.email), at + timedelta(minutes=59), "new") == who.person_id
    after = person_of(db, who)
    assert (after.password, after.confirmed_at) == ("new", at + timedelta(minutes=59))
    assert after.fs_uniquifier != before
    assert mails_to(db, who.email)[-1].subject == "AX 전략펀드: 비밀번호가 바뀌었습니다"


def test_a_link_to_a_new_password_dies_with_use_time_and_change_of_password(db: Database, at: datetime) -> None:
    who = register(db, at)
    ask_recovery(db, who.email, at)
    first = token_to(db, who.email)
    with pytest.raises(LinkSpentError):
        recover(db, first, at + timedelta(hours=1), "new")
    recover(db, first, at, "new")
    with pytest.raises(LinkSpentError):
        recover(db, first, at, "new")
    ask_recovery(db, who.email, at + timedelta(minutes=1))
    second = token_to(db, who.email)
    db.transaction(
        lambda s: actions.set_password(s, actor=who, at=at, person_id=who.person_id, password_hash="third")  # type: ignore[arg-type]
    )
    with pytest.raises(LinkSpentError):
        recover(db, second, at + timedelta(minutes=2), "new")
    assert person_of(db, who).password == "third"


def test_an_unknown_address_gets_no_mail_and_no_error(db: Database, at: datetime) -> None:
    ask_recovery(db, "nobody@example.com", at)
    assert mails_to(db, "nobody@example.com") == []


def test_asking_too_often_for_a_password_is_quiet(db: Database, at: datetime) -> None:
    who = register(db, at)
    for _ in range(5):
        ask_recovery(db, who.email, at)
    assert len(mails_to(db, who.email)) == 3


def test_an_account_moves_once_the_new_address_is_proved(db: Database, at: datetime) -> None:
    who = register(db, at)
    db.transaction(lambda s: actions.ask_move(s, actor=who, at=at, email="New@example.com", address=PLACE))
    assert person_of(db, who).email == "one@example.com"
    token = token_to(db, "new@example.com")
    later = at + timedelta(minutes=1)
    db.transaction(lambda s: actions.move_email(s, actor=ANONYMOUS, at=later, token=token))
    moved = person_of(db, who)
    assert (moved.email, moved.confirmed_at) == ("new@example.com", later)
    told = [mail.subject for mail in mails_to(db, "one@example.com")]
    assert told == ["AX 전략펀드: 이메일 주소를 바꾸려고 합니다", "AX 전략펀드: 이메일 주소가 바뀌었습니다"]


def test_an_account_cannot_move_to_somebody_elses_address(db: Database, at: datetime) -> None:
    who, other = register(db, at), register(db, at, "two@example.com")
    db.transaction(lambda s: actions.ask_move(s, actor=who, at=at, email=other.email, address=PLACE))
    assert [mail.subject for mail in mails_to(db, other.email)] == ["AX 전략펀드: 이미 가입한 주소입니다"]
    assert person_of(db, who).email == "one@example.com"


def code_at(secret: str, at: datetime) -> str:
    return str(TOTP(key=secret, format="base32").generate(time=at).token)


def turn_on(db: Database, who: Viewer, at: datetime) -> tuple[str, tuple[str, ...]]:
    secret = db.transaction(lambda s: actions.begin_factor(s, actor=who, at=at, seal=SEAL))
    codes = db.transaction(lambda s: actions.confirm_factor(s, actor=who, at=at, seal=SEAL, code=code_at(secret, at)))
    assert codes is not None
    return secret, codes


def passes(db: Database, who: Viewer, at: datetime, code: str) -> bool:
    assert who.person_id is not None
    key = who.person_id
    return db.transaction(lambda s: actions.pass_factor(s, person_id=key, at=at, seal=SEAL, code=code))


def proved(db: Database, at: datetime) -> Viewer:
    who = register(db, at)
    db.transaction(lambda s: actions.prove_address(s, actor=who, at=at))
    return who


def test_an_unproved_address_gets_no_second_factor(db: Database, at: datetime) -> None:
    who = register(db, at)
    with pytest.raises(UnconfirmedError):
        db.transaction(lambda s: actions.begin_factor(s, actor=who, at=at, seal=SEAL))


@pytest.mark.parametrize("was_proved", [True, False])
def test_recovery_drops_a_second_factor_that_was_set_before_the_mailbox_was_proved(
    db: Database, at: datetime, *, was_proved: bool
) -> None:
    who = proved(db, at)
    turn_on(db, who, at)
    if not was_proved:
        db.transaction(lambda s: s.execute(update(Person).values(confirmed_at=None)))
    ask_recovery(db, who.email, at)
    recover(db, token_to(db, who.email), at, "new")
    with db.read() as session:
        known = queries.find_credentials(session, who.email, at)
    assert known is not None
    assert known.factor is was_proved


def test_an_administrator_drops_a_lost_second_factor_with_a_reason_and_not_their_own(
    db: Database, at: datetime
) -> None:
    who = proved(db, at)
    assert who.person_id is not None
    _, codes = turn_on(db, who, at)
    reset = partial(actions.reset_factor, at=at, person_id=who.person_id)
    with pytest.raises(ForbiddenError):
        db.transaction(lambda s: reset(s, actor=replace(who, roles=frozenset({"admin"})), reason="mine"))
    with pytest.raises(ForbiddenError):
        db.transaction(lambda s: reset(s, actor=Viewer(uuid.uuid4(), roles=frozenset({"analyst"})), reason="seen"))
    with pytest.raises(InvalidInputError):
        db.transaction(lambda s: reset(s, actor=SYSTEM, reason=" "))
    db.transaction(lambda s: reset(s, actor=SYSTEM, reason="came to the office with a passport"))
    assert not passes(db, who, at, codes[0])
    with pytest.raises(FactorStandsError):
        db.transaction(lambda s: reset(s, actor=SYSTEM, reason="again"))
    with db.read() as session:
        last = session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).one()
    assert (last.verb, last.details) == ("person.factor_reset", {"reason": "came to the office with a passport"})
    assert mails_to(db, who.email)[-1].subject == "AX 전략펀드: 2단계 인증을 껐습니다"


def test_the_codes_are_those_of_the_standard() -> None:
    # RFC 6238, appendix B: the secret "12345678901234567890" at 59 seconds gives 94287082 (SHA-1, eight digits).
    standard = TOTP(key=b"12345678901234567890", format="raw", digits=8)
    assert standard.generate(time=datetime.fromtimestamp(59, UTC)).token == "94287082"


def test_a_code_opens_once_and_neighbouring_steps_are_allowed_for(db: Database, at: datetime) -> None:
    who = proved(db, at)
    secret, _ = turn_on(db, who, at)
    assert not passes(db, who, at, code_at(secret, at))
    later = at + timedelta(minutes=5)
    assert passes(db, who, later, code_at(secret, later - timedelta(seconds=30)))
    assert passes(db, who, later, code_at(secret, later))
    assert not passes(db, who, later, code_at(secret, later))
    assert not passes(db, who, later, code_at(secret, later - timedelta(minutes=2)))
    assert not passes(db, who, later, "없는 번호")


def test_a_recovery_code_stands_in_once_however_it_is_typed(db: Database, at: datetime) -> None:
    who = proved(db, at)
    _, codes = turn_on(db, who, at)
    assert len(set(codes)) == 10
    assert passes(db, who, at, codes[0].upper().replace("-", " "))
    assert not passes(db, who, at, codes[0])
    with db.read() as session:
        assert queries.get_account(session, who, at).codes_left == 9


def test_a_wrong_first_code_turns_nothing_on(db: Database, at: datetime) -> None:
    who = proved(db, at)
    db.transaction(lambda s: actions.begin_factor(s, actor=who, at=at, seal=SEAL))
    assert db.transaction(lambda s: actions.confirm_factor(s, actor=who, at=at, seal=SEAL, code="000")) is None
    with db.read() as session:
        known = queries.find_credentials(session, who.email, at)
    assert known is not None
    assert not known.factor


def test_a_secret_in_use_is_not_replaced_until_it_is_off(db: Database, at: datetime) -> None:
    who = proved(db, at)
    turn_on(db, who, at)
    with pytest.raises(FactorStandsError):
        db.transaction(lambda s: actions.begin_factor(s, actor=who, at=at, seal=SEAL))
    db.transaction(lambda s: actions.drop_factor(s, actor=who, at=at))
    turn_on(db, who, at + timedelta(minutes=5))
    subjects = [mail.subject for mail in mails_to(db, who.email)]
    assert subjects == [f"AX 전략펀드: 2단계 인증을 {what}습니다" for what in ("켰", "껐", "켰")]


def test_the_secret_lies_sealed_in_the_database(db: Database, at: datetime) -> None:
    from fundapp.identity.tables import SecondFactor  # noqa: PLC0415 - only here

    who = proved(db, at)
    secret = db.transaction(lambda s: actions.begin_factor(s, actor=who, at=at, seal=SEAL))
    with db.read() as session:
        sealed = session.get_one(SecondFactor, who.person_id).sealed
    assert TOTP(key=secret, format="base32").key not in sealed


def test_the_holder_hears_when_wrong_passwords_close_the_account(db: Database, at: datetime) -> None:
    who = register(db, at)
    assert who.person_id is not None
    key = who.person_id
    for _ in range(5):
        db.transaction(lambda s: actions.record_failed_login(s, person_id=key, at=at))
    assert [mail.subject for mail in mails_to(db, who.email)] == ["AX 전략펀드: 로그인이 잠시 막혔습니다"]


COMMON = (
    "1234567890",
    "0987654321",
    "12345678910",
    "1234567891",
    "qwertyuiop",
    "qwerty12345",
    "qwerty123456",
    "1q2w3e4r5t",
    "q1w2e3r4t5",
    "1qaz2wsx3edc",
    "zaq12wsxcde3",
    "asdfghjkl;",
    "abcdefghij",
    "abc123456789",
    "123qweasdzxc",
    "123456789a",
    "a123456789",
    "password123",
    "password12",
    "passw0rd123",
    "Password@123",
    "iloveyou12",
    "iloveyou123",
    "princess123",
    "michelle123",
    "superman123",
    "basketball1",
    "football123",
    "liverpool1",
    "welcome123",
    "letmein123",
    "changeme123",
    "administrator",
    "Admin@12345",
    "123123123123",
    "147258369a",
    "qwer1234!@#$",
    "Summer2026!!",
    "Korea2026!!",
    "비밀번호123456",
    "tkfkdgody12",
    "qlalfqjsgh1",
    "sksmsskdi12",
)
"""From the yearly lists of the commonest, ten signs and more; the last are Korean words on an English keyboard."""


@pytest.mark.parametrize("password", COMMON)
def test_what_guessers_try_first_is_refused(password: str) -> None:
    assert find_password_fault(password) == "common"


@pytest.mark.parametrize("password", ["AxFund2026!", "전략펀드2026!!", "ax전략펀드1234"])
def test_the_products_own_name_is_no_password(password: str) -> None:
    assert find_password_fault(password) == "common"


@pytest.mark.parametrize("password", ["doyoon1234!", "Ongyeol2026", "doyoon@ongyeol.example", "김도윤 이서연123"])
def test_neither_is_ones_own_address_or_name(password: str) -> None:
    assert find_password_fault(password, email="doyoon@ongyeol.example", name="김도윤 이서연") == "email"


@pytest.mark.parametrize("password", ["correct horse battery staple", "나무를 심는 사람들", "x" * 60 + "yqvk jd"])
def test_long_and_own_ones_are_welcome(password: str) -> None:
    assert find_password_fault(password.ljust(10, "j")) is None
