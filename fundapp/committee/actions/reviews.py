"""Sharing out reviews and filing them."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.actions.conflicts import disqualify_insiders
from fundapp.committee.actions.drafts import clear_draft
from fundapp.committee.actions.figures import keep_figures
from fundapp.committee.balancing import Shortfall, Task, share_out
from fundapp.committee.entrance import enter, require_person
from fundapp.committee.fixing import freeze_terms, require_reviewing
from fundapp.committee.queries.people import members
from fundapp.committee.queries.phases import load_terms
from fundapp.committee.rules import Rating, require_complete, review_total
from fundapp.committee.tables import Assignment, Conflict, Review
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.idempotency import once
from fundapp.intake.tables import Application, Call


@dataclass(frozen=True, slots=True)
class Assigned:
    """What an assignment did.

    Attributes:
        created: New pairs of reviewer and application.
        disqualified: Recusals that company membership brought about on the way.
        loads: Applications of this call held by each member, by name.
        shortfalls: Applications with fewer reviewers than wanted, each with its reason.
    """

    created: int
    disqualified: int
    loads: tuple[tuple[str, int], ...]
    shortfalls: tuple[Shortfall, ...]


@dataclass(frozen=True, slots=True)
class FiledReview:
    """A review as filed; `total_tenths` is None where the member abstained throughout."""

    version: int
    total_tenths: int | None


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

    Balanced and deterministic: see `committee.balancing.share_out`. Members of an applicant company are
    disqualified on the way. Applications the actor is recused from are left alone.

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
    seats = members(session)
    applications = _assignable(session, call.id, actor)
    if applications:
        # Reviews open with the first assignment: from here on nobody changes what they are judged by.
        freeze_terms(session, call.id, actor=actor, at=at)
    ids = [seat.person_id for seat in seats]
    disqualified = disqualify_insiders(session, applications=applications, seats=ids, actor=actor, at=at)
    holders, loads = _held(session, call.id)
    barred = _barred(session, call.id)
    # Addresses, not random keys, decide ties: the same committee is shared out alike in every database.
    address = {seat.person_id: seat.email for seat in seats}
    person = {seat.email: seat.person_id for seat in seats}

    def addresses(people: Iterable[uuid.UUID]) -> frozenset[str]:
        return frozenset(address[key] for key in people if key in address)

    sharing = share_out(
        [Task(a.number, addresses(holders[a.id]), addresses(barred[a.id])) for a in applications],
        list(person),
        loads={address[key]: load for key, load in loads.items() if key in address},
        per_application=per_application,
        max_load=max_load,
    )
    by_number = {application.number: application for application in applications}
    for number, reviewers in sorted(sharing.given.items()):
        _write(session, by_number[number], [person[who] for who in reviewers], actor, at)
    return Assigned(
        created=sum(len(reviewers) for reviewers in sharing.given.values()),
        disqualified=disqualified,
        loads=tuple((seat.name, sharing.loads[seat.email]) for seat in seats),
        shortfalls=tuple(sharing.shortfalls),
    )


def _assignable(session: Session, call_id: uuid.UUID, actor: Viewer) -> Sequence[Application]:
    return session.scalars(
        select(Application)
        .where(
            Application.call_id == call_id,
            Application.state == "eligible",
            Application.id.not_in(actor.recused_from),
            Application.company_id.not_in(actor.company_ids),
        )
        .order_by(Application.number)
    ).all()


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
    barred: defaultdict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    rows = session.execute(
        select(Conflict.application_id, Conflict.person_id)
        .join(Application, Application.id == Conflict.application_id)
        .where(Application.call_id == call_id)
    )
    for row in rows:
        barred[row.application_id].add(row.person_id)
    return barred


def _write(
    session: Session, application: Application, reviewers: Sequence[uuid.UUID], actor: Viewer, at: datetime
) -> None:
    if not reviewers:
        return
    session.add_all(
        Assignment(application_id=application.id, person_id=person, assigned_by=actor.name or actor.email, at=at)
        for person in reviewers
    )
    session.flush()
    _record(session, "application.assigned", application, actor, at, reviewers=[str(person) for person in reviewers])


def _record(
    session: Session, verb: str, application: Application, actor: Viewer, at: datetime, **details: object
) -> None:
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="application",
        subject=application.number,
        at=at,
        details=details,
    )


def file_review(
    session: Session,
    *,
    actor: Viewer,
    application_id: uuid.UUID,
    ratings: Sequence[Rating],
    note: str | None,
    key: str,
    at: datetime,
    draft_revision: int | None = None,
) -> FiledReview:
    """File a member's review, or a new version of it; older versions stay, and what was kept as a draft is cleared.

    Every criterion needs a reason, also where the member abstains from it. Abstaining from all of them is possible;
    such a review opens the sealed figures but counts in no statistic.

    Raises:
        NotFoundError: if the application is absent, the actor is recused, or it is not assigned to the actor.
        TransitionRefusedError: if the committee has decided already.
        ReviewsClosedError: if the present phase of the call takes no reviews.
        RevisionConflictError: if a draft was saved after `draft_revision` was read; None leaves that open.
        InvalidInputError: naming the criterion that is missing, out of range or without a reason.
        IdempotencyConflictError: if the key came with another review.
    """
    person_id = require_person(actor)
    application = enter(session, application_id, actor=actor, verb=Verb.REVIEW, kind=Kind.APPLICATION)
    documents = [rating.as_document() for rating in ratings]

    def work() -> dict[str, Any]:
        require_reviewing(session, application, person_id)
        terms_sha256 = freeze_terms(session, application.call_id, actor=actor, at=at)
        criteria = load_terms(session, application.call_id).criteria
        require_complete(ratings, criteria)
        total = review_total(ratings, criteria)
        clear_draft(session, application_id, person_id, expected_revision=draft_revision, at=at)
        version = _next_version(session, application_id, person_id)
        session.add(
            Review(
                application_id=application_id,
                person_id=person_id,
                version=version,
                ratings=documents,
                total_tenths=total or 0,
                note=(note or "").strip() or None,
                filed_at=at,
                terms_sha256=terms_sha256,
            )
        )
        session.flush()
        keep_figures(session, [application_id])
        _record(session, "review.filed", application, actor, at, version=version)
        return {"version": version, "total_tenths": total}

    request = {"application": str(application_id), "person": str(person_id), "ratings": documents, "note": note}
    return FiledReview(**once(session, key=key, verb="review.file", request=request, at=at, work=work))


def _next_version(session: Session, application_id: uuid.UUID, person_id: uuid.UUID) -> int:
    newest = session.scalar(
        select(func.max(Review.version)).where(Review.application_id == application_id, Review.person_id == person_id)
    )
    return 1 + (newest or 0)
