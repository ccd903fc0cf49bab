"""Small questions of this room's pages that no room below answers. Each asks the policy before it looks."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Investor
from fundapp.committee.queries.ballot_state import stands
from fundapp.committee.queries.sight import undertaking_in_sight
from fundapp.committee.rules import GpuLine
from fundapp.committee.tables import Ballot, Condition, Decision, Meeting
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.core.outbox import OutboxMessage, outbox_in_sight
from fundapp.identity.queries import TokenRow
from fundapp.identity.tables import ApiToken
from fundapp.intake.queries import CallRow, list_calls, visible_to
from fundapp.intake.tables import Application, Call, Company
from fundapp.portfolio.queries import award_clause
from fundapp.portfolio.tables import Award

_OPENING = ("account-link:", "invitation:")
"""How the causes of mails begin whose link is a way in."""
_TOKEN = re.compile(r"(?<=/)[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
"""256 bits as the ends of such links spell them."""


@dataclass(frozen=True, slots=True)
class UnsignedRow:
    """A carried decision that waits to be signed.

    Attributes:
        open_conditions: Conditions of cash and GPU time together: they keep it waiting.
        later_conditions: Open conditions of one of them: they keep back its release after the signing.
    """

    decision_id: uuid.UUID
    application_id: uuid.UUID
    number: str
    company: str
    krw: int
    gpu_lines: tuple[GpuLine, ...]
    open_conditions: int
    later_conditions: int
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class MailRow:
    """One message of the outbox."""

    id: uuid.UUID
    recipient: str
    subject: str
    body: str
    state: str
    attempts: int
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None


def choose_call(session: Session, viewer: Viewer, asked: str, at: datetime) -> tuple[list[CallRow], CallRow | None]:
    """Return all calls and the one asked for; when none is asked for, the last to close that has applications.

    Raises:
        NotFoundError: if there is no such call.
    """
    calls = list_calls(session, at)
    if asked:
        chosen = next((call for call in calls if call.code == asked), None)
        if chosen is None:
            raise NotFoundError
        return calls, chosen
    busy = set(session.scalars(select(Call.code).join(Application).where(visible_to(viewer)).distinct()))
    return calls, next((call for call in calls if call.code in busy), calls[0] if calls else None)


def find_award_number(session: Session, viewer: Viewer, application_id: uuid.UUID) -> str | None:
    """Return the number of an application's award, if there is one that the viewer may see."""
    return session.scalar(select(Award.number).where(Award.application_id == application_id, award_clause(viewer)))


def list_unsigned(session: Session, viewer: Viewer) -> list[UnsignedRow]:
    """Return carried decisions without an award, oldest first, in one statement.

    Raises:
        ForbiddenError: if the viewer may not see awards.
    """
    require(viewer, Verb.VIEW, Thing(Kind.AWARD))
    rows = session.execute(
        select(Decision, Application.number, Company.name, _open_of("both"), _open_of("cash", "gpu"))
        .join(Application, Application.id == Decision.application_id)
        .join(Company, Company.id == Application.company_id)
        .outerjoin(Award, Award.decision_id == Decision.id)
        .where(
            Decision.outcome == "carried",
            stands(),
            Application.state == "approved",  # a decision that lapsed is not waiting for anybody
            Award.id.is_(None),
            undertaking_in_sight(viewer),
        )
        .order_by(Decision.decided_at, Application.number)
    )
    return [
        UnsignedRow(
            decision_id=decision.id,
            application_id=decision.application_id,
            number=number,
            company=company,
            krw=decision.approved_krw,
            gpu_lines=tuple(GpuLine.of_document(line) for line in decision.gpu_lines),
            open_conditions=int(count),
            later_conditions=int(later),
            decided_at=decision.decided_at,
        )
        for decision, number, company, count, later in rows
    ]


def _open_of(*scopes: str) -> ScalarSelect[int]:
    """Return how many conditions of a row's decision are open and keep these back."""
    return (
        select(func.count())
        .where(Condition.decision_id == Decision.id, Condition.state == "open", Condition.scope.in_(scopes))
        .correlate(Decision)
        .scalar_subquery()
    )


def find_meeting(session: Session, viewer: Viewer, meeting_id: uuid.UUID) -> tuple[str, date] | None:
    """Return title and date of the meeting that a plan went to."""
    require(viewer, Verb.VIEW, Thing(Kind.PLAN))
    row = session.execute(select(Meeting.title, Meeting.held_on).where(Meeting.id == meeting_id)).one_or_none()
    return None if row is None else (row.title, row.held_on)


def count_tokens(session: Session, viewer: Viewer, at: datetime) -> dict[uuid.UUID, int]:
    """Return how many live bearer tokens each person has.

    Raises:
        ForbiddenError: unless the viewer administers people.
    """
    require(viewer, Verb.ADMINISTER, Thing(Kind.PERSON))
    rows = session.execute(
        select(ApiToken.person_id, func.count())
        .where(ApiToken.revoked_at.is_(None), ApiToken.expires_at > at)
        .group_by(ApiToken.person_id)
    )
    return {person_id: int(count) for person_id, count in rows}


def tokens_of(session: Session, viewer: Viewer, person_id: uuid.UUID) -> list[TokenRow]:
    """Return a person's bearer tokens, newest first, without the tokens.

    Raises:
        ForbiddenError: unless the viewer administers people.
    """
    require(viewer, Verb.ADMINISTER, Thing(Kind.PERSON))
    rows = session.scalars(select(ApiToken).where(ApiToken.person_id == person_id).order_by(ApiToken.created_at.desc()))
    return [TokenRow(row.id, row.label, row.created_at, row.expires_at, row.revoked_at) for row in rows]


def list_mail(session: Session, viewer: Viewer, *, limit: int, offset: int, masked: bool) -> tuple[list[MailRow], int]:
    """Return some messages of the outbox, newest first, and how many there are.

    Args:
        session: The session.
        viewer: Who looks.
        limit: How many at most.
        offset: How many to pass over.
        masked: Whether links that open an account or a company are shown without what makes them open it.

    Raises:
        ForbiddenError: unless the viewer may see the outbox.
    """
    require(viewer, Verb.VIEW, Thing(Kind.OUTBOX))
    shown = outbox_in_sight(viewer)
    total = session.scalar(select(func.count()).select_from(OutboxMessage).where(*shown)) or 0
    query = select(OutboxMessage).where(*shown).order_by(OutboxMessage.created_at.desc(), OutboxMessage.id.desc())
    rows = session.scalars(query.limit(limit).offset(offset))
    mail = [
        MailRow(
            m.id,
            m.recipient,
            m.subject,
            _masked(m) if masked else m.body,
            m.state,
            m.attempts,
            m.last_error,
            m.created_at,
            m.sent_at,
        )
        for m in rows
    ]
    return mail, total


def _masked(mail: OutboxMessage) -> str:
    return _TOKEN.sub("…", mail.body) if mail.dedupe_key.startswith(_OPENING) else mail.body


@dataclass(frozen=True, slots=True)
class Recusals:
    """The words by which records name what a viewer is recused from or applies for: none of it is shown to them."""

    words: frozenset[str]

    def hides(self, *texts: object) -> bool:
        """Say whether any text names one of them."""
        joined = " ".join(map(str, texts))
        return any(word in joined for word in self.words)

    def hides_event(self, subject: str, details: Mapping[str, Any]) -> bool:
        """Say whether an event of the record names one of them."""
        return bool(self.words) and self.hides(subject, details)


def load_recusals(session: Session, viewer: Viewer) -> Recusals:
    """Return the numbers and identifiers of what the viewer may know nothing of; without recusals, no statement."""
    if not viewer.recused_from and not viewer.company_ids:
        return Recusals(frozenset())
    words: set[str] = set()
    rows = session.execute(
        select(Application.id, Application.number, Award.number, Ballot.id, Decision.id, Company.identifier)
        .join(Company, Company.id == Application.company_id)
        .outerjoin(Award, Award.application_id == Application.id)
        .outerjoin(Ballot, Ballot.application_id == Application.id)
        .outerjoin(Decision, Decision.application_id == Application.id)
        .where(Application.id.in_(viewer.recused_from) | Application.company_id.in_(viewer.company_ids))
    )
    for row in rows:
        words |= {str(part) for part in row if part is not None}
    return Recusals(frozenset(words))


def list_investor_names(session: Session) -> list[tuple[str, str]]:
    """Return code and name of each investor, for forms of people who administer accounts and see no pools."""
    rows = session.scalars(select(Investor).order_by(Investor.code))
    return [(one.code, one.name_ko) for one in rows]
