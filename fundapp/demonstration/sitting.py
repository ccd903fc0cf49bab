"""Act two: conflicts, reviews, the plan, the ballots."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from fundapp.allocation.actions import adopt_plan, plan_call
from fundapp.allocation.queries import find_plan
from fundapp.committee.actions import (
    Declaration,
    Times,
    accept_evidence,
    approve_batch,
    approve_minutes,
    assign_reviewers,
    call_item,
    cast_vote,
    close_ballot,
    close_challenge,
    declare_conflict,
    declare_interest,
    dismiss_signals,
    draft_minutes,
    end_meeting,
    file_challenge,
    file_review,
    invite_members,
    open_meeting,
    pledge_no_conflict,
    record_attendance,
    reschedule_meeting,
    schedule_meeting,
    send_batch,
    set_expertise,
    sign_meeting,
    stage_letters,
    submit_evidence,
    vote_on_challenge,
)
from fundapp.committee.queries import (
    AgendaItem,
    MeetingPage,
    count_unwritten,
    docket,
    list_challenges,
    list_conditions,
    list_interests,
    list_suggestions,
    meeting_page,
    unsigned_items,
)
from fundapp.committee.rules import ProposedCondition
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.demonstration.opinions import decide_vote, form_view, rate, say_why
from fundapp.demonstration.scenario import Character, as_date
from fundapp.demonstration.stage import Stage
from fundapp.intake.queries import get_application, list_applications
from fundapp.portfolio.standing import earlier_awards
from fundapp.reporting.actions import issue_resolution
from fundapp.screening.queries import list_scores

_MAX_LOAD = 120


def register(stage: Stage) -> None:
    """Let members declare what they have to do with companies, and note which fields they know."""
    analyst, at = stage.one("analyst"), stage.when("screening")
    with stage.database.read() as session:
        rows = list_applications(session, analyst, stage.scenario.call)
        numbers = {row.company_name: get_application(session, analyst, row.id).identifier for row in rows}
        known = {row.person_id for row in list_interests(session, analyst)}
    for item in stage.scenario.document["interests"]:
        member = stage.viewer(item["member"])
        if member.person_id is None or member.person_id in known:
            continue
        said = Declaration(
            kind=item["kind"],
            company_name=item["company"],
            business_number=numbers.get(item["company"], "") if item["number"] else "",
            until=as_date(item["until"]) if "until" in item else None,
            relation=item["relation_ko"],
        )
        stage.write(
            lambda s, who=member, d=said: declare_interest(  # type: ignore[misc]
                s, person_id=who.person_id, declaration=d, actor=who, at=at
            )
        )
    _dismiss(stage)
    for email, tags in stage.scenario.document["expertise"].items():
        person = stage.viewer(email).person_id
        if person is not None:
            stage.write(
                lambda s, p=person, t=tags: set_expertise(s, person_id=p, tags=t, actor=analyst, at=at)  # type: ignore[misc]
            )
    stage.forget_viewers()


def _dismiss(stage: Stage) -> None:
    """Let the secretary answer what the register merely suggests, with the script's reasons."""
    analyst, at = stage.one("analyst"), stage.when("screening")
    reasons = {
        item["member"]: item["dismissal_ko"] for item in stage.scenario.document["interests"] if not item["number"]
    }
    with stage.database.read() as session:
        waiting = list_suggestions(session, analyst)
    for one in waiting:
        reason = next((why for email, why in reasons.items() if stage.viewer(email).person_id == one.person_id), None)
        if reason is not None:
            stage.write(
                lambda s, one=one, why=reason: dismiss_signals(  # type: ignore[misc]
                    s,
                    application_id=one.application_id,
                    person_id=one.person_id,
                    reason=why,
                    actor=analyst,
                    at=at,
                )
            )


def recuse(stage: Stage) -> None:
    """Record the script's conflicts; from then on these members see nothing of those applications."""
    register(stage)
    analyst = stage.one("analyst")
    with stage.database.read() as session:
        rows = list_applications(session, analyst, stage.scenario.call)
    by_company = {row.company_name: row.id for row in rows}
    for conflict in stage.scenario.conflicts:
        member = stage.viewer(conflict.email)
        if conflict.company not in by_company or member.person_id is None:
            raise NotFoundError(company=conflict.company, member=conflict.email)
        person, application = member.person_id, by_company[conflict.company]
        if conflict.route == "challenge":
            _challenge(stage, person, application, conflict.reason)
            continue
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


def _challenge(stage: Stage, target: uuid.UUID, application: uuid.UUID, reason: str) -> None:
    """Let the secretary bring a challenge, and enough of the others uphold it."""
    at, analyst = stage.when("reviews_open"), stage.one("analyst")
    with stage.database.read() as session:
        if any(row.application_id == application for row in list_challenges(session, analyst)):
            return
    voters = [member for member in stage.scenario.board() if stage.viewer(member.email).person_id != target]

    def work(session: Session) -> None:
        key = f"demo:challenge:{application}"
        challenge = file_challenge(
            session, application_id=application, target_id=target, reason=reason, key=key, actor=analyst, at=at
        )
        for member in voters[: len(voters) // 2 + 1]:
            voter = stage.viewer(member.email)
            vote_on_challenge(
                session, challenge_id=challenge, choice="yes", key=f"{key}:{member.email}", actor=voter, at=at
            )
        close_challenge(session, challenge_id=challenge, actor=analyst, at=at)

    stage.write(work)


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
    conditions = [
        ProposedCondition(
            item["text_ko"], as_date(item["due_on"]), item["releases"], "fund", stage.viewer(item["owner"]).person_id
        )
        for item in script["conditions"]
    ]
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
    """Hold the sitting: everybody entitled votes on every item, the chair closes it, minutes follow."""
    _sign(stage, meeting)
    scores = machine_scores(stage)
    started = stage.when("meeting")
    with stage.database.read() as session:
        page = meeting_page(session, stage.one("analyst"), meeting)
    if page.state == "scheduled":
        stage.write(lambda s: _gather(s, stage, page))
    for item in page.items:
        if item.state != "open":
            continue
        at = started + timedelta(minutes=2 * item.place)

        def work(session: Session, item: AgendaItem = item, at: datetime = at) -> None:
            _call(session, stage, meeting, item, at)
            _vote_on(session, stage, item.ballot_id, item.application_id, item.number, scores, at)

        stage.write(work)
    if page.state != "ended":
        ended = started + timedelta(minutes=2 * len(page.items) + 5)
        stage.write(lambda s: _minute(s, stage, meeting, ended))


def _gather(session: Session, stage: Stage, page: MeetingPage) -> None:
    """Invite the members, open the sitting and record who has come."""
    analyst, started = stage.one("analyst"), stage.when("meeting")
    times = Times(started, started + timedelta(hours=3), "KT 광화문빌딩 3층 대회의실, 영상 병행")
    reschedule_meeting(session, meeting_id=page.meeting_id, times=times, actor=analyst, at=stage.when("plan"))
    invite_members(session, meeting_id=page.meeting_id, actor=analyst, at=stage.when("plan"))
    for attendee in page.attendees:
        record_attendance(
            session,
            meeting_id=page.meeting_id,
            person_id=attendee.person_id,
            present=True,
            actor=analyst,
            at=started - timedelta(minutes=5),
        )
    open_meeting(session, meeting_id=page.meeting_id, actor=analyst, at=started)


def _call(session: Session, stage: Stage, meeting: uuid.UUID, item: AgendaItem, at: datetime) -> None:
    call_item(session, meeting_id=meeting, ballot_id=item.ballot_id, actor=stage.one("analyst"), at=at)


def _minute(session: Session, stage: Stage, meeting: uuid.UUID, at: datetime) -> None:
    """End the sitting, draft its minutes and have the chair approve them."""
    analyst, chair = stage.one("analyst"), stage.one("chair")
    end_meeting(session, meeting_id=meeting, actor=analyst, at=at)
    version = draft_minutes(session, meeting_id=meeting, actor=analyst, at=at + timedelta(hours=1))
    approve_minutes(session, meeting_id=meeting, version=version, actor=chair, at=at + timedelta(hours=20))


def _sign(stage: Stage, meeting: uuid.UUID) -> None:
    at = stage.when("meeting") - timedelta(minutes=30)

    def work(session: Session) -> None:
        for member in stage.scenario.board():
            viewer = stage.viewer(member.email)
            items = unsigned_items(session, viewer, meeting)
            cases = [item.application_id for item in items]
            sign_meeting(session, meeting_id=meeting, application_ids=cases, actor=viewer, at=at)

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
        choice = decide_vote(stage.scenario, member, number, view)
        cast_vote(
            session,
            ballot_id=ballot_id,
            choice=choice,
            reason="" if choice == "yes" else say_why(choice),
            key=f"demo:vote:{number}:{member.email}",
            actor=viewer,
            at=at,
        )
    chair, closed = stage.one("chair"), at + timedelta(minutes=1)
    decision = close_ballot(session, ballot_id=ballot_id, key=f"demo:close:{number}", actor=chair, at=closed)
    issue_resolution(session, decision_id=decision.decision_id, secret=stage.secret_key, actor=chair, at=closed)


def tell_decisions(stage: Stage) -> None:
    """Stage the letters about what was carried or not, let the chair approve them, and send them together."""
    analyst, chair = stage.one("analyst"), stage.one("chair")
    staged = stage.when("meeting") + timedelta(days=1)
    with stage.database.read() as session:
        waiting = count_unwritten(session, analyst, stage.scenario.call)
    if not any(waiting.get(outcome) for outcome in ("carried", "rejected")):
        return

    def work(session: Session) -> None:
        batch = stage_letters(
            session,
            call_code=stage.scenario.call,
            outcomes=["carried", "rejected"],
            key="demo:letters:stage",
            actor=analyst,
            at=staged,
        )
        approve_batch(session, batch_id=batch, actor=chair, at=staged + timedelta(hours=2))
        send_batch(session, batch_id=batch, key="demo:letters:send", actor=analyst, at=staged + timedelta(hours=3))

    stage.write(work)


def meet_conditions(stage: Stage) -> None:
    """Hand in evidence for every condition that has to hold, by its owner, and let somebody else accept it."""
    analyst, chair = stage.one("analyst"), stage.one("chair")
    evidence = {item["text_ko"]: item["evidence_ko"] for item in stage.scenario.document["conditions"]}
    at = stage.when("award_signing") - timedelta(days=1)
    with stage.database.read() as session:
        rows = list_conditions(session, analyst, call_code=stage.scenario.call, state="open")

    def work(session: Session) -> None:
        for row in rows:
            owner = next(one for one in (analyst, stage.one("finance")) if one.person_id == row.owner_id)
            key = f"demo:evidence:{row.application_number}:{row.number}"
            version = submit_evidence(
                session, condition_id=row.condition_id, text=evidence[row.text], key=key, actor=owner, at=at
            )
            accept_evidence(
                session,
                condition_id=row.condition_id,
                version=version,
                actor=chair if owner is analyst else analyst,
                at=at + timedelta(hours=1),
            )

    stage.write(work)
