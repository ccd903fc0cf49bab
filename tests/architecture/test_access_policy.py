"""The policy in Python and the condition in SQL are one rule."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from fundapp.core.access import Kind, Role, Thing, Verb, Viewer, application_clause, may
from fundapp.core.orm import new_id
from fundapp.intake.rules import STATES
from fundapp.intake.tables import Application, Call, Company

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from fundapp.core.sessions import Database

OWN, OTHER = new_id(), new_id()
IDS = {(company, state): new_id() for company in (OWN, OTHER) for state in STATES}
READERS = {Role.ANALYST, Role.COMMITTEE, Role.CHAIR, Role.AUDITOR}
SUBMITTED = {key for key in IDS if key[1] != "draft"}
OF_OWN = {key for key in IDS if key[0] == OWN}


@pytest.fixture
def applications(db: Database, at: datetime) -> Database:
    """Two companies with one application in each state; each needs a call of its own."""

    def work(session: Session) -> None:
        for number, company in enumerate((OWN, OTHER)):
            session.add(Company(id=company, identifier=f"000000000{number}", name=f"기업 {number}", created_at=at))
        for number, ((company, state), application_id) in enumerate(IDS.items()):
            call = Call(
                id=new_id(),
                code=f"AX-{number}",
                title_ko="공모",
                title_en="Call",
                opens_at=at,
                closes_at=at.replace(hour=at.hour + 1),
                document={},
                document_sha256="0" * 64,
                created_at=at,
            )
            session.add(call)
            session.flush()
            session.add(
                Application(
                    id=application_id,
                    number=f"{call.code}-0001",
                    call_id=call.id,
                    company_id=company,
                    state=state,
                    answers={},
                    created_at=at,
                    updated_at=at,
                )
            )

    db.transaction(work)
    return db


def viewers() -> Iterator[Viewer]:
    """Every single role, every pair and all of them, with and without a company, with and without recusals."""
    holdings = [frozenset[str](role for role in roles) for size in (0, 1, 2, 8) for roles in combinations(Role, size)]
    recusals = [
        frozenset[uuid.UUID](),
        frozenset({IDS[OWN, "draft"], IDS[OTHER, "draft"]}),
        frozenset({IDS[OWN, "submitted"]}),
        frozenset({IDS[OTHER, "eligible"]}),
    ]
    for roles in holdings:
        for companies in (frozenset[uuid.UUID](), frozenset({OWN})):
            for recused in recusals:
                yield Viewer(new_id(), roles=roles, company_ids=companies, recused_from=recused)


def seen_in_sql(session: Session, viewer: Viewer) -> set[uuid.UUID]:
    clause = application_clause(
        viewer,
        application_id=Application.__table__.c.id,
        company_id=Application.__table__.c.company_id,
        is_draft=Application.__table__.c.state == "draft",
    )
    return set(session.scalars(select(Application.id).where(clause)))


def seen_by_policy(viewer: Viewer) -> set[uuid.UUID]:
    return {
        application_id
        for (company, state), application_id in IDS.items()
        if may(viewer, Verb.VIEW, Thing(Kind.APPLICATION, application_id, company, draft=state == "draft"))
    }


def test_policy_and_sql_show_every_viewer_the_same_applications(applications: Database) -> None:
    with applications.read() as session:
        differing = [viewer for viewer in viewers() if seen_in_sql(session, viewer) != seen_by_policy(viewer)]
    assert differing == []


@pytest.mark.parametrize("role", Role)
def test_a_role_alone_shows_what_the_fund_means_it_to(applications: Database, role: Role) -> None:
    expected = SUBMITTED if role in READERS else OF_OWN if role is Role.APPLICANT else set()
    viewer = Viewer(new_id(), roles=frozenset({role}), company_ids=frozenset({OWN}))
    with applications.read() as session:
        assert seen_in_sql(session, viewer) == {IDS[key] for key in expected}


def test_a_company_without_the_role_of_an_applicant_shows_nothing(applications: Database) -> None:
    with applications.read() as session:
        assert seen_in_sql(session, Viewer(new_id(), company_ids=frozenset({OWN}))) == set()


@pytest.mark.parametrize("role", sorted(READERS | {Role.APPLICANT}))
def test_recusal_wins_over_every_role_and_over_ownership(applications: Database, role: Role) -> None:
    viewer = Viewer(
        new_id(),
        roles=frozenset({role, Role.APPLICANT}),
        company_ids=frozenset({OWN}),
        recused_from=frozenset(IDS.values()),
    )
    with applications.read() as session:
        assert seen_in_sql(session, viewer) == set()


def allowed(viewer: Viewer, application_id: uuid.UUID) -> list[tuple[Verb, Kind]]:
    """Return everything that a viewer may do about their own company's application."""
    return [(verb, kind) for verb in Verb for kind in Kind if may(viewer, verb, Thing(kind, application_id, OWN))]


def test_somebody_recused_may_do_nothing_at_all_about_the_application() -> None:
    application = new_id()
    everything = Viewer(new_id(), roles=frozenset(Role), company_ids=frozenset({OWN}))
    recused = replace(everything, recused_from=frozenset({application}))
    assert allowed(recused, application) == []
    assert allowed(everything, application) != []


def test_a_stranger_may_do_nothing() -> None:
    assert allowed(Viewer(None), new_id()) == []


def test_an_auditor_changes_nothing_but_their_own_recusal() -> None:
    auditor = Viewer(new_id(), roles=frozenset({Role.AUDITOR}))
    verbs = {verb for verb, _ in allowed(auditor, new_id())}
    assert verbs == {Verb.VIEW, Verb.EXPORT, Verb.RECUSE}


def test_paying_out_is_for_finance_alone() -> None:
    payers = [
        role
        for role in Role
        if (Verb.APPROVE, Kind.TRANCHE) in allowed(Viewer(new_id(), roles=frozenset({role})), new_id())
    ]
    assert payers == [Role.FINANCE]
