"""Comparing the register of interests with who applies: facts disqualify at once, signals wait for a person."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.register import applicants, declared_interests, group_companies, registered_people
from fundapp.committee.recording import Cause, write_recusal
from fundapp.committee.rules import GROUNDS, Match, find_matches, read_conflict_terms, strongest
from fundapp.committee.tables import Conflict, Recusal, Signal, SignalAnswer
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.core.orm import canonical_json
from fundapp.core.quarters import kst_date
from fundapp.intake.masking import PUBLIC_MAIL
from fundapp.intake.tables import Application, Call

DONE = frozenset({"withdrawn", "ineligible", "rejected"})
"""Where nothing is left to decide, a new interest recuses nobody."""
LAPSED = "더는 맞지 않는 사실 / no longer true"


@dataclass(frozen=True, slots=True)
class Matched:
    """What a comparison brought about: new disqualifications, new signals, and signals that are true no longer."""

    disqualified: int
    suggested: int
    lapsed: int


def match_application(session: Session, *, application_id: uuid.UUID, actor: Viewer, at: datetime) -> Matched:
    """Compare one application with the register, e.g. when it is sent.

    Raises:
        NotFoundError: if there is none.
    """
    require(actor, Verb.ASSIGN, Thing(Kind.APPLICATION))
    call = session.scalar(
        select(Call).join(Application, Application.call_id == Call.id).where(Application.id == application_id)
    )
    if call is None:
        raise NotFoundError(application=str(application_id))
    return _match(session, call, None, (Application.id == application_id,), actor, at)


def match_call(session: Session, *, call_code: str, actor: Viewer, at: datetime) -> Matched:
    """Compare every application of a call with the register, e.g. after an import; a repeat changes nothing.

    Raises:
        NotFoundError: if there is no such call.
    """
    require(actor, Verb.ASSIGN, Thing(Kind.APPLICATION))
    call = session.scalar(select(Call).where(Call.code == call_code))
    if call is None:
        raise NotFoundError(call=call_code)
    return _match(session, call, None, (), actor, at)


def match_register(session: Session, *, actor: Viewer, at: datetime, person_id: uuid.UUID | None = None) -> Matched:
    """Compare all that is undecided with the register, or with one person's part of it: it has changed."""
    if person_id is None or actor.person_id != person_id:
        require(actor, Verb.ASSIGN, Thing(Kind.APPLICATION))
    total: Counter[str] = Counter()
    undecided = select(Application.call_id).where(Application.state.not_in(DONE))
    for call in session.scalars(select(Call).where(Call.id.in_(undecided)).order_by(Call.code)):
        done = _match(session, call, person_id, (Application.state.not_in(DONE),), actor, at)
        total.update(disqualified=done.disqualified, suggested=done.suggested, lapsed=done.lapsed)
    return Matched(total["disqualified"], total["suggested"], total["lapsed"])


def _match(
    session: Session,
    call: Call,
    person_id: uuid.UUID | None,
    which: Sequence[ColumnElement[bool]],
    actor: Viewer,
    at: datetime,
) -> Matched:
    people = [p for p in registered_people(session) if person_id in {None, p.person_id}]
    ids = [person.person_id for person in people]
    compared = applicants(session, Application.call_id == call.id, *which)
    matches = find_matches(
        declared_interests(session, ids),
        group_companies(session),
        {person.person_id: person.email for person in people},
        compared,
        terms=read_conflict_terms(call.document),
        on=kst_date(at),
        shared_domains=PUBLIC_MAIL,
    )
    among = select(Application.id).where(Application.call_id == call.id, *which)
    disqualified = _disqualify(session, matches, among, actor, at)
    signals = [match for match in matches if match.signal]
    suggested, lapsed = _suggest(session, signals, ids, among, at)
    return Matched(disqualified, suggested, lapsed)


def _disqualify(
    session: Session, matches: Sequence[Match], among: Select[uuid.UUID], actor: Viewer, at: datetime
) -> int:
    """Recuse whoever a fact disqualifies, unless they are out already or two people lifted it on the same fact."""
    by_pair: defaultdict[tuple[uuid.UUID, uuid.UUID], list[Match]] = defaultdict(list)
    for match in matches:
        if match.rule:
            by_pair[match.application_id, match.person].append(match)
    if not by_pair:
        return 0
    standing = set(
        session.execute(select(Conflict.application_id, Conflict.person_id).where(Conflict.application_id.in_(among)))
    )
    known = set(
        session.execute(
            select(Recusal.application_id, Recusal.person_id, Recusal.rule, Recusal.interest_id).where(
                Recusal.application_id.in_(among), Recusal.rule.is_not(None)
            )
        )
    )
    added = 0
    for (application_id, person), found in by_pair.items():
        if (application_id, person) in standing:
            continue
        ground = strongest([m for m in found if (application_id, person, m.rule, m.interest_id) not in known])
        if ground is None:
            continue
        cause = Cause("disqualification", GROUNDS[ground.rule].reason(), ground.rule, ground.interest_id)
        write_recusal(session, session.get_one(Application, application_id), person, cause, actor, at)
        added += 1
    return added


def _suggest(
    session: Session,
    matches: Sequence[Match],
    people: Collection[uuid.UUID],
    among: Select[uuid.UUID],
    at: datetime,
) -> tuple[int, int]:
    """Keep what is suggested anew, and answer what is not found any more; return how many of each."""
    known: dict[tuple[uuid.UUID, uuid.UUID, str, str], tuple[Signal, str | None]] = {}
    rows = session.execute(
        select(Signal, SignalAnswer.outcome)
        .outerjoin(SignalAnswer, SignalAnswer.signal_id == Signal.id)
        .where(Signal.application_id.in_(among), Signal.person_id.in_(people))
        .order_by(Signal.number)
    )
    for signal, outcome in rows:
        known[signal.application_id, signal.person_id, signal.kind, signal.facts_sha256] = (signal, outcome)
    standing = set(
        session.execute(select(Conflict.application_id, Conflict.person_id).where(Conflict.application_id.in_(among)))
    )
    found, suggested = set(), 0
    for match in matches:
        key = (match.application_id, match.person, match.signal, fact_hash(match))
        found.add(key)
        before = known.get(key)
        if (before is not None and before[1] != "lapsed") or (match.application_id, match.person) in standing:
            continue
        session.add(_signal(match, 1 + (before[0].number if before else 0), at))
        suggested += 1
    gone = [signal for key, (signal, outcome) in known.items() if outcome is None and key not in found]
    session.add_all(
        SignalAnswer(signal_id=signal.id, outcome="lapsed", reason=LAPSED, answered_by="system", at=at)
        for signal in gone
    )
    session.flush()
    return suggested, len(gone)


def _signal(match: Match, number: int, at: datetime) -> Signal:
    return Signal(
        application_id=match.application_id,
        person_id=match.person,
        kind=match.signal,
        facts=dict(match.facts),
        facts_sha256=fact_hash(match),
        number=number,
        interest_id=match.interest_id,
        found_at=at,
    )


def fact_hash(match: Match) -> str:
    """Return what names a fact: an interest declared again in the same words is the same fact."""
    return hashlib.sha256(canonical_json({"kind": match.signal, **match.facts}).encode()).hexdigest()
