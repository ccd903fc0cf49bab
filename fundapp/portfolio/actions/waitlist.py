"""The line of those who wait for hours, and the offers made to them as holds in the ledger.

Order: a supplement refused for want of hours comes first, then whoever joined earlier. Free hours of a pool go to the
first in line who can use them: an entry whose minimum is more than what is free is passed over, because hours that
nobody takes lapse. An entry that let an offer of a pool go is not offered that pool again, and keeps its place for
others.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundapp.allocation.pools import OFFER_KIND
from fundapp.allocation.tables import Pool
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import (
    HeadroomExceededError,
    InvalidInputError,
    NotFoundError,
    TransitionRefusedError,
)
from fundapp.core.idempotency import once
from fundapp.core.orm import new_id
from fundapp.core.quantities import HOUR, Quantity, gpu_commodity
from fundapp.core.quarters import Quarter, utc_day
from fundapp.ledger.actions import hold, post_hold, void_hold
from fundapp.ledger.queries import find_holds
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.actions.held import require_hours_free
from fundapp.portfolio.actions.moving import (
    company_addresses,
    draw_overage,
    grant_of_pool,
    left_in,
    load_award,
    load_grant,
    may_receive,
    moving_legs,
    over,
    tell,
)
from fundapp.portfolio.rules import grant_account
from fundapp.portfolio.rules.grant_terms import GrantTerms
from fundapp.portfolio.tables import Award, ChangeRequest, WaitlistEntry, WaitlistOffer
from fundapp.portfolio.usage import open_day

REFUSED_FIRST, OTHERS = 1, 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody waits for; `quarter` is None for any that is not over."""

    sku: str
    region: str
    quarter: str | None
    wanted_e4: int
    minimum_e4: int


def join_waitlist(session: Session, *, award: str, wanted: Wanted, key: str, actor: Viewer, at: datetime) -> uuid.UUID:
    """Put a company in the line.

    Args:
        session: A writing session.
        award: Number of the award.
        wanted: SKU, region, quarter, hours and the fewest that are of use.
        key: Idempotency key of the request.
        actor: Somebody of the company, or staff.
        at: Now.

    Raises:
        NotFoundError: if the award is absent or the actor may not act for it.
        InvalidInputError: if the hours make no sense or the quarter is over.
    """
    found, _ = load_award(session, award)
    _require_may_act(found, actor)
    _check(wanted, at)
    request = {
        "award": award,
        "sku": wanted.sku,
        "region": wanted.region,
        "quarter": wanted.quarter,
        "wanted_e4": wanted.wanted_e4,
        "minimum_e4": wanted.minimum_e4,
    }

    def work() -> dict[str, Any]:
        return {"id": str(_join(session, found, wanted, OTHERS, None, actor, at))}

    return uuid.UUID(once(session, key=key, verb="waitlist.join", request=request, at=at, work=work)["id"])


def wait_for_change(session: Session, *, change_id: uuid.UUID, actor: Viewer, at: datetime) -> uuid.UUID:
    """Put a company whose supplement was refused at the head of the line; a repeat changes nothing.

    Raises:
        NotFoundError: if there is no such request or the actor may not decide about it.
        TransitionRefusedError: if it is no supplement that was declined.
    """
    change = session.get(ChangeRequest, change_id)
    if change is None:
        raise NotFoundError(change=str(change_id))
    case = load_grant(session, change.grant_id)
    require(actor, Verb.RESOLVE, case.thing(Kind.CHANGE))
    if change.kind != "supplement" or change.state != "declined" or change.hours_e4 is None:
        raise TransitionRefusedError(thing="change", state=change.state, verb="wait")
    known = session.scalar(select(WaitlistEntry.id).where(WaitlistEntry.change_id == change_id))
    if known is not None:
        return known
    wanted = Wanted(case.grant.sku, case.grant.region, case.grant.quarter, change.hours_e4, min(HOUR, change.hours_e4))
    return _join(session, case.award, wanted, REFUSED_FIRST, change_id, actor, at)


def leave_waitlist(session: Session, *, entry_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Take an entry out of the line; an offer open to it must be answered first.

    Raises:
        NotFoundError: if there is no such entry or the actor may not act for it.
        TransitionRefusedError: if it is out of the line, or has an open offer.
    """
    entry = session.get(WaitlistEntry, entry_id)
    if entry is None:
        raise NotFoundError(entry=str(entry_id))
    award = session.get_one(Award, entry.award_id)
    _require_may_act(award, actor)
    pending = session.scalar(
        select(WaitlistOffer.id).where(WaitlistOffer.entry_id == entry_id, WaitlistOffer.state == "open")
    )
    if pending is not None or entry.state != "waiting":
        raise TransitionRefusedError(thing="waitlist", state="offered" if pending else entry.state, verb="leave")
    entry.state = "left"
    session.flush()
    record(session, actor, "waitlist.left", award.number, at, sku=entry.sku)


def offer_reclaimed(session: Session, *, actor: Viewer, at: datetime) -> int:
    """Offer the free hours of pools whose quarter is not over to the line; return how many offers were made.

    Each offer is a hold `pool → grant`, so that nobody else can take the hours before it is answered or expires.
    """
    require(actor, Verb.EDIT, Thing(Kind.POOL))
    line = _line(session)
    if not line:
        return 0
    today = utc_day(at)
    busy = set(session.scalars(select(WaitlistOffer.entry_id).where(WaitlistOffer.state == "open")))
    refused: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for pool_id, entry_id in session.execute(
        select(WaitlistOffer.pool_id, WaitlistOffer.entry_id).where(WaitlistOffer.state.in_(("declined", "expired")))
    ):
        refused[pool_id].add(entry_id)
    places = {(entry.sku, entry.region) for entry in line}
    pools = session.scalars(select(Pool).order_by(Pool.quarter, Pool.account))
    made = 0
    for pool in pools:
        if over(pool, today) or (pool.sku, pool.region) not in places:
            continue
        free = left_in(session, pool.account, pool.sku)
        for entry in line:
            waits = entry.quarter in {None, pool.quarter} and (entry.sku, entry.region) == (pool.sku, pool.region)
            if not waits or entry.id in busy or entry.id in refused[pool.id] or entry.minimum_e4 > free:
                continue
            hours = min(free, entry.wanted_e4 - entry.served_e4)
            if _offer(session, entry, pool, hours, actor, at):
                busy.add(entry.id)
                free -= hours
                made += 1
    return made


def _line(session: Session) -> list[WaitlistEntry]:
    return list(
        session.scalars(
            select(WaitlistEntry)
            .where(WaitlistEntry.state == "waiting")
            .order_by(WaitlistEntry.priority, WaitlistEntry.joined_at, WaitlistEntry.id)
        )
    )


def _offer(session: Session, entry: WaitlistEntry, pool: Pool, hours_e4: int, actor: Viewer, at: datetime) -> bool:
    award, terms = _award_of(session, entry)
    if not may_receive(session, award, pool, utc_day(at)):
        return False
    offer_id = new_id()
    key = f"offer:{offer_id}"
    on = open_day(session, utc_day(at))
    account = grant_account(award.number, pool.sku, pool.region, pool.quarter)
    expires_at = at + timedelta(days=terms.offer_days)
    try:
        hold(
            session,
            key=key,
            kind=OFFER_KIND,
            legs=moving_legs(session, pool, pool.account, account, hours_e4, on),
            effective_on=on,
            actor=actor,
            at=at,
            expires_at=expires_at,
            source_ref=f"waitlist:{entry.id}",
        )
    except HeadroomExceededError:
        return False  # a rival took the hours since the pool was read
    session.add(
        WaitlistOffer(
            id=offer_id,
            entry_id=entry.id,
            pool_id=pool.id,
            hours_e4=hours_e4,
            minimum_e4=min(entry.minimum_e4, hours_e4),
            hold_key=key,
            offered_at=at,
            expires_at=expires_at,
        )
    )
    session.flush()
    hours = f"{Quantity(hours_e4, gpu_commodity(pool.sku.upper())).decimal.normalize():f}"
    record(session, actor, "waitlist.offered", award.number, at, pool=pool.account, hours=hours)
    until = f"{expires_at:%Y-%m-%d %H:%M}"
    body = (
        f"{pool.sku.upper()} {pool.quarter} {hours}시간을 쓸 수 있습니다. {until}(UTC)까지 답해 주세요.\n\n"
        f"{hours} hours are held for you. Please answer by {until} (UTC)."
    )
    addresses = company_addresses(session, award.company_id)
    tell(session, addresses, key=key, subject=f"[{award.number}] GPU시간 제안", body=body, at=at)
    return True


def accept_offer(
    session: Session, *, offer_id: uuid.UUID, actor: Viewer, at: datetime, hours_e4: int | None = None
) -> int:
    """Take the hours of an offer, or some of them down to the minimum; the rest is free again.

    Args:
        session: A writing session.
        offer_id: The offer.
        actor: Somebody of the company.
        at: Now; not after the offer's end.
        hours_e4: Ten-thousandths of an hour; None for all.

    Returns:
        The hours that were granted.

    Raises:
        NotFoundError: if there is no such offer or it is another company's.
        InvalidInputError: if the hours are not between the minimum and what is offered.
        TransitionRefusedError: if the offer has been answered or its time is over.
        ChangeRefusedError: if the award cannot use hours of this pool.
        ConditionsOpenError: while a condition of the decision keeps GPU time back.
    """
    offer, entry, award, terms = _enter(session, offer_id, actor)
    taken = offer.hours_e4 if hours_e4 is None else hours_e4
    if not offer.minimum_e4 <= taken <= offer.hours_e4:
        raise InvalidInputError(
            field="hours",
            reason_ko="제안받은 시간과 최소 시간 사이여야 합니다",
            reason_en="must be between the minimum and what is offered",
        )
    require_hours_free(session, award)
    _end(session, offer, "accepted", actor, at, accepted_e4=taken)
    pool = session.get_one(Pool, offer.pool_id)
    on = open_day(session, utc_day(at))
    grant = grant_of_pool(session, award, pool, terms, utc_day(at))
    legs = moving_legs(session, pool, pool.account, grant.account, taken, on)
    post_hold(
        session,
        hold_key=offer.hold_key,
        key=f"{offer.hold_key}:accept",
        effective_on=on,
        actor=actor,
        at=at,
        legs=None if taken == offer.hours_e4 else legs,
    )
    entry.served_e4 += taken
    if entry.wanted_e4 - entry.served_e4 < entry.minimum_e4:
        entry.state = "served"
    draw_overage(session, award=award, places=[(pool.sku, pool.region)], actor=actor, at=at)
    session.flush()
    record(session, actor, "waitlist.accepted", award.number, at, account=grant.account, hours_e4=taken)
    return taken


def decline_offer(session: Session, *, offer_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Let an offer go; its hours are free again and the next in line may have them.

    Raises:
        NotFoundError, TransitionRefusedError: as `accept_offer`.
    """
    offer, _, award, _ = _enter(session, offer_id, actor)
    _end(session, offer, "declined", actor, at)
    on = open_day(session, utc_day(at))
    void_hold(session, hold_key=offer.hold_key, key=f"{offer.hold_key}:decline", effective_on=on, actor=actor, at=at)
    record(session, actor, "waitlist.declined", award.number, at, offer=str(offer.id))


def expire_offers(session: Session, *, actor: Viewer, at: datetime) -> int:
    """End every offer whose time is over and free its hours; return how many. A repeat changes nothing."""
    require(actor, Verb.EDIT, Thing(Kind.POOL))
    due = session.scalars(
        select(WaitlistOffer)
        .where(WaitlistOffer.state == "open", WaitlistOffer.expires_at <= at)
        .order_by(WaitlistOffer.id)
    ).all()
    for offer in due:
        _end(session, offer, "expired", actor, at)
        entry = session.get_one(WaitlistEntry, offer.entry_id)
        award = session.get_one(Award, entry.award_id)
        held = find_holds(session, f"waitlist:{entry.id}")
        if any(one.key == offer.hold_key and one.state == "open" for one in held):
            key, on = f"expire:{offer.hold_key}", open_day(session, utc_day(at))
            void_hold(session, hold_key=offer.hold_key, key=key, effective_on=on, actor=actor, at=at)
        record(session, actor, "waitlist.expired", award.number, at, offer=str(offer.id))
    return len(due)


def _enter(
    session: Session, offer_id: uuid.UUID, actor: Viewer
) -> tuple[WaitlistOffer, WaitlistEntry, Award, GrantTerms]:
    offer = session.get(WaitlistOffer, offer_id)
    if offer is None:
        raise NotFoundError(offer=str(offer_id))
    entry = session.get_one(WaitlistEntry, offer.entry_id)
    award, terms = _award_of(session, entry)
    require(actor, Verb.SUBMIT, Thing(Kind.CHANGE, award.application_id, award.company_id))
    return offer, entry, award, terms


def _end(
    session: Session,
    offer: WaitlistOffer,
    state: str,
    actor: Viewer,
    at: datetime,
    *,
    accepted_e4: int | None = None,
) -> None:
    """End an offer once, whoever else tries to; it can be answered until its end and expire from then on."""
    in_time = WaitlistOffer.expires_at <= at if state == "expired" else WaitlistOffer.expires_at > at
    ended = session.execute(
        update(WaitlistOffer)
        .where(WaitlistOffer.id == offer.id, WaitlistOffer.state == "open", in_time)
        .values(state=state, answered_at=at, answered_by=actor.name or actor.email, accepted_e4=accepted_e4)
        .returning(WaitlistOffer.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if ended is None:
        raise TransitionRefusedError(
            thing="offer", state=offer.state if offer.state != "open" else "expired", verb=state
        )
    session.refresh(offer)


def _award_of(session: Session, entry: WaitlistEntry) -> tuple[Award, GrantTerms]:
    number = session.scalars(select(Award.number).where(Award.id == entry.award_id)).one()
    return load_award(session, number)


def _require_may_act(award: Award, actor: Viewer) -> None:
    thing = Thing(Kind.CHANGE, award.application_id, award.company_id)
    require(actor, Verb.SUBMIT if award.company_id in actor.company_ids else Verb.RESOLVE, thing)


def _check(wanted: Wanted, at: datetime) -> None:
    if not 0 < wanted.minimum_e4 <= wanted.wanted_e4:
        raise InvalidInputError(
            field="hours",
            reason_ko="최소 시간은 0보다 크고 원하는 시간 이하여야 합니다",
            reason_en="the minimum must be above 0 and at most what is wanted",
        )
    if wanted.quarter is not None and Quarter.parse(wanted.quarter).last_day < utc_day(at):
        raise InvalidInputError(field="quarter", reason_ko="끝난 분기입니다", reason_en="the quarter is over")


def _join(
    session: Session,
    award: Award,
    wanted: Wanted,
    priority: int,
    change_id: uuid.UUID | None,
    actor: Viewer,
    at: datetime,
) -> uuid.UUID:
    entry = WaitlistEntry(
        award_id=award.id,
        sku=wanted.sku,
        region=wanted.region,
        quarter=wanted.quarter,
        wanted_e4=wanted.wanted_e4,
        minimum_e4=wanted.minimum_e4,
        priority=priority,
        change_id=change_id,
        joined_by=actor.name or actor.email,
        joined_at=at,
    )
    session.add(entry)
    session.flush()
    record(session, actor, "waitlist.joined", award.number, at, sku=wanted.sku, hours_e4=wanted.wanted_e4)
    return entry.id
