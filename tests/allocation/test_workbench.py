"""Hand and machine: scenarios beside a plan, choices with reasons, pins, and what of it goes to a meeting."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from capital_scene import capital, pool
from committee_factory import AT, CALL, do, meeting, person
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from test_actions_plans import adopt, asks, free, plan

from fundapp.allocation import actions
from fundapp.allocation.keeping import chosen_lines, newest_choice
from fundapp.allocation.rules import Choice, Hours, PlanInfeasible, PlannedAward, read_awards
from fundapp.allocation.scenarios import Changes
from fundapp.allocation.tables import Plan, PlanChoice, PlanScenario
from fundapp.committee.tables import Ballot
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import IdempotencyConflictError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.sessions import Database

ONE, TWO = f"{CALL}-0001", f"{CALL}-0002"


@pytest.fixture
def solved(db: Database) -> actions.PlanSummary:
    """Two applicants of 200 million won and 400 hours each; 800 million won and 1,000 hours are there."""
    do(db, capital)
    asks(db, 1, score=900)
    asks(db, 2, score=700)
    return plan(db)


def hours(some: int) -> Hours:
    return {"h100": {"2026Q3": some}}


def choose(db: Database, plan_id: uuid.UUID, *choices: Choice, seen: int = 0, actor: Viewer = SYSTEM) -> actions.Chosen:
    return do(db, lambda s: actions.choose_awards(s, plan_id=plan_id, choices=choices, seen=seen, actor=actor, at=AT))


@dataclass(frozen=True, slots=True)
class Made:
    """A scenario as it is kept."""

    plan_id: uuid.UUID
    objective: float
    awards: tuple[PlannedAward, ...]


def suppose(db: Database, plan_id: uuid.UUID, *, keep_pins: bool = False, **terms: object) -> Made:
    made = actions.plan_scenario(
        db,
        plan_id=plan_id,
        title="다른 조건",
        changes=Changes(terms=terms),
        keep_pins=keep_pins,
        actor=SYSTEM,
        at=AT,
    )
    return found(db, made)


def found(db: Database, plan_id: uuid.UUID) -> Made:
    with db.read() as session:
        kept = session.get_one(Plan, plan_id)
        return Made(plan_id, kept.result["objective"], read_awards(kept.result["awards"]))


def ballots(db: Database) -> Mapping[int, Any]:
    with db.read() as session:
        return {b.proposed_krw: b.gpu_lines for b in session.scalars(select(Ballot))}


def awarded(made: Made | actions.PlanSummary) -> dict[str, tuple[int, Hours]]:
    return {award.code: (award.krw, award.gpu_hours) for award in made.awards}


# ---- scenarios ----


def test_a_scenario_is_a_plan_beside_its_base_and_keeps_what_it_changed(
    db: Database, solved: actions.PlanSummary
) -> None:
    made = suppose(db, solved.plan_id, budget_krw=100_000_000)
    assert awarded(made) == {ONE: (100_000_000, hours(400))}
    again = suppose(db, made.plan_id, reserve_permille=500)
    with db.read() as session:
        kept = session.get_one(PlanScenario, made.plan_id)
        assert (kept.base_id, kept.title, kept.changes["terms"]) == (
            solved.plan_id,
            "다른 조건",
            {"budget_krw": 100_000_000},
        )
        # a scenario of a scenario starts from the first plan again, whose budget it has
        assert session.get_one(PlanScenario, again.plan_id).base_id == solved.plan_id
        assert session.get_one(Plan, again.plan_id).instance["terms"]["budget_krw"] == 800_000_000


def test_a_scenario_keeps_the_scales_so_that_more_money_is_never_fewer_points(
    db: Database, solved: actions.PlanSummary
) -> None:
    assert suppose(db, solved.plan_id, budget_krw=400_000_000).objective == solved.objective
    assert suppose(db, solved.plan_id, budget_krw=200_000_000).objective < solved.objective


def test_a_form_that_arrives_twice_makes_one_scenario(db: Database, solved: actions.PlanSummary) -> None:
    def send(reserve: int) -> uuid.UUID:
        return actions.plan_scenario(
            db,
            plan_id=solved.plan_id,
            title="예비량",
            changes=Changes(terms={"reserve_permille": reserve}),
            keep_pins=False,
            actor=SYSTEM,
            at=AT,
            key="k1",
        )

    assert send(100) == send(100)
    with pytest.raises(IdempotencyConflictError):
        send(200)
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(PlanScenario)) == 1


@pytest.mark.parametrize("terms", [{"no_such": 1}, {"reserve_permille": 1001}, {"block_hours": 0}])
def test_a_setting_that_cannot_be_is_refused_and_nothing_is_kept(
    db: Database, solved: actions.PlanSummary, terms: dict[str, object]
) -> None:
    with pytest.raises(InvalidInputError):
        suppose(db, solved.plan_id, **terms)
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(PlanScenario)) == 0


def test_settings_that_cannot_hold_together_are_named(db: Database, solved: actions.PlanSummary) -> None:
    with pytest.raises(PlanInfeasible) as refused:
        suppose(db, solved.plan_id, must_award=(ONE, TWO), budget_krw=150_000_000)
    assert {setting.kind for setting in refused.value.conflict} >= {"must", "budget"}


def test_a_scenario_that_holds_goes_to_the_meeting(db: Database, solved: actions.PlanSummary) -> None:
    adopt(db, suppose(db, solved.plan_id, budget_krw=100_000_000).plan_id)
    assert list(ballots(db)) == [100_000_000]


def test_a_scenario_with_capital_that_is_not_there_is_refused(db: Database, solved: actions.PlanSummary) -> None:
    asks(db, 3, hours=900, score=950)
    rich = actions.plan_scenario(
        db,
        plan_id=plan(db).plan_id,
        title="두 배",
        changes=Changes(hours={("h100", "2026Q3"): 2000}),
        keep_pins=False,
        actor=SYSTEM,
        at=AT,
    )
    with pytest.raises(actions.PlanUnlawfulError, match="h100 2026Q3"):
        adopt(db, rich)
    assert ballots(db) == {}


def test_a_scenario_of_a_record_that_moved_on_is_refused(db: Database, solved: actions.PlanSummary) -> None:
    made = suppose(db, solved.plan_id, budget_krw=200_000_000)
    do(db, lambda s: pool(s, hours=1, key="p2"))
    with pytest.raises(actions.PlanStaleError, match="1,000 → 1,001"):
        adopt(db, made.plan_id)


# ---- choices ----


def test_requested_recommended_and_chosen_stay_apart(db: Database, solved: actions.PlanSummary) -> None:
    choose(db, solved.plan_id, Choice(TWO, 100_000_000, hours(200), "검증 단계라 줄임"))
    with db.read() as session:
        kept = session.get_one(Plan, solved.plan_id)
        assert [row["gpu_hours"] for row in kept.result["awards"]] == [hours(400), hours(400)]
        (line,) = chosen_lines(newest_choice(session, solved.plan_id))
    assert line == Choice(TWO, 100_000_000, hours(200), "검증 단계라 줄임")


def test_another_amount_needs_a_reason(db: Database, solved: actions.PlanSummary) -> None:
    with pytest.raises(InvalidInputError, match=TWO):
        choose(db, solved.plan_id, Choice(TWO, 100_000_000, hours(200), "  "))
    with pytest.raises(InvalidInputError, match="characters"):
        choose(db, solved.plan_id, Choice(TWO, 100_000_000, hours(200), "가" * 501))


def test_what_a_choice_does_not_keep_is_named_at_once(db: Database, solved: actions.PlanSummary) -> None:
    chosen = choose(db, solved.plan_id, Choice(ONE, 200_000_000, hours(700), "더"))
    assert [(breach.setting.kind, breach.setting.subject) for breach in chosen.breaches] == [
        ("request", ONE),
        ("capacity", "h100 2026Q3"),
    ]


@pytest.mark.parametrize(
    "choice", [Choice("AX-X-0001", 1, {}, "남의 것"), Choice(ONE, -1, {}, "음수"), Choice(ONE, 0, hours(-5), "음수")]
)
def test_impossible_choices_are_refused(db: Database, solved: actions.PlanSummary, choice: Choice) -> None:
    with pytest.raises(InvalidInputError):
        choose(db, solved.plan_id, choice)


def test_of_two_people_who_choose_at_once_the_second_is_told(db: Database, solved: actions.PlanSummary) -> None:
    choose(db, solved.plan_id, Choice(TWO, 0, {}, "빼기"))
    with pytest.raises(TransitionRefusedError):
        choose(db, solved.plan_id, Choice(ONE, 0, {}, "빼기"))
    assert choose(db, solved.plan_id, Choice(ONE, 0, {}, "빼기"), seen=1).revision == 2


def test_the_meeting_gets_what_was_chosen(db: Database, solved: actions.PlanSummary) -> None:
    choose(db, solved.plan_id, Choice(TWO, 100_000_000, hours(200), "줄임"))
    adopt(db, solved.plan_id)
    assert {krw: [line["hours_e4"] for line in lines] for krw, lines in ballots(db).items()} == {
        200_000_000: [4_000_000],
        100_000_000: [2_000_000],
    }
    assert free(db, "pool:kt")["KRW"] == (300_000_000, 500_000_000)


def test_a_choice_beyond_the_pool_is_never_adopted(db: Database, solved: actions.PlanSummary) -> None:
    choose(db, solved.plan_id, Choice(ONE, 200_000_000, hours(700), "더"))
    with pytest.raises(actions.PlanUnlawfulError):
        adopt(db, solved.plan_id)
    assert ballots(db) == {}


def test_choices_that_changed_since_the_page_was_read_are_not_adopted_unseen(
    db: Database, solved: actions.PlanSummary
) -> None:
    choose(db, solved.plan_id, Choice(TWO, 0, {}, "빼기"))
    meeting_id = meeting(db)
    with pytest.raises(actions.PlanStaleError):
        do(
            db,
            lambda s: actions.adopt_plan(
                s, plan_id=solved.plan_id, meeting_id=meeting_id, revision=0, actor=SYSTEM, at=AT
            ),
        )


def test_an_adopted_plan_is_chosen_over_no_more(db: Database, solved: actions.PlanSummary) -> None:
    adopt(db, solved.plan_id)
    with pytest.raises(TransitionRefusedError):
        choose(db, solved.plan_id, Choice(TWO, 0, {}, "빼기"))


def test_only_analysts_choose(db: Database, solved: actions.PlanSummary) -> None:
    with pytest.raises(NotFoundError):
        choose(db, solved.plan_id, Choice(TWO, 0, {}, "빼기"), actor=person(db, "Chair", "chair"))


def test_choices_and_scenarios_are_never_rewritten(db: Database, solved: actions.PlanSummary) -> None:
    choose(db, solved.plan_id, Choice(TWO, 0, {}, "빼기"))
    with pytest.raises(DBAPIError, match="append-only"):
        do(db, lambda s: s.execute(PlanChoice.__table__.delete()))


# ---- pins ----


def test_the_rest_is_solved_again_around_what_is_pinned(db: Database, solved: actions.PlanSummary) -> None:
    asks(db, 3, hours=400, score=600)
    first = plan(db)
    assert awarded(first)[f"{CALL}-0003"][1] == hours(200)
    choose(db, first.plan_id, Choice(ONE, 200_000_000, hours(250), "노드 단위", pinned=True))
    again = suppose(db, first.plan_id, keep_pins=True)
    # the 150 hours that are given up go to the third, which the tie at its half leaves room for
    assert awarded(again)[ONE] == (200_000_000, hours(250))
    assert awarded(again)[f"{CALL}-0003"][1] == hours(350)
    with db.read() as session:
        assert session.get_one(PlanScenario, again.plan_id).changes["reasons"] == {ONE: "노드 단위"}
    # and its pins hold in the scenario after it, until somebody lets go
    later = suppose(db, again.plan_id, keep_pins=True, reserve_permille=100)
    assert awarded(later)[ONE] == (200_000_000, hours(250))
    choose(db, later.plan_id, Choice(ONE, 200_000_000, hours(300), "조금 더"))
    assert awarded(suppose(db, later.plan_id, keep_pins=True))[ONE] == (200_000_000, hours(400))
