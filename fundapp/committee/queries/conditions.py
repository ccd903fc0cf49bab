"""The register of conditions: of the fund, of one company, and what still keeps money and GPU time back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from fundapp.committee.entrance import load_recused
from fundapp.committee.queries.ballot_state import stands
from fundapp.committee.queries.people import members
from fundapp.committee.queries.sight import require_sight, undertaking_in_sight
from fundapp.committee.queries.told import decision_told
from fundapp.committee.rules import keeps_back
from fundapp.committee.tables import (
    Condition,
    ConditionEvidence,
    Conflict,
    Decision,
    EvidenceJudgement,
    Waiver,
    WaiverVote,
)
from fundapp.core.access import VIEWERS_KEPT, Kind, Role, Thing, Verb, Viewer, may
from fundapp.core.errors import NotFoundError
from fundapp.identity.tables import Person
from fundapp.identity.tables import Role as RoleRow
from fundapp.intake.tables import Application, Call, Company, Membership


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One condition of a decision.

    Attributes:
        scope: What it keeps back until it is met or waived: `cash`, `gpu` or `both`.
        owner: Name of the person who owes the evidence; None where the whole company does.
        standing: How the newest evidence stands: `none`, `waiting`, `returned`; `ended` once the condition has.
        voting: Whether the committee votes on waiving it.
    """

    condition_id: uuid.UUID
    decision_id: uuid.UUID
    application_id: uuid.UUID
    application_number: str
    company: str
    number: int
    text: str
    due_on: date | None
    scope: str
    owner_side: str
    owner_id: uuid.UUID | None
    owner: str | None
    state: str
    standing: str
    voting: bool
    evidence: str | None
    resolved_by: str | None
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One version of evidence with what was found about it; `outcome` is None while nobody has judged it."""

    version: int
    text: str
    links: tuple[str, ...]
    submitted_by_id: uuid.UUID
    submitted_by: str
    submitted_at: datetime
    outcome: str | None
    reason: str | None
    judged_by: str | None
    judged_at: datetime | None


@dataclass(frozen=True, slots=True)
class WaiverRow:
    """One vote about waiving a condition.

    Attributes:
        entitled: Members who may vote, as things stand.
        voted: How many of them have.
        own_choice: The viewer's vote.
        tally: As `Tally.as_document`, once counted.
    """

    waiver_id: uuid.UUID
    reason: str
    state: str
    proposed_by: str
    proposed_at: datetime
    entitled: int
    voted: int
    own_choice: str | None
    may_vote: bool
    outcome: str | None
    tally: Mapping[str, Any] | None
    ended_by: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class PossibleOwner:
    """Somebody who could own a condition."""

    person_id: uuid.UUID
    name: str
    side: str


@dataclass(frozen=True, slots=True)
class ConditionPage:
    """One condition with its evidence, newest first, its waivers, and who could own it."""

    row: ConditionRow
    evidence: tuple[EvidenceRow, ...]
    waivers: tuple[WaiverRow, ...]
    candidates: tuple[PossibleOwner, ...]
    may_submit: bool
    may_judge: bool


def open_conditions(session: Session, decision_id: uuid.UUID) -> list[ConditionRow]:
    """Return the conditions of a decision that are open: for actions, not for pages."""
    return _conditions(session, Condition.decision_id == decision_id, Condition.state == "open")


def blocking_conditions(session: Session, decision_id: uuid.UUID, what: Literal["cash", "gpu"]) -> list[ConditionRow]:
    """Return the open conditions that keep cash, or GPU time, of a decision from being released: for actions."""
    return [row for row in open_conditions(session, decision_id) if keeps_back(row.scope, what)]


def list_conditions(
    session: Session, viewer: Viewer, *, call_code: str | None = None, state: str | None = None
) -> list[ConditionRow]:
    """Return the register of conditions that the viewer may see, by application and number.

    Raises:
        ForbiddenError: if the viewer sees no conditions at all.
    """
    require_sight(viewer, Kind.CONDITION)
    wanted = [undertaking_in_sight(viewer)]
    if call_code is not None:
        wanted.append(Call.code == call_code)
    if state is not None:
        wanted.append(Condition.state == state)
    return _conditions(session, *wanted)


def list_own_conditions(session: Session, viewer: Viewer) -> list[ConditionRow]:
    """Return the conditions of the viewer's own companies, of decisions that they have been told of."""
    return _conditions(session, _own(viewer), Condition.owner_side == "company")


def owes_conditions(session: Session, viewer: Viewer) -> bool:
    """Return whether the register of the viewer's own companies holds anything."""
    return bool(session.scalar(_owing(viewer)))


@lru_cache(VIEWERS_KEPT)
def _owing(viewer: Viewer) -> Select[bool]:
    owed = (
        select(Condition.id)
        .join(Decision, Decision.id == Condition.decision_id)
        .join(Application, Application.id == Decision.application_id)
        .where(stands(), _own(viewer), Condition.owner_side == "company")
    )
    return select(owed.exists())


def _own(viewer: Viewer) -> ColumnElement[bool]:
    companies = viewer.company_ids if viewer.has(Role.APPLICANT) else frozenset[uuid.UUID]()
    return and_(Application.company_id.in_(companies), Application.id.not_in(viewer.recused_from), decision_told())


def condition_page(session: Session, viewer: Viewer, condition_id: uuid.UUID) -> ConditionPage:
    """Return one condition as the fund's people see it.

    Raises:
        NotFoundError: if it is absent or out of sight.
    """
    require_sight(viewer, Kind.CONDITION)
    return _page(session, viewer, Condition.id == condition_id, undertaking_in_sight(viewer))


def own_condition_page(session: Session, viewer: Viewer, condition_id: uuid.UUID) -> ConditionPage:
    """Return one condition as the company that owes it sees it: its own evidence, and nothing of votes.

    Raises:
        NotFoundError: if it is absent, another company's, owed by the fund, or of a decision not told yet.
    """
    page = _page(session, viewer, Condition.id == condition_id, _own(viewer), Condition.owner_side == "company")
    mine = page.row.owner_id in {None, viewer.person_id}
    return ConditionPage(page.row, page.evidence, (), (), may_submit=mine and page.row.state == "open", may_judge=False)


def _page(session: Session, viewer: Viewer, *wanted: ColumnElement[bool]) -> ConditionPage:
    rows = _conditions(session, *wanted)
    if not rows:
        raise NotFoundError
    row = rows[0]
    thing = Thing(Kind.CONDITION, row.application_id)
    judges = may(viewer, Verb.RESOLVE, thing)
    open_now = row.state == "open"
    return ConditionPage(
        row=row,
        evidence=_evidence(session, row.condition_id),
        waivers=_waivers(session, viewer, row),
        candidates=_candidates(session, row.application_id) if judges and open_now else (),
        may_submit=open_now and may(viewer, Verb.SUBMIT, thing) and (judges or row.owner_id == viewer.person_id),
        may_judge=open_now and judges,
    )


def _conditions(session: Session, *wanted: ColumnElement[bool]) -> list[ConditionRow]:
    owner, newest = aliased(Person), aliased(ConditionEvidence)
    last = (
        select(func.max(ConditionEvidence.version))
        .where(ConditionEvidence.condition_id == Condition.id)
        .correlate(Condition)
        .scalar_subquery()
    )
    voting = select(Waiver.id).where(Waiver.condition_id == Condition.id, Waiver.state == "open").exists()
    rows = session.execute(
        select(
            Condition, Application.id, Application.number, Company.name, owner.name, newest.id,
            EvidenceJudgement.outcome, voting,
        )
        .join(Decision, Decision.id == Condition.decision_id)
        .join(Application, Application.id == Decision.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .outerjoin(owner, owner.id == Condition.owner_id)
        .outerjoin(newest, and_(newest.condition_id == Condition.id, newest.version == last))
        .outerjoin(EvidenceJudgement, EvidenceJudgement.evidence_id == newest.id)
        .where(stands(), *wanted)
        .order_by(Application.number, Condition.number)
    )  # fmt: skip
    return [_row(tuple(row)) for row in rows]


def _row(found: tuple[Any, ...]) -> ConditionRow:
    condition, application_id, number, company, owner, evidence_id, outcome, voting = found
    standing = "none" if evidence_id is None else outcome or "waiting"
    return ConditionRow(
        condition_id=condition.id,
        decision_id=condition.decision_id,
        application_id=application_id,
        application_number=number,
        company=company,
        number=condition.number,
        text=condition.text,
        due_on=condition.due_on,
        scope=condition.scope,
        owner_side=condition.owner_side,
        owner_id=condition.owner_id,
        owner=owner,
        state=condition.state,
        standing=standing if condition.state == "open" else "ended",
        voting=bool(voting),
        evidence=condition.evidence,
        resolved_by=condition.resolved_by,
        resolved_at=condition.resolved_at,
    )


def _evidence(session: Session, condition_id: uuid.UUID) -> tuple[EvidenceRow, ...]:
    rows = session.execute(
        select(
            ConditionEvidence,
            EvidenceJudgement.outcome,
            EvidenceJudgement.reason,
            EvidenceJudgement.judged_by,
            EvidenceJudgement.judged_at,
        )
        .outerjoin(EvidenceJudgement, EvidenceJudgement.evidence_id == ConditionEvidence.id)
        .where(ConditionEvidence.condition_id == condition_id)
        .order_by(ConditionEvidence.version.desc())
    )
    return tuple(
        EvidenceRow(
            version=one.version,
            text=one.text,
            links=tuple(one.links),
            submitted_by_id=one.submitted_by_id,
            submitted_by=one.submitted_by,
            submitted_at=one.submitted_at,
            outcome=outcome,
            reason=reason,
            judged_by=judged_by,
            judged_at=judged_at,
        )
        for one, outcome, reason, judged_by, judged_at in rows
    )


def _waivers(session: Session, viewer: Viewer, row: ConditionRow) -> tuple[WaiverRow, ...]:
    found = session.scalars(
        select(Waiver).where(Waiver.condition_id == row.condition_id).order_by(Waiver.proposed_at.desc(), Waiver.id)
    ).all()
    if not found:
        return ()
    votes = session.execute(
        select(WaiverVote.waiver_id, WaiverVote.person_id, WaiverVote.choice).where(
            WaiverVote.waiver_id.in_([one.id for one in found])
        )
    ).all()
    seats = frozenset(member.person_id for member in members(session))
    entitled = seats - load_recused(session, row.application_id)
    return tuple(_waiver(viewer, one, [vote for vote in votes if vote.waiver_id == one.id], entitled) for one in found)


def _waiver(viewer: Viewer, waiver: Waiver, votes: Sequence[Any], entitled: frozenset[uuid.UUID]) -> WaiverRow:
    choices = {vote.person_id: vote.choice for vote in votes}
    own = choices.get(viewer.person_id) if viewer.person_id else None
    able = waiver.state == "open" and own is None and viewer.person_id in entitled
    return WaiverRow(
        waiver_id=waiver.id,
        reason=waiver.reason,
        state=waiver.state,
        proposed_by=waiver.proposed_by,
        proposed_at=waiver.proposed_at,
        entitled=len(entitled),
        voted=len(entitled.intersection(choices)),
        own_choice=own,
        may_vote=able,
        outcome=waiver.outcome,
        tally=waiver.tally,
        ended_by=waiver.ended_by,
        ended_at=waiver.ended_at,
    )


def _candidates(session: Session, application_id: uuid.UUID) -> tuple[PossibleOwner, ...]:
    roles = {role for role in Role if may(Viewer(None, roles=frozenset({role})), Verb.SUBMIT, Thing(Kind.CONDITION))}
    recused = select(Conflict.person_id).where(Conflict.application_id == application_id)
    company = (
        select(Membership.person_id)
        .join(Application, Application.company_id == Membership.company_id)
        .where(Application.id == application_id)
    )
    fund = Person.roles.any(RoleRow.name.in_(roles))
    people = session.execute(
        select(Person.id, Person.name, Person.id.in_(company).label("inside"))
        .where(Person.active, Person.id.not_in(recused), or_(Person.id.in_(company), fund))
        .order_by(Person.name, Person.id)
    )
    return tuple(PossibleOwner(one.id, one.name, "company" if one.inside else "fund") for one in people)
