"""A recused member meets the application nowhere: not on a page, in a list, a count, a search or an order."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

import pytest
from committee_factory import (
    AT,
    CALL,
    add_person,
    application,
    assign,
    ballot,
    close,
    committee,
    do,
    join,
    look,
    meeting,
    person,
    ratings,
    recuse,
    review,
    vote,
)
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.allocation import queries as allocation
from fundapp.allocation.tables import Plan
from fundapp.committee import actions, queries
from fundapp.committee.rules import Route
from fundapp.committee.tables import Assignment, Conflict
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import ForbiddenError, NotFoundError
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person
from fundapp.intake.tables import Call

CANARY = "카나리아비밀기업"
ANALYST = frozenset({"analyst"})


@dataclass(frozen=True)
class Scene:
    """A decided application with conditions, seen by a recused member and by somebody who is not."""

    secret: uuid.UUID
    other: uuid.UUID
    ballot_id: uuid.UUID
    decision_id: uuid.UUID
    condition_id: uuid.UUID
    meeting_id: uuid.UUID
    plan_id: uuid.UUID
    recused: Viewer
    free: Viewer
    chair: Viewer


@pytest.fixture
def scene(db: Database) -> Scene:
    chair, member, other_member, fourth = committee(db, 4)
    secret = application(db, 1, name=CANARY, solution_title=f"{CANARY} 과제", score=913)
    other = application(db, 2, name="보통기업", score=500)
    assign(db, secret, member, other_member)
    review(db, other_member, secret, 5)
    member = recuse(db, secret, member)
    ballot_id = ballot(db, secret, conditions=(f"{CANARY} 조건",))
    for voter in (chair, other_member, fourth):
        vote(db, ballot_id, voter, "yes")
    decision = close(db, ballot_id, chair)
    with db.read() as session:
        condition = queries.open_conditions(session, decision.decision_id)[0]
    return Scene(
        secret=secret,
        other=other,
        ballot_id=ballot_id,
        decision_id=decision.decision_id,
        condition_id=condition.condition_id,
        meeting_id=meeting(db),
        plan_id=do(db, _plan),
        recused=member,
        free=other_member,
        chair=chair,
    )


def _plan(session: Session) -> uuid.UUID:
    applicant = {
        "code": f"{CALL}-0001",
        "score_tenths": 913,
        "sector": "제조",
        "sme": True,
        "non_capital": False,
        "tickets": [100],
        "requests": [],
        "minimum_hours": {},
    }
    plan = Plan(
        call_id=session.scalars(select(Call.id)).one(),
        instance_sha256="0" * 64,
        instance={
            "applicants": [applicant],
            "capacities": [],
            "terms": {},
            "score_basis": {f"{CALL}-0001": "machine_score"},
        },
        result={
            "objective": 1.0,
            "bound": 1.0,
            "gap": 0.0,
            "seconds": 0.1,
            "awards": [{"code": f"{CALL}-0001", "krw": 100, "gpu_hours": {}}],
            "prices": {},
            "baseline": {},
        },
        solver="t",
        made_by="t",
        made_at=AT,
    )
    session.add(plan)
    session.flush()
    return plan.id


def everything(db: Database, viewer: Viewer, scene: Scene) -> str:
    """Return all that the committee's and the plans' lists say to a viewer, as text."""
    with db.read() as s:
        shown: list[object] = [
            *(queries.docket(s, viewer, CALL, sort=key, descending=True) for key in queries.SORT_KEYS),
            queries.docket(s, viewer, CALL, filters=queries.DocketFilter(search=CANARY)),
            queries.docket(s, viewer, CALL, filters=queries.DocketFilter(least_score_tenths=900)),
            queries.my_progress(s, viewer, CALL),
            queries.meeting_page(s, viewer, scene.meeting_id),
            queries.list_decisions(s, viewer),
            queries.list_conditions(s, viewer),
            queries.list_conflicts(s, viewer, CALL),
            allocation.plan_page(s, viewer, scene.plan_id),
        ]
    return repr(shown)


def test_no_list_tells_a_recused_member_of_the_application(db: Database, scene: Scene) -> None:
    assert CANARY in everything(db, scene.free, scene)
    assert f"{CALL}-0001" in everything(db, scene.free, scene)
    assert CANARY not in everything(db, scene.recused, scene)
    assert f"{CALL}-0001" not in everything(db, scene.recused, scene)


def test_no_count_includes_the_application_for_a_recused_member(db: Database, scene: Scene) -> None:
    with db.read() as session:
        for viewer, items in ((scene.free, 1), (scene.recused, 0)):
            assert [row.items for row in queries.list_meetings(session, viewer, CALL)] == [items]
            assert len(queries.docket(session, viewer, CALL)) == items + 1
            assert [row.awards for row in allocation.list_plans(session, viewer, CALL)] == [items]
            progress = queries.reviewer_progress(session, viewer, CALL)
            assert sum(row.filed for row in progress) == items


def test_pages_of_the_application_look_absent_to_a_recused_member(db: Database, scene: Scene) -> None:
    with db.read() as session:
        assert queries.review_page(session, scene.free, scene.secret).company == CANARY
        assert queries.ballot_page(session, scene.free, scene.ballot_id).company == CANARY
        for page, key in ((queries.review_page, scene.secret), (queries.ballot_page, scene.ballot_id)):
            with pytest.raises(NotFoundError):
                page(session, scene.recused, key)


def test_a_viewer_assembled_before_the_recusal_cannot_act_either(db: Database, scene: Scene) -> None:
    stale = Viewer(person_id=scene.recused.person_id, name=scene.recused.name, roles=frozenset({"committee", "chair"}))
    attempts = [
        lambda s: actions.file_review(
            s, actor=stale, application_id=scene.secret, ratings=ratings(), note=None, key="k1", at=AT
        ),
        lambda s: actions.cast_vote(s, ballot_id=scene.ballot_id, choice="yes", key="k2", actor=stale, at=AT),
        lambda s: actions.close_ballot(s, ballot_id=scene.ballot_id, key="k3", actor=stale, at=AT),
        lambda s: actions.submit_evidence(
            s, condition_id=scene.condition_id, text="x", key="k4", actor=replace(stale, roles=ANALYST), at=AT
        ),
        lambda s: actions.propose_waiver(s, condition_id=scene.condition_id, reason="x", key="k5", actor=stale, at=AT),
    ]
    for attempt in attempts:
        with pytest.raises(NotFoundError):
            do(db, attempt)


def test_a_recused_member_leaves_the_quorum_and_their_seat_says_why(db: Database, scene: Scene) -> None:
    with db.read() as session:
        page = queries.ballot_page(session, scene.chair, scene.ballot_id)
    assert (page.members, page.recused, page.entitled, page.quorum_needed) == (4, 1, 3, 2)
    assert {seat.name: seat.route for seat in page.seats}["Member1"] == "self_recusal"


def test_a_recusal_ends_the_assignment_and_takes_the_review_out_of_the_statistics(db: Database) -> None:
    chair, one, two = committee(db, 3)
    key = application(db, 1)
    assign(db, key, one, two)
    review(db, one, key, 5)
    review(db, two, key, 1)
    recuse(db, key, two)
    with db.read() as session:
        page = queries.review_page(session, chair, key)
    assert page.statistics is not None
    assert (page.statistics.count, page.statistics.mean_tenths) == (1, 1000)
    assert page.reviews_assigned == 1


def test_repeating_a_recusal_changes_nothing(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1)
    recuse(db, key, one)
    recuse(db, key, one)
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Conflict)) == 1


@pytest.mark.parametrize("route", ["disqualification", "challenge"])
def test_the_secretary_records_the_routes_that_are_not_the_members_own(db: Database, route: Route) -> None:
    analyst, member = person(db, "Analyst", "analyst"), person(db, "Member", "committee")
    key = application(db, 1)
    assert member.person_id is not None
    target = member.person_id
    do(
        db,
        lambda s: actions.declare_conflict(
            s, application_id=key, person_id=target, route=route, reason="친족", actor=analyst, at=AT
        ),
    )
    assert look(db, target).recused_from == {key}


def test_nobody_recuses_somebody_else_in_their_own_name(db: Database) -> None:
    analyst, member = person(db, "Analyst", "analyst"), person(db, "Member", "committee")
    key = application(db, 1)
    with pytest.raises(ForbiddenError):
        do(
            db,
            lambda s: actions.declare_conflict(
                s,
                application_id=key,
                person_id=member.person_id or key,
                route="self_recusal",
                reason="사유",
                actor=analyst,
                at=AT,
            ),
        )


def test_a_member_of_the_applicant_company_is_disqualified_when_reviews_are_shared_out(db: Database) -> None:
    analyst = person(db, "Analyst", "analyst")
    insider, outsider = person(db, "Insider", "committee"), person(db, "Outsider", "committee")
    key = application(db, 1)
    join(db, key, insider)
    done = do(
        db,
        lambda s: actions.assign_reviewers(s, call_code=CALL, per_application=2, max_load=5, actor=analyst, at=AT),
    )
    assert (done.created, done.disqualified) == (1, 1)
    assert dict(done.loads) == {"Insider": 0, "Outsider": 1}
    assert look(db, insider.person_id).recused_from == {key}
    assert look(db, outsider.person_id).recused_from == frozenset()


def test_an_analyst_does_not_see_how_their_own_company_is_judged(db: Database) -> None:
    analyst = person(db, "Analyst", "analyst", "applicant")
    key = application(db, 1)
    join(db, key, analyst)
    analyst = look(db, analyst.person_id)
    with db.read() as session:
        assert queries.docket(session, analyst, CALL) == []
        with pytest.raises(NotFoundError):
            queries.review_page(session, analyst, key)


def test_an_applicant_sees_no_committee_page_of_their_own_application(db: Database) -> None:
    founder = person(db, "Founder", "applicant")
    key = application(db, 1)
    join(db, key, founder)
    founder = look(db, founder.person_id)
    with db.read() as session:
        with pytest.raises(NotFoundError):
            queries.docket(session, founder, CALL)
        with pytest.raises(NotFoundError):
            queries.review_page(session, founder, key)


def test_sharing_out_again_only_fills_what_is_missing(db: Database) -> None:
    committee(db, 4)
    for ordinal in range(1, 5):
        application(db, ordinal)

    def share() -> actions.Assigned:
        return do(
            db,
            lambda s: actions.assign_reviewers(s, call_code=CALL, per_application=2, max_load=5, actor=SYSTEM, at=AT),
        )

    first, second = share(), share()
    assert (first.created, second.created) == (8, 0)
    assert [load for _, load in second.loads] == [2, 2, 2, 2]
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Assignment)) == 8


def test_a_person_who_left_does_not_come_through_the_door(db: Database) -> None:
    key = do(db, lambda s: add_person(s, "Gone", "committee"))

    def leave(session: Session) -> None:
        session.get_one(Person, key).active = False

    do(db, leave)
    with pytest.raises(NotFoundError):
        look(db, key)
