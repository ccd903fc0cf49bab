"""Who acts for a company: inviting by mail, roles, and leaving. A company keeps its last owner."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Role, Viewer
from fundapp.core.errors import ForbiddenError, NotFoundError
from fundapp.core.outbox import enqueue_mail
from fundapp.identity.actions import prove_address, token_hash
from fundapp.identity.queries import is_confirmed
from fundapp.identity.rules import UnconfirmedError
from fundapp.identity.tables import Person
from fundapp.intake.actions.names import actor_name, refuse
from fundapp.intake.kinship_queries import standing_merge_of
from fundapp.intake.rules import INVITATION_LENGTH, InvitationSpentError, LastOwnerError, OtherAddressError
from fundapp.intake.tables import Company, Invitation, Membership


def invite_member(
    session: Session, *, actor: Viewer, at: datetime, company_id: uuid.UUID, email: str, role: str, address: str
) -> None:
    """Ask somebody by mail to act for the company. An earlier invitation to the same address ends.

    Args:
        session: The session of the change.
        actor: One of the company's owners.
        at: Now.
        company_id: The company.
        email: Whom to ask; whether there is an account with it makes no difference.
        role: `owner` or `member`.
        address: Where invitations lead; the token is put behind it.

    Raises:
        ForbiddenError: unless the actor owns the company.
        UnconfirmedError: while the actor's own address is not proved.
        InvalidInputError: if somebody with that address acts for it already.
    """
    _require_owner(session, actor, company_id)
    if not is_confirmed(session, actor):
        raise UnconfirmedError
    wanted = email.strip().lower()
    company = session.get_one(Company, company_id)
    present = select(Membership.person_id).join(Person, Person.id == Membership.person_id)
    if session.scalar(present.where(Membership.company_id == company_id, Person.email == wanted)) is not None:
        raise refuse("email", "이미 함께 작성하는 사람입니다", "acts for the company already")
    session.execute(
        update(Invitation)
        .where(Invitation.company_id == company_id, Invitation.email == wanted, Invitation.ended_at.is_(None))
        .values(ended_at=at)
    )
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        company_id=company_id,
        email=wanted,
        role=role,
        token_sha256=token_hash(token),
        invited_by_id=actor.person_id,
        created_at=at,
        expires_at=at + INVITATION_LENGTH,
    )
    session.add(invitation)
    session.flush()
    _record(session, "company.invited", actor, company_id, at, invitation=str(invitation.id), role=role)
    enqueue_mail(
        session,
        dedupe_key=f"invitation:{invitation.id}",
        recipient=wanted,
        subject=f"AX 전략펀드: {_one_line(company.name)}의 신청서를 함께 써 주세요",
        body=_letter(actor_name(actor), company.name, f"{address}{token}"),
        at=at,
    )


def withdraw_invitation(session: Session, *, actor: Viewer, at: datetime, invitation_id: uuid.UUID) -> None:
    """Take an invitation back; one that is over stays as it is.

    Raises:
        ForbiddenError: unless the actor owns the company.
    """
    invitation = session.get(Invitation, invitation_id)
    if invitation is None:
        raise NotFoundError
    _require_owner(session, actor, invitation.company_id)
    if invitation.ended_at is None:
        invitation.ended_at = at
        _record(
            session, "company.invitation_withdrawn", actor, invitation.company_id, at, invitation=str(invitation_id)
        )


def accept_invitation(session: Session, *, actor: Viewer, at: datetime, token: str) -> uuid.UUID:
    """Join the company that invited, and return it. The link came by mail, so the address is proved by it.

    Raises:
        ForbiddenError: unless the actor is signed in as an applicant.
        InvitationSpentError: if it is over or too old, whoever sent it owns the company no longer, or the company was
            merged into another.
        OtherAddressError: if it was sent to another address.
    """
    if actor.person_id is None or not actor.has(Role.APPLICANT):
        raise ForbiddenError(verb="join", kind="company")
    found = session.scalar(select(Invitation).where(Invitation.token_sha256 == token_hash(token)))
    if found is None:
        raise InvitationSpentError
    if found.email != session.scalar(select(Person.email).where(Person.id == actor.person_id)):
        raise OtherAddressError
    inviter = session.get(Membership, (found.company_id, found.invited_by_id))
    merged = standing_merge_of(session, found.company_id) is not None
    if merged or inviter is None or inviter.role != "owner":
        raise InvitationSpentError
    ended: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Invitation)
        .where(Invitation.id == found.id, Invitation.ended_at.is_(None), Invitation.expires_at > at)
        .values(ended_at=at, accepted_by_id=actor.person_id)
        .execution_options(synchronize_session=False)
    )
    if ended.rowcount != 1:
        raise InvitationSpentError
    if session.get(Membership, (found.company_id, actor.person_id)) is None:
        session.add(Membership(company_id=found.company_id, person_id=actor.person_id, role=found.role))
        session.flush()
        _record(session, "company.joined", actor, found.company_id, at, person=str(actor.person_id), role=found.role)
    prove_address(session, actor=actor, at=at)
    return found.company_id


def change_member_role(
    session: Session, *, actor: Viewer, at: datetime, company_id: uuid.UUID, person_id: uuid.UUID, role: str
) -> None:
    """Make somebody an owner or a member.

    Raises:
        ForbiddenError: unless the actor owns the company.
        LastOwnerError: if nobody would own it any more.
    """
    _require_owner(session, actor, company_id)
    membership = _membership(session, company_id, person_id)
    if membership.role == role:
        return
    _require_another_owner(session, membership)
    membership.role = role
    session.flush()
    if role != "owner":
        end_invitations(session, company_id, at, inviter=person_id)
    _record(session, "company.role_changed", actor, company_id, at, person=str(person_id), role=role)


def remove_member(
    session: Session, *, actor: Viewer, at: datetime, company_id: uuid.UUID, person_id: uuid.UUID
) -> None:
    """Let somebody act for the company no longer, from their next request on; anybody may leave by themselves.

    Raises:
        ForbiddenError: unless the actor owns the company or leaves it.
        LastOwnerError: if nobody would own it any more.
    """
    if actor.person_id != person_id:
        _require_owner(session, actor, company_id)
    membership = _membership(session, company_id, person_id)
    _require_another_owner(session, membership)
    session.execute(delete(Membership).where(Membership.company_id == company_id, Membership.person_id == person_id))
    end_invitations(session, company_id, at, inviter=person_id)
    _record(session, "company.left", actor, company_id, at, person=str(person_id))
    name, email = session.get_one(Company, company_id).name, session.get_one(Person, person_id).email
    enqueue_mail(
        session,
        dedupe_key=f"company-left:{company_id}:{person_id}:{at.isoformat()}",
        recipient=email,
        subject=f"AX 전략펀드: {_one_line(name)}에서 나왔습니다",
        body=f"이제 {name}의 신청서를 보거나 고칠 수 없습니다.\n\nYou no longer act for {name}.",
        at=at,
    )


def end_invitations(session: Session, company_id: uuid.UUID, at: datetime, *, inviter: uuid.UUID | None = None) -> None:
    """End the open invitations of a company, or those of them that one person sent."""
    mine = () if inviter is None else (Invitation.invited_by_id == inviter,)
    session.execute(
        update(Invitation)
        .where(Invitation.company_id == company_id, Invitation.ended_at.is_(None), *mine)
        .values(ended_at=at)
    )


def _require_owner(session: Session, actor: Viewer, company_id: uuid.UUID) -> None:
    own = None if actor.person_id is None else session.get(Membership, (company_id, actor.person_id))
    if own is None or own.role != "owner" or not actor.has(Role.APPLICANT):
        raise ForbiddenError(verb="edit", kind="company")


def _membership(session: Session, company_id: uuid.UUID, person_id: uuid.UUID) -> Membership:
    found = session.get(Membership, (company_id, person_id))
    if found is None:
        raise NotFoundError
    return found


def _require_another_owner(session: Session, membership: Membership) -> None:
    if membership.role != "owner":
        return
    owners = session.scalars(
        select(func.count()).where(Membership.company_id == membership.company_id, Membership.role == "owner")
    ).one()
    if owners == 1:
        raise LastOwnerError


def _letter(inviter: str, company: str, address: str) -> str:
    days = INVITATION_LENGTH.days
    return (
        f"{inviter} 님이 {company}의 신청서를 함께 쓰자고 초대했습니다. 아래 링크에서 받아들이면 됩니다. "
        f"계정이 없으면 이 이메일 주소로 먼저 만듭니다.\n\n{address}\n\n"
        f"초대는 {days}일 동안 한 번 쓸 수 있습니다. 모르는 초대라면 이 메일을 지우세요.\n\n"
        f"{inviter} invites you to work on the applications of {company}. Follow the link to accept; without an "
        f"account, register with this address first. The invitation works once, for {days} days."
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _record(session: Session, verb: str, actor: Viewer, company_id: uuid.UUID, at: datetime, **details: object) -> None:
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="company",
        subject=str(company_id),
        at=at,
        details=details,
    )
