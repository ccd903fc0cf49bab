"""The register against applications: facts disqualify at once, signals wait, and what was answered stays answered."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from committee_factory import (
    AT,
    CALL,
    add_person,
    application,
    assign,
    ballot,
    committee,
    do,
    join,
    look,
    meeting,
    person,
    recuse,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee import actions, queries
from fundapp.committee.actions import Declaration
from fundapp.committee.queries.assigning import list_assignments
from fundapp.committee.rules import DeclaredInterest
from fundapp.committee.tables import Conflict, Recusal, Signal
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import (
    ForbiddenError,
    FourEyesError,
    InvalidInputError,
    NotFoundError,
    TransitionRefusedError,
)
from fundapp.core.sessions import Database
from fundapp.intake.tables import Application, Company

BRN = "2208162517"


def number(db: Database, application_id: uuid.UUID, brn: str = BRN) -> None:
    """Give an applicant a business number whose check digit fits."""

    def work(session: Session) -> None:
        company_id = session.get_one(Application, application_id).company_id
        session.get_one(Company, company_id).identifier = brn

    do(db, work)


def declare(db: Database, who: Viewer, *, actor: Viewer | None = None, **facts: object) -> actions.Declared:
    said: dict[str, object] = {"kind": "employment", "company_name": "내 회사", "business_number": BRN} | facts
    assert who.person_id is not None
    person_id = who.person_id
    return do(
        db,
        lambda s: actions.declare_interest(
            s, person_id=person_id, declaration=Declaration(**said), actor=actor or who, at=AT
        ),
    )


def match(db: Database) -> actions.Matched:
    return do(db, lambda s: actions.match_call(s, call_code=CALL, actor=SYSTEM, at=AT))


def waiting(db: Database, viewer: Viewer) -> list[tuple[str, list[str]]]:
    with db.read() as session:
        found = queries.list_suggestions(session, viewer)
    return [(one.person, [signal.kind for signal in one.signals]) for one in found]


def test_a_declared_number_disqualifies_from_what_is_there_and_from_what_arrives(db: Database) -> None:
    member, analyst = person(db, "Member", "committee"), person(db, "Analyst", "analyst")
    first = application(db, 1)
    number(db, first)
    declare(db, member)
    assert look(db, member.person_id).recused_from == {first}
    with db.read() as session:
        row = queries.list_recusals(session, analyst)[0]
    assert (row.route, row.rule, row.declared_by) == ("disqualification", "employment", "system")
    assert row.reason is not None
    assert "이해충돌방지법 제2조 제6호" in row.reason

    second = application(db, 2, corporate_number="1101110000086")
    declare(db, member, business_number="", corporate_number="1101110000086", company_name="둘째")
    assert look(db, member.person_id).recused_from == {first, second}
    assert match(db) == actions.Matched(0, 0, 0)


def test_an_analyst_is_kept_out_by_their_own_declaration_too(db: Database) -> None:
    analyst = person(db, "Analyst", "analyst")
    key = application(db, 1)
    number(db, key)
    declare(db, analyst, kind="family")
    with db.read() as session:
        assert queries.docket(session, look(db, analyst.person_id), CALL) == []


def test_a_name_waits_for_somebody_and_is_not_asked_again_once_dismissed(db: Database) -> None:
    member, analyst = person(db, "Member", "committee"), person(db, "Analyst", "analyst")
    key = application(db, 1, name="주식회사 가온소프트")
    declare(db, member, business_number="", company_name="가온소프트")
    assert look(db, member.person_id).recused_from == frozenset()
    assert waiting(db, analyst) == [("Member", ["name"])]
    assert member.person_id is not None
    target = member.person_id
    do(
        db,
        lambda s: actions.dismiss_signals(
            s, application_id=key, person_id=target, reason="이름만 같은 딴 회사", actor=analyst, at=AT
        ),
    )
    assert (waiting(db, analyst), match(db).suggested) == ([], 0)
    with db.read() as session:
        settled = queries.list_suggestions(session, analyst, answered=True)
    assert [(one.outcome, one.reason, one.answered_by) for one in settled] == [
        ("dismissed", "이름만 같은 딴 회사", "Analyst")
    ]
    declare(db, member, business_number="", company_name="㈜가온소프트 지주", domain="")
    declare(db, member, business_number="", company_name="(주) 가온 소프트")
    assert waiting(db, analyst) == [("Member", ["name"])]  # other words are a new fact


def test_confirming_recuses_and_by_the_right_route(db: Database) -> None:
    one, two, analyst = person(db, "One", "committee"), person(db, "Two", "committee"), person(db, "A", "analyst")
    key = application(db, 1, name="가온소프트")
    for who, actor in ((one, one), (two, analyst)):
        declare(db, who, business_number="", company_name="가온소프트")
        assert who.person_id is not None
        do(
            db,
            lambda s, p=who.person_id, a=actor: actions.confirm_signals(  # type: ignore[misc]
                s, application_id=key, person_id=p, reason="같은 회사", actor=a, at=AT
            ),
        )
    with db.read() as session:
        routes = dict(session.execute(select(Conflict.person_id, Conflict.route)).all())
    assert routes == {one.person_id: "self_recusal", two.person_id: "disqualification"}


def test_a_signal_that_is_true_no_longer_lapses_and_comes_back_when_it_is(db: Database) -> None:
    member, analyst = person(db, "Member", "committee"), person(db, "Analyst", "analyst")
    application(db, 1, name="가온소프트")
    said = declare(db, member, business_number="", company_name="가온소프트")
    done = do(
        db,
        lambda s: actions.withdraw_interest(s, interest_id=said.interest_id, reason="잘못 적음", actor=member, at=AT),
    )
    assert (done.lapsed, waiting(db, analyst)) == (1, [])
    declare(db, member, business_number="", company_name="가온소프트")
    assert waiting(db, analyst) == [("Member", ["name"])]
    with db.read() as session:
        assert session.scalars(select(Signal.number).order_by(Signal.number)).all() == [1, 2]


def test_a_group_is_found_when_the_register_of_groups_learns_of_it(db: Database) -> None:
    member, analyst = person(db, "Member", "committee"), person(db, "Analyst", "analyst")
    key = application(db, 1)
    number(db, key)
    declare(db, member, company_name="한울전자", business_number="1248100998")

    def add(name: str, brn: str) -> None:
        do(
            db,
            lambda s: actions.add_affiliate(
                s,
                group_name="한울",
                company_name=name,
                business_number=brn,
                corporate_number="",
                source="공시",
                actor=analyst,
                at=AT,
            ),
        )

    add("한울전자", "124-81-00998")
    assert look(db, member.person_id).recused_from == frozenset()
    add("신청 기업", BRN)
    assert look(db, member.person_id).recused_from == {key}


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"kind": "friendship"}, "kind"),
        ({"company_name": " "}, "company_name"),
        ({"business_number": "1234567890"}, "business_number"),
        ({"corporate_number": "123"}, "corporate_number"),
        ({"since": date(2026, 2, 1), "until": date(2026, 1, 1)}, "until"),
        ({"share_bp": 10_001}, "share"),
    ],
)
def test_a_declaration_that_cannot_be_used_is_refused_by_its_field(
    db: Database, facts: dict[str, object], field: str
) -> None:
    member = person(db, "Member", "committee")
    with pytest.raises(InvalidInputError) as refused:
        declare(db, member, **facts)
    assert refused.value.details["field"] == field


def test_members_keep_their_own_part_and_the_secretary_everybodys(db: Database) -> None:
    one, two, analyst = person(db, "One", "committee"), person(db, "Two", "committee"), person(db, "A", "analyst")
    with pytest.raises(ForbiddenError):
        declare(db, one, actor=two)
    declare(db, one, actor=analyst)
    with db.read() as session:
        assert [row.company_name for row in queries.list_interests(session, one, one.person_id)] == ["내 회사"]
        with pytest.raises(ForbiddenError):
            queries.list_interests(session, two, one.person_id)
        with pytest.raises(ForbiddenError):
            queries.list_interests(session, one)


def test_a_version_is_replaced_once(db: Database) -> None:
    member = person(db, "Member", "committee")
    said = declare(db, member)

    def replace_it() -> None:
        assert member.person_id is not None
        person_id = member.person_id
        changed = Declaration("employment", "내 회사", until=date(2025, 1, 1))
        do(
            db,
            lambda s: actions.declare_interest(
                s, person_id=person_id, declaration=changed, replaces_id=said.interest_id, actor=member, at=AT
            ),
        )

    replace_it()
    with pytest.raises(TransitionRefusedError):
        replace_it()
    with db.read() as session:
        rows = queries.list_interests(session, member, member.person_id)
    assert [(row.current, row.until) for row in rows] == [(True, date(2025, 1, 1)), (False, None)]


def lifted(db: Database, key: uuid.UUID, asker: Viewer, decider: Viewer, *, approve: bool = True) -> None:
    with db.read() as session:
        recusal = session.scalars(select(Conflict.id).where(Conflict.application_id == key)).one()
    request = do(db, lambda s: actions.ask_lift(s, recusal_id=recusal, reason="동명이인", actor=asker, at=AT))
    do(db, lambda s: actions.decide_lift(s, request_id=request, approve=approve, actor=decider, at=AT))


def test_two_people_lift_a_recusal_and_the_record_keeps_both(db: Database) -> None:
    chair, member = committee(db, 2)
    analyst = person(db, "Analyst", "analyst")
    key = application(db, 1)
    recuse(db, key, member)
    with pytest.raises(FourEyesError):
        lifted(db, key, analyst, analyst)
    with db.read() as session:
        request = queries.list_lift_requests(session, chair)[0]
        assert queries.list_lift_requests(session, analyst)[0].own
    do(db, lambda s: actions.decide_lift(s, request_id=request.request_id, approve=True, actor=chair, at=AT))
    assert look(db, member.person_id).recused_from == frozenset()
    with db.read() as session:
        row = queries.list_recusals(session, chair)[0]
        assert session.scalars(select(Recusal.number)).all() == [1]
    assert (row.lifted_at, row.lift_reason, row.lifted_by) == (AT, "동명이인", ("Analyst", "Chair"))
    with pytest.raises(NotFoundError):
        do(db, lambda s: actions.decide_lift(s, request_id=request.request_id, approve=True, actor=chair, at=AT))
    recuse(db, key, look(db, member.person_id))
    assert look(db, member.person_id).recused_from == {key}


def test_a_refused_lift_changes_nothing_and_the_recused_decide_nothing(db: Database) -> None:
    chair, member = committee(db, 2)
    analyst = person(db, "Analyst", "analyst")
    key = application(db, 1)
    member = recuse(db, key, member)
    lifted(db, key, analyst, chair, approve=False)
    assert look(db, member.person_id).recused_from == {key}
    chair = recuse(db, key, chair)
    with db.read() as session:
        own = session.scalars(select(Conflict.id).where(Conflict.person_id == chair.person_id)).one()
        assert queries.list_recusals(session, chair) == []
    with pytest.raises(NotFoundError):
        do(db, lambda s: actions.ask_lift(s, recusal_id=own, reason="x", actor=chair, at=AT))


def test_what_two_people_lifted_is_not_disqualified_again_on_the_same_fact(db: Database) -> None:
    chair, member = committee(db, 2)
    analyst = person(db, "Analyst", "analyst")
    key = application(db, 1)
    number(db, key)
    declare(db, member)
    lifted(db, key, analyst, chair)
    assert (match(db).disqualified, look(db, member.person_id).recused_from) == (0, frozenset())
    declare(db, member, kind="shareholding", share_bp=100)
    assert look(db, member.person_id).recused_from == {key}


def test_a_pledge_needs_a_reason_where_the_register_suggests_something(db: Database) -> None:
    member = person(db, "Member", "committee")
    key = application(db, 1, name="가온소프트")
    declare(db, member, business_number="", company_name="가온소프트")
    pledge = lambda words: do(  # noqa: E731 - said twice
        db, lambda s: actions.pledge_no_conflict(s, application_id=key, actor=member, at=AT, dismissal=words)
    )
    with pytest.raises(InvalidInputError, match="dismissal"):
        pledge("")
    pledge("이름만 같음")
    with db.read() as session:
        assert queries.find_pledge(session, member, key) == AT
        assert queries.waiting_signals(session, [key], member.person_id) == {}


def test_a_meeting_is_signed_item_by_item_and_a_new_item_asks_again(db: Database) -> None:
    _, member = committee(db, 2)
    first, second = application(db, 1), application(db, 2)
    ballot(db, first, pledged=False)
    place = meeting(db)
    sign = lambda *keys: do(  # noqa: E731 - said twice
        db, lambda s: actions.sign_meeting(s, meeting_id=place, application_ids=keys, actor=member, at=AT)
    )
    with db.read() as session:
        assert queries.must_sign_meeting(session, member, place)
        assert not queries.must_sign_meeting(session, SYSTEM, place)
    assert (sign(first, second), sign(first)) == (1, 0)
    with db.read() as session:
        assert not queries.must_sign_meeting(session, member, place)
    ballot(db, second, pledged=False)
    with db.read() as session:
        assert [item.application_id for item in queries.unsigned_items(session, member, place)] == [second]
        assert [row.number for row in queries.list_meeting_pledges(session, member, place)] == [f"{CALL}-0001"]
    member = recuse(db, second, member)
    with db.read() as session:
        assert queries.unsigned_items(session, member, place) == []


def test_a_check_finds_what_an_invitation_would_bring_and_writes_nothing(db: Database) -> None:
    analyst, stranger = person(db, "Analyst", "analyst"), person(db, "Stranger", "applicant")
    key = application(db, 1, name="가온소프트")
    number(db, key)
    application(db, 2, name="마루데이터")
    line = lambda name, brn="": declared_line(name, brn)  # noqa: E731 - short
    with db.read() as session:
        candidate = queries.Candidate(None, "new@x.example", (line("가온", BRN), line("마루데이터")))
        found = queries.check_candidate(session, analyst, CALL, candidate, AT)
        recused = Viewer(analyst.person_id, roles=analyst.roles, recused_from=frozenset({key}))
        hidden = queries.check_candidate(session, recused, CALL, candidate, AT)
        with pytest.raises(ForbiddenError):
            queries.check_candidate(session, stranger, CALL, candidate, AT)
    assert [(one.number, one.rules, one.signals) for one in found] == [
        (f"{CALL}-0001", ("employment",), ()),
        (f"{CALL}-0002", (), ("name",)),
    ]
    assert [one.number for one in hidden] == [f"{CALL}-0002"]
    with db.read() as session:
        assert session.scalars(select(Signal)).all() == []


def declared_line(name: str, brn: str) -> DeclaredInterest:
    return DeclaredInterest(uuid.uuid4(), "employment", name, business_number=brn)


def test_who_might_be_in_conflict_is_not_assigned_until_somebody_has_answered(db: Database) -> None:
    one, two = person(db, "One", "committee"), person(db, "Two", "committee")
    key = application(db, 1, name="가온소프트")
    declare(db, one, business_number="", company_name="가온소프트")
    analyst = person(db, "Analyst", "analyst")
    done = do(
        db,
        lambda s: actions.assign_reviewers(s, call_code=CALL, per_application=2, max_load=5, actor=analyst, at=AT),
    )
    assert [pair.reviewer for pair in done.pairs] == ["Two"]
    with db.read() as session:
        rows = list_assignments(session, analyst, CALL)
    assert [(row.person_id, row.origin, row.load, row.excluded) for row in rows] == [(two.person_id, "balanced", 1, ())]
    assert key == rows[0].application_id


def test_a_member_of_the_company_is_recused_on_submission(db: Database) -> None:
    insider = do(db, lambda s: add_person(s, "Insider", "committee"))
    key = application(db, 1)
    join(db, key, look(db, insider))
    do(db, lambda s: actions.match_application(s, application_id=key, actor=SYSTEM, at=AT))
    with db.read() as session:
        assert session.scalars(select(Conflict.rule)).all() == ["membership"]


def test_recusal_ends_the_assignment_that_there_was(db: Database) -> None:
    member, analyst = person(db, "Member", "committee"), person(db, "Analyst", "analyst")
    key = application(db, 1)
    number(db, key)
    assign(db, key, member)
    declare(db, member)
    with db.read() as session:
        assert list_assignments(session, analyst, CALL) == []
