"""The way of a call: what a definition may say, how it is enforced, and how two people change it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import (
    ForbiddenError,
    FourEyesError,
    InvalidInputError,
    NotFoundError,
    TransitionRefusedError,
)
from fundapp.core.orm import new_id
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person
from fundapp.intake.actions import discard_workflow, move_application, open_call, propose_workflow, publish_workflow
from fundapp.intake.rules import ARROWS, STATES, StrandedError
from fundapp.intake.tables import Application, Call, Company, Submission, Transition, WorkflowVersion
from fundapp.intake.way_queries import own_stages, preview_way, stages_of, way_page
from fundapp.intake.workflow import BUILT_IN, parse_workflow

AT = datetime(2026, 5, 20, 3, 0, tzinfo=UTC)
INTERVIEW = {"key": "interview", "ko": "대면 심사", "en": "Interview", "applicant_ko": "면담", "applicant_en": "Talk"}
TO = {"from": "eligible", "to": "interview", "ko": "대면 심사로", "en": "Invite"}
BACK = {"from": "interview", "to": "eligible", "verb": "back", "ko": "되돌리기", "en": "Back", "reason": True}
ON = {"from": "interview", "to": "proposed", "verb": "propose"}
SECTION: dict[str, Any] = {"stages": [INTERVIEW], "steps": [TO, BACK, ON]}
QUESTIONS = frozenset({"contact_email"})


def read(section: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the way, or its refusal
    return parse_workflow({"workflow": section}, QUESTIONS)


# ---- definition ----


def test_a_call_without_a_section_follows_today_s_way() -> None:
    assert parse_workflow({}, ()) == BUILT_IN == read({})
    assert tuple(stage.key for stage in BUILT_IN.stages) == STATES
    assert [(one.verb, one.source, one.target) for one in BUILT_IN.steps] == [
        (one.verb, one.source, one.target) for one in ARROWS
    ]


def test_a_stage_of_its_own_stands_where_the_call_puts_it_with_both_its_names() -> None:
    way = read(SECTION)
    keys = [stage.key for stage in way.stages]
    assert keys[keys.index("eligible") + 1] == "interview"
    stage = way.find_stage("interview")
    assert (stage.ko, stage.applicant_ko, stage.core) == ("대면 심사", "면담", False)
    assert way.step("interview", "propose").target == "proposed"
    assert [step.verb for step in way.own_steps("interview")] == ["back"]
    assert [step.verb for step in way.own_steps("eligible")] == ["to_interview"]


def test_an_optional_stage_may_be_left_out_and_what_led_there_leads_on() -> None:
    way = read({"leave_out": ["deferred"]})
    assert way.find_stage("deferred") is None
    assert way.step("proposed", "defer").target == "eligible"


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("no table", {"stages": "x"}, "workflow.stages"),
    ("unknown key", {"stage": []}, "workflow.stage"),
    ("bad key", {"stages": [INTERVIEW | {"key": "In Terview"}]}, "workflow.stages[1].key"),
    ("core key", {"stages": [INTERVIEW | {"key": "approved"}]}, "workflow.stages[1].key"),
    ("no name", {"stages": [INTERVIEW | {"en": ""}]}, "workflow.stages[1].en"),
    ("tone", {"stages": [INTERVIEW | {"tone": "pink"}]}, "workflow.stages[1].tone"),
    ("icon", {"stages": [INTERVIEW | {"icon": "../x"}]}, "workflow.stages[1].icon"),
    ("after", {"stages": [INTERVIEW | {"after": "nowhere"}]}, "workflow.stages[1].after"),
    ("unknown stage", SECTION | {"steps": [TO | {"to": "visit"}]}, "workflow.steps[1].to"),
    ("unreachable", {"stages": [INTERVIEW], "steps": [BACK, ON]}, "workflow.stages.interview"),
    ("no way out", {"stages": [INTERVIEW], "steps": [TO]}, "workflow.stages.interview"),
    ("role", SECTION | {"steps": [TO | {"role": "king"}, BACK]}, "workflow.steps[1].role"),
    ("question", SECTION | {"steps": [TO | {"fields": ["shoe_size"]}, BACK]}, "workflow.steps[1].fields"),
    ("past the committee", SECTION | {"steps": [TO, BACK, {**TO, "from": "interview", "to": "approved"}]},
     "workflow.steps[3].to"),
    ("past screening", {"steps": [{**TO, "from": "submitted", "to": "eligible"}]}, "workflow.steps[1].from"),
    ("core verb elsewhere", SECTION | {"steps": [TO, BACK, ON | {"verb": "approve", "to": "approved"}]},
     "workflow.steps[3].verb"),
    ("core verb bent", SECTION | {"steps": [TO, BACK, ON | {"to": "eligible"}]}, "workflow.steps[3].to"),
    ("machine", {"steps": [{"verb": "hold", "from": "submitted", "to": "on_hold", "reason": True}]},
     "workflow.steps[1].verb"),
    ("taken away", {"take_away": [{"verb": "approve", "from": "proposed"}]}, "workflow.take_away"),
    ("nothing proposes", {"take_away": [{"verb": "propose", "from": one} for one in ("eligible", "deferred")]},
     "workflow.steps"),
    ("core left out", {"leave_out": ["approved"]}, "workflow.leave_out"),
]  # fmt: skip


@pytest.mark.parametrize(("section", "field"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG])
def test_a_way_that_cannot_work_is_refused_with_its_key(section: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read(section)
    assert refused.value.details["field"] == field


# ---- in force ----


@dataclass(frozen=True)
class Scene:
    call: str
    call_id: uuid.UUID
    application_id: uuid.UUID
    one: Viewer
    two: Viewer


def document(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - TOML values
    question = {"key": "contact_email", "kind": "email", "label_ko": "이메일", "label_en": "E-mail"}
    return {
        "code": "AX-W",
        "title_ko": "시험",
        "title_en": "Test",
        "opens": "2026-04-01T10:00:00+09:00",
        "closes": "2026-06-01T10:00:00+09:00",
        "sections": [{"key": "who", "title_ko": "누구", "title_en": "Who", "questions": [question]}],
        **more,
    }


def add_person(session: Session, name: str, *roles: str) -> Viewer:
    person = Person(email=f"{name.lower()}@example.org", name=name, created_at=AT, confirmed_at=AT)
    session.add(person)
    session.flush()
    return Viewer(person.id, name=name, email=person.email, roles=frozenset(roles))


def set_up(
    db: Database, section: dict[str, Any] | None = None, state: str = "eligible", email: str = "a@b.example"
) -> Scene:
    def work(session: Session) -> Scene:
        asked = document(**({"workflow": section} if section else {}))
        open_call(session, actor=SYSTEM, at=AT, document=asked, text=repr(asked))
        call = session.scalars(select(Call)).one()
        company = Company(identifier="1234567891", name="가온", created_at=AT)
        session.add(company)
        session.flush()
        way = session.scalar(select(WorkflowVersion.id).where(WorkflowVersion.call_id == call.id))
        application = Application(
            number="AX-W-0001",
            call_id=call.id,
            company_id=company.id,
            state=state,
            answers={},
            created_at=AT,
            updated_at=AT,
            **({"workflow_id": way} if way else {}),
        )
        session.add(application)
        session.flush()
        session.add(
            Submission(
                application_id=application.id,
                version=1,
                answers={"contact_email": email} if email else {},
                sha256="0" * 64,
                submitted_at=AT,
                submitted_by="x",
            )
        )
        one = add_person(session, "One", "admin")
        return Scene("AX-W", call.id, application.id, one, add_person(session, "Two", "admin"))

    return db.transaction(work)


def move(db: Database, scene: Scene, verb: str, reason: str | None = None, actor: Viewer = SYSTEM) -> str:
    return db.transaction(
        lambda s: move_application(
            s, s.get_one(Application, scene.application_id), verb, actor=actor, at=AT, reason=reason
        )
    )


def propose(db: Database, scene: Scene, section: dict[str, Any], who: Viewer | None = None) -> int:
    return db.transaction(
        lambda s: propose_workflow(
            s, call_code=scene.call, section=section, note="면담을 넣음", actor=who or scene.one, at=AT
        )
    )


def publish(db: Database, scene: Scene, version: int, who: Viewer | None = None) -> int:
    return db.transaction(
        lambda s: publish_workflow(s, call_code=scene.call, version=version, actor=who or scene.two, at=AT)
    )


def test_an_application_walks_the_call_s_own_way_and_no_other(db: Database) -> None:
    scene = set_up(db, SECTION | {"take_away": [{"verb": "propose", "from": "eligible"}]})
    with pytest.raises(TransitionRefusedError):
        move(db, scene, "propose")
    assert move(db, scene, "to_interview") == "interview"
    with pytest.raises(InvalidInputError, match="reason"):
        move(db, scene, "back")
    assert move(db, scene, "back", "자료 보완") == "eligible"
    assert [move(db, scene, verb) for verb in ("to_interview", "propose", "approve")] == [
        "interview",
        "proposed",
        "approved",
    ]
    with db.read() as session:
        history = session.execute(select(Transition.verb, Transition.reason).order_by(Transition.id)).all()
    assert [tuple(row) for row in history][:2] == [("to_interview", None), ("back", "자료 보완")]


def test_the_database_refuses_a_step_that_the_call_has_taken_away(db: Database) -> None:
    scene = set_up(db, SECTION | {"take_away": [{"verb": "propose", "from": "eligible"}]})
    for state in ("proposed", "visit"):
        with pytest.raises(IntegrityError):
            db.transaction(lambda s, state=state: s.execute(update(Application).values(state=state)))  # type: ignore[misc]
    db.transaction(lambda s: s.execute(update(Application).values(state="interview")))
    assert move(db, scene, "propose") == "proposed"


def test_a_step_may_ask_for_a_role_and_for_answers_that_were_sent(db: Database) -> None:
    scene = set_up(db, SECTION | {"steps": [TO | {"role": "chair", "fields": ["contact_email"]}, BACK, ON]}, email="")
    with pytest.raises(ForbiddenError):
        move(db, scene, "to_interview")
    chair = Viewer(None, name="chair", roles=frozenset({"chair"}))
    with pytest.raises(InvalidInputError, match="answers are missing: E-mail"):
        move(db, scene, "to_interview", actor=chair)
    full = Submission(
        application_id=scene.application_id,
        version=2,
        answers={"contact_email": "a@b.example"},
        sha256="1" * 64,
        submitted_at=AT + timedelta(days=1),
        submitted_by="x",
    )
    db.transaction(lambda s: (s.add(full), s.flush()))
    assert move(db, scene, "to_interview", actor=chair) == "interview"


def test_stages_are_told_by_call_with_their_names(db: Database) -> None:
    set_up(db, SECTION)
    with db.read() as session:
        assert [stage.key for stage in stages_of(session, "AX-W")][3:5] == ["eligible", "interview"]
        assert own_stages(session)["interview"].applicant_en == "Talk"
        with pytest.raises(NotFoundError):
            stages_of(session, "NO")


def test_a_wrong_way_opens_no_call_and_an_open_one_is_not_changed_by_its_file(db: Database) -> None:
    bad = document(workflow={"stages": [INTERVIEW]})
    with pytest.raises(InvalidInputError, match=r"workflow\.stages\.interview"):
        db.transaction(lambda s: open_call(s, actor=SYSTEM, at=AT, document=bad, text="bad"))
    set_up(db)
    changed = document(workflow=SECTION)
    with pytest.raises(InvalidInputError, match="workflow"):
        db.transaction(lambda s: open_call(s, actor=SYSTEM, at=AT, document=changed, text="changed"))


# ---- changing it ----


def test_two_people_change_the_way_and_every_application_follows_in_one_step(db: Database) -> None:
    scene = set_up(db)
    version = propose(db, scene, SECTION)
    with pytest.raises(TransitionRefusedError):
        move(db, scene, "to_interview")
    with pytest.raises(FourEyesError):
        publish(db, scene, version, scene.one)
    assert publish(db, scene, version) == 1
    with pytest.raises(TransitionRefusedError):
        publish(db, scene, version)
    assert move(db, scene, "to_interview") == "interview"
    with db.read() as session:
        page = way_page(session, scene.one, scene.call)
    assert [(one.version, one.state, one.approved_by) for one in page.versions] == [(1, "in_force", "Two")]
    assert page.standing == {"interview": 1}


def test_a_change_that_would_strand_an_application_is_refused_and_moves_nothing(db: Database) -> None:
    scene = set_up(db, SECTION)
    move(db, scene, "to_interview")
    version = propose(db, scene, {"leave_out": ["deferred"]})
    with pytest.raises(StrandedError) as refused:
        publish(db, scene, version)
    assert refused.value.message("ko") == "없어지는 단계에 신청이 있습니다: 대면 심사 1건. 먼저 옮긴 뒤 시행하세요."
    with db.read() as session:
        rows = session.execute(select(WorkflowVersion.version, WorkflowVersion.state))
        states = {number: state for number, state in rows}  # noqa: C416 - dict() loses the types
    assert (states[1], states[version]) == ("in_force", "proposed")
    move(db, scene, "back", "면담을 마침")
    assert publish(db, scene, version) == 1
    with pytest.raises(IntegrityError):
        db.transaction(lambda s: s.execute(update(Application).values(state="interview")))


def test_the_preview_tells_what_is_stranded_lost_gained_and_lacking(db: Database) -> None:
    scene = set_up(db, SECTION, email="")
    with db.read() as session:
        lost = {"steps": [{"verb": "propose", "from": "eligible", "to": "proposed", "fields": ["contact_email"]}]}
        _, impact = preview_way(session, scene.one, scene.call, lost)
    assert [(step.verb, step.source, count) for step, count in impact.lost] == [
        ("to_interview", "eligible", 1),
        ("back", "interview", 0),
        ("propose", "interview", 0),
    ]
    assert [(step.verb, field, count) for step, field, count in impact.lacking] == [("propose", "contact_email", 1)]
    assert impact.stranded == ()
    move(db, scene, "to_interview")
    with db.read() as session:
        _, impact = preview_way(session, scene.one, scene.call, lost)
        recused = Viewer(new_id(), roles=frozenset({"analyst"}), recused_from=frozenset({scene.application_id}))
        _, hidden = preview_way(session, recused, scene.call, lost)
    assert [(stage.key, count) for stage, count in impact.stranded] == [("interview", 1)]
    assert hidden.stranded == ()


def test_one_proposal_waits_at_a_time_and_can_be_discarded(db: Database) -> None:
    scene = set_up(db)
    version = propose(db, scene, SECTION)
    with pytest.raises(TransitionRefusedError):
        propose(db, scene, {"leave_out": ["deferred"]})
    db.transaction(lambda s: discard_workflow(s, call_code=scene.call, version=version, actor=scene.one, at=AT))
    assert propose(db, scene, SECTION) == version + 1


def test_who_may_not_change_ways_does_not(db: Database) -> None:
    scene = set_up(db)
    analyst = db.transaction(lambda s: add_person(s, "Analyst", "analyst"))
    finance = db.transaction(lambda s: add_person(s, "Finance", "finance"))
    for who in (analyst, finance):
        with pytest.raises(NotFoundError):
            propose(db, scene, SECTION, who)
    with pytest.raises(InvalidInputError, match="nothing has changed"):
        propose(db, scene, {})
    version = propose(db, scene, SECTION)
    with pytest.raises(NotFoundError):
        publish(db, scene, version, finance)
    assert publish(db, scene, version, analyst) == 1
