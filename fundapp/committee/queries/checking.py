"""What would stand between somebody and the applications of a call: asked before they are invited or assigned."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.queries.register import applicants, declared_interests, group_companies
from fundapp.committee.queries.sight import in_sight
from fundapp.committee.rules import DeclaredInterest, Match, find_matches, read_conflict_terms
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.orm import new_id
from fundapp.core.quarters import kst_date
from fundapp.identity.tables import Person
from fundapp.intake.masking import PUBLIC_MAIL
from fundapp.intake.tables import Application, Call, Company


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who might join: a person of the fund, or a stranger with an address and what they say of themselves."""

    person_id: uuid.UUID | None
    email: str = ""
    interests: tuple[DeclaredInterest, ...] = ()


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One application that the candidate would be kept out of, or that asks for a look.

    Attributes:
        rules: Grounds that would disqualify at once; empty where things only suggest.
        signals: Kinds of what suggests.
        words: What was compared, the candidate's side first.
    """

    application_id: uuid.UUID
    number: str
    company: str
    rules: tuple[str, ...]
    signals: tuple[str, ...]
    words: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """For those who invite and see no applications: how many of a call would disqualify, and how many suggest."""

    call_code: str
    applications: int
    disqualified: int
    suggested: int


def check_candidate(
    session: Session, viewer: Viewer, call_code: str, candidate: Candidate, at: datetime
) -> list[Obstacle]:
    """Return what would stand between a candidate and a call, over applications that the viewer may see.

    Nothing is written: whoever is not invited leaves no trace.

    Raises:
        ForbiddenError: unless the viewer assigns reviewers.
    """
    require(viewer, Verb.ASSIGN, Thing(Kind.APPLICATION))
    require(viewer, Verb.VIEW, Thing(Kind.CONFLICT))
    call = session.scalar(select(Call).where(Call.code == call_code))
    if call is None:
        return []
    found: defaultdict[uuid.UUID, list[Match]] = defaultdict(list)
    for match in _matches(session, call, candidate, at, in_sight(viewer)):
        found[match.application_id].append(match)
    rows = session.execute(
        select(Application.id, Application.number, Company.name)
        .join(Company, Company.id == Application.company_id)
        .where(Application.id.in_(list(found)))
        .order_by(Application.number)
    )
    return [_obstacle(row.id, row.number, row.name, found[row.id]) for row in rows]


def count_obstacles(session: Session, viewer: Viewer, person_id: uuid.UUID, at: datetime) -> list[Tally]:
    """Return how many applications of each undecided call would be closed to somebody; numbers only.

    Raises:
        ForbiddenError: unless the viewer administers people.
    """
    require(viewer, Verb.ADMINISTER, Thing(Kind.PERSON))
    undecided = select(Application.call_id).where(Application.state.in_(("submitted", "on_hold", "eligible")))
    found = []
    for call in session.scalars(select(Call).where(Call.id.in_(undecided)).order_by(Call.code)):
        kinds: Counter[str] = Counter()
        by_application: defaultdict[uuid.UUID, list[Match]] = defaultdict(list)
        seen = Application.id.not_in(viewer.recused_from), Application.company_id.not_in(viewer.company_ids)
        for match in _matches(session, call, Candidate(person_id), at, *seen):
            by_application[match.application_id].append(match)
        for matches in by_application.values():
            kinds["rule" if any(match.rule for match in matches) else "signal"] += 1
        total = len(applicants(session, Application.call_id == call.id, *seen))
        found.append(Tally(call.code, total, kinds["rule"], kinds["signal"]))
    return found


def _matches(session: Session, call: Call, candidate: Candidate, at: datetime, *which: object) -> Sequence[Match]:
    key = candidate.person_id or new_id()
    address = candidate.email
    declared: list[DeclaredInterest] = []
    if candidate.person_id is not None:
        address = session.scalar(select(Person.email).where(Person.id == candidate.person_id)) or address
        declared = declared_interests(session, [candidate.person_id])
    said = [_as_person(interest, key) for interest in candidate.interests]
    return find_matches(
        [*declared, *said],
        group_companies(session),
        {key: address},
        applicants(session, Application.call_id == call.id, *which),  # type: ignore[arg-type]
        terms=read_conflict_terms(call.document),
        on=kst_date(at),
        shared_domains=PUBLIC_MAIL,
    )


def _as_person(interest: DeclaredInterest, person: uuid.UUID) -> DeclaredInterest:
    return DeclaredInterest(
        person,
        interest.kind,
        interest.company_name,
        business_number=interest.business_number,
        corporate_number=interest.corporate_number,
        group_name=interest.group_name,
    )


def _obstacle(application_id: uuid.UUID, number: str, company: str, matches: Sequence[Match]) -> Obstacle:
    words = dict.fromkeys((match.facts["ours"], match.facts["theirs"]) for match in matches if match.facts)
    return Obstacle(
        application_id=application_id,
        number=number,
        company=company,
        rules=tuple(dict.fromkeys(match.rule for match in matches if match.rule)),
        signals=tuple(dict.fromkeys(match.signal for match in matches if match.signal)),
        words=tuple(words),
    )
