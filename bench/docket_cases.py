"""The docket with ten thousand applications and three reviews each, its search, and filing a review.

The floor of a page is the barest one that could stand in its place: Flask, SQLAlchemy and a template, fifty of as many
rows filtered, sorted and counted, without anybody signed in. The floor of filing is the barest route that inserts one.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from page_cases import PASSWORD
from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from stores import Store

from fundapp.committee.actions import keep_all_figures
from fundapp.committee.rules import CRITERIA
from fundapp.committee.tables import Assignment, Review
from fundapp.core.access import SYSTEM
from fundapp.core.orm import Base, new_id
from fundapp.core.sessions import Database
from fundapp.identity.actions import create_person, ensure_roles
from fundapp.identity.passwords import hash_password
from fundapp.identity.tables import Person
from fundapp.intake.listing import list_missing
from fundapp.intake.tables import Application, Call, Company, Submission
from fundapp.screening.tables import RubricVersion, Scorecard

AT = datetime(2026, 9, 1, tzinfo=UTC)
CALL = "AX-BENCH"
MEMBERS = 60
REVIEWS_EACH = 3
WAITING = 20
SECTORS = ("제조", "물류", "의료", "금융", "교육", "국방", "농업", "에너지", "문화", "통신")
STATES = ("eligible",) * 6 + ("proposed", "approved", "rejected", "deferred")
WORDS = ("공정 예측 로봇 음성 합성 검사 설비 이상 탐지 물류 최적 배차 진단 영상 판독 추천 번역 한국 모델 학습").split()  # noqa: SIM905
RARE, RARITY = "수중드론", 100
PLAIN = "/committee/?call=AX-BENCH"
FILTERED = f"{PLAIN}&sector={quote('제조')}&state=eligible&sort=rating&down=1"
SOUGHT = f"{PLAIN}&q={quote('중드')}"


def keep_reviewed(store: Store, count: int) -> str:
    """Keep a template with `count` scored applications and three filed reviews of each; return its name.

    The first member still has `WAITING` reviews to file.
    """

    def prepare(database: Database) -> None:
        database.transaction(partial(_open, count=count))
        database.transaction(partial(_apply, count=count))
        database.transaction(_review)
        database.transaction(list_missing)
        database.transaction(keep_all_figures)
        if not database.is_sqlite:
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")

    store.keep(f"reviewed {count}", prepare)
    return f"reviewed {count}"


def _open(session: Session, count: int) -> None:
    ensure_roles(session)
    hashed = hash_password(PASSWORD)
    for place in range(MEMBERS):
        person = {"email": _email(place), "name": f"위원 {place}", "roles": ["committee"]}
        create_person(session, actor=SYSTEM, at=AT, password_hash=hashed, **person)  # type: ignore[arg-type]
    session.add(
        Call(
            code=CALL,
            title_ko="벤치마크",
            title_en="Benchmark",
            opens_at=AT - timedelta(days=90),
            closes_at=AT - timedelta(days=60),
            document={"code": CALL},
            document_sha256="0" * 64,
            next_number=count + 1,
            created_at=AT,
        )
    )
    session.add(RubricVersion(sha256="2" * 64, version="t", text="t", first_used_at=AT))


def _email(place: int) -> str:
    return f"member{place}@example.com"


def _apply(session: Session, count: int) -> None:
    call_id, chance = session.scalars(select(Call.id)).one(), random.Random(7)  # noqa: S311 - invented data
    companies, applications, submissions, cards = [], [], [], []
    for place in range(count):
        company, application, submission = new_id(), new_id(), new_id()
        answers = _answers(chance)
        companies.append(
            {"id": company, "scheme": "brn", "identifier": f"{place:010d}", "name": _name(chance), "created_at": AT}
        )
        applications.append(
            {
                "id": application,
                "number": f"{CALL}-{place:05d}",
                "call_id": call_id,
                "company_id": company,
                "state": chance.choice(STATES),
                "answers": answers,
                "revision": 1,
                "created_at": AT,
                "updated_at": AT,
            }
        )
        submissions.append(
            {
                "id": submission,
                "application_id": application,
                "version": 1,
                "answers": answers,
                "sha256": "1" * 64,
                "submitted_at": AT,
                "submitted_by": "x",
            }
        )
        cards.append(_card(application, submission, chance))
    for table, rows in (
        (Company, companies),
        (Application, applications),
        (Submission, submissions),
        (Scorecard, cards),
    ):
        _put(session, table, rows)


def _name(chance: random.Random) -> str:
    return "".join(chance.choices(WORDS, k=2)) + str(chance.randrange(1000))


def _answers(chance: random.Random) -> dict[str, Any]:
    def said(words: int) -> str:
        return " ".join(chance.choices(WORDS, k=words))

    return {
        "solution_title": said(4),
        "solution_summary": said(60) + (f" {RARE}" if chance.randrange(RARITY) == 0 else ""),
        "sector": chance.choice(SECTORS),
        "region": "경기도",
        "spc_link": said(40),
        "korean_ai_link": said(40),
        "founded_on": f"20{chance.randrange(10, 26)}-01-01",
        "requested_krw": chance.randrange(1, 50) * 100_000_000,
        "gpu_h100_2027Q1": str(chance.randrange(100, 5000)),
        "gpu_h200_2027Q2": str(chance.randrange(100, 5000)),
    }


def _card(application: uuid.UUID, submission: uuid.UUID, chance: random.Random) -> dict[str, Any]:
    return {
        "id": new_id(),
        "application_id": application,
        "submission_id": submission,
        "version": 1,
        "total_tenths": chance.randrange(200, 1000),
        "verdict": "pass",
        "document": {},
        "facts": {"company_class": "sme"},
        "inputs_sha256": "3" * 64,
        "rubric": "t",
        "rubric_sha256": "2" * 64,
        "code_version": "t",
        "scored_at": AT,
        "actor": "system",
    }


def _review(session: Session) -> None:
    people = session.scalars(select(Person.id).order_by(Person.email)).all()
    chance = random.Random(11)  # noqa: S311 - invented data
    assignments, reviews, waiting = [], [], 0
    for place, application in enumerate(session.scalars(select(Application.id).order_by(Application.number))):
        for turn in range(REVIEWS_EACH):
            person = people[(REVIEWS_EACH * place + turn) % MEMBERS]
            pair = {"id": new_id(), "application_id": application, "person_id": person}
            assignments.append(pair | {"assigned_by": "x", "at": AT})
            if person == people[0] and waiting < WAITING:
                waiting += 1
                continue
            reviews.append(pair | _rated(chance))
    _put(session, Assignment, assignments)
    _put(session, Review, reviews)


def _rated(chance: random.Random) -> dict[str, Any]:
    ratings = [{"criterion": one.key, "points": chance.randrange(1, 6), "reason": "근거"} for one in CRITERIA]
    total = sum(one.weight * rating["points"] * 2 for one, rating in zip(CRITERIA, ratings, strict=True))
    return {"version": 1, "ratings": ratings, "total_tenths": total, "note": None, "filed_at": AT}


def _put(session: Session, table: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    session.execute(insert(table), list(rows))
