"""Sittings: who is in the room for which item, the agenda's order, written resolutions, and minutes of all of it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from committee_factory import (
    AT,
    CALL,
    application,
    ballot,
    close,
    committee,
    do,
    meeting,
    open_call,
    person,
    recuse,
    vote,
)
from sqlalchemy import select

from fundapp.committee import actions, queries
from fundapp.committee.actions import Times
from fundapp.committee.queries.ballot_state import attending
from fundapp.committee.rules import AlreadyVotedError, LateVoteError
from fundapp.committee.tables import Ballot, Decision, Minutes
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.quarters import kst_date
from fundapp.core.sessions import Database

LATER = AT + timedelta(hours=1)


def attend(db: Database, meeting_id: uuid.UUID, who: Viewer, *, present: bool, by: Viewer = SYSTEM) -> None:
    assert who.person_id is not None
    person_id = who.person_id
    do(
        db,
        lambda s: actions.record_attendance(
            s, meeting_id=meeting_id, person_id=person_id, present=present, actor=by, at=AT
        ),
    )


def call(db: Database, meeting_id: uuid.UUID, ballot_id: uuid.UUID | None, by: Viewer = SYSTEM) -> None:
    do(db, lambda s: actions.call_item(s, meeting_id=meeting_id, ballot_id=ballot_id, actor=by, at=LATER))


def opened(db: Database, seats: list[Viewer]) -> uuid.UUID:
    meeting_id = meeting(db)
    do(db, lambda s: actions.open_meeting(s, meeting_id=meeting_id, actor=SYSTEM, at=AT))
    for seat in seats:
        attend(db, meeting_id, seat, present=True)
    return meeting_id


def page(db: Database, viewer: Viewer, meeting_id: uuid.UUID) -> queries.MeetingPage:
    with db.read() as session:
        return queries.meeting_page(session, viewer, meeting_id)


def test_members_go_out_for_their_item_and_come_back_for_the_next(db: Database) -> None:
    seats = committee(db, 3)
    first, second = application(db, 1), application(db, 2)
    one, two = ballot(db, first), ballot(db, second)
    outside = recuse(db, second, seats[1])
    meeting_id = opened(db, seats)
    call(db, meeting_id, one)
    assert [(a.name, a.present) for a in page(db, seats[0], meeting_id).attendees] == [
        ("Chair", True), ("Member1", True), ("Member2", True),
    ]  # fmt: skip
    call(db, meeting_id, two)
    seen = page(db, seats[0], meeting_id)
    assert seen.current is not None
    assert (seen.current.ballot_id, seen.current.leaving, seen.outside) == (two, ("Member1",), False)
    assert [(a.name, a.present, a.sent_out) for a in seen.attendees][1] == ("Member1", False, True)
    waits = page(db, outside, meeting_id)
    assert (waits.current, waits.outside, [item.ballot_id for item in waits.items]) == (None, True, [one])
    assert "회사2" not in repr(waits)
    assert [(a.present, a.sent_out) for a in waits.attendees] == [(True, False), (False, True), (True, False)]
    assert two.hex not in repr(waits).replace("-", "")
    call(db, meeting_id, None)
    assert [a.present for a in page(db, seats[0], meeting_id).attendees] == [True, True, True]
    with db.read() as session:
        assert attending(session, meeting_id) == {seat.person_id for seat in seats}


def test_a_recusal_declared_while_its_item_is_on_takes_the_item_away(db: Database) -> None:
    seats = committee(db, 3)
    key = application(db, 1)
    item = ballot(db, key)
    meeting_id = opened(db, seats)
    call(db, meeting_id, item)
    before = page(db, seats[1], meeting_id)
    after = page(db, recuse(db, key, seats[1]), meeting_id)
    assert (before.current is not None, before.outside) == (True, False)
    assert (after.current, after.outside, after.items) == (None, True, ())


def test_only_staff_and_the_chair_steer_and_members_record_themselves_alone(db: Database) -> None:
    seats = committee(db, 3)
    key = application(db, 1)
    item = ballot(db, key)
    meeting_id = meeting(db)
    with pytest.raises(NotFoundError):
        do(db, lambda s: actions.open_meeting(s, meeting_id=meeting_id, actor=seats[1], at=AT))
    opened(db, [])
    attend(db, meeting_id, seats[1], present=True, by=seats[1])
    for work in (
        lambda: attend(db, meeting_id, seats[2], present=True, by=seats[1]),
        lambda: call(db, meeting_id, item, by=seats[1]),
        lambda: call(db, meeting_id, item, by=recuse(db, key, seats[0])),
        lambda: attend(db, meeting_id, person(db, "Analyst", "analyst"), present=True),
    ):
        with pytest.raises(NotFoundError):
            work()


def test_a_sitting_runs_once_from_beginning_to_end(db: Database) -> None:
    seats = committee(db, 1)
    item = ballot(db, application(db, 1))
    meeting_id = meeting(db)
    with pytest.raises(TransitionRefusedError):
        call(db, meeting_id, item)
    opened(db, seats)
    with pytest.raises(TransitionRefusedError):
        opened(db, seats)
    end = lambda: do(db, lambda s: actions.end_meeting(s, meeting_id=meeting_id, actor=SYSTEM, at=LATER))  # noqa: E731
    with pytest.raises(TransitionRefusedError):
        end()
    close(db, item, seats[0])
    end()
    assert page(db, seats[0], meeting_id).state == "ended"
    for refused in (end, lambda: call(db, meeting_id, item), lambda: attend(db, meeting_id, seats[0], present=False)):
        with pytest.raises(TransitionRefusedError):
            refused()
    with pytest.raises(TransitionRefusedError):
        ballot(db, application(db, 2))


def test_attendance_counts_for_the_quorum_where_the_rule_says_so(db: Database) -> None:
    do(db, lambda s: open_call(s, ballot={"presence": "attending"}) and None)
    seats = committee(db, 5)
    item = ballot(db, application(db, 1))
    opened(db, seats[:4])
    for seat in seats[:2]:
        vote(db, item, seat, "yes")
    decision = close(db, item, seats[0])
    # Four are present, two of them silent: 2 of 4 is no majority.
    assert decision.arithmetic_ko.startswith("재적 5, 제척·회피 0, 의결권 5, 출석 4, 정족수 3 → 성립; 찬성 2")
    assert decision.outcome == "rejected"


def test_the_secretary_orders_by_hand_with_a_reason_and_the_rest_keeps_its_place(db: Database) -> None:
    seats = committee(db, 3)
    keys = [application(db, ordinal) for ordinal in (1, 2, 3)]
    ballots = [ballot(db, key) for key in keys]
    analyst = person(db, "Analyst", "analyst")
    meeting_id = meeting(db)

    def order(*items: uuid.UUID, reason: str = "대표 일정", by: Viewer = analyst) -> None:
        do(db, lambda s: actions.set_agenda(s, meeting_id=meeting_id, order=items, reason=reason, actor=by, at=AT))

    order(ballots[2], ballots[0], ballots[1])
    seen = page(db, seats[1], meeting_id)
    assert [(item.place, item.ballot_id) for item in seen.items] == list(enumerate((ballots[2], *ballots[:2]), start=1))
    assert (seen.by_hand, seen.reason) == (True, "대표 일정")
    with pytest.raises(InvalidInputError, match="reason"):
        order(*ballots, reason=" ")
    with pytest.raises(InvalidInputError, match="order"):
        order(*ballots[:2])
    narrowed = recuse(db, keys[0], analyst)
    order(ballots[1], ballots[2], by=narrowed)
    assert [item.ballot_id for item in page(db, seats[1], meeting_id).items] == [ballots[1], ballots[0], ballots[2]]
    order()
    assert [item.ballot_id for item in page(db, seats[1], meeting_id).items] == ballots


# ---- written resolutions ----


def written(db: Database, deadline_hours: int = 24) -> uuid.UUID:
    deadline = AT + timedelta(hours=deadline_hours)
    return do(
        db,
        lambda s: actions.schedule_meeting(
            s, call_code=CALL, title="서면결의 1", held_on=kst_date(deadline), deadline=deadline, actor=SYSTEM, at=AT
        ),
    )


def written_ballot(db: Database, key: uuid.UUID) -> uuid.UUID:
    meeting_id = written(db)
    return do(
        db,
        lambda s: actions.propose(
            s, meeting_id=meeting_id, application_id=key, krw=1, gpu_lines=[], conditions=[], hold_key=None,
            actor=SYSTEM, at=AT,
        ),
    )  # fmt: skip


def tick(db: Database, hours: int) -> int:
    at = AT + timedelta(hours=hours)
    return do(db, lambda s: actions.close_written_ballots(s, secret=None, actor=SYSTEM, at=at))


def outcomes(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(Decision.outcome)))


def test_a_written_resolution_closes_by_the_clock_at_its_deadline_and_takes_no_late_vote(db: Database) -> None:
    seats = committee(db, 3)
    item = written_ballot(db, application(db, 1))
    for seat in seats[:2]:
        vote(db, item, seat, "yes", at=AT + timedelta(hours=24))
    with pytest.raises(LateVoteError):
        vote(db, item, seats[2], "no", at=AT + timedelta(hours=24, seconds=1))
    with pytest.raises(TransitionRefusedError):
        close(db, item, seats[0])
    assert (tick(db, 24), outcomes(db)) == (0, [])
    assert (tick(db, 25), outcomes(db), tick(db, 26)) == (1, ["carried"], 0)


def test_a_written_resolution_closes_early_once_all_entitled_have_voted(db: Database) -> None:
    seats = committee(db, 3)
    key = application(db, 1)
    item = written_ballot(db, key)
    recuse(db, key, seats[2])
    for seat in seats[:2]:
        vote(db, item, seat, "yes")
    assert (tick(db, 1), outcomes(db)) == (1, ["carried"])


def test_where_all_must_agree_a_vote_follows_the_members_word_and_one_refusal_defers(db: Database) -> None:
    do(db, lambda s: open_call(s, ballot={"written": "consent"}) and None)
    seats = committee(db, 3)
    item = written_ballot(db, application(db, 1))
    meeting_id = written(db)
    with pytest.raises(InvalidInputError, match="agrees"):
        vote(db, item, seats[0], "yes")

    def say(who: Viewer, *, agrees: bool) -> None:
        do(
            db,
            lambda s: actions.agree_in_writing(s, meeting_id=meeting_id, agrees=agrees, actor=who, at=AT),
        )

    for seat, agrees in zip(seats, (True, True, False), strict=True):
        say(seat, agrees=agrees)
        say(seat, agrees=agrees)
        vote(db, item, seat, "yes")
    with pytest.raises(AlreadyVotedError):
        say(seats[2], agrees=True)
    with pytest.raises(NotFoundError):
        say(person(db, "Analyst", "analyst"), agrees=True)
    assert (tick(db, 25), outcomes(db)) == (1, ["deferred"])
    with db.read() as session:
        assert "서면결의 동의 1명 부족" in session.scalars(select(Decision.tally)).one()["arithmetic_ko"]


def test_a_call_without_written_resolutions_has_none_and_only_the_clock_closes_them(db: Database) -> None:
    do(db, lambda s: open_call(s, ballot={"written": "never"}) and None)
    seats = committee(db, 1)
    with pytest.raises(InvalidInputError, match="meeting"):
        written_ballot(db, application(db, 1))
    with pytest.raises(NotFoundError):
        do(db, lambda s: actions.close_written_ballots(s, secret=None, actor=seats[0], at=AT))
    with pytest.raises(InvalidInputError, match="deadline"):
        written(db, -1)


# ---- minutes ----


def held(db: Database) -> tuple[list[Viewer], uuid.UUID, uuid.UUID]:
    """Hold a sitting with two items; the first member is recused from the second, whose application is returned."""
    seats = committee(db, 3)
    first, second = application(db, 1), application(db, 2)
    one, two = ballot(db, first, conditions=("보안 검토",)), ballot(db, second, krw=70_000_000)
    seats[1] = recuse(db, second, seats[1])
    meeting_id = opened(db, seats)
    call(db, meeting_id, one)
    for seat in (seats[0], seats[1]):
        vote(db, one, seat, "yes")
    vote(db, one, seats[2], "no", reason="단가가 높음")
    close(db, one, seats[0], key="one")
    call(db, meeting_id, two)
    vote(db, two, seats[2], "yes")
    vote(db, two, seats[0], "abstain", reason="자료 부족")
    close(db, two, seats[0], key="two")
    do(db, lambda s: actions.end_meeting(s, meeting_id=meeting_id, actor=SYSTEM, at=LATER))
    do(db, lambda s: actions.draft_minutes(s, meeting_id=meeting_id, actor=SYSTEM, at=LATER))
    return seats, meeting_id, second


def read(db: Database, viewer: Viewer, meeting_id: uuid.UUID) -> queries.MinutesPage:
    with db.read() as session:
        return queries.minutes_page(session, viewer, meeting_id)


def test_minutes_are_drafted_from_what_happened(db: Database) -> None:
    seats, meeting_id, _ = held(db)
    sections = read(db, seats[0], meeting_id).sections
    assert [section.title for section in sections] == [
        "회의 개요",
        "제1호 안건: 회사1 (AX-T-0001)",
        "제2호 안건: 회사2 (AX-T-0002)",
        "폐회",
    ]
    assert sections[0].body.splitlines() == [
        "일시: 2026-05-20 12:00",
        "재적 3명, 출석 3명",
        "출석: Chair 위원장 (12:00 입장)",
        "출석: Member1 (12:00 입장)",
        "출석: Member2 (12:00 입장)",
    ]
    assert sections[1].body.splitlines() == [
        "의결안: 현금 100,000,000원",
        "이행조건: 보안 검토",
        "표결: 기명 투표, 2026-05-20 12:00 개표",
        "결과: 가결. 재적 3, 제척·회피 0, 의결권 3, 출석 3, 정족수 2 → 성립; 찬성 2, 반대 1 → 가결",
        "반대: Member2 - 단가가 높음",
    ]
    assert sections[2].body.splitlines() == [
        "의결안: 현금 70,000,000원",
        "물러난 위원: Member1 (회피, 13:00 퇴장, 13:00 입장)",
        "표결: 기명 투표, 2026-05-20 12:00 개표",
        "결과: 부결. 재적 3, 제척·회피 1, 의결권 2, 출석 2, 정족수 2 → 성립; 찬성 1, 반대 0, 기권 1 → 부결",
        "기권: Chair - 자료 부족",
    ]


def test_a_recused_reader_finds_the_item_blank_and_edits_around_it(db: Database) -> None:
    seats, meeting_id, second = held(db)
    analyst = recuse(db, second, person(db, "Analyst", "analyst"))
    for reader in (seats[1], analyst):
        page_ = read(db, reader, meeting_id)
        assert [(s.title, s.body, s.hidden) for s in page_.sections][2] == ("제2호 안건", "", True)
        assert "회사2" not in repr(page_)
        assert "70,000,000" not in repr(page_)
    edited = {1: "고쳐 쓴 글", 2: "몰래 쓴 글"}
    do(db, lambda s: actions.edit_minutes(s, meeting_id=meeting_id, version=1, bodies=edited, actor=analyst, at=LATER))
    whole = read(db, seats[0], meeting_id)
    assert (whole.version, whole.sections[1].body) == (2, "고쳐 쓴 글")
    assert whole.sections[2].body.startswith("의결안: 현금 70,000,000원")


def test_minutes_are_versions_and_stand_once_the_chair_has_approved_them(db: Database) -> None:
    seats, meeting_id, _ = held(db)

    def edit(version: int, text: str) -> int:
        return do(
            db,
            lambda s: actions.edit_minutes(
                s, meeting_id=meeting_id, version=version, bodies={0: text}, actor=SYSTEM, at=LATER
            ),
        )

    assert (edit(1, "하나"), edit(2, "하나"), edit(2, "둘")) == (2, 2, 3)
    with pytest.raises(TransitionRefusedError):
        edit(2, "늦은 글")

    def approve(version: int, who: Viewer = seats[0]) -> str:
        return do(db, lambda s: actions.approve_minutes(s, meeting_id=meeting_id, version=version, actor=who, at=LATER))

    with pytest.raises(TransitionRefusedError):
        approve(2)
    with pytest.raises(NotFoundError):
        approve(3, seats[1])
    digest = approve(3)
    page_ = read(db, seats[1], meeting_id)
    assert (page_.sha256, page_.approved_by) == (digest, "Chair")
    with db.read() as session:
        kept = session.scalars(select(Minutes).where(Minutes.version == 3)).one()
        assert actions.minutes_hash(meeting_id, 3, kept.sections) == digest
    for refused in (lambda: edit(3, "더"), lambda: approve(3)):
        with pytest.raises(TransitionRefusedError):
            refused()


def test_minutes_are_not_approved_while_something_is_voted_on(db: Database) -> None:
    chair = committee(db, 1)[0]
    ballot(db, application(db, 1))
    meeting_id = opened(db, [chair])
    do(db, lambda s: actions.draft_minutes(s, meeting_id=meeting_id, actor=SYSTEM, at=AT))
    with pytest.raises(TransitionRefusedError):
        do(db, lambda s: actions.approve_minutes(s, meeting_id=meeting_id, version=1, actor=chair, at=AT))


# ---- invitations ----


def sent(db: Database) -> list[OutboxMessage]:
    with db.read() as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.created_at, OutboxMessage.id)))


def test_invitations_name_no_application_and_a_change_is_the_next_version_of_the_same_event(db: Database) -> None:
    committee(db, 2)
    key = application(db, 1, name="다온결로보틱스")
    meeting_id = meeting(db)
    begins = AT + timedelta(days=15)
    first = Times(begins, begins + timedelta(hours=2), "3층; 대회의실")
    do(db, lambda s: actions.reschedule_meeting(s, meeting_id=meeting_id, times=first, actor=SYSTEM, at=AT))
    assert sent(db) == []
    ballot(db, key)
    assert do(db, lambda s: actions.invite_members(s, meeting_id=meeting_id, actor=SYSTEM, at=AT)) == 2
    moved = Times(begins + timedelta(hours=1), begins + timedelta(hours=3), "영상")
    for _ in range(2):
        do(db, lambda s: actions.reschedule_meeting(s, meeting_id=meeting_id, times=moved, actor=SYSTEM, at=LATER))
    mails = sent(db)
    assert [mail.recipient for mail in mails] == ["chair@example.org", "member1@example.org"] * 2
    calendars = [mail.calendar or "" for mail in mails]
    lines = [dict(line.split(":", 1) for line in text.replace("\r\n ", "").splitlines()) for text in calendars]
    assert [line["SEQUENCE"] for line in lines] == ["0", "0", "1", "1"]
    assert len({line["UID"] for line in lines}) == 1
    assert (lines[0]["DTSTART"], lines[0]["DTEND"]) == ("20260604T030000Z", "20260604T050000Z")
    assert (lines[0]["METHOD"], lines[0]["LOCATION"], lines[2]["DTSTART"]) == (
        "REQUEST", "3층\\; 대회의실", "20260604T040000Z",
    )  # fmt: skip
    everything = "".join(f"{mail.subject}{mail.body}{mail.calendar}" for mail in mails)
    assert "다온결" not in everything
    assert f"{CALL}-0001" not in everything


def test_a_meeting_without_items_is_cancelled_and_who_was_invited_is_told(db: Database) -> None:
    committee(db, 1)
    do(db, lambda s: open_call(s) and None)
    meeting_id = meeting(db)
    with pytest.raises(InvalidInputError, match="starts_at"):
        do(db, lambda s: actions.invite_members(s, meeting_id=meeting_id, actor=SYSTEM, at=AT))
    times = Times(AT + timedelta(days=15), AT + timedelta(days=15, hours=1))
    do(db, lambda s: actions.reschedule_meeting(s, meeting_id=meeting_id, times=times, actor=SYSTEM, at=AT))
    do(db, lambda s: actions.invite_members(s, meeting_id=meeting_id, actor=SYSTEM, at=AT))
    do(db, lambda s: actions.cancel_meeting(s, meeting_id=meeting_id, actor=SYSTEM, at=LATER))
    last = sent(db)[-1].calendar or ""
    assert "METHOD:CANCEL\r\n" in last
    assert "STATUS:CANCELLED\r\n" in last
    assert "SEQUENCE:1\r\n" in last


def test_a_meeting_with_items_is_not_cancelled(db: Database) -> None:
    committee(db, 1)
    item = ballot(db, application(db, 1))
    with db.read() as session:
        meeting_id = session.get_one(Ballot, item).meeting_id
    with pytest.raises(TransitionRefusedError):
        do(db, lambda s: actions.cancel_meeting(s, meeting_id=meeting_id, actor=SYSTEM, at=AT))
