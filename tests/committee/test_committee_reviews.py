"""Judge first, then see: figures stay sealed until the own review is saved."""

from __future__ import annotations

import dataclasses

import pytest
from committee_factory import (
    AT,
    CALL,
    application,
    assign,
    committee,
    do,
    person,
    ratings,
    review,
)
from sqlalchemy import event

from fundapp.committee import actions, queries
from fundapp.core.errors import (
    IdempotencyConflictError,
    InvalidInputError,
    NotFoundError,
    TransitionRefusedError,
)
from fundapp.core.sessions import Database


def test_score_and_others_ratings_open_with_the_own_review(db: Database) -> None:
    _, one, two = committee(db, 3)
    key = application(db, 1, score=755)
    assign(db, key, one, two)
    review(db, two, key, 3)
    with db.read() as session:
        before = queries.review_page(session, one, key)
    assert (before.sealed, before.score_tenths, before.others, before.statistics) == (True, None, (), None)
    review(db, one, key, 5)
    with db.read() as session:
        after = queries.review_page(session, one, key)
    assert (after.sealed, after.score_tenths) == (False, 755)
    assert [(other.reviewer, other.total_tenths) for other in after.others] == [("Member2", 600)]
    assert after.statistics is not None
    assert (after.statistics.count, after.statistics.mean_tenths) == (2, 800)


def test_a_sealed_row_sorts_last_in_either_direction_and_no_filter_betrays_it(db: Database) -> None:
    _, one = committee(db, 2)
    hidden = application(db, 1, score=990)
    application(db, 2, score=300)
    application(db, 3, score=600)
    assign(db, hidden, one)
    with db.read() as session:
        up = queries.docket(session, one, CALL, sort="score")
        down = queries.docket(session, one, CALL, sort="score", descending=True)
        strict = queries.docket(session, one, CALL, filters=queries.DocketFilter(least_score_tenths=900))
        lax = queries.docket(session, one, CALL, filters=queries.DocketFilter(least_score_tenths=0))
    assert [row.score_tenths for row in up] == [300, 600, None]
    assert [row.score_tenths for row in down] == [600, 300, None]
    assert strict == []
    assert [row.score_tenths for row in lax] == [300, 600]


def test_ratings_of_a_sealed_row_neither_show_nor_sort(db: Database) -> None:
    _, one, two = committee(db, 3)
    hidden, seen = application(db, 1), application(db, 2)
    assign(db, hidden, one, two)
    assign(db, seen, two)
    review(db, two, hidden, 5)
    review(db, two, seen, 1)
    with db.read() as session:
        rows = queries.docket(session, one, CALL, sort="rating", descending=True)
        adjusted = [score.adjusted for score in queries.official_scores(session, one, CALL).values()]
    assert [(row.number, row.statistics is None) for row in rows] == [
        (f"{CALL}-0002", False),
        (f"{CALL}-0001", True),
    ]
    assert adjusted == [None, None]


def test_a_review_needs_a_reason_for_every_criterion(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1)
    assign(db, key, one)
    bare = [dataclasses.replace(rating, reason=" ") for rating in ratings()]
    with pytest.raises(InvalidInputError, match="reason"):
        do(
            db,
            lambda s: actions.file_review(s, actor=one, application_id=key, ratings=bare, note=None, key="k", at=AT),
        )


def test_only_an_assigned_member_reviews(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1)
    with pytest.raises(NotFoundError):
        review(db, one, key)


def test_reviews_end_with_the_decision(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1, state="approved")
    assign(db, key, one)
    with pytest.raises(TransitionRefusedError):
        review(db, one, key)


def test_a_change_is_a_new_version_and_the_newest_counts(db: Database) -> None:
    chair, one = committee(db, 2)
    key = application(db, 1)
    assign(db, key, one)
    review(db, one, key, 2, key="first")
    review(db, one, key, 4, key="second")
    with db.read() as session:
        own = queries.review_page(session, one, key).own
        seen = queries.review_page(session, chair, key)
    assert [(version.version, version.total_tenths) for version in own] == [(2, 800), (1, 400)]
    assert seen.statistics is not None
    assert (seen.statistics.count, seen.statistics.mean_tenths) == (1, 800)


def test_a_repeated_form_files_once_and_other_content_under_its_key_is_refused(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1)
    assign(db, key, one)
    review(db, one, key, 4, key="form")
    review(db, one, key, 4, key="form")
    with pytest.raises(IdempotencyConflictError):
        review(db, one, key, 5, key="form")
    with db.read() as session:
        assert len(queries.review_page(session, one, key).own) == 1


def test_abstaining_throughout_opens_the_seal_and_counts_in_no_statistic(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1, score=500)
    assign(db, key, one)
    review(db, one, key, None)
    with db.read() as session:
        page = queries.review_page(session, one, key)
        row = queries.docket(session, one, CALL)[0]
    assert (page.sealed, page.statistics) == (False, None)
    assert (row.own_state, row.reviews_filed) == ("abstained", 1)


def test_the_next_application_is_the_least_reviewed_of_the_own_ones(db: Database) -> None:
    _, one, two = committee(db, 3)
    first, second = application(db, 1), application(db, 2)
    assign(db, first, one, two)
    assign(db, second, one)
    review(db, two, first)
    with db.read() as session:
        progress = queries.my_progress(session, one, CALL)
    assert (progress.assigned, progress.filed, progress.next_number) == (2, 0, f"{CALL}-0002")


def test_the_docket_finds_by_company_and_title_and_hides_drafts(db: Database) -> None:
    analyst = person(db, "Analyst", "analyst")
    application(db, 1, name="다온결로보틱스", solution_title="피킹 로봇")
    application(db, 2, name="소리결", solution_title="음성 합성")
    application(db, 3, name="다온결초안", state="draft")
    with db.read() as session:
        found = queries.docket(session, analyst, CALL, filters=queries.DocketFilter(search="다온결"))
        by_title = queries.docket(session, analyst, CALL, filters=queries.DocketFilter(search="음성"))
    assert [row.company for row in found] == ["다온결로보틱스"]
    assert [row.company for row in by_title] == ["소리결"]


def test_the_docket_costs_as_many_statements_with_fifty_rows_as_with_one(db: Database) -> None:
    chair, one = committee(db, 2)
    assign(db, application(db, 1), one)

    def count() -> int:
        seen: list[str] = []

        def note(*arguments: object) -> None:
            seen.append(str(arguments[2]))

        event.listen(db.engine, "before_cursor_execute", note)
        with db.read() as session:
            queries.docket(session, chair, CALL)
        event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    single = count()
    for ordinal in range(2, 51):
        assign(db, application(db, ordinal), one)
    assert count() == single
