"""Drafts and private notes: kept by revision, cleared by filing, and nobody's but their author's."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import pytest
from committee_factory import AT, application, assign, committee, do, person, ratings, recuse, review

from fundapp.committee import actions, queries
from fundapp.core.access import Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.sessions import Database
from fundapp.intake.rules import RevisionConflictError


def save(db: Database, who: Viewer, key: uuid.UUID, fields: Mapping[str, str], expected: int) -> int:
    saved = do(
        db,
        lambda s: actions.save_review_draft(
            s, actor=who, application_id=key, fields=fields, expected_revision=expected, at=AT
        ),
    )
    return saved.revision


def draft(db: Database, who: Viewer, key: uuid.UUID) -> queries.DraftView:
    with db.read() as session:
        return queries.find_draft(session, who, key)


def test_patches_are_laid_over_each_other_and_a_blank_takes_back(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1)
    assign(db, key, one)
    assert draft(db, one, key) == queries.DraftView(0, {}, "", None)
    assert save(db, one, key, {"team_points": "4", "team_reason": "좋은"}, 0) == 1
    assert save(db, one, key, {"team_reason": "좋은 팀", "team_points": "", "private_note": "물어볼 것"}, 1) == 2
    found = draft(db, one, key)
    assert (found.fields, found.private_note) == ({"team_points": "", "team_reason": "좋은 팀"}, "물어볼 것")


def test_the_second_window_is_told_and_overwrites_nothing(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1)
    assign(db, key, one)
    save(db, one, key, {"note": "첫째 창"}, 0)
    for stale in (0, 7):
        with pytest.raises(RevisionConflictError):
            save(db, one, key, {"note": "둘째 창"}, stale)
    assert draft(db, one, key).fields == {"note": "첫째 창"}


def test_sending_again_what_has_arrived_is_no_conflict(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1)
    assign(db, key, one)
    assert save(db, one, key, {"note": "같은 말"}, 0) == 1
    assert save(db, one, key, {"note": "같은 말"}, 0) == 1


def test_filing_clears_the_draft_and_keeps_the_private_note(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1)
    assign(db, key, one)
    save(db, one, key, {"team_points": "2", "private_note": "나중에 확인"}, 0)
    review(db, one, key)
    found = draft(db, one, key)
    assert (found.revision, found.fields, found.private_note) == (2, {}, "나중에 확인")


def test_a_review_over_a_draft_that_moved_on_is_refused(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1)
    assign(db, key, one)
    save(db, one, key, {"team_points": "2"}, 0)

    def file(revision: int | None) -> None:
        do(
            db,
            lambda s: actions.file_review(
                s,
                actor=one,
                application_id=key,
                ratings=ratings(),
                note=None,
                key=f"file:{revision}",
                at=AT,
                draft_revision=revision,
            ),
        )

    with pytest.raises(RevisionConflictError):
        file(0)
    file(1)


def test_nobody_but_its_author_finds_a_draft_or_a_private_note(db: Database) -> None:
    chair, one = committee(db, 2)
    key = application(db, 1)
    assign(db, key, one)
    save(db, one, key, {"note": "초안", "private_note": "비밀"}, 0)
    review(db, one, key)
    for who in (chair, person(db, "Analyst", "analyst"), person(db, "Auditor", "auditor")):
        assert draft(db, who, key) == queries.DraftView(0, {}, "", None)
        with db.read() as session:
            assert "비밀" not in str(queries.review_page(session, who, key))


def test_a_reader_without_an_assignment_keeps_a_private_note_and_nothing_else(db: Database) -> None:
    committee(db, 2)
    analyst = person(db, "Analyst", "analyst")
    key = application(db, 1)
    assert save(db, analyst, key, {"private_note": "전화하기"}, 0) == 1
    with pytest.raises(NotFoundError):
        save(db, analyst, key, {"note": "심사"}, 1)


def test_after_recusal_the_draft_cannot_be_found_or_written(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1)
    assign(db, key, one)
    save(db, one, key, {"private_note": "적어 둔 말"}, 0)
    recused = recuse(db, key, one)
    assert draft(db, recused, key).revision == 0
    for who in (one, recused):
        with pytest.raises(NotFoundError):
            save(db, who, key, {"private_note": "다른 말"}, 1)


def test_after_the_decision_only_the_private_note_is_kept(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1, state="approved")
    assign(db, key, one)
    with pytest.raises(TransitionRefusedError):
        save(db, one, key, {"note": "늦음"}, 0)
    assert save(db, one, key, {"private_note": "돌아보기"}, 0) == 1


@pytest.mark.parametrize(
    "fields",
    [{"team_points": "6"}, {"vision_reason": "?"}, {"team_reason": "가" * 2001}, {"private_note": "가" * 8001}],
)
def test_what_no_rubric_has_or_is_too_long_is_refused(db: Database, fields: dict[str, str]) -> None:
    _, one = committee(db, 2)
    key = application(db, 1)
    assign(db, key, one)
    with pytest.raises(InvalidInputError) as refused:
        save(db, one, key, fields, 0)
    assert refused.value.details["field"] == next(iter(fields))
