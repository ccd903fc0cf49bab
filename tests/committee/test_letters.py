"""Letters about decisions: their texts, the batch that two people send, what mail became of them, and appeals."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from committee_factory import AT, CALL, application, ballot, close, committee, do, join, look, person, recuse, vote
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from fundapp.committee import actions, queries
from fundapp.committee.rules.letters import (
    DEFAULT_RULES,
    OUTCOMES,
    AppealClosedError,
    LetterRule,
    appeal_window,
    check_rules,
    choose_rule,
)
from fundapp.committee.tables import Appeal, Letter
from fundapp.core.access import Viewer
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.sessions import Database
from fundapp.intake.call_terms import appeal_days
from fundapp.intake.queries import funnel_counts, get_application, list_applications, list_my_applications

BOTH = ["carried", "rejected"]


@dataclass(frozen=True)
class Decided:
    """One application carried, one rejected, and the people around them; no letters yet."""

    carried: uuid.UUID
    rejected: uuid.UUID
    chair: Viewer
    member: Viewer
    third: Viewer
    analyst: Viewer
    founder: Viewer


@pytest.fixture
def decided(db: Database) -> Decided:
    chair, member, third = committee(db, 3)
    good = application(db, 1, name="온결비전", contact_email="Desk@onkyul.example")
    bad = application(db, 2, name="가온시험")
    for key, choice in ((good, "yes"), (bad, "no")):
        ballot_id = ballot(db, key, conditions=("보안성 검토",))
        for who in (chair, member, third):
            vote(db, ballot_id, who, choice)  # type: ignore[arg-type]
        close(db, ballot_id, chair, key=f"close:{key}")
    founder = person(db, "Founder", "applicant")
    join(db, good, founder)
    return Decided(good, bad, chair, member, third, person(db, "Analyst", "analyst"), look(db, founder.person_id))


def stage(db: Database, who: Viewer, outcomes: list[str] | None = None, key: str = "s") -> uuid.UUID:
    return do(
        db,
        lambda s: actions.stage_letters(s, call_code=CALL, outcomes=outcomes or BOTH, key=key, actor=who, at=AT),
    )


def approve(db: Database, batch: uuid.UUID, who: Viewer) -> None:
    do(db, lambda s: actions.approve_batch(s, batch_id=batch, actor=who, at=AT))


def send(db: Database, batch: uuid.UUID, who: Viewer, at: datetime = AT, key: str = "send") -> actions.SentBatch:
    return do(db, lambda s: actions.send_batch(s, batch_id=batch, key=key, actor=who, at=at))


def page(db: Database, batch: uuid.UUID, who: Viewer) -> queries.BatchPage:
    with db.read() as session:
        return queries.batch_page(session, who, batch)


def edit(db: Database, letter: queries.LetterRow, who: Viewer, note: str = "회사명 정정") -> None:
    do(
        db,
        lambda s: actions.edit_letter(
            s,
            letter_id=letter.letter_id,
            subject_ko="고친 제목",
            body_ko="고친 본문",
            subject_en="Changed",
            body_en="Changed body",
            note=note,
            actor=who,
            at=AT,
        ),
    )


# ---- texts ----


def test_the_texts_that_ship_cover_every_outcome_in_both_languages() -> None:
    check_rules(DEFAULT_RULES)
    for outcome in OUTCOMES:
        for language in ("ko", "en"):
            rule = choose_rule((), outcome=outcome, has_conditions=False, language=language)  # type: ignore[arg-type]
            assert (rule.outcome, rule.fits, rule.language) == (outcome, "always", language)


def test_the_first_text_that_fits_wins() -> None:
    rules = [
        LetterRule("carried", "conditions", "ko", "조건부", "본문"),
        LetterRule("any", "always", "ko", "모두", "본문"),
        LetterRule("carried", "always", "ko", "늦음", "본문"),
    ]

    def subject(outcome: str, *, conditions: bool) -> str:
        return choose_rule(rules, outcome=outcome, has_conditions=conditions, language="ko").subject

    assert subject("carried", conditions=True) == "조건부"
    assert subject("carried", conditions=False) == "모두"
    assert subject("rejected", conditions=True) == "모두"


@pytest.mark.parametrize("body", ["{nobody}", "{company", "}", "{company.name}", "{company!r}", "{company:>9}", "{}"])
def test_a_text_with_a_placeholder_that_does_not_exist_is_refused_with_its_place(body: str) -> None:
    rules = [LetterRule("any", "always", "ko", "제목", "본문"), LetterRule("any", "always", "en", "Subject", body)]
    with pytest.raises(InvalidInputError, match="text 2: "):
        check_rules(rules)


def test_texts_are_saved_as_versions_and_the_next_letters_use_them(db: Database, decided: Decided) -> None:
    rules = [LetterRule("any", "always", "ko", "{number} 결과", "{company}: {cash} / {gpu}")]

    def save() -> int:
        return do(
            db,
            lambda s: actions.save_letter_rules(s, call_code=CALL, rules=rules, actor=decided.analyst, at=AT),
        )

    assert (save(), save()) == (1, 1)
    letter = page(db, stage(db, decided.analyst), decided.chair).letters[0]
    assert (letter.subject_ko, letter.body_ko) == ("AX-T-0001 결과", "온결비전: 100,000,000원 / 없음")
    assert letter.subject_en == "[AX-T-0001] Decision to fund, with conditions"
    with pytest.raises(NotFoundError):
        do(db, lambda s: actions.save_letter_rules(s, call_code=CALL, rules=rules, actor=decided.member, at=AT))


# ---- batch ----


def test_a_batch_is_staged_approved_by_another_person_and_sent_together(db: Database, decided: Decided) -> None:
    batch = stage(db, decided.analyst)
    with pytest.raises(FourEyesError):
        approve(db, batch, decided.analyst)
    with pytest.raises(TransitionRefusedError):
        send(db, batch, decided.analyst)
    approve(db, batch, decided.chair)
    assert send(db, batch, decided.analyst) == actions.SentBatch(letters=2, mails=2, without_address=1)
    assert send(db, batch, decided.analyst) == actions.SentBatch(letters=2, mails=2, without_address=1)
    with pytest.raises(TransitionRefusedError):
        send(db, batch, decided.analyst, key="other")
    with db.read() as session:
        mails = session.scalars(select(OutboxMessage).order_by(OutboxMessage.recipient)).all()
    assert [mail.recipient for mail in mails] == ["Desk@onkyul.example", "founder@example.org"]
    assert mails[0].subject == ("[AX-T-0001] 지원 결정과 이행조건 안내 / [AX-T-0001] Decision to fund, with conditions")
    assert "1. 보안성 검토" in mails[0].body


def test_a_decision_has_one_letter_however_often_it_is_staged(db: Database, decided: Decided) -> None:
    batch = stage(db, decided.analyst, ["carried"])
    assert len(page(db, stage(db, decided.analyst, key="s2"), decided.chair).letters) == 1
    with pytest.raises(InvalidInputError):
        stage(db, decided.chair, key="s3")
    letter = page(db, batch, decided.chair).letters[0]

    def copy(session: object) -> None:
        one = session.get_one(Letter, letter.letter_id)  # type: ignore[attr-defined]
        values = {c.name: getattr(one, c.name) for c in Letter.__table__.columns if c.name != "id"}
        session.add(Letter(**values))  # type: ignore[attr-defined]
        session.flush()  # type: ignore[attr-defined]

    with pytest.raises(DBAPIError):
        do(db, copy)


def test_a_letter_that_is_dropped_or_discarded_gives_its_decision_back(db: Database, decided: Decided) -> None:
    batch = stage(db, decided.analyst)
    first = page(db, batch, decided.chair).letters[0]
    do(db, lambda s: actions.drop_letter(s, letter_id=first.letter_id, actor=decided.analyst, at=AT))
    do(db, lambda s: actions.discard_batch(s, batch_id=batch, actor=decided.chair, at=AT))
    with db.read() as session:
        assert queries.count_unwritten(session, decided.chair, CALL) == {"carried": 1, "rejected": 1}
    with pytest.raises(TransitionRefusedError):
        do(db, lambda s: actions.discard_batch(s, batch_id=batch, actor=decided.chair, at=AT))
    assert page(db, stage(db, decided.analyst, key="again"), decided.chair).row.letters == 2


def test_whoever_edits_a_letter_leaves_a_note_and_does_not_approve(db: Database, decided: Decided) -> None:
    batch = stage(db, decided.analyst)
    letter = page(db, batch, decided.chair).letters[0]
    with pytest.raises(InvalidInputError):
        edit(db, letter, decided.chair, note=" ")
    edit(db, letter, decided.chair)
    shown = page(db, batch, decided.chair).letters[0]
    assert (shown.subject_ko, shown.edited_by, shown.edit_note) == ("고친 제목", "Chair", "회사명 정정")
    with pytest.raises(FourEyesError):
        approve(db, batch, decided.chair)
    approve(db, batch, person(db, "Second", "analyst"))
    with pytest.raises(TransitionRefusedError):
        edit(db, letter, decided.chair)


def test_a_recused_person_gets_no_letter_and_sees_no_batch_with_it(db: Database, decided: Decided) -> None:
    insider = person(db, "Insider", "committee")
    recused = recuse(db, decided.carried, insider)
    join(db, decided.carried, insider)
    batch = stage(db, decided.analyst)
    approve(db, batch, decided.chair)
    assert send(db, batch, decided.analyst).mails == 2
    with db.read() as session:
        assert "insider@example.org" not in session.scalars(select(OutboxMessage.recipient)).all()
        assert queries.list_batches(session, recused) == []
        with pytest.raises(NotFoundError):
            queries.batch_page(session, recused, batch)


def test_what_somebody_is_recused_from_they_neither_stage_nor_approve(db: Database, decided: Decided) -> None:
    other = recuse(db, decided.carried, person(db, "Other", "analyst"))
    own = stage(db, other)
    assert [letter.number for letter in page(db, own, decided.chair).letters] == ["AX-T-0002"]
    whole = stage(db, decided.analyst, key="rest")
    with pytest.raises(NotFoundError):
        approve(db, whole, other)


# ---- what became of them ----


def fail(db: Database, recipient: str, answer: str = "550 no such mailbox") -> None:
    change = update(OutboxMessage).where(OutboxMessage.recipient == recipient, OutboxMessage.state == "waiting")
    do(db, lambda s: s.execute(change.values(state="failed", last_error=answer, attempts=8)))


def test_failed_mails_alone_are_sent_again_and_the_server_s_answer_is_shown(db: Database, decided: Decided) -> None:
    batch = stage(db, decided.analyst, ["carried"])
    approve(db, batch, decided.chair)
    send(db, batch, decided.analyst)
    fail(db, "Desk@onkyul.example")
    shown = page(db, batch, decided.chair)
    assert (shown.row.failed, shown.letters[0].state) == (1, "failed")
    assert [(one.recipient, one.state, one.answer) for one in shown.letters[0].mails] == [
        ("Desk@onkyul.example", "failed", "550 no such mailbox"),
        ("founder@example.org", "waiting", None),
    ]

    def again(key: str) -> int:
        return do(db, lambda s: actions.resend_failed(s, batch_id=batch, key=key, actor=decided.analyst, at=AT))

    assert [again("r1"), again("r1"), again("r2")] == [1, 1, 0]
    shown = page(db, batch, decided.chair)
    assert (shown.letters[0].state, [one.attempt for one in shown.letters[0].mails]) == ("queued", [2, 1])
    with db.read() as session:
        assert session.scalar(select(func.count(OutboxMessage.id))) == 3


# ---- what the applicant sees ----


def test_the_applicant_sees_the_decision_only_once_the_letter_is_sent(db: Database, decided: Decided) -> None:
    def seen() -> tuple[str, str, list[str]]:
        with db.read() as session:
            view = get_application(session, decided.founder, decided.carried)
            row = list_my_applications(session, decided.founder)[0]
        return view.state, row.state, [step.verb for step in view.history]

    assert seen() == ("proposed", "proposed", ["propose"])
    with db.read() as session:
        assert queries.own_letter(session, decided.founder, decided.carried, AT) is None
        assert queries.list_own_conditions(session, decided.founder) == []
        assert list_applications(session, decided.founder, CALL, states=["approved"]) == []
        assert funnel_counts(session, decided.founder, CALL) == {"proposed": 1}
        assert get_application(session, decided.analyst, decided.carried).state == "approved"
    batch = stage(db, decided.analyst)
    approve(db, batch, decided.chair)
    assert seen()[0] == "proposed"
    send(db, batch, decided.analyst)
    assert seen() == ("approved", "approved", ["propose", "approve"])
    with db.read() as session:
        letter = queries.own_letter(session, decided.founder, decided.carried, AT)
        assert [row.text for row in queries.list_own_conditions(session, decided.founder)] == ["보안성 검토"]
        with pytest.raises(NotFoundError):
            queries.own_letter(session, decided.founder, decided.rejected, AT)
    assert letter is not None
    assert letter.subject_ko == "[AX-T-0001] 지원 결정과 이행조건 안내"


# ---- appeals ----


def test_the_window_leaves_out_the_day_of_the_letter_and_takes_in_the_last() -> None:
    late = datetime(2026, 6, 1, 16, 0, tzinfo=UTC)  # 2 June 01:00 in Seoul
    window = appeal_window(late, 10)
    assert (window.sent_on, window.until) == (date(2026, 6, 2), date(2026, 6, 12))
    assert window.arithmetic_ko == "통지 2026-06-02 + 10일 = 2026-06-12 24:00까지(한국 시각)"
    last = datetime(2026, 6, 12, 14, 59, 59, tzinfo=UTC)
    assert [window.open_at(last), window.open_at(last + timedelta(seconds=1))] == [True, False]
    assert not appeal_window(late, 0).open_at(late)


def test_a_call_says_how_long_one_may_appeal() -> None:
    assert (appeal_days({}), appeal_days({"appeal": {"days": 0}})) == (10, 0)
    with pytest.raises(InvalidInputError, match=r"appeal\.days"):
        appeal_days({"appeal": {"days": 61}})


def told(db: Database, decided: Decided) -> None:
    batch = stage(db, decided.analyst)
    approve(db, batch, decided.chair)
    send(db, batch, decided.analyst)


def appeal(db: Database, decided: Decided, at: datetime = AT, text: str = "실증 결과가 빠졌습니다") -> uuid.UUID:
    return do(
        db,
        lambda s: actions.file_appeal(
            s, application_id=decided.carried, text=text, key=f"a:{text}:{at}", actor=decided.founder, at=at
        ),
    )


def decide(db: Database, key: uuid.UUID, who: Viewer, outcome: str = "upheld", reason: str = "새 자료가 있음") -> None:
    do(
        db,
        lambda s: actions.decide_appeal(
            s,
            appeal_id=key,
            outcome=outcome,  # type: ignore[arg-type]
            reason=reason,
            key=f"d:{who.person_id}:{reason}",
            actor=who,
            at=AT,
        ),
    )


def test_an_appeal_is_filed_once_within_the_window(db: Database, decided: Decided) -> None:
    with pytest.raises(NotFoundError):
        appeal(db, decided)
    told(db, decided)
    with pytest.raises(AppealClosedError) as refused:
        appeal(db, decided, AT + timedelta(days=11))
    assert refused.value.message("ko") == (
        "이의신청 기간이 지났습니다. 통지 2026-05-20 + 10일 = 2026-05-30 24:00까지(한국 시각)"
    )
    appeal(db, decided, AT + timedelta(days=10))
    with pytest.raises(TransitionRefusedError):
        appeal(db, decided, text="또")


def test_an_appeal_is_decided_with_reasons_by_a_member_who_did_not_count(db: Database, decided: Decided) -> None:
    told(db, decided)
    key = appeal(db, decided)
    with pytest.raises(FourEyesError):
        decide(db, key, decided.chair)
    with pytest.raises(NotFoundError):
        decide(db, key, decided.analyst)
    with pytest.raises(InvalidInputError):
        decide(db, key, decided.member, reason=" ")
    decide(db, key, decided.member)
    with pytest.raises(TransitionRefusedError):
        decide(db, key, decided.third, "dismissed", "늦음")
    with db.read() as session:
        row = queries.list_appeals(session, decided.chair)[0]
        own = queries.own_letter(session, decided.founder, decided.carried, AT)
        last = session.scalars(select(OutboxMessage.body).where(OutboxMessage.dedupe_key.startswith("appeal:"))).all()
    assert (row.state, row.reason, row.decided_by) == ("upheld", "새 자료가 있음", "Member1")
    assert own is not None
    assert own.appeal is not None
    assert (own.may_appeal, own.appeal.state) == (False, "upheld")
    assert len(last) == 2
    assert "사유: 새 자료가 있음" in last[0]


def test_a_recused_member_neither_sees_nor_decides_an_appeal(db: Database, decided: Decided) -> None:
    told(db, decided)
    key = appeal(db, decided)
    recused = recuse(db, decided.carried, decided.third)
    with pytest.raises(NotFoundError):
        decide(db, key, recused)
    with db.read() as session:
        assert queries.list_appeals(session, recused) == []
        assert queries.count_appeals(session, recused) == 0
        assert session.scalars(select(Appeal.state)).all() == ["filed"]
