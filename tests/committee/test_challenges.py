"""기피: the target is outside while it is pending, takes no part in deciding it, and who challenged is told."""

from __future__ import annotations

import uuid

import pytest
from committee_factory import AT, application, assign, ballot, committee, do, join, look, person, recuse
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee import actions, queries
from fundapp.committee.rules import AlreadyVotedError, Choice
from fundapp.committee.tables import Assignment
from fundapp.core.access import Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.outbox import OutboxMessage
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application, Call


def challenge(db: Database, key: uuid.UUID, target: Viewer, actor: Viewer, *, reason: str = "경쟁사 자문") -> uuid.UUID:
    assert target.person_id is not None
    person_id = target.person_id
    return do(
        db,
        lambda s: actions.file_challenge(
            s, application_id=key, target_id=person_id, reason=reason, key=f"{key}:{person_id}", actor=actor, at=AT
        ),
    )


def vote(db: Database, which: uuid.UUID, who: Viewer, choice: Choice) -> None:
    do(
        db,
        lambda s: actions.vote_on_challenge(
            s, challenge_id=which, choice=choice, key=f"{which}:{who.person_id}", actor=who, at=AT
        ),
    )


def close(db: Database, which: uuid.UUID, who: Viewer) -> actions.ChallengeOutcome:
    return do(db, lambda s: actions.close_challenge(s, challenge_id=which, actor=who, at=AT))


def founder(db: Database, key: uuid.UUID) -> Viewer:
    made = person(db, "Founder", "applicant")
    join(db, key, made)
    return look(db, made.person_id)


def mails(db: Database) -> list[tuple[str, str]]:
    with db.read() as session:
        return [(row.recipient, row.body) for row in session.scalars(select(OutboxMessage))]


def test_an_upheld_challenge_keeps_the_member_out_and_tells_the_company(db: Database) -> None:
    chair, target, one, two, out = committee(db, 5)
    key = application(db, 1)
    assign(db, key, target, one)
    recuse(db, key, out)
    which = challenge(db, key, target, founder(db, key))
    assert look(db, target.person_id).recused_from == {key}
    for stranger in (target, look(db, out.person_id)):
        with pytest.raises(NotFoundError):
            vote(db, which, stranger, "no")
        with db.read() as session:
            assert queries.list_challenges(session, look(db, stranger.person_id)) == []
    with pytest.raises(actions.QuorumLackingError, match="0 voted, 2 needed"):
        close(db, which, chair)
    vote(db, which, one, "yes")
    vote(db, which, two, "yes")
    with pytest.raises(AlreadyVotedError):
        do(
            db,
            lambda s: actions.vote_on_challenge(s, challenge_id=which, choice="no", key="2", actor=two, at=AT),
        )
    done = close(db, which, chair)
    assert (done.state, done.count.entitled, done.count.yes) == ("upheld", 3, 2)
    assert look(db, target.person_id).recused_from == {key}
    with db.read() as session:
        assert session.scalars(select(Assignment.person_id)).all() == [one.person_id]
    [(recipient, body)] = mails(db)
    assert recipient == "founder@example.org"
    assert "받아들였습니다" in body
    with pytest.raises(TransitionRefusedError):
        close(db, which, chair)


def test_a_dismissed_challenge_lets_the_member_in_again_with_their_assignment(db: Database) -> None:
    chair, target, one = committee(db, 3)
    key = application(db, 1)
    assign(db, key, target)
    which = challenge(db, key, target, one)
    vote(db, which, chair, "no")
    vote(db, which, one, "abstain")
    assert close(db, which, chair).state == "dismissed"
    assert look(db, target.person_id).recused_from == frozenset()
    with db.read() as session:
        assert queries.review_page(session, target, key).may_review
        row = queries.list_recusals(session, chair)[0]
    assert (row.route, row.challenge, row.lifted_at) == ("challenge", "dismissed", AT)
    assert [address for address, _ in mails(db)] == ["member2@example.org"]


def test_what_is_out_of_order_is_set_aside_with_a_reason_by_somebody_else(db: Database) -> None:
    chair, target = committee(db, 2)
    analyst = person(db, "Analyst", "analyst")
    key = application(db, 1)
    which = challenge(db, key, target, analyst)
    aside = lambda who, why: do(  # noqa: E731 - said thrice
        db, lambda s: actions.set_aside_challenge(s, challenge_id=which, reason=why, actor=who, at=AT)
    )
    with pytest.raises(NotFoundError):
        aside(analyst, "이유 없음")
    with pytest.raises(InvalidInputError):
        aside(chair, " ")
    aside(chair, "이유를 밝히지 않음")
    assert look(db, target.person_id).recused_from == frozenset()
    with db.read() as session:
        page = queries.challenge_page(session, analyst, which)
    assert (page.state, page.answer, page.tally) == ("set_aside", "이유를 밝히지 않음", None)


def test_a_pending_challenge_is_not_lifted_by_two_people(db: Database) -> None:
    chair, target, one = committee(db, 3)
    key = application(db, 1)
    challenge(db, key, target, one)
    with db.read() as session:
        row = queries.list_recusals(session, chair)[0]
    with pytest.raises(TransitionRefusedError):
        do(db, lambda s: actions.ask_lift(s, recusal_id=row.recusal_id, reason="x", actor=chair, at=AT))


def test_who_may_challenge_whom_and_when(db: Database) -> None:
    chair, target = committee(db, 2)
    analyst, auditor = person(db, "Analyst", "analyst"), person(db, "Auditor", "auditor")
    key, other = application(db, 1), application(db, 2)
    own = founder(db, key)
    for actor, case, whom in ((own, other, target), (target, key, target), (auditor, key, target), (own, key, analyst)):
        with pytest.raises(NotFoundError):
            challenge(db, case, whom, actor)
    with pytest.raises(InvalidInputError):
        challenge(db, key, target, own, reason=" ")
    recuse(db, key, target)
    with pytest.raises(InvalidInputError, match="outside"):
        challenge(db, key, target, own)

    def decide(session: Session) -> None:
        decided = session.get_one(Application, key)
        for state in ("proposed", "approved"):
            decided.state = state
            session.flush()

    do(db, decide)
    with pytest.raises(TransitionRefusedError):
        challenge(db, key, chair, own)


def test_a_call_may_do_without_challenges_by_applicants(db: Database) -> None:
    _, target = committee(db, 2)
    key = application(db, 1)
    own = founder(db, key)

    def forbid(session: Session) -> None:
        session.scalars(select(Call)).one().document = {"conflicts": {"challenges": False}}

    do(db, forbid)
    with pytest.raises(NotFoundError):
        challenge(db, key, target, own)


def test_a_challenged_member_leaves_the_quorum_of_the_ballot_at_once(db: Database) -> None:
    chair, target, one = committee(db, 3)
    key = application(db, 1)
    ballot_id = ballot(db, key)
    challenge(db, key, target, one)
    with db.read() as session:
        page = queries.ballot_page(session, chair, ballot_id)
    assert (page.members, page.recused, page.entitled) == (3, 1, 2)
