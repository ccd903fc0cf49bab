"""Machine and committee side by side, for those who keep the rubric and nobody else."""

from __future__ import annotations

import csv
import re
import uuid
from collections.abc import Callable
from io import BytesIO, StringIO

import openpyxl
import pytest
from committee_room import Room, factory
from flask import Flask
from sqlalchemy import event

from fundapp.committee.queries.agreement import list_pairs
from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.screening.agreement import Pair, compare, matching_score

PAGE = f"/operations/rubrics/agreement?call={factory.CALL}"


@pytest.fixture
def room(app: Flask, db: Database, password_hash: str, sign_in: Callable[..., object]) -> Room:
    made = Room(app, db, password_hash, sign_in)
    made.open()
    return made


@pytest.fixture
def reviewed(room: Room) -> list[uuid.UUID]:
    """Four applications whose score and reviews agree on two: scores 90, 80, 40, 30; ratings 100, 40, 100, 40."""
    member = room.seat("Member")
    made = []
    for place, (score, points) in enumerate(((900, 5), (800, 2), (400, 5), (300, 2)), start=1):
        key = factory.application(room.db, place, name=f"기업{place}", score=score)
        factory.assign(room.db, key, member)
        factory.review(room.db, member, key, points)
        made.append(key)
    factory.application(room.db, 5, name="심사없음", score=990)
    return made


def shown(page: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", page).split())


def test_the_machine_is_taken_to_choose_as_many_as_the_committee() -> None:
    pairs = [Pair("1", 900, 1000), Pair("2", 800, 400), Pair("3", 400, 800), Pair("4", 300, 790)]
    assert matching_score(pairs) == 800  # two of them have a mean of 4 of 5 and more
    assert matching_score(pairs[1:2]) == 801  # the committee chooses none: neither does the machine
    assert matching_score([]) == 0
    found = compare(pairs, 800)
    assert (found.both, found.machine_only, found.committee_only, found.neither) == (1, 1, 1, 1)
    assert found.kappa == 0.0


def test_the_page_counts_where_both_agree_and_lists_where_they_do_not(room: Room, reviewed: list[uuid.UUID]) -> None:
    page = room.enter(room.seat("Analyst", "analyst")).get(PAGE).text
    text = shown(page)
    assert "견준 신청 4" in text
    assert "같은 판단 50%" in text
    assert "심사없음" not in text
    assert "신청 4건 가운데 기계만 적합 1건, 위원회만 적합 1건" in page
    # Those they see differently come first.
    assert re.findall(r"기업\d", text) == ["기업2", "기업3", "기업1", "기업4"]


def test_another_threshold_may_be_asked_for_and_nonsense_is_not(room: Room, reviewed: list[uuid.UUID]) -> None:
    client = room.enter(room.seat("Analyst", "analyst"))
    assert "같은 판단 75%" in shown(client.get(f"{PAGE}&from=85").text)
    for nonsense in ("-1", "1000", "NaN", "많이"):
        assert "같은 판단 50%" in shown(client.get(f"{PAGE}&from={nonsense}").text)


def test_the_list_is_taken_away_whole(room: Room, reviewed: list[uuid.UUID]) -> None:
    client = room.enter(room.seat("Analyst", "analyst"))
    rows = list(csv.reader(StringIO(client.get(f"{PAGE}&download=csv").text.removeprefix("\ufeff"))))
    assert rows[2] == ["AX-T-0002", "기업2", "80.0", "40.0", "1", "기계만 적합"]
    assert len(rows) == 5
    book = openpyxl.load_workbook(BytesIO(client.get(f"{PAGE}&download=xlsx").data))
    assert book.active is not None
    assert book.active.max_row == 5


def test_what_one_is_recused_from_is_in_no_figure(room: Room, reviewed: list[uuid.UUID]) -> None:
    analyst = room.seat("Analyst", "analyst")
    factory.recuse(room.db, reviewed[1], analyst)
    client = room.enter(analyst)
    text = shown(client.get(PAGE).text)
    assert "견준 신청 3" in text
    assert "기업2" not in text
    assert "기업2" not in client.get(f"{PAGE}&download=csv").text


@pytest.mark.parametrize(("role", "answer"), [("auditor", 200), ("committee", 404), ("chair", 404), ("finance", 404)])
def test_reviewers_do_not_see_here_what_is_sealed_from_them(
    room: Room, reviewed: list[uuid.UUID], role: str, answer: int
) -> None:
    assert room.enter(room.seat("Somebody", role)).get(PAGE).status_code == answer


def test_a_call_without_reviews_says_so(room: Room) -> None:
    factory.application(room.db, 1, score=500)
    assert "견줄 신청이 없습니다" in room.enter(room.seat("Analyst", "analyst")).get(PAGE).text


def test_fifty_applications_are_read_in_as_many_statements_as_one(room: Room) -> None:
    member = room.seat("Member")

    def statements() -> int:
        seen: list[str] = []

        def count(*args: object) -> None:
            seen.append(str(args[2]))

        event.listen(room.db.engine, "before_cursor_execute", count)
        with room.db.read() as session:
            assert list_pairs(session, SYSTEM, factory.CALL)
        event.remove(room.db.engine, "before_cursor_execute", count)
        return len(seen)

    def add(place: int) -> None:
        key = factory.application(room.db, place, score=500)
        factory.assign(room.db, key, member)
        factory.review(room.db, member, key, 4)

    add(1)
    once = statements()
    for place in range(2, 51):
        add(place)
    assert statements() == once
