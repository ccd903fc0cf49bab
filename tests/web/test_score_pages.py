"""A scorecard on the page: every point with its reason, learning apart from rules, the applicant's words marked."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest
from committee_room import Room, factory
from committee_room import rubric as ratings
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.screening.actions import judge_knockout, screen_call
from fundapp.screening.tables import Scorecard as Card
from scoring import Facts, Scorecard, default_rubric, score, train_applications

PLAN = "도면 원본은 조선소 전용 구역에 두고, 학습은 SPC의 <기밀 컴퓨팅> 구역에서만 합니다. 키는 우리가 지닙니다."
MARKED = "학습은 <mark>SPC</mark>의 &lt;<mark>기밀 컴퓨팅</mark>&gt; 구역"
ANSWERS = {"azure_ready": "planned", "delivered_projects": 3, "roles_filled": 4, "spc_link": PLAN}
Post = Callable[..., TestResponse]


@pytest.fixture
def room(app: Flask, db: Database, password_hash: str, sign_in: Callable[..., object]) -> Room:
    made = Room(app, db, password_hash, sign_in)
    made.open()
    return made


@pytest.fixture
def two(room: Room, at: datetime) -> tuple[uuid.UUID, uuid.UUID]:
    """Two applications with nearly the same plan, scored by the rubric."""
    one, other = (
        factory.application(room.db, place, name=name, state="submitted", score=None, **ANSWERS | {"spc_link": text})
        for place, name, text in ((1, "가온상사", PLAN), (2, "나래상사", PLAN.replace("조선소", "제철소")))
    )
    screen_call(room.db, factory.CALL, actor=SYSTEM, at=at)
    return one, other


def learned_card() -> Scorecard:
    """A scorecard under a model that learned from sixty invented companies."""
    dice = np.random.default_rng(5)
    projects = dice.integers(0, 6, 60)
    facts = [
        Facts.from_answers(
            {
                "delivered_projects": int(count),
                "azure_ready": str(dice.choice(["none", "planned", "running"])),
                "roles_filled": int(dice.integers(0, 6)),
            }
        )
        for count in projects
    ]
    labels = (dice.random(60) < 1 / (1 + np.exp(2.5 - projects))).astype(int).tolist()
    model, _ = train_applications(facts, labels, default_rubric(), version="2026-t", replicas=8)
    return score(Facts.from_answers(ANSWERS), default_rubric(), model)


def keep(db: Database, application: uuid.UUID, card: Scorecard, at: datetime) -> None:
    """Add a scorecard as the newest of an application."""

    def work(session: Session) -> None:
        old = session.scalars(select(Card).where(Card.application_id == application)).one()
        session.add(
            Card(
                application_id=application,
                submission_id=old.submission_id,
                version=old.version + 1,
                total_tenths=card.total_tenths,
                verdict=old.verdict,
                document=card.to_document(),
                facts=old.facts,
                inputs_sha256=card.inputs_sha256,
                rubric=card.rubric,
                rubric_sha256=old.rubric_sha256,
                code_version=card.code_version,
                scored_at=at + timedelta(hours=1),
                actor="system",
            )
        )

    db.transaction(work)


def cells(page: str) -> list[list[str]]:
    """The figures of each row of the table of criteria: of `a/b` the a."""
    table = page[page.index("crit-t") :]
    table = table[: table.index("</table>")]
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", table, re.DOTALL)
    return [
        [
            re.sub(r"<[^>]*>", "", cell).split("/")[0].strip()
            for cell in re.findall(r'<td class="r num[^"]*">(.*?)</td>', row, re.DOTALL)
        ]
        for row in rows
    ]


def tenths(text: str) -> int:
    return round(float(text.replace("−", "-").replace("+", "")) * 10)


def test_points_shown_add_up_and_words_are_marked_and_escaped(room: Room, two: tuple[uuid.UUID, uuid.UUID]) -> None:
    page = room.enter(room.seat("Analyst", "analyst")).get(f"/operations/applications/{two[0]}/score").text
    *criteria, total = cells(page)
    assert len(criteria) == 8
    assert sum(tenths(row[0]) for row in criteria) == tenths(total[0]) > 0
    assert MARKED in page
    assert '<a href="#text-spc_link">' in page
    assert "성공 확률" not in page


def test_rules_and_learning_stand_apart_and_each_column_adds_up(
    room: Room, two: tuple[uuid.UUID, uuid.UUID], at: datetime
) -> None:
    card = learned_card()
    keep(room.db, two[0], card, at)
    page = room.enter(room.seat("Analyst", "analyst")).get(f"/operations/applications/{two[0]}/score").text
    *criteria, total = cells(page)
    for column in range(3):
        assert sum(tenths(row[column]) for row in criteria) == tenths(total[column])
    for rule, moved, points in [*criteria, total]:
        assert tenths(rule) + tenths(moved) == tenths(points)
    assert tenths(total[2]) == card.total_tenths
    assert card.probability is not None
    assert f'<b class="num">{round(card.probability * 100)}%</b>' in page
    assert "적합 확률" in page
    assert "성공 확률" not in page
    low, high = card.band_tenths or (0, 0)
    assert f"90% 구간 {low / 10}–{high / 10}" in page


def test_a_copied_text_is_flagged_to_who_may_know_of_both(room: Room, two: tuple[uuid.UUID, uuid.UUID]) -> None:
    analyst = room.seat("Analyst", "analyst")
    path = f"/operations/applications/{two[0]}/score"
    page = room.enter(analyst).get(path).text
    assert "다른 신청과 글이 거의 같습니다" in page
    assert "나래상사" in page
    factory.recuse(room.db, two[1], analyst)
    blind = room.enter(analyst).get(path).text
    assert "다른 신청과 글이 거의 같습니다" not in blind
    assert "나래상사" not in blind


def test_a_reviewer_sees_marks_copies_and_learning_only_after_the_own_review(
    room: Room, two: tuple[uuid.UUID, uuid.UUID], post_form: Post, at: datetime
) -> None:
    card = learned_card()
    keep(room.db, two[0], card, at)
    room.db.transaction(
        lambda session: judge_knockout(
            session, application_id=two[0], outcome="released", reason="확인함", actor=SYSTEM, at=at
        )
    )
    member = room.seat("Member")
    factory.assign(room.db, two[0], member)
    address = f"/committee/applications/{two[0]}"
    client = room.enter(member)
    post_form(client, address, {"answer": "none", "key": "0" * 31 + "9"}, f"{address}/pledge")
    sealed = client.get(address).text
    for word in ("<mark>", "글이 거의 같습니다", "적합 확률"):
        assert word not in sealed
    post_form(client, address, ratings())
    opened = client.get(address).text
    assert MARKED in opened
    assert "글이 거의 같습니다" in opened
    assert "적합 확률" in opened
    assert f"{card.total_tenths / 10}" in opened
