"""The list of grants and the page of one, with ten thousand of them; beside ColdFront's pages of the same kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from measuring import Case, clock
from page_cases import PASSWORD, signed_in
from peers.running import Peer
from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from stores import SqliteStore, commit_something, copied

from config import Settings
from fundapp import create_app
from fundapp.allocation.actions import add_investor, add_pool
from fundapp.allocation.tables import Pool
from fundapp.committee.rules import BallotRule
from fundapp.committee.tables import Ballot, Decision, Meeting
from fundapp.core.access import SYSTEM
from fundapp.core.collecting import spare_what_lasts
from fundapp.core.orm import Base, new_id
from fundapp.core.quantities import HOUR, Quantity, gpu_commodity, gpu_hours, imputed_value
from fundapp.core.sessions import Database
from fundapp.identity.actions import create_person, ensure_roles
from fundapp.identity.passwords import hash_password
from fundapp.intake.tables import Application, Call, Company
from fundapp.ledger.actions import post_many
from fundapp.ledger.rules import Entry, Leg
from fundapp.ledger.tables import Account, Balance
from fundapp.portfolio.tables import Award, Grant, GrantForecast, UsageDay

AT = datetime(2026, 9, 1, tzinfo=UTC)
SIGNED = date(2026, 7, 1)
QUARTER, REGION, SKU, RATE_KRW = "2026Q3", "koreacentral", "h100", 5200
GRANTED = 1000
USED_DAYS = 10
VERDICTS = ("on_course",) * 8 + ("will_lapse", "idle")
EMAIL = "finance@example.com"
_CHUNK = 2000
WARM = 20
"""Openings before the first that counts, as many as the peer's: a server has opened each page long before."""
PEER = {"grant list": "allocation list", "grant page": "allocation page"}


def keep_granted(store: SqliteStore, count: int) -> None:
    """Keep a template with `count` awards, a grant each, ten days of use each, all posted, and a verdict over each."""

    def prepare(database: Database) -> None:
        database.transaction(_open)
        numbers = [f"AW-2026-{place:05d}" for place in range(count)]
        for start in range(0, count, _CHUNK):
            database.transaction(partial(_award, numbers=numbers[start : start + _CHUNK]))
        for start in range(0, count, _CHUNK):
            database.transaction(partial(_use, numbers=numbers[start : start + _CHUNK]))
        database.transaction(_judge)

    store.keep(f"granted {count}", prepare)


def _open(session: Session) -> None:
    ensure_roles(session)
    create_person(
        session,
        actor=SYSTEM,
        at=AT,
        email=EMAIL,
        name="재무",
        roles=["finance", "analyst"],
        password_hash=hash_password(PASSWORD),
    )
    add_investor(
        session, code="microsoft", name_ko="마이크로소프트", name_en="Microsoft", kind="in_kind", actor=SYSTEM, at=AT
    )
    add_pool(
        session,
        investor="microsoft",
        sku=SKU,
        region=REGION,
        quarter=QUARTER,
        hours=gpu_hours("H100", 20_000_000),
        rate_krw=RATE_KRW,
        actor=SYSTEM,
        at=AT,
        key="bench",
    )
    call = Call(
        code="AX-BENCH",
        title_ko="벤치마크",
        title_en="Benchmark",
        opens_at=AT - timedelta(days=90),
        closes_at=AT - timedelta(days=60),
        document={"code": "AX-BENCH"},
        document_sha256="0" * 64,
        created_at=AT,
    )
    session.add(call)
    session.flush()
    session.add(Meeting(call_id=call.id, title="벤치마크", held_on=SIGNED, created_at=AT))


@contextmanager
def grant_pages(
    store: SqliteStore, folder: Path, count: int, peer: Peer | None, repetitions: int
) -> Iterator[list[Case]]:
    """Open the list of grants and the page of one as finance; yields cases that live as long as the context.

    Args:
        store: Where the database is made.
        folder: For the site's own files.
        count: How many grants there are.
        peer: ColdFront, or None where it is left out.
        repetitions: How often each page is opened.
    """
    keep_granted(store, count)
    settings = Settings.from_environment({"FUND_HOME": str(folder / "grants")})
    with copied(store, f"granted {count}") as database:
        client = signed_in(create_app(settings, database), EMAIL)
        with database.read() as session:
            one = session.scalars(select(Grant.id).order_by(Grant.account).limit(1)).one()
        paths = {"grant list": "/operations/grants", "grant page": f"/operations/grants/{one}"}
        for path in (*paths.values(), "/healthz"):
            for _ in range(WARM):
                _open_page(client, path)
                commit_something(database)
        spare_what_lasts()  # as the server does
        yield [
            _case(store, count, client, path, what, before, peer, repetitions)
            for what, path in paths.items()
            for before in (partial(commit_something, database), None)
        ]


def _case(
    store: SqliteStore,
    count: int,
    client: FlaskClient,
    path: str,
    what: str,
    before: Callable[[], None] | None,
    peer: Peer | None,
    repetitions: int,
) -> Case:
    def run() -> float:
        if before is not None:
            before()
        return clock(partial(_open_page, client, path))

    floors = {"/healthz": partial(clock, partial(_open_page, client, "/healthz"))}
    if peer is not None:
        floors[f"ColdFront's {PEER[what]}"] = partial(peer.take, PEER[what])
    return Case(
        what=what if before is not None else f"{what} again",
        store=store.name,
        n=count,
        unit="ms",
        run=run,
        floors=floors,
        repetitions=repetitions,
    )


def _open_page(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == HTTPStatus.OK, (path, answer.status)


def _award(session: Session, *, numbers: list[str]) -> None:
    call, meeting = session.query(Call.id).scalar(), session.query(Meeting.id).scalar()
    pool = session.query(Pool).one()
    ids = {
        number: {what: new_id() for what in ("company", "application", "ballot", "decision", "award")}
        for number in numbers
    }
    _put(
        session,
        Company,
        (
            {"id": one["company"], "scheme": "brn", "identifier": number, "name": f"회사 {number}", "created_at": AT}
            for number, one in ids.items()
        ),
    )
    _put(
        session,
        Application,
        (
            {
                "id": one["application"],
                "number": f"AX-{number}",
                "call_id": call,
                "company_id": one["company"],
                "state": "awarded",
                "answers": {},
                "revision": 1,
                "created_at": AT,
                "updated_at": AT,
            }
            for number, one in ids.items()
        ),
    )
    _put(
        session,
        Ballot,
        (
            {
                "id": one["ballot"],
                "meeting_id": meeting,
                "application_id": one["application"],
                "proposed_krw": 0,
                "gpu_lines": [],
                "conditions": [],
                "rule": BallotRule().as_document(),
                "hold_keys": [],
                "state": "closed",
                "opened_by": "x",
                "opened_at": AT,
                "closed_at": AT,
            }
            for one in ids.values()
        ),
    )
    _put(
        session,
        Decision,
        (
            {
                "id": one["decision"],
                "ballot_id": one["ballot"],
                "application_id": one["application"],
                "outcome": "carried",
                "approved_krw": 0,
                "gpu_lines": [],
                "tally": {},
                "closed_by": "x",
                "decided_at": AT,
            }
            for one in ids.values()
        ),
    )
    _put(
        session,
        Award,
        (
            {
                "id": one["award"],
                "number": number,
                "decision_id": one["decision"],
                "application_id": one["application"],
                "company_id": one["company"],
                "instrument": "none",
                "committed_krw": 0,
                "signed_on": SIGNED,
                "signed_by": "x",
                "created_at": AT,
            }
            for number, one in ids.items()
        ),
    )
    hours = gpu_hours("H100", GRANTED)
    _put(
        session,
        Grant,
        (
            {
                "id": new_id(),
                "award_id": one["award"],
                "pool_id": pool.id,
                "sku": SKU,
                "region": REGION,
                "quarter": QUARTER,
                "hours_e4": hours.minor,
                "account": _grant(number),
                "usable_until": date(2026, 9, 30),
                "expires_on": date(2026, 10, 14),
            }
            for number, one in ids.items()
        ),
    )
    _open_accounts(session, [path for number in numbers for path in (_grant(number), _used(number))])
    _post(session, "award", [(f"award:{n}", pool.account, _grant(n), hours, SIGNED, f"award:{n}") for n in numbers])


def _use(session: Session, *, numbers: list[str]) -> None:
    days = [SIGNED + timedelta(days=n) for n in range(USED_DAYS)]
    awards = dict(session.query(Award.number, Award.id).filter(Award.number.in_(numbers)).all())
    hours = gpu_hours("H100", 24)
    _put(
        session,
        UsageDay,
        (
            {
                "effective_on": day,
                "owner": number,
                "award_id": awards[number],
                "sku": SKU,
                "region": REGION,
                "utc_day": day,
                "scope": f"sub-{number}",
                "billing_month": SIGNED,
                "posted_e4": hours.minor,
                "posting": 1,
            }
            for number in numbers
            for day in days
        ),
    )
    _post(
        session,
        "drawdown",
        [(f"usage:{n}:{d}", _grant(n), _used(n), hours, d, f"usage:{n}") for n in numbers for d in days],
    )


def _judge(session: Session) -> None:
    """Write a verdict over each grant, as the daily watch does; most are on course."""
    _put(
        session,
        GrantForecast,
        (
            {
                "grant_id": grant_id,
                "verdict": VERDICTS[place % len(VERDICTS)],
                "severity": "info" if VERDICTS[place % len(VERDICTS)] == "on_course" else "warning",
                "data_through": SIGNED + timedelta(days=USED_DAYS - 1),
                "pace_e4": 24 * HOUR,
                "pace_days": USED_DAYS,
                "granted_e4": GRANTED * HOUR,
                "remaining_e4": (GRANTED - 24 * USED_DAYS) * HOUR,
                "at_risk_e4": 0,
                "overage_e4": 0,
                "watched_at": AT,
            }
            for place, (grant_id,) in enumerate(session.query(Grant.id).order_by(Grant.account))
        ),
    )


def _grant(number: str) -> str:
    return f"grant:{number}:{SKU}:{REGION}:{QUARTER}"


def _used(number: str) -> str:
    return f"used:{number}:{SKU}"


def _put(session: Session, table: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    session.execute(insert(table), list(rows))


def _open_accounts(session: Session, paths: list[str]) -> None:
    """Open many accounts at once; one by one it would take longer than everything else."""
    codes = (gpu_commodity("H100"), "KRW-IMPUTED")
    session.execute(
        insert(Account), [{"path": path, "commodity": code, "opened_on": SIGNED} for path in paths for code in codes]
    )
    fresh = session.query(Account.id).filter(Account.path.in_(paths)).all()
    zero = dict.fromkeys(("debits_posted", "credits_posted", "debits_pending", "credits_pending"), 0)
    session.execute(insert(Balance), [{"account_id": one.id, "floor": 0, **zero} for one in fresh])


def _post(session: Session, kind: str, moves: list[tuple[str, str, str, Quantity, date, str]]) -> None:
    entries = [
        Entry(key, kind, (Leg(debit, credit, hours), Leg(debit, credit, imputed_value(hours, RATE_KRW))), day, ref)
        for key, debit, credit, hours, day, ref in moves
    ]
    post_many(session, entries, actor=SYSTEM, at=AT)
