"""Companies that look like one: dismissing a likeness, merging two, and taking a merge back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError, TransitionRefusedError
from fundapp.intake.actions.members import end_invitations
from fundapp.intake.actions.names import actor_name, refuse
from fundapp.intake.kinship_queries import Preview, barred_companies, preview_merge
from fundapp.intake.listing import list_companies
from fundapp.intake.tables import (
    Application,
    Company,
    CompanyMerge,
    Document,
    KinshipFinding,
    Listing,
    Membership,
    MergeUndone,
)

_LONGEST_REASON = 2000


class MergeRefusedError(TransitionRefusedError):
    """Two companies cannot be merged, or a merge not taken back."""

    code = "merge_refused"
    ko = "병합할 수 없습니다: {reason_ko}"
    en = "The companies cannot be merged: {reason_en}"


def judge_kinship(
    session: Session,
    *,
    first_id: uuid.UUID,
    second_id: uuid.UUID,
    verdict: str,
    signals: Sequence[str],
    reason: str,
    actor: Viewer,
    at: datetime,
) -> None:
    """Record that a likeness of two companies was dismissed, or is to be looked at again.

    A dismissal holds for the signals it names: one that comes up later is shown all the same.

    Raises:
        InvalidInputError: without a reason.
        NotFoundError: if there is no such pair, or one of the two is the actor's own or out of their sight.
    """
    pair = _pair(session, actor, first_id, second_id)
    session.add(
        KinshipFinding(
            first_id=min(pair),
            second_id=max(pair),
            verdict=verdict,
            signals=sorted(set(signals)),
            reason=_reason(reason),
            found_by=actor_name(actor),
            found_at=at,
        )
    )
    session.flush()
    _record(session, f"company.kinship_{verdict}", min(pair), actor, at, {"other": str(max(pair))})


def merge_companies(
    session: Session, *, survivor_id: uuid.UUID, merged_id: uuid.UUID, reason: str, actor: Viewer, at: datetime
) -> uuid.UUID:
    """Let one company's applications, documents and people pass to another; return the merge.

    Statements and the tax office's answers stay where they were said: they are of a number, not of a group of them.

    Raises:
        InvalidInputError: without a reason.
        MergeRefusedError: if both applied to one call, one has an award, or a merge stands in the way.
        NotFoundError: if there is no such pair, or one of the two is the actor's own or out of their sight.
    """
    _pair(session, actor, survivor_id, merged_id)
    text = _reason(reason)
    plan = preview_merge(session, survivor_id, merged_id)
    if plan.refusal is not None:
        raise MergeRefusedError(reason_ko=plan.refusal[0], reason_en=plan.refusal[1])
    _move(session, plan, survivor_id)
    people = _people(session, survivor_id, merged_id)
    merge = CompanyMerge(
        survivor_id=survivor_id,
        merged_id=merged_id,
        moved={
            "applications": [str(one.id) for one in plan.applications],
            "documents": [str(one.id) for one in plan.documents],
            "people": people,
        },
        reason=text,
        merged_by=actor_name(actor),
        merged_at=at,
    )
    session.add(merge)
    session.flush()
    _join(session, survivor_id, merged_id, people)
    end_invitations(session, merged_id, at)
    _record(session, "company.merged", survivor_id, actor, at, {"merged": str(merged_id)})
    return merge.id


def undo_merge(session: Session, *, merge_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> None:
    """Give back what a merge moved, exactly that; what came later stays where it came to.

    Raises:
        InvalidInputError: without a reason.
        MergeRefusedError: if it was taken back before, one of its applications has an award by now, or the company
            that it goes back to has one to the same call.
        NotFoundError: if there is none, or one of the two is the actor's own or out of their sight.
    """
    merge = session.get(CompanyMerge, merge_id)
    if merge is None:
        raise NotFoundError
    _pair(session, actor, merge.survivor_id, merge.merged_id)
    text = _reason(reason)
    if session.get(MergeUndone, merge_id) is not None:
        raise _not_undone("이미 되돌렸습니다", "it was taken back already")
    moved = merge.moved
    applications = [uuid.UUID(key) for key in moved["applications"]]
    awarded = select(Application.number).where(Application.id.in_(applications), Application.state == "awarded")
    if session.scalars(awarded.limit(1)).first() is not None:
        raise _not_undone("옮긴 신청이 협약되었습니다", "an application that was moved has an award by now")
    _refuse_clash(session, applications, merge.merged_id)
    leaving = [uuid.UUID(person["person"]) for person in moved["people"] if person["added"]]
    had_owner = not any(person.get("raised") for person in moved["people"])
    if had_owner and not _keeps_owner(session, merge.survivor_id, leaving):
        raise _not_undone(
            "받은 기업의 대표 담당자가 모두 옮겨 온 사람입니다. 다른 사람을 대표 담당자로 정한 뒤 되돌려 주세요",
            "every owner of the company that received came with the merge; another one has to be named first",
        )
    _set_company(session, applications, merge.merged_id)
    documents = [uuid.UUID(key) for key in moved["documents"]]
    session.execute(update(Document).where(Document.id.in_(documents)).values(company_id=merge.merged_id))
    for person in moved["people"]:
        _send_back(session, merge, person)
    session.add(MergeUndone(merge_id=merge_id, reason=text, undone_by=actor_name(actor), undone_at=at))
    session.flush()
    list_companies(session, [merge.survivor_id, merge.merged_id])
    _record(session, "company.merge_undone", merge.survivor_id, actor, at, {"merged": str(merge.merged_id)})


def _send_back(session: Session, merge: CompanyMerge, person: Mapping[str, Any]) -> None:
    """Let somebody act for the company again that was merged, as before, and for the survivor as before."""
    key, raised = uuid.UUID(str(person["person"])), bool(person.get("raised"))
    there = (Membership.company_id == merge.merged_id, Membership.person_id == key)
    here = (Membership.company_id == merge.survivor_id, Membership.person_id == key)
    session.execute(delete(Membership).where(*there))
    moved = False
    if person["added"] or raised:
        # The row itself goes back: a survivor that had no owner before may be left without one again.
        leaves: CursorResult[Any] = session.execute(  # type: ignore[assignment]
            update(Membership)
            .where(*here)
            .values(company_id=merge.merged_id)
            .execution_options(synchronize_session=False)
        )
        moved = leaves.rowcount == 1
    if moved:
        session.execute(
            update(Membership).where(*there).values(role=person["role"]).execution_options(synchronize_session=False)
        )
        if not person["added"]:
            session.add(Membership(company_id=merge.survivor_id, person_id=key, role="member"))
    else:
        session.add(Membership(company_id=merge.merged_id, person_id=key, role=person["role"]))
    session.flush()


def _refuse_clash(session: Session, applications: Sequence[uuid.UUID], company_id: uuid.UUID) -> None:
    """Refuse to give applications back to a company that has one to the same call."""
    calls = select(Application.call_id).where(Application.id.in_(applications))
    own = select(Application.number).where(Application.company_id == company_id, Application.call_id.in_(calls))
    number = session.scalars(own.order_by(Application.number).limit(1)).first()
    if number is not None:
        raise _not_undone(
            f"병합되었던 기업이 같은 공모에 낸 신청이 있습니다 ({number})",
            f"the company that was merged has an application to the same call ({number})",
        )


def _keeps_owner(session: Session, company_id: uuid.UUID, leaving: Sequence[uuid.UUID]) -> bool:
    """Say whether a company that has an owner still has one when these have left."""
    owners = set(
        session.scalars(
            select(Membership.person_id).where(Membership.company_id == company_id, Membership.role == "owner")
        )
    )
    return not owners or not owners <= set(leaving)


def _not_undone(ko: str, en: str) -> MergeRefusedError:
    return MergeRefusedError(reason_ko=ko, reason_en=en)


def _move(session: Session, plan: Preview, survivor_id: uuid.UUID) -> None:
    _set_company(session, [one.id for one in plan.applications], survivor_id)
    documents = [one.id for one in plan.documents]
    session.execute(update(Document).where(Document.id.in_(documents)).values(company_id=survivor_id))
    session.flush()
    list_companies(session, [survivor_id])


def _set_company(session: Session, applications: Sequence[uuid.UUID], company_id: uuid.UUID) -> None:
    name = session.get_one(Company, company_id).name
    session.execute(update(Application).where(Application.id.in_(applications)).values(company_id=company_id))
    session.execute(
        update(Listing).where(Listing.application_id.in_(applications)).values(company_id=company_id, company=name)
    )


def _people(session: Session, survivor_id: uuid.UUID, merged_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return who acts for the merged company, who is new at the survivor, and who becomes an owner of it.

    An owner of the one is no owner of the other: its own owners may make them one. If it has none, nobody could.
    """
    standing = session.execute(
        select(Membership.person_id, Membership.role).where(Membership.company_id == survivor_id)
    ).all()
    there = {row.person_id for row in standing}
    ownerless = all(row.role != "owner" for row in standing)
    people: Iterable[Membership] = session.scalars(
        select(Membership).where(Membership.company_id == merged_id).order_by(Membership.person_id)
    ).all()
    return [
        {
            "person": str(one.person_id),
            "role": one.role,
            "added": one.person_id not in there,
            "raised": ownerless and one.role == "owner",
        }
        for one in people
    ]


def _join(session: Session, survivor_id: uuid.UUID, merged_id: uuid.UUID, people: Sequence[Mapping[str, Any]]) -> None:
    """Let these people act for the survivor; a company that was merged, and only that, may be left without an owner."""
    session.execute(delete(Membership).where(Membership.company_id == merged_id))
    for one in people:
        key, role = uuid.UUID(str(one["person"])), "owner" if one["raised"] else "member"
        if one["added"]:
            session.add(Membership(company_id=survivor_id, person_id=key, role=role))
        elif one["raised"]:
            session.execute(
                update(Membership)
                .where(Membership.company_id == survivor_id, Membership.person_id == key)
                .values(role="owner")
            )
    session.flush()


def _pair(session: Session, actor: Viewer, first: uuid.UUID, second: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    require(actor, Verb.RESOLVE, Thing(Kind.COMPANY))
    if first == second or not barred_companies(session, actor).isdisjoint({first, second}):
        raise NotFoundError
    if session.get(Company, first) is None or session.get(Company, second) is None:
        raise NotFoundError
    return first, second


def _reason(text: str) -> str:
    clean = text.strip()
    if not clean or len(clean) > _LONGEST_REASON:
        raise refuse("reason", "사유를 적으세요 (2,000자까지)", "needs a reason of up to 2,000 letters")
    return clean


def _record(
    session: Session, verb: str, company_id: uuid.UUID, actor: Viewer, at: datetime, details: dict[str, Any]
) -> None:
    record_event(
        session, actor=actor, verb=verb, subject_kind="company", subject=str(company_id), at=at, details=details
    )
