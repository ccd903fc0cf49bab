"""A small invented fund for tests: investors, pools, a carried decision, people, usage files."""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from fundapp.allocation.tables import Fund, Investor, Pool
from fundapp.committee.rules import BallotRule
from fundapp.committee.tables import Ballot, Condition, Decision, Meeting
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.quantities import Quantity, gpu_commodity, imputed_value, won
from fundapp.identity.tables import Person
from fundapp.intake.tables import Application, Call, Company, Transition
from fundapp.ledger.actions import hold, open_account, post
from fundapp.ledger.rules import Leg

AT = datetime(2026, 6, 20, 3, 0, tzinfo=UTC)
SIGNED_AT = datetime(2026, 7, 1, 3, 0, tzinfo=UTC)
SIGNED = date(2026, 6, 20)
REGION = "koreacentral"
HOUR = 10_000
SIZES = {"Standard_NC40ads_H100_v5": 1, "Standard_NC80adis_H100_v5": 2}


@dataclass(frozen=True)
class Case:
    """A carried decision, ready to sign."""

    decision_id: uuid.UUID
    application_id: uuid.UUID
    company_id: uuid.UUID
    hold_key: str


def add_person(session: Session, name: str, *roles: str, investor: str | None = None) -> Viewer:
    person = Person(email=f"{name.lower()}@example.org", name=name, created_at=AT, confirmed_at=AT, investor=investor)
    session.add(person)
    session.flush()
    return Viewer(person.id, name=name, email=person.email, roles=frozenset(roles), investor=investor)


def found_fund(session: Session, *, cash_krw: int = 1_000_000_000) -> None:
    session.add(
        Fund(
            id=1,
            name_ko="시험 펀드",
            name_en="Test fund",
            legal_form="계약형",
            recognition="at_delivery",
            started_on=date(2026, 1, 2),
        )
    )
    session.add(Investor(code="kt", name_ko="케이티", name_en="KT", kind="cash", committed_krw=cash_krw))
    session.add(
        Investor(code="microsoft", name_ko="마이크로소프트", name_en="Microsoft", kind="in_kind", committed_krw=0)
    )
    open_account(session, "investor:kt", "KRW", on=date(2026, 1, 2), floor=None)
    open_account(session, "pool:kt", "KRW", on=date(2026, 1, 2))
    post(
        session,
        key="commitment:kt",
        kind="commitment",
        legs=[Leg("investor:kt", "pool:kt", won(cash_krw))],
        effective_on=date(2026, 1, 2),
        actor=SYSTEM,
        at=AT,
    )
    session.flush()


def add_pool(
    session: Session, *, hours: int = 1000, rate_krw: int = 5200, sku: str = "h100", quarter: str = "2026Q3"
) -> Pool:
    account = f"pool:microsoft:{sku}:{REGION}:{quarter}"
    pool = Pool(
        investor_code="microsoft",
        sku=sku,
        region=REGION,
        quarter=quarter,
        rate_krw=rate_krw,
        account=account,
        created_at=AT,
    )
    session.add(pool)
    session.flush()
    quantity = Quantity(hours * HOUR, gpu_commodity(sku.upper()))
    legs = []
    for one in (quantity, imputed_value(quantity, rate_krw)):
        open_account(session, "investor:microsoft", one.commodity, on=date(2026, 1, 2), floor=None)
        open_account(session, account, one.commodity, on=date(2026, 1, 2))
        legs.append(Leg("investor:microsoft", account, one))
    post(
        session,
        key=f"contribution:{account}",
        kind="contribution",
        legs=legs,
        effective_on=date(2026, 1, 2),
        actor=SYSTEM,
        at=AT,
    )
    return pool


def decide(
    session: Session,
    *,
    business_number: str = "1234567891",
    name: str = "가온시험",
    krw: int = 100_000_001,
    hours: Sequence[tuple[Pool, int]] = (),
    conditions: Sequence[str] = (),
    outcome: str = "carried",
    release: str = "at_once",
    call_code: str = "AX-T",
    company_id: uuid.UUID | None = None,
) -> Case:
    call = session.query(Call).filter(Call.code == call_code).one_or_none() or Call(
        code=call_code,
        title_ko="시험 공모",
        title_en="Test call",
        opens_at=AT - timedelta(days=60),
        closes_at=AT - timedelta(days=30),
        document={},
        document_sha256="0" * 64,
        created_at=AT,
    )
    company = session.get(Company, company_id) if company_id else None
    company = company or Company(identifier=business_number, name=name, region="경기도", created_at=AT)
    session.add_all([call, company])
    session.flush()
    number = f"{call_code}-{business_number[-4:]}"
    application = Application(
        number=number,
        call_id=call.id,
        company_id=company.id,
        state="approved" if outcome == "carried" else "deferred",
        answers={"sector": "제조", "solution_title": "비밀 과제"},
        created_at=AT,
        updated_at=AT,
    )
    session.add(application)
    session.flush()
    for day, verb, before, after in (
        (40, "submit", "draft", "submitted"),
        (35, "pass_screening", "submitted", "eligible"),
        (10, "propose", "eligible", "proposed"),
        (8, "approve", "proposed", "approved"),
    ):
        session.add(
            Transition(
                application_id=application.id,
                verb=verb,
                from_state=before,
                to_state=after,
                actor="test",
                at=AT - timedelta(days=day),
            )
        )
    return _vote(
        session, call, application, krw=krw, hours=hours, conditions=conditions, outcome=outcome, release=release
    )


def _vote(
    session: Session,
    call: Call,
    application: Application,
    *,
    krw: int,
    hours: Sequence[tuple[Pool, int]],
    conditions: Sequence[str],
    outcome: str,
    release: str,
) -> Case:
    lines = [
        {
            "pool_id": str(pool.id),
            "account": pool.account,
            "sku": pool.sku,
            "region": pool.region,
            "quarter": pool.quarter,
            "hours_e4": amount * HOUR,
            "rate_krw": pool.rate_krw,
            "release": release,
        }
        for pool, amount in hours
    ]
    meeting = session.query(Meeting).one_or_none() or Meeting(
        call_id=call.id, title="시험 회의", held_on=date(2026, 6, 12), created_at=AT
    )
    session.add(meeting)
    session.flush()
    ballot = Ballot(
        meeting_id=meeting.id,
        application_id=application.id,
        proposed_krw=krw,
        gpu_lines=lines,
        conditions=[],
        hold_keys=[],
        state="closed",
        rule=BallotRule().as_document(),
        opened_by="test",
        opened_at=AT - timedelta(days=10),
        closed_at=AT - timedelta(days=8),
    )
    session.add(ballot)
    session.flush()
    ballot.hold_keys = [f"reserve:{ballot.id}"]
    _reserve(session, ballot, application.number)
    decision = Decision(
        ballot_id=ballot.id,
        application_id=application.id,
        outcome=outcome,
        approved_krw=krw,
        gpu_lines=lines,
        tally={},
        closed_by="test",
        decided_at=AT - timedelta(days=8),
    )
    session.add(decision)
    session.flush()
    for place, text in enumerate(conditions, start=1):
        session.add(Condition(decision_id=decision.id, number=place, text=text))
    session.flush()
    return Case(decision.id, application.id, application.company_id, ballot.hold_keys[0])


def _reserve(session: Session, ballot: Ballot, number: str) -> None:
    target = f"reserved:{number}"
    wanted = [("pool:kt", won(ballot.proposed_krw))] if ballot.proposed_krw else []
    for line in ballot.gpu_lines:
        hours = Quantity(line["hours_e4"], gpu_commodity(line["sku"].upper()))
        wanted += [(line["account"], hours), (line["account"], imputed_value(hours, line["rate_krw"]))]
    legs = []
    for source, quantity in wanted:
        open_account(session, target, quantity.commodity, on=date(2026, 6, 10))
        legs.append(Leg(source, target, quantity))
    hold(
        session,
        key=ballot.hold_keys[0],
        kind="reserve",
        legs=legs,
        effective_on=date(2026, 6, 10),
        actor=SYSTEM,
        at=AT,
        source_ref=f"ballot:{ballot.id}",
    )


@dataclass(frozen=True)
class Use:
    """One row of a usage file: machine-hours of a size on a UTC day."""

    day: date
    hours: str
    tag: str = "1234567891"
    size: str = "Standard_NC40ads_H100_v5"
    account: str = "/subscriptions/one"
    billed: date | None = None
    tag_key: str = "ax-company"


def write_usage(path: Path, rows: Sequence[Use]) -> Path:
    columns = [
        "BillingAccountId",
        "BillingPeriodStart",
        "BillingPeriodEnd",
        "ChargeCategory",
        "ChargePeriodStart",
        "ChargePeriodEnd",
        "ConsumedQuantity",
        "ConsumedUnit",
        "RegionId",
        "SkuPriceDetails",
        "SubAccountId",
        "Tags",
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            month = (row.billed or row.day).replace(day=1)
            end = (month + timedelta(days=32)).replace(day=1)
            writer.writerow(
                [
                    "billing/one",
                    f"{month}T00:00:00Z",
                    f"{end}T00:00:00Z",
                    "Usage",
                    f"{row.day}T00:00:00Z",
                    f"{row.day + timedelta(days=1)}T00:00:00Z",
                    row.hours,
                    "Hours",
                    REGION,
                    json.dumps({"InstanceType": row.size}),
                    row.account,
                    json.dumps({row.tag_key: row.tag} if row.tag else {}),
                ]
            )
    return path
