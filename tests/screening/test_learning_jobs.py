"""What the clock does about models: shadow nightly, train weekly, calibrate monthly; and who is drawn."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from pathlib import Path

from learning_cases import file_reviews, rate
from sqlalchemy import select

from config import Settings
from fundapp.core.access import SYSTEM, Role, Viewer
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application
from fundapp.jobs import run_job
from fundapp.screening.actions import ScreenResult, screen_call
from fundapp.screening.labels import count_new_labels
from fundapp.screening.learning_queries import drawn_low_scorers, models_page
from fundapp.screening.tables import Scorecard
from fundapp.screening.watching import watch_scores
from scoring import drawn_for_review

DAY = timedelta(days=1)


def test_the_clock_trains_on_ten_new_labels_shadows_and_judges_after_four_weeks(
    db: Database, call: str, at: datetime, tmp_path: Path
) -> None:
    settings = Settings.from_environment({"FUND_HOME": str(tmp_path)})
    screen_call(db, call, actor=SYSTEM, at=at)
    assert run_job(db, settings, "train-challenger", at).result == {"new_labels": 0, "trained": None, "verdicts": {}}
    file_reviews(db, rate(db, at + DAY), at)
    trained = at + 150 * DAY
    first = run_job(db, settings, "train-challenger", trained)
    assert (first.run_key, first.result["new_labels"]) == ("train-challenger:2026-W41", 114)
    version = first.result["trained"]
    assert run_job(db, settings, "shadow-scores", trained).result == {"scored": {version: 114}}
    stopped = run_job(db, settings, "train-challenger", trained + 28 * DAY)
    assert stopped.result == {"new_labels": 0, "trained": None, "verdicts": {}}
    for night in range(1, 28):
        assert run_job(db, settings, "shadow-scores", trained + night * DAY).result == {"scored": {version: 0}}
    again = run_job(db, settings, "train-challenger", trained + 35 * DAY)
    assert again.result == {"new_labels": 0, "trained": None, "verdicts": {version: True}}
    monthly = run_job(db, settings, "calibrate-model", trained)
    assert (monthly.run_key, monthly.result) == ("calibrate-model:2026-10", {"calibration": None, "drift": []})
    with db.read() as session:
        page = models_page(session, SYSTEM, at=trained + 28 * DAY)
        assert page.serving is None
        assert [(row.version, row.shadow_weeks, row.shadowed, len(row.verdicts)) for row in page.models] == [
            (version, 4, 114, 1)
        ]


def test_labels_too_few_to_learn_from_are_no_failure_of_the_clock(
    db: Database, call: str, at: datetime, tmp_path: Path
) -> None:
    settings = Settings.from_environment({"FUND_HOME": str(tmp_path)})
    screen_call(db, call, actor=SYSTEM, at=at)
    file_reviews(db, rate(db, at + DAY)[:24], at)
    outcome = run_job(db, settings, "train-challenger", at + 150 * DAY)
    assert (outcome.ran, outcome.result["new_labels"], outcome.result["trained"]) == (True, 12, None)
    assert "12 labels" in outcome.result["refused"]


def test_a_tenth_of_the_low_scorers_is_drawn_and_stays_drawn(
    db: Database, call: str, scored: ScreenResult, at: datetime
) -> None:
    with db.read() as session:
        drawn = drawn_low_scorers(session, SYSTEM, call)
        again = drawn_low_scorers(session, SYSTEM, call)
        salt = session.scalars(select(Application.call_id)).first()
        low = session.execute(
            select(Application.number, Scorecard.total_tenths)
            .join(Scorecard, Scorecard.application_id == Application.id)
            .where(Scorecard.total_tenths < 500, Application.state == "eligible")
        ).all()
        member = Viewer(uuid.uuid4(), roles=frozenset({Role.COMMITTEE}))
        assert drawn_low_scorers(session, member, call) == []
    assert salt is not None
    assert drawn == again
    assert {row.number for row in drawn} <= {row.number for row in low}
    assert len(drawn) < len(low) / 2


def test_one_in_ten_is_drawn_by_number_and_salt() -> None:
    drawn = sum(drawn_for_review(f"AX-{number}", salt="a") for number in range(10_000))
    assert 900 < drawn < 1_100


def test_what_is_watched_comes_from_what_is_on_record(db: Database, scored: ScreenResult, at: datetime) -> None:
    ratings = rate(db, at + DAY)
    with db.read() as session:
        assert count_new_labels(session, ratings) == 114
        watch = watch_scores(session, SYSTEM, ratings)
        admin = watch_scores(session, Viewer(uuid.uuid4(), roles=frozenset({Role.ADMIN})), ratings)
        nothing = watch_scores(session, SYSTEM, [])
    assert (watch.labels, watch.drift, watch.calibration) == ((114, 89), (), None)
    assert watch.leniency is not None
    assert [(one.ratings, one.leniency) for one in watch.leniency.reviewers] == [(114, 0.0), (114, 0.0)]
    assert watch.agreement is not None
    assert watch.agreement.applications == 114
    assert [sum(group.rows for group in one.groups) for one in watch.selection] == [114, 114]
    assert (admin.leniency, admin.agreement) == (None, None)
    assert (nothing.labels, nothing.leniency, nothing.agreement) == ((0, 0), None, None)
