"""Keeping the register of interests: members declare their own, the secretary anybody's."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.actions.matching import Matched, match_register
from fundapp.committee.entrance import require_person
from fundapp.committee.queries.register import REGISTERED
from fundapp.committee.rules import INTEREST_KINDS
from fundapp.committee.tables import Affiliate, Interest
from fundapp.core.access import SYSTEM, Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.identity.tables import Person
from fundapp.intake.rules import business_number_valid

_CORPORATE_DIGITS = 13


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is said of one interest.

    Attributes:
        share_bp: Share of the company in hundredths of a percent.
        relation: Whose it is, for a family member's company; what the work is, for work.
    """

    kind: str
    company_name: str
    business_number: str = ""
    corporate_number: str = ""
    group_name: str = ""
    share_bp: int | None = None
    since: date | None = None
    until: date | None = None
    relation: str = ""
    domain: str = ""
    phone: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """The interest as it was recorded, and what comparing it with applicants brought about."""

    interest_id: uuid.UUID
    matched: Matched


def declare_interest(
    session: Session,
    *,
    person_id: uuid.UUID,
    declaration: Declaration,
    actor: Viewer,
    at: datetime,
    replaces_id: uuid.UUID | None = None,
) -> Declared:
    """Record an interest, or a new version of one, and compare it with everything undecided at once.

    Args:
        session: A writing session.
        person_id: Whose interest.
        declaration: What is said of it.
        actor: The person, or who keeps the register.
        at: Now.
        replaces_id: The version that this one replaces.

    Raises:
        ForbiddenError: if the actor may not keep this person's part of the register.
        NotFoundError: if there is no such person, or no such version of theirs.
        InvalidInputError: naming the field that cannot be used.
        TransitionRefusedError: if that version was replaced or withdrawn already.
    """
    _require_keeper(actor, person_id)
    _require_registered(session, person_id)
    said = _checked(declaration)
    if replaces_id is not None:
        _require_own(session, replaces_id, person_id)
    row = Interest(
        person_id=person_id,
        replaces_id=replaces_id,
        recorded_by_id=require_person(actor),
        recorded_by=actor.name or actor.email,
        at=at,
        **{key: value if value != "" else None for key, value in asdict(said).items()},
    )
    _add(session, row)
    _record(session, "interest.declared", person_id, row.id, actor, at)
    return Declared(row.id, match_register(session, actor=SYSTEM, at=at, person_id=person_id))


def withdraw_interest(session: Session, *, interest_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> Matched:
    """Take a wrong declaration back; the record keeps it. Recusals it led to stay until two people lift them.

    Raises:
        ForbiddenError: if the actor may not keep this person's part of the register.
        NotFoundError: if there is no such interest.
        InvalidInputError: without a reason.
        TransitionRefusedError: if it was replaced or withdrawn already.
    """
    before = session.get(Interest, interest_id)
    if before is None:
        raise NotFoundError(interest=str(interest_id))
    _require_keeper(actor, before.person_id)
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")
    if before.withdrawn:
        raise TransitionRefusedError(thing="interest", state="withdrawn", verb="withdraw")
    row = Interest(
        person_id=before.person_id,
        kind=before.kind,
        company_name=before.company_name,
        replaces_id=interest_id,
        withdrawn=True,
        reason=reason.strip(),
        recorded_by_id=require_person(actor),
        recorded_by=actor.name or actor.email,
        at=at,
    )
    _add(session, row)
    _record(session, "interest.withdrawn", before.person_id, interest_id, actor, at)
    return match_register(session, actor=SYSTEM, at=at, person_id=before.person_id)


def add_affiliate(
    session: Session,
    *,
    group_name: str,
    company_name: str,
    business_number: str,
    corporate_number: str,
    source: str,
    actor: Viewer,
    at: datetime,
) -> Matched:
    """Record that a company belongs to a group, and compare everything undecided with the register again.

    Raises:
        ForbiddenError: if the actor does not keep the register.
        InvalidInputError: naming the field that is missing or wrong.
    """
    require(actor, Verb.EDIT, Thing(Kind.CONFLICT))
    numbers = _numbers(business_number, corporate_number)
    for field, text in (("group_name", group_name), ("company_name", company_name), ("source", source)):
        if not text.strip():
            raise InvalidInputError(field=field, reason_ko="적어 주세요", reason_en="is needed")
    if not any(numbers):
        raise InvalidInputError(
            field="business_number", reason_ko="번호 하나는 있어야 합니다", reason_en="one number is needed"
        )
    row = Affiliate(
        group_name=group_name.strip(),
        company_name=company_name.strip(),
        business_number=numbers[0] or None,
        corporate_number=numbers[1] or None,
        source=source.strip(),
        recorded_by_id=require_person(actor),
        recorded_by=actor.name or actor.email,
        at=at,
    )
    session.add(row)
    session.flush()
    record_event(session, actor=actor, verb="group.recorded", subject_kind="affiliate", subject=str(row.id), at=at)
    return match_register(session, actor=SYSTEM, at=at)


def withdraw_affiliate(session: Session, *, affiliate_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Take a company out of its group; recusals that it led to stay until two people lift them.

    Raises:
        NotFoundError: if there is no such row, or the actor does not keep the register.
        TransitionRefusedError: if it was taken out already.
    """
    require(actor, Verb.EDIT, Thing(Kind.CONFLICT))
    before = session.get(Affiliate, affiliate_id)
    if before is None or before.withdrawn:
        raise NotFoundError(affiliate=str(affiliate_id))
    row = Affiliate(
        group_name=before.group_name,
        company_name=before.company_name,
        source=before.source,
        replaces_id=affiliate_id,
        withdrawn=True,
        recorded_by_id=require_person(actor),
        recorded_by=actor.name or actor.email,
        at=at,
    )
    _add(session, row)
    record_event(
        session, actor=actor, verb="group.withdrawn", subject_kind="affiliate", subject=str(affiliate_id), at=at
    )


def _require_keeper(actor: Viewer, person_id: uuid.UUID) -> None:
    verb = Verb.SUBMIT if actor.person_id == person_id else Verb.EDIT
    require(actor, verb, Thing(Kind.CONFLICT))


def _require_registered(session: Session, person_id: uuid.UUID) -> None:
    person = session.get(Person, person_id)
    if person is None or not any(role.name in REGISTERED for role in person.roles):
        raise NotFoundError(person=str(person_id))


def _require_own(session: Session, interest_id: uuid.UUID, person_id: uuid.UUID) -> None:
    owner = session.scalar(select(Interest.person_id).where(Interest.id == interest_id, ~Interest.withdrawn))
    if owner != person_id:
        raise NotFoundError(interest=str(interest_id))


def _add(session: Session, row: Interest | Affiliate) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise TransitionRefusedError(thing="interest", state="replaced", verb="edit") from error


def _checked(said: Declaration) -> Declaration:
    """Return the declaration in canonical form, or refuse its first wrong field."""
    if said.kind not in INTEREST_KINDS:
        raise InvalidInputError(field="kind", reason_ko="종류를 골라 주세요", reason_en="choose a kind")
    if not said.company_name.strip():
        raise InvalidInputError(field="company_name", reason_ko="회사 이름을 적어 주세요", reason_en="name the company")
    business, corporate = _numbers(said.business_number, said.corporate_number)
    if said.since is not None and said.until is not None and said.until < said.since:
        raise InvalidInputError(
            field="until", reason_ko="시작일보다 뒤여야 합니다", reason_en="must be after the start"
        )
    if said.share_bp is not None and not 0 <= said.share_bp <= 10_000:  # noqa: PLR2004 - hundredths of a percent
        raise InvalidInputError(field="share", reason_ko="0에서 100 사이여야 합니다", reason_en="must be 0 to 100")
    return Declaration(
        kind=said.kind,
        company_name=said.company_name.strip(),
        business_number=business,
        corporate_number=corporate,
        group_name=said.group_name.strip(),
        share_bp=said.share_bp,
        since=said.since,
        until=said.until,
        relation=said.relation.strip(),
        domain=said.domain.strip().lower().rpartition("@")[2],
        phone="".join(letter for letter in said.phone if letter.isdigit()),
        address=said.address.strip(),
    )


def _numbers(business_number: str, corporate_number: str) -> tuple[str, str]:
    business = "".join(letter for letter in business_number if letter.isdigit())
    corporate = "".join(letter for letter in corporate_number if letter.isdigit())
    if business_number.strip() and not business_number_valid(business):
        raise InvalidInputError(
            field="business_number", reason_ko="사업자등록번호가 맞지 않습니다", reason_en="not a business number"
        )
    if corporate_number.strip() and len(corporate) != _CORPORATE_DIGITS:
        raise InvalidInputError(
            field="corporate_number", reason_ko="법인등록번호는 13자리입니다", reason_en="must have 13 digits"
        )
    return business, corporate


def _record(
    session: Session, verb: str, person_id: uuid.UUID, interest_id: uuid.UUID, actor: Viewer, at: datetime
) -> None:
    """Record that, not what: the chain cannot forget, and this is about a person's own affairs."""
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="person",
        subject=str(person_id),
        at=at,
        details={"interest": str(interest_id)},
    )
