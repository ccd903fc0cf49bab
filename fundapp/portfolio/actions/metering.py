"""Meters: which Prometheus servers are asked, and taking in what they say."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.quarters import utc_day
from fundapp.core.sessions import Database
from fundapp.portfolio.metering.prometheus import Endpoint, MeteringError, Prometheus, check_base_url
from fundapp.portfolio.metering.readings import DEFAULT_QUERY, DEFAULT_STEP, DayBook, DayReading, Meter
from fundapp.portfolio.tables import Award, MeteringSource, UtilisationDay

STEPS = (15, 30, 60, 120, 300, 600, 900, 1800, 3600)
FIRST_PULL_DAYS = 28
"""How far back a new source is read."""
MOST_DAYS = 62
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SECRET_NAME = re.compile(r"[A-Z0-9][A-Z0-9_]{0,59}")
_LONGEST_ERROR = 300

FindSecret = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class SourceDefinition:
    """How a source is to be asked and read; see `Meter` and `Endpoint`."""

    base_url: str
    query: str = DEFAULT_QUERY
    unit: str = "percent"
    step_seconds: int = DEFAULT_STEP
    auth: str = "none"
    secret_name: str | None = None
    award_label: str = "namespace"
    awards: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PullResult:
    """What one source gave.

    Attributes:
        state: `reached`, `failing`, or `unverified` when it was not asked because nothing was due.
        days: Rows written: one an award, SKU and UTC day.
        through: Last day that is read now.
        unknown: Owners that belong to no award.
        warnings: What the server remarked.
        error: Why it failed, in English.
    """

    source: str
    state: str
    days: int
    through: date | None
    unknown: tuple[str, ...]
    warnings: tuple[str, ...]
    error: str | None


def keep_source(session: Session, *, name: str, definition: SourceDefinition, actor: Viewer, at: datetime) -> None:
    """Add a source of utilisation, or change it; a changed source counts as unverified until it is reached.

    Raises:
        InvalidInputError: if a part of the definition cannot be used.
    """
    require(actor, Verb.EDIT, Thing(Kind.USAGE))
    _check(name, definition)
    values = {
        "base_url": check_base_url(definition.base_url),
        "query": definition.query.strip(),
        "unit": definition.unit,
        "step_seconds": definition.step_seconds,
        "auth": definition.auth,
        "secret_name": definition.secret_name if definition.auth != "none" else None,
        "award_label": definition.award_label,
        "awards": dict(definition.awards),
        "models": dict(definition.models),
    }
    found = session.scalar(select(MeteringSource).where(MeteringSource.name == name))
    if found is not None and all(getattr(found, key) == value for key, value in values.items()):
        return
    source = found or MeteringSource(name=name)
    for key, value in values.items():
        setattr(source, key, value)
    source.state, source.last_error = "unverified", None
    source.changed_by, source.changed_at = actor.name or actor.email, at
    session.add(source)
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="meter.kept",
        subject_kind="meter",
        subject=name,
        at=at,
        details={"base_url": values["base_url"], "query": values["query"], "auth": values["auth"]},
    )


def _check(name: str, definition: SourceDefinition) -> None:
    faults = {
        "name": not _NAME.fullmatch(name),
        "query": not definition.query.strip(),
        "unit": definition.unit not in {"percent", "ratio"},
        "step_seconds": definition.step_seconds not in STEPS,
        "auth": definition.auth not in {"none", "bearer", "basic"},
        "secret_name": definition.auth != "none" and not _SECRET_NAME.fullmatch(definition.secret_name or ""),
        "award_label": not definition.award_label,
    }
    for field_name, wrong in faults.items():
        if wrong:
            raise InvalidInputError(field=field_name, reason_ko="쓸 수 없는 값입니다", reason_en="cannot be used")


def remove_source(session: Session, *, name: str, actor: Viewer, at: datetime) -> None:
    """Forget a source and the days it reported.

    Raises:
        NotFoundError: if there is none of that name.
    """
    require(actor, Verb.EDIT, Thing(Kind.USAGE))
    source = session.scalar(select(MeteringSource).where(MeteringSource.name == name))
    if source is None:
        raise NotFoundError
    session.execute(delete(UtilisationDay).where(UtilisationDay.source_id == source.id))
    session.delete(source)
    record_event(session, actor=actor, verb="meter.removed", subject_kind="meter", subject=name, at=at, details={})


def pull_utilisation(
    db: Database,
    *,
    find_secret: FindSecret,
    actor: Viewer,
    at: datetime,
    source: str | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
) -> list[PullResult]:
    """Read complete UTC days from every source, or from one; a source that fails does not stop the next.

    Without days given, each source is read from the day after its last one to yesterday. Days read again replace
    what the source said before.

    Args:
        db: The database; no transaction is open while a server is asked.
        find_secret: Returns the secret of a name, from the instance's environment.
        actor: Staff, or the clock.
        at: Now.
        source: Name of one source.
        first_day: First UTC day to read.
        last_day: Last UTC day; today and later are left out, because they are not complete.

    Raises:
        NotFoundError: if there is no source of that name.
    """
    require(actor, Verb.IMPORT, Thing(Kind.USAGE))
    with db.read() as session:
        query = select(MeteringSource).order_by(MeteringSource.name)
        sources = session.scalars(query if source is None else query.where(MeteringSource.name == source)).all()
        awards = session.execute(select(Award.number, Award.id))
        numbers = {number: award_id for number, award_id in awards}  # noqa: C416 - typed rows
    if source is not None and not sources:
        raise NotFoundError
    yesterday = utc_day(at) - timedelta(days=1)
    results = []
    for one in sources:
        since = first_day or _due_from(one, yesterday)
        until = min(last_day or yesterday, yesterday)
        results.append(_pull(db, one, numbers, find_secret, (since, until), at))
    return results


def _due_from(source: MeteringSource, yesterday: date) -> date:
    if source.pulled_through is None:
        return yesterday - timedelta(days=FIRST_PULL_DAYS - 1)
    return max(source.pulled_through + timedelta(days=1), yesterday - timedelta(days=MOST_DAYS - 1))


def _pull(
    db: Database,
    source: MeteringSource,
    numbers: Mapping[str, uuid.UUID],
    find_secret: FindSecret,
    days: tuple[date, date],
    at: datetime,
) -> PullResult:
    since, until = days
    if since > until:
        return PullResult(source.name, source.state, 0, source.pulled_through, (), (), source.last_error)
    step = timedelta(seconds=source.step_seconds)
    endpoint = Endpoint(
        name=source.name,
        base_url=source.base_url,
        auth=source.auth,
        secret=find_secret(source.secret_name) if source.secret_name else None,
        ca_file=find_secret("CA_FILE"),
    )
    book = DayBook(Meter(source.unit, step, source.award_label, source.awards, source.models), frozenset(numbers))
    warnings: dict[str, None] = {}
    start = datetime.combine(since, time(), UTC) + step
    end = datetime.combine(until + timedelta(days=1), time(), UTC)
    try:
        for answer in Prometheus(endpoint).query_range(source.query, start, end, step):
            book.add(answer.series)
            warnings |= dict.fromkeys(answer.warnings)
    except MeteringError as error:
        text = str(error.details["reason"])[:_LONGEST_ERROR]
        _note(db, source.id, {"state": "failing", "last_error": text})
        return PullResult(source.name, "failing", 0, source.pulled_through, (), tuple(warnings), text)
    readings = book.days()
    # A range asked for by hand beyond the next day leaves days between unread; they stay due.
    joins = since <= _due_from(source, utc_day(at) - timedelta(days=1))
    through = max(until, source.pulled_through or until) if joins else source.pulled_through
    _keep_days(db, source.id, numbers, readings, (since, until), at)
    _note(db, source.id, {"state": "reached", "reached_at": at, "last_error": None, "pulled_through": through})
    return PullResult(
        source.name, "reached", len(readings), through, tuple(sorted(book.unknown)), tuple(warnings), None
    )


def _note(db: Database, source_id: uuid.UUID, values: Mapping[str, object]) -> None:
    db.transaction(
        lambda session: session.execute(update(MeteringSource).where(MeteringSource.id == source_id).values(**values))
    )


def _keep_days(
    db: Database,
    source_id: uuid.UUID,
    numbers: Mapping[str, uuid.UUID],
    readings: Sequence[DayReading],
    days: tuple[date, date],
    at: datetime,
) -> None:
    def work(session: Session) -> None:
        session.execute(
            delete(UtilisationDay).where(UtilisationDay.source_id == source_id, UtilisationDay.utc_day.between(*days))
        )
        session.add_all(
            UtilisationDay(
                source_id=source_id,
                award_id=numbers[one.award],
                sku=one.sku,
                utc_day=one.utc_day,
                gpus=one.gpus,
                observed_e4=one.observed_e4,
                busy_permille=one.busy_permille,
                idle_e4=one.idle_e4,
                recorded_at=at,
            )
            for one in readings
        )

    db.transaction(work)
