"""Asking the tax office about companies, outside any transaction, and keeping what it answers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.core.sessions import Database
from fundapp.intake.actions.registration import record_checks
from fundapp.intake.registry.nts import Claimed, RegistryError, Status, TaxOffice
from fundapp.intake.rules import business_number_valid
from fundapp.intake.standing import Standing
from fundapp.intake.standing_queries import CheckRow, newest_statement, registration_of
from fundapp.intake.tables import Application, Company

OPEN_STATES = ("draft", "submitted", "on_hold", "eligible", "proposed", "deferred", "approved")
"""While an application stands in one of these, its company's registration is looked at again."""


@dataclass(frozen=True, slots=True)
class Rechecked:
    """What a round of looking again came to."""

    asked: int
    stopped: int
    unread: int
    changed: int


def check_company(
    database: Database, office: TaxOffice, *, company_id: uuid.UUID, actor: Viewer, at: datetime
) -> CheckRow:
    """Ask about one company now and keep the answer, or that none came.

    Where the company has named its opening day and its representative, the office is asked whether they belong to the
    number, too.

    Raises:
        NotFoundError: if there is none, it has no business number, or the actor may not.
    """
    with database.read() as session:
        company = session.get(Company, company_id)
        if company is None or company.scheme != "brn":
            raise NotFoundError
        require(actor, Verb.CHECK, Thing(Kind.COMPANY, company_id=company_id))
        number = company.identifier
        statement = newest_statement(session, company_id)
    standing = Standing.of_document(statement.facts if statement else None)
    statuses, failures = _read(_looked_up(office, number, standing), {company_id: number})
    database.transaction(
        lambda session: record_checks(session, statuses=statuses, failures=failures, actor=actor, at=at)
    )
    with database.read() as session:
        return registration_of(session, company_id, most=1).rows[0]


def _looked_up(office: TaxOffice, number: str, standing: Standing) -> Iterator[Status]:
    claim = None
    if standing.started_on and standing.representative:
        claim = Claimed(number, standing.started_on, standing.representative)
    for one in office.statuses([number]):
        yield one if claim is None else replace(one, matched=office.matches([claim])[number])


def recheck_open(database: Database, office: TaxOffice, *, actor: Viewer, at: datetime) -> Rechecked:
    """Ask about every company with an open application, outside any transaction, and keep what came."""
    with database.read() as session:
        query = (
            select(Company.id, Company.identifier)
            .join(Application, Application.company_id == Company.id)
            .where(Company.scheme == "brn", Application.state.in_(OPEN_STATES))
            .distinct()
            .order_by(Company.identifier)
        )
        numbers = {row.id: row.identifier for row in session.execute(query) if business_number_valid(row.identifier)}
    statuses, failures = _read(office.statuses(numbers.values()), numbers)
    changed = database.transaction(
        lambda session: record_checks(session, statuses=statuses, failures=failures, actor=actor, at=at)
    )
    stopped = sum(one.outcome != "active" for one in statuses.values())
    return Rechecked(len(numbers), stopped, len(failures), changed)


def _read(
    answers: Iterator[Status], numbers: Mapping[uuid.UUID, str]
) -> tuple[dict[uuid.UUID, Status], dict[uuid.UUID, RegistryError]]:
    """Read answers as they come; what was answered before a failure counts, and the rest failed."""
    of = {number: key for key, number in numbers.items()}
    statuses: dict[uuid.UUID, Status] = {}
    try:
        for one in answers:
            statuses[of[one.number]] = one
    except RegistryError as error:
        return statuses, {key: error for key in numbers if key not in statuses}
    return statuses, {}
