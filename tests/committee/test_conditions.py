"""The register of conditions: owners, evidence that somebody else judges, waivers by a recorded vote, reminders."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from committee_factory import (
    AT,
    CALL,
    application,
    ballot,
    close,
    committee,
    do,
    join,
    look,
    person,
    recuse,
    tell,
    vote,
)
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from fundapp.committee import actions, queries
from fundapp.committee.rules import (
    AlreadyVotedError,
    BallotClosedError,
    Choice,
    ProposedCondition,
    keeps_back,
    keeps_signing,
    read_links,
    reminder_of,
)
from fundapp.committee.tables import Condition, ConditionEvidence, EvidenceJudgement, Letter
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.sessions import Database
from fundapp.intake.call_terms import remind_days

DUE = date(2026, 7, 3)
ABOUT_CONDITIONS = OutboxMessage.dedupe_key.startswith("condition:")


@dataclass(frozen=True)
class Register:
    """One open GPU condition of a carried decision, and the people around it."""

    application_id: uuid.UUID
    decision_id: uuid.UUID
    condition_id: uuid.UUID
    chair: Viewer
    member: Viewer
    third: Viewer
    analyst: Viewer
    company: Viewer


@pytest.fixture
def register(db: Database) -> Register:
    chair, member, third = committee(db, 3)
    key = application(db, 1)
    ballot_id = ballot(db, key, conditions=(ProposedCondition("보안성 검토", DUE, "gpu"),))
    for who in (chair, member, third):
        vote(db, ballot_id, who, "yes")
    decision_id = close(db, ballot_id, chair).decision_id
    founder = person(db, "Founder", "applicant")
    join(db, key, founder)
    with db.read() as session:
        condition = queries.open_conditions(session, decision_id)[0]
    analyst = person(db, "Analyst", "analyst")
    founder = look(db, founder.person_id)
    tell(db, analyst, chair)
    return Register(key, decision_id, condition.condition_id, chair, member, third, analyst, founder)


def hand_in(db: Database, register: Register, who: Viewer, text: str = "검토 결과서", *links: str) -> int:
    return do(
        db,
        lambda s: actions.submit_evidence(
            s,
            condition_id=register.condition_id,
            text=text,
            links=links,
            key=f"{who.person_id}:{text}",
            actor=who,
            at=AT,
        ),
    )


def accept(db: Database, register: Register, who: Viewer, version: int = 1) -> None:
    do(
        db,
        lambda s: actions.accept_evidence(s, condition_id=register.condition_id, version=version, actor=who, at=AT),
    )


def send_back(db: Database, register: Register, who: Viewer, reason: str) -> None:
    do(
        db,
        lambda s: actions.return_evidence(
            s, condition_id=register.condition_id, version=1, reason=reason, actor=who, at=AT
        ),
    )


def propose(db: Database, register: Register, who: Viewer, reason: str = "경미함") -> uuid.UUID:
    return do(
        db,
        lambda s: actions.propose_waiver(
            s, condition_id=register.condition_id, reason=reason, key=f"{who.person_id}:{reason}", actor=who, at=AT
        ),
    )


def cast(db: Database, waiver_id: uuid.UUID, who: Viewer, choice: Choice, key: str = "v") -> None:
    do(
        db,
        lambda s: actions.cast_waiver_vote(
            s, waiver_id=waiver_id, choice=choice, key=f"{key}:{who.person_id}", actor=who, at=AT
        ),
    )


def count(db: Database, waiver_id: uuid.UUID, who: Viewer, key: str = "c") -> str:
    return do(db, lambda s: actions.close_waiver(s, waiver_id=waiver_id, key=key, actor=who, at=AT))


def page(db: Database, register: Register, who: Viewer) -> queries.ConditionPage:
    with db.read() as session:
        return queries.condition_page(session, who, register.condition_id)


# ---- rules ----


@pytest.mark.parametrize(
    ("scope", "cash", "gpu", "signing"),
    [("cash", True, False, False), ("gpu", False, True, False), ("both",) + (True,) * 3],
)
def test_a_condition_keeps_back_what_its_scope_names(scope: str, cash: bool, gpu: bool, signing: bool) -> None:  # noqa: FBT001
    assert (keeps_back(scope, "cash"), keeps_back(scope, "gpu"), keeps_signing(scope)) == (cash, gpu, signing)


@pytest.mark.parametrize(
    ("today", "kind"),
    [
        (date(2026, 6, 25), None),
        (date(2026, 6, 26), "before"),
        (date(2026, 7, 3), "before"),
        (date(2026, 7, 4), "overdue"),
    ],
)
def test_an_owner_hears_a_week_before_and_from_the_day_after(today: date, kind: str | None) -> None:
    assert reminder_of(DUE, today, 7) == kind


def test_a_call_may_say_how_early_an_owner_hears_and_nothing_absurd() -> None:
    assert (remind_days({}), remind_days({"conditions": {"remind_days": 14}})) == (7, 14)
    for wrong in ({"remind_days": 0}, {"remind_days": "7"}, {"remind_days": True}, 3):
        with pytest.raises(InvalidInputError, match=r"conditions\.remind_days"):
            remind_days({"conditions": wrong})


def test_links_are_web_addresses_each_once() -> None:
    assert read_links(["https://example.org/a", "", " https://example.org/a "]) == ["https://example.org/a"]
    for wrong in ("javascript:alert(1)", "file:///etc/passwd", "https://", "https://a b.example", "https://[::1"):
        with pytest.raises(InvalidInputError):
            read_links([wrong])


def test_a_condition_of_before_scopes_is_read_as_keeping_both_back() -> None:
    old = ProposedCondition.of_document({"text": "검토", "due_on": None})
    assert (old.scope, old.owner_side, old.owner_id) == ("both", "company", None)
    full = ProposedCondition("검토", DUE, "cash", "fund", uuid.UUID(int=7))
    assert ProposedCondition.of_document(full.as_document()) == full
    with pytest.raises(InvalidInputError):
        ProposedCondition("검토", owner_side="fund")


# ---- evidence ----


def test_the_company_hands_in_evidence_and_somebody_of_the_fund_accepts_it(db: Database, register: Register) -> None:
    assert hand_in(db, register, register.company, "검토 결과서", "https://example.org/r") == 1
    accept(db, register, register.analyst)
    seen = page(db, register, register.chair)
    assert (seen.row.state, seen.row.evidence, seen.row.resolved_by) == ("met", "검토 결과서", "Analyst")
    assert [(one.version, one.outcome, one.links) for one in seen.evidence] == [
        (1, "accepted", ("https://example.org/r",))
    ]
    with pytest.raises(TransitionRefusedError):
        hand_in(db, register, register.company, "늦은 것")


def test_evidence_returned_with_a_reason_is_handed_in_again_as_the_next_version(
    db: Database, register: Register
) -> None:
    hand_in(db, register, register.company)
    with pytest.raises(InvalidInputError):
        send_back(db, register, register.analyst, "  ")
    send_back(db, register, register.analyst, "서명이 없음")
    with pytest.raises(TransitionRefusedError):
        accept(db, register, register.chair)
    assert hand_in(db, register, register.company, "서명본") == 2
    with pytest.raises(TransitionRefusedError):
        accept(db, register, register.chair, version=1)
    accept(db, register, register.chair, version=2)
    with db.read() as session:
        mails = session.scalars(select(OutboxMessage.recipient).where(ABOUT_CONDITIONS)).all()
    assert mails == ["founder@example.org"] * 2


def test_nobody_accepts_what_they_handed_in_and_the_database_refuses_it_as_well(
    db: Database, register: Register
) -> None:
    hand_in(db, register, register.analyst)
    with pytest.raises(FourEyesError):
        accept(db, register, register.analyst)
    with db.read() as session:
        one = session.scalars(select(ConditionEvidence)).one()
    row = EvidenceJudgement(
        evidence_id=one.id,
        submitted_by_id=one.submitted_by_id,
        outcome="accepted",
        reason="",
        judged_by_id=one.submitted_by_id,
        judged_by="x",
        judged_at=AT,
    )
    with pytest.raises(DBAPIError):
        do(db, lambda s: (s.add(row), s.flush()))
    accept(db, register, register.chair)


def test_only_the_owner_or_who_judges_hands_in(db: Database, register: Register) -> None:
    for who in (register.member, person(db, "Finance", "finance"), person(db, "Other", "applicant")):
        with pytest.raises(NotFoundError):
            hand_in(db, register, who)
    member_id = register.member.person_id
    do(
        db,
        lambda s: actions.assign_condition(
            s,
            condition_id=register.condition_id,
            owner_side="fund",
            owner_id=member_id,
            due_on=DUE,
            reason="검토를 맡음",
            actor=register.analyst,
            at=AT,
        ),
    )
    with pytest.raises(NotFoundError):
        hand_in(db, register, register.company)
    assert hand_in(db, register, register.member) == 1
    assert page(db, register, register.chair).row.owner == "Member1"


def test_an_owner_is_of_the_side_that_owes_and_not_recused(db: Database, register: Register) -> None:
    recused = recuse(db, register.application_id, register.third)
    auditor = person(db, "Auditor", "auditor")
    for side, who in (("fund", recused), ("fund", register.company), ("fund", auditor), ("company", register.member)):
        with pytest.raises(InvalidInputError):
            do(
                db,
                lambda s, side=side, who=who: actions.assign_condition(  # type: ignore[misc]
                    s,
                    condition_id=register.condition_id,
                    owner_side=side,
                    owner_id=who.person_id,
                    due_on=DUE,
                    reason="x",
                    actor=register.analyst,
                    at=AT,
                ),
            )


def test_the_company_sees_its_own_conditions_and_no_votes(db: Database, register: Register) -> None:
    propose(db, register, register.analyst)
    with db.read() as session:
        rows = queries.list_own_conditions(session, register.company)
        own = queries.own_condition_page(session, register.company, register.condition_id)
        stranger = person(db, "Stranger", "applicant")
        assert queries.list_own_conditions(session, stranger) == []
        with pytest.raises(NotFoundError):
            queries.own_condition_page(session, stranger, register.condition_id)
        with pytest.raises(NotFoundError):
            queries.condition_page(session, register.company, register.condition_id)
    assert [row.text for row in rows] == ["보안성 검토"]
    assert (own.waivers, own.candidates, own.may_submit, own.may_judge) == ((), (), True, False)


def test_a_company_that_has_not_been_told_neither_sees_its_conditions_nor_is_reminded(
    db: Database, register: Register
) -> None:
    do(db, lambda s: s.execute(update(Letter).values(sent_at=None)))
    with db.read() as session:
        assert queries.list_own_conditions(session, register.company) == []
    with pytest.raises(NotFoundError):
        hand_in(db, register, register.company)
    assert remind(db, DUE).before == 0


# ---- waivers ----


def test_a_condition_is_waived_by_a_vote_whose_arithmetic_stays(db: Database, register: Register) -> None:
    waiver_id = propose(db, register, register.analyst)
    cast(db, waiver_id, register.chair, "yes")
    cast(db, waiver_id, register.member, "yes")
    with pytest.raises(AlreadyVotedError):
        cast(db, waiver_id, register.member, "no", key="again")
    assert count(db, waiver_id, register.chair) == "carried"
    seen = page(db, register, register.analyst)
    words = "재적 3, 제척·회피 0, 의결권 3, 출석 2, 정족수 2 → 성립; 찬성 2, 반대 0 → 가결"
    assert (seen.row.state, seen.row.evidence) == ("waived", f"경미함 ({words})")
    assert seen.waivers[0].tally is not None
    assert seen.waivers[0].tally["arithmetic_ko"] == words
    for late in (lambda: cast(db, waiver_id, register.third, "no"), lambda: count(db, waiver_id, register.chair, "c2")):
        with pytest.raises(BallotClosedError):
            late()


def test_a_waiver_without_majority_or_quorum_leaves_the_condition_open(db: Database, register: Register) -> None:
    first = propose(db, register, register.analyst)
    cast(db, first, register.chair, "yes")
    assert count(db, first, register.chair) == "deferred"
    second = propose(db, register, register.chair, "다시")
    for who, choice in ((register.chair, "yes"), (register.member, "no")):
        cast(db, second, who, choice, key="second")  # type: ignore[arg-type]
    assert count(db, second, register.chair, "c2") == "rejected"
    assert page(db, register, register.analyst).row.state == "open"


def test_a_recused_member_neither_votes_nor_counts_nor_sees_the_condition(db: Database, register: Register) -> None:
    waiver_id = propose(db, register, register.analyst)
    recused = recuse(db, register.application_id, register.third)
    with pytest.raises(NotFoundError):
        cast(db, waiver_id, recused, "yes")
    with pytest.raises(NotFoundError):
        page(db, register, recused)
    assert page(db, register, register.member).waivers[0].entitled == 2
    with db.read() as session:
        assert queries.list_conditions(session, recused) == []


def test_only_a_chair_counts_and_only_one_vote_runs_at_a_time(db: Database, register: Register) -> None:
    waiver_id = propose(db, register, register.analyst)
    with pytest.raises(TransitionRefusedError):
        propose(db, register, register.chair, "둘째")
    for who in (register.member, register.analyst):
        with pytest.raises(NotFoundError):
            count(db, waiver_id, who)
    with pytest.raises(NotFoundError):
        propose(db, register, register.member, "위원이")
    with pytest.raises(InvalidInputError):
        propose(db, register, register.analyst, " ")


def test_evidence_that_is_accepted_ends_the_vote_about_waiving(db: Database, register: Register) -> None:
    waiver_id = propose(db, register, register.analyst)
    hand_in(db, register, register.company)
    accept(db, register, register.analyst)
    assert page(db, register, register.chair).waivers[0].state == "withdrawn"
    with pytest.raises(BallotClosedError):
        count(db, waiver_id, register.chair)


# ---- register ----


def test_what_a_decision_still_keeps_back_is_told_apart(db: Database, register: Register) -> None:
    with db.read() as session:
        cash = queries.blocking_conditions(session, register.decision_id, "cash")
        gpu = queries.blocking_conditions(session, register.decision_id, "gpu")
    assert (cash, [row.text for row in gpu]) == ([], ["보안성 검토"])


def test_finance_sees_conditions_but_no_docket(db: Database, register: Register) -> None:
    finance = person(db, "Finance", "finance")
    with db.read() as session:
        assert [row.decision_id for row in queries.list_conditions(session, finance)] == [register.decision_id]
        with pytest.raises(NotFoundError):
            queries.docket(session, finance, CALL)


def remind(db: Database, day: date) -> actions.Reminded:
    at = datetime(day.year, day.month, day.day, 0, 30, tzinfo=UTC)
    return do(db, lambda s: actions.remind_conditions(s, actor=SYSTEM, at=at, public_url="https://fund.example"))


def test_reminders_go_out_once_before_the_day_and_once_when_it_is_over(db: Database, register: Register) -> None:
    seen = [remind(db, DUE + timedelta(days=days)) for days in (-8, -7, -1, 0, 1, 30)]
    assert [(one.before, one.overdue) for one in seen] == [(0, 0), (1, 0), (1, 0), (1, 0), (0, 1), (0, 1)]
    with db.read() as session:
        mails = session.scalars(select(OutboxMessage).where(ABOUT_CONDITIONS).order_by(OutboxMessage.created_at)).all()
    assert [one.subject for one in mails] == [
        "[AX-T-0001] 이행조건 기한이 다가옵니다: 2026-07-03(금)",
        "[AX-T-0001] 이행조건 기한이 지났습니다",
    ]
    assert f"https://fund.example/portal/conditions/{register.condition_id}" in mails[0].body
    assert "DTSTART;VALUE=DATE:20260703\r\n" in (mails[0].calendar or "")


def test_no_reminder_reaches_somebody_who_is_recused(db: Database, register: Register) -> None:
    owner = register.third.person_id
    do(
        db,
        lambda s: s.execute(
            update(Condition).values(owner_side="fund", owner_id=owner).where(Condition.id == register.condition_id)
        ),
    )
    recuse(db, register.application_id, register.third)
    assert remind(db, DUE).before == 0
    with db.read() as session:
        assert session.scalars(select(OutboxMessage).where(ABOUT_CONDITIONS)).all() == []
