"""Act two: conflicts, reviews, the plan, the ballots."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from fundapp.allocation.actions import adopt_plan, plan_call
from fundapp.allocation.queries import find_plan
from fundapp.committee.actions import (
    assign_reviewers,
    cast_vote,
    close_ballot,
    declare_conflict,
    file_review,
    meet_condition,
    pledge_no_conflict,
    schedule_meeting,
)
from fundapp.committee.queries import docket, list_conditions, meeting_page
from fundapp.committee.rules import ProposedCondition
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.demonstration.opinions import decide_vote, form_view, rate
from fundapp.demonstration.scenario import Character, as_date
from fundapp.demonstration.stage import Stage
from fundapp.intake.queries import list_applications
from fundapp.portfolio.standing import earlier_awards
from fundapp.screening.queries import list_scores

_MAX_LOAD = 120


def recuse(stage: Stage) -> None:
    """Record the script's conflicts; from then on these members see nothing of those applications."""
    analyst = stage.one("analyst")
    with stage.database.read() as session:
        rows = list_applications(session, analyst, stage.scenario.call)
    by_company = {row.company_name: row.id for row in rows}
    for conflict in stage.scenario.conflicts:
        member = stage.viewer(conflict.email)
        if conflict.company not in by_company or member.person_id is None:
            raise NotFoundError(company=conflict.company, member=conflict.email)
        person, application = member.person_id, by_company[conflict.company]
        declarer = member if conflict.route == "self_recusal" else analyst
        stage.write(
            lambda s, c=conflict, p=person, a=application, by=declarer: declare_conflict(  # type: ignore[misc]
                s,
                application_id=a,
                person_id=p,
                route=c.route,
                reason=c.reason,
                actor=by,
                at=stage.when("reviews_open"),
            )
        )
    stage.forget_viewers()


def review(stage: Stage) -> int:
    """Assign reviewers and let each file what they think; return how many reviews there are."""
    analyst, opened = stage.one("analyst"), stage.when("reviews_open")
    each = stage.scenario.document["reviews"]["each"]
    stage.write(
        lambda s: assign_reviewers(
            s, call_code=stage.scenario.call, per_application=each, max_load=_MAX_LOAD, actor=analyst, at=opened
        )
    )
    scores = machine_scores(stage)
    return sum(_file_all(stage, member, scores, opened) for member in stage.scenario.board())


def machine_scores(stage: Stage) -> dict[uuid.UUID, int]:
    """Return the newest machine score of each application, in tenths."""
    with stage.database.read() as session:
        rows = list_scores(session, stage.one("analyst"), stage.scenario.call)
    return {key: row.total_tenths for key, row in rows.items()}


def _file_all(stage: Stage, member: Character, scores: dict[uuid.UUID, int], opened: datetime) -> int:
    viewer = stage.viewer(member.email)
    with stage.database.read() as session:
        mine = [row for row in docket(session, viewer, stage.scenario.call) if row.own_state in {"waiting", "filed"}]
    waiting = sorted((row for row in mine if row.own_state == "waiting"), key=lambda row: row.number)

    def work(session: Session) -> None:
        for place, row in enumerate(waiting):
            view = form_view(stage.scenario, member, row.number, scores[row.application_id])
            filed_at = opened + timedelta(minutes=11 * place)
            pledge_no_conflict(session, application_id=row.application_id, actor=viewer, at=filed_at)
            file_review(
                session,
                actor=viewer,
                application_id=row.application_id,
                ratings=rate(stage.scenario, member, row.number, view),
                note=None,
                key=f"demo:review:{row.number}:{member.email}",
                at=filed_at,
            )

    stage.write(work)
    return len(mine)


def plan_and_adopt(stage: Stage) -> uuid.UUID:
    """Solve the allocation and put it to the meeting; return the meeting."""
    analyst = stage.one("analyst")
    meeting_at = stage.when("meeting")
    script = stage.scenario.document
    meeting = stage.write(
        lambda s: schedule_meeting(
            s,
            call_code=stage.scenario.call,
            title=script["meeting"]["title_ko"],
            held_on=kst_date(meeting_at),
            actor=analyst,
            at=stage.when("plan"),
        )
    )
    with stage.database.read() as session:
        page = find_plan(session, analyst, stage.scenario.call)
    if page is not None and page.meeting_id is not None:
        return meeting
    plan_id = (
        page.plan_id
        if page is not None
        else plan_call(
            stage.database,
            call_code=stage.scenario.call,
            actor=analyst,
            at=stage.when("plan"),
            standing=earlier_awards,
        ).plan_id
    )
    conditions = [ProposedCondition(item["text_ko"], as_date(item["due_on"])) for item in script["conditions"]]
    with stage.database.read() as session:
        numbers = [row.number for row in list_applications(session, analyst, stage.scenario.call)]
    stage.write(
        lambda s: adopt_plan(
            s,
            plan_id=plan_id,
            meeting_id=meeting,
            actor=analyst,
            at=stage.when("plan"),
            conditions=dict.fromkeys(numbers, conditions),
            standing=earlier_awards,
        )
    )
    return meeting


def vote(stage: Stage, meeting: uuid.UUID) -> None:
    """Let everybody entitled vote on every item, and the chair close it."""
    scores = machine_scores(stage)
    started = stage.when("meeting")
    with stage.database.read() as session:
        page = meeting_page(session, stage.one("analyst"), meeting)
    for item in sorted(page.items, key=lambda item: item.number):
        if item.state != "open":
            continue
        at = started + timedelta(minutes=2 * item.place)

        def work(session: Session, item: object = item, at: datetime = at) -> None:
            _vote_on(session, stage, item.ballot_id, item.application_id, item.number, scores, at)  # type: ignore[attr-defined]

        stage.write(work)


def _vote_on(
    session: Session,
    stage: Stage,
    ballot_id: uuid.UUID,
    application_id: uuid.UUID,
    number: str,
    scores: dict[uuid.UUID, int],
    at: datetime,
) -> None:
    for member in stage.scenario.board():
        viewer = stage.viewer(member.email)
        if application_id in viewer.recused_from:
            continue
        view = form_view(stage.scenario, member, number, scores[application_id])
        cast_vote(
            session,
            ballot_id=ballot_id,
            choice=decide_vote(stage.scenario, member, number, view),
            key=f"demo:vote:{number}:{member.email}",
            actor=viewer,
            at=at,
        )
    close_ballot(
        session, ballot_id=ballot_id, key=f"demo:close:{number}", actor=stage.one("chair"), at=at + timedelta(minutes=1)
    )


def meet_conditions(stage: Stage) -> None:
    """Record the evidence for every condition that has to hold before signing."""
    analyst = stage.one("analyst")
    evidence = {item["text_ko"]: item["evidence_ko"] for item in stage.scenario.document["conditions"]}
    at = stage.when("award_signing") - timedelta(days=1)
    with stage.database.read() as session:
        rows = list_conditions(session, analyst, call_code=stage.scenario.call, state="open")

    def work(session: Session) -> None:
        for row in rows:
            meet_condition(session, condition_id=row.condition_id, evidence=evidence[row.text], actor=analyst, at=at)

    stage.write(work)
