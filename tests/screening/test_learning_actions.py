"""Training, the gate, activation by two people, rollback, shadow scores and calibration."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from learning_cases import FITS, gate, learner, rate, shadow, train
from scenes import Scenes
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

import config
from fundapp.audit.queries import verify_chain
from fundapp.core.access import SYSTEM, Role, Viewer
from fundapp.core.errors import FourEyesError, InvalidInputError, ModelRefusedError, NotFoundError
from fundapp.core.orm import Base
from fundapp.core.quarters import kst_date
from fundapp.core.schema import downgrade_schema, upgrade_schema
from fundapp.core.sessions import Database
from fundapp.screening.actions import (
    ScreenResult,
    approve_activation,
    calibrate_model,
    propose_activation,
    replay_scorecards,
    rollback_model,
    score_shadows,
    screen_call,
    train_challenger,
)
from fundapp.screening.labels import MEANING, WITH_OUTCOMES, collect_labels, count_new_labels, meaning_of
from fundapp.screening.learning_queries import models_page, ripe_models
from fundapp.screening.learning_rules import FiledRating, Outcome, fit_rating, shadow_stopped, weeks_of_nights
from fundapp.screening.queries import list_scores
from fundapp.screening.tables import FitModel, GateVerdict, ModelActivation, Scorecard, ShadowNight, ShadowScore
from scoring import parse_model

DAY = timedelta(days=1)
TRAINED, JUDGED = 150 * DAY, 179 * DAY


@pytest.fixture
def screened(db: Database, scored: ScreenResult, at: datetime) -> list[FiledRating]:
    """The ratings of 114 scored applications, two of each."""
    return rate(db, at + DAY)


@pytest.fixture
def version(db: Database, scenes: Scenes, screened: list[FiledRating], at: datetime) -> str:
    """The version of a model that was trained on them."""
    return scenes.set(db, "trained", lambda: train(db, screened, SYSTEM, at + TRAINED).version)


@pytest.fixture
def serving(db: Database, scenes: Scenes, version: str, screened: list[FiledRating], at: datetime) -> str:
    """The version of a model that was in the shadow for four weeks, passed the gate and serves."""

    def let_in() -> str:
        shadow(db, at + TRAINED)
        assert gate(db, version, screened, SYSTEM, at + JUDGED).passed
        activate(db, at + JUDGED, version)
        return version

    return scenes.set(db, "serving", let_in)


def activate(db: Database, at: datetime, version: str) -> tuple[Viewer, Viewer]:
    first, second = learner(db, "first", at), learner(db, "second", at, "admin")
    db.transaction(lambda s: propose_activation(s, version=version, reason="하한이 0보다 큽니다.", actor=first, at=at))
    db.transaction(lambda s: approve_activation(s, version=version, actor=second, at=at))
    return first, second


def test_two_blind_ratings_make_a_label_of_what_was_rated(
    db: Database, screened: list[FiledRating], at: datetime
) -> None:
    with db.read() as session:
        labels = collect_labels(session, screened)
        alone = collect_labels(session, screened[::2])
    assert (len(labels), alone) == (114, [])
    fits = {rating.application_id for rating in screened if rating.total_tenths == FITS}
    assert {label.application_id for label in labels if label.fits} == fits
    assert {label.rating for label in labels} == {3.0, 1.0}
    assert [label.decided_at for label in labels] == sorted(label.decided_at for label in labels)
    assert all("region" not in label.facts.values for label in labels)
    assert all(set(label.groups) == {"company_class", "region"} for label in labels)


def outcome(application_id: uuid.UUID, at: datetime, *, used_permille: int) -> Outcome:
    """Return what became of an award whose hours were used so far."""
    return Outcome(
        application_id,
        at + 40 * DAY,
        awarded_value=1_000,
        used_value=used_permille,
        first_known_at=at + 250 * DAY,
        known_at=at + 300 * DAY,
    )


def test_what_became_of_an_award_overrules_what_two_people_expected(
    db: Database, screened: list[FiledRating], version: str, at: datetime
) -> None:
    fitting = next(one.application_id for one in screened if one.total_tenths == FITS)
    other = next(one.application_id for one in screened if one.total_tenths != FITS)
    became = [outcome(fitting, at, used_permille=499), outcome(other, at, used_permille=500)]
    with db.read() as session:
        labels = {label.application_id: label for label in collect_labels(session, screened, became)}
        plain = collect_labels(session, screened)
        assert (count_new_labels(session, screened), count_new_labels(session, screened, became)) == (0, 2)
    assert (labels[fitting].fits, labels[fitting].rating, labels[fitting].became) == (0, 3.0, True)
    assert (labels[other].fits, labels[other].rating, labels[other].became) == (1, 1.0, True)
    assert labels[other].decided_at == at + 300 * DAY
    assert labels[other].first_at == next(one.decided_at for one in plain if one.application_id == other)
    assert len(labels) == len(plain)
    assert (meaning_of(plain), meaning_of(list(labels.values()))) == (MEANING, WITH_OUTCOMES)


def test_an_award_without_two_blind_ratings_is_labelled_by_its_outcome_and_has_no_rating(
    db: Database, screened: list[FiledRating], at: datetime
) -> None:
    (known,) = {screened[0].application_id}
    with db.read() as session:
        (label,) = collect_labels(session, screened[:1], [outcome(known, at, used_permille=900)])
    assert (label.application_id, label.fits, label.rating) == (known, 1, None)


@pytest.mark.parametrize(
    ("total", "rating"), [(200, 0), (299, 0), (300, 1), (400, 1), (699, 2), (700, 3), (800, 3), (900, 4), (1000, 4)]
)
def test_a_weighted_total_of_ones_to_fives_is_a_fit_rating_of_nought_to_four(total: int, rating: int) -> None:
    assert fit_rating(total) == rating


def test_a_model_is_trained_apart_and_kept_byte_for_byte(
    db: Database, screened: list[FiledRating], at: datetime
) -> None:
    made = train(db, screened, SYSTEM, at + TRAINED)
    again = train(db, screened, SYSTEM, at + TRAINED)
    assert (made.version, again.version) == ("2026-10-05.1", "2026-10-05.2")
    assert (made.labels, made.method) == (114, "ridge")
    assert made.metrics["model"]["log_loss"] < made.metrics["recalibrated_rubric"]["log_loss"]
    with db.read() as session:
        kept = session.scalars(select(FitModel).order_by(FitModel.version)).first()
        assert kept is not None
        assert parse_model(kept.text).canonical_json() == kept.text
        assert parse_model(kept.text).sha256 == kept.sha256 == made.sha256
        assert session.scalar(select(func.count()).select_from(ModelActivation)) == 0
        assert verify_chain(session).ok


def test_too_few_labels_are_refused_with_their_number(db: Database, screened: list[FiledRating], at: datetime) -> None:
    with pytest.raises(ModelRefusedError) as refused:
        train(db, screened[:24], SYSTEM, at + TRAINED)
    assert "라벨 12개" in refused.value.message("ko")
    assert "12 labels" in refused.value.message("en")
    with db.read() as session:
        assert session.scalars(select(FitModel)).all() == []


def test_a_training_process_that_dies_is_named(db: Database, screened: list[FiledRating], at: datetime) -> None:
    with pytest.raises(ModelRefusedError, match="training process failed"):
        train_challenger(
            db, ratings=screened, environment={"PYTHONPATH": "", "PYTHONHOME": "/nowhere"}, actor=SYSTEM, at=at
        )


def test_the_gate_keeps_its_verdict_with_every_reason_whichever_way_it_goes(
    db: Database, screened: list[FiledRating], version: str, at: datetime
) -> None:
    early = gate(db, version, screened, SYSTEM, at + TRAINED)
    failed = [check for check in early.document["checks"] if check["passed"] is False]
    assert (early.passed, [(check["key"], check["value"]) for check in failed]) == (False, [("shadow", 0)])
    assert shadow(db, at + TRAINED, nights=2) == [{version: 114}, {version: 0}]
    assert gate(db, version, screened, SYSTEM, at + TRAINED + 27 * DAY).passed is False
    shadow(db, at + TRAINED + 2 * DAY, nights=26)
    assert gate(db, version, screened, SYSTEM, at + TRAINED + 28 * DAY).passed is True
    with db.read() as session:
        kept = session.scalars(select(GateVerdict).order_by(GateVerdict.decided_at)).all()
        assert [verdict.passed for verdict in kept] == [False, False, True]
        assert all(check["reason"] and check["reason_en"] for check in kept[0].document["checks"])
        assert session.scalar(select(func.count()).select_from(ShadowScore)) == 114


def test_nights_that_a_stopped_clock_missed_are_no_weeks_in_the_shadow(
    db: Database, screened: list[FiledRating], version: str, at: datetime
) -> None:
    shadow(db, at + TRAINED, nights=6)
    back = at + TRAINED + 60 * DAY
    with db.read() as session:
        row = models_page(session, SYSTEM, at=back).models[0]
        assert (row.shadow_weeks, row.shadow_stopped, row.last_night) == (0, True, kst_date(at + TRAINED + 5 * DAY))
        assert ripe_models(session, weeks=1) == []
    found = gate(db, version, screened, SYSTEM, back).document["checks"]
    assert [(check["passed"], check["value"]) for check in found if check["key"] == "shadow"] == [(False, 0)]
    shadow(db, back, nights=1)
    db.transaction(lambda s: score_shadows(s, actor=SYSTEM, at=back + timedelta(hours=1)))
    with db.read() as session:
        row = models_page(session, SYSTEM, at=back + DAY).models[0]
        assert (row.shadow_weeks, row.shadow_stopped, row.shadowed) == (1, False, 114)
        assert ripe_models(session, weeks=1) == [version]
        assert session.scalar(select(func.count()).select_from(ShadowNight)) == 7
    db.transaction(lambda s: score_shadows(s, actor=SYSTEM, at=back + 3 * DAY))
    with db.read() as session:
        assert models_page(session, SYSTEM, at=back + 5 * DAY).models[0].shadow_stopped is True


def test_nights_before_they_were_kept_are_those_on_which_something_was_scored(
    db: Database, version: str, at: datetime
) -> None:
    shadow(db, at + TRAINED, nights=10)
    downgrade_schema(db, "0022_rubric_drafts")
    upgrade_schema(db)
    with db.read() as session:
        assert session.scalars(select(ShadowNight.day)).all() == [kst_date(at + TRAINED)]
        assert models_page(session, SYSTEM, at=at + JUDGED).models[0].shadow_weeks == 0


@pytest.mark.parametrize(("nights", "weeks"), [(0, 0), (6, 0), (7, 1), (27, 3), (28, 4)])
def test_seven_nights_are_a_week(nights: int, weeks: int) -> None:
    assert weeks_of_nights(nights) == weeks


@pytest.mark.parametrize(
    ("last", "today", "stopped"),
    [(None, 2, False), (None, 3, True), (5, 5, False), (5, 6, False), (5, 7, True)],
)
def test_a_shadow_has_stopped_once_a_night_is_missing(last: int | None, today: int, stopped: bool) -> None:  # noqa: FBT001 - what is expected
    november = [date(2026, 11, day) for day in range(1, 9)]
    night = None if last is None else november[last]
    assert shadow_stopped(night, november[1], november[today]) is stopped


def test_labels_without_meaning_let_no_model_in(db: Database, scored: ScreenResult, at: datetime) -> None:
    ratings = rate(db, at, useful=False)
    version = train(db, ratings, SYSTEM, at + TRAINED).version
    shadow(db, at + TRAINED)
    verdict = gate(db, version, ratings, SYSTEM, at + JUDGED)
    assert verdict.passed is False
    assert "gain" in [check["key"] for check in verdict.document["checks"] if check["passed"] is False]


def test_two_people_activate_what_passed_and_nobody_alone(
    db: Database, screened: list[FiledRating], version: str, at: datetime
) -> None:
    first, second = learner(db, "first", at), learner(db, "second", at, "admin")

    def propose(actor: Viewer = first, reason: str = "더 낫습니다.") -> uuid.UUID:
        return db.transaction(
            lambda s: propose_activation(s, version=version, reason=reason, actor=actor, at=at + JUDGED)
        )

    def approve(actor: Viewer) -> None:
        db.transaction(lambda s: approve_activation(s, version=version, actor=actor, at=at + JUDGED))

    with pytest.raises(ModelRefusedError, match="not judged"):
        propose()
    gate(db, version, screened, SYSTEM, at + TRAINED)
    with pytest.raises(ModelRefusedError, match="0 weeks in shadow"):
        propose()
    shadow(db, at + TRAINED)
    gate(db, version, screened, SYSTEM, at + JUDGED)
    with pytest.raises(ModelRefusedError, match="propose it first"):
        approve(second)
    with pytest.raises(InvalidInputError):
        propose(reason="  ")
    with pytest.raises(NotFoundError):
        propose(actor=SYSTEM)
    propose()
    with pytest.raises(ModelRefusedError, match="proposed already"):
        propose(actor=second)
    with pytest.raises(FourEyesError):
        approve(first)
    approve(second)
    with pytest.raises(ModelRefusedError, match="serves already"):
        propose()
    with db.read() as session:
        row = session.scalars(select(ModelActivation)).one()
        assert (row.proposed_by_id, row.approved_by_id, row.number) == (first.person_id, second.person_id, 1)
        assert verify_chain(session).ok


def test_the_database_itself_refuses_one_person_twice(db: Database, serving: str, at: datetime) -> None:
    with db.read() as session:
        row = session.scalars(select(ModelActivation)).one()
        columns = {column.key: getattr(row, column.key) for column in ModelActivation.__table__.columns}
    alone = columns | {"id": uuid.uuid4(), "number": 2, "approved_by_id": columns["proposed_by_id"]}
    with pytest.raises(DBAPIError, match="four_eyes"):
        db.transaction(lambda session: session.add(ModelActivation(**alone | {"proposal_id": None})))


def test_an_active_model_scores_and_a_rollback_leaves_the_rubric_alone(
    db: Database, call: str, serving: str, at: datetime
) -> None:
    result = screen_call(db, call, actor=SYSTEM, at=at + JUDGED)
    assert (result.model, result.scored, result.passed, result.held) == (serving, 114, 0, 0)
    with db.read() as session:
        sha256 = session.scalars(select(FitModel.sha256)).one()
        cards = session.scalars(select(Scorecard).where(Scorecard.model_sha256.is_not(None))).all()
        assert {card.model_sha256 for card in cards} == {sha256}
        for card in cards:
            assert card.document["model"] == serving
            assert sum(one["points_tenths"] for one in card.document["criteria"]) == card.total_tenths
        replay = replay_scorecards(session, every=True)
        assert (replay.replayed, replay.identical) == (228, 228)
        learned = {key: row.total_tenths for key, row in list_scores(session, SYSTEM, call).items()}
    gone = db.transaction(lambda s: rollback_model(s, reason="이상 징후", actor=SYSTEM, at=at + JUDGED))
    assert (gone.version, gone.number) == (None, 2)
    assert screen_call(db, call, actor=SYSTEM, at=at + JUDGED).model is None
    with db.read() as session:
        assert {key: row.total_tenths for key, row in list_scores(session, SYSTEM, call).items()} != learned
    with pytest.raises(ModelRefusedError, match="no model serves"):
        db.transaction(lambda s: rollback_model(s, reason="다시", actor=SYSTEM, at=at + JUDGED))


def test_a_rollback_goes_one_step_back_at_a_time(
    db: Database, screened: list[FiledRating], serving: str, at: datetime
) -> None:
    newer = train(db, screened, SYSTEM, at + JUDGED).version
    with db.read() as session:
        models = {row.version: row.id for row in session.scalars(select(FitModel))}
        people = session.scalars(select(ModelActivation)).one()
    verdict = GateVerdict(
        model_id=models[newer],
        champion_id=models[serving],
        passed=True,
        document={"passed": True, "checks": []},
        decided_at=at + JUDGED + DAY,
        decided_by="test",
    )
    db.transaction(lambda session: session.add(verdict))
    first = Viewer(people.proposed_by_id, name="first", roles=frozenset({Role.ANALYST}))
    second = Viewer(people.approved_by_id, name="second", roles=frozenset({Role.ANALYST}))
    db.transaction(lambda s: propose_activation(s, version=newer, reason="새 라벨", actor=first, at=at + JUDGED))
    db.transaction(lambda s: approve_activation(s, version=newer, actor=second, at=at + JUDGED))
    steps = [
        db.transaction(lambda s: rollback_model(s, reason="되돌림", actor=second, at=at + JUDGED)).version
        for _ in range(2)
    ]
    assert steps == [serving, None]


def test_a_verdict_against_what_no_longer_serves_activates_nothing(
    db: Database, screened: list[FiledRating], serving: str, at: datetime
) -> None:
    rival = train(db, screened, SYSTEM, at + JUDGED).version
    with db.read() as session:
        model_id = session.scalars(select(FitModel.id).where(FitModel.version == rival)).one()
    verdict = GateVerdict(
        model_id=model_id,
        champion_id=None,
        passed=True,
        document={"passed": True, "checks": []},
        decided_at=at + JUDGED,
        decided_by="test",
    )
    db.transaction(lambda session: session.add(verdict))
    third = learner(db, "third", at)
    with pytest.raises(ModelRefusedError, match="judge it again"):
        db.transaction(lambda s: propose_activation(s, version=rival, reason="…", actor=third, at=at + JUDGED))


def test_newer_labels_correct_the_probability_and_no_points(
    db: Database, call: str, screened: list[FiledRating], serving: str, at: datetime
) -> None:
    environment = config.training_environment()
    later = [replace(rating, filed_at=rating.filed_at + JUDGED) for rating in screened]
    with pytest.raises(ModelRefusedError, match="too few"):
        calibrate_model(db, ratings=screened, environment=environment, actor=SYSTEM, at=at + 2 * JUDGED)
    # What became of applications that it learned from by their ratings is known only now, and says nothing new.
    became = [outcome(one.application_id, at, used_permille=one.total_tenths) for one in screened[::2]]
    with pytest.raises(ModelRefusedError, match="too few"):
        calibrate_model(
            db, ratings=screened, outcomes=became, environment=environment, actor=SYSTEM, at=at + 2 * JUDGED
        )
    screen_call(db, call, actor=SYSTEM, at=at + JUDGED)
    made = calibrate_model(db, ratings=later, environment=environment, actor=SYSTEM, at=at + 2 * JUDGED)
    assert made is not None
    assert (made.labels, made.version) == (114, f"{made.model}-c1")
    assert made.found["after"]["log_loss"] <= made.found["before"]["log_loss"]
    assert screen_call(db, call, actor=SYSTEM, at=at + 2 * JUDGED).scored == 114
    with db.read() as session:
        totals = {}
        for card in session.scalars(select(Scorecard).where(Scorecard.model_sha256.is_not(None))):
            totals.setdefault(card.application_id, set()).add(card.total_tenths)
        assert [len(found) for found in totals.values()] == [1] * 114
        assert session.scalar(select(func.count()).where(Scorecard.calibration == made.version)) == 114
        assert replay_scorecards(session, every=True).identical == 342


def test_without_a_model_there_is_nothing_to_calibrate(db: Database, at: datetime) -> None:
    assert calibrate_model(db, ratings=[], environment={}, actor=SYSTEM, at=at) is None


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.COMMITTEE, Role.CHAIR, Role.FINANCE, Role.PARTNER, Role.APPLICANT])
def test_only_analysts_and_admins_train_and_take_back(db: Database, at: datetime, role: Role) -> None:
    other = Viewer(uuid.uuid4(), roles=frozenset({role}))
    with pytest.raises(NotFoundError):
        train(db, [], other, at)
    with pytest.raises(NotFoundError):
        gate(db, "none", [], other, at)
    with pytest.raises(NotFoundError):
        db.transaction(lambda s: rollback_model(s, reason="…", actor=other, at=at))
    with pytest.raises(NotFoundError):
        db.transaction(lambda s: propose_activation(s, version="none", reason="…", actor=other, at=at))
    with pytest.raises(NotFoundError):
        db.transaction(lambda s: score_shadows(s, actor=other, at=at))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_learned_scorecards_replay_identically_after_a_move_to_postgresql(
    db: Database, call: str, screened: list[FiledRating], serving: str, at: datetime, postgres_db: Database
) -> None:
    screen_call(db, call, actor=SYSTEM, at=at + JUDGED)
    later = [replace(rating, filed_at=rating.filed_at + JUDGED) for rating in screened]
    environment = config.training_environment()
    calibrate_model(db, ratings=later, environment=environment, actor=SYSTEM, at=at + 2 * JUDGED)
    screen_call(db, call, actor=SYSTEM, at=at + 2 * JUDGED)
    move(db, postgres_db)
    with postgres_db.read() as session:
        replay = replay_scorecards(session, every=True)
        probabilities = session.scalars(select(ShadowScore.probability_e4).order_by(ShadowScore.id)).all()
    assert (replay.replayed, replay.identical, replay.different) == (342, 342, ())
    with db.read() as session:
        assert session.scalars(select(ShadowScore.probability_e4).order_by(ShadowScore.id)).all() == probabilities


def move(source: Database, target: Database) -> None:
    """Copy every row of one database into another that is migrated and otherwise empty."""
    with source.engine.connect() as old, target.engine.begin() as new:
        for table in Base.metadata.sorted_tables:
            rows = [dict(row) for row in old.execute(select(table)).mappings()]
            present = new.execute(select(func.count()).select_from(table)).scalar_one()
            if rows and not present:
                new.execute(table.insert(), rows)
