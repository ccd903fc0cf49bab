"""Phases decide what a member sees; terms are fixed once reviews are open; who judges blind reads no name anywhere."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from committee_factory import (
    AT,
    CALL,
    application,
    assign,
    ballot,
    committee,
    do,
    look,
    person,
    ratings,
    recuse,
    review,
)
from review_calls import BLIND, NAMED, document, move, open_call, present
from sqlalchemy import select

from fundapp.audit.tables import AuditEvent
from fundapp.committee import actions, queries
from fundapp.committee.rules import Rating, ReviewsClosedError
from fundapp.committee.tables import Review, ReviewTermsRow
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.sessions import Database
from fundapp.intake.masking import MASK
from fundapp.intake.queries import get_application, list_applications, related_applications
from fundapp.intake.submitted import list_versions
from fundapp.web.api.queries import page_applications

NAME = "새마루로보틱스"
TOLD = {
    "company_name": f"{NAME} 주식회사",
    "contact_email": "harin@saemaru.example",
    "solution_title": f"{NAME}의 용접 계획",
    "solution_summary": "새마루 로보틱스(Saemaru Robotics)가 만듭니다. saemaru.example",
}
WORDS = (NAME, "새마루", "Saemaru", "saemaru", "harin", "0000000001")


def phase(key: str, **rules: object) -> dict[str, object]:
    return {"key": key, "title_ko": key, "title_en": key, **rules}


def page(db: Database, who: Viewer, key: uuid.UUID) -> queries.ReviewPage:
    with db.read() as session:
        return queries.review_page(session, look(db, who.person_id), key)


@pytest.mark.parametrize(
    ("others", "machine", "before", "after"),
    [
        ("never", "never", (True, True), (True, True)),
        ("after_mine", "after_mine", (True, True), (False, False)),
        ("after_mine", "never", (True, True), (False, True)),
        ("never", "after_mine", (True, True), (True, False)),
        ("always", "after_mine", (False, True), (False, False)),
        ("after_mine", "always", (True, False), (False, False)),
    ],
)
def test_others_and_machine_open_as_the_phase_says(
    db: Database, others: str, machine: str, before: tuple[bool, bool], after: tuple[bool, bool]
) -> None:
    open_call(db, phases=[phase("one", others=others, machine=machine)])
    _, one, two = committee(db, 3)
    key = application(db, 1, score=755)
    assign(db, key, one, two)
    review(db, two, key, 3)
    first = page(db, one, key)
    review(db, one, key, 5)
    second = page(db, one, key)
    assert ((first.sealed, first.score_sealed), (second.sealed, second.score_sealed)) == (before, after)
    for shown, (sealed, score_sealed) in ((first, before), (second, after)):
        assert (shown.statistics is None, shown.others == (), shown.official_tenths is None) == (sealed,) * 3
        assert (shown.score_tenths is None) == score_sealed
    with db.read() as session:
        row = queries.docket(session, one, CALL)[0]
    assert (row.score_sealed, row.score_tenths is None, row.statistics is None) == (after[1], after[1], after[0])


def test_analysts_see_scores_and_reviews_in_every_phase(db: Database) -> None:
    open_call(db, phases=[phase("one", others="never", machine="never", names="masked")])
    analyst = person(db, "Analyst", "analyst")
    _, one = committee(db, 2)
    key = application(db, 1, name=NAME, score=755)
    assign(db, key, one)
    review(db, one, key, 4)
    shown = page(db, analyst, key)
    assert (shown.company, shown.named, shown.sealed, shown.score_tenths) == (NAME, True, False, 755)


def test_no_review_is_taken_in_a_phase_without_reviews(db: Database) -> None:
    open_call(db, phases=[phase("one"), phase("talk", may_review=False)])
    _, one = committee(db, 2)
    key = application(db, 1)
    assign(db, key, one)
    move(db, "talk")
    assert page(db, one, key).may_review is False
    with pytest.raises(ReviewsClosedError):
        review(db, one, key)
    with db.read() as session:
        assert queries.find_next(session, one, CALL) is None


def test_the_secretary_moves_forward_with_a_reason_and_never_back(db: Database) -> None:
    open_call(db, phases=[BLIND, NAMED])
    assert present(db) == "blind"
    with pytest.raises(InvalidInputError, match="reason"):
        do(
            db,
            lambda s: actions.move_phase(s, call_code=CALL, phase="named", reason=" ", key="k", actor=SYSTEM, at=AT),
        )
    move(db, "named")
    move(db, "named")  # the same form once more
    assert present(db) == "named"
    with pytest.raises(TransitionRefusedError):
        move(db, "blind", key="back")
    with pytest.raises(InvalidInputError, match="phase"):
        move(db, "third", key="third")
    with db.read() as session:
        steps = queries.phase_page(session, SYSTEM, CALL).steps
        events = session.scalars(select(AuditEvent.details).where(AuditEvent.verb == "review.phase_began")).all()
    assert [(step.step, step.key, step.reason) for step in steps] == [
        (2, "named", "독립 평가를 마침"),
        (1, "blind", None),
    ]
    assert [event["phase"] for event in events] == ["blind", "named"]


def test_a_member_cannot_move_a_phase(db: Database) -> None:
    open_call(db, phases=[BLIND, NAMED])
    chair, _ = committee(db, 2)
    with pytest.raises(NotFoundError):
        do(
            db,
            lambda s: actions.move_phase(s, call_code=CALL, phase="named", reason="왜", key="k", actor=chair, at=AT),
        )


def test_dated_phases_begin_with_the_clock_and_what_was_moved_ahead_stays_ahead(db: Database) -> None:
    day = AT + timedelta(days=1)
    later = [NAMED | {"starts": day.isoformat()}, phase("last", starts=(day + timedelta(days=2)).isoformat())]
    open_call(db, phases=[BLIND, *later])
    assert do(db, lambda s: actions.move_due_phases(s, actor=SYSTEM, at=AT)) == 0
    assert do(db, lambda s: actions.move_due_phases(s, actor=SYSTEM, at=day)) == 1
    assert do(db, lambda s: actions.move_due_phases(s, actor=SYSTEM, at=day)) == 0
    assert present(db) == "named"
    move(db, "last")
    assert do(db, lambda s: actions.move_due_phases(s, actor=SYSTEM, at=day)) == 0
    assert present(db) == "last"


def test_terms_change_until_reviewers_are_assigned_and_then_no_more(db: Database) -> None:
    open_call(db, official="trimmed")
    open_call(db, "2", official="adjusted", phases=[BLIND, NAMED])
    assert present(db) == "blind"
    committee(db, 2)
    application(db, 1)
    do(
        db,
        lambda s: actions.assign_reviewers(s, call_code=CALL, per_application=1, max_load=9, actor=SYSTEM, at=AT),
    )
    with pytest.raises(InvalidInputError, match="review"):
        open_call(db, "3", official="raw", phases=[BLIND, NAMED])
    open_call(db, "4", official="adjusted", phases=[BLIND, NAMED])  # other parts of the call may still change
    with db.read() as session:
        assert queries.phase_page(session, SYSTEM, CALL).terms.official == "adjusted"
        assert queries.phase_page(session, SYSTEM, CALL).frozen_at == AT


def test_a_review_keeps_the_terms_that_it_was_made_under(db: Database) -> None:
    criterion = {
        "key": "impact",
        "label_ko": "효과",
        "label_en": "Impact",
        "weight": 100,
        "anchors_ko": ["낮음", "중간", "높음"],
        "anchors_en": ["low", "middle", "high"],
    }
    open_call(db, criteria=[criterion])
    _, one = committee(db, 2)
    key = application(db, 1)
    assign(db, key, one)
    with pytest.raises(InvalidInputError):
        review(db, one, key)  # the fund's own five
    do(
        db,
        lambda s: actions.file_review(
            s,
            actor=one,
            application_id=key,
            ratings=[Rating("impact", 3, "근거")],
            note=None,
            key="k",
            at=AT,
        ),
    )
    with db.read() as session:
        terms = session.scalars(select(ReviewTermsRow)).one()
        assert session.scalars(select(Review.terms_sha256)).all() == [terms.sha256]
    assert page(db, one, key).own[0].total_tenths == 600


def test_a_masked_question_that_the_form_does_not_ask_is_refused(db: Database) -> None:
    with pytest.raises(InvalidInputError, match="homepage"):
        do(
            db,
            lambda s: actions.open_call(s, actor=SYSTEM, at=AT, document=document(masked=["homepage"]), text="1"),
        )


def everything(db: Database, who: Viewer, key: uuid.UUID, ballot_id: uuid.UUID | None = None) -> str:
    """Return all that the queries behind pages, lists, search and interface tell somebody, as one text."""
    viewer = look(db, who.person_id)
    with db.read() as session:
        told: list[object] = [
            queries.review_page(session, viewer, key),
            get_application(session, viewer, key),
            list_versions(session, viewer, key),
            queries.docket(session, viewer, CALL),
            queries.list_conflicts(session, viewer, CALL),
            queries.calibration_page(session, viewer, CALL),
            list_applications(session, viewer, CALL),
            page_applications(session, viewer, call=CALL, states=(), after=None, limit=9),
            related_applications(session, viewer, key),
        ]
        if ballot_id:
            told.append(queries.ballot_page(session, viewer, ballot_id))
            told.append(queries.list_meetings(session, viewer))
            told.append(queries.meeting_page(session, viewer, queries.list_meetings(session, viewer)[0].meeting_id))
    return str(told)


def test_who_judges_blind_finds_no_word_of_the_applicant_anywhere(db: Database) -> None:
    open_call(db, phases=[BLIND, NAMED])
    _, one, two = committee(db, 3)
    key = application(db, 1, name=NAME, **TOLD)
    application(db, 2, name="다른 기업", **{**TOLD, "company_name": "다른 기업", "solution_title": "딴 일"})
    assign(db, key, one)
    ballot_id = ballot(db, key)
    recuse(db, key, two)
    text = everything(db, one, key, ballot_id)
    assert [word for word in WORDS if word in text] == []
    assert MASK in text
    assert f"{CALL}-0001" in text
    analyst = person(db, "Analyst", "analyst")
    assert NAME in everything(db, analyst, key, ballot_id)
    move(db, "named")
    assert NAME in everything(db, one, key, ballot_id)


@pytest.mark.parametrize("word", [NAME, "새마루", "saemaru", "harin", "0000000001"])
def test_a_blind_reviewers_search_never_matches_a_masked_word(db: Database, word: str) -> None:
    open_call(db, phases=[BLIND, NAMED])
    _, one = committee(db, 2)
    application(db, 1, name=NAME, **TOLD)
    with db.read() as session:
        viewer = look(db, one.person_id)
        found = queries.docket(session, viewer, CALL, filters=queries.DocketFilter(search=word))
        listed = list_applications(session, viewer, CALL, search=word)
        by_number = queries.docket(session, viewer, CALL, filters=queries.DocketFilter(search="0001"))
    assert (found, listed) == ([], [])
    assert [row.number for row in by_number] == [f"{CALL}-0001"]


def test_sorting_by_company_says_nothing_while_names_are_masked(db: Database) -> None:
    open_call(db, phases=[BLIND, NAMED])
    _, one = committee(db, 2)
    for ordinal, name in ((1, "하나"), (2, "가람"), (3, "나래")):
        application(db, ordinal, name=name)
    with db.read() as session:
        rows = queries.docket(session, look(db, one.person_id), CALL, sort="company")
    assert [row.number for row in rows] == [f"{CALL}-000{n}" for n in (1, 2, 3)]


def test_what_has_been_decided_has_a_name_again(db: Database) -> None:
    open_call(db, phases=[BLIND])
    _, one = committee(db, 2)
    key = application(db, 1, name=NAME, state="approved", **TOLD)
    assert page(db, one, key).company == NAME


def test_a_pledge_given_blind_is_asked_for_again_once_names_are_open(db: Database) -> None:
    open_call(db, phases=[BLIND, NAMED])
    _, one = committee(db, 2)
    key = application(db, 1, name=NAME)
    early, late = AT - timedelta(hours=2), AT + timedelta(hours=1)
    do(db, lambda s: actions.pledge_no_conflict(s, application_id=key, actor=one, at=early))
    with db.read() as session:
        assert queries.find_pledge(session, one, key) == early
    move(db, "named")
    with db.read() as session:
        assert queries.find_pledge(session, one, key) is None
    do(db, lambda s: actions.pledge_no_conflict(s, application_id=key, actor=one, at=late))
    with db.read() as session:
        assert queries.find_pledge(session, one, key) == late


def test_reviews_written_blind_are_read_without_names_too(db: Database) -> None:
    open_call(db, phases=[BLIND, NAMED])
    _, one, two = committee(db, 3)
    key = application(db, 1, name=NAME, **TOLD)
    assign(db, key, one, two)
    do(
        db,
        lambda s: actions.file_review(
            s,
            actor=two,
            application_id=key,
            ratings=ratings(4, f"{NAME}를 알아봄"),
            note="saemaru.example에서 봄",
            key="k",
            at=AT,
        ),
    )
    review(db, one, key)
    other = page(db, one, key).others[0]
    assert other.ratings[0].reason == f"{MASK}를 알아봄"
    assert other.note == f"{MASK}에서 봄"
