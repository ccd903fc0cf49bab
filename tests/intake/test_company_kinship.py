"""Companies that look like one: which signs count, what a merge moves, and that undoing gives back exactly that."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from intake_samples import NUMBERS, WriteCsv, add_applicant, add_person, fill_draft, row
from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM, Role, Viewer
from fundapp.core.errors import ForbiddenError, InvalidInputError, NotFoundError
from fundapp.core.sessions import Database
from fundapp.intake.actions import (
    invite_member,
    join_company,
    judge_kinship,
    merge_companies,
    register_company,
    start_application,
    submit_application,
    undo_merge,
)
from fundapp.intake.actions.kinship import MergeRefusedError
from fundapp.intake.importing import import_applications
from fundapp.intake.kinship import MOST_HOLDERS, Marks, shared_signals
from fundapp.intake.kinship_queries import list_merges, newest_findings, preview_merge
from fundapp.intake.tables import Application, Company, Document, Invitation, Listing, Membership


def marks(**answers: str) -> Marks:
    found = Marks()
    found.add_answers(answers)
    return found


@pytest.mark.parametrize(
    ("first", "second", "signals"),
    [
        ({"contact_phone": "02-123-4567"}, {"contact_phone": "021234567"}, {"phone"}),
        ({"contact_phone": "1588"}, {"contact_phone": "1588"}, set()),
        ({"contact_email": "a@firm.example"}, {"contact_email": "b@FIRM.example"}, {"domain"}),
        ({"contact_email": "a@firm.example"}, {"contact_email": "A@firm.example"}, {"email"}),
        ({"contact_email": "a@gmail.com"}, {"contact_email": "b@gmail.com"}, set()),
        ({"contact_email": "a@gmail.com"}, {"contact_email": "a@gmail.com"}, {"email"}),
        ({"representative": "김 하나"}, {"representative": "김하나"}, {"representative"}),
        ({"address": "서울 중구 세종대로 1"}, {"address": "서울 중구 세종대로1"}, {"address"}),
        ({"address": "서울"}, {"address": "서울"}, set()),
        ({"corporate_number": "110111-0062432"}, {"corporate_number": "1101110062432"}, {"corporate_number"}),
        ({"business_number": "120-88-00767"}, {"business_number": "1208800767"}, {"business_number"}),
    ],
)
def test_a_sign_is_compared_by_what_it_means(first: dict[str, str], second: dict[str, str], signals: set[str]) -> None:
    found = shared_signals({"a": marks(**first), "b": marks(**second)})
    assert found == ({("a", "b"): signals} if signals else {})


def test_what_a_crowd_shares_says_nothing_of_two() -> None:
    crowd = {str(place): marks(contact_phone="02-123-4567") for place in range(MOST_HOLDERS + 1)}
    assert shared_signals(crowd) == {}


class Pair:
    """Two companies with an applicant each, and an analyst."""

    def __init__(self, db: Database, at: datetime) -> None:
        self.db, self.at = db, at
        self.owner, self.survivor = add_applicant(db, at, NUMBERS[0])
        self.other, self.merged = add_applicant(db, at, NUMBERS[1])
        self.analyst = add_person(db, at, "analyst@fund.example", {Role.ANALYST})

    def merge(self, actor: Viewer | None = None, reason: str = "같은 기업") -> uuid.UUID:
        return self.db.transaction(
            lambda session: merge_companies(
                session,
                survivor_id=self.survivor,
                merged_id=self.merged,
                reason=reason,
                actor=actor or self.analyst,
                at=self.at,
            )
        )

    def undo(self, merge: uuid.UUID) -> None:
        later = self.at + timedelta(minutes=1)
        self.db.transaction(
            lambda session: undo_merge(session, merge_id=merge, reason="다른 기업", actor=self.analyst, at=later)
        )

    def holdings(self) -> dict[str, list[tuple[Any, ...]]]:
        """Who holds what, as the tables say."""
        with self.db.read() as session:
            return {
                "applications": rows(session, select(Application.number, Application.company_id)),
                "documents": rows(session, select(Document.id, Document.company_id)),
                "people": rows(session, select(Membership.company_id, Membership.person_id, Membership.role)),
                "listed": rows(session, select(Listing.company_id, Listing.company)),
            }


def rows(session: Session, query: Select[Any]) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in session.execute(query))


@pytest.fixture
def pair(db: Database, at: datetime) -> Pair:
    return Pair(db, at)


def submit(pair: Pair) -> uuid.UUID:
    application = fill_draft(pair.db, pair.other, pair.merged, pair.at, NUMBERS[1])
    pair.db.transaction(
        lambda session: submit_application(
            session, actor=pair.other, at=pair.at, application_id=application, key=uuid.uuid4().hex
        )
    )
    return application


def test_a_merge_moves_applications_documents_and_people_and_undoing_gives_exactly_them_back(
    pair: Pair, call: str
) -> None:
    submit(pair)
    with pair.db.read() as session:
        plan = preview_merge(session, pair.survivor, pair.merged)
    before = pair.holdings()
    merge = pair.merge()
    after = pair.holdings()
    assert (call, [one.name for one in plan.applications], plan.refusal) == ("AX-2026-1", ["AX-2026-1-0001"], None)
    assert (len(plan.documents), len(plan.people)) == (1, 1)
    assert [owner for _, owner in after["applications"]] == [pair.survivor]
    assert [owner for _, owner in after["documents"]] == [pair.survivor]
    assert [row[0] for row in after["listed"]] == [pair.survivor]
    assert {(company, role) for company, _, role in after["people"]} == {
        (pair.survivor, "owner"),
        (pair.survivor, "member"),
    }
    pair.undo(merge)
    assert pair.holdings() == before
    with pair.db.read() as session:
        merges = list_merges(session, pair.analyst)
    assert [(one.applications, one.reason, one.undone_reason) for one in merges] == [(1, "같은 기업", "다른 기업")]


def test_a_merge_is_taken_back_once(pair: Pair) -> None:
    merge = pair.merge()
    pair.undo(merge)
    with pytest.raises(MergeRefusedError):
        pair.undo(merge)


def test_two_that_applied_to_one_call_are_not_merged(pair: Pair, call: str) -> None:
    fill_draft(pair.db, pair.owner, pair.survivor, pair.at, NUMBERS[0])
    fill_draft(pair.db, pair.other, pair.merged, pair.at, NUMBERS[1])
    with pytest.raises(MergeRefusedError) as caught:
        pair.merge()
    assert caught.value.details["reason_en"] == f"both applied to one call ({call})"


def test_a_company_that_was_merged_is_neither_merged_again_nor_merged_into(pair: Pair) -> None:
    pair.merge()
    with pytest.raises(MergeRefusedError):
        pair.merge()
    turned = replace_pair(pair)
    with pytest.raises(MergeRefusedError):
        turned.merge()


def replace_pair(pair: Pair) -> Pair:
    turned = Pair.__new__(Pair)
    turned.__dict__.update(pair.__dict__, survivor=pair.merged, merged=pair.survivor)
    return turned


def test_only_an_analyst_out_of_both_companies_decides(pair: Pair) -> None:
    auditor = replace(pair.analyst, roles=frozenset({Role.AUDITOR}))
    with pytest.raises(ForbiddenError):
        pair.merge(auditor)
    inside = replace(pair.analyst, company_ids=frozenset({pair.merged}))
    with pytest.raises(NotFoundError):
        pair.merge(inside)


def test_whoever_is_recused_from_a_case_decides_nothing_of_its_company(pair: Pair, call: str) -> None:
    application = submit(pair)
    recused = replace(pair.analyst, recused_from=frozenset({application}))
    with pytest.raises(NotFoundError):
        pair.merge(recused)
    assert call == "AX-2026-1"


def test_a_decision_has_a_reason(pair: Pair) -> None:
    with pytest.raises(InvalidInputError):
        pair.merge(reason="  ")


def test_an_awarded_application_keeps_a_company_from_going(pair: Pair, call: str) -> None:
    submit(pair)
    for state in ("eligible", "proposed", "approved", "awarded"):
        pair.db.transaction(lambda session, state=state: session.execute(update(Application).values(state=state)))  # type: ignore[misc]
    with pytest.raises(MergeRefusedError) as caught:
        pair.merge()
    assert (call, caught.value.details["reason_en"]) == (
        "AX-2026-1",
        "the one that goes has an award: turn it round",
    )


def test_the_last_finding_about_a_pair_holds(pair: Pair) -> None:
    for minutes, verdict in enumerate(("dismissed", "reopened", "dismissed")):
        pair.db.transaction(
            lambda session, verdict=verdict, minutes=minutes: judge_kinship(  # type: ignore[misc]
                session,
                first_id=pair.merged,
                second_id=pair.survivor,
                verdict=verdict,
                signals=["phone"],
                reason=f"{verdict} {minutes}",
                actor=pair.analyst,
                at=pair.at + timedelta(minutes=minutes),
            )
        )
    with pair.db.read() as session:
        found = newest_findings(session)
    key = (min(pair.survivor, pair.merged), max(pair.survivor, pair.merged))
    assert {place: (one.verdict, one.signals, one.reason) for place, one in found.items()} == {
        key: ("dismissed", frozenset({"phone"}), "dismissed 2")
    }


def test_a_merged_company_is_still_known_by_its_number(pair: Pair) -> None:
    pair.merge()
    with pair.db.read() as session:
        assert session.get_one(Company, pair.merged).identifier == NUMBERS[1]
    stranger = add_person(pair.db, pair.at, "new@company.example", {Role.APPLICANT})
    with pytest.raises(InvalidInputError):
        pair.db.transaction(
            lambda session: register_company(
                session, actor=stranger, at=pair.at, name="가나다랩", business_number=NUMBERS[1]
            )
        )


def test_a_sheet_that_names_a_merged_company_changes_nothing_when_it_comes_again(
    db: Database, at: datetime, call: str, write_csv: WriteCsv
) -> None:
    path = write_csv([row(business_number=NUMBERS[1])])
    made = import_applications(db, path, call_code=call, actor=SYSTEM, at=at)
    _, survivor = add_applicant(db, at, NUMBERS[2])
    with db.read() as session:
        merged = session.scalars(select(Company.id).where(Company.identifier == NUMBERS[1])).one()
    analyst = add_person(db, at, "analyst@fund.example", {Role.ANALYST})
    db.transaction(
        lambda session: merge_companies(
            session, survivor_id=survivor, merged_id=merged, reason="같은 기업", actor=analyst, at=at
        )
    )
    again = import_applications(db, path, call_code=call, actor=SYSTEM, at=at)
    assert (made.created, again.created, again.updated, again.unchanged) == (1, 0, 0, 1)
    with db.read() as session:
        assert session.scalars(select(Application.company_id)).all() == [survivor]
    both = write_csv([row(business_number=NUMBERS[2]), row(business_number=NUMBERS[1])])
    whole = import_applications(db, both, call_code=call, actor=SYSTEM, at=at)
    assert (whole.created, whole.updated, whole.unchanged) == (0, 0, 2)


def test_a_merged_company_neither_applies_nor_takes_anybody_in(pair: Pair, call: str) -> None:
    add_person(pair.db, pair.at, "late@company.example", {Role.APPLICANT})
    pair.db.transaction(
        lambda session: invite_member(
            session,
            actor=pair.other,
            at=pair.at,
            company_id=pair.merged,
            email="late@company.example",
            role="owner",
            address="https://fund.example/invitations/",
        )
    )
    pair.merge()
    with pair.db.read() as session:
        assert session.scalars(select(Invitation.ended_at)).all() == [pair.at]
    with pytest.raises(InvalidInputError):
        pair.db.transaction(
            lambda session: start_application(
                session, actor=pair.other, at=pair.at, call_code=call, company_id=pair.merged
            )
        )
    late = add_person(pair.db, pair.at, "later@company.example", {Role.APPLICANT}).person_id
    assert late is not None
    with pytest.raises(InvalidInputError):
        pair.db.transaction(
            lambda session: join_company(
                session, actor=pair.analyst, at=pair.at, company_id=pair.merged, person_id=late
            )
        )


def test_a_merge_is_not_taken_back_onto_an_application_to_the_same_call(pair: Pair, call: str) -> None:
    submit(pair)
    merge = pair.merge()
    with pair.db.read() as session:
        moved = session.scalars(select(Application)).one()

    def late(session: Session) -> None:
        session.add(
            Application(
                number=f"{call}-0002",
                call_id=moved.call_id,
                company_id=pair.merged,
                workflow_id=moved.workflow_id,
                answers={},
                created_at=pair.at,
                updated_at=pair.at,
            )
        )

    pair.db.transaction(late)
    with pytest.raises(MergeRefusedError) as caught:
        pair.undo(merge)
    assert caught.value.details["reason_en"] == (
        "the company that was merged has an application to the same call (AX-2026-1-0002)"
    )


@pytest.mark.parametrize("acts_for_both", [False, True])
def test_the_owners_of_a_merged_company_own_a_survivor_that_had_no_owner(
    db: Database, at: datetime, *, acts_for_both: bool
) -> None:
    owner, merged = add_applicant(db, at, NUMBERS[1])
    analyst = add_person(db, at, "analyst@fund.example", {Role.ANALYST})
    colleague = add_person(db, at, "colleague@company.example", {Role.APPLICANT})

    def arrange(session: Session) -> uuid.UUID:
        company = Company(scheme="brn", identifier=NUMBERS[0], name="가나다랩", created_at=at)
        session.add(company)
        session.flush()
        session.add(Membership(company_id=merged, person_id=colleague.person_id, role="member"))
        if acts_for_both:
            session.add(Membership(company_id=company.id, person_id=owner.person_id, role="member"))
        return company.id

    pair = Pair.__new__(Pair)
    pair.db, pair.at, pair.merged, pair.analyst = db, at, merged, analyst
    pair.survivor = db.transaction(arrange)
    before = pair.holdings()
    merge = pair.merge()
    after = {(company, person): role for company, person, role in pair.holdings()["people"]}
    assert after == {(pair.survivor, owner.person_id): "owner", (pair.survivor, colleague.person_id): "member"}
    # The colleague was made an owner meanwhile, and is what they were once the merge is taken back.
    db.transaction(
        lambda session: session.execute(
            update(Membership).where(Membership.person_id == colleague.person_id).values(role="owner")
        )
    )
    pair.undo(merge)
    assert pair.holdings() == before
