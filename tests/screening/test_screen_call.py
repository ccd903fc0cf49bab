"""Scoring a call, judging what was stopped, replaying what was scored."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from fundapp.audit.queries import verify_chain
from fundapp.core.access import SYSTEM, Role, Viewer
from fundapp.core.errors import InputFileError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.sessions import Database
from fundapp.intake.queries import funnel_counts, get_application, list_applications
from fundapp.intake.tables import Application, Transition
from fundapp.screening.actions import judge_knockout, replay_scorecards, score_application, screen_call
from fundapp.screening.queries import find_scorecard, list_judgements, list_scores
from fundapp.screening.rubrics import load_rubric_file
from fundapp.screening.tables import Scorecard


def screen(db: Database, call: str, at: datetime) -> tuple[int, int, int, int]:
    result = screen_call(db, call, actor=SYSTEM, at=at)
    return result.scored, result.unchanged, result.passed, result.held


def application_with(db: Database, call: str, **answers: object) -> uuid.UUID:
    with db.read() as session:
        for application in session.scalars(select(Application).order_by(Application.number)):
            if all(application.answers.get(key) == value for key, value in answers.items()):
                return application.id
    raise AssertionError(answers)


def test_every_submission_is_scored_once_and_moved_by_its_knockouts(db: Database, call: str, at: datetime) -> None:
    scored, unchanged, passed, held = screen(db, call, at)
    assert (scored, unchanged, passed + held) == (114, 0, 114)
    assert screen(db, call, at) == (0, 114, 0, 0)
    with db.read() as session:
        assert funnel_counts(session, SYSTEM, call) == {"eligible": passed, "on_hold": held}
        verdicts = [one.verdict for one in list_scores(session, SYSTEM, call).values()]
        assert verdicts.count("pass") == passed
        assert verify_chain(session).ok


@pytest.mark.parametrize(
    ("answer", "knockout"),
    [
        ({"tax_arrears": True}, "good_standing"),
        ({"foreign_processing_only": True}, "processing_in_korea"),
        ({"assets_krw": 612_000_000_000}, "eligible_company"),
    ],
)
def test_what_a_knockout_stops_goes_on_hold_and_is_never_rejected(
    db: Database, call: str, at: datetime, answer: dict[str, object], knockout: str
) -> None:
    application = application_with(db, call, **answer)
    summary = db.transaction(
        lambda session: score_application(session, application_id=application, actor=SYSTEM, at=at)
    )
    assert (summary.verdict, summary.state) == ("fail", "on_hold")
    with db.read() as session:
        card = find_scorecard(session, SYSTEM, application)
        assert get_application(session, SYSTEM, application).state == "on_hold"
    assert card is not None
    assert knockout in [one["key"] for one in card.document["knockouts"] if one["outcome"] == "fail"]


def test_no_score_however_low_rejects_anybody(db: Database, call: str, at: datetime) -> None:
    screen(db, call, at)
    with db.read() as session:
        scores = list_scores(session, SYSTEM, call)
        lowest = min((one for one in scores.values() if one.verdict == "pass"), key=lambda one: one.total_tenths)
        best_stopped = max((one for one in scores.values() if one.verdict != "pass"), key=lambda one: one.total_tenths)
        assert get_application(session, SYSTEM, lowest.application_id).state == "eligible"
        # Nor does a high one get past a knock-out.
        assert best_stopped.total_tenths > lowest.total_tenths
        assert get_application(session, SYSTEM, best_stopped.application_id).state == "on_hold"
        reached = set(session.scalars(select(Transition.to_state)))
    assert reached.isdisjoint({"ineligible", "rejected", "withdrawn"})


def test_what_a_person_released_stays_released_however_often_it_is_scored(
    db: Database, call: str, at: datetime, tmp_path: Path
) -> None:
    screen(db, call, at)
    application = application_with(db, call, tax_arrears=True)
    db.transaction(
        lambda session: judge_knockout(
            session, application_id=application, outcome="released", reason="완납 증명을 받음", actor=SYSTEM, at=at
        )
    )
    path = tmp_path / "rubric.toml"
    path.write_text(load_rubric_file().text.replace('version = "2026.1"', 'version = "2026.1-b"'), encoding="utf-8")
    screen_call(db, call, actor=SYSTEM, at=at + timedelta(days=1), rubric=load_rubric_file(path))
    with db.read() as session:
        card = find_scorecard(session, SYSTEM, application)
        assert get_application(session, SYSTEM, application).state == "eligible"
    assert card is not None
    # The machine goes on saying what it found; the person's word stands beside it and does not rewrite it.
    assert (card.verdict, card.document["rubric"]) == ("fail", "2026.1-b")


def test_a_scorecard_holds_what_the_command_prints(db: Database, call: str, at: datetime) -> None:
    screen(db, call, at)
    with db.read() as session:
        first = list_applications(session, SYSTEM, call, limit=1)[0]
        card = find_scorecard(session, SYSTEM, first.id)
    assert card is not None
    promised = {"total", "probability", "interval", "knockouts", "criteria", "coverage", "rubric", "model"}
    assert promised | {"inputs_sha256"} <= set(card.document)
    points = [criterion["points_tenths"] for criterion in card.document["criteria"]]
    assert sum(points) == card.total_tenths == round(card.document["total"] * 10)


def test_replaying_gives_every_scorecard_again(db: Database, call: str, at: datetime) -> None:
    screen(db, call, at)
    with db.read() as session:
        replay = replay_scorecards(session, every=True)
    assert (replay.replayed, replay.identical, replay.different) == (114, 114, ())


def test_a_replay_names_a_scorecard_that_was_tampered_with(db: Database, call: str, at: datetime) -> None:
    screen(db, call, at)
    with db.read() as session:
        card = session.scalars(select(Scorecard).order_by(Scorecard.id).limit(1)).one()
        number = session.get_one(Application, card.application_id).number
        columns = {column.key: getattr(card, column.key) for column in Scorecard.__table__.columns}
    # Rows cannot be changed in place, so the forgery is a second version with a better total.
    forged = columns | {"id": uuid.uuid4(), "version": 2, "total_tenths": card.total_tenths + 1}
    db.transaction(lambda session: session.add(Scorecard(**forged)))
    with db.read() as session:
        replay = replay_scorecards(session)
    assert (replay.replayed, [(one.application, one.what) for one in replay.different]) == (114, [(number, "result")])


def test_a_changed_rubric_scores_anew_and_keeps_the_old_scorecard(
    db: Database, call: str, at: datetime, tmp_path: Path
) -> None:
    screen(db, call, at)
    text = load_rubric_file().text.replace('version = "2026.1"', 'version = "2026.1-test"')
    path = tmp_path / "rubric.toml"
    path.write_text(text, encoding="utf-8")
    later = at + timedelta(days=1)
    result = screen_call(db, call, actor=SYSTEM, at=later, rubric=load_rubric_file(path))
    assert (result.scored, result.passed, result.held, result.rubric) == (114, 0, 0, "2026.1-test")
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Scorecard)) == 228
        assert replay_scorecards(session, every=True).identical == 228
        assert replay_scorecards(session).replayed == 114
        assert {one.rubric for one in list_scores(session, SYSTEM, call).values()} == {"2026.1-test"}


def test_a_file_that_is_no_rubric_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rubric.toml"
    path.write_text("version = 1", encoding="utf-8")
    with pytest.raises(InputFileError):
        load_rubric_file(path)


@pytest.mark.parametrize(("outcome", "state"), [("released", "eligible"), ("ineligible", "ineligible")])
def test_a_person_decides_about_what_is_on_hold_with_a_reason(
    db: Database, call: str, at: datetime, outcome: str, state: str
) -> None:
    screen(db, call, at)
    application = application_with(db, call, tax_arrears=True)

    def judge(reason: str) -> str:
        return db.transaction(
            lambda session: judge_knockout(
                session, application_id=application, outcome=outcome, reason=reason, actor=SYSTEM, at=at
            )
        )

    with pytest.raises(InvalidInputError):
        judge("  ")
    assert judge("납부를 확인했습니다.") == state
    with pytest.raises(TransitionRefusedError):
        judge("다시")
    with db.read() as session:
        judgements = list_judgements(session, SYSTEM, application)
    assert [(one.outcome, one.reason) for one in judgements] == [(outcome, "납부를 확인했습니다.")]


def test_recused_people_and_applicants_see_no_scorecard(db: Database, call: str, at: datetime) -> None:
    screen(db, call, at)
    with db.read() as session:
        row = list_applications(session, SYSTEM, call, limit=1)[0]
        member = Viewer(uuid.uuid4(), roles=frozenset({Role.COMMITTEE}))
        applicant = Viewer(uuid.uuid4(), roles=frozenset({Role.APPLICANT}), company_ids=frozenset({row.company_id}))
        recused = replace(member, recused_from=frozenset({row.id}))
        assert find_scorecard(session, member, row.id) is not None
        assert find_scorecard(session, recused, row.id) is None
        assert find_scorecard(session, applicant, row.id) is None
        assert len(list_scores(session, recused, call)) == 113
        assert list_scores(session, applicant, call) == {}


@pytest.mark.parametrize("role", [Role.APPLICANT, Role.COMMITTEE, Role.PARTNER, Role.AUDITOR])
def test_only_an_analyst_screens(db: Database, call: str, at: datetime, role: Role) -> None:
    with pytest.raises(NotFoundError):
        screen_call(db, call, actor=Viewer(uuid.uuid4(), roles=frozenset({role})), at=at)


def test_an_unknown_call_is_not_found(db: Database, at: datetime) -> None:
    with pytest.raises(NotFoundError):
        screen_call(db, "NONE", actor=SYSTEM, at=at)
