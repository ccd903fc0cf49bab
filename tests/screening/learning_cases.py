"""Invented ratings of the example applications: what is good about them is known, and a rubric weighs it too little."""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

import config
from fundapp.committee.rules import CRITERIA, Rating
from fundapp.committee.tables import Review
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person
from fundapp.intake.actions import open_call
from fundapp.intake.call_file import read_call_file
from fundapp.intake.importing import import_applications
from fundapp.intake.tables import Application
from fundapp.screening.actions import Gated, Trained, gate_model, score_shadows, train_challenger
from fundapp.screening.learning_rules import FiledRating
from fundapp.screening.tables import Scorecard

REVIEWERS = (uuid.UUID(int=1), uuid.UUID(int=2))
FITS, DOES_NOT = 800, 400
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def open_example_call(db: Database, at: datetime) -> str:
    """Open the example call and take in its 114 submitted applications; return the call's code."""
    file = read_call_file(EXAMPLES / "calls" / "2026-1.toml")
    opened = db.transaction(lambda s: open_call(s, actor=SYSTEM, at=at, document=file.document, text=file.text))
    import_applications(db, EXAMPLES / "applications.csv", call_code=opened.code, actor=SYSTEM, at=at)
    return opened.code


def learner(db: Database, name: str, at: datetime, *roles: str) -> Viewer:
    """Add somebody and return them as a viewer."""

    def add(session: Session) -> uuid.UUID:
        person = Person(email=f"{name}@example.org", name=name, created_at=at)
        session.add(person)
        session.flush()
        return person.id

    return Viewer(db.transaction(add), name=name, roles=frozenset(roles or ("analyst",)))


def rate(db: Database, at: datetime, *, useful: bool = True, seed: int = 5) -> list[FiledRating]:
    """Return two ratings of each scored application, day by day.

    What decides is certification and team, 15 of the rubric's 100 points, with noise; or, where it is not to be useful,
    chance alone.
    """
    dice = random.Random(seed)  # noqa: S311 - invented data
    ratings = []
    with db.read() as session:
        rows = session.execute(
            select(Scorecard.application_id, Scorecard.document)
            .join(Application, Application.id == Scorecard.application_id)
            .order_by(Application.number)
        ).all()
    for place, (application_id, document) in enumerate(rows):
        points = {one["key"]: one["rule_points"] / one["max"] for one in document["criteria"]}
        merit = points["compliance"] + points["team"] + dice.gauss(0, 0.25)
        fits = merit > 0.75 if useful else dice.random() < 0.5
        for number, reviewer in enumerate(REVIEWERS):
            moment = at + timedelta(days=place, hours=number)
            ratings.append(FiledRating(application_id, reviewer, f"R{number}", FITS if fits else DOES_NOT, moment))
    return ratings


def train(db: Database, ratings: list[FiledRating], actor: Viewer, at: datetime) -> Trained:
    """Train on ratings, in a process of its own."""
    return train_challenger(db, ratings=ratings, environment=config.training_environment(), actor=actor, at=at)


def shadow(db: Database, first: datetime, nights: int = 28) -> list[dict[str, int]]:
    """Score in the shadow, so many nights in a row; return what was scored on each, by version."""
    moments = [first + timedelta(days=night) for night in range(nights)]
    return [db.transaction(lambda s, at=at: score_shadows(s, actor=SYSTEM, at=at)) for at in moments]


def gate(db: Database, version: str, ratings: list[FiledRating], actor: Viewer, at: datetime) -> Gated:
    """Put a model through the gate, in a process of its own."""
    return gate_model(
        db, version=version, ratings=ratings, environment=config.training_environment(), actor=actor, at=at
    )


def file_reviews(db: Database, ratings: list[FiledRating], at: datetime) -> None:
    """Put ratings on record as first reviews of two members."""

    def work(session: Session) -> None:
        people: dict[uuid.UUID, Person] = {}
        for rating in ratings:
            if rating.reviewer not in people:
                made = Person(email=f"{rating.name.lower()}@example.org", name=rating.name, created_at=at)
                session.add(made)
                session.flush()
                people[rating.reviewer] = made
            points = rating.total_tenths // 200
            session.add(
                Review(
                    application_id=rating.application_id,
                    person_id=people[rating.reviewer].id,
                    version=1,
                    ratings=[Rating(one.key, points, "근거를 확인함").as_document() for one in CRITERIA],
                    total_tenths=rating.total_tenths,
                    filed_at=rating.filed_at,
                )
            )

    db.transaction(work)
