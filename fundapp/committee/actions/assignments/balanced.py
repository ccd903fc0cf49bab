"""Sharing the reviews of a call out, evenly and to those who know the field."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.actions.matching import match_call
from fundapp.committee.balancing import Sharing, Shortfall, Task, share_out
from fundapp.committee.fixing import freeze_terms
from fundapp.committee.queries.people import Member, members
from fundapp.committee.rules import AssignmentTerms, read_assignment_terms
from fundapp.committee.tables import Assignment, AssignmentEvent, Conflict, Expertise, Recusal, Signal, SignalAnswer
from fundapp.core.access import SYSTEM, Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.orm import canonical_json, new_id
from fundapp.intake.newest import newest_answers
from fundapp.intake.tables import Application, Call, Company, Membership

_TRACKS = {"spc": "spc_link", "korean_ai": "korean_ai_link"}
"""Tracks by the answer that says an application belongs to one."""


@dataclass(frozen=True, slots=True)
class Assigning:
    """One new pair of reviewer and application, and why it came about.

    Attributes:
        fields: Tags of the application that the reviewer knows.
        load: What the reviewer holds in this call afterwards.
    """

    number: str
    company: str
    reviewer: str
    email: str
    fields: tuple[str, ...]
    load: int


@dataclass(frozen=True, slots=True)
class Assigned:
    """What an assignment did.

    Attributes:
        created: New pairs of reviewer and application.
        disqualified: Recusals that the register brought about on the way.
        loads: Applications of this call held by each member, by name.
        shortfalls: Applications with fewer reviewers than wanted, each with its reason.
        pairs: The new pairs with their reasons, by application and reviewer.
        fitting: How many of them know a field of their application.
    """

    created: int
    disqualified: int
    loads: tuple[tuple[str, int], ...]
    shortfalls: tuple[Shortfall, ...]
    pairs: tuple[Assigning, ...]
    fitting: int


def assign_reviewers(
    session: Session,
    *,
    call_code: str,
    per_application: int,
    max_load: int,
    actor: Viewer,
    at: datetime,
) -> Assigned:
    """Give every eligible application of a call its reviewers; running it again only fills what is missing.

    Balanced and deterministic: see `committee.balancing.share_out`. The register of interests is compared first, so
    that nobody is given what a fact disqualifies them from; where things only suggest a conflict, the member is not
    given the application until somebody has answered. Applications the actor is recused from are left alone.

    Raises:
        NotFoundError: if there is no such call.
        InvalidInputError: if a number is below 1.
    """
    require(actor, Verb.ASSIGN, Thing(Kind.APPLICATION))
    if per_application < 1 or max_load < 1:
        raise InvalidInputError(field="per_application", reason_ko="1 이상이어야 합니다", reason_en="at least 1")
    call = session.scalars(select(Call).where(Call.code == call_code)).one_or_none()
    if call is None:
        raise NotFoundError(call=call_code)
    match_call(session, call_code=call_code, actor=SYSTEM, at=at)
    seats = members(session)
    chosen = _assignable(session, call.id, actor)
    among = [application.id for application in chosen]
    disqualified = session.scalar(
        select(func.count(Recusal.id)).where(
            Recusal.rule.is_not(None), Recusal.at == at, Recusal.application_id.in_(among)
        )
    )
    terms = read_assignment_terms(call.document)
    sharing = _share(session, call, seats, list(chosen), per_application, max_load, terms)
    _write(session, call, chosen, seats, sharing, actor, at)
    return _outcome(chosen, seats, sharing, disqualified or 0)


def _share(
    session: Session,
    call: Call,
    seats: Sequence[Member],
    applications: Sequence[Application],
    per_application: int,
    max_load: int,
    terms: AssignmentTerms,
) -> Sharing:
    # Addresses, not random keys, decide ties: the same committee is shared out alike in every database.
    address = {seat.person_id: seat.email for seat in seats}

    def addresses(people: Iterable[uuid.UUID]) -> frozenset[str]:
        return frozenset(address[key] for key in people if key in address)

    holders, loads = _held(session, call.id)
    barred = _barred(session, call.id)
    tags = _tags(session, call.id)
    known: defaultdict[str, set[str]] = defaultdict(set)
    for person_id, tag in session.execute(select(Expertise.person_id, Expertise.tag)):
        if person_id in address:
            known[address[person_id]].add(tag)
    return share_out(
        [Task(a.number, addresses(holders[a.id]), addresses(barred[a.id]), tags[a.id]) for a in applications],
        list(address.values()),
        loads={address[key]: load for key, load in loads.items() if key in address},
        per_application=per_application,
        max_load=max_load,
        caps={who: min(cap, max_load) for who, cap in terms.caps.items()},
        expertise={who: frozenset(tags) for who, tags in known.items()},
        expert_lead=terms.expert_lead,
    )


def _assignable(session: Session, call_id: uuid.UUID, actor: Viewer) -> dict[Application, str]:
    """Return the applications that want reviewers, by number, each with its company's name."""
    rows = session.execute(
        select(Application, Company.name)
        .join(Company, Company.id == Application.company_id)
        .where(
            Application.call_id == call_id,
            Application.state == "eligible",
            Application.id.not_in(actor.recused_from),
            Application.company_id.not_in(actor.company_ids),
        )
        .order_by(Application.number)
    )
    return {application: name for application, name in rows}  # noqa: C416 - dict() loses the types


def _held(session: Session, call_id: uuid.UUID) -> tuple[defaultdict[uuid.UUID, set[uuid.UUID]], Counter[uuid.UUID]]:
    """Return the reviewers of each application and the load of each reviewer."""
    holders: defaultdict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    rows = session.execute(
        select(Assignment.application_id, Assignment.person_id)
        .join(Application, Application.id == Assignment.application_id)
        .where(Application.call_id == call_id)
    ).all()
    for row in rows:
        holders[row.application_id].add(row.person_id)
    return holders, Counter(row.person_id for row in rows)


def _barred(session: Session, call_id: uuid.UUID) -> defaultdict[uuid.UUID, set[uuid.UUID]]:
    """Return who may not have which application: recused, acting for the company, or under an unanswered suggestion."""
    barred: defaultdict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    mine = Application.call_id == call_id
    answered = select(SignalAnswer.id).where(SignalAnswer.signal_id == Signal.id).exists()
    for query in (
        select(Conflict.application_id, Conflict.person_id)
        .join(Application, Application.id == Conflict.application_id)
        .where(mine),
        select(Application.id, Membership.person_id)
        .join(Membership, Membership.company_id == Application.company_id)
        .where(mine),
        select(Signal.application_id, Signal.person_id)
        .join(Application, Application.id == Signal.application_id)
        .where(mine, ~answered),
    ):
        for application_id, person_id in session.execute(query):
            barred[application_id].add(person_id)
    return barred


def _tags(session: Session, call_id: uuid.UUID) -> defaultdict[uuid.UUID, frozenset[str]]:
    found: defaultdict[uuid.UUID, frozenset[str]] = defaultdict(frozenset)
    among = select(Application.id).where(Application.call_id == call_id)
    for row in session.execute(newest_answers(among)):
        tracks = {track for track, question in _TRACKS.items() if row.answers.get(question)}
        sector = row.answers.get("sector")
        found[row.application_id] = frozenset(tracks | ({str(sector)} if sector else set()))
    return found


def _write(
    session: Session,
    call: Call,
    applications: dict[Application, str],
    seats: Sequence[Member],
    sharing: Sharing,
    actor: Viewer,
    at: datetime,
) -> None:
    """Write all pairs in bulk, each with its reason, and one event with the hash of them all."""
    person = {seat.email: seat.person_id for seat in seats}
    by = actor.name or actor.email
    pairs: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    for application in applications:
        for who in sharing.given[application.number]:
            pair = {"application_id": application.id, "person_id": person[who], "at": at}
            why = {"fields": list(sharing.fields.get((application.number, who), ())), "load": sharing.loads[who]}
            pairs.append({"id": new_id(), "assigned_by": by, **pair})
            steps.append({"id": new_id(), "verb": "added", "origin": "balanced", "why": why, "by": by, **pair})
    if not pairs:
        return
    # Reviews open with the first assignment: from here on nobody changes what they are judged by.
    freeze_terms(session, call.id, actor=actor, at=at)
    session.execute(insert(Assignment), pairs)
    session.execute(insert(AssignmentEvent), steps)
    given = {number: who for number, who in sharing.given.items() if who}
    record_event(
        session,
        actor=actor,
        verb="reviews.assigned",
        subject_kind="call",
        subject=call.code,
        at=at,
        details={"pairs": len(pairs), "sha256": hashlib.sha256(canonical_json(given).encode()).hexdigest()},
    )


def _outcome(
    applications: dict[Application, str], seats: Sequence[Member], sharing: Sharing, disqualified: int
) -> Assigned:
    names = {seat.email: seat.name for seat in seats}
    pairs = tuple(
        Assigning(
            number=application.number,
            company=company,
            reviewer=names[who],
            email=who,
            fields=sharing.fields.get((application.number, who), ()),
            load=sharing.loads[who],
        )
        for application, company in applications.items()
        for who in sharing.given[application.number]
    )
    return Assigned(
        created=len(pairs),
        disqualified=disqualified,
        loads=tuple((seat.name, sharing.loads[seat.email]) for seat in seats),
        shortfalls=tuple(sharing.shortfalls),
        pairs=pairs,
        fitting=sum(1 for pair in pairs if pair.fields),
    )
