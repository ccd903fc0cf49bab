"""A plan goes from the record to ballots and holds, all or none, and never when the record has moved on."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import date
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

import pytest
from capital_scene import POOL, capital, pool
from committee_factory import (
    AT,
    CALL,
    add_application,
    application,
    assign,
    close,
    committee,
    do,
    look,
    meeting,
    person,
    recuse,
    review,
    vote,
)
from running import RIVALS
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.allocation import actions, queries
from fundapp.allocation.planning import build_instance
from fundapp.audit.tables import AuditEvent
from fundapp.committee import queries as committee_queries
from fundapp.committee.rules import ProposedCondition
from fundapp.committee.tables import Ballot
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import (
    HeadroomExceededError,
    IdempotencyConflictError,
    InvalidInputError,
    NotFoundError,
    TransitionRefusedError,
)
from fundapp.core.quantities import Quantity
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application, Call
from fundapp.ledger.queries import balances, find_holds, rate_on, verify


def asks(db: Database, ordinal: int, *, krw: int = 200_000_000, hours: int = 400, score: int = 700) -> uuid.UUID:
    answers = {"requested_krw": krw, "gpu_h100_2026Q3": str(hours)}
    return application(db, ordinal, score=score, **answers)


def plan(db: Database) -> actions.PlanSummary:
    return actions.plan_call(db, call_code=CALL, actor=SYSTEM, at=AT)


def adopt(db: Database, plan_id: uuid.UUID, who: Viewer = SYSTEM) -> actions.Adoption:
    meeting_id = meeting(db)
    return do(db, lambda s: actions.adopt_plan(s, plan_id=plan_id, meeting_id=meeting_id, actor=who, at=AT))


def free(db: Database, account: str) -> dict[str, tuple[int, int]]:
    with db.read() as session:
        return {row.commodity: (row.held, row.free) for row in balances(session, prefix=account)}


# ---- capital ----


def test_a_contribution_brings_hours_and_their_exact_imputed_value(db: Database) -> None:
    do(db, lambda s: capital(s, hours=1000))
    assert free(db, POOL) == {"GPUH.H100": (0, 10_000_000), "KRW-IMPUTED": (0, 52_000_000_000)}
    with db.read() as session:
        assert rate_on(session, "GPUH.H100", date(2026, 7, 1)) == 5200
        assert verify(session).ok


def test_repeating_a_contribution_changes_nothing_and_a_second_one_adds(db: Database) -> None:
    do(db, capital)
    again, more = do(db, pool), do(db, lambda s: pool(s, hours=1, key="p2"))
    assert (again.replayed, again.hours) == (True, Quantity(10_000_000, "GPUH.H100"))
    assert (more.replayed, more.hours) == (False, Quantity(10_010_000, "GPUH.H100"))
    assert again.pool_id == more.pool_id


def test_a_key_of_a_contribution_with_other_hours_is_refused(db: Database) -> None:
    do(db, capital)
    with pytest.raises(IdempotencyConflictError):
        do(db, lambda s: pool(s, hours=2))


def test_a_pool_keeps_its_rate(db: Database) -> None:
    do(db, capital)
    with pytest.raises(InvalidInputError, match="5200"):
        do(db, lambda s: pool(s, rate=5300, key="p2"))


def test_repeating_a_cash_commitment_counts_once(db: Database) -> None:
    do(db, capital)
    do(db, capital)
    with db.read() as session:
        headroom = queries.cash_headroom(session, SYSTEM)
    assert dataclasses.astuple(headroom) == (800_000_000, 0, 0, 800_000_000)


def test_only_finance_takes_capital_in(db: Database) -> None:
    analyst = person(db, "Analyst", "analyst")
    with pytest.raises(NotFoundError):
        do(
            db,
            lambda s: actions.add_investor(s, code="kt", name_ko="k", name_en="k", kind="cash", actor=analyst, at=AT),
        )


def test_the_fund_is_founded_once(db: Database) -> None:
    def found(name: str) -> None:
        do(
            db,
            lambda s: actions.found_fund(
                s,
                name_ko=name,
                name_en=name,
                legal_form="계약형",
                started_on=date(2026, 1, 2),
                actor=SYSTEM,
                at=AT,
            ),
        )

    found("시험 펀드")
    found("시험 펀드")
    with pytest.raises(TransitionRefusedError):
        found("다른 펀드")


# ---- the instance ----


def test_the_instance_reads_frozen_answers_terms_and_free_capital(db: Database) -> None:
    do(db, capital)
    key = do(
        db,
        lambda s: add_application(
            s,
            1,
            score=701,
            requested_krw=250_000_000,
            gpu_h100_2026Q3="300.5",
            gpu_a100_2026Q3="9",
            region="부산광역시",
            sector="의료",
        ),
    )

    def meddle(session: Session) -> None:
        session.get_one(Application, key).answers = {"requested_krw": 1}

    do(db, meddle)
    with db.read() as session:
        problem = build_instance(session, CALL)
    (applicant,) = problem.instance.applicants
    assert (applicant.code, applicant.score_tenths, applicant.sector) == (f"{CALL}-0001", 701, "의료")
    assert (applicant.sme, applicant.non_capital) == (True, True)
    assert applicant.tickets == (100_000_000, 200_000_000)
    assert [(r.sku, r.quarter, r.hours) for r in applicant.requests] == [("h100", "2026Q3", 300)]
    assert applicant.minimum_hours == {"h100": 120}
    assert [(c.hours, c.rate_krw) for c in problem.instance.capacities] == [(1000, 5200)]
    assert problem.instance.terms.budget_krw == 800_000_000
    assert problem.instance.terms.second_half_weight_permille == 600


def test_the_score_is_the_trimmed_mean_of_reviews_where_there_are_any(db: Database) -> None:
    do(db, capital)
    _, one, two, three = committee(db, 4)
    rated, scored = asks(db, 1, score=100), asks(db, 2, score=555)
    assign(db, rated, one, two, three)
    for reviewer, points in ((one, 1), (two, 4), (three, 5)):
        review(db, reviewer, rated, points)
    application(db, 3, score=None)
    with db.read() as session:
        problem = build_instance(session, CALL)
    assert {a.code: a.score_tenths for a in problem.instance.applicants} == {
        f"{CALL}-0001": 800,
        f"{CALL}-0002": 555,
    }
    assert problem.score_basis == {
        f"{CALL}-0001": "reviews_trimmed_mean",
        f"{CALL}-0002": "machine_score",
    }
    assert problem.unscored == (f"{CALL}-0003",)
    assert problem.applications[f"{CALL}-0002"] == scored


# ---- adoption ----


def test_adopting_opens_a_ballot_and_a_hold_for_each_award(db: Database) -> None:
    do(db, capital)
    first, second = asks(db, 1, hours=400), asks(db, 2, hours=300)
    made = plan(db)
    assert [(a.code, a.krw, a.gpu_hours) for a in made.awards] == [
        (f"{CALL}-0001", 200_000_000, {"h100": {"2026Q3": 400}}),
        (f"{CALL}-0002", 200_000_000, {"h100": {"2026Q3": 300}}),
    ]
    adopted = adopt(db, made.plan_id)
    assert [number for number, _ in adopted.ballots] == [f"{CALL}-0001", f"{CALL}-0002"]
    assert free(db, POOL) == {
        "GPUH.H100": (7_000_000, 3_000_000),
        "KRW-IMPUTED": (36_400_000_000, 15_600_000_000),
    }
    assert free(db, "pool:kt") == {"KRW": (400_000_000, 400_000_000)}
    with db.read() as session:
        states = {session.get_one(Application, key).state for key in (first, second)}
        holds = [find_holds(session, f"ballot:{ballot_id}") for _, ballot_id in adopted.ballots]
        stored = session.scalars(select(Ballot.hold_keys).order_by(Ballot.proposed_krw)).all()
        assert states == {"proposed"}
        assert [[found.state for found in each] for each in holds] == [["open"], ["open"]]
        assert sorted(key for keys in stored for key in keys) == sorted(found.key for each in holds for found in each)


def test_a_rejected_award_gives_cash_hours_and_value_back(db: Database) -> None:
    do(db, capital)
    chair = committee(db, 1)[0]
    asks(db, 1)
    ((_, ballot_id),) = adopt(db, plan(db).plan_id).ballots
    vote(db, ballot_id, chair, "no")
    assert close(db, ballot_id, chair).outcome == "rejected"
    assert free(db, POOL) == {"GPUH.H100": (0, 10_000_000), "KRW-IMPUTED": (0, 52_000_000_000)}
    assert free(db, "pool:kt") == {"KRW": (0, 800_000_000)}


def test_conditions_travel_with_the_plan(db: Database) -> None:
    do(db, capital)
    chair = committee(db, 1)[0]
    asks(db, 1)
    made, meeting_id = plan(db), meeting(db)
    conditions = {f"{CALL}-0001": [ProposedCondition("보안성 검토", date(2026, 12, 31))]}
    adopted = do(
        db,
        lambda s: actions.adopt_plan(
            s, plan_id=made.plan_id, meeting_id=meeting_id, actor=SYSTEM, at=AT, conditions=conditions
        ),
    )
    with db.read() as session:
        page = committee_queries.ballot_page(session, chair, adopted.ballots[0][1])
    assert page.conditions == (ProposedCondition("보안성 검토", date(2026, 12, 31)),)
    assert sum(line.hours_e4 for line in page.gpu_lines) == 4_000_000


def test_a_plan_made_before_capital_moved_is_refused_and_says_what_moved(db: Database) -> None:
    do(db, capital)
    asks(db, 1)
    made = plan(db)
    do(db, lambda s: pool(s, hours=50, key="p2"))
    with pytest.raises(actions.PlanStaleError) as refused:
        adopt(db, made.plan_id)
    assert refused.value.details == {
        "changes_ko": "H100 2026Q3 남은 시간 1,000 → 1,050",
        "changes_en": "H100 2026Q3 free hours 1,000 → 1,050",
    }
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Ballot)) == 0


def test_a_plan_made_before_a_review_or_an_application_came_is_refused(db: Database) -> None:
    do(db, capital)
    _, one = committee(db, 2)
    key = asks(db, 1, score=700)
    made = plan(db)
    assign(db, key, one)
    review(db, one, key, 5)
    asks(db, 2)
    with pytest.raises(actions.PlanStaleError) as refused:
        adopt(db, made.plan_id)
    assert refused.value.details["changes_ko"] == f"{CALL}-0001 점수 70.0 → 100.0; {CALL}-0002 새 배정 대상"


def test_a_plan_is_adopted_once(db: Database) -> None:
    do(db, capital)
    asks(db, 1)
    made = plan(db)
    adopt(db, made.plan_id)
    with pytest.raises(TransitionRefusedError):
        adopt(db, made.plan_id)


def test_a_meeting_takes_one_plan(db: Database) -> None:
    do(db, capital)
    asks(db, 1)
    first, second = plan(db), plan(db)
    adopt(db, first.plan_id)
    with pytest.raises(actions.MeetingTakenError):
        adopt(db, second.plan_id)


def test_an_analyst_recused_from_a_candidate_cannot_adopt(db: Database) -> None:
    do(db, capital)
    analyst = person(db, "Analyst", "analyst")
    analyst = recuse(db, asks(db, 1), analyst)
    made = plan(db)
    with pytest.raises(NotFoundError):
        adopt(db, made.plan_id, analyst)


def test_an_analyst_recused_from_a_candidate_cannot_plan(db: Database) -> None:
    do(db, capital)
    analyst = person(db, "Analyst", "analyst")
    analyst = recuse(db, asks(db, 1), analyst)
    with pytest.raises(NotFoundError):
        actions.plan_call(db, call_code=CALL, actor=analyst, at=AT)


def test_a_proposal_by_hand_holds_too_and_never_more_than_is_free(db: Database) -> None:
    do(db, capital)
    first, second = asks(db, 1), asks(db, 2)
    meeting_id = meeting(db)

    def propose(session: Session, key: uuid.UUID, krw: int) -> uuid.UUID:
        return actions.propose_award(
            session,
            meeting_id=meeting_id,
            application_id=key,
            krw=krw,
            gpu_lines=actions.draw_hours(session, {"h100": {"2026Q3": 600}}),
            conditions=[],
            actor=SYSTEM,
            at=AT,
        )

    do(db, lambda s: propose(s, first, 500_000_000))
    with pytest.raises(InvalidInputError, match="200 hours short"):
        do(db, lambda s: propose(s, second, 1))
    with pytest.raises(HeadroomExceededError):
        do(
            db,
            lambda s: actions.propose_award(
                s,
                meeting_id=meeting_id,
                application_id=second,
                krw=300_000_001,
                gpu_lines=[],
                conditions=[],
                actor=SYSTEM,
                at=AT,
            ),
        )
    with db.read() as session:
        assert session.get_one(Application, second).state == "eligible"


def test_the_next_plan_has_only_what_is_left_of_the_calls_budget(db: Database) -> None:
    do(db, lambda s: capital(s, cash=5_000_000_000))
    asks(db, 1, krw=300_000_000)
    adopt(db, plan(db).plan_id)
    with db.read() as session:
        assert build_instance(session, CALL).instance.terms.budget_krw == 700_000_000


def test_every_step_of_a_plan_leaves_an_event(db: Database) -> None:
    do(db, capital)
    asks(db, 1)
    adopt(db, plan(db).plan_id)
    with db.read() as session:
        verbs = session.scalars(select(AuditEvent.verb).order_by(AuditEvent.seq)).all()
    assert verbs == [
        "investor.added",
        "investor.added",
        "capital.committed",
        "pool.contributed",
        "plan.made",
        "meeting.scheduled",
        "application.propose",
        "ballot.opened",
        "plan.adopted",
    ]


# ---- pages ----


def test_a_plan_page_sets_requested_beside_recommended_and_seals_scores(db: Database) -> None:
    do(db, capital)
    _, one = committee(db, 2)
    key = asks(db, 1, hours=1200)
    assign(db, key, one)
    made = plan(db)
    with db.read() as session:
        (row,) = queries.plan_page(session, SYSTEM, made.plan_id).rows
        (sealed,) = queries.plan_page(session, look(db, one.person_id), made.plan_id).rows
    assert (row.requested_hours, row.recommended_hours) == (
        {"h100": {"2026Q3": 1200}},
        {"h100": {"2026Q3": 1000}},
    )
    assert (row.score_tenths, row.score_basis, sealed.score_tenths) == (700, "machine_score", None)


def test_what_a_plan_recommends_is_sealed_with_the_score(db: Database) -> None:
    do(db, capital)
    _, one = committee(db, 2)
    key = asks(db, 1, hours=1200)
    assign(db, key, one)
    made = plan(db)
    with db.read() as session:
        (free_row,) = queries.plan_page(session, SYSTEM, made.plan_id).rows
        (sealed,) = queries.plan_page(session, look(db, one.person_id), made.plan_id).rows
    assert (free_row.recommended_krw, free_row.tickets) == (200_000_000, (100_000_000, 200_000_000))
    assert (sealed.recommended_krw, sealed.recommended_hours, sealed.tickets) == (0, {}, ())
    review(db, one, key)
    with db.read() as session:
        (opened,) = queries.plan_page(session, look(db, one.person_id), made.plan_id).rows
    assert (opened.recommended_krw, opened.recommended_hours) == (200_000_000, {"h100": {"2026Q3": 1000}})


def _adopt(url: str, plan_id: uuid.UUID, meeting_id: uuid.UUID, gate: Barrier, results: Queue[int]) -> None:
    database = Database(url)
    gate.wait(60)
    try:
        database.transaction(
            lambda s: actions.adopt_plan(s, plan_id=plan_id, meeting_id=meeting_id, actor=SYSTEM, at=AT)
        )
        results.put(1)
    except (TransitionRefusedError, actions.PlanStaleError):
        results.put(0)
    database.dispose()


@pytest.mark.race
def test_two_analysts_adopting_one_plan_at_once_open_its_ballots_once(db: Database, database_url: str) -> None:
    do(db, capital)
    asks(db, 1)
    made, meeting_id = plan(db), meeting(db)
    gate, results = RIVALS.Barrier(2), RIVALS.Queue()
    arguments = (database_url, made.plan_id, meeting_id, gate, results)
    processes = [RIVALS.Process(target=_adopt, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    assert sorted(results.get(timeout=120) for _ in processes) == [0, 1]
    for process in processes:
        process.join(timeout=60)
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Ballot)) == 1
    assert free(db, POOL)["GPUH.H100"] == (4_000_000, 6_000_000)


@pytest.mark.race
def test_of_two_plans_adopted_at_once_one_is_refused_and_no_hour_is_promised_twice(
    db: Database, database_url: str
) -> None:
    do(db, capital)
    asks(db, 1, hours=900)
    plans, meetings = [plan(db), plan(db)], [meeting(db), meeting(db)]
    gate, results = RIVALS.Barrier(2), RIVALS.Queue()
    processes = [
        RIVALS.Process(target=_adopt, args=(database_url, made.plan_id, meeting_id, gate, results))
        for made, meeting_id in zip(plans, meetings, strict=True)
    ]
    for process in processes:
        process.start()
    assert sorted(results.get(timeout=120) for _ in processes) == [0, 1]
    for process in processes:
        process.join(timeout=60)
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Ballot)) == 1
    assert free(db, POOL)["GPUH.H100"] == (9_000_000, 1_000_000)


@pytest.mark.parametrize(
    ("section", "term", "value"),
    [("shares", "sector_cap", 450), ("shares", "sme_floor_permille", "0.4"), ("objective", "alpha_permille", 1001)],
)
def test_a_term_that_nothing_reads_or_that_is_no_share_is_refused(
    db: Database, section: str, term: str, value: object
) -> None:
    db.transaction(capital)
    asks(db, 1)

    def spoil(session: Session) -> None:
        call = session.scalars(select(Call)).one()
        call.document = {**call.document, section: {**call.document[section], term: value}}

    db.transaction(spoil)
    with pytest.raises(InvalidInputError, match=term):
        plan(db)
