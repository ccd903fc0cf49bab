"""What the clock runs, and when. APScheduler only ticks; each job is one action under a run key.

A run key names a business period, `expire-grants:2026-10-01`. The key is unique in the database, so the effect
happens once however many clocks run; the lease merely spares the others the work.

What may take minutes runs in a lane of its own, under a lease of its own, and holds up no other job.
"""

from __future__ import annotations

import logging
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import BaseScheduler
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config import Settings, training_environment
from fundapp import mail
from fundapp.allocation.working import work_on_run
from fundapp.committee import actions as committee
from fundapp.committee.actions import close_written_ballots
from fundapp.committee.queries import blind_ratings, load_viewer
from fundapp.core.access import SYSTEM
from fundapp.core.clockwork import JobRun, find_run, take_lease
from fundapp.core.errors import FundError, ModelRefusedError, NotFoundError
from fundapp.core.quarters import Quarter, kst_date, utc_day
from fundapp.core.sessions import Database
from fundapp.intake.queries import get_call, list_calls
from fundapp.intake.registry.asking import recheck_open
from fundapp.intake.registry.nts import Service, TaxOffice
from fundapp.ledger import actions as ledger
from fundapp.ledger.queries import verify
from fundapp.portfolio import actions as portfolio
from fundapp.portfolio.queries import award_outcomes
from fundapp.portfolio.standing import earlier_awards
from fundapp.reporting import actions as reporting
from fundapp.screening import actions as screening
from fundapp.screening.labels import count_new_labels
from fundapp.screening.learning_queries import ripe_models
from fundapp.screening.learning_rules import NEW_LABELS, SHADOW_WEEKS
from fundapp.screening.watching import score_drift

LEASE = timedelta(seconds=90)
LONG_LEASE = "long-jobs"
TICK_SECONDS = 30
LOOK_SECONDS = 2
_log = logging.getLogger(__name__)

Effect = Callable[[Session, datetime], dict[str, Any]]
Errand = Callable[[Database, Settings, datetime], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Job:
    """One job: its period, and either an effect inside the run's transaction or an errand before it.

    An errand opens its own transactions or reaches outside; it must be safe to repeat, because the run is
    recorded after it.

    Attributes:
        long: It may take minutes, so it runs in the long lane.
    """

    name: str
    period: Callable[[datetime], str]
    effect: Effect | None = None
    errand: Errand | None = None
    long: bool = False


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What became of one attempt to run a job."""

    job: str
    run_key: str
    ran: bool
    result: dict[str, Any]


def _kst_day(at: datetime) -> str:
    return kst_date(at).isoformat()


def _kst_morning(at: datetime) -> str:
    """Return the Korean day that began at nine: nobody is written to at midnight."""
    return kst_date(at - timedelta(hours=9)).isoformat()


def _kst_week(at: datetime) -> str:
    return kst_date(at).strftime("%G-W%V")


def _kst_month(at: datetime) -> str:
    return kst_date(at).strftime("%Y-%m")


def _utc_day(at: datetime) -> str:
    return utc_day(at).isoformat()


def _utc_hour(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H")


def _minute(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def _expire_holds(session: Session, at: datetime) -> dict[str, Any]:
    return {"expired": ledger.expire_holds(session, actor=SYSTEM, at=at)}


def _expire_grants(session: Session, at: datetime) -> dict[str, Any]:
    return {"grants": portfolio.expire_grants(session, actor=SYSTEM, at=at).grants}


def _reclaim_grants(session: Session, at: datetime) -> dict[str, Any]:
    done = portfolio.reclaim_grants(session, actor=SYSTEM, at=at)
    return {"noticed": done.noticed, "withdrawn": done.withdrawn, "acted": done.acted, "hours_e4": done.hours_e4}


def _offer_hours(session: Session, at: datetime) -> dict[str, Any]:
    expired = portfolio.expire_offers(session, actor=SYSTEM, at=at)
    return {"expired": expired, "offered": portfolio.offer_reclaimed(session, actor=SYSTEM, at=at)}


def _apply_overage_policy(session: Session, at: datetime) -> dict[str, Any]:
    done = portfolio.apply_overage_policy(session, actor=SYSTEM, at=at)
    return {"warned": done.warned, "blocked": done.blocked, "charged": done.charged}


def _move_review_phases(session: Session, at: datetime) -> dict[str, Any]:
    return {"moved": committee.move_due_phases(session, actor=SYSTEM, at=at)}


def _match_conflicts(session: Session, at: datetime) -> dict[str, Any]:
    """Compare the register of interests with all that is undecided: an interest may begin or end on a day."""
    return asdict(committee.match_register(session, actor=SYSTEM, at=at))


def _remind_reviewers(session: Session, at: datetime) -> dict[str, Any]:
    return {"mailed": committee.remind_all(session, actor=SYSTEM, at=at)}


def _verify_ledger(session: Session, _at: datetime) -> dict[str, Any]:
    verdict = verify(session)
    if not verdict.ok:
        _log.error("ledger does not verify: %s", verdict.problems)
    return {"ok": verdict.ok, "transfers": verdict.transfers, "problems": verdict.problems}


def _screen_submissions(database: Database, _settings: Settings, at: datetime) -> dict[str, Any]:
    """Screen calls that have closed, and rolling calls; in an open call applicants may still send again."""
    with database.read() as session:
        pages = [get_call(session, call.code) for call in list_calls(session, at)]
    codes = [page.code for page in pages if page.closes_at < at or page.document.get("kind") == "rolling"]
    results = {code: screening.screen_call(database, code, actor=SYSTEM, at=at) for code in codes}
    return {"scored": {code: result.scored for code, result in results.items() if result.scored}}


def _check_registrations(database: Database, settings: Settings, at: datetime) -> dict[str, Any]:
    """Ask the tax office about every company with an open application; without a key nothing is asked or assumed."""
    if settings.registry_key is None:
        return {"state": "not configured"}
    office = TaxOffice(Service(settings.registry_url, settings.registry_key))
    return {"state": "asked", **asdict(recheck_open(database, office, actor=SYSTEM, at=at))}


def _remind_conditions(database: Database, settings: Settings, at: datetime) -> dict[str, Any]:
    url = settings.public_url
    return asdict(database.transaction(lambda s: committee.remind_conditions(s, actor=SYSTEM, at=at, public_url=url)))


def _remind_applicants(database: Database, settings: Settings, at: datetime) -> dict[str, Any]:
    url = settings.public_url
    return database.transaction(lambda s: portfolio.remind_applicants(s, actor=SYSTEM, at=at, public_url=url))


def _watch_grants(session: Session, at: datetime) -> dict[str, Any]:
    """Judge grants by pace and projection; the day's bills have been imported by then, or count from tomorrow."""
    return asdict(portfolio.watch_grants(session, actor=SYSTEM, at=at))


def _pull_utilisation(database: Database, settings: Settings, at: datetime) -> dict[str, Any]:
    """Read the days that meters have and we do not; without a meter nothing is verified, and the result says so."""
    results = portfolio.pull_utilisation(database, find_secret=settings.metering_secrets.get, actor=SYSTEM, at=at)
    for one in results:
        if one.error is not None:
            _log.warning("the meter %s could not be read: %s", one.source, one.error)
    return {"state": "read" if results else "not configured", "sources": {one.source: one.state for one in results}}


def _score_shadows(session: Session, at: datetime) -> dict[str, Any]:
    return {"scored": screening.score_shadows(session, actor=SYSTEM, at=at)}


def _train_challenger(database: Database, _settings: Settings, at: datetime) -> dict[str, Any]:
    """Train on ten new labels or more, and put what has shadowed long enough through the gate."""
    with database.read() as session:
        ratings, outcomes = blind_ratings(session), award_outcomes(session, at=at)
        new = count_new_labels(session, ratings, outcomes)
    result: dict[str, Any] = {"new_labels": new, "trained": None, "verdicts": {}}
    environment = training_environment()
    if new >= NEW_LABELS:
        try:
            result["trained"] = screening.train_challenger(
                database, ratings=ratings, outcomes=outcomes, environment=environment, actor=SYSTEM, at=at
            ).version
        except ModelRefusedError as error:
            result["refused"] = error.message("en")
    with database.read() as session:
        ripe = ripe_models(session, weeks=SHADOW_WEEKS)
    for version in ripe:
        try:
            result["verdicts"][version] = screening.gate_model(
                database,
                version=version,
                ratings=ratings,
                outcomes=outcomes,
                environment=environment,
                actor=SYSTEM,
                at=at,
            ).passed
        except ModelRefusedError as error:
            result["verdicts"][version] = error.message("en")
    return result


def _answer_model_requests(database: Database, _settings: Settings, at: datetime) -> dict[str, Any]:
    """Do one thing that somebody asked for on the models' page, with that person's rights as they are by now."""
    taken = database.transaction(lambda s: screening.take_request(s, actor=SYSTEM, at=at))
    if taken is None:
        return {}
    try:
        found = _learn_for(database, taken, at)
    except FundError as error:
        refused = error
        database.transaction(
            lambda s: screening.refuse_request(s, request_id=taken.id, error=refused, actor=SYSTEM, at=at)
        )
        return {"kind": taken.kind, "refused": refused.message("en")}
    database.transaction(lambda s: screening.answer_request(s, request_id=taken.id, found=found, actor=SYSTEM, at=at))
    return {"kind": taken.kind, **found}


def _learn_for(database: Database, taken: screening.TakenRequest, at: datetime) -> dict[str, Any]:
    with database.read() as session:
        asker = load_viewer(session, taken.asked_by_id)
        ratings, outcomes = blind_ratings(session), award_outcomes(session, at=at)
    environment = training_environment()
    if taken.version is None:
        made = screening.train_challenger(
            database, ratings=ratings, outcomes=outcomes, environment=environment, actor=asker, at=at
        )
        return {"version": made.version}
    verdict = screening.gate_model(
        database,
        version=taken.version,
        ratings=ratings,
        outcomes=outcomes,
        environment=environment,
        actor=asker,
        at=at,
        explained=taken.explained,
    )
    return {"version": verdict.version, "passed": verdict.passed}


def _calibrate_model(database: Database, _settings: Settings, at: datetime) -> dict[str, Any]:
    with database.read() as session:
        ratings, outcomes = blind_ratings(session), award_outcomes(session, at=at)
        drift = [one.to_document() for one in score_drift(session, SYSTEM)]
    try:
        made = screening.calibrate_model(
            database, ratings=ratings, outcomes=outcomes, environment=training_environment(), actor=SYSTEM, at=at
        )
    except ModelRefusedError as error:
        return {"calibration": None, "refused": error.message("en"), "drift": drift}
    return {"calibration": made.version if made else None, "drift": drift}


def _close_written(database: Database, settings: Settings, at: datetime) -> dict[str, Any]:
    key = settings.secret_key
    return {"closed": database.transaction(lambda s: close_written_ballots(s, secret=key, actor=SYSTEM, at=at))}


def _draft_report(database: Database, settings: Settings, at: datetime) -> dict[str, Any]:
    """Freeze the quarter that is over, and build its files, so that its owners find them ready."""
    made = database.transaction(
        lambda s: reporting.draft_report(s, actor=SYSTEM, at=at, public_url=settings.public_url)
    )
    if made is None:
        return {"drafted": None}
    if made.version is not None:
        with tempfile.TemporaryDirectory(prefix="report-") as folder:
            reporting.build_report(
                database, Quarter.parse(made.quarter), Path(folder), files_url=settings.files_url, version=made.version
            )
    return {"drafted": made.quarter, **asdict(made)}


def _remind_delivery(database: Database, settings: Settings, at: datetime) -> dict[str, Any]:
    url = settings.public_url
    return {"mailed": database.transaction(lambda s: reporting.remind_delivery(s, at=at, public_url=url))}


def _tell_own_reports(database: Database, settings: Settings, at: datetime) -> dict[str, Any]:
    url = settings.public_url
    return {"mailed": database.transaction(lambda s: reporting.tell_owners(s, at=at, public_url=url))}


def _send_mail(database: Database, settings: Settings, at: datetime) -> dict[str, Any]:
    return mail.send_waiting(database, settings, at)


JOBS = {
    job.name: job
    for job in (
        Job("screen-submissions", _kst_day, errand=_screen_submissions),
        Job("check-registrations", _kst_day, errand=_check_registrations),
        Job("match-conflicts", _kst_day, effect=_match_conflicts),
        Job("remind-reviewers", _kst_morning, effect=_remind_reviewers),
        Job("shadow-scores", _kst_day, effect=_score_shadows),
        Job("train-challenger", _kst_week, errand=_train_challenger, long=True),
        Job("calibrate-model", _kst_month, errand=_calibrate_model, long=True),
        Job("expire-holds", _kst_day, effect=_expire_holds),
        Job("expire-grants", _utc_day, effect=_expire_grants),
        Job("reclaim-grants", _utc_day, effect=_reclaim_grants),
        Job("offer-hours", _utc_hour, effect=_offer_hours),
        Job("overage-policy", _utc_hour, effect=_apply_overage_policy),
        Job("verify-ledger", _kst_day, effect=_verify_ledger),
        Job("pull-utilisation", _utc_hour, errand=_pull_utilisation),
        Job("watch-grants", _utc_day, effect=_watch_grants),
        Job("review-phases", _minute, effect=_move_review_phases),
        Job("close-written", _minute, errand=_close_written),
        Job("remind-conditions", _kst_day, errand=_remind_conditions),
        Job("remind-applicants", _kst_morning, errand=_remind_applicants),
        Job("draft-report", _kst_morning, errand=_draft_report),
        Job("remind-delivery", _kst_morning, errand=_remind_delivery),
        Job("own-reports", _kst_morning, errand=_tell_own_reports),
        Job("send-mail", _minute, errand=_send_mail),
        Job("model-requests", _minute, errand=_answer_model_requests, long=True),
    )
}


def run_job(database: Database, settings: Settings, name: str, at: datetime) -> JobOutcome:
    """Run a job for the period that holds `at`, unless it has run.

    Raises:
        NotFoundError: if there is no such job.
    """
    job = JOBS.get(name)
    if job is None:
        raise NotFoundError(job=name)
    run_key = f"{name}:{job.period(at)}"
    with database.read() as session:
        earlier = find_run(session, run_key)
    if earlier is not None:
        return JobOutcome(name, run_key, ran=False, result=earlier.result)
    before = job.errand(database, settings, at) if job.errand else {}

    def work(session: Session) -> dict[str, Any]:
        result = job.effect(session, at) if job.effect else before
        session.add(JobRun(run_key=run_key, job=name, ran_at=at, result=result))
        session.flush()
        return result

    try:
        result = database.transaction(work)
    except IntegrityError as error:
        if "run_key" not in str(error.orig):
            raise
        return JobOutcome(name, run_key, ran=False, result={})
    return JobOutcome(name, run_key, ran=True, result=result)


def tick(database: Database, settings: Settings, owner: str, at: datetime) -> list[JobOutcome]:
    """Run what is due and short, if this clock holds the lease; one job's failure does not stop the next."""
    if not _take(database, "clock", owner, at):
        return []
    return _run_due(database, settings, at, long=False)


def tick_long(
    database: Database, settings: Settings, owner: str, at: datetime, *, renewal: float = TICK_SECONDS
) -> list[JobOutcome]:
    """Run what is due and may take minutes, if this clock holds the lease of such jobs.

    The lease is renewed every `renewal` seconds until they end: no other clock starts them meanwhile.
    """
    if not _take(database, LONG_LEASE, owner, at):
        return []
    with _kept(database, LONG_LEASE, owner, renewal):
        return _run_due(database, settings, at, long=True)


def _take(database: Database, name: str, owner: str, at: datetime) -> bool:
    held = database.transaction(lambda s: take_lease(s, name=name, owner=owner, at=at, length=LEASE))
    return held is not None


@contextmanager
def _kept(database: Database, name: str, owner: str, renewal: float) -> Iterator[None]:
    """Renew a lease as long as the work lasts; with its process it ends, and another clock takes over."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(renewal):
            try:
                _take(database, name, owner, datetime.now(UTC))
            except Exception:  # noqa: BLE001 - the next renewal is soon, and run keys hold without it
                _log.exception("the lease %s was not renewed", name)

    keeper = threading.Thread(target=renew, name=f"lease {name}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def _run_due(database: Database, settings: Settings, at: datetime, *, long: bool) -> list[JobOutcome]:
    outcomes = []
    for job in JOBS.values():
        if job.long is not long:
            continue
        try:
            outcomes.append(run_job(database, settings, job.name, at))
        except Exception:  # noqa: BLE001 - whatever one job does, the others still run
            _log.exception("job %s failed; the next tick tries again", job.name)
    return [outcome for outcome in outcomes if outcome.ran]


def work_on_plans(database: Database) -> str | None:
    """Do what waits longest of what people asked of the workbench; return its kind.

    It is no job of a period: somebody waits for it, so the clock looks in every other second, whoever holds the lease.
    """
    return work_on_run(
        database,
        environment=training_environment(),
        standing=earlier_awards,
        viewer_of=load_viewer,
        clock=lambda: datetime.now(UTC),
    )


def start_clock(database: Database, settings: Settings, scheduler: BaseScheduler | None = None) -> BaseScheduler:
    """Start ticking in the background (or on the scheduler given), each lane on its own, and return it."""
    clock = scheduler or BackgroundScheduler(timezone=UTC)
    owner = f"{socket.gethostname()}:{os.getpid()}"
    lanes: tuple[tuple[str, Callable[[], object], int], ...] = (
        ("tick", lambda: tick(database, settings, owner, datetime.now(UTC)), TICK_SECONDS),
        ("tick-long", lambda: tick_long(database, settings, owner, datetime.now(UTC)), TICK_SECONDS),
        ("plans", lambda: work_on_plans(database), LOOK_SECONDS),
    )
    for name, lane, seconds in lanes:
        clock.add_job(
            _one_at_a_time(lane),
            "interval",
            seconds=seconds,
            next_run_time=datetime.now(UTC) + timedelta(seconds=2),
            misfire_grace_time=None,
            coalesce=True,
            max_instances=2,  # the second sees that the first is at work
            id=name,
            name=name,
        )
    clock.start()
    return clock


def _one_at_a_time(lane: Callable[[], object]) -> Callable[[], None]:
    """Return a lane that does nothing while it is at work: the scheduler would say so in the log at every turn."""
    at_work = threading.Lock()

    def run() -> None:
        if at_work.acquire(blocking=False):
            try:
                lane()
            finally:
                at_work.release()

    return run
