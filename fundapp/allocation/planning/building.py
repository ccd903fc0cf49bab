"""From the record to an instance of the allocation problem."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.planning.bands import Band, find_band, scorecard_reaches
from fundapp.allocation.planning.stocks import PoolStock, load_stocks
from fundapp.allocation.planning.terms import CallTerms, codev_days, read_call_terms, read_terms, tags
from fundapp.allocation.rules import PERMILLE, Applicant, Capacity, Commitment, GpuRequest, Instance
from fundapp.committee.queries import official_totals
from fundapp.core.errors import NotFoundError
from fundapp.core.quantities import HOUR
from fundapp.intake.answers import gpu_requests
from fundapp.intake.newest import newest_answers
from fundapp.intake.tables import Application, Call
from fundapp.intake.ways import proposable_stages
from fundapp.screening.tables import Scorecard

SMALL_CLASSES = frozenset({"sme", "startup"})
MACHINE_BASIS = "machine_score"
RATING_BASES: Mapping[str, str] = {
    "raw": "reviews_mean",
    "trimmed": "reviews_trimmed_mean",
    "adjusted": "reviews_adjusted_mean",
}


@dataclass(frozen=True, slots=True)
class Held:
    """What an earlier award has of a quarter on offer, or waits for.

    Attributes:
        company_id: Whose.
        name: The award, for a company that is no candidate this time.
        sku: GPU model, lower case; empty for days of the delivery centre.
        quarter: UTC quarter.
        hours: Whole GPU-hours.
        codev_days: Days of the delivery centre that its co-development takes.
        waiting: Whether it stands on the waitlist for them: then they are among the free hours still, and kept from
            the plan; granted hours have left the pool, and count against the cap of the company.
    """

    company_id: uuid.UUID
    name: str
    sku: str
    quarter: str
    hours: int = 0
    waiting: bool = False
    codev_days: int = 0


Standing = Callable[[Session], Sequence[Held]]
"""Tells what earlier awards hold; the room above knows them."""


def nothing_held(_session: Session) -> Sequence[Held]:
    """Return nothing: a plan that starts from the free hours alone."""
    return ()


@dataclass(frozen=True, slots=True)
class CallInstance:
    """An instance with what the record adds to it.

    Attributes:
        applications: Identifier by number.
        score_basis: By number, whether the score is that of filed reviews or the machine's.
        score_bands: By number, between which scores the company's own may lie.
        lone_band_tenths: Tenths of a point to either side where nothing else is known of a score: the call's.
        unscored: Numbers left out because they have neither.
    """

    call_id: uuid.UUID
    call_code: str
    instance: Instance
    applications: Mapping[str, uuid.UUID]
    score_basis: Mapping[str, str]
    score_bands: Mapping[str, Band]
    lone_band_tenths: int
    unscored: tuple[str, ...]


def build_instance(session: Session, call_code: str, standing: Standing = nothing_held) -> CallInstance:
    """Assemble the allocation problem of a call from frozen submissions, scores, reviews and free capital.

    Args:
        session: A session.
        call_code: The call.
        standing: Tells what earlier awards hold of the quarters on offer.

    Raises:
        NotFoundError: if there is no such call.
        InvalidInputError: if the call's terms are not numbers in range.
    """
    call = session.scalars(select(Call).where(Call.code == call_code)).one_or_none()
    if call is None:
        raise NotFoundError(call=call_code)
    terms = read_call_terms(call.document)
    applications, companies = _candidates(session, call)
    scores, basis, bands = _scores(session, call.code, applications, terms.lone_band_tenths)
    stocks = [stock for stock in load_stocks(session) if _offered(stock, call.document)]
    commitments, granted = _commitments(standing(session), stocks, companies)
    capacities = _capacities(stocks, granted)
    return CallInstance(
        call_id=call.id,
        call_code=call.code,
        instance=Instance(
            tuple(_applicants(session, applications, scores, call, terms, capacities)),
            capacities,
            read_terms(session, call),
            commitments,
        ),
        applications=applications,
        score_basis=basis,
        score_bands=bands,
        lone_band_tenths=terms.lone_band_tenths,
        unscored=tuple(number for number in applications if number not in scores),
    )


def _candidates(session: Session, call: Call) -> tuple[dict[str, uuid.UUID], dict[uuid.UUID, str]]:
    """Return the applications by number, and for each company the number of its first."""
    rows = session.execute(
        select(Application.number, Application.id, Application.company_id)
        .where(Application.call_id == call.id, Application.state.in_(proposable_stages(session, call.id)))
        .order_by(Application.number)
    ).all()
    companies: dict[uuid.UUID, str] = {}
    for row in rows:
        companies.setdefault(row.company_id, row.number)
    return {row.number: row.id for row in rows}, companies


def _applicants(
    session: Session,
    applications: Mapping[str, uuid.UUID],
    scores: Mapping[str, int],
    call: Call,
    terms: CallTerms,
    capacities: Sequence[Capacity],
) -> list[Applicant]:
    slots = {(pool.sku, pool.quarter) for pool in capacities}
    among = select(Application.id).where(Application.id.in_(list(applications.values())))
    answers = {row.application_id: row.answers for row in session.execute(newest_answers(among))}
    classes = _company_classes(session, list(applications.values()))
    return [
        _applicant(number, scores[number], answers.get(key, {}), classes.get(key), call.document, terms, slots)
        for number, key in applications.items()
        if number in scores
    ]


def _commitments(
    held: Sequence[Held], stocks: Sequence[PoolStock], companies: Mapping[uuid.UUID, str]
) -> tuple[tuple[Commitment, ...], dict[tuple[str, str], int]]:
    """Return what earlier awards hold of the slots on offer, and the part of it that has left the pools."""
    slots = {(stock.sku, stock.quarter) for stock in stocks}
    found: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    busy: defaultdict[tuple[str, str], int] = defaultdict(int)
    granted: defaultdict[tuple[str, str], int] = defaultdict(int)
    for one in held:
        slot = (one.sku, one.quarter)
        if slot in slots and one.hours:
            found[companies.get(one.company_id, one.name), *slot] += one.hours
            granted[slot] += 0 if one.waiting else one.hours
        if one.codev_days:
            busy[companies.get(one.company_id, one.name), one.quarter] += one.codev_days
    hours = [Commitment(holder, sku, quarter, amount) for (holder, sku, quarter), amount in found.items()]
    days = [Commitment(holder, "", quarter, codev_days=amount) for (holder, quarter), amount in busy.items()]
    return (*hours, *days), granted


def _offered(stock: PoolStock, document: Mapping[str, Any]) -> bool:
    """Say whether the call offers this pool; a call that lists no SKUs or quarters offers all."""
    skus = [str(sku).lower() for sku in document.get("skus", ())]
    quarters = document.get("quarters", ())
    return (not skus or stock.sku in skus) and (not quarters or stock.quarter in quarters)


def _capacities(stocks: Sequence[PoolStock], granted: Mapping[tuple[str, str], int]) -> tuple[Capacity, ...]:
    """Put pools of one SKU and quarter together; whole hours, and the rate weighed by them, rounded down.

    Hours that earlier awards were granted come on top: the plan takes them away again as commitments.
    """
    hours: defaultdict[tuple[str, str], int] = defaultdict(int)
    value: defaultdict[tuple[str, str], int] = defaultdict(int)
    lowest: dict[tuple[str, str], int] = {}
    for stock in stocks:
        slot, whole = (stock.sku, stock.quarter), max(0, stock.free_e4 // HOUR)
        hours[slot] += whole
        value[slot] += whole * stock.rate_krw
        lowest[slot] = min(stock.rate_krw, lowest.get(slot, stock.rate_krw))
    free = [
        Capacity(sku, quarter, total, value[sku, quarter] // total if total else lowest[sku, quarter])
        for (sku, quarter), total in hours.items()
    ]
    return tuple(replace(pool, hours=pool.hours + granted.get((pool.sku, pool.quarter), 0)) for pool in free)


def _scores(
    session: Session, call_code: str, applications: Mapping[str, uuid.UUID], lone_band: int
) -> tuple[dict[str, int], dict[str, str], dict[str, Band]]:
    """Return by number the score of filed reviews that counts in this call, else the machine's; which, and its band."""
    rated = official_totals(session, call_code)
    reaches = scorecard_reaches(session, [key for key in applications.values() if key not in rated.deviations])
    scores: dict[str, int] = {}
    basis: dict[str, str] = {}
    bands: dict[str, Band] = {}
    for number, key in applications.items():
        spread: int | None = None
        if key in rated.totals:
            scores[number], basis[number] = rated.totals[key], RATING_BASES[rated.official]
            spread = rated.deviations.get(key)
        elif key in rated.machine:
            scores[number], basis[number] = rated.machine[key], MACHINE_BASIS
        else:
            continue
        bands[number] = find_band(scores[number], spread, reaches.get(key), lone_band)
    return scores, basis, bands


def _company_classes(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return the size class that screening found, by application; later scorecards win."""
    rows = session.execute(
        select(Scorecard.application_id, Scorecard.facts)
        .where(Scorecard.application_id.in_(ids))
        .order_by(Scorecard.scored_at, Scorecard.id)
    )
    return {row.application_id: str(row.facts.get("company_class") or "") for row in rows}


def _applicant(
    number: str,
    score_tenths: int,
    answers: Mapping[str, Any],
    company_class: str | None,
    document: Mapping[str, Any],
    terms: CallTerms,
    slots: set[tuple[str, str]],
) -> Applicant:
    requested_krw = int(answers.get("requested_krw") or 0)
    allowed = [int(ticket) for ticket in document.get("allowed_tickets_krw", ())]
    tickets = [t for t in allowed if t <= requested_krw] if allowed else [requested_krw]
    wanted: defaultdict[str, int] = defaultdict(int)
    requests = []
    for request in gpu_requests(answers):
        hours = request.hours.minor // HOUR
        wanted[request.sku] += hours
        if hours and (request.sku, request.quarter) in slots:
            requests.append(GpuRequest(request.sku, request.quarter, hours))
    offered = {request.sku for request in requests}
    return Applicant(
        code=number,
        score_tenths=score_tenths,
        sector=str(answers.get("sector") or ""),
        sme=company_class in SMALL_CLASSES,
        non_capital=bool(answers.get("region")) and answers["region"] not in terms.capital_regions,
        tickets=tuple(sorted(ticket for ticket in tickets if ticket > 0)),
        requests=tuple(sorted(requests)),
        minimum_hours={
            sku: -(-hours * terms.minimum_permille // PERMILLE)
            for sku, hours in sorted(wanted.items())
            if sku in offered
        },
        tags=tags(terms, answers),
        codev_days=codev_days(terms, answers, (request.quarter for request in requests)),
    )
