"""Changing what is put to the vote, and voting once more: ballots and what the ledger holds for them move together."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from fundapp.allocation.actions.proposals import reserve_legs
from fundapp.allocation.planning import load_stocks
from fundapp.committee.actions import BallotTerms, answer_reopening, propose, set_aside
from fundapp.committee.entrance import enter
from fundapp.committee.rules import Form, GpuLine, ProposedCondition, Release
from fundapp.committee.tables import Ballot
from fundapp.core.access import Kind, Verb, Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.idempotency import once
from fundapp.core.orm import new_id
from fundapp.core.quantities import Quantity
from fundapp.core.quarters import kst_date
from fundapp.intake.tables import Application
from fundapp.ledger.actions import hold, void_hold
from fundapp.ledger.queries import find_holds
from fundapp.ledger.rules import Leg

Slot = tuple[str, str, str]
"""Debited account, credited account, commodity."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is put to the vote instead.

    Attributes:
        krw: Whole won.
        hours_e4: Ten-thousandths of a GPU-hour by pool; pools with none are left out.
        conditions: All that the amendment asks for, also what stays.
        remark: Why.
    """

    krw: int
    hours_e4: Mapping[uuid.UUID, int]
    conditions: Sequence[ProposedCondition]
    remark: str

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "krw": self.krw,
            "hours_e4": {str(pool): hours for pool, hours in sorted(self.hours_e4.items()) if hours},
            "conditions": [condition.as_document() for condition in self.conditions],
            "remark": self.remark,
        }


def amend_award(
    session: Session,
    *,
    ballot_id: uuid.UUID,
    proposal: Proposal,
    subsidiary: bool,
    key: str,
    actor: Viewer,
    at: datetime,
) -> uuid.UUID:
    """Put an amendment to the vote; the original proposal stays on record.

    Before anybody has voted it may take the original's place. As a subsidiary amendment it is voted on first, and the
    original with its votes waits: carried, the amendment is the decision; turned down, the original goes on. Until then
    the ledger holds what either of them needs, each amount once.

    Args:
        session: A writing session.
        ballot_id: An open ballot.
        proposal: What is put to the vote instead.
        subsidiary: Whether the original waits.
        key: Of the request.
        actor: Analyst or chair.
        at: Now.

    Returns:
        The amendment's ballot.

    Raises:
        NotFoundError: if the ballot or a pool is absent, or the actor is recused.
        BallotClosedError: if it is not open any more.
        TransitionRefusedError: if it is to be replaced and somebody has voted, or is a subsidiary amendment itself.
        InvalidInputError: without a reason, or if the amendment changes nothing.
        HeadroomExceededError: if cash or a pool has less than is to be held.
    """
    ballot = session.get(Ballot, ballot_id)
    if ballot is None:
        raise NotFoundError(ballot=str(ballot_id))
    application = enter(session, ballot.application_id, actor=actor, verb=Verb.PROPOSE, kind=Kind.BALLOT)

    def work() -> dict[str, Any]:
        return {
            "ballot": str(_amend(session, ballot, application, proposal, subsidiary=subsidiary, actor=actor, at=at))
        }

    request = {"ballot": str(ballot_id), "subsidiary": subsidiary, **proposal.as_document()}
    return uuid.UUID(once(session, key=key, verb="ballot.amend", request=request, at=at, work=work)["ballot"])


def _amend(
    session: Session,
    ballot: Ballot,
    application: Application,
    proposal: Proposal,
    *,
    subsidiary: bool,
    actor: Viewer,
    at: datetime,
) -> uuid.UUID:
    lines = _lines(session, ballot, proposal)
    _require_change(ballot, proposal, lines)
    set_aside(session, ballot_id=ballot.id, replace=not subsidiary, actor=actor, at=at)
    amendment_id, form = new_id(), _form_of(ballot)
    legs = _let_go(session, ballot, application, proposal.krw, lines, actor=actor, at=at)
    hold_keys = _rearrange(session, ballot, amendment_id, *legs, subsidiary=subsidiary, actor=actor, at=at)
    return propose(
        session,
        meeting_id=ballot.meeting_id,
        application_id=ballot.application_id,
        krw=proposal.krw,
        gpu_lines=lines,
        conditions=proposal.conditions,
        hold_key=None,
        actor=actor,
        at=at,
        terms=BallotTerms(
            ballot_id=amendment_id,
            form=form,
            hold_keys=tuple(hold_keys),
            amends_id=ballot.id,
            subsidiary=subsidiary,
            remark=proposal.remark.strip(),
        ),
    )


def _form_of(ballot: Ballot) -> Form:
    return "secret" if ballot.form == "secret" else "open"


def _lines(session: Session, ballot: Ballot, proposal: Proposal) -> list[GpuLine]:
    stocks = {stock.pool_id: stock for stock in load_stocks(session)}
    before = [GpuLine.of_document(line) for line in ballot.gpu_lines]
    release: Release = before[0].release if before else "at_once"
    lines = []
    for pool_id, stock in stocks.items():
        hours = proposal.hours_e4.get(pool_id, 0)
        if hours:
            lines.append(
                GpuLine(
                    pool_id=str(pool_id),
                    account=stock.account,
                    sku=stock.sku,
                    region=stock.region,
                    quarter=stock.quarter,
                    hours_e4=hours,
                    rate_krw=stock.rate_krw,
                    release=release,
                )
            )
    unknown = {pool for pool, hours in proposal.hours_e4.items() if hours} - stocks.keys()
    if unknown:
        raise NotFoundError(pool=str(min(unknown)))
    return lines


def _require_change(ballot: Ballot, proposal: Proposal, lines: Sequence[GpuLine]) -> None:
    if not proposal.remark.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")
    amounts = {(line["pool_id"], line["hours_e4"]) for line in ballot.gpu_lines}
    conditions = [condition.as_document() for condition in proposal.conditions]
    if (ballot.proposed_krw, amounts, ballot.conditions) == (
        proposal.krw,
        {(line.pool_id, line.hours_e4) for line in lines},
        conditions,
    ):
        raise InvalidInputError(
            field="krw", reason_ko="원안과 같습니다. 바꿀 것을 적어 주세요", reason_en="this changes nothing"
        )


def _let_go(
    session: Session,
    ballot: Ballot,
    application: Application,
    krw: int,
    lines: Sequence[GpuLine],
    *,
    actor: Viewer,
    at: datetime,
) -> tuple[dict[Slot, int], dict[Slot, int]]:
    """Void what was held for the original; return how much that was, and how much the amendment needs."""
    before: Counter[Slot] = Counter()
    for held in find_holds(session, f"ballot:{ballot.id}", keys=ballot.hold_keys):
        if held.state == "open" and held.key in ballot.hold_keys:
            for leg in held.legs:
                before[leg.debit, leg.credit, leg.quantity.commodity] += leg.quantity.minor
            void_hold(
                session, hold_key=held.key, key=f"release:{held.key}", effective_on=kst_date(at), actor=actor, at=at
            )
    after: Counter[Slot] = Counter()
    for leg in reserve_legs(session, application.number, krw, lines, kst_date(at)):
        after[leg.debit, leg.credit, leg.quantity.commodity] += leg.quantity.minor
    return before, after


def _rearrange(
    session: Session,
    ballot: Ballot,
    amendment_id: uuid.UUID,
    before: Mapping[Slot, int],
    after: Mapping[Slot, int],
    *,
    subsidiary: bool,
    actor: Viewer,
    at: datetime,
) -> list[str]:
    """Hold what is needed now; return the amendment's holds.

    What both proposals need is held once, in a hold that both name; closing either of them only ever lets go.
    """
    shared = {slot: min(before.get(slot, 0), minor) for slot, minor in after.items()} if subsidiary else {}
    parts = {
        "shared": shared,
        "amendment": {slot: minor - shared.get(slot, 0) for slot, minor in after.items()},
        "original": {slot: minor - shared.get(slot, 0) for slot, minor in before.items()} if subsidiary else {},
    }
    keys = {}
    for name, part in parts.items():
        legs = [Leg(*slot[:2], Quantity(minor, slot[2])) for slot, minor in sorted(part.items()) if minor]
        if legs:
            keys[name] = f"reserve:{amendment_id}:{name}"
            hold(
                session,
                key=keys[name],
                kind="reserve",
                legs=legs,
                effective_on=kst_date(at),
                actor=actor,
                at=at,
                source_ref=f"ballot:{ballot.id if name == 'original' else amendment_id}",
            )
    if subsidiary:
        ballot.hold_keys = [keys[name] for name in ("shared", "original") if name in keys]
        session.flush()
    return [keys[name] for name in ("shared", "amendment") if name in keys]


def reopen_award(
    session: Session, *, reopening_id: uuid.UUID, meeting_id: uuid.UUID, actor: Viewer, at: datetime
) -> uuid.UUID:
    """Confirm that a closed ballot is voted on again, and open the new ballot; the old one stays as it is.

    What a carried decision holds is held on for the new ballot; otherwise it is held afresh.

    Args:
        session: A writing session.
        reopening_id: What somebody else asked for.
        meeting_id: Where; of the same call.
        actor: A chair who has not asked for it.
        at: Now.

    Returns:
        The new ballot.

    Raises:
        NotFoundError: if it is absent or the actor is recused or does not chair.
        FourEyesError: if the actor asked for it.
        TransitionRefusedError: if it has been answered, or the application has moved on, such as to an award.
        HeadroomExceededError: if cash or a pool has less than is to be held.
    """
    old = session.get_one(Ballot, answer_reopening(
        session, reopening_id=reopening_id, confirmed=True, actor=actor, at=at
    ))  # fmt: skip
    application = session.get_one(Application, old.application_id)
    ballot_id, lines = new_id(), [GpuLine.of_document(line) for line in old.gpu_lines]
    still = [
        held.key
        for held in find_holds(session, f"ballot:{old.id}", keys=old.hold_keys)
        if held.state == "open" and held.key in old.hold_keys
    ]
    fresh = f"reserve:{ballot_id}"
    propose(
        session,
        meeting_id=meeting_id,
        application_id=old.application_id,
        krw=old.proposed_krw,
        gpu_lines=lines,
        conditions=[ProposedCondition.of_document(condition) for condition in old.conditions],
        hold_key=None,
        actor=actor,
        at=at,
        terms=BallotTerms(
            ballot_id=ballot_id,
            form=_form_of(old),
            hold_keys=tuple(still or ([fresh] if old.hold_keys else [])),
            reopens_id=old.id,
        ),
    )
    if old.hold_keys and not still:
        _hold_afresh(session, fresh, ballot_id, application, old.proposed_krw, lines, actor=actor, at=at)
    return ballot_id


def _hold_afresh(
    session: Session,
    key: str,
    ballot_id: uuid.UUID,
    application: Application,
    krw: int,
    lines: Sequence[GpuLine],
    *,
    actor: Viewer,
    at: datetime,
) -> None:
    hold(
        session,
        key=key,
        kind="reserve",
        legs=reserve_legs(session, application.number, krw, lines, kst_date(at)),
        effective_on=kst_date(at),
        actor=actor,
        at=at,
        source_ref=f"ballot:{ballot_id}",
    )
