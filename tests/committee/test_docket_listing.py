"""The row that lists read is what a recomputation says after any actions, and searches find it by its words."""

from __future__ import annotations

import random
import unicodedata

import pytest
from committee_factory import (
    AT,
    CALL,
    add_score,
    application,
    assign,
    ballot,
    close,
    committee,
    do,
    person,
    recuse,
    review,
    vote,
)
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from fundapp.committee import queries
from fundapp.committee.actions import ask_lift, decide_lift, keep_all_figures
from fundapp.committee.tables import Conflict
from fundapp.core.access import Viewer
from fundapp.core.sessions import Database
from fundapp.intake.grams import grams_of, terms_of, words_of
from fundapp.intake.listing import list_missing
from fundapp.intake.tables import Application, Company, Listing, Submission

DECIDED = frozenset({"approved", "rejected", "deferred"})


def faults(db: Database) -> list[tuple[str, str]]:
    with db.read() as session:
        return list(queries.listing_faults(session))


def found(db: Database, viewer: Viewer, search: str) -> list[str]:
    with db.read() as session:
        rows = queries.docket(session, viewer, CALL, filters=queries.DocketFilter(search=search))
    return [row.company for row in rows]


class Story:
    """Any sequence of what changes a listing, drawn by chance."""

    def __init__(self, db: Database, chance: random.Random) -> None:
        self.db, self.chance = db, chance
        self.seats = committee(db, 4)
        self.keys = [application(db, ordinal, founded_on="2020-01-01") for ordinal in range(1, 5)]
        self.assigned: set[tuple[int, int]] = set()
        self.recused: set[tuple[int, int]] = set()
        self.decided: set[int] = set()
        self.turn = 0

    def step(self) -> None:
        self.turn += 1
        place, seat = self.chance.randrange(4), self.chance.randrange(4)
        self.chance.choice([self.share, self.file, self.file, self.score, self.rename, self.step_aside, self.decide])(
            place, seat
        )

    def share(self, place: int, seat: int) -> None:
        if (place, seat) not in self.assigned | self.recused:
            assign(self.db, self.keys[place], self.seats[seat])
            self.assigned.add((place, seat))

    def file(self, place: int, seat: int) -> None:
        if (place, seat) in self.assigned and place not in self.decided:
            points = self.chance.choice([None, 1, 2, 3, 4, 5])
            review(self.db, self.seats[seat], self.keys[place], points, key=f"review:{self.turn}")

    def score(self, place: int, _seat: int) -> None:
        def work(session: Session) -> None:
            newest = session.scalars(select(Submission).where(Submission.application_id == self.keys[place])).one()
            again = Submission(
                application_id=newest.application_id,
                version=2 + self.turn,
                answers=newest.answers,
                sha256="1" * 64,
                submitted_at=AT,
                submitted_by="applicant",
            )
            session.add(again)
            session.flush()
            add_score(session, self.keys[place], again.id, self.chance.randrange(1000), company_class="sme")

        if self.turn % 2 and place not in self.scored():
            do(self.db, work)

    def scored(self) -> set[int]:
        with self.db.read() as session:
            counts = [
                len(session.scalars(select(Submission.id).where(Submission.application_id == key)).all())
                for key in self.keys
            ]
        return {place for place, count in enumerate(counts) if count > 1}

    def rename(self, place: int, _seat: int) -> None:
        do(
            self.db,
            lambda s: s.execute(
                update(Company)
                .where(Company.id == s.get_one(Application, self.keys[place]).company_id)
                .values(name=f"이름{self.turn}")
            ),
        )
        do(self.db, lambda s: list_companies_of(s, self.keys[place]))

    def step_aside(self, place: int, seat: int) -> None:
        if (place, seat) not in self.recused and seat and place not in self.decided:
            self.seats[seat] = recuse(self.db, self.keys[place], self.seats[seat])
            self.recused.add((place, seat))
            self.assigned.discard((place, seat))

    def decide(self, place: int, _seat: int) -> None:
        if place in self.decided or self.chance.random() > 0.2:
            return
        opened = ballot(self.db, self.keys[place])
        for seat, who in enumerate(self.seats):
            if (place, seat) not in self.recused:
                vote(self.db, opened, who, "yes")
        if not any((place, seat) in self.recused for seat in range(3)):
            close(self.db, opened, self.seats[0], key=f"close:{place}")
        self.decided.add(place)


def list_companies_of(session: Session, application_id: object) -> int:
    from fundapp.intake.listing import list_companies  # noqa: PLC0415

    return list_companies(session, [session.get_one(Application, application_id).company_id])


def test_a_review_counts_again_once_the_recusal_is_lifted(db: Database) -> None:
    chair, member = committee(db, 2)
    analyst = person(db, "Analyst", "analyst")
    key = application(db, 1)
    for who, points in ((chair, 5), (member, 3)):
        assign(db, key, who)
        review(db, who, key, points)

    def mean() -> int | None:
        with db.read() as session:
            return session.scalars(select(Listing.mean_tenths)).one()

    def lift(session: Session) -> None:
        recusal = session.scalars(select(Conflict.id)).one()
        request = ask_lift(session, recusal_id=recusal, reason="동명이인", actor=analyst, at=AT)
        decide_lift(session, request_id=request, approve=True, actor=chair, at=AT)

    assert mean() == 800
    recuse(db, key, member)
    assert mean() == 1000
    do(db, lift)
    assert (mean(), faults(db)) == (800, [])


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_kept_is_what_is_recomputed_after_any_sequence_of_actions(db: Database, seed: int) -> None:
    story = Story(db, random.Random(seed))  # noqa: S311 - a story, not a secret
    for _ in range(40):
        story.step()
    assert story.assigned or story.recused
    assert faults(db) == []


def test_a_figure_that_went_astray_is_named_and_kept_anew(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1)
    assign(db, key, one)
    review(db, one, key)
    do(db, lambda s: s.execute(update(Listing).values(mean_tenths=1, reviews_filed=7)))
    assert faults(db) == [(f"{CALL}-0001", "reviews_filed"), (f"{CALL}-0001", "mean_tenths")]
    assert do(db, keep_all_figures) == 1
    assert faults(db) == []


def test_what_an_upgrade_left_empty_is_filled_in_once(db: Database) -> None:
    application(db, 1, name="가온상사")
    do(db, lambda s: s.execute(text("DELETE FROM listing_text")))
    do(db, lambda s: s.execute(update(Listing).values(title="", sector="")))
    analyst = person(db, "Analyst", "analyst")
    assert found(db, analyst, "가온") == []
    assert [do(db, list_missing), do(db, list_missing)] == [1, 0]
    assert found(db, analyst, "가온") == ["가온상사"]
    assert faults(db) == []


@pytest.mark.parametrize(
    "search",
    [
        "결로",  # two syllables inside a word
        "다온결 로보",  # parts of two words, in any order
        "로보틱스 다온",
        unicodedata.normalize("NFD", "다온결"),  # as a file name on a Mac has it
        "다온결로보틱스피",  # spaces of the name do not matter
        "ＲＯＢＯＴ",  # full width
        "robot",
        "AX-T-0001",
        "0001",
        "픽",
        "한국어 말뭉치",  # of a plan
    ],
)
def test_a_search_finds_any_part_of_a_word(db: Database, search: str) -> None:
    application(
        db, 1, name="다온결 로보틱스 피앤", solution_title="픽킹 Robot", korean_ai_link="한국어 말뭉치로 학습합니다"
    )
    application(db, 2, name="소리결", solution_title="음성 합성")
    assert found(db, person(db, "Analyst", "analyst"), search) == ["다온결 로보틱스 피앤"]


@pytest.mark.parametrize("search", ["%", "_", "--", '"', "결소리", "다온 음성", "' OR 1=1", "피앤픽"])
def test_a_search_finds_nothing_that_is_not_there(db: Database, search: str) -> None:
    application(db, 1, name="다온결 피앤", solution_title="픽킹 로봇")
    application(db, 2, name="소리결", solution_title="음성 합성")
    assert found(db, person(db, "Analyst", "analyst"), search) == []


def test_grams_are_letters_and_pairs_within_a_text() -> None:
    words = words_of(["가나다", "A-B"])
    assert words == "가나다 ab"
    assert grams_of(words) == {"가", "나", "다", "a", "b", "가나", "나다", "ab"}
    assert terms_of("  가-나  ·  다 ") == ("가나", "다")
