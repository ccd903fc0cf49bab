"""Only first ratings of those who could not know the score are learned from."""

from __future__ import annotations

from committee_factory import AT, application, assign, committee, do, join, person, review

from fundapp.committee import actions
from fundapp.committee.queries import blind_ratings
from fundapp.core.sessions import Database


def rated(db: Database) -> list[tuple[str, int]]:
    with db.read() as session:
        return sorted((one.name, one.total_tenths) for one in blind_ratings(session))


def test_the_first_rating_counts_and_a_change_after_the_seal_does_not(db: Database) -> None:
    _, one, two = committee(db, 3)
    key = application(db, 1)
    assign(db, key, one, two)
    review(db, one, key, 2)
    review(db, two, key, 4)
    review(db, one, key, 5, key="again")
    assert rated(db) == [("Member1", 400), ("Member2", 800)]
    with db.read() as session:
        assert {rating.filed_at for rating in blind_ratings(session)} == {AT}


def test_recused_reviewers_insiders_and_those_who_see_scores_are_left_out(db: Database) -> None:
    _, one, two, three = committee(db, 4)
    both = person(db, "Both", "committee", "analyst")
    key = application(db, 1)
    assign(db, key, one, two, three, both)
    for reviewer in (one, two, three, both):
        review(db, reviewer, key, 3)
    assert rated(db) == [("Member1", 600), ("Member2", 600), ("Member3", 600)]
    assert one.person_id is not None
    do(
        db,
        lambda s: actions.declare_conflict(
            s, application_id=key, person_id=one.person_id, route="self_recusal", reason="친족", actor=one, at=AT
        ),
    )
    join(db, key, two)
    assert rated(db) == [("Member3", 600)]


def test_who_abstained_throughout_rated_nothing(db: Database) -> None:
    _, one = committee(db, 2)
    key = application(db, 1)
    assign(db, key, one)
    review(db, one, key, None)
    assert rated(db) == []
