"""What every movement of granted hours needs: the grant with its pool and call, the legs, and whom to tell."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Pool
from fundapp.committee.tables import Conflict
from fundapp.core.access import Kind, Role, Thing, Viewer
from fundapp.core.errors import HeadroomExceededError, NotFoundError
from fundapp.core.outbox import enqueue_mail
from fundapp.core.quantities import Quantity, gpu_commodity, imputed_value
from fundapp.core.quarters import Quarter, utc_day
from fundapp.identity.tables import Person
from fundapp.identity.tables import Role as RoleRow
from fundapp.intake.tables import Application, Call, Membership
from fundapp.ledger.actions import open_account, post
from fundapp.ledger.queries import find_balance
from fundapp.ledger.rules import Leg
from fundapp.portfolio.rules import (
    ChangeRefusedError,
    PoolShortError,
    expired_account,
    grant_account,
    grant_expiry,
)
from fundapp.portfolio.rules.grant_terms import GrantTerms, grant_terms
from fundapp.portfolio.tables import Award, Grant
from fundapp.portfolio.usage import open_day, redivide


@dataclass(frozen=True, slots=True)
class GrantCase:
    """A grant with everything that moving its hours touches."""

    grant: Grant
    pool: Pool
    award: Award
    terms: GrantTerms

    def thing(self, kind: Kind) -> Thing:
        """Return the facts about the award that the policy asks for."""
        return Thing(kind, self.award.application_id, self.award.company_id)


def load_grant(session: Session, grant_id: uuid.UUID) -> GrantCase:
    """Return a grant with its pool, award and terms.

    Raises:
        NotFoundError: if there is no such grant.
    """
    row = session.execute(
        select(Grant, Pool, Award, Call.document)
        .join(Pool, Pool.id == Grant.pool_id)
        .join(Award, Award.id == Grant.award_id)
        .join(Application, Application.id == Award.application_id)
        .join(Call, Call.id == Application.call_id)
        .where(Grant.id == grant_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(grant=str(grant_id))
    grant, pool, award, document = row
    return GrantCase(grant, pool, award, grant_terms(document))


def load_award(session: Session, number: str) -> tuple[Award, GrantTerms]:
    """Return an award by number with the terms of its call.

    Raises:
        NotFoundError: if there is no such award.
    """
    row = session.execute(
        select(Award, Call.document)
        .join(Application, Application.id == Award.application_id)
        .join(Call, Call.id == Application.call_id)
        .where(Award.number == number)
    ).one_or_none()
    if row is None:
        raise NotFoundError(award=number)
    award, document = row
    return award, grant_terms(document)


def left_in(session: Session, account: str, sku: str) -> int:
    """Return the free hours of an account in ten-thousandths; 0 where it was never opened."""
    row = find_balance(session, account, gpu_commodity(sku.upper()))
    return 0 if row is None else row.free


def over(pool: Pool, today: date) -> bool:
    """Say whether the pool's quarter is over, so that nobody could use its hours any more."""
    return Quarter.parse(pool.quarter).last_day < today


def home_of(pool: Pool, today: date) -> str:
    """Return where hours of a pool go back to: the pool, or what has lapsed once its quarter is over."""
    return expired_account(pool.investor_code, pool.sku) if over(pool, today) else pool.account


def moving_legs(session: Session, pool: Pool, source: str, target: str, hours_e4: int, on: date) -> list[Leg]:
    """Return the legs that move hours of a pool's vintage and their imputed value at its rate."""
    hours = Quantity(hours_e4, gpu_commodity(pool.sku.upper()))
    legs = []
    for quantity in (hours, imputed_value(hours, pool.rate_krw)):
        open_account(session, target, quantity.commodity, on=on)
        legs.append(Leg(source, target, quantity))
    return legs


def move(
    session: Session, *, key: str, kind: str, legs: Sequence[Leg], source_ref: str, actor: Viewer, at: datetime
) -> str:
    """Post the legs today, or on the first open day, and return the key.

    Raises:
        PoolShortError: if an account has less than is to leave it, saying how much it has.
    """
    on = open_day(session, utc_day(at))
    try:
        post(session, key=key, kind=kind, legs=legs, effective_on=on, actor=actor, at=at, source_ref=source_ref)
    except HeadroomExceededError as error:
        raise explain_short(session, error, legs) from error
    return key


def draw_overage(
    session: Session, *, award: Award, places: Iterable[tuple[str, str]], actor: Viewer, at: datetime
) -> int:
    """Let use that stood beyond the grants draw on hours that have just come, as if they had been there before.

    Args:
        session: A writing session.
        award: Whose grants received hours.
        places: SKU and region of each.
        actor: Who.
        at: Now.

    Returns:
        Ledger transactions written; 0 when nothing stood beyond the grants.
    """
    wanted = [(award.number, award.id, sku, region) for sku, region in sorted(set(places))]
    return redivide(session, wanted, actor=actor, at=at)


def explain_short(session: Session, error: HeadroomExceededError, legs: Sequence[Leg]) -> PoolShortError:
    """Return the error with what is free on the account that fell short."""
    short = str(error.details.get("account", ""))
    named = next((leg for leg in legs if leg.debit == short and leg.quantity.commodity.startswith("GPUH.")), legs[0])
    row = find_balance(session, named.debit, named.quantity.commodity)
    free = Quantity(row.free if row else 0, named.quantity.commodity)
    return PoolShortError(account=named.debit, free=f"{free.decimal.normalize():f}")


def grant_of_pool(session: Session, award: Award, pool: Pool, terms: GrantTerms, today: date) -> Grant:
    """Return the award's grant from a pool; made with 0 decided hours where there is none yet.

    Raises:
        ChangeRefusedError: if the award's grant of this SKU, region and quarter comes from another contributor, or
            has ended.
    """
    place = (award.number, pool.sku, pool.region, pool.quarter)
    grant = _find_grant(session, award, pool)
    if grant is None:
        quarter = Quarter.parse(pool.quarter)
        grant = Grant(
            award_id=award.id,
            pool_id=pool.id,
            sku=pool.sku,
            region=pool.region,
            quarter=pool.quarter,
            hours_e4=0,
            release="at_once",
            account=grant_account(*place),
            usable_until=quarter.last_day,
            expires_on=grant_expiry(quarter, terms.grace_days),
        )
        session.add(grant)
        session.flush()
    if grant.pool_id != pool.id:
        raise ChangeRefusedError(
            reason_ko="같은 종류·리전·분기의 시간을 다른 출자자에게서 받고 있습니다",
            reason_en="the award has hours of this kind and quarter from another contributor",
        )
    require_usable(grant, today)
    return grant


def _find_grant(session: Session, award: Award, pool: Pool) -> Grant | None:
    return session.scalars(
        select(Grant).where(
            Grant.award_id == award.id,
            Grant.sku == pool.sku,
            Grant.region == pool.region,
            Grant.quarter == pool.quarter,
        )
    ).one_or_none()


def may_receive(session: Session, award: Award, pool: Pool, today: date) -> bool:
    """Say whether an award can take hours of a pool: `grant_of_pool` would not refuse."""
    grant = _find_grant(session, award, pool)
    return grant is None or (grant.pool_id == pool.id and grant.expired_at is None and grant.usable_until >= today)


def require_usable(grant: Grant, today: date) -> None:
    """Raise once nothing can be used of a grant any more.

    Raises:
        ChangeRefusedError: if its last usable day is over or it has lapsed.
    """
    if grant.expired_at is not None or grant.usable_until < today:
        raise ChangeRefusedError(
            reason_ko=f"{grant.usable_until}에 끝난 배정입니다", reason_en=f"the grant ended on {grant.usable_until}"
        )


def company_addresses(session: Session, company_id: uuid.UUID) -> list[str]:
    """Return the e-mail addresses of those who act for a company, in order."""
    return list(
        session.scalars(
            select(Person.email)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.company_id == company_id, Person.active)
            .order_by(Person.email)
        )
    )


def staff_addresses(session: Session, application_id: uuid.UUID, *roles: Role) -> list[str]:
    """Return the e-mail addresses of active people with one of the roles who are not recused, in order."""
    recused = select(Conflict.person_id).where(Conflict.application_id == application_id)
    return list(
        session.scalars(
            select(Person.email)
            .where(Person.active, Person.roles.any(RoleRow.name.in_(roles)), Person.id.not_in(recused))
            .order_by(Person.email)
        )
    )


def tell(
    session: Session,
    addresses: Sequence[str],
    *,
    key: str,
    subject: str,
    body: str,
    at: datetime,
    about: Collection[uuid.UUID] = (),
) -> None:
    """Put the same mail in the outbox for each address, once a key; `about` names the applications it speaks of."""
    for address in addresses:
        enqueue_mail(
            session,
            dedupe_key=f"{key}:{address}"[:200],
            recipient=address,
            subject=subject,
            body=body,
            at=at,
            about=about,
        )
