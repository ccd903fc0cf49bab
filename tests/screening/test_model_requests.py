"""What people ask of models: written down once, done by the clock with their rights, answered with the reason."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from learning_cases import file_reviews, learner, rate, shadow, train
from scenes import Scenes
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from config import Settings
from fundapp.audit.queries import verify_chain
from fundapp.core.access import SYSTEM, Role, Viewer
from fundapp.core.errors import InvalidInputError, ModelRefusedError, NotFoundError
from fundapp.core.sessions import Database
from fundapp.identity.actions import create_person
from fundapp.identity.tables import Person
from fundapp.jobs import run_job
from fundapp.screening.actions import ScreenResult, ask_training, ask_verdict, take_request
from fundapp.screening.learning_queries import models_page
from fundapp.screening.learning_rules import FiledRating
from fundapp.screening.request_queries import RequestRow, explainable_findings, model_requests
from fundapp.screening.tables import FitModel, GateVerdict, ModelRequest

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
TRAINED = 150 * DAY


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environment({"FUND_HOME": str(tmp_path)})


@pytest.fixture
def labelled(db: Database, scored: ScreenResult, at: datetime) -> list[FiledRating]:
    """The ratings of 114 scored applications, on record as reviews."""
    ratings = rate(db, at + DAY)
    file_reviews(db, ratings, at)
    return ratings


@pytest.fixture
def version(db: Database, scenes: Scenes, labelled: list[FiledRating], at: datetime) -> str:
    """The version of a model that was trained on them."""
    return scenes.set(db, "trained on record", lambda: train(db, labelled, SYSTEM, at + TRAINED).version)


@pytest.fixture
def analyst(db: Database, at: datetime) -> Viewer:
    """An analyst as the policy knows them from the database."""
    person_id = db.transaction(
        lambda s: create_person(
            s, actor=SYSTEM, at=at, email="analyst@example.org", name="한지민", roles=["analyst"], password_hash="-"
        )
    )
    return Viewer(person_id, name="한지민", roles=frozenset({Role.ANALYST}))


@pytest.fixture
def work(db: Database, settings: Settings) -> Callable[[datetime], dict[str, object]]:
    """Let the clock do one thing that was asked for."""
    return lambda at: run_job(db, settings, "model-requests", at).result


def asked(db: Database) -> tuple[RequestRow, ...]:
    with db.read() as session:
        return model_requests(session, SYSTEM)


def ask(db: Database, version: str, actor: Viewer, at: datetime, **why: str) -> uuid.UUID:
    reasons = {key.replace("__", ":"): reason for key, reason in why.items()}
    return db.transaction(lambda s: ask_verdict(s, version=version, explained=reasons, actor=actor, at=at))


def test_training_that_is_asked_for_is_done_by_the_clock_in_the_name_of_who_asked(
    db: Database, labelled: list[FiledRating], analyst: Viewer, at: datetime, work: Callable[..., dict[str, object]]
) -> None:
    when = at + TRAINED

    def train_now() -> uuid.UUID:
        return db.transaction(lambda s: ask_training(s, ratings=labelled, actor=analyst, at=when))

    train_now()
    with pytest.raises(ModelRefusedError, match="asked for already"):
        train_now()
    assert [(row.kind, row.state, row.version, row.is_open) for row in asked(db)] == [("train", "waiting", None, True)]
    assert work(when) == {"kind": "train", "version": "2026-10-05.1"}
    assert work(when + MINUTE) == {}
    assert [(row.state, row.version, row.asked_by) for row in asked(db)] == [("done", "2026-10-05.1", "한지민")]
    with db.read() as session:
        assert models_page(session, SYSTEM, at=when).models[0].trained_by == "한지민"
        assert verify_chain(session).ok
    with pytest.raises(ModelRefusedError, match="neither a new label nor a new rubric"):
        train_now()


def test_a_verdict_is_asked_for_once_and_kept_with_its_reasons(
    db: Database, version: str, analyst: Viewer, at: datetime, work: Callable[..., dict[str, object]]
) -> None:
    shadow(db, at + TRAINED)
    when, other = at + TRAINED + 29 * DAY, learner(db, "other", at)
    ask(db, version, analyst, when)
    with pytest.raises(ModelRefusedError, match="asked for already"):
        ask(db, version, other, when)
    assert work(when) == {"kind": "judge", "version": version, "passed": True}
    (row,) = asked(db)
    assert (row.state, row.version, row.passed, row.is_open) == ("done", version, True, False)
    with db.read() as session:
        kept = session.scalars(select(GateVerdict)).one()
        assert (kept.decided_by, kept.passed) == ("한지민", True)
    ask(db, version, analyst, when + MINUTE)
    assert len(asked(db)) == 2


def test_only_findings_of_groups_and_directions_can_be_explained(
    db: Database, version: str, analyst: Viewer, at: datetime, work: Callable[..., dict[str, object]]
) -> None:
    when = at + TRAINED + DAY
    for check in ("gain", "labels", "shadow", "calibration", "leakage"):
        with pytest.raises(InvalidInputError):
            ask(db, version, analyst, when, **{check: "괜찮습니다"})
    ask(db, version, analyst, when, group__region="지방 공모의 몫", sign__team="  ")
    with db.read() as session:
        assert session.scalars(select(ModelRequest)).one().explained == {"group:region": "지방 공모의 몫"}
    assert work(when)["passed"] is False
    with db.read() as session:
        assert explainable_findings(session, SYSTEM, version) == ()
        checks = session.scalars(select(GateVerdict)).one().document["checks"]
    assert [check["key"] for check in checks if check["passed"] is False] == ["shadow"]


def test_a_finding_of_the_newest_verdict_asks_for_its_reason(db: Database, version: str, at: datetime) -> None:
    checks = [
        {"key": key, "passed": passed, "reason": "…", "reason_en": "…"}
        for key, passed in (
            ("gain", False),
            ("group:region", False),
            ("group:company_class", True),
            ("sign:team", False),
        )
    ]
    with db.read() as session:
        model_id = session.scalars(select(FitModel.id)).one()
    verdict = GateVerdict(
        model_id=model_id, champion_id=None, passed=False, document={"checks": checks}, decided_at=at, decided_by="test"
    )
    db.transaction(lambda session: session.add(verdict))
    with db.read() as session:
        assert explainable_findings(session, SYSTEM, version) == ("group:region", "sign:team")
        (row,) = models_page(session, SYSTEM, at=at).models
        assert [one["key"] for one in row.open_findings] == ["group:region", "sign:team"]


def test_what_cannot_be_done_is_answered_with_the_reason(
    db: Database, call: str, analyst: Viewer, at: datetime, work: Callable[..., dict[str, object]]
) -> None:
    db.transaction(lambda s: ask_training(s, ratings=[], actor=analyst, at=at))
    assert "refused" in work(at)
    (row,) = asked(db)
    assert (row.state, row.version, row.is_open) == ("refused", None, False)
    assert "라벨" in row.reason_ko
    assert "labels" in row.reason_en


def test_who_has_lost_the_right_in_the_meantime_gets_nothing_done(
    db: Database, labelled: list[FiledRating], analyst: Viewer, at: datetime, work: Callable[..., dict[str, object]]
) -> None:
    db.transaction(lambda s: ask_training(s, ratings=labelled, actor=analyst, at=at + TRAINED))
    db.transaction(lambda s: s.execute(update(Person).where(Person.id == analyst.person_id).values(active=False)))
    work(at + TRAINED)
    assert [row.state for row in asked(db)] == ["refused"]
    with db.read() as session:
        assert models_page(session, SYSTEM, at=at).models == ()


def test_a_request_whose_process_was_stopped_is_refused_and_can_be_made_again(
    db: Database, call: str, analyst: Viewer, at: datetime
) -> None:
    def ask_again(moment: datetime) -> uuid.UUID:
        return db.transaction(lambda s: ask_training(s, ratings=[], actor=analyst, at=moment))

    first = ask_again(at)
    taken = db.transaction(lambda s: take_request(s, actor=SYSTEM, at=at))
    assert taken is not None
    assert (taken.id, taken.kind, taken.version) == (first, "train", None)
    assert db.transaction(lambda s: take_request(s, actor=SYSTEM, at=at + 40 * MINUTE)) is None
    assert [row.state for row in asked(db)] == ["running"]
    assert db.transaction(lambda s: take_request(s, actor=SYSTEM, at=at + 41 * MINUTE)) is None
    (row,) = asked(db)
    assert (row.state, row.reason_en) == ("refused", "the process was stopped at work; please ask again")
    assert ask_again(at + 42 * MINUTE) != first


def test_the_database_itself_keeps_one_training_open(db: Database, call: str, analyst: Viewer, at: datetime) -> None:
    db.transaction(lambda s: ask_training(s, ratings=[], actor=analyst, at=at))
    twin = ModelRequest(
        kind="train", explained={}, state="waiting", asked_by_id=analyst.person_id, asked_by="…", asked_at=at
    )
    with pytest.raises(DBAPIError):
        db.transaction(lambda session: session.add(twin))


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.COMMITTEE, Role.CHAIR, Role.FINANCE, Role.PARTNER, Role.APPLICANT])
def test_only_analysts_and_admins_ask(db: Database, at: datetime, role: Role) -> None:
    other = Viewer(uuid.uuid4(), roles=frozenset({role}))
    with pytest.raises(NotFoundError):
        db.transaction(lambda s: ask_training(s, ratings=[], actor=other, at=at))
    with pytest.raises(NotFoundError):
        ask(db, "none", other, at)
    with pytest.raises(NotFoundError):
        db.transaction(lambda s: take_request(s, actor=other, at=at))


def test_nobody_asks_in_the_name_of_the_machine(db: Database, call: str, at: datetime) -> None:
    with pytest.raises(NotFoundError):
        db.transaction(lambda s: ask_training(s, ratings=[], actor=SYSTEM, at=at))
