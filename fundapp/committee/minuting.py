"""Minutes drafted from the record, in Korean, which is their language: sections of plain text."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.queries.agenda import AgendaEntry, ordered_ballots, recusal_routes
from fundapp.committee.queries.people import Member, members
from fundapp.committee.tables import Attendance, Ballot, Decision, Meeting, MeetingStep, Vote, WrittenConsent
from fundapp.core.quarters import KST
from fundapp.intake.tables import Application, Company

Section = dict[str, Any]
_ROUTES = {"disqualification": "제척", "challenge": "기피", "self_recusal": "회피"}
_CHOICES = {"no": "반대", "abstain": "기권"}
_FORMS = {"open": "기명 투표", "secret": "비밀 투표", "unlisted": "투표"}
_OUTCOMES = {"carried": "가결", "rejected": "부결", "deferred": "보류"}
_HOUR = 10_000


@dataclass(frozen=True, slots=True)
class _Record:
    """All that the sections are drafted from."""

    meeting: Meeting
    seats: Sequence[Member]
    entries: Sequence[AgendaEntry]
    steps: Sequence[MeetingStep]
    comings: Sequence[Attendance]
    names: Mapping[uuid.UUID, str]
    routes: Mapping[uuid.UUID, Mapping[uuid.UUID, str]]


def compose(session: Session, meeting_id: uuid.UUID) -> list[Section]:
    """Return the sections of a meeting's minutes: the sitting, each item in the order of the agenda, and the end.

    Each is `{"ballot", "number", "title", "body"}`; those about an item name its ballot, so that readers who are
    recused from it see the number alone.
    """
    seats, entries = members(session), ordered_ballots(session, meeting_id)
    record = _Record(
        meeting=session.get_one(Meeting, meeting_id),
        seats=seats,
        entries=entries,
        steps=session.scalars(
            select(MeetingStep).where(MeetingStep.meeting_id == meeting_id).order_by(MeetingStep.number)
        ).all(),
        comings=session.scalars(
            select(Attendance).where(Attendance.meeting_id == meeting_id).order_by(Attendance.number)
        ).all(),
        names={seat.person_id: seat.name for seat in seats},
        routes=recusal_routes(session, {entry.application_id for entry in entries}),
    )
    sections = [_section(None, "회의 개요", _overview(session, record))]
    places = {entry.ballot_id: entry.place for entry in entries}
    sections += [_item(session, record, entry, places) for entry in entries]
    ended = next((step for step in record.steps if step.step == "ended"), None)
    if ended is not None:
        sections.append(_section(None, "폐회", f"{_moment(ended.at)}에 마쳤다."))
    return sections


def _section(ballot: uuid.UUID | None, title: str, body: str, number: str = "") -> Section:
    return {"ballot": str(ballot) if ballot else None, "number": number, "title": title, "body": body}


def _overview(session: Session, record: _Record) -> str:
    meeting, lines = record.meeting, list[str]()
    if meeting.deadline is not None:
        lines.append(f"방식: 서면결의, 기한 {_moment(meeting.deadline)}")
        rows = session.scalars(select(WrittenConsent).where(WrittenConsent.meeting_id == meeting.id)).all()
        if rows:
            lines.append(f"서면결의 동의: 동의 {sum(row.agrees for row in rows)}명, 부동의 "
                         f"{sum(not row.agrees for row in rows)}명")  # fmt: skip
        lines.append(f"재적: {len(record.seats)}명")
        return "\n".join(lines)
    opened = next((step for step in record.steps if step.step == "opened"), None)
    lines.append(f"일시: {_moment(opened.at) if opened else f'{meeting.held_on:%Y-%m-%d}'}")
    if meeting.place:
        lines.append(f"장소: {meeting.place}")
    moves: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
    for one in _own_moves(record.comings):
        moves[one.person_id].append(f"{_clock(one.at)} {'입장' if one.direction == 'in' else '퇴장'}")
    present = [seat for seat in record.seats if seat.person_id in moves]
    absent = [seat.name for seat in record.seats if seat.person_id not in moves]
    lines.append(f"재적 {len(record.seats)}명, 출석 {len(present)}명")
    lines += [f"출석: {_title(seat)} ({', '.join(moves[seat.person_id])})" for seat in present]
    if absent:
        lines.append(f"불참: {', '.join(absent)}")
    if meeting.agenda_reason:
        lines.append(f"안건 순서를 바꾼 까닭: {meeting.agenda_reason}")
    return "\n".join(lines)


def _own_moves(comings: Sequence[Attendance]) -> list[Attendance]:
    """Leave out who went out for an item and came back: that belongs to the item, which not everybody may read."""
    out_for: dict[uuid.UUID, bool] = {}
    kept = []
    for one in comings:
        for_item = one.ballot_id is not None
        if not for_item and not (one.direction == "in" and out_for.get(one.person_id, False)):
            kept.append(one)
        out_for[one.person_id] = for_item
    return kept


def _item(session: Session, record: _Record, entry: AgendaEntry, places: Mapping[uuid.UUID, int]) -> Section:
    ballot = session.get_one(Ballot, entry.ballot_id)
    number, company = session.execute(
        select(Application.number, Company.name)
        .join(Company, Company.id == Application.company_id)
        .where(Application.id == entry.application_id)
    ).one()
    place = f"제{entry.place}호 안건"
    lines = [f"의결안: {_proposal(ballot)}"]
    if ballot.amends_id is not None:
        lines.append(f"제{places.get(ballot.amends_id, 0)}호 안건의 수정안. 까닭: {ballot.remark}")
    if ballot.reopens_id is not None:
        again = places.get(ballot.reopens_id)
        lines.append(f"제{again}호 안건을 다시 의결함" if again else "앞선 회의의 의결을 다시 의결함")
    lines += [f"이행조건: {condition['text']}" + (f" (기한 {condition['due_on']})" if condition["due_on"] else "")
              for condition in ballot.conditions]  # fmt: skip
    lines += _outside(record, entry)
    lines += _result(session, record, ballot)
    return _section(entry.ballot_id, f"{place}: {company} ({number})", "\n".join(lines), place)


def _proposal(ballot: Ballot) -> str:
    parts = [f"현금 {ballot.proposed_krw:,}원"] if ballot.proposed_krw else []
    parts += [
        f"{line['sku'].upper()} {line['quarter']} {_hours(line['hours_e4'])} GPU시간" for line in ballot.gpu_lines
    ]
    return ", ".join(parts)


def _hours(hours_e4: int) -> str:
    whole, part = divmod(hours_e4, _HOUR)
    return f"{whole:,}" + (f".{part:04d}".rstrip("0") if part else "")


def _outside(record: _Record, entry: AgendaEntry) -> list[str]:
    routes, lines = record.routes.get(entry.application_id, {}), []
    for person in sorted(entry.outside, key=lambda person: record.names[person]):
        went = next(
            (one for one in record.comings if one.person_id == person and one.ballot_id == entry.ballot_id), None
        )
        back = went and next(
            (one for one in record.comings if one.person_id == person and one.number > went.number), None
        )
        times = f", {_clock(went.at)} 퇴장" if went else ""
        times += f", {_clock(back.at)} 입장" if back and back.direction == "in" else ""
        lines.append(f"물러난 위원: {record.names[person]} ({_ROUTES[routes[person]]}{times})")
    return lines


def _result(session: Session, record: _Record, ballot: Ballot) -> list[str]:
    decision = session.scalars(select(Decision).where(Decision.ballot_id == ballot.id)).one_or_none()
    if decision is None:
        return ["결과: 수정안으로 바뀌어 표결하지 않음" if ballot.state == "superseded" else "결과: 의결하지 않음"]
    lines = [
        f"표결: {_FORMS[ballot.form]}, {_moment(decision.decided_at)} 개표",
        f"결과: {_OUTCOMES[decision.outcome]}. {decision.tally['arithmetic_ko']}",
    ]
    if decision.tally.get("casting"):
        lines.append(f"가부동수여서 위원장 {decision.closed_by}이(가) 결정함")
    if ballot.form == "open":
        votes = session.execute(
            select(Vote.person_id, Vote.choice, Vote.reason).where(Vote.ballot_id == ballot.id, Vote.choice != "yes")
        ).all()
        lines += [
            f"{_CHOICES[vote.choice]}: {record.names[vote.person_id]} - {vote.reason}"
            for vote in sorted(votes, key=lambda vote: record.names.get(vote.person_id, ""))
            if vote.person_id in record.names and vote.person_id not in record.routes.get(ballot.application_id, {})
        ]
    return lines


def _title(seat: Member) -> str:
    return f"{seat.name} 위원장" if seat.chairs else seat.name


def _moment(at: datetime) -> str:
    return f"{at.astimezone(KST):%Y-%m-%d %H:%M}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(KST):%H:%M}"
