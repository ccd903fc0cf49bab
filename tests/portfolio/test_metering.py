"""What a Prometheus server says about GPUs: protocol, limits, refusals, and the days that follow."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from booked_use import book_use
from fund_factory import SIGNED, SIGNED_AT, add_pool, decide, found_fund
from prometheus_server import State, gpu, serve_prometheus
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Settings
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import ForbiddenError, InvalidInputError
from fundapp.core.sessions import Database
from fundapp.jobs import run_job
from fundapp.portfolio.actions import SourceDefinition, keep_source, pull_utilisation, sign_award
from fundapp.portfolio.metering import Endpoint, Prometheus, sku_of_model
from fundapp.portfolio.metering.prometheus import MeteringError
from fundapp.portfolio.queries import list_sources, metering_state
from fundapp.portfolio.queries.metering import utilisation_of
from fundapp.portfolio.tables import MeteringSource, UtilisationDay

HOUR = 10_000
DAY = date(2026, 7, 3)
MIDNIGHT = datetime(2026, 7, 3, tzinfo=UTC)
AT = datetime(2026, 7, 4, 1, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)
QUERY = "avg_over_time(DCGM_FI_DEV_GPU_UTIL[5m])"


def client(state: State, **settings: object) -> Prometheus:
    return Prometheus(Endpoint(**({"name": "lab", "base_url": state.url, "backoff": (0, 0)} | settings)))  # type: ignore[arg-type]


def ask(state: State, end: datetime = MIDNIGHT + STEP, **settings: object) -> list[object]:
    return [
        [(sample.at, sample.value) for sample in series.samples]
        for answer in client(state, **settings).query_range(QUERY, MIDNIGHT, end, STEP)
        for series in answer.series
    ]


def award(session: Session) -> uuid.UUID:
    found_fund(session)
    case = decide(session, hours=[(add_pool(session), 100)])
    return sign_award(
        session,
        decision_id=case.decision_id,
        instrument="none",
        key="sign",
        actor=SYSTEM,
        at=SIGNED_AT,
        signed_on=SIGNED,
    ).id


def keep(db: Database, state: State, **changes: object) -> None:
    definition = SourceDefinition(**({"base_url": state.url} | changes))  # type: ignore[arg-type]
    db.transaction(lambda s: keep_source(s, name="lab", definition=definition, actor=SYSTEM, at=AT))


def hours_of(at: int) -> float:
    """The hour of the day that a sample stands for; it ends the five minutes before it."""
    return (at - 300 - int(MIDNIGHT.timestamp())) % 86_400 / 3600


# ---- the protocol ----


def test_a_matrix_is_read_and_not_a_number_is_a_gap() -> None:
    first = int(MIDNIGHT.timestamp())
    with serve_prometheus(series=[gpu("GPU-1", lambda at: "41.5" if at == first else "NaN")]) as state:
        found = client(state).query_range(QUERY, MIDNIGHT, MIDNIGHT + STEP, STEP)
        series = [one for answer in found for one in answer.series]
        assert state.asked == [
            {
                "method": "POST",
                "query": QUERY,
                "start": f"{first}",
                "end": f"{first + 300}",
                "step": "300",
            }
        ]
    assert [(str(sample.value), sample.at) for sample in series[0].samples] == [
        ("41.5", MIDNIGHT),
        ("None", MIDNIGHT + STEP),
    ]
    assert series[0].labels["modelName"] == "NVIDIA H100 80GB HBM3"


def test_a_range_beyond_the_servers_limit_is_asked_for_in_parts_without_gap_or_overlap() -> None:
    minute = timedelta(minutes=1)
    with serve_prometheus(series=[gpu("GPU-1", lambda _at: "1")]) as state:
        end = MIDNIGHT + minute * 25_000
        answers = list(client(state).query_range(QUERY, MIDNIGHT, end, minute))
    moments = [sample.at for answer in answers for sample in answer.series[0].samples]
    assert len(answers) == 3
    assert moments == [MIDNIGHT + minute * place for place in range(25_001)]


def test_a_server_that_knows_get_only_is_asked_by_get() -> None:
    with serve_prometheus(series=[gpu("GPU-1", lambda _at: "1")], methods=("GET",)) as state:
        assert len(ask(state)) == 1
        assert [one["method"] for one in state.asked] == ["GET"]


def test_a_busy_server_is_asked_again() -> None:
    with serve_prometheus(series=[gpu("GPU-1", lambda _at: "1")], busy_answers=2) as state:
        assert len(ask(state)) == 1


def test_a_server_that_stays_busy_is_given_up_with_its_own_words() -> None:
    with serve_prometheus(busy_answers=9) as state, pytest.raises(MeteringError, match="503, timeout: query timed out"):
        ask(state)


@pytest.mark.parametrize(
    ("settings", "auth"),
    [
        ({"token": "t0ken"}, {"auth": "bearer", "secret": "t0ken"}),
        ({"password": "reader:s3cret"}, {"auth": "basic", "secret": "reader:s3cret"}),
    ],
)
def test_bearer_token_and_password_open_the_server(settings: dict[str, str], auth: dict[str, str]) -> None:
    with serve_prometheus(series=[gpu("GPU-1", lambda _at: "1")], **settings) as state:
        assert len(ask(state, **auth)) == 1
        with pytest.raises(MeteringError, match="401") as refused:
            ask(state, **(auth | {"secret": "wr0ng:one"}))
    assert "wr0ng" not in str(refused.value)


def test_a_secret_that_is_not_set_is_said_before_anything_is_sent() -> None:
    with serve_prometheus() as state, pytest.raises(MeteringError, match="secret is not set"):
        ask(state, auth="bearer")
    assert state.asked == []


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ((200, b'{"status":"success","data":{"resultType":"matrix","resu'), "no answer of the Prometheus API"),
        ((502, b"<html>Bad Gateway</html>"), "HTTP 502"),
        ((200, b'{"status":"success","data":{"resultType":"vector","result":[]}}'), "no matrix"),
        ((302, b""), "HTTP 302"),
        (
            (200, b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[["x","1"]]}]}}'),
            "unknown shape",
        ),
        ((422, b'{"status":"error","errorType":"execution","error":"too many samples"}'), "422, execution: too many"),
    ],
)
def test_an_answer_that_is_not_understood_is_refused(raw: tuple[int, bytes], reason: str) -> None:
    with serve_prometheus(raw=raw) as state, pytest.raises(MeteringError, match=reason):
        ask(state)


def test_a_server_that_is_not_there_is_no_answer() -> None:
    with serve_prometheus() as state:
        pass
    with pytest.raises(MeteringError, match="lab could not be read"):
        ask(state)


def test_plain_http_is_not_taken_for_tls() -> None:
    with serve_prometheus() as state, pytest.raises(MeteringError, match="TLS"):
        ask(state, base_url=state.url.replace("http://", "https://"))


@pytest.mark.parametrize(
    ("model", "sku"),
    [
        ("NVIDIA H100 80GB HBM3", "h100"),
        ("NVIDIA A100-SXM4-80GB", "a100"),
        ("NVIDIA A10-24Q", "a10"),
        ("Tesla T4", "t4"),
        ("NVIDIA GB200", "gb200"),
        ("AMD Instinct MI300X", "mi300x"),
        ("Graphics Device", "unknown"),
    ],
)
def test_the_model_name_tells_the_sku(model: str, sku: str) -> None:
    assert sku_of_model(model, {}) == sku


# ---- the days ----


def test_a_day_of_two_gpus_becomes_hours_seen_busy_and_idle(db: Database) -> None:
    award_id = db.transaction(award)
    with serve_prometheus(
        series=[
            gpu("GPU-1", lambda at: "80" if hours_of(at) < 12 else "2"),  # twelve hours under 5 %: idle
            gpu("GPU-2", lambda at: "0" if hours_of(at) < 5 else "60"),  # five hours: a pause
            gpu("GPU-3", lambda _at: "90", owner="someone-else"),
        ]
    ) as state:
        keep(db, state)
        results = pull_utilisation(
            db, find_secret={}.get, actor=SYSTEM, at=AT, first_day=DAY, last_day=DAY + timedelta(days=5)
        )
    assert [(one.state, one.days, one.unknown) for one in results] == [("reached", 1, ("someone-else",))]
    with db.read() as session:
        row = session.scalars(select(UtilisationDay)).one()
    assert (row.award_id, row.sku, row.utc_day, row.gpus) == (award_id, "h100", DAY, 2)
    assert row.observed_e4 == 48 * HOUR
    assert row.idle_e4 == 12 * HOUR
    assert row.busy_permille == 442  # (12 × 80 + 12 × 2 + 5 × 0 + 19 × 60) / 48 = 44.25 %


def test_the_engines_ratio_counts_like_percent_and_blank_values_are_gaps(db: Database) -> None:
    db.transaction(award)
    blank = "9223372036854775794"  # what DCGM writes where it has no value
    with serve_prometheus(series=[gpu("GPU-1", lambda at: "0.75" if hours_of(at) < 6 else blank)]) as state:
        keep(db, state, query="DCGM_FI_PROF_GR_ENGINE_ACTIVE", unit="ratio")
        pull_utilisation(db, find_secret={}.get, actor=SYSTEM, at=AT, first_day=DAY, last_day=DAY)
    with db.read() as session:
        row = session.scalars(select(UtilisationDay)).one()
    assert (row.observed_e4, row.busy_permille, row.idle_e4) == (6 * HOUR, 750, 0)


def test_idle_hours_need_a_bill_and_hours_without_a_meter_are_unknown(db: Database) -> None:
    award_id = db.transaction(award)
    billed = {DAY: 10 * HOUR, DAY + timedelta(days=1): 4 * HOUR}
    db.transaction(lambda s: book_use(s, "AW-2026-0001", billed, at=AT))
    with serve_prometheus(series=[gpu("GPU-1", lambda at: "1" if hours_of(at) < 8 else None)]) as state:
        keep(db, state)
        pull_utilisation(db, find_secret={}.get, actor=SYSTEM, at=AT, first_day=DAY, last_day=DAY)
    with db.read() as session:
        days = utilisation_of(session, [award_id], DAY - timedelta(days=1))[award_id, "h100"]
    first, second = days[DAY], days[DAY + timedelta(days=1)]
    assert (first.billed_e4, first.idle_e4, first.unknown_e4) == (10 * HOUR, 8 * HOUR, 2 * HOUR)
    assert (second.billed_e4, second.idle_e4, second.unknown_e4, second.busy_permille) == (4 * HOUR, 0, 4 * HOUR, None)


def test_a_day_read_again_replaces_what_was_said_before(db: Database) -> None:
    db.transaction(award)
    with serve_prometheus(series=[gpu("GPU-1", lambda _at: "50")]) as state:
        keep(db, state)
        for percent in ("50", "70"):
            state.series = [gpu("GPU-1", lambda _at, said=percent: said)]  # type: ignore[misc]
            pull_utilisation(db, find_secret={}.get, actor=SYSTEM, at=AT, first_day=DAY, last_day=DAY)
    with db.read() as session:
        assert [row.busy_permille for row in session.scalars(select(UtilisationDay))] == [700]


def test_the_next_pull_reads_from_the_day_after_the_last_one_to_yesterday(db: Database) -> None:
    with serve_prometheus(series=[]) as state:
        keep(db, state)
        first = pull_utilisation(db, find_secret={}.get, actor=SYSTEM, at=AT)
        again = pull_utilisation(db, find_secret={}.get, actor=SYSTEM, at=AT)
        later = pull_utilisation(db, find_secret={}.get, actor=SYSTEM, at=AT + timedelta(days=2))
        asked = [(int(one["start"]), int(one["end"])) for one in state.asked]
    midnight = int(MIDNIGHT.timestamp())
    assert [one[0].through for one in (first, again, later)] == [DAY, DAY, DAY + timedelta(days=2)]
    assert asked == [
        (midnight - 27 * 86_400 + 300, midnight + 86_400),
        (midnight + 86_400 + 300, midnight + 3 * 86_400),
    ]


def test_a_source_is_unverified_until_it_is_reached_and_failing_when_it_is_not(db: Database) -> None:
    def state_now() -> str:
        with db.read() as session:
            return metering_state(session)

    found = [state_now()]
    with serve_prometheus(series=[]) as state:
        keep(db, state)
        found.append(state_now())
        pull_utilisation(db, find_secret={}.get, actor=SYSTEM, at=AT)
        found.append(state_now())
        keep(db, state, unit="ratio")
        found.append(state_now())
    pull_utilisation(db, find_secret={}.get, actor=SYSTEM, at=AT + timedelta(days=2))
    found.append(state_now())
    assert found == ["none", "unverified", "reached", "unverified", "failing"]
    with db.read() as session:
        row = list_sources(session, SYSTEM)[0]
    assert row.last_error is not None
    assert row.pulled_through == DAY


def test_the_secret_itself_is_never_stored(db: Database) -> None:
    db.transaction(award)
    with serve_prometheus(series=[gpu("GPU-1", lambda _at: "50")], token="t0ken") as state:
        keep(db, state, auth="bearer", secret_name="LAB")
        results = pull_utilisation(db, find_secret={"LAB": "t0ken"}.get, actor=SYSTEM, at=AT)
    with db.read() as session:
        row = session.scalars(select(MeteringSource)).one()
    assert results[0].state == "reached"
    assert "t0ken" not in str(vars(row))


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("base_url", {"base_url": "ftp://example.org"}),
        ("base_url", {"base_url": "http://reader:secret@example.org"}),
        ("step_seconds", {"step_seconds": 7}),
        ("secret_name", {"auth": "bearer"}),
        ("query", {"query": " "}),
    ],
)
def test_a_source_that_cannot_be_asked_is_refused(db: Database, field: str, changes: dict[str, object]) -> None:
    with serve_prometheus() as state, pytest.raises(InvalidInputError) as refused:
        keep(db, state, **changes)
    assert refused.value.details["field"] == field


def test_only_staff_change_sources(db: Database) -> None:
    stranger = Viewer(uuid.uuid4(), roles=frozenset({"auditor"}))
    definition = SourceDefinition(base_url="https://example.org")
    with pytest.raises(ForbiddenError):
        db.transaction(lambda s: keep_source(s, name="lab", definition=definition, actor=stranger, at=AT))


def test_the_clock_reads_meters_and_says_when_there_is_none(db: Database, tmp_path: Path) -> None:
    settings = Settings.from_environment({"FUND_HOME": str(tmp_path), "FUND_METERING_SECRET_LAB": "t0ken"})
    none = run_job(db, settings, "pull-utilisation", AT)
    with serve_prometheus(series=[], token="t0ken") as state:
        keep(db, state, auth="bearer", secret_name="LAB")
        read = run_job(db, settings, "pull-utilisation", AT + timedelta(hours=1))
    assert none.result == {"state": "not configured", "sources": {}}
    assert read.result == {"state": "read", "sources": {"lab": "reached"}}
    assert "t0ken" not in repr(settings)
